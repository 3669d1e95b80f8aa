"""The samples of a track one by one, with their times and places."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, chain, repeat
from operator import add
from typing import NamedTuple

from .classic import ClassicTrack
from .runs import Runs

SIGNED_LONG = "q"


class Sample(NamedTuple):
    """One sample: when it is decoded and shown (timescale of its track), its bytes in the file, whether it is a key."""

    decoded: int
    shown: int
    offset: int
    size: int
    sync: bool


class Samples:
    """All samples of a classic track. Times count from the file's own zero, in the track's timescale."""

    def __init__(self, track: ClassicTrack) -> None:
        self.media = track.media
        self._track = track
        shift = round(track.shift * track.media.timescale)
        count = len(track.sizes)
        starts = accumulate(chain([shift], _all(track.durations)))
        self.decoded = array(SIGNED_LONG, (time for time, _ in zip(starts, range(count))))
        self.shown = self.decoded
        if track.offsets.counts:
            self.shown = array(SIGNED_LONG, map(add, self.decoded, _all(track.offsets)))

    def __len__(self) -> int:
        return len(self.decoded)

    @property
    def last_duration(self) -> int:
        """How long the last sample lasts."""
        return self._track.durations.values[-1] if self._track.durations.values else 0

    def range(self, first: int, behind: int) -> list[Sample]:
        """The samples of these numbers, counted from 0."""
        sync = self._track.sync
        keys = None if sync is None else set(sync[bisect_right(sync, first) : bisect_right(sync, behind)])
        places = _places(self._track, first, behind)
        return [
            Sample(
                self.decoded[number],
                self.shown[number],
                place,
                self._track.sizes[number],
                keys is None or number + 1 in keys,
            )
            for number, place in zip(range(first, behind), places)
        ]

    def key_before(self, number: int) -> int:
        """The last key frame that is decoded before, or is, the sample of this number; the first sample without one."""
        if self._track.sync is None:
            return number
        place = bisect_right(self._track.sync, number + 1)
        return self._track.sync[place - 1] - 1 if place else 0


def _all(runs: Runs) -> Iterator[int]:
    return chain.from_iterable(repeat(value, count) for count, value in runs.pairs())


def _places(track: ClassicTrack, first: int, behind: int) -> Iterator[int]:
    for chunk in track.chunks():
        if chunk.behind <= first:
            continue
        if chunk.first >= behind:
            return
        place = chunk.offset
        for number in range(chunk.first, min(chunk.behind, behind)):
            if number >= first:
                yield place
            place += track.sizes[number]
