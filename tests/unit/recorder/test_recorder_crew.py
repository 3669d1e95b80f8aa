"""Pieces of work at the same time: so many at the most, and what became of each is heard."""

from __future__ import annotations

import threading

import pytest
from scrimbox_recorder.crew import Crew

LONG = 20.0


def test_pieces_are_done_at_the_same_time() -> None:
    crew, meeting = Crew(2), threading.Barrier(2, timeout=LONG)
    for name in ("one", "other"):
        crew.begin(name, lambda: meeting.wait() and None)
    assert crew.full
    heard = {crew.hear(LONG), crew.hear(LONG)}
    assert heard == {("one", None), ("other", None)}
    assert not crew.busy


@pytest.mark.parametrize("fault", [ValueError("x"), SystemExit(1)])
def test_what_a_piece_raised_is_heard(fault: BaseException) -> None:
    crew = Crew(1)

    def work() -> None:
        raise fault

    crew.begin("one", work)
    assert crew.hear(LONG) == ("one", fault)


def test_a_piece_counts_as_being_worked_on_until_it_has_been_heard_of() -> None:
    crew, go = Crew(1), threading.Event()
    crew.begin("one", lambda: go.wait(LONG) and None)
    assert crew.hear(0) is None
    assert "one" in crew
    go.set()
    assert crew.hear(LONG) == ("one", None)
    assert "one" not in crew


def test_where_nothing_is_done_nobody_waits() -> None:
    assert Crew(1).hear(1e6) is None
