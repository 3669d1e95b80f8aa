"""Where the pictures of a clip are: a replay, or as long as there is none, the raw recordings of the session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import flv_range, jobs, measure
from .clock import Measurement, fit
from .config import Config
from .disk import is_being_written
from .documents import Document
from .flv import AUDIO, VIDEO
from .names import iso_seconds, recording
from .replays import Replays
from .watch import EMPTY

Points = Sequence["tuple[float, float]"]
"""Clock points: second of the file, wall clock in epoch seconds; ascending."""


@dataclass(frozen=True)
class Stretch:
    """A part of a file with its clock, from one second of the file to another."""

    points: Points
    begins: float
    ends: float

    def wall(self, second: float) -> float:
        """Wall clock of a second of the file."""
        return along(self.points, second)

    def second(self, wall: float) -> float:
        """Second of the file at a wall clock time."""
        return along([(wall, second) for second, wall in self.points], wall)

    def overlap(self, start: float, end: float) -> float:
        """Seconds that it has of the time from `start` to `end` (wall clock); negative: it has nothing."""
        return min(end, self.wall(self.ends)) - max(start, self.wall(self.begins))


@dataclass(frozen=True)
class Raw:
    """A raw recording; seconds count from its own timestamps' zero. `open`: more may come."""

    path: Path
    stretch: Stretch
    open: bool


def along(points: Points, value: float) -> float:
    """Follow the straight lines through the points, as the player does; outside of them one second is one second."""
    before, after = points[0], None
    for point in points:
        if point[0] > value:
            after = point
            break
        before = point
    if after is None or after is before or after[0] == before[0]:
        return before[1] + value - before[0]
    return before[1] + (value - before[0]) * (after[1] - before[1]) / (after[0] - before[0])


def stretches(replay: Document) -> list[Stretch]:
    """The parts of a replay."""
    found = []
    for part in replay["parts"]:
        clock = part["clock"] or [[part["offset"], part["started"]]]
        points = [(float(second), iso_seconds(wall)) for second, wall in clock]
        found.append(Stretch(points, part["offset"], part["offset"] + part["duration"]))
    return found


def place(parts: Sequence[Stretch], start: float, end: float) -> tuple[float, float] | None:
    """The seconds of a file between which a clip lies, `start` and `end` being wall clock; None if it has nothing.

    Where nothing was received, the clip begins with what came next and ends with what came before.
    """
    within = [part for part in parts if part.overlap(start, end) >= 0]
    if not within:
        return None
    first, last = within[0], within[-1]
    return max(first.begins, first.second(start)), min(last.second(end), last.ends)


def replay_of(replays: Replays, view: str, start: float, end: float) -> tuple[Document | None, float]:
    """The replay of a stream that has most of a time, and how many seconds; None where none has anything of it."""
    best, most = None, float("-inf")
    for replay in replays.newest_first():
        if replay["id"] != view:
            continue
        # A clip of one frame may have no length: nought is something, less is nothing.
        overlaps = [overlap for part in stretches(replay) if (overlap := part.overlap(start, end)) >= 0]
        if overlaps and sum(overlaps) > most:
            best, most = replay, sum(overlaps)
    return best, most


def raws(config: Config, view: str, start: float, end: float) -> list[Raw]:
    """The raw recordings of a stream that have something of a time, or may get it; in their order."""
    found = []
    for path, delay in _recordings(config, view):
        status = path.stat() if path.exists() else None
        if status is None or status.st_size <= EMPTY or status.st_mtime - delay < start - LATE:
            continue
        writing = path.parent == config.incoming and is_being_written(path) is not False
        measured = measure.read(path.with_name(measure.clock_file(path.name)))
        if measured and writing:
            measured += measure.fresh(config.hls, view, measured[-1])
        raw = _raw(path, measured, delay, status.st_mtime)
        if raw and (raw.overlap(start, end) >= 0 or (writing and raw.wall(raw.begins) <= end)):
            found.append(Raw(path, raw, writing))
    return found


LATE = 60.0
"""Seconds by which a recording's last change may be wrong: it is passed over only if it ended long before."""


def _recordings(config: Config, view: str) -> Iterator[tuple[Path, float]]:
    """Raw recordings of a stream, with the encoder's delay in seconds, in the order of their names."""
    delay = config.stream(view).offset_ms / 1000
    names = {path.name: (path, delay) for path in config.incoming.iterdir()}
    for job in jobs.Jobs(config.finalizing).all():
        if job.stream == view:
            folder = config.finalizing / job.file
            names.update({name: (folder / name, job.offset_ms / 1000) for name in job.parts if name not in names})
    own = [(found.number, name) for name in names if (found := recording(name)) and found.stream == view]
    for _, name in sorted(own):
        yield names[name]


def _raw(path: Path, measured: Sequence[Measurement], delay: float, changed: float) -> Stretch | None:
    first, last = flv_range.first_times(path), flv_range.last_time(path)
    if not first or last is None:
        return None
    kind = {"v": VIDEO, "a": AUDIO}[measured[0].kind] if measured else None
    if kind in first:
        points = [(second, wall - delay) for second, wall in fit(measured, first[kind] / 1000)]
    else:
        # FACTS 8a: unmeasured, what came last came when the file was changed last.
        points = [(last / 1000, changed - delay)]
    return Stretch(points, min(first.values()) / 1000, last / 1000)
