"""Matches: which sessions belong together, and links that stay."""

from __future__ import annotations

from recorder_yard import Yard, flv
from scrimbox_recorder import choices, matches
from scrimbox_recorder.choices import Choices
from scrimbox_recorder.matches import Sitting
from scrimbox_recorder.names import file_name

HOUR = 3600.0


def sitting(stream: str, started: float, ended: float | None, group: str = "team", match: str = "") -> Sitting:
    return Sitting(file_name(stream, int(started)), group, started, ended, match)


def streams(match: matches.Match) -> list[str]:
    return [member.stream for member in match.sittings]


def test_overlapping_sessions_of_a_group_are_a_match_named_by_its_beginning() -> None:
    found = matches.find([sitting("b", 1800, 5400), sitting("a", 0, HOUR)])
    assert [(match.id, match.group, streams(match)) for match in found] == [
        ("team-19700101T000000Z", "team", ["a", "b"])
    ]


def test_sessions_that_only_touch_or_of_other_groups_are_none() -> None:
    assert matches.find([sitting("a", 0, HOUR), sitting("b", HOUR, 2 * HOUR)]) == []
    assert matches.find([sitting("a", 0, HOUR), sitting("b", 0, HOUR, group="rivals")]) == []
    assert matches.find([sitting("a", 0, HOUR, group=""), sitting("b", 0, HOUR, group="")]) == []


def test_a_live_session_overlaps_everything_after_its_beginning() -> None:
    (match,) = matches.find([sitting("a", 0, None), sitting("b", 5 * HOUR, 6 * HOUR), sitting("c", 7 * HOUR, None)])
    assert streams(match) == ["a", "b", "c"]


def test_a_chain_of_overlaps_is_one_match_and_the_newest_comes_first() -> None:
    chain = [sitting("a", 0, 100), sitting("b", 50, 150), sitting("c", 120, 200)]
    later = [sitting("a", 1000, 1100), sitting("b", 1000, 1100)]
    assert [streams(match) for match in matches.find([*chain, *later])] == [["a", "b"], ["a", "b", "c"]]


def test_a_match_keeps_its_id_when_its_first_session_or_the_one_between_has_been_deleted() -> None:
    name = "team-19700101T000000Z"
    left = [sitting("b", 50, 150, match=name), sitting("c", 200, 300, match=name)]
    assert [(match.id, streams(match)) for match in matches.find(left)] == [(name, ["b", "c"])]
    assert [match.id for match in matches.find(left[:1])] == [name]


def two_streams(yard: Yard) -> tuple[str, str]:
    first = yard.publish("alpha")
    yard.segment("alpha")
    yard.later(3)
    second = yard.publish("bravo")
    yard.segment("bravo")
    yard.later(3)
    return first, second


def test_a_match_is_listed_while_live_and_afterwards_under_the_same_id(grouped: Yard) -> None:
    first, second = two_streams(grouped)
    (live,) = grouped.document("index")["matches"]
    assert [session["id"] for session in live["sessions"]] == ["alpha", "bravo"]
    assert [session["ended"] for session in live["sessions"]] == [None, None]
    for name in (first, second):
        grouped.hang_up(name)
    grouped.later(130, every=10)
    (waiting,) = grouped.document("index")["matches"]
    grouped.finalise()
    grouped.later(3)
    (over,) = grouped.document("index")["matches"]
    assert live["id"] == waiting["id"] == over["id"]
    assert all(session["ended"] for session in over["sessions"])
    listed = grouped.document("index")["replays"]
    assert {replay["match"] for replay in listed} == {live["id"]}
    assert {replay["group"] for replay in listed} == {"team"}


def test_what_is_left_of_a_match_keeps_its_link_after_a_clean_up(grouped: Yard) -> None:
    for name in two_streams(grouped):
        grouped.hang_up(name)
    grouped.later(130, every=10)
    grouped.finalise()
    grouped.later(3)
    (before,) = grouped.document("index")["matches"]
    gone = before["sessions"][0]["file"]
    for path in grouped.config.recordings.glob(f"{gone}.*"):
        path.unlink()
    grouped.restart()
    grouped.later(3)
    (after,) = grouped.document("index")["matches"]
    assert (after["id"], len(after["sessions"])) == (before["id"], 1)


def test_an_alignment_is_kept_beside_the_recording_and_shown_while_live_and_after(grouped: Yard) -> None:
    names = two_streams(grouped)
    (live,) = grouped.document("index")["matches"]
    file = live["sessions"][1]["file"]
    choices.save(grouped.disk, grouped.config.recordings, file, Choices(alignment_ms=-120))
    grouped.later(3)
    assert grouped.document("index")["matches"][0]["sessions"][1]["alignment_ms"] == -120
    for name in names:
        grouped.hang_up(name)
    grouped.later(130, every=10)
    grouped.finalise()
    grouped.later(3)
    assert grouped.document("index")["matches"][0]["sessions"][1]["alignment_ms"] == -120


def test_a_stream_without_a_group_is_in_no_match(grouped: Yard) -> None:
    for stream in ("cup", "alpha"):
        grouped.publish(stream, flv())
        grouped.segment(stream)
    grouped.later(3)
    assert grouped.document("index")["matches"] == []
