"""Where a clip can be cut without touching its middle: which frames are copied, which must be encoded anew. Pure.

A copied run begins with an IDR frame and ends where, in the order of decoding, nothing is missing that is shown before
and nothing is there that is shown after. What is left over at either end is encoded, beginning with an IDR frame of its
own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from .boxes import Mp4Error
from .samples import Sample


class Piece(NamedTuple):
    """Frames to be encoded anew.

    `first` to `behind` are the samples to decode; of what comes out, in the order of showing, the frames from number
    `skip` on, as many as there are times in `shown`.
    """

    first: int
    behind: int
    skip: int
    shown: tuple[int, ...]


class Plan(NamedTuple):
    """A clip: what is encoded before, the samples that are copied (numbers), what is encoded behind."""

    head: Piece | None
    copied: range
    tail: Piece | None
    shown: tuple[int, int]
    """When its first and its last frame are shown."""


def plan(samples: Sequence[Sample], idr: Sequence[bool], begin: int, end: int) -> Plan:
    """Plan a clip of the frames that are shown at `begin`, at `end` and between; the nearest ones that there are.

    Args:
        samples: of the video, in the order of decoding, the first a key frame.
        idr: for each whether it is an IDR frame.
        begin: time at which the first frame is on the screen.
        end: time at which the last frame is on the screen, not before `begin`.

    Raises:
        Mp4Error: there are no samples.
    """
    if not samples:
        raise Mp4Error("it has no pictures there")
    order = sorted(sample.shown for sample in samples)
    first, last = (order[max(0, bisect_right(order, time) - 1)] for time in (begin, end))
    start = next((n for n, sample in enumerate(samples) if idr[n] and first <= sample.shown <= last), None)
    if start is None:
        return Plan(_piece(samples, idr, first, last), range(0), None, (first, last))
    stop = _clean_end(samples, start, last)
    copied_until = max(sample.shown for sample in samples[start:stop])
    head = _piece(samples, idr, first, samples[start].shown - 1)
    tail = _piece(samples, idr, copied_until + 1, last)
    return Plan(head, range(start, stop), tail, (first, last))


def _clean_end(samples: Sequence[Sample], start: int, last: int) -> int:
    """Return the number of the sample behind the longest run from `start` on that shows all up to some frame."""
    # Walking backwards: the earliest that is shown of what comes behind.
    behind = len(samples)
    earliest = [0] * (behind + 1)
    earliest[behind] = max(sample.shown for sample in samples) + 1
    for number in range(behind - 1, start - 1, -1):
        earliest[number] = min(earliest[number + 1], samples[number].shown)
    found, latest = start + 1, samples[start].shown
    for number in range(start, behind):
        latest = max(latest, samples[number].shown)
        if latest > last:
            break
        if latest < earliest[number + 1]:
            found = number + 1
    return found


def _piece(samples: Sequence[Sample], idr: Sequence[bool], first: int, last: int) -> Piece | None:
    """Return what must be decoded to show the frames from one time to another; None if there are none.

    A key frame that is no IDR may only begin a refresh of the picture, which is whole at the next one.
    """
    wanted = sorted(sample.shown for sample in samples if first <= sample.shown <= last)
    if not wanted:
        return None
    keys = [0, *(n for n, sample in enumerate(samples) if sample.sync and sample.shown <= wanted[0])]
    entry = keys[-1] if idr[keys[-1]] else keys[-2]
    behind = 1 + max(n for n, sample in enumerate(samples) if first <= sample.shown <= last)
    before = sum(samples[entry].shown <= sample.shown < wanted[0] for sample in samples[entry:behind])
    return Piece(entry, behind, before, tuple(wanted))
