"""The order in which recordings appeared, kept across restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorder_yard import Yard, flv
from scrimbox_recorder.disk import Disk
from scrimbox_recorder.order import NAME, Order


def test_a_restart_remembers_the_order_and_forgets_what_has_left(tmp_path: Path) -> None:
    Order(tmp_path, Disk()).note(["cup-9.flv"])
    Order(tmp_path, Disk()).note(["cup-9.flv", "cup-5.flv"])
    assert Order(tmp_path, Disk()).note(["cup-5.flv", "cup-7.flv", "cup-9.flv"]) == (
        *("cup-9.flv", "cup-5.flv", "cup-7.flv"),
    )
    assert Order(tmp_path, Disk()).note(["cup-7.flv", "cup-5.flv"]) == ("cup-5.flv", "cup-7.flv")
    assert (tmp_path / NAME).read_text(encoding="ascii") == "cup-5.flv\ncup-7.flv\n"
    assert Order(tmp_path, Disk()).note([]) == ()
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("broken", [b"", b"cup-9.f", b"\xff\0\n\n\n", b"cup-5.flv\ncup-5.flv\n/etc/passwd\n"])
def test_a_broken_file_costs_only_the_order(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / NAME).write_bytes(broken)
    assert set(Order(tmp_path, Disk()).note(["cup-5.flv", "cup-9.flv"])) == {"cup-5.flv", "cup-9.flv"}


def test_nothing_is_written_while_nothing_comes_or_goes(tmp_path: Path) -> None:
    steps: list[str] = []
    order = Order(tmp_path, Disk(steps.append))
    for _ in range(3):
        order.note(["cup-9.flv"])
    assert steps == [f"append {NAME}"]


def test_parts_keep_their_order_when_the_recorder_restarts_after_the_clock_was_set_back(yard: Yard) -> None:
    first = yard.publish(data=flv(25))
    yard.segment(pts_ms=0)
    yard.later(3)
    yard.hang_up(first)
    yard.later(5)
    yard.wall_shift = -3600
    second = yard.publish(data=flv(50))
    yard.segment(pts_ms=0, fresh=True)
    yard.later(3)
    yard.restart()
    yard.later(3)
    yard.hang_up(second)
    yard.later(125, every=10)
    yard.finalise()
    yard.later(3)
    (replay,) = yard.document()["replays"]
    assert [round(part["duration"] / 0.04) for part in replay["parts"]] == [25, 50]
