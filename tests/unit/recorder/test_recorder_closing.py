"""The end of a session, with a power cut after every step and a publisher who returns after every step."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from recorder_yard import EPOCH, PowerCutError, Yard, flv, playlist_head

END = 121.0
"""Steady second at which the grace of the session has passed."""


@pytest.fixture
def yards(tmp_path: Path) -> Iterator[Yard]:
    return (Yard(tmp_path / str(number)) for number in itertools.count())


def ended_session(yard: Yard) -> Yard:
    """Two recordings of one session, its last data 121 s ago, everything published as interrupted."""
    first = yard.publish(data=flv(25))
    yard.segment(pts_ms=0)
    yard.later(1)
    yard.hang_up(first)
    yard.later(10)
    second = yard.publish(data=flv(50))
    yard.segment(pts_ms=0, fresh=True)
    yard.later(1.5)
    yard.hang_up(second)
    yard.later(118, every=9)
    assert yard.state() == "interrupted"
    return yard


def finish(yard: Yard) -> None:
    """Everything that is still to be done, done by processes that remember nothing."""
    yard.restart()
    yard.later(3)
    assert yard.playable()
    yard.finalise()
    yard.later(3)


def count_steps(yard: Yard) -> int:
    yard.steps.clear()
    yard.later(3)
    assert yard.state() == "processing"
    return len(yard.steps)


def test_a_power_cut_after_any_step_of_an_end_changes_nothing_in_the_end(yards: Iterator[Yard]) -> None:
    steps = count_steps(ended_session(next(yards)))
    reference = ended_session(next(yards))
    reference.later(3)
    finish(reference)
    for step in range(1, steps + 1):
        yard = ended_session(next(yards))
        with yard.dying_at(step):
            yard.later(3)
        assert len(yard.steps) == step
        assert yard.playable(), yard.steps
        yard.now = reference.now - 6
        finish(yard)
        assert yard.tree() == reference.tree(), yard.steps


def test_something_plays_after_every_step_of_an_end(yards: Iterator[Yard]) -> None:
    yard = ended_session(next(yards))
    broken: list[str] = []
    yard.at_step = lambda number, step: None if yard.playable() else broken.append(step)
    yard.later(3)
    yard.finalise()
    yard.later(3)
    assert yard.state() == "replay"
    assert broken == []


def test_something_plays_whenever_a_viewer_looks_during_a_finalisation(yards: Iterator[Yard]) -> None:
    yard = ended_session(next(yards))
    yard.later(3)
    states: list[tuple[str, bool]] = []

    def look(number: int, step: str) -> None:
        yard.at_step = lambda number, step: None
        yard.recorder.run()
        states.append((yard.state(), yard.playable()))
        yard.at_step = look

    yard.at_step = look
    yard.finalise()
    assert {playable for _, playable in states} == {True}
    assert [state for state, _ in states] == sorted(state for state, _ in states), "processing, then replay for good"
    assert states[-1] == ("replay", True)


class Returning:
    """A publisher who returns right after a step of the end: nginx reads the playlist, then opens the recording."""

    def __init__(self, yard: Yard, step: int) -> None:
        self.yard, self.step = yard, step
        self.name = ""
        self.restored = ""

    def __call__(self, number: int, step: str) -> None:
        if number == self.step:
            playlist = self.yard.config.hls / "cup.m3u8"
            self.restored = playlist.read_text(encoding="ascii") if playlist.exists() else playlist_head()
            self.name = self.yard.publish(data=b"")

    def send(self) -> str:
        """The first segment: nginx writes the playlist from what it had read. Its name."""
        self.yard.send(self.name, flv(75))
        (self.yard.config.hls / "cup.m3u8").write_text(self.restored, encoding="ascii")
        return self.yard.segment(fresh=True)


def test_a_publisher_who_returns_after_any_step_loses_nothing(yards: Iterator[Yard]) -> None:
    reference = ended_session(next(yards))
    steps = count_steps(reference)
    taken_away = next(number for number, step in enumerate(reference.steps, 1) if step.startswith("rename cup.m3u8 "))
    continued = set()
    for step in range(1, steps + 1):
        yard = ended_session(next(yards))
        publisher = Returning(yard, step)
        yard.steps.clear()
        yard.at_step = publisher
        yard.later(1.5)
        yard.later(1.5)
        assert yard.playable(), yard.steps
        segment = publisher.send()
        yard.later(3)
        assert (yard.state(), yard.playable()) == ("live", True), yard.steps[:step]
        closed = [path.read_text(encoding="ascii") for path in yard.config.hls.glob("cup.*.m3u8")]
        if closed:
            assert segment not in closed[0]
            listed = (yard.config.hls / "cup.m3u8").read_text(encoding="ascii")
            assert [line for line in listed.splitlines() if line.endswith(".ts")] == [segment], (
                "sessions share a playlist"
            )
        else:
            continued.add(step)
            listed = (yard.config.hls / "cup.m3u8").read_text(encoding="ascii")
            assert len([line for line in listed.splitlines() if line.endswith(".ts")]) == 3, "the window lost a part"
        yard.hang_up(publisher.name)
        yard.later(125, every=10)
        yard.finalise()
        yard.later(3)
        replays = yard.document()["replays"]
        assert sum(round(part["duration"] / 0.04) for replay in replays for part in replay["parts"]) == 25 + 50 + 75
        assert len(replays) == (2 if closed else 1), yard.steps[:step]
    assert continued == set(range(1, taken_away)), "once its playlist is taken away, a session is over"
    assert 1 < taken_away < steps


def test_a_power_cut_and_a_return_within_the_grace_goes_on_in_one_session(yards: Iterator[Yard]) -> None:
    steps = count_steps(ended_session(next(yards)))
    for step in range(1, steps + 1):
        yard = ended_session(next(yards))
        with yard.dying_at(step):
            yard.later(1.5)
        publisher = Returning(yard, 0)
        publisher(0, "")
        publisher.send()
        yard.restart()
        yard.later(3)
        assert (yard.state(), yard.playable()) == ("live", True), yard.steps
        yard.hang_up(publisher.name)
        yard.later(125, every=10)
        yard.finalise()
        yard.later(3)
        replays = yard.document()["replays"]
        assert sum(round(part["duration"] / 0.04) for replay in replays for part in replay["parts"]) == 150, yard.steps
        assert not list(yard.config.hls.glob(".*"))


def test_a_publisher_who_returns_after_any_step_loses_nothing_if_the_recorder_dies_after_any_later_one(
    yards: Iterator[Yard],
) -> None:
    steps = count_steps(ended_session(next(yards)))
    for back, death in itertools.combinations(range(1, steps + 3), 2):
        yard = ended_session(next(yards))
        publisher = Returning(yard, back)
        yard.steps.clear()

        def at(number: int, step: str, publisher: Returning = publisher, death: int = death) -> None:
            publisher(number, step)
            if number == death:
                raise PowerCutError(step)

        yard.at_step = at
        with contextlib.suppress(PowerCutError):
            yard.later(6)
        yard.at_step = lambda number, step: None
        if not publisher.name:
            continue
        publisher.send()
        yard.restart()
        yard.later(3)
        assert (yard.state(), yard.playable()) == ("live", True), (back, death, yard.steps)
        yard.hang_up(publisher.name)
        yard.later(125, every=10)
        yard.finalise()
        yard.later(3)
        replays = yard.document()["replays"]
        frames = [round(part["duration"] / 0.04) for replay in reversed(replays) for part in replay["parts"]]
        assert frames == [25, 50, 75], (back, death, yard.steps)


def test_a_session_never_takes_the_name_of_another(yard: Yard) -> None:
    taken = yard.config.recordings / "cup-20200913T122640Z.mp4"
    taken.write_text("mine", encoding="ascii")
    ended_session(yard)
    yard.later(3)
    yard.finalise()
    yard.later(3)
    assert taken.read_text(encoding="ascii") == "mine"
    assert [replay["file"] for replay in yard.document()["replays"]] == ["cup-20200913T122641Z"]


def test_two_recordings_of_the_same_name_are_both_kept(yard: Yard) -> None:
    for _ in range(2):
        yard.hang_up(yard.publish(label=1_600_000_000))
        yard.later(130)
    yard.finalise()
    yard.later(3)
    assert len(yard.document()["replays"]) == 2


def test_a_session_that_cannot_be_closed_stays_playable(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    ended_session(yard)
    obstacle = yard.config.finalizing / "cup-20200913T122640Z"
    obstacle.touch()
    yard.later(6)
    assert yard.playable()
    assert "cup: " in caplog.text
    obstacle.unlink()
    yard.later(6)
    yard.finalise()
    yard.later(3)
    assert yard.state() == "replay"


def test_a_job_names_what_the_finalizer_needs(yard: Yard) -> None:
    ended_session(yard)
    yard.later(3)
    (folder,) = [path for path in yard.config.finalizing.iterdir() if path.is_dir()]
    job = json.loads((folder / "session.json").read_text(encoding="utf-8"))
    assert (job["file"], job["title"], job["parts"]) == (folder.name, "The cup", sorted(job["parts"]))
    assert sorted(path.name for path in folder.glob("*.flv")) == job["parts"]
    assert len(list(folder.glob("*.clock"))) == 2


def test_every_segment_goes_after_a_session_also_the_one_that_no_playlist_lists(yard: Yard) -> None:
    """A worker that is killed leaves the segment that it was writing."""
    name = yard.publish(data=flv(25))
    yard.segment(pts_ms=0)
    yard.later(2)
    (yard.config.hls / f"cup-{int(yard.wall * 1000)}.ts").write_bytes(b"half")
    yard.later(60)
    assert len(list(yard.config.hls.glob("*.ts"))) == 2, "it is spared while its stream is live"
    yard.hang_up(name)
    yard.later(130, every=10)
    yard.finalise()
    # The files' own times, by which a closed playlist is kept, are this machine's.
    yard.wall_shift = time.time() - EPOCH + 3600
    yard.later(100)
    assert yard.state() == "replay"
    assert list(yard.config.hls.iterdir()) == []


@pytest.mark.parametrize("spoilt", [None, "", '{"file":', "[]", '{"file":"tea-20200913T122640Z"}'])
def test_a_job_whose_description_is_lost_is_finalised_all_the_same(yard: Yard, spoilt: str | None) -> None:
    ended_session(yard)
    yard.later(3)
    (described,) = yard.config.finalizing.glob("*/session.json")
    described.unlink() if spoilt is None else described.write_text(spoilt, encoding="ascii")
    yard.restart()
    yard.later(30)
    yard.finalise()
    yard.later(3)
    (replay,) = yard.document()["replays"]
    assert replay["file"] == described.parent.name
    assert [round(part["duration"] / 0.04) for part in replay["parts"]] == [25, 50]
    assert list(yard.config.set_aside.iterdir()) == []
    assert not described.parent.exists()
