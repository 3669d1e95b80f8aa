"""The services run as declared, behind walls, and nothing else listens."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import SERVICES

if TYPE_CHECKING:
    from testinfra.host import Host

USERS = {
    "ingest": "scrimbox-ingest",
    "auth": "scrimbox-auth",
    "write": "scrimbox-write",
    "web": "scrimbox-web",
    "recorder": "scrimbox-ingest",
    "finalizer": "scrimbox-ingest",
    "clips": "scrimbox-ingest",
}
PUBLIC_PORTS = {80, 1935}


def properties(server: Host, service: str, *names: str) -> dict[str, str]:
    """Return properties of a unit as systemd has them."""
    shown = server.check_output(f"systemctl show scrimbox-{service}.service -p {','.join(names)}")
    return dict(line.split("=", 1) for line in shown.splitlines())


@pytest.mark.parametrize("service", SERVICES)
def test_service_runs_is_enabled_and_never_crashed(server: Host, service: str) -> None:
    unit = server.service(f"scrimbox-{service}")
    assert unit.is_running
    assert unit.is_enabled
    assert properties(server, service, "NRestarts", "Restart") == {"NRestarts": "0", "Restart": "always"}


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_of_a_service_runs_as_root(server: Host, service: str) -> None:
    owners = server.check_output(
        f"grep -ls /scrimbox-{service}.service$ /proc/[0-9]*/cgroup | xargs -n1 dirname | xargs stat -c %U"
    ).split()
    assert owners
    assert set(owners) == {USERS[service]}


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_sandboxed(server: Host, service: str) -> None:
    """The exposure that systemd computes, 0 to 10; what a service can't do is tested by doing it."""
    shown = server.check_output(f"systemd-analyze security --no-pager scrimbox-{service}.service")
    exposure = re.search(r"exposure level for .*: ([0-9.]+)", shown)
    assert exposure, shown[-300:]
    assert float(exposure[1]) < 2.0


@pytest.mark.parametrize("service", ["recorder", "finalizer", "clips"])
def test_a_hanging_recorder_would_be_restarted(server: Host, service: str) -> None:
    found = properties(server, service, "Type", "WatchdogUSec")
    assert found["Type"] == "notify"
    assert found["WatchdogUSec"] not in {"0", "infinity"}


def test_nothing_unexpected_listens_on_a_public_address(server: Host) -> None:
    public = set()
    for line in server.check_output("ss -Hltun").splitlines():
        transport, _, _, _, local = line.split()[:5]
        address, _, port = local.rpartition(":")
        if not address.startswith(("127.", "[::1]")):
            public.add((transport, int(port)))
    assert public == {("tcp", port) for port in PUBLIC_PORTS}


def test_every_unit_of_the_machine_is_well(server: Host) -> None:
    assert server.check_output("systemctl list-units --failed --plain --no-legend") == ""


def test_nginx_was_built_by_us_with_the_flags_that_count(server: Host) -> None:
    built = server.run("/opt/scrimbox/nginx/current/sbin/nginx -V").stderr
    for flag in ("-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro", "-Wl,-z,now", "-pie"):
        assert flag in built, flag
    for unused in ("fastcgi", "ssi", "charset", "autoindex", "uwsgi", "scgi", "grpc", "memcached"):
        assert f"--without-http_{unused}_module" in built, unused
    for used in ("http_geo", "http_limit_conn", "http_limit_req", "http_proxy", "stream_map"):
        assert f"--without-{used}_module" not in built, used
    assert "--with-http_dav_module" in built


def test_nginx_binary_is_position_independent_with_full_relro(server: Host) -> None:
    binary = server.check_output("readlink -f /opt/scrimbox/nginx/current/sbin/nginx")
    assert re.fullmatch(r"/opt/scrimbox/nginx/[0-9.]+-[0-9a-f]+/sbin/nginx", binary)
    header = server.run(f"od -An -tx1 -j16 -N2 {binary}").stdout.split()
    assert header == ["03", "00"], "ELF type is not ET_DYN"
    assert not server.file(binary).mode & 0o022


def test_cleanup_is_a_cron_entry_and_cron_runs(server: Host) -> None:
    entry = server.file("/etc/cron.d/scrimbox")
    assert (entry.user, entry.group, entry.mode) == ("root", "root", 0o644)
    jobs = [line for line in entry.content_string.splitlines() if re.match(r"[0-9*@]", line)]
    assert jobs
    assert all("scrimbox-recorder" in job for job in jobs)
    assert server.service("cron").is_running
    assert server.service("cron").is_enabled


def test_journal_is_capped(server: Host) -> None:
    assert re.search(
        r"^SystemMaxUse=\d+", server.file("/etc/systemd/journald.conf.d/scrimbox.conf").content_string, re.M
    )


def ticks(server: Host, service: str) -> int:
    """Processor time of a service's main process and of the programs that it ran, in hundredths of a second."""
    process = properties(server, service, "MainPID")["MainPID"]
    return sum(
        int(number) for number in server.file(f"/proc/{process}/stat").content_string.rpartition(")")[2].split()[11:15]
    )


def test_an_idle_server_writes_nothing_to_the_journal_and_hardly_works(server: Host) -> None:
    def busy() -> bool:
        shown = server.check_output("cat /srv/streams/*.json")
        closed = server.check_output("find /srv/hls -type f")
        return bool(closed or re.search(r'"state":\s*"(live|interrupted|processing)"', shown))

    deadline = time.monotonic() + 180
    while busy() and time.monotonic() < deadline:
        time.sleep(1)
    cursor = json.loads(server.check_output("journalctl -n 1 -o json --output-fields=MESSAGE"))["__CURSOR"]
    used = ticks(server, "recorder")
    time.sleep(10)
    units = " ".join(f"-u scrimbox-{service}" for service in SERVICES)
    written = server.check_output(f"journalctl -q --no-pager --after-cursor='{cursor}' {units}")
    used = ticks(server, "recorder") - used
    assert written == ""
    assert used < 100, f"{used / 10} % of a core while idle"
