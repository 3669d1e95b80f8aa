"""Two review what is live, in a browser each: one may write and the other sees it at once; the replay keeps it all."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests import media
from tests.e2e import browsers
from tests.e2e.conftest import when_quiet
from tests.site import Site

STREAMS = {"chromium": "delta", "firefox": "charlie"}
"""Each engine writes about a stream of its own."""
SECONDS = 110
AT_ONCE = 3.0
"""Until others see what somebody has written, in seconds."""
ONE_FRAME = 1
"""What a position between two pictures may be off, in frames."""
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


def test_a_marker_is_seen_by_others_within_three_seconds_in_list_and_bar(session: Session) -> None:
    marked = session.event("marked")
    assert max(marked["took"]) <= AT_ONCE, marked["took"]
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


def test_nothing_went_wrong_meanwhile(session: Session) -> None:
    for found in session.event("done")["found"]:
        assert (found["challenges"], found["violations"], found["errors"]) == ([], [], [])
        assert [failure for failure in found["failures"] if "/review/" in failure or "/write/" in failure] == []
