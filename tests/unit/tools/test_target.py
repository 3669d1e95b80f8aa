"""Which server HOST means."""

from __future__ import annotations

import json

import pytest

from tools.target import Target, ansible_arguments, parse_host, parse_inventory
from tools.terminal import Trouble


@pytest.mark.parametrize(
    ("text", "name", "connection", "user", "port"),
    [
        ("vod.example.com", "vod.example.com", "ssh", None, None),
        ("alice@vod.example.com", "vod.example.com", "ssh", "alice", None),
        ("alice@192.0.2.7:2222", "192.0.2.7", "ssh", "alice", 2222),
        ("root@[2001:db8::1]:22", "2001:db8::1", "ssh", "root", 22),
        ("localhost", "localhost", "local", None, None),
        ("alice@localhost", "localhost", "ssh", "alice", None),
        ("demo", "scrimbox-demo", "docker", None, None),
        ("scrimbox-demo", "scrimbox-demo", "docker", None, None),
    ],
)
def test_a_host_is_read(text: str, name: str, connection: str, user: str | None, port: int | None) -> None:
    target = parse_host(text)
    assert (target.name, target.connection, target.user, target.port) == (name, connection, user, port)


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        "-oProxyCommand=x",
        "@host",
        "user@",
        "host:0",
        "host:65536",
        "host:ssh",
        "a,b",
        "host/..",
        "x;y",
        "../x",
        "$(id)",
    ],
)
def test_an_ill_formed_host_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(Trouble, match="allowed is user@server") as refused:
        parse_host(text)
    assert f"HOST={text} " in str(refused.value)


def test_hosts_of_the_inventory_are_found_in_groups_and_with_their_variables() -> None:
    listing = {
        "_meta": {"hostvars": {"a.example": {"ansible_user": "root"}}},
        "all": {"children": ["ungrouped", "web"]},
        "ungrouped": {"hosts": ["a.example"]},
        "web": {"hosts": ["a.example", "b.example"]},
    }
    assert parse_inventory(json.dumps(listing)) == {"a.example": {"ansible_user": "root"}, "b.example": {}}


def test_an_inventory_without_hosts_has_none() -> None:
    assert parse_inventory('{"_meta": {"hostvars": {}}, "all": {"children": ["ungrouped"]}}') == {}


def test_a_host_that_is_not_listed_is_added_and_the_run_limited_to_it() -> None:
    arguments = ansible_arguments([parse_host("alice@vod.example.com:2222")])
    assert arguments[2:] == [
        *("-i", "vod.example.com,", "--limit", "vod.example.com"),
        *("-e", '{"ansible_user": "alice", "ansible_port": 2222}'),
    ]


def test_an_ipv6_address_is_bracketed_where_ansible_splits_at_colons() -> None:
    assert "[2001:db8::1]," in ansible_arguments([parse_host("[2001:db8::1]")])


def test_listed_hosts_keep_what_the_inventory_says() -> None:
    targets = [Target("a.example", listed=True), Target("b.example", listed=True)]
    assert ansible_arguments(targets)[2:] == ["--limit", "a.example,b.example"]


def test_the_demo_is_reached_as_root_through_docker() -> None:
    arguments = ansible_arguments([parse_host("demo")])
    assert arguments[2:] == [
        *("-i", "scrimbox-demo,", "--limit", "scrimbox-demo"),
        *("-c", "community.docker.docker", "-u", "root"),
    ]
