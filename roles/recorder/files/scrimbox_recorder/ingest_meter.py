"""Measures a stream tag by tag: pictures, sound, bitrate, and whether its time runs as it should. Pure.

Times are milliseconds of the recording unless the name says otherwise. What is measured "now" looks back a minute at
most, so that the cost does not depend on how long the stream is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .flv import AUDIO, VIDEO, composition, is_key
from .ingest_codecs import H264, Picture, Sound, audio_codec, picture, sound, video_codec
from .ingest_follow import Arrived

RECENT = 60_000
"""How far "now" looks back."""
NOW, PEAK = 10, 5
"""Seconds over which the present bitrate and its peak are averaged."""
BACK = 100
"""A time that lies further back than this has jumped; smaller steps are senders that order their tags loosely."""
FORWARD = 10_000
"""A time that lies further ahead has jumped: ingest drops a publisher who sends nothing for so long (FACTS 3)."""
HOLE = 2_000
"""Time without any frame that is a gap."""
_ONE_JUMP = 200
"""Tags within which sound and pictures follow one another's jump."""
LOOSE = 0.1
"""Share of the pictures' distances that fit no frame rate from which on the frame rate varies."""


@dataclass(frozen=True)
class Rate:
    """Pictures a second, the share of them that is missing (0 to 1), and whether their distances follow no rate."""

    fps: float
    missing: float = 0.0
    varies: bool = False


@dataclass(frozen=True)
class Bits:
    """Bits per second: of the last ten seconds, since the beginning, in the five seconds with most."""

    now: int
    average: int
    peak: int


