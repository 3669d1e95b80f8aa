"""The firewall's rules open what is declared and nothing else."""

from __future__ import annotations

import re

from tests.render.renderer import ROLES, render

TEMPLATE = ROLES / "firewall" / "templates" / "firewall.nft.j2"


def rules(**scenario: object) -> str:
    return render(TEMPLATE, "firewall", **scenario)


def opened(text: str) -> list[str]:
    """What is open by port, in order."""
    return re.findall(r"((?:tcp|udp) dport .*?) (?:accept|jump)", text)


def test_only_declared_ports_are_open() -> None:
    assert opened(rules()) == [
        "udp dport 68",
        "udp dport 546",
        "tcp dport @ssh_ports",
        "tcp dport { 80 }",
        "tcp dport { 1935 }",
    ]


def test_a_closed_service_leaves_no_rule() -> None:
    found = opened(rules(firewall_web_ports=[443, "80"], firewall_rtmp_ports=[]))
    assert found[3:] == ["tcp dport { 80, 443 }"]


def test_further_ports_are_opened_by_protocol_also_as_strings_of_extra_variables() -> None:
    found = opened(rules(firewall_extra_ports=[9100, "6000-6010", "51820/udp", "53/tcp"]))
    assert found[5:] == ["tcp dport 9100", "tcp dport 6000-6010", "udp dport 51820", "tcp dport 53"]


def test_everything_else_is_dropped_and_neighbours_are_heard() -> None:
    text = rules()
    assert "hook input priority filter; policy drop;" in text
    assert "nd-neighbor-solicit" in text


def test_the_limit_for_publishers_is_declared_for_both_protocols() -> None:
    assert (
        rules(firewall_rtmp_per_minute=7, firewall_rtmp_burst=9).count("limit rate over 7/minute burst 9 packets") == 2
    )
