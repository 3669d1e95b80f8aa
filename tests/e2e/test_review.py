"""Two review what is live, in a browser each: one may write and the other sees it at once; the replay keeps it all."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import media
from tests.e2e import browsers
from tests.e2e.conftest import when_quiet
from tests.site import Site

STREAMS = {"chromium": "delta", "firefox": "charlie"}
"""Each engine writes about a stream of its own."""
SECONDS = 110
ONE_FRAME = 1
"""What a position between two pictures may be off, in frames."""
AT_ONCE = 3.0
"""Until others see what somebody has written, in seconds."""
UNDRAWN = 40
"""How far each part of a colour may be off that encoders have changed, of 255."""


@dataclass
class Session:
    """One engine's stream, and the two who review it."""

    stream: str
    publisher: media.Publisher
    visit: browsers.Visit

    def event(self, name: str, timeout: float = 240) -> dict[str, Any]:
        """What has been reported, in `timeout` seconds at most."""
        return self.visit.wait_for(name, timeout)


@pytest.fixture(scope="module")
def sessions(alice: Site, bob: Site, push: Callable[..., media.Publisher]) -> Iterator[dict[str, Session]]:
    """Every engine at once, so that they wait together."""
    browsers.install()
    found: dict[str, Session] = {}
    try:
        for browser, stream in STREAMS.items():
            if browsers.is_here(browser):
                when_quiet(alice, stream)
                url = f"{alice.url}/player?id={stream}"
                publisher = push(stream, seconds=SECONDS)
                visit = browsers.Visit(
                    f"review-{browser}", "review.mjs", browser=browser, url=url, login=alice.login, reader=bob.login
                )
                found[browser] = Session(stream, publisher, visit)
        yield found
    finally:
        for session in found.values():
            session.visit.close()
            session.publisher.kill()


@pytest.fixture(params=browsers.ENGINES)
def session(sessions: dict[str, Session], request: pytest.FixtureRequest) -> Session:
    """The review in one engine."""
    browsers.require(request.param)
    return sessions[request.param]


@pytest.mark.slow
def test_a_marker_is_seen_by_others_within_three_seconds(session: Session) -> None:
    took = session.event("marked")["took"]
    assert max(took) <= AT_ONCE, took


def test_a_marker_is_seen_by_others_in_list_and_bar(session: Session) -> None:
    marked = session.event("marked")
    notes = marked["seen"]["notes"]
    markers = [(note["said"], note["tag"], note["by"]) for note in notes if note["kind"] == "marker"]
    assert markers == [("lost the fight", "#mistake", "alice"), ("better", "", "alice")]
    assert marked["seen"]["marks"] == len(notes)


def test_after_0_00_is_here_moments_read_like_the_round(session: Session) -> None:
    clocks = [note["clock"] for note in session.event("marked")["seen"]["notes"]]
    assert sorted(clocks) == ["R7", "R7 0:00", "R7 0:03"]


def test_a_click_on_a_marker_shows_the_picture_that_was_marked(session: Session) -> None:
    marked = session.event("marked")
    assert abs(marked["back"]["number"] - marked["first"]["number"]) <= ONE_FRAME


def test_who_may_not_write_sees_everything_and_nothing_to_write_with(session: Session) -> None:
    seen = session.event("reader")
    assert [words[:4] for words in seen["tools"]] == ["Save", "Draw"]
    assert (seen["forms"], seen["strips"]) == (0, 0)
    assert seen["hint"] == "You can watch and save here, but not write."


def test_the_saved_frame_is_the_one_on_screen_and_is_called_by_its_moment(session: Session) -> None:
    seen = session.event("pictures")
    assert seen["frame"]["number"] == seen["shown"]["number"]
    assert seen["frame"]["size"] == [1280, 720]
    assert re.fullmatch(r"\w[\w ]+ \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\.png", seen["frame"]["name"])


def test_what_is_drawn_is_in_the_saved_picture_until_it_is_undone(session: Session) -> None:
    seen = session.event("pictures")
    red, green, blue = seen["drawn"]["drawn"]
    assert (red > 200, green < 130, blue < 150) == (True, True, True), seen["drawn"]
    for one, other in zip(seen["undone"]["drawn"], seen["frame"]["drawn"], strict=True):
        assert abs(one - other) <= UNDRAWN
    assert seen["drawn"]["number"] == seen["shown"]["number"]
    assert seen["open"] == 0, "Escape puts the pen away"


