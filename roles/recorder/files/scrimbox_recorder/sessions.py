"""What a session is: the raw recordings of one sitting. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from .names import file_name
from .watch import PROBE_AFTER, Recording

SLACK = 5.0
"""Seconds by which a return may be seen late: a publisher that is back before the session was closed continues it."""


class Phase(Enum):
    """Where an unfinished session stands."""

    LIVE = "data arrives"
    INTERRUPTED = "no data, within the grace"
    OVER = "nobody writes, the grace has passed"


@dataclass(frozen=True)
class Session:
    """One sitting of one stream, its recordings in order; at least one of them holds data."""

    stream: str
    recordings: tuple[Recording, ...]

    @property
    def label(self) -> int:
        """Epoch second of the first recording that holds data: the session's name."""
        return next(part.label for part in self.recordings if not part.empty)

    @property
    def file(self) -> str:
        """FILE, as far as nothing else has that name."""
        return file_name(self.stream, self.label)

    @property
    def ended(self) -> float:
        """Steady second of the last data."""
        return max(part.ended for part in self.recordings if not part.empty)

    @property
    def open(self) -> bool:
        """True while a publisher is connected."""
        return any(part.open for part in self.recordings)

    def phase(self, steady: float, idle: float, grace: float) -> Phase:
        """State at the steady second `steady`; a session is over when nobody writes and the grace has passed."""
        quiet = steady - self.ended
        if not self.open and quiet >= max(grace, PROBE_AFTER):
            return Phase.OVER
        return Phase.LIVE if quiet < idle else Phase.INTERRUPTED


def split(recordings: Iterable[Recording], grace: float) -> dict[str, list[Session]]:
    """Sort recordings into sessions, by stream, oldest first. What holds no data makes no session of its own."""
    streams: dict[str, list[list[Recording]]] = {}
    for part in sorted(recordings, key=lambda part: (part.began, part.label)):
        groups = streams.setdefault(part.stream, [])
        if groups and _continues(groups[-1], part, grace):
            groups[-1].append(part)
        else:
            groups.append([part])
    return {
        stream: sessions
        for stream, groups in streams.items()
        if (sessions := [Session(stream, tuple(group)) for group in groups if not all(part.empty for part in group)])
    }


def leftovers(recordings: Iterable[Recording], steady: float) -> list[Recording]:
    """Recordings without a frame that nobody writes any more: every connection without data leaves one."""
    return [part for part in recordings if part.empty and not part.open and steady - part.ended >= PROBE_AFTER]


def _continues(group: list[Recording], part: Recording, grace: float) -> bool:
    return any(before.open for before in group) or part.began - max(before.ended for before in group) <= grace + SLACK
