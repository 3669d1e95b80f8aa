"""A stretch of a raw recording, found without reading the rest, also while it is being written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .flv import AUDIO, BLOCK, HEADER, TAG, VIDEO, composition, is_header, is_key

STEP = 4 * 2**20
"""Bytes that are read one by one where halving the file has come so near."""
CHAIN = 50
"""Tags in a row by which the place of one is known."""
TAIL = 2 * 2**20
"""Bytes at the end that may be a tag that is still being written."""
BACK = 4_000
"""Milliseconds by which the search for a key frame goes back at first; each time twice as far."""
_CANDIDATE = re.compile(rb"[\x08\x09\x12](?=.{7}\0\0\0)", re.DOTALL)


class Tag(NamedTuple):
    """Where a tag lies, its kind, its time in ms, the first bytes of its body."""

    start: int
    end: int
    kind: int
    time: int
    body: bytes


@dataclass(frozen=True)
class Range:
    """A stretch: the bytes before the first frame that a decoder needs, and where it lies in the file."""

    head: bytes
    start: int
    behind: int


def first_times(path: Path) -> dict[int, int]:
    """When the first frame of each kind is presented, in ms (`AUDIO`, `VIDEO`: from its first key frame on)."""
    found: dict[int, int] = {}
    with path.open("rb", buffering=0) as stream:
        for tag in _tags(stream.fileno(), HEADER, STEP):
            if tag.kind not in (AUDIO, VIDEO) or tag.kind in found or is_header(tag.kind, tag.body):
                continue
            if tag.kind == AUDIO or is_key(tag.body):
                found[tag.kind] = tag.time + composition(tag.kind, tag.body)
            if len(found) > 1:
                break
    return found


def last_time(path: Path) -> int | None:
    """The time in ms of the last whole picture, or of the last sound where there is none near the end."""
    with path.open("rb", buffering=0) as stream:
        descriptor = stream.fileno()
        size = os.fstat(descriptor).st_size
        tags = list(_tags(descriptor, resync(descriptor, max(HEADER, size - STEP)) or HEADER, size))
    times = [tag.time for tag in tags if tag.kind == VIDEO] or [tag.time for tag in tags]
    return max(times, default=None)


def find(path: Path, begin: int, end: int) -> Range | None:
    """The stretch from the last key frame that is decoded before `begin` on until `end` (ms); None if it is empty."""
    with path.open("rb", buffering=0) as stream:
        descriptor = stream.fileno()
        size = os.fstat(descriptor).st_size
        head = _head(descriptor)
        back = BACK
        while True:
            start = _before(descriptor, size, begin - back)
            key, behind, found = None, start, False
            for tag in _tags(descriptor, start, size):
                if tag.time > end:
                    break
                behind = tag.end
                is_start = tag.kind == VIDEO and is_key(tag.body) and not is_header(VIDEO, tag.body)
                if is_start and (tag.time <= begin or key is None):
                    key = tag.start
                    found = tag.time <= begin
            if key is not None and (found or start <= HEADER):
                return Range(head, key, behind) if behind > key else None
            if start <= HEADER:
                # Sound alone, or pictures without a key frame.
                return Range(head, start, behind) if behind > start else None
            back *= 2


def _head(descriptor: int) -> bytes:
    """The file's header and the first settings of picture and sound."""
    pieces = [os.pread(descriptor, HEADER, 0)]
    kinds: set[int] = set()
    for tag in _tags(descriptor, HEADER, STEP):
        if is_header(tag.kind, tag.body) and tag.kind not in kinds:
            kinds.add(tag.kind)
            pieces.append(os.pread(descriptor, tag.end - tag.start, tag.start))
    return b"".join(pieces)


def _before(descriptor: int, size: int, time: int) -> int:
    """A place where a tag begins, before those of this time and not far from them."""
    low, high = HEADER, size
    while high - low > STEP:
        middle = resync(descriptor, (low + high) // 2)
        tag = next(_tags(descriptor, middle, middle + 1), None) if middle is not None and middle < high else None
        if tag is None or tag.time >= time:
            high = (low + high) // 2
        else:
            low = tag.start
    return low


def resync(descriptor: int, position: int) -> int | None:
    """The first tag that begins at `position` or behind it: many follow it one by one, as in no picture by chance."""
    size = os.fstat(descriptor).st_size
    while position < size:
        block = os.pread(descriptor, BLOCK, position)
        for candidate in _CANDIDATE.finditer(block):
            start = position + candidate.start()
            if _is_chain(descriptor, start, size):
                return start
        position += max(1, len(block) - TAG.size)
    return None


def _is_chain(descriptor: int, position: int, size: int) -> bool:
    """Whether tags follow one another from here on, for long or to the end of the file."""
    begin = position
    for _ in range(CHAIN):
        tag = _tag(descriptor, position)
        if tag is None:
            return position > begin and size - position < TAIL
        position = tag.end
    return True


def _tags(descriptor: int, position: int, until: int) -> Iterator[Tag]:
    """The whole tags that begin from `position` on and before `until`."""
    while position < until and (tag := _tag(descriptor, position)):
        yield tag
        position = tag.end


def _tag(descriptor: int, position: int) -> Tag | None:
    fields = os.pread(descriptor, TAG.size + 5, position)
    if len(fields) < TAG.size:
        return None
    kind, high, low, time_high, time_low, time_top = TAG.unpack_from(fields)
    size = high << 16 | low
    end = position + TAG.size + size
    if os.pread(descriptor, 4, end) != (TAG.size + size).to_bytes(4, "big"):
        return None
    time = time_top << 24 | time_high << 16 | time_low
    return Tag(position, end + 4, kind, time, fields[TAG.size : TAG.size + min(size, 5)])
