"""How fast publishers fill the disk, from the raw recordings that grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

WINDOW = 60.0
"""Seconds over which the rate is taken."""
LEAST = 2.0
"""Seconds that must have passed before there is a rate."""


class Rate:
    """Bytes per second that all publishers together send, from the raw recordings that grow, on the steady axis."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._arrived = 0
        self._samples: deque[tuple[float, int]] = deque()
        self.growing: set[str] = set()

    def take(self, sizes: Mapping[str, int], steady: float) -> float:
        """Take in the sizes at the steady second `steady`; bytes per second over the last minute.

        `growing` holds the names that have grown since the last time.
        """
        # What appears counts from its first sight: it may have been put there.
        grown = {name: size - self._sizes.get(name, size) for name, size in sizes.items()}
        self.growing = {name for name, more in grown.items() if more > 0}
        self._arrived += sum(grown[name] for name in self.growing)
        self._sizes = dict(sizes)
        self._samples.append((steady, self._arrived))
        while len(self._samples) > 2 and steady - self._samples[1][0] >= WINDOW:
            self._samples.popleft()
        began, first = self._samples[0]
        return (self._arrived - first) / (steady - began) if steady - began >= LEAST else 0.0
