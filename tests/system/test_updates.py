"""Security upgrades come by themselves, only these, and never at the cost of a live stream."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import media
from tests.conftest import BUILD, PROJECT
from tests.deploy import TOOLS, environment
from tests.variants import Variant, Variants

if TYPE_CHECKING:
    from testinfra.host import Host

KEPT = ("ingest", "recorder", "finalizer")
RESTARTED = ("auth", "write", "web")
OUTDATE = """
lib=$(readlink -f "$(ldd /bin/true | sed -n 's/.*libc.so.6 => \\([^ ]*\\) .*/\\1/p')")
cp -a "$lib" "$lib.new" && mv "$lib.new" "$lib"
"""
"""The same C library again, as a file of its own: what every running process has mapped is deleted."""


def setting(server: Host, name: str) -> list[str]:
    """The values of a setting of apt's, whichever file it stands in; a list's values have an empty name."""
    shown = server.check_output("apt-config dump")
    return re.findall(rf'^{re.escape(name)}(?:::)? "(.+)";$', shown, re.M)


def main_pids(server: Variant, services: tuple[str, ...]) -> dict[str, str]:
    """The main process of each service."""
    return {name: server.check(f"systemctl show -P MainPID scrimbox-{name}") for name in services}


def test_upgrades_are_looked_for_every_day_and_nothing_reboots(server: Host) -> None:
    assert setting(server, "APT::Periodic::Update-Package-Lists") == ["1"]
    assert setting(server, "APT::Periodic::Unattended-Upgrade") == ["1"]
    assert setting(server, "Unattended-Upgrade::Automatic-Reboot") == ["false"]
    for timer in ("apt-daily.timer", "apt-daily-upgrade.timer"):
        assert server.service(timer).is_enabled
        assert server.service(timer).is_running


def test_unattended_upgrades_takes_our_settings_and_only_security_archives(server: Host) -> None:
    told = server.run("unattended-upgrade --dry-run --debug 2>&1")
    assert told.rc == 0, told.stdout[-2000:]
    allowed = re.search(r"Allowed origins are: (.*)", told.stdout)
    assert allowed, told.stdout[-2000:]
    origins = re.findall(r"origin=[^'\s]+", allowed[1])
    assert len(origins) == 4
    codename = server.check_output(". /etc/os-release; echo $VERSION_CODENAME")
    for origin in origins:
        assert re.search(rf"(?:codename|archive)={codename}-(?:\w+-)?security\b", origin), origin


@pytest.fixture(scope="module")
def watched(variants: Variants) -> Iterator[Variant]:
    """A server with needrestart, which has to look into every process."""
    with variants.start("updates", capabilities=["SYS_PTRACE"]) as variant:
        apt = "DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=60 -qq"
        variant.check(f"{apt} update && {apt} install --no-install-recommends needrestart", timeout=180)
        yield variant


@pytest.mark.slow
def test_the_archives_that_do_not_count_are_all_those_without_security_in_their_name(watched: Variant) -> None:
    told = watched.check("unattended-upgrade --dry-run --debug 2>&1", timeout=120)
    refused = set(re.findall(r"Marking not allowed <apt_pkg.PackageFile object: filename:'([^']+)'", told))
    known = set(watched.check("ls /var/lib/apt/lists/*_Packages*").split())
    assert len(known) > 1
    assert {name for name in known if "security" in name} == known - refused


@pytest.mark.slow
def test_needrestart_restarts_the_site_and_leaves_a_live_stream_and_its_recording_alone(watched: Variant) -> None:
    before, others = main_pids(watched, KEPT), main_pids(watched, RESTARTED)
    publisher = media.Publisher(watched.publish_url("bravo"), media.pattern(BUILD), seconds=15)
    deadline = time.monotonic() + 20
    while publisher.frames < 60 and time.monotonic() < deadline:
        time.sleep(0.2)
    watched.check(OUTDATE)
    told = watched.check("DEBIAN_FRONTEND=noninteractive needrestart -r a 2>&1", timeout=120)
    assert publisher.running
    restarted, _, deferred = told.partition("deferred")
    for name in KEPT:
        assert f"scrimbox-{name}.service" in deferred
    for name in RESTARTED:
        assert f"scrimbox-{name}.service" in restarted
    watched.wait_up()
    assert main_pids(watched, KEPT) == before
    assert set(main_pids(watched, RESTARTED).values()).isdisjoint(others.values())
    sent = publisher.wait()
    assert sent.exit_code == 0, sent.stderr
    copy = BUILD / "updates-push.flv"
    copy.write_bytes(watched.read(watched.check("ls /srv/recordings/incoming/bravo*.flv")))
    assert [frame.number for frame in media.frames(copy)] == list(range(sent.frames))


@pytest.mark.slow
def test_without_our_settings_needrestart_would_have_restarted_ingest(watched: Variant) -> None:
    before = main_pids(watched, KEPT)
    watched.check("mv /etc/needrestart/conf.d/scrimbox.conf /root/")
    watched.check(OUTDATE)
    watched.check("DEBIAN_FRONTEND=noninteractive needrestart -r a 2>&1", timeout=120)
    watched.check("mv /root/scrimbox.conf /etc/needrestart/conf.d/")
    watched.wait_up()
    assert set(main_pids(watched, KEPT).values()).isdisjoint(before.values())


@pytest.mark.slow
def test_switched_off_only_our_settings_go_and_needrestart_still_leaves_ingest_alone(watched: Variant) -> None:
    for changed in (1, 0):
        run = play(watched, scrimbox_security_updates=False)
        assert f"changed={changed} " in run.stdout, run.stdout[-3000:] + run.stderr[-2000:]
    assert watched.run("test -e /etc/apt/apt.conf.d/52scrimbox").returncode != 0
    assert watched.run("dpkg -s unattended-upgrades").returncode == 0
    assert "ingest" in watched.check("cat /etc/needrestart/conf.d/scrimbox.conf")


def play(variant: Variant, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run the role alone."""
    folder = BUILD / "updates-inventory"
    folder.mkdir(parents=True, exist_ok=True)
    hosts = {
        "all": {"hosts": {variant.name: {"ansible_connection": "community.docker.docker", "ansible_user": "root"}}}
    }
    (folder / "hosts.yml").write_text(json.dumps(hosts))
    (folder / "updates.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "roles": ["updates"]}]))
    (folder / "group_vars").unlink(missing_ok=True)
    (folder / "group_vars").symlink_to(PROJECT / "inventory" / "group_vars")
    ansible = [str(TOOLS / "ansible-playbook"), "-i", str(folder / "hosts.yml"), str(folder / "updates.yml")]
    return subprocess.run(
        [*ansible, "-e", json.dumps(variables)],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
