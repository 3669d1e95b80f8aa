"""What is made of the ends of streams, and what a viewer is counted to have missed."""

from __future__ import annotations

from bench.replay import Ended, result

COPIED = 200e6


def test_the_goal_is_the_grace_two_seconds_and_twice_the_time_of_a_copy() -> None:
    found = result(
        {"1 min": (Ended(17.0, 45_000_000, 200, []), COPIED), "1 h": (Ended(60, 2_700_000_000, 900, []), COPIED)}, 15
    )
    minute, hour, missing, copied = found.figures
    assert [goal.limit for goal in minute.goals] == [17.4]
    assert [goal.limit for goal in hour.goals] == [44.0]
    assert minute.to_dict()["goals"][0]["met"]
    assert not hour.to_dict()["goals"][0]["met"]
    assert missing.to_dict()["goals"][0]["met"]
    assert copied.runs == [200.0]
    assert found.remarks == []


def test_every_moment_without_anything_to_play_counts_and_is_named() -> None:
    gaps = ["12.5: the state is offline, nothing can be played", "12.6: /hls/a.m3u8 was answered with 404"]
    found = result({"1 min": (Ended(17.0, 1, 200, gaps), COPIED), "1 h": (Ended(9.0, 1, 9, []), COPIED)}, 15)
    assert not found.figures[2].to_dict()["goals"][0]["met"]
    assert all(gap in found.remarks[0] for gap in gaps)
