"""Measures the wall clock of recordings while their segments are there: one line about every minute beside the FLV."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

from .clock import Measurement, earliest, fit, parse
from .disk import Disk
from .names import live_playlist
from .playlists import Segment, segments, tail
from .sessions import Session
from .ts import read_first_pts
from .watch import Recording

EVERY = 60.0
"""Seconds of stream between two measurements that are kept."""
SETTLED = 2
"""Measurements (the first segment's, the first minute's) after which a session's beginning stays as it is."""


def clock_file(recording: str) -> str:
    """Name of the file that keeps the measurements of `ID-<seconds>.flv`."""
    return recording[: -len(".flv")] + ".clock"


def read(path: Path) -> list[Measurement]:
    """Measurements kept so far; none where there is no such file."""
    try:
        return parse(path.read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return []


def fresh(hls: Path, stream: str, last: Measurement) -> list[Measurement]:
    """The earliest of the segments of a live recording since the last measurement kept; none where none came."""
    listed = tail(hls / live_playlist(stream))
    behind = next((number + 1 for number, segment in enumerate(listed) if segment.wall_ms == last.upto), len(listed))
    own = takewhile(lambda segment: not segment.discontinuity, listed[behind:])
    best = earliest(_measured(hls, own), last.upto)
    return [best] if best else []


class Measurer:
    """Follows the live playlists. What it remembers only saves work: the files hold the rest."""

    def __init__(self, hls: Path, incoming: Path, disk: Disk) -> None:
        self._hls = hls
        self._incoming = incoming
        self._disk = disk
        self._seen: dict[str, tuple[int, int, bool]] = {}
        self._began: dict[str, float] = {}
        self._late: set[str] = set()

    def take(self, session: Session, playlist: Path) -> None:
        """Measure what has been listed since the last measurement, where that is enough or the recording has ended."""
        try:
            status = playlist.stat()
        except FileNotFoundError:
            return
        seen = (status.st_mtime_ns, status.st_size, session.open)
        if self._seen.get(session.stream) == seen:
            return
        parts = [part for part in session.recordings if not part.empty]
        whole: dict[Recording, list[Segment]] = {}
        for part, recent in assign(parts, tail(playlist)).items():
            kept = read(self._incoming / clock_file(part.name))
            own = recent
            if recent and not kept and not recent[0].discontinuity:
                # The recorder comes late: only the part's first segment ties its times to those of the FLV.
                if part.name in self._late:
                    continue
                self._late.add(part.name)
                whole = whole or assign(parts, segments(playlist.read_text(encoding="ascii", errors="replace")))
                own = whole[part] if whole[part] and whole[part][0].discontinuity else []
            self._measure(part, kept, own)
        self._seen[session.stream] = seen

    def beginning(self, recording: str) -> float | None:
        """Epoch seconds of a recording's first segment, fixed after its first minute; None if not measured yet."""
        began = self._began.get(recording)
        if began is not None:
            return began
        kept = read(self._incoming / clock_file(recording))[:SETTLED]
        began = fit(kept, 0.0)[0][1] if kept else None
        if began is not None and len(kept) == SETTLED:
            self._began[recording] = began
        return began

    def forget(self, stream: str) -> None:
        """Drop what was remembered of a stream whose session has ended."""
        self._seen.pop(stream, None)
        self._began = {name: began for name, began in self._began.items() if not name.startswith(f"{stream}-")}
        self._late = {name for name in self._late if not name.startswith(f"{stream}-")}

    def _measure(self, part: Recording, kept: list[Measurement], own: list[Segment]) -> None:
        recent = since(own, kept[-1].upto if kept else None)
        if not recent or (kept and part.open and sum(segment.duration for segment in recent) < EVERY):
            return
        measured = _measured(self._hls, recent if kept else recent[:1])
        best = earliest(measured, measured[-1].wall_ms if measured else 0)
        if best:
            self._disk.append(self._incoming / clock_file(part.name), best.line())


def _measured(hls: Path, listed: Iterable[Segment]) -> list[Measurement]:
    return [
        Measurement(found[0], segment.wall_ms, found[1], segment.wall_ms)
        for segment in listed
        if (found := read_first_pts(hls / segment.name))
    ]


def assign(parts: list[Recording], listed: list[Segment]) -> dict[Recording, list[Segment]]:
    """Give each part its segments: a new part begins with a discontinuity, after the second in its name.

    The wall clock decides only where a run of segments begins: a clock set back in the middle of one moves nothing.
    A part has one run. Of several parts that began within a second, the later ones have later seconds in their names.
    """
    owned: dict[Recording, list[Segment]] = {part: [] for part in parts}
    owner: Recording | None = None
    for number, segment in enumerate(listed):
        if number == 0 or segment.discontinuity:
            owner = _owner(parts, owned, segment.wall_ms)
        if owner:
            owned[owner].append(segment)
    return owned


def _owner(parts: list[Recording], owned: dict[Recording, list[Segment]], wall_ms: int) -> Recording | None:
    begun = [part for part in parts if part.label * 1000 <= wall_ms]
    if not begun:
        return None
    owner = max(begun, key=lambda part: part.label)
    by_label = {part.label: part for part in parts}
    while owned[owner] and owner.label + 1 in by_label:
        owner = by_label[owner.label + 1]
    return owner


def since(own: list[Segment], upto: int | None) -> list[Segment]:
    """Segments after the one with the number `upto`; all of them where it is not listed any more."""
    for number, segment in enumerate(own):
        if segment.wall_ms == upto:
            return own[number + 1 :]
    return own
