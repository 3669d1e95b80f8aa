"""FLV: what a raw recording really holds, counted and digested tag by tag while it is read."""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEADER = 13
"""Bytes before the first tag."""
TAG = struct.Struct(">BBHBHB3x")
"""What a tag begins with: kind, bytes of its body (8 and 16 bits), milliseconds (8, 16 and, uppermost, 8 bits)."""
AUDIO, VIDEO, _SCRIPT = 8, 9, 18
_AVC, _AAC = 7, 10
BLOCK = 1 << 20
"""Bytes that are read at once."""


@dataclass(frozen=True)
class Contents:
    """What the whole tags of an FLV hold. Times in milliseconds of the file; None where there is no such frame.

    Video is counted from its first key frame: nothing before it can be shown. The digests (MD5, hexadecimal) are of
    the frames' own bytes in their order, which an MP4 keeps unchanged. `headers_only`: the whole file is made of what a
    publisher says before the first frame. `unread`: bytes behind a damaged place, where no tag begins any more.
    """

    video_frames: int
    audio_frames: int
    first_video: int | None
    first_audio: int | None
    first_tag: int
    last_tag: int
    video_digest: str = ""
    audio_digest: str = ""
    unread: int = 0
    headers_only: bool = False

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


class Reader:
    """Reads an FLV once: hands on its whole tags and knows afterwards what they held.

    What is cut off at the end, or follows a place that is no FLV any more, is neither handed on nor counted.
    """

    def __init__(self) -> None:
        self._count = _Count()

    def read(self, path: Path) -> Iterator[memoryview]:
        """The header and the whole tags, in pieces of about a megabyte.

        Raises:
            OSError: the file cannot be read.
        """
        with path.open("rb", buffering=0) as stream:
            if os.fstat(stream.fileno()).st_size <= HEADER:
                return
            pending = stream.read(HEADER)
            if len(pending) < HEADER or pending[:3] != b"FLV":
                return
            yield memoryview(pending)
            yield from self._tags(stream)

    def read_range(self, path: Path, head: bytes, start: int, behind: int) -> Iterator[memoryview]:
        """`head` in place of what lies before, then the whole tags between two places of the file, the first of a tag.

        Raises:
            OSError: the file cannot be read.
        """
        _walk(head[HEADER:], self._count)
        yield memoryview(head)
        with path.open("rb", buffering=0) as stream:
            stream.seek(start)
            yield from self._tags(stream, behind - start)

    @property
    def contents(self) -> Contents:
        """What has been read so far."""
        return self._count.contents()

    def _tags(self, stream: BinaryIO, left: int = sys.maxsize) -> Iterator[memoryview]:
        pending, sound = b"", True
        while sound and (block := stream.read(min(BLOCK, left))):
            pending += block
            left -= len(block)
            whole, sound = _walk(pending, self._count)
            if whole:
                yield memoryview(pending)[:whole]
            pending = pending[whole:]
        if sound:
            # Only the size behind the last tag may be missing.
            pending += _size_behind(pending)
            whole, _ = _walk(pending, self._count)
            self._count.whole = whole == len(pending)
            if whole:
                yield memoryview(pending)[:whole]
        else:
            self._count.unread = os.fstat(stream.fileno()).st_size - stream.tell() + len(pending)


def contents(path: Path) -> Contents:
    """Count the whole tags of an FLV; what is cut off at the end, or is no FLV, counts as nothing.

    Raises:
        OSError: the file cannot be read.
    """
    reader = Reader()
    for _ in reader.read(path):
        pass
    return reader.contents


def is_header(kind: int, body: bytes) -> bool:
    """Whether the body of a tag holds settings of picture or sound, not a frame."""
    if kind == VIDEO:
        return len(body) > 1 and body[0] & 0x0F == _AVC and body[1] == 0
    return kind == AUDIO and len(body) > 1 and body[0] >> 4 == _AAC and body[1] == 0


def composition(kind: int, body: bytes) -> int:
    """Milliseconds from the time of a tag, when its frame is decoded, until the frame is presented."""
    avc = kind == VIDEO and len(body) > 4 and body[0] & 0x0F == _AVC
    return int.from_bytes(body[2:5], "big", signed=True) if avc else 0


def is_key(body: bytes) -> bool:
    """Whether the body of a picture's tag says that it is a key frame."""
    return len(body) > 0 and body[0] >> 4 == 1


class _Count:
    def __init__(self) -> None:
        self.video = 0
        self.audio = 0
        self.first_video: int | None = None
        self.first_audio: int | None = None
        self.first: int | None = None
        self.last = 0
        self.unread = 0
        self.whole = False
        self.only_headers = True
        self.video_digest = hashlib.md5(usedforsecurity=False)
        self.audio_digest = hashlib.md5(usedforsecurity=False)

    def contents(self) -> Contents:
        return Contents(
            self.video,
            self.audio,
            self.first_video,
            self.first_audio,
            self.first or 0,
            self.last,
            self.video_digest.hexdigest(),
            self.audio_digest.hexdigest(),
            self.unread,
            self.only_headers and self.whole,
        )

    def take_audio(self, time: int, body: memoryview) -> None:
        aac = len(body) > 0 and body[0] >> 4 == _AAC
        if len(body) < 2 or (aac and (body[1] == 0 or len(body) < 3)):
            return
        self.only_headers = False
        self._take(time)
        self.audio += 1
        self.audio_digest.update(body[2 if aac else 1 :])
        if self.first_audio is None:
            self.first_audio = time

    def take_video(self, time: int, body: memoryview) -> None:
        avc = len(body) > 0 and body[0] & 0x0F == _AVC
        if len(body) < 2 or (avc and (body[1] != 1 or len(body) < 6)):
            return
        self.only_headers = False
        if self.first_video is None:
            if body[0] >> 4 != 1:
                return
            self.first_video = time + composition(VIDEO, bytes(body[:5]))
        self._take(time)
        self.video += 1
        self.video_digest.update(body[5 if avc else 1 :])

    def _take(self, time: int) -> None:
        self.first = time if self.first is None else min(self.first, time)
        self.last = max(self.last, time)


def _walk(data: bytes, count: _Count) -> tuple[int, bool]:
    """Take in the whole tags at the beginning of `data`: their bytes, and whether what follows can still be a tag."""
    view, position, end = memoryview(data), 0, len(data)
    while position + TAG.size <= end:
        kind, high, low, time_high, time_low, time_top = TAG.unpack_from(data, position)
        size, body = high << 16 | low, position + TAG.size
        if kind not in (AUDIO, VIDEO, _SCRIPT):
            return position, False
        if body + size + 4 > end:
            return position, True
        time = time_top << 24 | time_high << 16 | time_low
        if kind == VIDEO:
            count.take_video(time, view[body : body + size])
        elif kind == AUDIO:
            count.take_audio(time, view[body : body + size])
        position = body + size + 4
    return position, True


def _size_behind(data: bytes) -> bytes:
    """The rest of the four bytes that repeat the size of a tag, if nothing else of it is missing."""
    if len(data) < TAG.size:
        return b""
    size = TAG.size + (TAG.unpack_from(data)[1] << 16 | TAG.unpack_from(data)[2])
    return size.to_bytes(4, "big")[len(data) - size :] if 0 <= len(data) - size < 4 else b""
