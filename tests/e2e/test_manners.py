"""The pages' manners, in a real browser: accessible, within their policy, still, and made for fingers too."""

from __future__ import annotations

import pytest

from tests.e2e import browsers
from tests.e2e.conftest import STREAM, Ended, Live
from tests.site import Site

LEAST_SHIFT = 0.01
"""A layout that has shifted by less than this stands still to the eye; the field calls 0.1 good."""
STEPS = 130
PAGES = {
    "home": "/",
    "offline": "/player?id=cam_2-20260101",
    "unknown": "/player?id=nosuch",
    "malformed": "/player?id=%3Cb%3EX%3C/b%3E",
    "nameless": "/player",
}
MOMENTS = {"open", "preview", "speeds", "hint", "sheet"}
"""What the player's page has to bring up."""


def assert_manners(name: str, site: Site, paths: dict[str, str], browser: str = "chromium") -> list[dict[str, object]]:
    """Visit pages as a desktop and as a phone; returns what was seen at each moment."""
    assert site.login is not None
    browsers.install()
    visit = browsers.Visit(name, "manners.mjs", browser=browser, url=site.url, login=site.login, paths=paths)
    try:
        visit.wait_for("done", 60 + 40 * len(paths))
        seen, visited = visit.all_of("seen"), visit.all_of("visited")
    finally:
        visit.close()
    for moment in seen:
        where = f"{moment['page']}, {moment['size']}, {moment['moment']}"
        assert moment["faults"] == [], where
        assert moment["small"] == [], where
        assert (moment["shift"] or 0) < LEAST_SHIFT, where
    assert [one["violations"] for one in visited] == [[], []]
    assert [one["errors"] for one in visited] == [[], []]
    return seen


def moments(seen: list[dict[str, object]], page: str, size: str) -> set[object]:
    """What one page brought up at one size."""
    return {moment["moment"] for moment in seen if (moment["page"], moment["size"]) == (page, size)}


def test_live_or_with_nothing_to_play_every_page_is_accessible_and_keeps_to_its_policy(live: Live, alice: Site) -> None:
    seen = assert_manners("manners-live", alice, PAGES | {"live": f"/player?id={STREAM}"})
    assert live.publisher.running
    assert moments(seen, "live", "desktop") == moments(seen, "live", "phone") == MOMENTS


def test_a_replay_is_accessible_and_keeps_to_its_policy(ended: Ended, alice: Site) -> None:
    assert ended.viewer["event"] == "replay"
    seen = assert_manners("manners-replay", alice, {"home": "/", "replay": f"/player?id={STREAM}"})
    assert moments(seen, "replay", "desktop") == moments(seen, "replay", "phone") == MOMENTS


@pytest.mark.parametrize("browser", ["chromium", pytest.param("firefox", marks=pytest.mark.slow)])
def test_each_step_of_a_replay_shows_the_next_frame(ended: Ended, alice: Site, browser: str) -> None:
    assert ended.viewer["event"] == "replay"
    assert alice.login is not None
    browsers.install()
    url = f"{alice.url}/player?id={STREAM}"
    name = f"frames-{browser}"
    visit = browsers.Visit(name, "frames.mjs", browser=browser, url=url, login=alice.login, steps=STEPS)
    try:
        stepped = visit.wait_for("stepped", 180)
    finally:
        visit.close()
    for way in ("forward", "back", "elsewhere"):
        assert stepped[way]["exact"] == STEPS, f"{way}: {stepped[way]['wrong']}"
    assert stepped["hint"] == "One frame on"