def test_markers_are_taken_along_as_text_json_and_csv_with_links(session: Session) -> None:
    taken = session.event("taken")
    (json_name, as_json), (csv_name, as_csv) = taken["files"]
    assert (json_name[-5:], csv_name[-4:]) == (".json", ".csv")
    links = [note["link"] for note in json.loads(as_json)["notes"]]
    rows = list(csv.DictReader(io.StringIO(as_csv.lstrip("\ufeff"))))
    assert [row["link"] for row in rows] == links
    assert len(links) == 3
    assert all(re.search(rf"id={session.stream}&t=[^#]+Z#R7-0:0\d$", link) for link in links), links
    title, *lines = taken["words"].splitlines()
    assert title
    assert lines[-1].startswith("R7 0:03 better (alice) http")


def test_what_one_has_taken_back_is_gone_for_others(session: Session) -> None:
    left = session.event("removed")["left"]
    assert "better" not in [note["said"] for note in left["notes"]]


def test_a_clip_of_what_is_live_is_exactly_what_was_chosen_and_about_as_large_as_was_said(
    session: Session, alice: Site, bob: Site, tmp_path: Path
) -> None:
    seen = session.event("clip")
    (clip,) = seen["ready"]["clips"]
    answer = bob.get(clip["url"])
    file = tmp_path / "clip.mp4"
    file.write_bytes(answer.body)
    numbers = [frame.number for frame in media.frames(file)]
    assert numbers == list(range(seen["first"]["number"], seen["last"]["number"] + 1))
    told = re.fullmatch(r"2\.\d s, about ([\d.]+) (kB|MB)\. Fits a chat \(10 MB\)\.", seen["beforehand"])
    assert told, seen["beforehand"]
    assert 0.5 < float(told[1]) * {"kB": 1e3, "MB": 1e6}[told[2]] / len(answer.body) < 2
    listed = [one["url"] for one in alice.get("/streams/index.json").json()["clips"]]
    assert clip["url"] in listed


def test_nothing_went_wrong_meanwhile(session: Session) -> None:
    for found in session.event("done")["found"]:
        assert (found["challenges"], found["violations"], found["errors"]) == ([], [], [])
        assert [failure for failure in found["failures"] if "/review/" in failure or "/write/" in failure] == []


@dataclass
class Replayed:
    """The replay of a reviewed session, and who names its match."""

    file: str
    labels: dict[str, str]
    visit: browsers.Visit


@pytest.fixture(scope="module")
def replays(sessions: dict[str, Session], alice: Site) -> Iterator[dict[str, Replayed]]:
    """Every engine's session has ended and is a replay."""
    found: dict[str, Replayed] = {}
    try:
        for session in sessions.values():
            session.event("done")
            session.publisher.stop()
        for browser, session in sessions.items():
            when_quiet(alice, session.stream)
            file = alice.get(f"/streams/{session.stream}.json").json()["replays"][0]["file"]
            labels = {
                "title": f"Final of {browser}",
                "opponent": "Foxes",
                "map": f"Dock {browser}",
                "tags": f"b{browser}",
            }
            visit = browsers.Visit(
                f"review-after-{browser}",
                "review-after.mjs",
                browser=browser,
                url=alice.url,
                path=f"/player?id={session.stream}&rec={file}",
                login=alice.login,
                labels=labels,
            )
            found[browser] = Replayed(file, labels, visit)
        yield found
    finally:
        for replayed in found.values():
            replayed.visit.close()


@pytest.fixture(params=browsers.ENGINES)
def replayed(replays: dict[str, Replayed], request: pytest.FixtureRequest) -> Replayed:
    """The replay in one engine."""
    browsers.require(request.param)
    return replays[request.param]


@pytest.mark.slow
def test_the_replay_has_the_markers_and_the_round_of_the_live_session(replayed: Replayed) -> None:
    notes = replayed.visit.wait_for("opened", 120)["notes"]
    assert ["R7 0:00", "lost the fight", "#mistake", "alice"] in notes
    assert [clock for clock, *_ in notes if clock == "R7"] == ["R7"]


@pytest.mark.slow
def test_what_a_match_was_is_found_on_the_home_page(replayed: Replayed) -> None:
    assert replayed.visit.wait_for("named", 120)["said"] == "Saved."
    found = replayed.visit.wait_for("found", 60)
    labels = replayed.labels
    (card,) = found["byLabel"]
    assert replayed.file in card["href"]
    assert card["title"] == labels["title"]
    assert card["chips"] == [f"vs {labels['opponent']}", labels["map"], f"#{labels['tags']}"]
    assert "Pinned" in card["facts"]
    assert [other["href"] for other in found["byTag"]] == [card["href"]]
    assert found["byOther"] == []


@pytest.mark.slow
def test_the_panel_can_be_used_without_eyes_or_a_mouse(replayed: Replayed) -> None:
    assert replayed.visit.wait_for("opened", 120)["faults"] == []
    assert replayed.visit.wait_for("named", 120)["faults"] == []
    done = replayed.visit.wait_for("done", 60)
    assert (done["challenges"], done["violations"], done["errors"]) == ([], [], [])
