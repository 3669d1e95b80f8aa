"""Five points of view of one match, side by side: what all pictures show at one moment is one moment.

Every frame carries its number, and when it was sent is known: so the time of each picture is, and how far apart they
are. One publisher's encoder is slow (declared), one has a quick clock, one a jittery uplink, one drops for a while.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from tests import media
from tests.conftest import BUILD, Credentials
from tests.e2e import browsers
from tests.e2e.conftest import when_quiet
from tests.e2e.uplink import Uplink
from tests.site import Site

pytestmark = pytest.mark.slow

VIEWS = ["view-a", "view-b", "view-c", "view-d", "view-e"]
JITTERY, SLOW, QUICK, DROPPING = "view-b", "view-c", "view-d", "view-e"
DELAY = 0.7
"""The delay of the slow encoder in seconds, as the inventory declares it."""
CLOCK = 1 + 100e-6
LONG = 300
GONE = 6
"""For how many seconds the one that drops is gone, within the grace period."""
SECOND = 30 * 600
"""The number of its first frame afterwards."""
LIVE, REPLAY = 0.3, 0.08
"""How far apart the pictures may be, in seconds."""
OFTEN = 0.9
"""Of all samples, so many are in step; a shared machine holds up a frame now and then."""

View = dict[str, Any]
Sample = dict[str, Any]


@dataclass
class Match:
    """Five pushes that overlap, and who watches them."""

    publishers: dict[str, list[media.Publisher]]
    visit: Callable[[str], browsers.Visit]

    def moment(self, view: View) -> float:
        """When what a picture shows happened, in epoch seconds."""
        pushes = self.publishers[view["id"]]
        again = view["number"] >= SECOND
        taken = pushes[-1 if again else 0].sent_at(view["number"] - (SECOND if again else 0))
        return taken - (DELAY if view["id"] == SLOW else 0)

    def spread(self, sample: Sample, *, without: tuple[str, ...] = ()) -> float:
        """How far apart the pictures of a sample are, in seconds."""
        shown = [view for view in sample["views"] if view["number"] is not None and not view["absent"]]
        moments = [self.moment(view) for view in shown if view["id"] not in without]
        assert len(moments) > 1, sample
        return max(moments) - min(moments)


def assert_in_step(match: Match, samples: list[Sample], limit: float, **options: Any) -> None:
    """Nearly all samples show one moment, and none is far from it."""
    spreads = sorted(match.spread(sample, **options) for sample in samples)
    told = [round(1000 * spread) for spread in spreads]
    assert spreads[int(OFTEN * len(spreads)) - 1] <= limit, told
    assert spreads[-1] <= 2 * limit, told


def named(sample: Sample, name: str) -> View:
    """A view of a sample."""
    found: View = next(view for view in sample["views"] if view["id"] == name)
    return found


def assert_advances(samples: list[Sample], name: str) -> None:
    """A picture moves on as time does."""
    first, last = samples[0], samples[-1]
    frames = named(last, name)["number"] - named(first, name)["number"]
    assert frames / media.FPS == pytest.approx(last["now"] - first["now"], abs=0.5)


@pytest.fixture(scope="module")
def match(
    alice: Site, rtmp_address: tuple[str, int], publish_url: Callable[[str], str], credentials: Credentials
) -> Iterator[Match]:
    """Five pushes, each begun a little after the other, and each browser in turn on their match.

    Two that decode five pictures each are more than two cores can do, and it is the page that is tested.
    """
    assert alice.login is not None
    browsers.install()
    for stream in VIEWS:
        when_quiet(alice, stream)
    pattern = media.pattern(BUILD / "media", LONG, scale=10)
    with contextlib.ExitStack() as closing:
        uplink = closing.enter_context(contextlib.closing(Uplink(rtmp_address)))
        bursts = f"rtmp://127.0.0.1:{uplink.port}/live/{JITTERY}?key={credentials.publish_keys[JITTERY]}"
        publishers: dict[str, list[media.Publisher]] = {}
        for stream in VIEWS:
            url = bursts if stream == JITTERY else publish_url(stream)
            publishers[stream] = [media.Publisher(url, pattern, clock=CLOCK if stream == QUICK else 1.0)]
            closing.callback(publishers[stream][0].kill)
            time.sleep(0.7)
        link = f"{alice.url}/player?match=team"
        plan = {"login": alice.login, "url": link, "live": True, "stall": "view-d"}
        visit = closing.enter_context(browsers.one_after_another("views-live", "views.mjs", **plan))
        yield Match(publishers, visit)


@pytest.mark.parametrize("browser", browsers.ENGINES)
class TestLive:
    """While all five publish."""

    def test_the_pictures_show_one_moment(self, match: Match, browser: str) -> None:
        samples = match.visit(browser).wait_for("live", 120)["samples"]
        assert [view["id"] for view in samples[0]["views"]] == VIEWS
        assert_in_step(match, samples, LIVE)
        for stream in VIEWS:
            assert_advances(samples, stream)

    def test_one_view_is_heard_and_never_re_timed(self, match: Match, browser: str) -> None:
        for event, heard in (("live", "view-a"), ("chosen", "view-b")):
            for sample in match.visit(browser).wait_for(event, 120)["samples"]:
                assert [view["id"] for view in sample["views"] if not view["muted"]] == [heard]
                assert named(sample, heard)["rate"] == 1

    def test_a_digit_looks_at_a_view_and_with_shift_gives_it_the_sound(self, match: Match, browser: str) -> None:
        sample = match.visit(browser).wait_for("chosen", 120)["samples"][-1]
        assert [view["id"] for view in sample["views"] if view["focused"]] == ["view-c"]
        assert [view["id"] for view in sample["views"] if view["heard"]] == ["view-b"]

    def test_a_view_that_stalls_is_dimmed_stops_nobody_and_catches_up(self, match: Match, browser: str) -> None:
        seen = match.visit(browser).wait_for("stalled", 180)
        assert all(named(sample, "view-d")["dim"] for sample in seen["during"])
        for stream in VIEWS:
            if stream != "view-d":
                assert_advances([seen["before"], *seen["during"]], stream)
        assert_in_step(match, seen["after"], LIVE)

    def test_nothing_went_wrong(self, match: Match, browser: str) -> None:
        done = match.visit(browser).wait_for("done", 60)
        assert (done["violations"], done["errors"], done["challenges"]) == ([], [], [])


@pytest.fixture(scope="module")
def recorded(match: Match, alice: Site, publish_url: Callable[[str], str]) -> Iterator[Match]:
    """All five have ended, one of them after a drop, and their replays are watched."""
    for browser in browsers.ENGINES:
        if browsers.is_here(browser):
            match.visit(browser).wait_for("done", 240)
    after = media.pattern(BUILD / "media", LONG, scale=10, first=SECOND)
    match.publishers[DROPPING][0].stop()
    time.sleep(GONE)
    back = media.Publisher(publish_url(DROPPING), after, seconds=20)
    match.publishers[DROPPING].append(back)
    back.wait(60)
    for pushes in match.publishers.values():
        pushes[-1].stop()
    deadline = time.monotonic() + 120
    while any(alice.get(f"/streams/{stream}.json").json()["state"] != "replay" for stream in VIEWS):
        assert time.monotonic() < deadline, "the replays took more than two minutes"
        time.sleep(1)
    first = min(pushes[0].sent_at(0) for pushes in match.publishers.values())
    last = max(pushes[-1].sent_at(pushes[-1].frames) for pushes in match.publishers.values())
    gap = back.sent_at(0) - GONE / 2
    plan = {
        "login": alice.login,
        "url": f"{alice.url}/player?match=team",
        "live": False,
        "place": 0.1,
        "gap": (gap - first) / (last - first),
    }
    with browsers.one_after_another("views-replay", "views.mjs", **plan) as visit:
        yield Match(match.publishers, visit)


@pytest.mark.parametrize("browser", browsers.ENGINES)
class TestReplay:
    """When all have ended."""

    def test_the_pictures_show_one_moment(self, recorded: Match, browser: str) -> None:
        samples = recorded.visit(browser).wait_for("replay", 120)["samples"]
        assert_in_step(recorded, samples, REPLAY)
        for stream in VIEWS:
            assert_advances(samples, stream)

    def test_a_frame_step_moves_the_focused_view_by_one_frame_and_all_others_along(
        self, recorded: Match, browser: str
    ) -> None:
        stood = recorded.visit(browser).wait_for("stepped", 120)["stood"]
        numbers = [named(sample, "view-a")["number"] for sample in stood]
        assert [after - before for before, after in itertools.pairwise(numbers)] == [1] * 5
        assert max(recorded.spread(sample) for sample in stood) <= REPLAY
        assert all(view["paused"] for sample in stood for view in sample["views"])

    @pytest.mark.parametrize(("name", "speed"), [("slow", 0.75), ("usual", 1.0), ("quick", 1.25)])
    def test_all_play_at_the_chosen_speed(self, recorded: Match, browser: str, name: str, speed: float) -> None:
        samples = recorded.visit(browser).wait_for("speeds", 120)[name]
        assert all(named(sample, "view-a")["rate"] == speed for sample in samples)
        assert_in_step(recorded, samples, REPLAY * max(1.0, speed))

    def test_while_scrubbing_only_the_focused_view_seeks_and_the_others_follow_on_release(
        self, recorded: Match, browser: str
    ) -> None:
        seen = recorded.visit(browser).wait_for("scrubbed", 120)
        focused = recorded.moment(named(seen["during"], "view-a"))
        others = [recorded.moment(view) for view in seen["during"]["views"] if view["id"] != "view-a"]
        assert all(abs(moment - focused) > 1 for moment in others)
        assert_in_step(recorded, seen["after"], REPLAY)

    def test_a_loop_holds_for_all(self, recorded: Match, browser: str) -> None:
        seen = recorded.visit(browser).wait_for("looped", 120)
        assert seen["from"] < seen["to"]
        assert all(seen["from"] - 1 <= sample["wall"] <= seen["to"] + 1 for sample in seen["samples"])

    def test_the_same_part_of_the_picture_is_enlarged_in_every_view(self, recorded: Match, browser: str) -> None:
        seen = recorded.visit(browser).wait_for("zoomed", 120)
        assert len(set(seen["large"])) == 1
        assert "scale(1.56" in seen["large"][0]
        assert set(seen["whole"]) == {""}

    def test_a_gap_of_one_stream_is_a_gap_on_its_row_and_the_others_go_on(self, recorded: Match, browser: str) -> None:
        seen = recorded.visit(browser).wait_for("gap", 120)
        assert seen["pieces"] == [1, 1, 1, 1, 2]
        first, last = seen["samples"][0], seen["samples"][-1]
        assert named(first, DROPPING)["absent"] or named(last, DROPPING)["number"] >= SECOND
        assert_advances(seen["samples"], "view-a")

    def test_who_cannot_see_finds_everything_and_nothing_lies_upon_another(self, recorded: Match, browser: str) -> None:
        seen = recorded.visit(browser).wait_for("inspected", 120)
        assert (seen["faults"], seen["overlaps"]) == ([], [])

    def test_nothing_went_wrong(self, recorded: Match, browser: str) -> None:
        done = recorded.visit(browser).wait_for("done", 120)
        assert (done["violations"], done["errors"], done["challenges"], done["failures"]) == ([], [], [], [])


def test_on_a_phone_one_view_plays_and_a_finger_goes_to_the_next(recorded: Match, alice: Site) -> None:
    recorded.visit("chromium").wait_for("done", 240)
    url = f"{alice.url}/player?id={','.join(VIEWS[1:4])}"
    plan = {"browser": "chromium", "url": url, "login": alice.login, "views": VIEWS[1:3]}
    with contextlib.closing(browsers.Visit("views-phone", "views-phone.mjs", **plan)) as visit:
        seen = visit.wait_for("swiped", 120)
        done = visit.wait_for("done", 30)
    for sample in (seen["first"], seen["before"], seen["next"], seen["back"]):
        assert sum(view["number"] is not None for view in sample["views"]) == 1, "one view is loaded"
    # The same moment of the match goes on in the other view.
    (one,) = (view for view in seen["before"]["views"] if view["number"] is not None)
    (other,) = (view for view in seen["next"]["views"] if view["number"] is not None)
    passed = seen["next"]["now"] - seen["before"]["now"]
    assert -0.5 <= recorded.moment(other) - recorded.moment(one) <= passed + 0.5
    assert (seen["wrong"]["faults"], seen["wrong"]["small"], seen["wrong"]["overlaps"]) == ([], [], [])
    assert (done["violations"], done["errors"], done["failures"]) == ([], [], [])


def test_who_may_write_aligns_a_match_for_everyone_and_marks_the_moment(
    recorded: Match, alice: Site, bob: Site
) -> None:
    recorded.visit("chromium").wait_for("done", 240)
    frames = 4
    sooner = -frames / media.FPS
    # A moment that all views have.
    moment = max(pushes[0].sent_at(0) for pushes in recorded.publishers.values()) + 5
    url = f"/player?match=team&t={datetime.fromtimestamp(moment, timezone.utc).isoformat()}"

    def lead(sample: Sample) -> float:
        return recorded.moment(named(sample, JITTERY)) - recorded.moment(named(sample, "view-a"))

    def visit(name: str, site: Site, frames: int) -> browsers.Visit:
        plan = {"browser": "chromium", "url": site.url + url.replace("+", "%2B"), "login": site.login, "view": 2}
        return browsers.Visit(f"views-{name}", "views-align.mjs", frames=frames, **plan)

    with contextlib.closing(visit("align", alice, frames)) as aligning:
        before = aligning.wait_for("before", 90)
        aligned = aligning.wait_for("aligned", 60)
        after = aligning.wait_for("after", 30)
        marked = aligning.wait_for("marked", 30)
    assert aligned["said"] == "Aligned for everyone."
    assert lead(aligned["moved"]) - lead(before) == pytest.approx(-sooner, abs=0.5 / media.FPS)
    assert lead(after) - lead(before) == pytest.approx(-sooner, abs=1.5 / media.FPS)
    assert marked["whole"], "the form to write in is not all to be seen"
    assert marked["mark"] == pytest.approx(marked["head"], abs=2), (
        "a marker of a view that was moved is where it was set"
    )
    deadline = time.monotonic() + 10
    while (told := alignment(alice, JITTERY)) == 0:
        assert time.monotonic() < deadline, "the alignment did not arrive within 10 s"
        time.sleep(0.5)
    assert told == pytest.approx(1000 * sooner, abs=40)
    with contextlib.closing(visit("aligned", bob, 0)) as looking:
        assert lead(looking.wait_for("before", 90)) - lead(before) == pytest.approx(-sooner, abs=1.5 / media.FPS)


def alignment(site: Site, stream: str) -> int:
    """By how many ms the stream's session in the newest match of the team is moved."""
    newest = next(match for match in site.get("/streams/index.json").json()["matches"] if match["group"] == "team")
    found: int = next(one["alignment_ms"] for one in newest["sessions"] if one["id"] == stream)
    return found
