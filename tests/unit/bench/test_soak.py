"""How the hour of soak counts what replays lack."""

from __future__ import annotations

from itertools import pairwise

from bench import soak
from bench.soak import BREAK, GOODBYE, Push, Session, compare, pictures

BROKEN, ENDED = Push(2, BREAK, 1), Push(1, GOODBYE, 1)
FIRST, SECOND = list(pictures(0, BROKEN)), list(pictures(1, ENDED))


def compared(numbers: list[int]) -> tuple[int, int]:
    session = Session("cup", (BROKEN, ENDED))
    compare(session, numbers)
    return session.lost, session.cut


def test_a_replay_with_every_picture_lacks_nothing() -> None:
    assert compared(FIRST + SECOND) == (0, 0)


def test_pictures_at_the_end_of_a_connection_that_broke_off_are_cut_not_lost() -> None:
    assert compared(FIRST[:-3] + SECOND) == (0, 3)


def test_pictures_before_that_or_before_a_goodbye_are_lost() -> None:
    assert compared(FIRST[:10] + FIRST[11:-3] + SECOND) == (1, 3)
    assert compared(FIRST + SECOND[:-1]) == (1, 0)
    assert compared(FIRST[2:] + SECOND) == (2, 0)


def test_pictures_that_are_there_twice_out_of_order_or_were_never_sent_count_as_lost() -> None:
    assert compared([*FIRST, *SECOND, SECOND[-1]]) == (1, 0)
    assert compared(SECOND + FIRST) == (1, 0)
    assert compared([*FIRST, FIRST[-1] + 1, *SECOND]) == (1, 0)


def test_a_connection_that_left_nothing_is_lost_but_for_its_last_second() -> None:
    assert compared(SECOND) == (soak.media.FPS, soak.media.FPS)
    assert compared([]) == (2 * soak.media.FPS, soak.media.FPS)


def test_every_push_of_the_schedule_has_pictures_of_its_own_within_the_pattern() -> None:
    for session in soak.SESSIONS:
        ranges = [pictures(number, push) for number, push in enumerate(session)]
        assert all(one.stop <= two.start for one, two in pairwise(ranges))
        assert ranges[-1].stop <= soak.PATTERN_S * soak.media.FPS


def test_publishers_return_clearly_within_the_grace_or_clearly_after_it() -> None:
    grace = soak.SETTINGS["grace_seconds"]
    for session in soak.SESSIONS:
        assert all(push.away <= grace / 2 for push in session[:-1])
        assert session[-1].away >= grace * 1.5
