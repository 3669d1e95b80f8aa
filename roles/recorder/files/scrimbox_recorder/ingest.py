"""What arrives from publishers: follows the raw recordings and says of each stream what is measured, and what to mend.

The raw recording is measured, not the segments: it has every frame's own time and size, to the millisecond and as
the publisher sent it, also of what never becomes a segment (another codec, sound alone); and what is new in it is read
by its heads alone, some hundred bytes a second whatever the bitrate. A segment would have to be read as a whole, has
sound times that nginx has made even, and exists only a key frame interval later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from .config import Stream
from .ingest_advice import advise, delay
from .ingest_codecs import H264
from .ingest_follow import Follower
from .ingest_meter import Meter
from .names import iso
from .sessions import Session
from .watch import Recording

EVERY, YOUNG = 10.0, 30.0
"""Seconds between two documents, and up to what age of a recording there is one at every third of it."""
LEAST = 5.0
"""Seconds of stream before anything is said."""
MOST_HOURS = 999
"""More than anybody asks for."""
CREEP = 1e-3
"""Seconds a second by which lateness may grow unseen: a PC's clock that runs slow, not an upload that is too small."""
STEADY = 10.0
"""Seconds over which everything must have been late to be called late."""


@dataclass
class _Followed:
    """A recording: how far it was read, and by how much its data comes later than its time stamps say."""

    follower: Follower
    since: float | None = None
    meter: Meter = field(default_factory=Meter)
    best: tuple[float, float] | None = None
    late: deque[tuple[float, float]] = field(default_factory=deque)

    def note(self, arrived: float) -> None:
        """Data that is `meter.seconds` old by its stamps has arrived at the steady second `arrived`."""
        behind = arrived - self.meter.seconds
        if self.best is not None:
            when, least = self.best
            self.best = (arrived, min(behind, least + CREEP * (arrived - when)))
        else:
            self.best = (arrived, behind)
        self.late.append((arrived, behind - self.best[1]))
        while self.late[0][0] < arrived - STEADY:
            self.late.popleft()

    @property
    def lateness(self) -> float:
        """Seconds by which everything has come late for ten seconds."""
        return round(min((late for _, late in self.late), default=0.0), 1)


class Ingest:
    """Measures the open recordings of sessions that go on. What it remembers is only what it has read."""

    def __init__(self, incoming: Path, left: Callable[[], float] = lambda: 0.0) -> None:
        """Remember nothing yet; `left`: bytes that may still arrive from all publishers together."""
        self._incoming = incoming
        self._left = left
        self._followed: dict[str, _Followed] = {}
        self._said: dict[str, tuple[float, dict[str, Any]]] = {}

    def take(self, session: Session, declared: Stream, steady: float, wall: float) -> None:
        """Read what has arrived of a session.

        Raises:
            OSError: a recording cannot be read.
        """
        parts = [part for part in session.recordings if not part.empty]
        newest = parts[-1]
        followed = self._followed.get(newest.name)
        if followed is None:
            followed = self._followed[newest.name] = _Followed(Follower(self._incoming / newest.name))
        grown = False
        for tag in followed.follower.new():
            followed.meter.take(tag)
            grown = True
        if followed.since is None:
            # Read from its beginning or, a long one after a restart, from now on.
            followed.since = wall - (steady - newest.began) if followed.follower.whole else wall
        age = wall - followed.follower.changed
        # Where the wall clock has been set in between, nothing is known of when the data came.
        if grown and not followed.follower.behind and 0 <= age < STEADY:
            followed.note(steady - age)
        if self._is_due(session.stream, followed, steady):
            found = self._document(session, parts, followed, declared)
            self._said[session.stream] = (steady, found)

    def document(self, stream: str) -> dict[str, Any] | None:
        """`ingest` of a stream's state document; None while nothing is measured."""
        said = self._said.get(stream)
        return said[1] if said else None

    def keep_only(self, streams: Iterable[str], recordings: Iterable[str]) -> None:
        """Forget what has ended."""
        kept, names = set(streams), set(recordings)
        self._said = {stream: said for stream, said in self._said.items() if stream in kept}
        self._followed = {name: followed for name, followed in self._followed.items() if name in names}

    def _is_due(self, stream: str, followed: _Followed, steady: float) -> bool:
        seconds = followed.meter.seconds
        if followed.follower.behind or seconds < LEAST:
            return False
        if stream not in self._said:
            return True
        return steady - self._said[stream][0] >= (EVERY / 3 if seconds < YOUNG else EVERY)

    def _document(
        self, session: Session, parts: list[Recording], followed: _Followed, declared: Stream
    ) -> dict[str, Any]:
        meter = followed.meter
        every = [self._followed[part.name].meter for part in parts if part.name in self._followed]
        away = [after.began - before.ended for before, after in zip(parts, parts[1:])]
        seconds = sum(meter.gap_seconds for meter in every) + sum(max(0.0, gone) for gone in away)
        video = _video(meter)
        offset, drift = meter.offset_ms(), meter.drift_ms()
        bits = meter.bits()
        found: dict[str, Any] = {
            "since": None if followed.since is None else iso(followed.since),
            "video": video,
            "audio": _audio(meter),
            "bitrate": bits and {"now": bits.now, "average": bits.average, "peak": bits.peak},
            "av": None if offset is None and drift is None else {"offset_ms": offset, "drift_ms": drift},
            "late": followed.lateness,
            "jumps": sum(meter.jumps for meter in every),
            "gaps": {"count": sum(meter.gaps for meter in every) + len(away), "seconds": round(seconds, 1)},
            "delay": delay(video["key_interval"]) if video and video["codec"] == H264 else None,
        }
        found["safe_hours"] = self._safe_hours(session.stream, bits.now if bits else 0)
        found["advice"] = [advice.document() for advice in advise(found, declared, meter.seconds)]
        return found

    def _safe_hours(self, stream: str, now: int) -> float | None:
        """Hours for which what all send now can be recorded; None while nothing is known of it."""
        others = [said["bitrate"] for other, (_, said) in self._said.items() if other != stream]
        rate = now + sum(bits["now"] for bits in others if bits)
        hours = max(0.0, self._left()) * 8 / rate / 3600 if rate else None
        return None if hours is None else round(hours, 1) if hours < 10 else float(min(MOST_HOURS, int(hours)))


def _video(meter: Meter) -> dict[str, Any] | None:
    if not meter.seen or meter.picture is None:
        return None
    rate, interval, picture = meter.rate(), meter.key_interval(), meter.picture
    return {
        "codec": picture.codec,
        "profile": picture.profile,
        "level": picture.level,
        "width": picture.width,
        "height": picture.height,
        "fps": rate and rate.fps,
        "varies": rate is not None and rate.varies,
        "missing": round(rate.missing, 3) if rate else 0,
        "key_interval": None if interval is None else round(interval, 2),
        "b_frames": meter.bent,
    }


def _audio(meter: Meter) -> dict[str, Any] | None:
    if not meter.heard or meter.sound is None:
        return None
    sound = meter.sound
    return {"codec": sound.codec, "profile": sound.profile, "rate": sound.rate, "channels": sound.channels}
