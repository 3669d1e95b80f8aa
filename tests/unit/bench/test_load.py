"""What viewers of the bench ask for, and what its figures are made of."""

from __future__ import annotations

import pytest

from bench import crowd, ingest, viewers
from bench.crowd import Request, Stream
from tests import media

STREAM = Stream("cup", ("cup-1000.ts", "cup-2000.ts", "cup-3000.ts"))


def test_a_viewer_asks_for_another_segment_every_second_and_begins_again_where_there_are_no_more() -> None:
    asked = crowd.pictures(STREAM, 4)
    assert [ms for ms, _ in asked] == [0, 1000, 2000, 3000]
    assert [path for _, path in asked] == [f"/hls/cup-{name}000.ts" for name in (1, 2, 3, 1)]


def test_a_short_run_shows_the_newest_segments() -> None:
    assert [path for _, path in crowd.pictures(STREAM, 2)] == ["/hls/cup-2000.ts", "/hls/cup-3000.ts"]


def test_five_viewers_ask_for_five_playlists_a_second_and_each_for_its_state_every_two() -> None:
    asked = crowd.lists(STREAM, 4)
    assert sum(path == "/hls/cup.m3u8" for _, path in asked) == 5 * 4
    assert sum(path == "/streams/cup.json" for _, path in asked) == 5 * 2
    assert [ms for ms, _ in asked] == sorted(ms for ms, _ in asked)


def test_viewers_who_come_evenly_are_counted_until_all_have_come() -> None:
    wave = crowd.Wave(100, 50, 10)
    assert [wave.present(at) for at in (99, 100, 102, 110, 999)] == [0, 0, 10, 50, 50]


@pytest.mark.parametrize(
    ("took", "status", "late"), [(0.9, 200, False), (1.1, 200, True), (0.1, 429, True), (0.1, -1, True)]
)
def test_a_segment_is_late_that_takes_longer_than_it_lasts_or_does_not_come(
    took: float, status: int, late: bool
) -> None:
    assert viewers.is_late(Request(0, status, took)) is late


def test_a_segment_belongs_to_the_time_in_which_the_next_one_begins() -> None:
    quiet, busy = viewers.cadence(["a-b-1000.ts", "a-b-2000.ts", "a-b-3500.ts"], 2.5)
    assert (quiet, busy) == ([1.0], [1.5])


def test_growth_in_proportion_is_straight_and_what_bends_is_told() -> None:
    assert ingest.straightness([(1, 2.0), (2, 4.0), (10, 20.0)]) == pytest.approx((1, 0))
    ratio, bent = ingest.straightness([(1, 2.0), (5, 10.0), (10, 40.0)])
    assert ratio == pytest.approx(2)
    assert bent > 10


def test_what_parts_use_is_added_window_by_window() -> None:
    one = ingest.Used({n: [1.0, 2.0] for n in ingest.STEPS}, {n: [5.0, 5.0] for n in ingest.STEPS})
    both = ingest.together([one, one])
    assert both.processor[10] == [2.0, 4.0]
    assert both.memory[1] == [10.0, 10.0]


NAMES = {name: f"way {name}" for name in ("bare", "cookie", "link", "network", "bare password", "password")}
WITNESS = viewers.Saturated(media.Pushed(600, 20.0, 0, ""), [1.0], [1.0, 1.1], 0.5, 1.9)


def runs(count: int, *, late: bool = True) -> list[viewers.Run]:
    return [viewers.Run(count, late, 1000, 0.2, 0.5, 0, [(0, 1.0), (100, 2.0)])]


def test_every_way_in_is_compared_with_the_bare_nginx_without_a_login() -> None:
    found = viewers.result({name: runs(100 if name == "bare" else 80) for name in NAMES}, NAMES, WITNESS, 0)
    goals = [figure.to_dict() for figure in found.figures if figure.what.startswith("viewers, ")]
    judged = [figure["what"] for figure in goals if figure["goals"] and not figure["goals"][0]["met"]]
    assert judged == [f"viewers, way {name}" for name in ("cookie", "link", "network", "password")]


def test_a_count_that_no_late_segment_has_ended_is_said_to_be_too_low() -> None:
    ways = {name: runs(100, late=name != "cookie") for name in NAMES}
    found = viewers.result(ways, NAMES, WITNESS, 0)
    assert [text.partition(":")[0] for text in found.remarks[1:]] == ["way cookie"]
