"""Which ports are a way in by SSH, and what proves that somebody can log in, decided without a server."""

from __future__ import annotations

import pytest
import scrimbox_firewall as firewall

SETTINGS = """port 22
port 2222
addressfamily any
listenaddress [::]:22
listenaddress 0.0.0.0:22
listenaddress [2001:db8::1]:2222
listenaddress 127.0.0.1:2200
listenaddress [::1]:2201
"""
SOCKETS = """\
LISTEN 0 128    0.0.0.0:2222 0.0.0.0:* users:(("sshd",pid=7,fd=3))
LISTEN 0 128       [::]:2222    [::]:* users:(("sshd",pid=7,fd=4))
LISTEN 0 128  127.0.0.1:6010 0.0.0.0:* users:(("sshd",pid=7,fd=5))
LISTEN 0 128    0.0.0.0:8080 0.0.0.0:* users:(("sshd",pid=9,fd=9))
LISTEN 0 128    0.0.0.0:8081 0.0.0.0:* users:(("sshd-session",pid=10,fd=9))
LISTEN 0 511    0.0.0.0:80   0.0.0.0:* users:(("nginx",pid=8,fd=3),("nginx",pid=11,fd=3))
LISTEN 0 511    0.0.0.0:1935 0.0.0.0:*
"""
LISTEN = "Listen=0.0.0.0:22 (Stream)\nListen=[::]:2022 (Stream)\nListen=127.0.0.1:2023 (Stream)\n"


def test_sshd_s_configured_ports_count_unless_they_are_the_server_s_own() -> None:
    assert firewall.configured_ports(SETTINGS) == {22, 2222}
    assert firewall.configured_ports("") == set()


def test_where_sshd_listens_counts_and_where_its_sessions_forward_from_does_not() -> None:
    assert firewall.listening_ports(SOCKETS, daemons={7}) == {2222}


@pytest.mark.parametrize(
    "state", ["ActiveState=active\nUnitFileState=disabled", "ActiveState=inactive\nUnitFileState=enabled"]
)
def test_where_systemd_listens_for_sshd_counts(state: str) -> None:
    assert firewall.socket_ports(f"{LISTEN}{state}\n") == {22, 2022}


def test_a_socket_unit_that_is_switched_off_opens_nothing() -> None:
    assert firewall.socket_ports(f"{LISTEN}ActiveState=inactive\nUnitFileState=disabled\n") == set()


def test_the_port_that_the_deploy_came_in_by_counts() -> None:
    assert firewall.connection_ports("2001:db8::7 51234 2001:db8::1 2222") == {2222}
    assert firewall.connection_ports("") == set()


def test_the_new_rules_replace_the_old_ones_in_one_step() -> None:
    told = firewall.transaction("table inet scrimbox { }", {2222, 22}).splitlines()
    assert told == [
        "add table inet scrimbox",
        "delete table inet scrimbox",
        "table inet scrimbox { }",
        "add element inet scrimbox ssh_ports { 22, 2222 }",
    ]
    assert "element" not in firewall.transaction("", set())


@pytest.mark.parametrize(
    ("applied_over", "now_over", "where", "proved"),
    [
        ("c 1 s 22", "c 2 s 22", "remote", True),
        ("c 1 s 22", "c 1 s 22", "remote", False),
        ("c 1 s 22", "", "remote", False),
        ("c 1 s 22", "c 1 s 22", "local", True),
        ("", "", "remote", True),
    ],
)
def test_only_a_new_connection_proves_that_somebody_can_log_in(
    applied_over: str, now_over: str, where: str, proved: bool
) -> None:
    assert (firewall.proof_problem(applied_over, now_over, where) is None) == proved
