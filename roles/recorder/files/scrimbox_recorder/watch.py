"""What the raw recordings did over time, on one steady axis that does not follow the wall clock's jumps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable

from .names import recording

EMPTY = 13
"""Bytes of an FLV that holds nothing: its header. A file is opened at publish, so these are normal."""
PROBE_AFTER = 2.0
"""A file that grew within these seconds is being written; only then is the kernel asked."""


@dataclass(frozen=True)
class Entry:
    """A raw recording as the folder shows it; `mtime` in epoch seconds."""

    name: str
    size: int
    mtime: float


@dataclass(frozen=True)
class Recording:
    """A raw recording with its life on the steady axis (seconds): first seen, last grown."""

    name: str
    stream: str
    label: int
    size: int
    began: float
    ended: float
    open: bool

    @property
    def empty(self) -> bool:
        """True if not one frame can be in it."""
        return self.size <= EMPTY


@dataclass
class _Life:
    size: int
    began: float
    ended: float


class Watch:
    """Remembers sizes between passes. What the first look finds is dated by the wall clock, later files by the pass."""

    def __init__(self, idle: float) -> None:
        self._idle = idle
        self._lives: dict[str, _Life] | None = None

    def look(
        self, entries: Iterable[Entry], steady: float, wall: float, is_open: Callable[[str], bool | None]
    ) -> list[Recording]:
        """Take in what the folder shows now.

        Args:
            entries: the raw recordings; other names are passed over.
            steady: the monotonic clock, seconds.
            wall: the wall clock, epoch seconds.
            is_open: whether a process is writing the file of this name, None if unknown.
        """
        before = self._lives
        lives: dict[str, _Life] = {}
        recordings = []
        for entry in entries:
            name = recording(entry.name)
            if name is None:
                continue
            life = before.get(entry.name) if before else None
            if life is None:
                life = _Life(entry.size, steady, steady)
                if before is None:
                    life.began = steady - max(0.0, wall - name.number)
                    life.ended = max(life.began, steady - max(0.0, wall - entry.mtime))
            elif entry.size != life.size:
                life.size, life.ended = entry.size, steady
            lives[entry.name] = life
            writing = True
            if steady - life.ended >= PROBE_AFTER or before is None:
                told = is_open(entry.name)
                writing = steady - life.ended < self._idle if told is None else told
            recordings.append(
                Recording(entry.name, name.stream, name.number, entry.size, life.began, life.ended, writing)
            )
        self._lives = lives
        return recordings
