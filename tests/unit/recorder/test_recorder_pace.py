"""The finalizer's pace: its rate, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable

from scrimbox_recorder.pace import Pace


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.said: list[str] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def pace(self, rate: float, needed: Callable[[], bool] = lambda: True) -> Pace:
        return Pace(rate, self.said.append, needed=needed, clock=lambda: self.now, sleep=self.sleep)


def test_a_rate_is_kept() -> None:
    clock = Clock()
    pace = clock.pace(10e6)
    pace.begin("copying", 100_000_000)
    for _ in range(100):
        pace(1_000_000)
    assert 8.9 < clock.now < 10.1


def test_time_that_was_lost_is_not_made_up_for_by_a_burst() -> None:
    clock = Clock()
    pace = clock.pace(10e6)
    pace.begin("copying", 200_000_000)
    clock.now = 1000.0
    for _ in range(100):
        pace(1_000_000)
    assert clock.now > 1008.5


def test_two_who_work_at_the_same_time_keep_the_rate_together() -> None:
    clock = Clock()
    one = clock.pace(10e6)
    other = one.beside()
    for pace in (one, other):
        pace.begin("copying", 50_000_000)
    for _ in range(50):
        one(1_000_000)
        other(1_000_000)
    assert 8.9 < clock.now < 10.1


def test_who_begins_gets_no_rate_of_their_own_from_others_who_are_waiting() -> None:
    clock = Clock()
    one = clock.pace(10e6)
    for _ in range(100):
        one.beside()(1_000_000)
    assert 8.9 < clock.now < 10.1


def test_without_a_rate_nobody_waits() -> None:
    clock = Clock()
    pace = clock.pace(0)
    pace.begin("copying", 100)
    pace(10**12)
    assert clock.now == 0.0


def test_a_rate_is_kept_only_while_it_is_needed_and_without_a_burst_where_it_is_again() -> None:
    clock = Clock()
    live: list[bool] = []
    pace = clock.pace(10e6, lambda: bool(live))
    pace.begin("copying", 300_000_000)
    for _ in range(100):
        pace(1_000_000)
    assert clock.now == 0.0
    live.append(True)
    clock.now = 100.0
    for _ in range(100):
        pace(1_000_000)
    assert 108.5 < clock.now < 110.1
    live.clear()
    clock.now = 200.0
    for _ in range(100):
        pace(1_000_000)
    assert clock.now == 200.0


def test_percent_and_speed_are_said_about_once_a_second_also_while_nothing_moves() -> None:
    clock = Clock()
    pace = clock.pace(10e6)
    pace.subject = "cup-20200913T122640Z"
    pace.begin("writing,", 40_000_000)
    for _ in range(20):
        pace(1_000_000)
    said = re.fullmatch(r"cup-20200913T122640Z: writing, (\d+) %, (\d+\.\d) MB/s", clock.said[-1])
    assert said
    assert 20 <= int(said[1]) <= 50
    assert 8 <= float(said[2]) <= 20
    assert 2 <= len(clock.said) <= 4
    before = len(clock.said)
    clock.now += 30
    pace.tick()
    pace.tick()
    assert len(clock.said) == before + 1


def test_a_long_wait_is_slept_in_short_pieces_so_that_the_watchdog_hears_something() -> None:
    clock = Clock()
    pace = clock.pace(1e6)
    pace.begin("copying", 60_000_000)
    pace(60_000_000)
    assert len(clock.said) > 10
