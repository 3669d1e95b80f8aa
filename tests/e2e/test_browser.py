"""A viewer in a real browser who opens the link once and stays on the page from live to replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests import media
from tests.e2e import browsers
from tests.e2e.conftest import STREAM, Course, Ended, Live, when_quiet
from tests.site import Site

BRIGHTNESS, CONTRAST = 40, 100
"""Least mean and range of the picture's levels, of 255: a black or a grey frame has neither."""


def assert_moves(first: dict[str, object], second: dict[str, object], seconds: float) -> None:
    """The picture went on between two looks, in the video's time and in what it shows."""
    for seen in (first, second):
        assert seen["size"] == [1280, 720]
        assert seen["brightness"] > BRIGHTNESS  # type: ignore[operator]
        assert seen["contrast"] > CONTRAST  # type: ignore[operator]
        assert not seen["paused"]
    advanced = second["time"] - first["time"]  # type: ignore[operator]
    shown = (second["number"] - first["number"]) / media.FPS  # type: ignore[operator]
    assert advanced == pytest.approx(seconds, abs=0.5 * seconds)
    assert shown == pytest.approx(advanced, abs=0.4)


def assert_course(viewer: browsers.Visit) -> None:
    """Everything that one viewer reported is as it should be."""
    seen = viewer.wait_for("live", 60)
    assert seen["first"]["state"] == "live"
    assert_moves(seen["first"], seen["second"], 3)
    sought = viewer.wait_for("seeked", 90)
    before, after, back = sought["before"], sought["after"], sought["back"]
    assert after["source"] == "hls"
    assert (after["number"] - before["number"]) / media.FPS == pytest.approx(3 - 10, abs=1.5)
    assert after["buttons"]["live"].startswith("−"), "the live button says how far behind the viewer is"
    assert back["number"] > before["number"]
    ended = viewer.wait_for("replay", 120)
    assert ended["arrived"]["source"] == "mp4"
    assert ended["first"]["state"] == "replay"
    assert ended["first"]["door"] == "playlist"
    assert_moves(ended["first"], ended["second"], 2)
    done = viewer.wait_for("done", 30)
    assert done["violations"] == []
    assert done["errors"] == []
    assert done["challenges"] == []
    assert done["stuck"] == []


def test_the_page_opens_and_plays_live(live: Live) -> None:
    assert live.watching.wait_for("opened", 30)["status"] == 200
    seen = live.watching.wait_for("live", 60)
    assert_moves(seen["first"], seen["second"], 3)


def test_seeking_back_ten_seconds_shows_what_was_ten_seconds_ago(live: Live) -> None:
    sought = live.watching.wait_for("seeked", 90)
    shown = (sought["after"]["number"] - sought["before"]["number"]) / media.FPS
    assert shown == pytest.approx(3 - 10, abs=1.5)


def test_the_viewer_stays_from_live_to_replay_and_never_meets_an_error(live: Live, ended: Ended) -> None:
    assert ended.viewer["event"] == "replay"
    assert_course(live.watching)
    course = ended.viewer["course"]
    assert [seen["source"] for seen in course if seen["source"] == "none"] == []
    assert [seen["problem"] for seen in course if seen["problem"]] == []


@pytest.fixture
def other_viewer(alice: Site, alice_cookie: Site, push: Callable[..., media.Publisher]) -> Iterator[browsers.Visit]:
    """Firefox before a stream of its own."""
    assert alice.login is not None
    browsers.install()
    when_quiet(alice_cookie, "bravo")
    publisher = push("bravo", seconds=45)
    course = Course(alice_cookie, "bravo")
    viewer = browsers.viewer("firefox", f"{alice.url}/player?id=bravo", alice.login, until="replay", browser="firefox")
    yield viewer
    viewer.close()
    publisher.kill()
    course.stop()


@pytest.mark.slow
def test_firefox_does_the_same(other_viewer: browsers.Visit) -> None:
    assert_course(other_viewer)


PAGES = {
    "home": "/",
    "offline": "/player?id=cam_2-20260101",
    "unknown": "/player?id=nosuch",
    "malformed": "/player?id=%3Cb%3EX%3C/b%3E",
    "nameless": "/player",
}


def test_every_other_page_says_in_words_what_there_is(live: Live, alice: Site) -> None:
    assert alice.login is not None
    visit = browsers.Visit("pages", "pages.mjs", url=alice.url, login=alice.login, paths=PAGES)
    try:
        done = visit.wait_for("done", 60)
        seen = {name: visit.wait_for(name, 1) for name in PAGES}
    finally:
        visit.close()
    assert live.publisher.running
    assert f"/player?id={STREAM}" in seen["home"]["links"]
    assert "live" in seen["home"]["words"].lower()
    assert (seen["offline"]["state"], seen["offline"]["source"]) == ("offline", "none")
    assert "not live" in seen["offline"]["message"].lower()
    assert seen["unknown"]["problem"] == "unknown"
    assert "nosuch" in seen["unknown"]["message"]
    assert seen["malformed"]["problem"] == "malformed"
    assert seen["nameless"]["problem"] == "missing"
    assert "Café <b>\"Zug\"</b> & 'Co'" in seen["offline"]["words"]
    assert (done["violations"], done["errors"], done["stuck"]) == ([], [], [])
