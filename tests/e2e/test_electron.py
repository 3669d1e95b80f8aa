"""The wrapper for Electron, run by the oldest Electron that it supports, on a display that nobody sees."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import browsers
from tests.e2e.conftest import STREAM, Ended
from tests.site import Site

OPENER = """#!/bin/sh
echo "$1" >> {told}
"""


Seen = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def seen(ended: Ended, alice: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """What happened: a wrong login, the right one, attempts to get out, and a second start."""
    assert ended.document["replays"]
    assert alice.login is not None
    folder = tmp_path_factory.mktemp("electron")
    told = folder / "outside"
    opener = folder / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(OPENER.format(told=told))
    opener.chmod(0o755)
    environment = {
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PATH": f"{opener.parent}{os.pathsep}{os.environ['PATH']}",
    }
    url = f"{alice.url}/player?id={STREAM}"
    visit = browsers.Visit(
        "electron-wrapper",
        "electron.mjs",
        browser="electron",
        environment=environment,
        url=url,
        login=alice.login,
        outside=str(told),
    )
    try:
        visit.wait_for("done", 180)
        moments = ("asked first", "asked again", "watched", "kept", "watched again")
        yield {name: visit.wait_for(name, 1) for name in moments} | {"folder": {"path": folder / "config"}}
    finally:
        visit.close()


def assert_plays(moment: dict[str, Any]) -> None:
    """The picture went on."""
    assert moment["first"]["size"] == [1280, 720]
    assert moment["second"]["time"] > moment["first"]["time"]


@pytest.mark.slow
def test_the_login_is_asked_for_until_it_is_right_and_never_again(seen: Seen) -> None:
    assert "not right" not in seen["asked first"]["words"]
    assert "not right" in seen["asked again"]["words"]
    assert_plays(seen["watched"])
    assert_plays(seen["watched again"])
    assert seen["watched again"]["asked"] == []


@pytest.mark.slow
def test_the_password_is_kept_nowhere_and_the_cookie_for_nobody_else(seen: Seen, alice: Site) -> None:
    assert alice.login is not None
    files = [path for path in seen["folder"]["path"].rglob("*") if path.is_file()]
    cookies = [path for path in files if path.name == "Cookies" and path.stat().st_size > 0]
    assert cookies
    assert [path for path in cookies if path.stat().st_mode & 0o077] == []
    assert [path for path in files if alice.login[1].encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_no_page_gets_at_node(seen: Seen) -> None:
    assert seen["kept"]["node"] == "undefined,undefined,undefined,undefined"
    assert seen["asked first"]["node"] == "undefinedundefined"


@pytest.mark.slow
def test_other_sites_open_in_the_system_s_browser_and_never_in_the_window(seen: Seen) -> None:
    kept = seen["kept"]
    assert kept["outside"] == ["https://elsewhere.example/page?opened", "https://elsewhere.example/page?left"]
    assert kept["stayed"]
    assert kept["windows"] == 1


@pytest.mark.slow
def test_full_screen_and_copying_are_all_that_a_page_may_do(seen: Seen) -> None:
    kept = seen["kept"]
    assert (kept["fullScreen"], kept["clipboard"]) == ("allowed", "allowed")
    assert (kept["place"], kept["notices"]) == ("denied", "denied")
