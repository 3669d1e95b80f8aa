"""Reads what is new in a growing FLV: the heads of its tags, never the frames themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .flv import AUDIO, HEADER, TAG, VIDEO, is_header
from .flv_range import resync

FIRST_LOOK = 64 * 2**20
"""A recording that is longer when it is first seen (the recorder was restarted) is read from near its end on."""
NEAR = 8 * 2**20
"""How near."""
AT_ONCE = 20_000
"""Tags that are read at once at most: three minutes of stream, some 50 ms of work."""
_BODY = 8
_KINDS = (AUDIO, VIDEO, 18)


class Arrived(NamedTuple):
    """A tag: its kind, its time in ms, its bytes with all that belongs to it, its body (of a frame only the beginning).

    `settings`: the body holds settings of picture or sound, not a frame.
    """

    kind: int
    time: int
    size: int
    body: bytes
    settings: bool


class Follower:
    """Knows how far it has read. `whole`: it has read from the beginning; `behind`: there is more than it has read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self.whole = True
        self.behind = False
        self.changed = 0.0
        """When the recording last grew, epoch seconds."""

    def new(self) -> Iterator[Arrived]:
        """The whole tags that have arrived since; nothing where the recording has gone.

        Raises:
            OSError: it cannot be read.
        """
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            status = os.fstat(descriptor)
            self.changed = status.st_mtime
            if not self._position:
                yield from self._first_look(descriptor, status.st_size)
            for _ in range(AT_ONCE):
                found = self._next(descriptor, status.st_size)
                self.behind = found is not None
                if found is None:
                    return
                yield found
        finally:
            os.close(descriptor)

    def _first_look(self, descriptor: int, size: int) -> Iterator[Arrived]:
        """Where to begin; of a long recording also its settings, which stand in front."""
        self._position = HEADER
        if size <= FIRST_LOOK:
            return
        self.whole = False
        for _ in range(50):
            found = self._next(descriptor, size)
            if found and found.settings:
                yield found
        self._position = resync(descriptor, size - NEAR) or size

    def _next(self, descriptor: int, size: int) -> Arrived | None:
        head = os.pread(descriptor, TAG.size + _BODY, self._position)
        if len(head) < TAG.size:
            return None
        kind, high, low, time_high, time_low, time_top = TAG.unpack_from(head)
        length = high << 16 | low
        end = self._position + TAG.size + length + 4
        if end > size:
            return None
        if kind not in _KINDS:
            # No FLV any more from here on: go on where it is one again.
            self._position = resync(descriptor, self._position) or size
            return self._next(descriptor, size) if self._position < size else None
        body = head[TAG.size : TAG.size + min(length, _BODY)]
        settings = is_header(kind, body)
        if settings:
            body = os.pread(descriptor, length, self._position + TAG.size)
        self._position = end
        return Arrived(kind, time_top << 24 | time_high << 16 | time_low, TAG.size + length + 4, body, settings)
