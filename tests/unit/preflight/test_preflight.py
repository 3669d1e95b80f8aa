"""Each preflight check says what is wrong and what to do about it."""

from __future__ import annotations

from pathlib import Path

import preflight
import pytest

SUPPORTED = ["ubuntu 22.04", "debian 12"]
JAMMY = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\n'


def test_a_supported_system_passes() -> None:
    assert preflight.os_problem(JAMMY, SUPPORTED) is None


@pytest.mark.parametrize("text", [JAMMY.replace("22.04", "20.04"), "ID=fedora\nVERSION_ID=40\n", ""])
def test_another_system_is_refused_with_the_supported_ones(text: str) -> None:
    assert "ubuntu 22.04, debian 12" in (preflight.os_problem(text, SUPPORTED) or "")


def test_memory_is_compared_in_mebibytes() -> None:
    assert preflight.memory_problem("MemTotal:  921600 kB\n", 900) is None
    assert "899 MiB" in (preflight.memory_problem("MemTotal:  921599 kB\n", 900) or "")


LISTENER = 'LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=10,fd=6),("nginx",pid=9,fd=6)) uid:33 ino:7 sk:1\n'


def test_a_free_port_passes() -> None:
    assert preflight.port_problem(80, "", {997}) is None


def test_a_port_of_our_own_service_passes() -> None:
    assert preflight.port_problem(80, LISTENER, {33}) is None


def test_a_port_of_another_program_is_named_with_its_owner() -> None:
    problem = preflight.port_problem(80, LISTENER, {997}) or ""
    assert "Port 80" in problem
    assert "nginx (process 9)" in problem


def test_a_port_whose_owner_is_hidden_or_root_is_refused() -> None:
    assert preflight.port_problem(80, "LISTEN 0 5 *:80 *:* ino:7 sk:1\n", {997}) is not None


def test_an_unsynchronised_clock_is_refused_with_the_command() -> None:
    assert "timedatectl set-ntp true" in (preflight.clock_problem("NTPSynchronized=no\n", in_container=False) or "")
    assert preflight.clock_problem("NTPSynchronized=yes\n", in_container=False) is None


def test_a_container_leaves_the_clock_to_its_host() -> None:
    assert preflight.clock_problem("NTPSynchronized=no\n", in_container=True) is None


def test_a_stream_may_say_what_its_publisher_shall_send() -> None:
    sent = {"resolution": "1280x720", "fps": 59.94, "bitrate_kbps": 3000}
    rest = {"title": "Café", "offset_ms": 250, "publishers": ["alice"], "group": "team"}
    assert preflight.stream_problem([{"id": "match123"}, {"id": "bravo", **sent, **rest}]) is None


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ("match123", ["'match123'", "id"]),
        ({"id": "a", "bitrate": 3000}, ["'bitrate'", "bitrate_kbps"]),
        ({"id": "a", "resolution": "1080p"}, ["of a resolution", "'1080p'", "1920x1080"]),
        ({"id": "a", "resolution": 1080}, ["1080", "1920x1080"]),
        ({"id": "a", "fps": 31}, ["of a fps", "31", "29.97"]),
        ({"id": "a", "fps": "60"}, ["fps", "'60'"]),
        ({"id": "a", "fps": True}, ["fps", "True"]),
        ({"id": "a", "bitrate_kbps": 6000000}, ["bitrate_kbps", "6000000", "200 to 100000"]),
        ({"id": "a", "bitrate_kbps": "6000"}, ["bitrate_kbps", "'6000'"]),
    ],
)
def test_what_is_no_stream_is_named_with_what_is_allowed(stream: object, words: list[str]) -> None:
    problem = preflight.stream_problem([{"id": "good"}, stream]) or ""
    assert all(word in problem for word in words), problem


def test_a_viewer_has_a_name_and_perhaps_the_right_to_write() -> None:
    assert preflight.viewer_problem([{"name": "anna"}, {"name": "ben", "write": True}]) is None


@pytest.mark.parametrize(
    ("viewer", "named"),
    [
        ("anna", "'anna' is no viewer"),
        ({"write": True}, "{'write': True} is no viewer"),
        ({"name": "anna", "writes": True}, "'writes'"),
        ({"name": "anna", "write": "yes please"}, "write of anna is 'yes please'; allowed is true or false"),
        ({"name": "anna", "write": 1}, "write of anna is 1; allowed is true or false"),
    ],
)
def test_another_viewer_is_refused_with_what_is_allowed(viewer: object, named: str) -> None:
    assert named in (preflight.viewer_problem([viewer]) or "")


def test_a_group_is_named_like_a_stream() -> None:
    assert preflight.group_problem(["final", "", "cup_2"]) is None
    assert "'Grand Final'" in (preflight.group_problem(["final", "Grand Final"]) or "")


def test_the_disk_guard_must_refuse_before_it_ends_anybody() -> None:
    assert preflight.reserve_problem(5, 1, 100) is None
    assert preflight.reserve_problem(0, 0, 100) is None
    assert "scrimbox_disk_floor_gb is 6; allowed is 0 to" in (preflight.reserve_problem(5, 6, 100) or "")


def test_a_reserve_as_large_as_the_disk_would_lock_everybody_out() -> None:
    assert "has only 4.0 GB" in (preflight.reserve_problem(5, 1, 4.0) or "")


