"""With scrimbox_firewall only declared ports can be reached, and whoever deploys can always log in again.

Everything is proved by connections from outside: this machine's side of the container's network, or a network of
the server's own with IPv4 and IPv6 addresses. What docker itself forwards to the server does not count.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import media
from tests.conftest import BUILD, PROJECT
from tests.deploy import TOOLS, environment
from tests.variants import File, Variant, Variants

CLOSED = 9999
"""Somebody listens there, and nothing declares it."""
SSH = 2222
PROXY = 2022
"""A way to sshd that sshd knows nothing of: a proxy in front of it."""
FORWARD = f"""
import socket, threading
def pump(a, b):
    while data := a.recv(65536): b.sendall(data)
    b.close()
for source in iter(socket.create_server(("", {PROXY})).accept, None):
    target = socket.create_connection(("127.0.0.1", {SSH}))
    for pair in ((source[0], target), (target, source[0])):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""
PREPARE = f"""
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=60 -qq update
apt-get -o DPkg::Lock::Timeout=60 -qq install --no-install-recommends openssh-server nftables
systemctl restart ssh
systemd-run --quiet --unit=test-closed python3 -m http.server {CLOSED} --bind ::
mount -o remount,rw /proc/sys
ip netns add outside
ip link add inner type veth peer name outer netns outside
for name in all default inner; do echo 0 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done
ip netns exec outside sh -c 'for name in all default outer; do echo 0 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done'
ip addr add 10.92.0.1/24 dev inner
ip -6 addr add fd00:5c::1/32 dev inner nodad
ip link set inner up
for address in 10.92.0.2/24 10.92.0.3/24; do ip -n outside addr add $address dev outer; done
for address in fd00:5c::2 fd00:5c::3 fd00:5c:0:1::2; do ip -n outside -6 addr add $address/32 dev outer nodad; done
ip -n outside link set outer up
"""
CONNECT = """
import json, socket, sys
source, address, port, times = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
kept = []
try:
    while len(kept) < times:
        kept.append(socket.create_connection((address, port), timeout=1, source_address=(source, 0)))
except OSError:
    pass
print(len(kept))
"""
INNER = {"ip": ("10.92.0.2", "10.92.0.1"), "ip6": ("fd00:5c::2", "fd00:5c::1")}
"""An address outside and the server's, by protocol."""


