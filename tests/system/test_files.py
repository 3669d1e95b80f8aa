"""Who owns what on the server, and where no secret may be."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.conftest import BUILD, INSTANCE, Credentials

if TYPE_CHECKING:
    from testinfra.host import Host

INGEST, WEB, WRITE = "scrimbox-ingest", "scrimbox-web", "scrimbox-write"
FOLDERS = {
    # set-group-id: what ingest writes there belongs to the group that may read it
    "/srv/hls": (INGEST, WEB, 0o2750),
    "/srv/recordings": (INGEST, WEB, 0o2750),
    "/srv/recordings/incoming": (INGEST, INGEST, 0o700),
    "/srv/recordings/finalizing": (INGEST, WEB, 0o2700),
    "/srv/recordings/set-aside": (INGEST, INGEST, 0o700),
    "/srv/streams": (INGEST, WEB, 0o2750),
    "/srv/vod/clips": (INGEST, WEB, 0o2750),
    "/srv/vod/cutting": (INGEST, WEB, 0o2700),
    # what write takes in, the recorder may take out
    "/srv/review/inbox": (WRITE, INGEST, 0o2770),
    "/srv/review/notes": (INGEST, INGEST, 0o700),
    "/srv/review/refused": (INGEST, INGEST, 0o700),
    "/srv/review/shown": (INGEST, WEB, 0o2750),
    "/etc/scrimbox/auth": ("root", "scrimbox-auth", 0o750),
    "/etc/scrimbox/ingest": ("root", INGEST, 0o750),
    "/etc/scrimbox/web": ("root", WEB, 0o750),
    "/etc/scrimbox/write": ("root", WRITE, 0o750),
}
FILES = {
    "/etc/scrimbox/auth/nginx.conf": ("root", "scrimbox-auth", 0o640),
    "/etc/scrimbox/ingest/nginx.conf": ("root", INGEST, 0o640),
    "/etc/scrimbox/web/nginx.conf": ("root", WEB, 0o640),
    "/etc/scrimbox/web/viewers": ("root", WEB, 0o640),
    "/etc/scrimbox/write/nginx.conf": ("root", WRITE, 0o640),
    "/etc/scrimbox/recorder.json": ("root", INGEST, 0o640),
    "/etc/scrimbox/secrets.json": ("root", "root", 0o600),
}


@pytest.mark.parametrize(("path", "expected"), (FOLDERS | FILES).items())
def test_owner_group_and_mode_are_as_declared(server: Host, path: str, expected: tuple[str, str, int]) -> None:
    found = server.file(path)
    assert (found.user, found.group, found.mode & 0o7777) == expected


@pytest.mark.parametrize(
    "name", ["scrimbox-ingest", "scrimbox-auth", "scrimbox-web", "scrimbox-write", "scrimbox-build"]
)
def test_users_are_system_accounts_without_a_shell(server: Host, name: str) -> None:
    user = server.user(name)
    assert user.uid < 1000
    assert user.group == name
    assert user.shell.endswith(("nologin", "false"))
    assert server.check_output(f"getent shadow {name}").split(":")[1].startswith(("!", "*"))


@pytest.mark.parametrize(
    ("user", "command"),
    [
        (WEB, "touch /srv/hls/x"),
        (WEB, "touch /srv/streams/x"),
        (WEB, "touch /srv/recordings/x"),
        (WEB, "touch /srv/review/inbox/x"),
        (WEB, "touch /srv/review/shown/x"),
        (WEB, "ls /srv/recordings/incoming"),
        (WEB, "ls /srv/vod/cutting"),
        (WRITE, "touch /srv/review/notes/x"),
        (WRITE, "ls /srv/review/notes"),
        (WRITE, "ls /srv/review/shown"),
        (WRITE, "ls /srv/recordings"),
        (WRITE, "cat /etc/scrimbox/web/viewers"),
        (WEB, "cat /etc/scrimbox/auth/nginx.conf"),
        (INGEST, "cat /etc/scrimbox/auth/nginx.conf"),
        (INGEST, "cat /etc/scrimbox/web/viewers"),
        ("scrimbox-auth", "cat /etc/scrimbox/web/viewers"),
        ("scrimbox-auth", "ls /srv/recordings"),
        ("nobody", "ls /srv/hls"),
        ("nobody", "ls /srv/review/inbox"),
        ("nobody", "ls /run/scrimbox-write"),
        ("nobody", "ls /srv/recordings"),
    ],
)
def test_nobody_does_another_s_work(server: Host, user: str, command: str) -> None:
    attempt = server.run(f"setpriv --reuid {user} --regid $(id -g {user}) --init-groups {command}")
    assert attempt.rc != 0
    assert "ermission denied" in attempt.stderr


def test_every_text_file_of_ours_says_that_it_is_managed(server: Host) -> None:
    listed = server.check_output(
        "find /etc/scrimbox /etc/systemd/system/scrimbox-* /etc/cron.d/scrimbox"
        " /etc/systemd/journald.conf.d/scrimbox.conf"
        " /etc/needrestart/conf.d/scrimbox.conf /usr/local/bin/scrimbox-recorder /usr/local/sbin/scrimbox-*"
        " -type f -not -name '*.json'"
    ).splitlines()
    assert len(listed) > 10
    silent = [path for path in listed if "Managed by Scrimbox (" not in server.file(path).content_string[:200]]
    assert silent == []


def test_configuration_holds_nothing_that_is_not_managed_any_more(server: Host) -> None:
    left = server.check_output("find /etc/scrimbox -type f").splitlines()
    assert set(left) == set(FILES)


def files_with(secrets: Iterable[str], *conditions: str) -> set[str]:
    """Return the files of the whole server that hold one of the secrets, which never enter a command line."""
    script = (
        "umask 077; cat >/run/needles; "
        f"find / -xdev -type f {' '.join(conditions)} -not -path '/proc/*' -not -path '/sys/*' -print0"
        " | xargs -0 grep -lF -f /run/needles; rm /run/needles"
    )
    found = subprocess.run(
        ["docker", "exec", "-i", INSTANCE, "sh", "-c", script],
        input="\n".join(secrets) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return set(found.stdout.split())


def test_publish_keys_and_passwords_are_where_they_must_be_and_nowhere_else(credentials: Credentials) -> None:
    whole = yaml.safe_load((BUILD / "credentials.yml").read_text())
    assert files_with(credentials.publish_keys.values()) == {"/etc/scrimbox/auth/nginx.conf"}
    assert files_with(credentials.viewer_tokens.values()) == {"/etc/scrimbox/web/nginx.conf"}
    assert files_with([*credentials.viewer_passwords.values(), whole["set"]]) == set()


def test_no_file_that_everybody_may_read_holds_a_hash_a_cookie_or_a_token(server: Host) -> None:
    hashes = re.findall(r":(\$6\$\S+)", server.file("/etc/scrimbox/web/viewers").content_string)
    opening = re.findall(r'"([0-9a-f]{48}|[0-9a-f]{64})"', server.file("/etc/scrimbox/web/nginx.conf").content_string)
    assert len(hashes) == 2
    assert len(set(opening)) == 4
    assert files_with([*hashes, *opening], "-perm -o=r") == set()


def test_hashes_are_sha512_crypt_with_a_salt_each(server: Host) -> None:
    salts = re.findall(r":\$6\$(?:rounds=5000\$)?([^$]+)\$", server.file("/etc/scrimbox/web/viewers").content_string)
    assert len(salts) == len(set(salts)) == 2


def test_no_secret_is_in_the_journal_or_a_process_list(server: Host, credentials: Credentials) -> None:
    journal = server.check_output("journalctl --no-pager -b -o json")
    processes = server.check_output(
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' || true"
    )
    assert "scrimbox" in journal
    assert "nginx" in processes
    for secret in credentials.all():
        assert secret not in journal
        assert secret not in processes


def test_controller_s_copy_of_the_secrets_is_private() -> None:
    assert (BUILD / "credentials.yml").stat().st_mode & 0o7777 == 0o600
