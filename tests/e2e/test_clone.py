"""`make deploy` over SSH, as a user whose sudo wants a password, from a second clone of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import rtmp
from tests.conftest import BUILD, published, read_credentials
from tests.e2e.clones import PASSWORD, Clone, choose_as_the_first_clone_did, copy_of_the_project
from tests.e2e.conftest import ingest_process, recordings
from tests.site import Site

if TYPE_CHECKING:
    from testinfra.host import Host

SET_ASIDE = "/srv/recordings/set-aside/delta-1700000001.flv"
"""A recording that was there before and that only a person may delete."""


def run_on(server: Host, *commands: str) -> None:
    """Prepare the server as an operator's hoster has."""
    for command in commands:
        server.check_output(command)


@pytest.fixture(scope="module")
def clone(server: Host) -> Iterator[Clone]:
    """A second clone without secrets, and a server with SSH and a user who needs a password for sudo."""
    folder, key = BUILD / "clone", BUILD / "clone-key"
    copy_of_the_project(folder)
    for old in (key, key.with_suffix(".pub"), BUILD / "known_hosts"):
        old.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    run_on(
        server,
        "apt-get -o DPkg::Lock::Timeout=60 -qq update",
        "DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=60 -qq install --no-install-recommends"
        " openssh-server sudo >/dev/null",
        "id op 2>/dev/null || useradd --create-home --shell /bin/bash op",
        f"echo 'op:{PASSWORD}' | chpasswd",
        "printf 'op ALL=(ALL) ALL\\n' >/etc/sudoers.d/op && chmod 440 /etc/sudoers.d/op",
        f"install -d -o op -m 700 /home/op/.ssh && echo '{key.with_suffix('.pub').read_text().strip()}'"
        " >/home/op/.ssh/authorized_keys && chown op /home/op/.ssh/authorized_keys",
        "systemctl start ssh",
        f"echo 'cannot be remuxed' >{SET_ASIDE}",
    )
    address, port = published(22)
    options = f"-o UserKnownHostsFile={BUILD / 'known_hosts'} -o StrictHostKeyChecking=accept-new -o IdentityAgent=none"
    login = {"ansible_ssh_private_key_file": str(key), "ansible_ssh_common_args": options}
    choose_as_the_first_clone_did(folder, {address: login})
    yield Clone(folder, f"op@{address}:{port}", folder / "secrets" / f"{address}.yml")
    run_on(server, "systemctl stop ssh ssh.socket", f"rm {SET_ASIDE}")
    subprocess.run(["ssh", "-O", "exit", "-p", str(port), f"op@{address}"], capture_output=True, check=False)


def state_of(server: Host) -> str:
    """A fingerprint of everything that a deploy may touch."""
    return server.check_output("find /etc /opt /usr/local -xdev -type f -printf '%p %s %T@ %m %u\\n' | sort")


def test_without_the_sudo_password_and_nobody_to_ask_it_says_what_to_do(clone: Clone) -> None:
    run = clone.deploy(password="")
    assert run.returncode != 0
    assert "SCRIMBOX_SUDO_PASSWORD" in run.stdout + run.stderr


def test_a_clone_without_the_secrets_stops_before_any_change_and_says_what_to_copy(server: Host, clone: Clone) -> None:
    before = state_of(server)
    run = clone.deploy()
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert f"secrets/{clone.secrets.name}" in said
    assert "ROTATE=yes" in said
    assert state_of(server) == before
    assert not clone.secrets.exists()
    for secret in read_credentials().all():
        assert secret not in said


def test_with_the_secrets_it_deploys_over_ssh_and_keeps_every_recording(
    server: Host, clone: Clone, nobody: Site
) -> None:
    kept = recordings(server)
    assert SET_ASIDE in kept
    clone.secrets.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copy2(BUILD / "credentials.yml", clone.secrets)
    run = clone.deploy()
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    shutil.copy2(clone.secrets, BUILD / "credentials.yml")
    for name, key in read_credentials().publish_keys.items():
        stream = name.partition("/")[0]
        assert re.search(rf"/player\?id={stream}$", run.stdout, re.M), stream
        assert key not in run.stdout + run.stderr
    assert f"secrets/{clone.secrets.name}" in run.stdout
    assert recordings(server) >= kept
    for name, password in read_credentials().viewer_passwords.items():
        assert password not in run.stdout + run.stderr
        assert Site(nobody.host, nobody.port, (name, password)).get("/").status == 200, name


def test_a_rotation_replaces_what_it_names_at_once_and_leaves_ingest_and_the_others_alone(
    server: Host, clone: Clone, nobody: Site, rtmp_address: tuple[str, int]
) -> None:
    before, ingest = read_credentials(), ingest_process(server)
    bob = Site(nobody.host, nobody.port, ("bob", before.viewer_passwords["bob"]))
    cookie = bob.get("/").cookie
    run = clone.make("rotate", KEY="shared/pc2", VIEWER="bob")
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    shutil.copy2(clone.secrets, BUILD / "credentials.yml")
    assert clone.secrets.stat().st_mode & 0o777 == 0o600
    after = read_credentials()
    for secret in (*before.all(), *after.all()):
        assert secret not in run.stdout + run.stderr
    assert bob.get("/streams/index.json").status == 401
    assert Site(bob.host, bob.port, cookie=cookie).get("/streams/index.json").status == 401
    assert nobody.get(f"/in?token={before.viewer_tokens['bob']}").status == 403
    assert nobody.get(f"/in?token={after.viewer_tokens['bob']}").status == 303
    assert Site(bob.host, bob.port, ("bob", after.viewer_passwords["bob"])).get("/").status == 200
    assert rtmp.publish(rtmp_address, f"shared?key={before.publish_keys['shared/pc2']}").refused
    assert rtmp.publish(rtmp_address, f"shared?key={after.publish_keys['shared/pc2']}", frames=0).accepted
    unchanged = {name for name, key in after.publish_keys.items() if key == before.publish_keys[name]}
    assert unchanged == set(after.publish_keys) - {"shared/pc2"}
    assert after.viewer_passwords["alice"] == before.viewer_passwords["alice"]
    assert ingest_process(server) == ingest


@pytest.mark.slow
def test_a_second_deploy_over_ssh_changes_nothing(clone: Clone) -> None:
    run = clone.deploy()
    assert run.returncode == 0
    assert re.search(r": 0 changes in \d+ tasks|changed=0 .*failed=0", run.stdout)
