"""What the raw recordings did over time, on one steady axis that does not follow the wall clock's jumps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Callable

from .names import recording

EMPTY = 13
"""Bytes of an FLV that holds nothing: its header. A file is opened at publish, so these are normal."""
PROBE_AFTER = 2.0
"""A file that grew within these seconds is being written; only then is the kernel asked."""
_EARLIER = 0.001
"""Seconds by which a recording began before the next one, if nothing else tells."""


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
        self,
        entries: Iterable[Entry],
        steady: float,
        wall: float,
        is_open: Callable[[str], bool | None],
        order: Sequence[str] = (),
    ) -> list[Recording]:
        """Take in what the folder shows now.

        Args:
            entries: the raw recordings; other names are passed over.
            steady: the monotonic clock, seconds.
            wall: the wall clock, epoch seconds.
            is_open: whether a process is writing the file of this name, None if unknown.
            order: names in the order in which they appeared, as far as it is known.
        """
        before = self._lives
        named = [(entry, name) for entry in entries if (name := recording(entry.name))]
        lives: dict[str, _Life] = {}
        for entry, name in named:
            life = before.get(entry.name) if before else None
            if life is None:
                life = _Life(entry.size, steady, steady)
                if before is None:
                    life.began = steady - max(0.0, wall - name.number)
                    life.ended = max(life.began, steady - max(0.0, wall - entry.mtime))
            elif entry.size != life.size:
                life.size, life.ended = entry.size, steady
            lives[entry.name] = life
        if before is None:
            _put_in_order(lives, order)
        self._lives = lives
        found = []
        for entry, name in named:
            life = lives[entry.name]
            writing = self._is_written(entry.name, life, steady, is_open, first=before is None)
            found.append(Recording(entry.name, name.stream, name.number, entry.size, life.began, life.ended, writing))
        return found

    def _is_written(
        self, name: str, life: _Life, steady: float, is_open: Callable[[str], bool | None], *, first: bool
    ) -> bool:
        if steady - life.ended < PROBE_AFTER and not first:
            return True
        told = is_open(name)
        return steady - life.ended < self._idle if told is None else told


def _put_in_order(lives: dict[str, _Life], order: Sequence[str]) -> None:
    """A recording that appeared before another of its stream began and ended before it, whatever their times say."""
    following: dict[str, _Life] = {}
    for text in reversed(order):
        name, life = recording(text), lives.get(text)
        if name is None or life is None:
            continue
        after = following.get(name.stream)
        if after:
            life.began = min(life.began, after.began - _EARLIER)
            life.ended = max(life.began, min(life.ended, after.began))
        following[name.stream] = life
