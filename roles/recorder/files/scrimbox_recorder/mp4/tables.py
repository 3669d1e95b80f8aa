"""The classic tables of one track, gathered fragment by fragment."""

from __future__ import annotations

from array import array
from fractions import Fraction
from itertools import accumulate
from operator import add

from .boxes import Mp4Error
from .fragments import NON_SYNC, Run
from .media import Media
from .runs import LONG, SIGNED, WORD, Runs


class Tables:
    """All samples of a track. Times in its timescale; a part counts its own until `place` puts it on the timeline.

    `chunks` are positions from the start of the payload of the file's mdat.
    """

    def __init__(self, media: Media) -> None:
        self.media = media
        self.sizes = array(WORD)
        self.durations = Runs()
        self.offsets = Runs(SIGNED)
        self.sync = array(WORD)
        self.chunks = array(LONG)
        self.chunk_samples = Runs()
        self.first = 0
        """Decoding time of the first sample."""
        self.start = 0
        """Presentation time of the frame that is shown first."""
        self.end = 0
        """Where the presentation of the frame that is shown last ends."""
        self._part = _Part()
        self._joint = -1
        self._last = -1

    def take(self, run: Run, position: int) -> None:
        """Append samples that lie at `position`.

        Raises:
            Mp4Error: they begin before the samples taken last.
        """
        part = self._part
        if part.samples:
            self._close(run.time)
        else:
            part.first = part.start = run.time
        self.chunks.append(position)
        self.chunk_samples.add(len(run.sizes))
        self.sync.extend(number for number, flags in enumerate(run.flags, len(self.sizes) + 1) if not flags & NON_SYNC)
        self.sizes.extend(run.sizes)
        self.durations.extend(run.durations[:-1])
        part.samples += len(run.sizes)
        part.last, part.declared = run.time + sum(run.durations[:-1]), run.durations[-1]
        if run.offsets:
            self.offsets.extend(run.offsets)
            shown = list(map(add, accumulate(run.durations[:-1], initial=run.time), run.offsets))
            part.start = min(part.start, *shown) if part.samples > len(shown) else min(shown)
            part.end = max(part.end, *map(add, shown, run.durations))
        else:
            self.offsets.add(0, len(run.sizes))
            part.end = max(part.end, part.last + part.declared)

    def _close(self, time: int) -> None:
        """Give the last sample the duration that it really has: until the next one's time."""
        if time < self._part.last:
            raise Mp4Error(f"its {self.media.kind} goes back in time, from {self._part.last} to {time}")
        self.durations.add(time - self._part.last)

    @property
    def begins(self) -> Fraction:
        """Second of the part at which its first frame is shown.

        Raises:
            Mp4Error: there is none.
        """
        if not self._part.samples:
            raise Mp4Error(f"it has no {self.media.kind}, though its moov promises some")
        return Fraction(self._part.start, self.media.timescale)

    @property
    def earliest(self) -> Fraction:
        """Seconds by which the part must be moved at least to lie behind what there is."""
        return Fraction(self._last + 1 - self._part.first, self.media.timescale)

    @property
    def ends(self) -> Fraction:
        """Second of the timeline at which the last frame ends."""
        return Fraction(self.end, self.media.timescale)

    def place(self, shift: int) -> None:
        """Put the part on the timeline, moved by `shift` of the timescale. A new part may begin after that."""
        part = self._part
        if self._joint >= 0:
            self.durations.values[self._joint] = part.first + shift - self._last
        else:
            self.first, self.start = part.first + shift, part.start + shift
        self._joint = self.durations.add_apart(part.declared)
        self._last = part.last + shift
        self.end = part.end + shift
        self._part = _Part()


class _Part:
    """What is known of a part while it is read."""

    def __init__(self) -> None:
        self.samples = 0
        self.first = 0
        self.last = 0
        self.declared = 0
        self.start = 0
        self.end = 0
