"""The segments of HLS: fragments put together until they are long enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from .boxes import Mp4Error
from .fragments import NON_SYNC, Fragment, Init

SHORTEST = 2
"""Seconds that a segment lasts at least; the first of a part may be shorter, so that playback starts quickly."""
_TICK = Fraction(1, 1000)


@dataclass(frozen=True)
class Range:
    """Bytes of the file."""

    offset: int
    size: int


@dataclass(frozen=True)
class Segment:
    """Bytes of the file that play for `duration` seconds; `part` counts from 0."""

    offset: int
    size: int
    duration: float
    part: int


class Piece(NamedTuple):
    """A fragment as segments are made of it. Bytes of the mdat's payload; `start` in seconds."""

    start: Fraction
    offset: int
    size: int
    part: int
    is_key: bool

    @classmethod
    def of(cls, fragment: Fragment, init: Init, offset: int, size: int, part: int) -> Piece:
        """Look at a fragment. It starts where its first sample of either track is decoded, as hls.js counts it.

        Raises:
            Mp4Error: it has no sample.
        """
        if not fragment.runs:
            raise Mp4Error(f"the moof at {fragment.moof.start} has no sample")
        start = min(Fraction(run.time, init.tracks[run.track].timescale) for run in fragment.runs)
        has_video = any(media.kind == "video" for media in init.tracks.values())
        shown = [run for run in fragment.runs if init.tracks[run.track].kind == "video"]
        is_key = not shown[0].flags[0] & NON_SYNC if shown else not has_video
        return cls(start, offset, size, part, is_key)


def gather(pieces: Sequence[Piece], ends: Sequence[Fraction], base: int) -> tuple[Segment, ...]:
    """Put fragments together to segments, none across the border of a part.

    Args:
        pieces: all fragments in their order, on the timeline.
        ends: where each part ends, in seconds.
        base: where the mdat's payload begins in the file.
    """
    firsts: list[int] = []
    for part, end in enumerate(ends):
        numbers = [number for number, piece in enumerate(pieces) if piece.part == part]
        firsts += _firsts(pieces, numbers, end)
    starts = [*(pieces[first].start for first in firsts), ends[-1]]
    segments = []
    for index, (first, behind) in enumerate(zip(firsts, [*firsts[1:], len(pieces)])):
        piece, last = pieces[first], pieces[behind - 1]
        size = last.offset + last.size - piece.offset
        duration = float(starts[index + 1] - starts[index])
        segments.append(Segment(base + piece.offset, size, duration, piece.part))
    return tuple(segments)


def _firsts(pieces: Sequence[Piece], numbers: Sequence[int], end: Fraction) -> list[int]:
    """Return the numbers of the fragments of one part that begin a segment."""
    firsts = [numbers[0]]
    # Before its first key frame a part has sound alone, which no segment can be made of.
    has_key = pieces[numbers[0]].is_key
    for number in numbers[1:]:
        lasts = pieces[number].start - pieces[firsts[-1]].start
        if pieces[number].is_key and has_key and lasts >= (SHORTEST if len(firsts) > 1 else _TICK):
            firsts.append(number)
        has_key = has_key or pieces[number].is_key
    if len(firsts) > 1 and end - pieces[firsts[-1]].start < SHORTEST:
        firsts.pop()
    return firsts