@dataclass
class Server:
    """A variant that is reached as a hoster's server is."""

    variant: Variant
    key: Path

    @property
    def address(self) -> str:
        """Its address in docker's network."""
        return self.variant.inner_rtmp_address[0]

    @property
    def _options(self) -> str:
        known = f"-o UserKnownHostsFile={BUILD / 'firewall-hosts'} -o StrictHostKeyChecking=no"
        return f"{known} -o LogLevel=ERROR -o IdentityAgent=none"

    def ssh(self, command: str, port: int = SSH, timeout: int = 3) -> subprocess.CompletedProcess[str]:
        """Run a command over a new SSH connection (seconds to connect)."""
        login = ["-i", str(self.key), "-p", str(port), f"root@{self.address}"]
        options = [*self._options.split(), "-o", f"ConnectTimeout={timeout}", "-o", "BatchMode=yes"]
        return subprocess.run(
            ["ssh", *options, *login, command], capture_output=True, text=True, check=False, timeout=60
        )

    def reaches(self, port: int) -> bool:
        """Whether a new connection from this machine to a port succeeds."""
        try:
            socket.create_connection((self.address, port), timeout=2).close()
        except OSError:
            return False
        return True

    def from_outside(self, source: str, address: str, port: int, times: int = 1) -> int:
        """How many connections, held open, from an address of the other network succeed until one fails."""
        command = f"ip netns exec outside python3 -c '{CONNECT}' {source} {address} {port} {times}"
        return int(self.variant.check(command))

    def play(
        self, *arguments: str, port: int = SSH, book: str = "firewall", **variables: object
    ) -> subprocess.CompletedProcess[str]:
        """Run the role, or the whole deploy, over SSH as an operator does."""
        folder = BUILD / "firewall-inventory"
        login: dict[str, Any] = {
            "ansible_host": self.address,
            "ansible_port": port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": self._options,
        }
        (folder / "host_vars").mkdir(parents=True, exist_ok=True)
        (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"server": login}}}))
        (folder / "firewall.yml").write_text(
            json.dumps([{"hosts": "all", "become": True, "gather_facts": False, "roles": ["firewall"]}])
        )
        links = {
            folder / "group_vars": PROJECT / "inventory" / "group_vars",
            folder / "host_vars" / "server.yml": PROJECT / "molecule/shared/host_vars/scrimbox-default.yml",
        }
        for link, source in links.items():
            link.unlink(missing_ok=True)
            link.symlink_to(source)
        playbook = folder / "firewall.yml" if book == "firewall" else PROJECT / "playbooks" / f"{book}.yml"
        chosen = json.dumps({"scrimbox_firewall": True, **variables})
        return subprocess.run(
            [str(TOOLS / "ansible-playbook"), "-i", str(folder / "hosts.yml"), str(playbook), "-e", chosen, *arguments],
            cwd=PROJECT,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


def changes(run: subprocess.CompletedProcess[str]) -> int:
    """How many tasks changed something in a run that went well."""
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    found = re.search(r"changed=(\d+)", run.stdout)
    assert found
    return int(found[1])


def until(condition: Any, seconds: float) -> bool:
    """Whether something becomes true in so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


@pytest.fixture(scope="module")
def opened(variants: Variants) -> Iterator[Server]:
    """A server without the firewall, whose sshd listens on another port than usual."""
    key = BUILD / "firewall-key"
    for old in (key, key.with_suffix(".pub")):
        old.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    files = {
        "/root/.ssh/authorized_keys": File(key.with_suffix(".pub").read_text(), 0o600),
        "/etc/ssh/sshd_config.d/port.conf": File(f"Port {SSH}\n"),
        "/usr/local/lib/forward.py": File(FORWARD),
    }
    with variants.start("firewall", files=files) as variant:
        variant.check(f"set -e\n{PREPARE}", timeout=120)
        yield Server(variant, key)


@pytest.fixture(scope="module")
def closed(opened: Server) -> Server:
    """The same server with the firewall."""
    assert until(lambda: opened.reaches(CLOSED), 15)
    assert changes(opened.play()) > 0
    return opened


def test_what_is_declared_can_be_reached_and_nothing_else(closed: Server) -> None:
    assert closed.reaches(80)
    assert closed.reaches(1935)
    assert not closed.reaches(CLOSED)


@pytest.mark.parametrize("protocol", INNER)
def test_the_same_holds_for_both_protocols_with_fresh_neighbours(closed: Server, protocol: str) -> None:
    source, address = INNER[protocol]
    assert {port: closed.from_outside(source, address, port) for port in (80, 1935, SSH, CLOSED)} == {
        80: 1,
        1935: 1,
        SSH: 1,
        CLOSED: 0,
    }
    closed.variant.check("ip -s neigh flush all; ip -n outside -s neigh flush all")
    assert closed.from_outside(source, address, 80) == 1


def test_the_server_itself_reaches_everything_and_may_go_out(closed: Server) -> None:
    closed.variant.check(f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {CLOSED}), 2)'")
    closed.variant.check("ip netns exec outside timeout 20 python3 -m http.server 8000 >/dev/null 2>&1 & sleep 1")
    for address in ("10.92.0.2", "::ffff:10.92.0.2"):
        closed.variant.check(f"python3 -c 'import socket; socket.create_connection((\"{address}\", 8000), 2)'")


def test_sshd_s_real_port_is_open_where_a_rule_for_port_22_would_lock_the_operator_out(closed: Server) -> None:
    assert closed.ssh("true").returncode == 0
    closed.variant.check(
        "sed '/dport @ssh_ports/ s/@ssh_ports/22/' /etc/scrimbox/firewall.nft >/tmp/naive.nft"
        " && nft delete table inet scrimbox && nft -f /tmp/naive.nft"
    )
    assert closed.ssh("true").returncode != 0
    closed.variant.check("systemctl reload scrimbox-firewall")
    assert closed.ssh("true").returncode == 0
    assert not closed.reaches(CLOSED)


def test_a_second_run_changes_nothing(closed: Server) -> None:
    assert changes(closed.play()) == 0


def test_rules_that_cut_ssh_are_taken_back_by_themselves(closed: Server) -> None:
    said = closed.ssh(
        "cp /etc/scrimbox/firewall.nft /root/; sed -i '/dport @ssh_ports/ s/accept/drop/' /etc/scrimbox/firewall.nft;"
        " scrimbox-firewall apply 6"
    )
    began = time.monotonic()
    assert said.returncode == 0, said
    assert closed.ssh("true", timeout=2).returncode != 0
    assert until(lambda: closed.ssh("true").returncode == 0, 15)
    assert time.monotonic() - began >= 4
    late = closed.ssh("scrimbox-firewall confirm remote; mv /root/firewall.nft /etc/scrimbox/")
    assert "nobody confirmed them in time" in late.stderr
    assert not closed.reaches(CLOSED)
    assert "taken back" in closed.variant.check("journalctl --no-pager -u scrimbox-firewall-rollback")


@pytest.mark.slow
def test_the_connection_that_loaded_the_rules_cannot_confirm_them(closed: Server) -> None:
    closed.ssh("cp /etc/scrimbox/firewall.nft /root/; echo '# another' >>/etc/scrimbox/firewall.nft")
    said = closed.ssh("scrimbox-firewall apply 60; scrimbox-firewall confirm remote")
    assert "proves nothing" in said.stderr
    assert closed.ssh("scrimbox-firewall confirm remote").stdout.strip() == "confirmed"
    closed.ssh("mv /root/firewall.nft /etc/scrimbox/; scrimbox-firewall apply 60")
    assert closed.ssh("scrimbox-firewall confirm remote").stdout.strip() == "confirmed"


@pytest.mark.slow
def test_a_port_that_sshd_is_given_later_is_opened_before_sshd_uses_it(closed: Server) -> None:
    closed.variant.check(f"printf 'Port {SSH}\\nPort 2223\\n' >/etc/ssh/sshd_config.d/port.conf")
    opened = "nft list set inet scrimbox ssh_ports | grep -qw 2223"
    assert until(lambda: closed.variant.run(opened).returncode == 0, 10)
    closed.variant.check("systemctl restart ssh")
    assert closed.ssh("true", port=2223).returncode == 0
    closed.variant.check(f"printf 'Port {SSH}\\n' >/etc/ssh/sshd_config.d/port.conf; systemctl restart ssh")


@pytest.mark.slow
@pytest.mark.parametrize("job", ["reload", "restart"])
def test_the_operator_s_own_rules_that_flush_everything_do_not_open_the_server(closed: Server, job: str) -> None:
    closed.variant.check("systemctl start nftables")
    closed.variant.check(f"systemctl {job} nftables")
    assert until(lambda: not closed.reaches(CLOSED), 10)


@pytest.mark.slow
def test_a_deploy_closes_what_somebody_has_opened_by_hand(closed: Server) -> None:
    closed.variant.check("nft flush ruleset")
    assert closed.reaches(CLOSED)
    assert changes(closed.play()) > 0
    assert not closed.reaches(CLOSED)


@pytest.mark.slow
def test_tables_of_others_are_left_alone(closed: Server) -> None:
    closed.variant.check("nft add table inet others && nft add chain inet others theirs")
    closed.variant.check("systemctl reload scrimbox-firewall && systemctl restart scrimbox-firewall")
    assert "theirs" in closed.variant.check("nft list table inet others")
    closed.variant.check("nft delete table inet others")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "neighbour", "other", "address"),
    [
        ("10.92.0.2", None, "10.92.0.3", "10.92.0.1"),
        ("fd00:5c::2", "fd00:5c::3", "fd00:5c:0:1::2", "fd00:5c::1"),
    ],
    ids=["ip", "ip6"],
)
def test_an_address_that_keeps_connecting_to_ingest_is_stopped_and_nobody_else(
    closed: Server, source: str, neighbour: str | None, other: str, address: str
) -> None:
    closed.variant.check("systemctl reload scrimbox-firewall")
    assert 60 <= closed.from_outside(source, address, 1935, times=80) < 70
    if neighbour:
        assert closed.from_outside(neighbour, address, 1935, times=10) < 5
    assert closed.from_outside(other, address, 1935, times=12) == 12
    assert closed.from_outside(source, address, 80, times=80) == 80


@pytest.mark.slow
def test_a_live_push_loses_no_frame_when_the_firewall_comes_and_goes(closed: Server) -> None:
    closed.variant.check("systemctl stop scrimbox-firewall")
    assert closed.reaches(CLOSED)
    url = f"rtmp://{closed.address}:1935/live/{closed.variant.publish_name('bravo')}"
    publisher = media.Publisher(url, media.pattern(BUILD), seconds=8)
    assert until(lambda: publisher.frames > 60, 10)
    closed.variant.check("systemctl start scrimbox-firewall")
    assert not closed.reaches(CLOSED)
    sent = publisher.wait()
    assert sent.exit_code == 0, sent.stderr
    copy = BUILD / "firewall-push.flv"
    copy.write_bytes(closed.variant.read(closed.variant.check("ls /srv/recordings/incoming/bravo*.flv")))
    assert [frame.number for frame in media.frames(copy)] == list(range(sent.frames))


@pytest.mark.slow
def test_who_logs_in_through_a_proxy_gets_back_in_and_is_told_what_to_declare(closed: Server) -> None:
    closed.variant.check("systemd-run --quiet --unit=test-proxy python3 /usr/local/lib/forward.py")
    assert changes(closed.play(scrimbox_firewall_extra_ports=[PROXY])) > 0
    run = closed.play(port=PROXY, firewall_confirm_seconds=12, ansible_timeout=5)
    assert run.returncode != 0
    assert "scrimbox_firewall_extra_ports" in run.stdout
    assert until(lambda: closed.ssh("true", port=PROXY).returncode == 0, 20)
    assert changes(closed.play(port=PROXY, scrimbox_firewall_extra_ports=[PROXY])) > 0
    assert closed.ssh("true", port=PROXY).returncode == 0
    assert not closed.reaches(CLOSED)


@pytest.mark.slow
def test_a_whole_deploy_over_ssh_closes_the_server_and_a_second_one_changes_nothing(closed: Server) -> None:
    changes(closed.play(book="deploy"))
    assert changes(closed.play(book="deploy")) == 0
    assert closed.reaches(80)
    assert not closed.reaches(CLOSED)


@pytest.mark.slow
def test_after_a_power_cut_what_was_confirmed_holds_and_what_was_not_is_gone(closed: Server) -> None:
    closed.ssh("sed -i '/dport @ssh_ports/ s/accept/drop/' /etc/scrimbox/firewall.nft; scrimbox-firewall apply 600")
    assert closed.ssh("true", timeout=2).returncode != 0
    closed.variant.kill()
    closed.variant.__dict__.pop("inner_rtmp_address")
    closed.variant.boot()
    closed.variant.check(f"systemd-run --quiet --unit=test-closed python3 -m http.server {CLOSED} --bind ::")
    assert until(lambda: closed.reaches(80), 10)
    assert closed.ssh("true").returncode == 0
    assert not closed.reaches(CLOSED)


@pytest.mark.slow
def test_switched_off_it_leaves_nothing_behind(closed: Server) -> None:
    assert changes(closed.play(scrimbox_firewall=False)) == 1
    assert until(lambda: closed.reaches(CLOSED), 5)
    assert closed.variant.check("nft list ruleset") == ""
    left = "find /etc /usr/local /var/lib /run -path '*scrimbox-firewall*' -o -path '*scrimbox/firewall*'"
    assert closed.variant.check(left) == ""
    assert changes(closed.play(scrimbox_firewall=False)) == 0
