"""The pages' manners, in a real browser: accessible, within their policy, still, and made for fingers too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e import browsers
from tests.e2e.conftest import STREAM, Ended, Live
from tests.media import FPS
from tests.site import Site

LEAST_SHIFT = 0.01
"""A layout that has shifted by less than this stands still to the eye; the field calls 0.1 good."""
STEPS, LIVE_STEPS = 130, 40
PAGES = {
    "offline": "/player?id=cam_2-20260101",
    "unknown": "/player?id=nosuch",
    "malformed": "/player?id=%3Cb%3EX%3C/b%3E",
    "nameless": "/player",
}
MOMENTS = {"open", "preview", "speeds", "hint", "sheet"}
"""What the player's page has to bring up."""

Visits = Callable[[str], browsers.Visit]


@pytest.fixture(scope="module")
def live_visits(live: Live, alice: Site) -> Iterator[Visits]:
    """The pages that show what is live, as a desktop and as a phone."""
    paths = {"home": "/", "live": f"/player?id={STREAM}", "studio": f"/studio?id={STREAM}"}
    assert live.publisher.running
    with browsers.side_by_side("manners-live", "manners.mjs", url=alice.url, login=alice.login, paths=paths) as visits:
        yield visits


@pytest.fixture(scope="module")
def replay_visits(ended: Ended, alice: Site) -> Iterator[Visits]:
    """The pages that show a replay, and those that show none, as a desktop and as a phone."""
    paths = PAGES | {"home": "/", "replay": f"/player?id={STREAM}"}
    assert ended.viewer["event"] == "replay"
    with browsers.side_by_side(
        "manners-replay", "manners.mjs", url=alice.url, login=alice.login, paths=paths
    ) as visits:
        yield visits


def assert_manners(visit: browsers.Visit) -> list[dict[str, object]]:
    """Nothing is wrong with the pages; returns what was seen at each moment."""
    visit.wait_for("done", 300)
    seen, visited = visit.all_of("seen"), visit.all_of("visited")
    for moment in seen:
        where = f"{moment['page']}, {moment['size']}, {moment['moment']}"
        assert moment["faults"] == [], where
        assert moment["small"] == [], where
        assert (moment["shift"] or 0) < LEAST_SHIFT, where
    for finding in ("violations", "errors", "stuck"):
        assert [one[finding] for one in visited] == [[], []], finding
    return seen


def moments(seen: list[dict[str, object]], page: str, size: str) -> set[object]:
    """What one page brought up at one size."""
    return {moment["moment"] for moment in seen if (moment["page"], moment["size"]) == (page, size)}


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_what_is_live_is_accessible_and_keeps_to_its_policy(live: Live, live_visits: Visits, browser: str) -> None:
    seen = assert_manners(live_visits(browser))
    assert live.publisher.running
    assert moments(seen, "live", "desktop") == moments(seen, "live", "phone") == MOMENTS


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_the_home_page_says_who_is_live(live: Live, live_visits: Visits, browser: str) -> None:
    home = live_visits(browser).wait_for("said", 60)
    assert live.publisher.running
    assert home["page"] == "home"
    assert f"/player?id={STREAM}" in home["links"]
    assert "live" in home["words"].lower()


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_the_streamer_s_page_says_what_arrives(live: Live, live_visits: Visits, browser: str) -> None:
    visit = live_visits(browser)
    visit.wait_for("done", 300)
    assert live.publisher.running
    pages = [one["words"] for one in visit.all_of("said") if one["page"] == "studio"]
    assert len(pages) == 2
    for words in pages:
        for said in ("On air since", "1280×720, 30 pictures a second", "every 1 s", "about 1.6 s later"):
            assert said in words


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_every_other_page_says_in_words_what_there_is(replay_visits: Visits, browser: str) -> None:
    visit = replay_visits(browser)
    visit.wait_for("done", 300)
    said = {one["page"]: one for one in visit.all_of("said")}
    assert (said["offline"]["state"], said["offline"]["source"]) == ("offline", "none")
    assert "not live" in said["offline"]["message"].lower()
    assert said["unknown"]["problem"] == "unknown"
    assert "nosuch" in said["unknown"]["message"]
    assert said["malformed"]["problem"] == "malformed"
    assert said["nameless"]["problem"] == "missing"
    assert "Café <b>\"Zug\"</b> & 'Co'" in said["offline"]["words"]


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_with_a_replay_or_nothing_to_play_every_page_is_accessible_and_keeps_to_its_policy(
    replay_visits: Visits, browser: str
) -> None:
    seen = assert_manners(replay_visits(browser))
    assert moments(seen, "replay", "desktop") == moments(seen, "replay", "phone") == MOMENTS


@pytest.fixture(scope="module")
def steppers(ended: Ended, alice: Site) -> Iterator[Visits]:
    """Viewers who step through the replay."""
    assert ended.viewer["event"] == "replay"
    url = f"{alice.url}/player?id={STREAM}"
    with browsers.side_by_side("frames", "frames.mjs", url=url, login=alice.login, steps=STEPS) as visits:
        yield visits


@pytest.fixture(scope="module")
def live_steppers(live: Live, alice: Site) -> Iterator[Visits]:
    """Viewers who step through what is live."""
    assert live.publisher.running
    url = f"{alice.url}/player?id={STREAM}"
    with browsers.side_by_side(
        "frames-live", "frames.mjs", url=url, login=alice.login, steps=LIVE_STEPS, live=True
    ) as visits:
        yield visits


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_each_step_of_what_is_live_shows_the_next_frame(live_steppers: Visits, browser: str) -> None:
    stepped = live_steppers(browser).wait_for("stepped", 90)
    for way in ("back", "forward"):
        assert stepped[way]["exact"] == LIVE_STEPS, f"{way}: {stepped[way]['wrong']}"


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_who_looks_back_beyond_the_joining_sees_every_moments_own_picture(live_steppers: Visits, browser: str) -> None:
    looks = live_steppers(browser).wait_for("jumped", 90)["looks"]
    assert len(looks) > 5
    off = [number - time * FPS for time, number in looks]
    assert max(off) - min(off) < 2, looks


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_each_step_of_a_replay_shows_the_next_frame(steppers: Visits, browser: str) -> None:
    stepped = steppers(browser).wait_for("stepped", 180)
    for way in ("forward", "back", "elsewhere"):
        assert stepped[way]["exact"] == STEPS, f"{way}: {stepped[way]['wrong']}"
    assert stepped["hint"] == "One frame on"