@pytest.mark.parametrize("address", ["", "https://hooks.example/x?y=z", "http://192.0.2.1:8080/a"])
def test_a_webhook_is_an_address_or_nothing(address: str) -> None:
    assert preflight.webhook_problem(address) is None


@pytest.mark.parametrize("origins", [[], ["https://coach.example.com", "http://192.0.2.1:8080"]])
def test_an_origin_is_a_site_as_browsers_name_it(origins: list[str]) -> None:
    assert preflight.origin_problem(origins) is None


@pytest.mark.parametrize(
    "wrong", ["https://x/", "https://X", "x.example", "https://x; script-src *", 'https://x" always', "*", "null", ""]
)
def test_an_origin_that_would_change_a_header_is_refused(wrong: str) -> None:
    assert "scrimbox_embed_origins" in (preflight.origin_problem(["https://x.example", wrong]) or "")


@pytest.mark.parametrize("address", ["hooks.example/s3cret", "ftp://s3cret", "https://", "https://h/s3cret x"])
def test_a_webhook_that_cannot_be_used_is_refused_without_being_shown(address: str) -> None:
    said = preflight.webhook_problem(address) or ""
    assert "scrimbox_alert_webhook" in said
    assert "s3cret" not in said


def test_a_folder_may_be_missing_but_must_be_one(tmp_path: Path) -> None:
    assert preflight.folder_problem(str(tmp_path / "missing")) is None
    assert preflight.folder_problem(str(tmp_path)) is None
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "missing")
    for name in ("file", "dangling"):
        assert "no folder" in (preflight.folder_problem(str(tmp_path / name)) or "")


def test_a_folder_on_a_read_only_disk_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class ReadOnly:
        f_flag = preflight.os.ST_RDONLY

    monkeypatch.setattr(preflight.os, "statvfs", lambda path: ReadOnly)
    assert "read-only" in (preflight.folder_problem(str(tmp_path)) or "")


@pytest.mark.parametrize(
    ("modes", "networks", "satisfy"),
    [
        (["password"], [], "any"),
        (["link", "password"], [], "any"),
        (["network"], ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"], "any"),
        (["network", "link"], ["192.0.2.0/24"], "all"),
    ],
)
def test_a_choice_of_who_may_watch_that_can_be(modes: list[str], networks: list[str], satisfy: str) -> None:
    assert preflight.access_problem(modes, networks, satisfy) is None


@pytest.mark.parametrize(
    ("modes", "networks", "satisfy", "words"),
    [
        ([], [], "any", ["scrimbox_access_mode is []", "password, link, network"]),
        (["pasword"], [], "any", ["scrimbox_access_mode is [pasword]"]),
        (["link", "link"], [], "any", ["each once"]),
        (["password"], [], "some", ["scrimbox_access_satisfy is 'some'", "any or all"]),
        (["password", "link"], [], "all", ["Put network and one of"]),
        (["network"], ["192.0.2.0/24"], "all", ["Put network and one of"]),
        (["network"], [], "any", ["scrimbox_access_networks is []"]),
        (["password"], ["192.0.2.0/24"], "any", ["with the mode network, and only then"]),
        (["network"], ["192.0.2.1/24"], "any", ["'192.0.2.1/24'", "host bits"]),
        (["network"], ["192.0.2.0/24", "home"], "any", ["'home'", "for example"]),
        (["network"], ["default 1;"], "any", ["'default 1;'"]),
    ],
)
def test_a_choice_of_who_may_watch_that_cannot_be_says_what_is_allowed(
    modes: list[str], networks: list[str], satisfy: str, words: list[str]
) -> None:
    found = preflight.access_problem(modes, networks, satisfy)
    assert found is not None
    assert all(word in found for word in words), found


@pytest.mark.parametrize("port", ["22", "6000-6010", "51820/udp", "1-65535/tcp"])
def test_ports_that_can_be_opened_pass(port: str) -> None:
    assert preflight.extra_ports_problem([port]) is None


@pytest.mark.parametrize("port", ["0", "65536", "ssh", "6010-6000", "1/sctp", "80,81", "22; drop", "22/udp/tcp", ""])
def test_a_port_that_cannot_be_opened_is_named_with_what_is_allowed(port: str) -> None:
    problem = preflight.extra_ports_problem(["80", port]) or ""
    assert repr(port) in problem
    assert "scrimbox_firewall_extra_ports" in problem
    assert "51820/udp" in problem


def test_another_firewall_is_named_with_the_way_to_keep_it_and_the_way_to_end_it() -> None:
    assert preflight.firewall_problem("Status: inactive\n", "not running\n") is None
    assert preflight.firewall_problem("", "") is None
    ufw = preflight.firewall_problem("Status: active\n\nTo  Action\n", "") or ""
    assert "ufw allow" in ufw
    assert "ufw disable" in ufw
    assert "firewall-cmd" in (preflight.firewall_problem("", "running\n") or "")


def test_what_a_webhook_hears_and_how_is_checked() -> None:
    assert preflight.news_problem("json", []) is None
    assert preflight.news_problem("chat", ["disk", "recording", "live", "replay", "clip"]) is None
    assert "'fax'; allowed is json or chat" in (preflight.news_problem("fax", []) or "")
    assert "'lunch'; allowed is a list of disk" in (preflight.news_problem("json", ["live", "lunch"]) or "")