class Meter:
    """One recording. `seconds` that have been seen, `jumps` of its time, `gaps` in it and their `gap_seconds`."""

    def __init__(self) -> None:
        self.picture: Picture | None = None
        self.sound: Sound | None = None
        self.bent = False
        self.seconds = 0.0
        self.jumps = 0
        self.gaps = 0
        self.gap_seconds = 0.0
        self._frames: deque[int] = deque()
        self._keys: deque[int] = deque()
        self._skews: deque[int] = deque(maxlen=30)
        self._last: dict[int, int] = {}
        self._newest: int | None = None
        self._heard = 0.0
        self._spanned = 0
        self._since_jump = _ONE_JUMP
        self._bytes = 0
        self._buckets: deque[int] = deque([0], maxlen=NOW + 1)
        self._bucket = 0
        self._peak = 0

    def take(self, tag: Arrived) -> None:
        """Take in a tag."""
        if tag.kind not in (AUDIO, VIDEO) or len(tag.body) < 2:
            return
        if tag.settings:
            self._describe(tag)
            return
        if tag.kind == VIDEO and video_codec(tag.body) == H264 and tag.body[1] != 1:
            # The end of the sequence, which looks like a key frame.
            return
        self._follow(tag)
        self._count(tag.size)
        if tag.kind == VIDEO:
            self._see(tag)
        else:
            self._hear(tag)
        self._last[tag.kind] = tag.time

    @property
    def seen(self) -> bool:
        """Whether pictures arrive: one within the last ten seconds."""
        return self._is_recent(VIDEO)

    @property
    def heard(self) -> bool:
        """Whether sound arrives: some within the last ten seconds."""
        return self._is_recent(AUDIO)

    def rate(self) -> Rate | None:
        """The frame rate of the last minute; None with less than a second of pictures."""
        if len(self._frames) < 3 or self._frames[-1] - self._frames[0] < 1000:
            return None
        frames = list(self._frames)
        return rate([after - before for before, after in zip(frames, frames[1:])])

    def key_interval(self) -> float | None:
        """Seconds from key frame to key frame: the usual, or those since the last one if these are more."""
        if not self._keys or not self._frames:
            return None
        keys = list(self._keys)
        since = (self._frames[-1] - keys[-1]) / 1000
        if len(keys) == 1:
            return since if since > 2 else None
        usual = median(after - before for before, after in zip(keys, keys[1:])) / 1000
        return max(usual, since)

    def bits(self) -> Bits | None:
        """The bitrate; None within the first two seconds."""
        whole = list(self._buckets)[:-1]
        if not self._bucket or self.seconds < 2:
            return None
        return Bits(_bits(whole, len(whole)), int(self._bytes * 8 / self.seconds), max(self._peak, _bits(whole, NOW)))

    def offset_ms(self) -> int | None:
        """How far sound runs ahead of the pictures that arrive together with it; None without both."""
        return round(median(self._skews)) if self._skews and self.seen and self.heard else None

    def drift_ms(self) -> int | None:
        """By how much more sound has arrived than its time stamps span since the beginning; None without sound."""
        return round(self._heard - self._spanned) if self._spanned else None

    def _describe(self, tag: Arrived) -> None:
        if tag.kind == VIDEO:
            self.picture = picture(tag.body)
        else:
            self.sound = sound(tag.body)

    def _is_recent(self, kind: int) -> bool:
        last = self._last.get(kind)
        return last is not None and self._newest is not None and self._newest - last < FORWARD

    def _follow(self, tag: Arrived) -> None:
        """Let the recording's own time go on: jumps and gaps."""
        self._since_jump += 1
        last = self._last.get(tag.kind)
        if last is not None and not -BACK <= tag.time - last <= FORWARD:
            if self._since_jump > _ONE_JUMP:
                self.jumps += 1
            self._since_jump = 0
            self._forget()
        newest = tag.time if self._newest is None else self._newest
        on = tag.time - newest
        if 0 < on <= FORWARD:
            self.seconds += on / 1000
            if on > HOLE:
                self.gaps += 1
                self.gap_seconds += on / 1000
        self._newest = max(newest, tag.time)

    def _forget(self) -> None:
        """What was before a jump says nothing of what is behind it."""
        self._frames.clear()
        self._keys.clear()
        self._skews.clear()
        self._last.clear()
        self._newest = None

    def _count(self, size: int) -> None:
        self._bytes += size
        while self._bucket < int(self.seconds):
            self._bucket += 1
            whole = list(self._buckets)
            if len(whole) >= PEAK:
                self._peak = max(self._peak, _bits(whole, PEAK))
            self._buckets.append(0)
        self._buckets[-1] += size

    def _see(self, tag: Arrived) -> None:
        if self.picture is None or (self.picture.profile is None and self.picture.codec != video_codec(tag.body)):
            self.picture = Picture(video_codec(tag.body))
        self.bent = self.bent or composition(VIDEO, tag.body) != 0
        self._frames.append(tag.time)
        if is_key(tag.body):
            self._keys.append(tag.time)
            if AUDIO in self._last:
                self._skews.append(self._last[AUDIO] - tag.time)
        while tag.time - self._frames[0] > RECENT:
            self._frames.popleft()
        while len(self._keys) > 2 and tag.time - self._keys[0] > RECENT:
            self._keys.popleft()

    def _hear(self, tag: Arrived) -> None:
        if self.sound is None:
            self.sound = Sound(audio_codec(tag.body))
        last = self._last.get(AUDIO)
        if last is None or not self.sound.rate or not self.sound.frame:
            return
        span, frame = tag.time - last, self.sound.frame * 1000 / self.sound.rate
        if span < 10 * frame:
            self._spanned += span
            self._heard += frame


def rate(distances: Sequence[int]) -> Rate:
    """The frame rate that these distances in ms have, whatever is missing in between.

    Milliseconds round: 30 pictures a second lie 33 or 34 ms apart.
    """
    # What is no more than a slow frame rate counts as missing, what is longer as a gap.
    distances = [distance for distance in distances if distance <= HOLE] or distances
    usual = median(distances)
    slack = max(2.0, usual / 4)
    near = [distance for distance in distances if abs(distance - usual) <= slack]
    step = sum(near) / len(near) if near else usual
    if step <= 0 or not near:
        return Rate(round(len(distances) * 1000 / max(1, sum(distances)), 2), varies=True)
    wide = [distance for distance in distances if distance > usual + slack]
    lost = sum(round(distance / step) - 1 for distance in wide)
    loose = len(distances) - len(near) - sum(abs(gap - round(gap / step) * step) <= slack for gap in wide)
    # A half-way distance fits every rate by half: what is close to two or three of them does so by chance too.
    if loose > LOOSE * len(distances):
        return Rate(round(len(distances) * 1000 / sum(distances), 2), varies=True)
    return Rate(round(1000 / step, 2), lost / (lost + len(distances)))


def _bits(sizes: Iterable[int], seconds: int) -> int:
    last = list(sizes)[-seconds:]
    return int(sum(last) * 8 / len(last)) if last else 0
