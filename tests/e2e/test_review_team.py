"""The review of a match of five: a clip of all views is ready soon, and whatever is opened can be seen and used."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from tests import media
from tests.conftest import BUILD
from tests.e2e import browsers
from tests.e2e.conftest import when_quiet
from tests.site import Site

pytestmark = pytest.mark.slow

VIEWS = ["view-a", "view-b", "view-c", "view-d", "view-e"]
SECONDS = 34
LENGTHS = (3, 15)
NOTES = [
    (4, "round", "R1", ""),
    (6, "marker", "First fight, nobody watches the left door", "mistake"),
    (9, "marker", "Good trade", "good"),
    (15, "round", "R2", ""),
    (17, "marker", "Try the slow push here next time? Two smokes, then the long way round the back", "idea"),
]


def iso(moment: float) -> str:
    """Epoch seconds as the notes have it."""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Ready:
    """Clips of all views that were ordered at once: after how many seconds each was there."""

    took: list[float]
    clips: list[dict[str, Any]]


@dataclass
class Team:
    """Five pushes of a match, and who reviews it."""

    site: Site
    began: float

    def write(self, **note: object) -> str:
        """Write a note as a page does; its ID."""
        note_id = secrets.token_hex(8)
        answer = self.site.get(f"/write/alice/{note_id}.json", method="PUT", body=json.dumps(note))
        assert answer.status == 201, answer.text
        return note_id

    def cut(self, start: float, length: float) -> Ready:
        """Order a clip of all views, as a viewer does, and wait until each can be watched."""
        times = {"from": iso(self.began + start), "to": iso(self.began + start + length)}
        began = time.monotonic()
        note_id = self.write(kind="clip", views=VIEWS, title=f"All of it, {length:g} s", **times)
        found: dict[str, tuple[float, dict[str, Any]]] = {}
        while len(found) < len(VIEWS):
            assert time.monotonic() < began + 60, f"of {VIEWS} there is {list(found)}"
            for clip in self.site.get("/streams/index.json").json()["clips"]:
                if note_id in clip["file"]:
                    found.setdefault(clip["view"], (time.monotonic() - began, clip))
            time.sleep(0.05)
        return Ready([took for took, _ in found.values()], [clip for _, clip in found.values()])


@pytest.fixture(scope="module")
def cut_live(
    alice: Site, alice_cookie: Site, publish_url: Callable[[str], str]
) -> Iterator[tuple[Team, dict[int, Ready]]]:
    """Clips that were cut while all five were live."""
    assert alice.login is not None
    for stream in VIEWS:
        when_quiet(alice_cookie, stream)
    pattern = media.pattern(BUILD / "media", SECONDS, scale=20)
    with contextlib.ExitStack() as closing:
        publishers = [media.Publisher(publish_url(stream), pattern) for stream in VIEWS]
        for publisher in publishers:
            closing.callback(publisher.kill)
        time.sleep(SECONDS - 10)
        team = Team(alice_cookie, max(publisher.sent_at(0) for publisher in publishers))
        yield team, {length: team.cut(3.3, length) for length in LENGTHS}
        for publisher in publishers:
            publisher.wait(60)


@pytest.fixture(scope="module")
def cut_replayed(cut_live: tuple[Team, dict[int, Ready]]) -> tuple[Team, dict[int, Ready]]:
    """The same out of the replays, among the notes of a team."""
    team, _ = cut_live
    deadline = time.monotonic() + 120
    while any(team.site.get(f"/streams/{stream}.json").json()["state"] != "replay" for stream in VIEWS):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    for moment, kind, text, tag in NOTES:
        said = {"text": text, "tag": tag} if kind == "marker" else {"text": text}
        team.write(kind=kind, view="view-a", time=iso(team.began + moment), **said)
    labels = {"opponent": "Foxes", "map": "Dock", "result": "13:9", "patch": "7.2", "tags": ["scrim", "new line-up"]}
    team.write(kind="label", view="view-a", time=iso(team.began + 1), **labels)
    return team, {length: team.cut(3.3, length) for length in LENGTHS}


def assert_soon(ready: Ready, length: float) -> None:
    """Each is there within two seconds and a tenth of its length."""
    assert {clip["view"] for clip in ready.clips} == set(VIEWS)
    assert all(clip["duration"] == pytest.approx(length, abs=0.1) for clip in ready.clips)
    assert max(ready.took) <= 2 + length / 10, sorted(round(took, 2) for took in ready.took)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_clip_of_five_live_views_is_ready_within_two_seconds_and_a_tenth(
    cut_live: tuple[Team, dict[int, Ready]], length: int
) -> None:
    assert_soon(cut_live[1][length], length)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_clip_of_five_replays_is_ready_within_two_seconds_and_a_tenth(
    cut_replayed: tuple[Team, dict[int, Ready]], length: int
) -> None:
    assert_soon(cut_replayed[1][length], length)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_panel_strips_pen_and_pages_can_be_used_without_eyes_and_with_a_finger(
    cut_replayed: tuple[Team, dict[int, Ready]], alice: Site, size: str
) -> None:
    browsers.install()
    file = alice.get("/streams/view-a.json").json()["replays"][0]["file"]
    visit = browsers.Visit(
        f"review-looks-{size}",
        "review-looks.mjs",
        url=alice.url,
        login=alice.login,
        replay=f"/player?id=view-a&rec={file}",
        match="/player?match=team",
        size=size,
    )
    with contextlib.closing(visit):
        done = visit.wait_for("done", 180)
    looked = {seen["moment"]: seen for seen in visit.all_of("looked")}
    wrong = {
        moment: found
        for moment, seen in looked.items()
        if any(found := {kind: seen[kind] for kind in ("faults", "overlaps", "small")}.values())
    }
    assert len(looked) == 14
    assert wrong == {}
    assert (done["violations"], done["errors"], done["failures"]) == ([], [], [])
