"""The services' walls, from inside: what somebody who has taken a service over cannot do.

A program that tries everything runs in each service's place, once as the service's own user and once as root, with
files whose modes would let anybody in. The same program without walls shows that the attempts work where nothing stands
in the way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.variants import SERVICES, File, Variant

if TYPE_CHECKING:
    from tests.variants import Variants

PORT = 9999
"""Somebody listens there, on the loopback address of the server."""
PROBE = "/usr/local/sbin/scrimbox-probe"
NET_BIND_SERVICE = 1 << 10
OPEN_DOORS = """
for folder in /etc/probe /opt/probe /usr/local/probe /var/lib/probe /home/probe /srv/probe /tmp/probe \
    /var/tmp/probe /etc/scrimbox/new /srv/hls /srv/recordings /srv/recordings/incoming /srv/recordings/set-aside \
    /srv/streams /srv/review/inbox /srv/review/notes /srv/review/refused /srv/review/shown; do
    mkdir -p $folder && chmod 0777 $folder
done
for file in /home/probe/file /tmp/probe/file /var/tmp/probe/file /etc/scrimbox/new/file \
    /srv/recordings/incoming/probe.flv /srv/recordings/set-aside/probe.flv \
    /srv/review/notes/probe.json; do
    echo secret >$file
done
chmod -R a+rX /etc/scrimbox /srv
install -m 4755 /usr/bin/id /opt/probe/id
"""
DROP_IN = """[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStartPre=
ExecReload=
ExecStart=
ExecStart=/usr/bin/python3 -IB {probe} {gateway} {port}
StandardOutput=file:{output}
{user}
"""

# What each service needs for its work. Everything else has to fail, and this has to work.
STORES = {"write /srv/hls", "write /srv/recordings/incoming", "read a raw recording"}
NEEDED = {
    "web": {"read the passwords", "reach another machine", "reach this machine"},
    "write": {"write /srv/review/inbox"},
    "auth": {"read the publish keys", "reach this machine"},
    "ingest": STORES | {"reach another machine", "reach this machine"},
    "recorder": STORES
    | {"write /srv/probe", "write /srv/recordings", "write /srv/streams", "read what was set aside", "read a note"}
    | {f"write /srv/review/{folder}" for folder in ("inbox", "notes", "refused", "shown")},
}
NEEDED["finalizer"] = NEEDED["clips"] = NEEDED["recorder"]


@dataclass(frozen=True)
class Findings:
    """What the program found in one place."""

    tried: frozenset[str]
    worked: frozenset[str]
    capabilities: dict[str, int]


@dataclass(frozen=True)
class Yard:
    """A server whose services can be replaced by the program."""

    server: Variant
    gateway: str

    def behind(self, service: str, user: str) -> Findings:
        """Run the program in a service's place; user: "" for the service's own."""
        output = f"/run/probe-{service}-{user}.json"
        folder = f"/etc/systemd/system/scrimbox-{service}.service.d"
        as_user = f"User={user}\nGroup={user}\n" if user else ""
        self.server.check(f"mkdir -p {folder}")
        text = DROP_IN.format(probe=PROBE, gateway=self.gateway, port=PORT, output=output, user=as_user)
        self.server.write(f"{folder}/probe.conf", File(text))
        self.server.check(f"systemctl daemon-reload; systemctl restart scrimbox-{service}")
        return self._read(output)

    def without_walls(self, user: str) -> Findings:
        """Run the program as a user, with nothing around it."""
        output = f"/run/probe-{user}.json"
        options = f"--uid={user} -p RuntimeDirectory=probe-{user} -p StandardOutput=file:{output} -p LimitCORE=infinity"
        self.server.check(f"systemd-run --wait -q {options} /usr/bin/python3 -IB {PROBE} {self.gateway} {PORT}")
        return self._read(output)

    def _read(self, output: str) -> Findings:
        found = json.loads(self.server.read(output))
        return Findings(frozenset(found["tried"]), frozenset(found["worked"]), found["capabilities"])


@pytest.fixture(scope="module")
def yard(variants: Variants) -> Iterator[Yard]:
    """Such a server, with every file's mode as wide as it goes."""
    program = Path(__file__).with_name("probe.py").read_text(encoding="utf-8")
    with variants.start("walls", files={PROBE: File(program)}) as server:
        server.check(OPEN_DOORS)
        server.check(f"systemd-run -q /usr/bin/python3 -m http.server {PORT} --bind 127.0.0.1 --directory /mnt")
        gateway = server.check("ip -4 route show default").split()[2]
        yield Yard(server, gateway)


@pytest.fixture(scope="module")
def possible(yard: Yard) -> dict[str, Findings]:
    """What works without walls, for root and for a service's user."""
    return {user: yard.without_walls(user) for user in ("root", "scrimbox-web")}


def test_without_walls_every_attempt_works_for_a_service_s_user_or_for_root(possible: dict[str, Findings]) -> None:
    """Or the tests below could not fail."""
    nowhere = possible["root"].tried - possible["root"].worked - possible["scrimbox-web"].worked
    assert nowhere == set()


@pytest.mark.parametrize("user", ["", "root"], ids=["as itself", "as root"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_do_its_work_and_nothing_else_whatever_the_files_modes(
    yard: Yard, service: str, user: str
) -> None:
    # Processes are hidden from other users; root is never another.
    needed = NEEDED[service] | ({"see other processes"} if user == "root" else set())
    assert sorted(yard.behind(service, user).worked) == sorted(needed)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_no_capability_but_web_s_low_port(
    yard: Yard, possible: dict[str, Findings], service: str
) -> None:
    """The clock, modules and ports below 1024: no container has them to take away, so the sets are compared."""
    assert possible["root"].capabilities["CapBnd"] not in {0, NET_BIND_SERVICE}
    expected = NET_BIND_SERVICE if service == "web" else 0
    assert set(yard.behind(service, "").capabilities.values()) == {expected}
