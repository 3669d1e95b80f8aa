"""FLV: what a raw recording really holds, counted tag by tag."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER = 13
_TAG = struct.Struct(">BBHBHB3x")
_AUDIO, _VIDEO, _SCRIPT = 8, 9, 18
_AVC, _AAC = 7, 10


@dataclass(frozen=True)
class Contents:
    """What the whole tags of an FLV hold. Times in milliseconds of the file; None where there is no such frame.

    Video is counted from its first key frame: nothing before it can be shown.
    """

    video_frames: int
    audio_frames: int
    first_video: int | None
    first_audio: int | None
    first_tag: int
    last_tag: int

    @property
    def frames(self) -> int:
        """Frames of either kind."""
        return self.video_frames + self.audio_frames

    @property
    def start(self) -> int:
        """Presentation time of the first frame: zero of the MP4."""
        return min((time for time in (self.first_video, self.first_audio) if time is not None), default=0)

    @property
    def seconds(self) -> float:
        """From the first frame to the beginning of the last."""
        return (self.last_tag - self.first_tag) / 1000

    def lead(self, kind: str) -> float:
        """Seconds of the MP4 at which the first frame of a kind ("v" or "a") stands."""
        first = self.first_video if kind == "v" else self.first_audio
        return 0.0 if first is None else (first - self.start) / 1000


def contents(path: Path) -> Contents:
    """Count the whole tags of an FLV; what is cut off at the end, or is no FLV, counts as nothing.

    Raises:
        OSError: the file cannot be read.
    """
    count = _Count()
    if path.stat().st_size > _HEADER:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:3] == b"FLV":
                _walk(data, count)
    return Contents(count.video, count.audio, count.first_video, count.first_audio, count.first or 0, count.last)


class _Count:
    def __init__(self) -> None:
        self.video = 0
        self.audio = 0
        self.first_video: int | None = None
        self.first_audio: int | None = None
        self.first: int | None = None
        self.last = 0

    def take_audio(self, time: int, body: bytes) -> None:
        if len(body) < 2 or (body[0] >> 4 == _AAC and (body[1] == 0 or len(body) < 3)):
            return
        self._take(time)
        self.audio += 1
        if self.first_audio is None:
            self.first_audio = time

    def take_video(self, time: int, body: bytes) -> None:
        avc = bool(body) and body[0] & 0x0F == _AVC
        if len(body) < 2 or (avc and (body[1] != 1 or len(body) < 6)):
            return
        if self.first_video is None:
            if body[0] >> 4 != 1:
                return
            shift = int.from_bytes(body[2:5], "big", signed=True) if avc else 0
            self.first_video = time + shift
        self._take(time)
        self.video += 1

    def _take(self, time: int) -> None:
        self.first = time if self.first is None else min(self.first, time)
        self.last = max(self.last, time)


def _walk(data: mmap.mmap, count: _Count) -> None:
    position, end = _HEADER, len(data)
    while position + _TAG.size <= end:
        kind, high, low, time_high, time_low, time_top = _TAG.unpack_from(data, position)
        size, body = high << 16 | low, position + _TAG.size
        if body + size > end or kind not in (_AUDIO, _VIDEO, _SCRIPT):
            return
        time = time_top << 24 | time_high << 16 | time_low
        if kind == _VIDEO:
            count.take_video(time, data[body : body + min(size, 6)])
        elif kind == _AUDIO:
            count.take_audio(time, data[body : body + min(size, 3)])
        position = body + size + 4
