"""Several points of view where it is harder: nine of them, live beside a replay, and the engines of `make test-all`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from tests import media
from tests.conftest import BUILD
from tests.e2e import browsers, displays
from tests.e2e.conftest import when_quiet
from tests.e2e.test_views import LIVE, Match, Sample, assert_advances, assert_in_step, named
from tests.site import Site

pytestmark = pytest.mark.slow

NINE = ["view-a", "view-b", "view-c", "view-d", "view-e", "bravo", "charlie", "delta", "match123"]
SMALL = 5
"""Pictures of 320 x 180: nine of them are to be decoded by a small machine."""
LONG = 400
SHORT = 25
"""Seconds of the view that is over while the others go on."""


@dataclass
class Pushes:
    """Nine pushes, one of which is over already, and how to open a page of them."""

    site: Site
    publishers: dict[str, list[media.Publisher]]
    over: str
    environment: dict[str, str]

    def watch(self, name: str, link: str, browser: str, **plan: object) -> dict[str, Any]:
        """Open a link and watch; what was seen."""
        if browser in browsers.ENGINES:
            browsers.require(browser)
        url = f"{self.site.url}{link}"
        options: dict[str, Any] = {"samples": 25, "inspect": False, **plan}
        environment = self.environment if browser == "electron" else None
        visit = browsers.Visit(
            f"views-{name}-{browser}",
            "views-watch.mjs",
            browser=browser,
            environment=environment,
            url=url,
            login=self.site.login,
            **options,
        )
        with contextlib.closing(visit):
            seen = visit.wait_for("watched", 120)
            inspected = visit.wait_for("inspected", 30) if options["inspect"] else {}
            return {**inspected, **seen, "done": visit.wait_for("done", 30)}

    def match(self) -> Match:
        """To tell by which moment a picture shows."""
        return Match(self.publishers, pytest.fail)


@pytest.fixture(scope="module")
def pushes(
    alice: Site, publish_url: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pushes]:
    """Nine pushes; that of `view-b`, whose match the others of its group go on with, ends soon and becomes a replay."""
    assert alice.login is not None
    browsers.install()
    for stream in NINE:
        when_quiet(alice, stream)
    pattern = media.pattern(BUILD / "media", LONG, scale=SMALL)
    over = "view-b"
    with contextlib.ExitStack() as closing:
        publishers: dict[str, list[media.Publisher]] = {}
        for stream in NINE:
            publishers[stream] = [media.Publisher(publish_url(stream), pattern)]
            closing.callback(publishers[stream][0].kill)
        deadline = time.monotonic() + 30
        while any(alice.get(f"/streams/{stream}.json").json()["state"] != "live" for stream in NINE):
            assert time.monotonic() < deadline, "not all nine are live within 30 s"
            time.sleep(0.5)
        yield Pushes(alice, publishers, over, {"XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config"))})


def assert_well(seen: dict[str, Any]) -> None:
    """Nothing went wrong."""
    done = seen["done"]
    assert (done["violations"], done["errors"], done["failures"]) == ([], [], [])


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_nine_views_play_in_step(pushes: Pushes, browser: str) -> None:
    seen = pushes.watch("nine", f"/player?id={','.join(NINE)}", browser, views=len(NINE), inspect=True)
    samples: list[Sample] = seen["samples"]
    assert [view["id"] for view in samples[0]["views"]] == NINE
    assert all(view["number"] is not None and not view["absent"] for view in samples[-1]["views"])
    assert_in_step(pushes.match(), samples, LIVE)
    for stream in NINE:
        assert_advances(samples, stream)
    assert (seen["faults"], seen["overlaps"]) == ([], [])
    assert_well(seen)


@pytest.mark.parametrize("engine", displays.PLANS)
def test_the_engines_with_a_display_of_their_own_play_three_in_step(pushes: Pushes, engine: str) -> None:
    three = NINE[:3]
    seen = pushes.watch("three", f"/player?id={','.join(three)}", engine, views=len(three))
    assert_in_step(pushes.match(), seen["samples"], LIVE)
    for stream in three:
        assert_advances(seen["samples"], stream)
    assert_well(seen)


@pytest.fixture(scope="module")
def mixed(pushes: Pushes) -> Pushes:
    """One of the match has become a replay while the others are live."""
    publisher = pushes.publishers[pushes.over][0]
    time.sleep(max(0.0, SHORT - publisher.frames / media.FPS))
    publisher.stop()
    deadline = time.monotonic() + 120
    while pushes.site.get(f"/streams/{pushes.over}.json").json()["state"] != "replay":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert pushes.site.get("/streams/view-a.json").json()["state"] == "live"
    return pushes


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_a_replay_beside_what_is_live_shows_the_same_moment(mixed: Pushes, browser: str) -> None:
    moment = max(pushes[0].sent_at(0) for pushes in mixed.publishers.values()) + 3
    when = datetime.fromtimestamp(moment, timezone.utc).isoformat().replace("+", "%2B")
    seen = mixed.watch("mixed", f"/player?match=team&t={when}", browser, views=5, samples=20)
    assert_in_step(mixed.match(), seen["samples"], LIVE)
    for stream in NINE[:5]:
        assert_advances(seen["samples"], stream)
    assert_well(seen)


def test_who_watches_live_sees_of_a_view_that_is_over_that_it_is(mixed: Pushes) -> None:
    seen = mixed.watch("mixed-live", "/player?match=team", "chromium", views=4, inspect=True)
    for sample in seen["samples"]:
        gone = named(sample, mixed.over)
        assert (gone["absent"], gone["dim"], bool(gone["why"])) == (True, True, True)
    assert_in_step(mixed.match(), seen["samples"], LIVE)
    assert (seen["faults"], seen["overlaps"]) == ([], [])
    assert_well(seen)
