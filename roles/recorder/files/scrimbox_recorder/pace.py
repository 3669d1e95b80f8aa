"""The finalizer's pace: a rate that it keeps, so that it never hurts a live stream, and a word on how far it is."""

from __future__ import annotations

import copy
import threading
import time
from typing import Callable

EVERY = 1.0
"""Seconds between two words."""
LONGEST = 5.0
"""Seconds of one sleep at most: the watchdog must hear from us meanwhile."""


class Rate:
    """Bytes per second (0: no limit) that all who share it keep together, as long as it is needed."""

    def __init__(self, rate: float, needed: Callable[[], bool]) -> None:
        self._rate = rate
        self._needed = needed
        self._holds = True
        self._asked = float("-inf")
        self._due = 0.0
        self._lock = threading.Lock()

    def begin(self, now: float) -> None:
        """Begin at the second `now`: what was not done before is not made up for."""
        with self._lock:
            self._due = max(self._due, now)

    def take(self, count: int, now: float) -> float:
        """When `count` more bytes are due."""
        if not self._rate:
            return now
        with self._lock:
            if now - self._asked >= EVERY:
                self._asked, self._holds = now, self._needed()
            # Time that was lost is not made up for: a burst would be as bad as no limit.
            self._due = max(self._due, now - EVERY) + count / self._rate if self._holds else now
            return self._due


class Pace:
    """Called with the bytes that have been done, it waits until they were due.

    I/O weights do nothing on common disks (FACTS 30): the work itself has to be slow.
    """

    def __init__(
        self,
        rate: float = 0,
        tell: Callable[[str], None] = lambda text: None,
        *,
        needed: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin with nothing.

        Args:
            rate: bytes per second, 0 for no limit.
            tell: gets a line about every second, moving or not.
            needed: is asked about every second whether the rate has to be kept.
            clock: monotonic seconds.
            sleep: waits so many seconds.
        """
        self._rate = Rate(rate, needed)
        self._tell = tell
        self._clock = clock
        self._sleep = sleep
        self._told = float("-inf")
        self.subject = ""
        self.begin("")

    def beside(self) -> Pace:
        """A pace for somebody who works at the same time: both together keep the rate."""
        other = copy.copy(self)
        other.subject = ""
        other.begin("")
        return other

    def begin(self, step: str, total: int = 0) -> None:
        """Begin a step of `total` bytes."""
        self._step, self._total, self._done = step, total, 0
        self._began = self._clock()
        self._rate.begin(self._began)

    def __call__(self, count: int) -> None:
        """Say that `count` more bytes are done; comes back when they were due."""
        self._done += count
        now = self._clock()
        due = self._rate.take(count, now)
        while now < due:
            self.tick()
            self._sleep(min(LONGEST, due - now))
            now = self._clock()
        self.tick()

    def tick(self) -> None:
        """Say that work goes on."""
        now = self._clock()
        if now - self._told >= EVERY:
            self._told = now
            self._tell(self._line(now))

    def _line(self, now: float) -> str:
        if not self._total:
            return f"{self.subject}: {self._step}"
        speed = self._done / max(0.001, now - self._began) / 1e6
        return f"{self.subject}: {self._step} {min(100, 100 * self._done // self._total)} %, {speed:.1f} MB/s"
