"""One file, two doors (FACTS 15): a classic MP4 whose mdat holds the fragments that HLS plays.

Layout: ftyp, moov with full tables, mdat. The mdat's payload is the init segment of the first part (its ftyp and moov)
and then all fragments (moof and mdat), those of later parts moved on the timeline as a whole, each part by one delta.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from .boxes import Mp4Error, about, reader
from .copying import Throttle, copy, put
from .fragments import Fragment, Init, read_fragments, read_init
from .media import settings
from .moof import GROWTH, moved
from .moov import FTYP, build_moov
from .segments import Piece, Range, Segment, gather
from .tables import Tables

_HEADER, _WIDE_HEADER = 8, 16
_LIMIT = 2**32


@dataclass(frozen=True)
class Span:
    """Where a part is on the file's timeline, in seconds: from its first frame on until its last has ended."""

    offset: float
    duration: float

    @property
    def end(self) -> float:
        """Second at which the last frame has ended."""
        return self.offset + self.duration


@dataclass(frozen=True)
class Wrapped:
    """What was made. Seconds; bytes of the file."""

    duration: float
    spans: tuple[Span, ...]
    init: Range
    segments: tuple[Segment, ...]


class _Moof(NamedTuple):
    """A fragment to copy: where it lies in its part, and by how much its moof grows if it is written anew."""

    start: int
    mdat: int
    end: int
    growth: int


class _Part:
    """A part that has been read: its fragments, and by how much each track is moved."""

    def __init__(self, path: Path, descriptor: int, init: Init) -> None:
        self.path = path
        self.descriptor = descriptor
        self.init = init
        self.moofs: list[_Moof] = []
        self.shifts: dict[int, int] = {}
        self.first_sequence = 0
        self.sequences = 0

    def is_verbatim(self) -> bool:
        """Whether its fragments can be copied as they are."""
        return self.first_sequence == 1 and not any(self.shifts.values()) and not any(m.growth for m in self.moofs)


def wrap(parts: Sequence[Path], target: Path, throttle: Throttle = lambda size: None) -> Wrapped:
    """Make one file of the parts of a recording, each a fragmented MP4 made with `FRAGMENTED`.

    Sound and picture of a part keep their distance, to a tick of their timescales; its first frame follows where the
    part before ended.

    Args:
        parts: in their order; codecs and their settings are equal.
        target: is overwritten; after an error something may be left of it.
        throttle: is called with the number of bytes copied, 1 MiB at most, after each piece.

    Raises:
        Mp4Error: a part is broken, foreign, empty, or cannot be joined to the first without transcoding.
        OSError: the disk.
    """
    if not parts:
        raise Mp4Error(f"{target.name}: there is no part to make it of")
    with contextlib.ExitStack() as stack:
        joined = _Joined()
        for path in parts:
            descriptor = os.open(path, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            with about(path):
                joined.read(path, descriptor)
        output = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        stack.callback(os.close, output)
        return joined.write(output, throttle)


class _Joined:
    """The parts read so far, on one timeline."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.tracks: dict[int, Tables] = {}
        self.pieces: list[Piece] = []
        self.spans: list[tuple[Fraction, Fraction]] = []
        self.payload = 0

    def read(self, path: Path, descriptor: int) -> None:
        """Read a part and put it behind the others."""
        read, size = reader(descriptor), os.fstat(descriptor).st_size
        init = read_init(read, size)
        self._check(init)
        if not self.parts:
            self.tracks = {number: Tables(media) for number, media in init.tracks.items()}
            self.payload = len(init.content)
        part = _Part(path, descriptor, init)
        pieces = [self._take(part, fragment) for fragment in read_fragments(read, size, init)]
        self.parts.append(part)
        delta = self._place(part)
        self.pieces += [piece._replace(start=piece.start + delta) for piece in pieces]

    def _check(self, init: Init) -> None:
        if not self.parts:
            for media in init.tracks.values():
                settings(media)
            return
        first = self.parts[0].init
        if init.tracks.keys() != first.tracks.keys() or init.defaults != first.defaults:
            raise Mp4Error(f"its tracks are not those of {self.parts[0].path.name}")
        for number, media in init.tracks.items():
            if settings(media) != settings(first.tracks[number]):
                raise Mp4Error(f"its {media.kind} is not described as in {self.parts[0].path.name}")

    def _take(self, part: _Part, fragment: Fragment) -> Piece:
        growth = GROWTH * fragment.short_times
        for run in fragment.runs:
            self.tracks[run.track].take(run, self.payload + run.offset + growth)
        if not part.moofs:
            part.first_sequence = fragment.sequence
        part.moofs.append(_Moof(fragment.moof.start, fragment.mdat.start, fragment.mdat.end, growth))
        size = fragment.mdat.end - fragment.moof.start + growth
        piece = Piece.of(fragment, part.init, self.payload, size, len(self.parts))
        self.payload += size
        return piece

    def _place(self, part: _Part) -> Fraction:
        """Move a part on the timeline: its first frame to where the part before ends, the first part's to zero."""
        begin = min(tables.begins for tables in self.tracks.values())
        end = max(tables.ends for tables in self.tracks.values())
        delta = max([end - begin, *(tables.earliest for tables in self.tracks.values())])
        for number, tables in self.tracks.items():
            part.shifts[number] = math.ceil(delta * tables.media.timescale)
            tables.place(part.shifts[number])
        self.spans.append((begin + delta, max(tables.ends for tables in self.tracks.values())))
        return delta

    def write(self, output: int, throttle: Throttle) -> Wrapped:
        """Write the file and describe it."""
        tracks = list(self.tracks.values())
        size = _size(build_moov(tracks, 0, wide=True))
        wide = len(FTYP) + size + _WIDE_HEADER + self.payload >= _LIMIT
        if not wide:
            size = _size(build_moov(tracks, 0, wide=False))
        header = _WIDE_HEADER if _HEADER + self.payload >= _LIMIT else _HEADER
        base = len(FTYP) + size + header
        put(output, FTYP)
        for piece in build_moov(tracks, base, wide=wide):
            put(output, piece)
        put(output, _mdat_header(self.payload, header))
        put(output, self.parts[0].init.content)
        sequence = 1
        for part in self.parts:
            with about(part.path):
                _copy_part(part, sequence, output, throttle)
            sequence += len(part.moofs)
        os.ftruncate(output, base + self.payload)
        spans = tuple(Span(float(start), float(end - start)) for start, end in self.spans)
        segments = gather(self.pieces, [end for _, end in self.spans], base)
        init = Range(base, len(self.parts[0].init.content))
        return Wrapped(float(self.spans[-1][1]), spans, init, segments)


def _size(pieces: Sequence[bytes]) -> int:
    return sum(map(len, pieces))


def _mdat_header(payload: int, header: int) -> bytes:
    if header == _HEADER:
        return struct.pack(">I4s", header + payload, b"mdat")
    return struct.pack(">I4sQ", 1, b"mdat", header + payload)


def _copy_part(part: _Part, sequence: int, output: int, throttle: Throttle) -> None:
    verbatim = part.is_verbatim()
    start = end = part.moofs[0].start
    for number, moof in enumerate(part.moofs):
        if verbatim and moof.start == end:
            end = moof.end
            continue
        copy(part.descriptor, start, end, output, throttle)
        start, end = moof.start, moof.end
        if not verbatim:
            data = os.pread(part.descriptor, moof.mdat - moof.start, moof.start)
            put(output, moved(data, sequence + number, part.shifts, moof.growth))
            start = moof.mdat
    copy(part.descriptor, start, end, output, throttle)
