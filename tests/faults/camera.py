"""A publisher that knows to the frame what it has sent, and breaks in the way that a test wants.

It sends an FLV of numbered frames over RTMP in real time, as a camera would. Told to follow, it does as OBS does: it
goes on encoding while it is not connected, comes back after some seconds and begins with the next key frame.
"""

from __future__ import annotations

import functools
import itertools
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import media, rtmp

AUDIO, VIDEO, SCRIPT = 8, 9, 18
RETRY_SECONDS = 2.0
"""What OBS waits between two tries."""


@dataclass(frozen=True)
class Tag:
    """One message of the FLV; `frame` is the number of a picture in the order of sending, `key` of a key frame."""

    kind: int
    ms: int
    body: bytes
    frame: int | None = None
    key: bool = False

    @property
    def header(self) -> bool:
        """Whether it describes the stream, so that every connection begins with it."""
        return self.kind == SCRIPT or (self.kind in {AUDIO, VIDEO} and self.frame is None and self.body[1] == 0)


@functools.lru_cache(maxsize=16)
def tags(path: Path, first: int = 0) -> tuple[Tag, ...]:
    """Read an FLV whose first picture has the number `first`."""
    data = path.read_bytes()
    found, position, frame = [], 13, first
    while position + 11 <= len(data):
        kind, high, low, time_high, time_low, top = struct.unpack_from(">BBHBHB", data, position)
        size = high << 16 | low
        body = data[position + 11 : position + 11 + size]
        ms = top << 24 | time_high << 16 | time_low
        if kind == VIDEO and len(body) > 5 and body[1] == 1:
            found.append(Tag(kind, ms, body, frame, key=body[0] >> 4 == 1))
            frame += 1
        elif len(body) > 1 and not (kind == VIDEO and body[1] == 2):
            found.append(Tag(kind, ms, body))
        position += size + 15
    return tuple(found)


@dataclass
class Connection:
    """One time on air: first picture, how many the socket took, when the first and last tag left (epoch seconds)."""

    first: int = -1
    sent: int = 0
    audio: int = 0
    began: float = 0.0
    last: float = 0.0
    ended: float = 0.0
    codes: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the server let it publish."""
        return "NetStream.Publish.Start" in self.codes

    @property
    def numbers(self) -> range:
        """The pictures that the socket took."""
        return range(self.first, self.first + self.sent)


class Camera:
    """A push in the background."""

    def __init__(
        self,
        address: tuple[str, int],
        name: str,
        path: Path,
        *,
        first: int = 0,
        start: int | None = None,
        frames: int | None = None,
        kinds: tuple[int, ...] = (AUDIO, VIDEO),
        follow: bool = False,
        loop: bool = False,
        goodbye: Callable[[rtmp.Client], None] = rtmp.Client.finish,
    ) -> None:
        """Start pushing.

        Args:
            address: host and port.
            name: `ID?key=KEY`.
            path: an FLV of the pattern.
            first: number of the FLV's first picture.
            start: number of the picture to begin with, a key frame; the FLV's first.
            frames: stop by itself after so many pictures (without video: after their time); otherwise at `stop`.
            kinds: what is sent: sound, picture or both.
            loop: begin again at the end of the FLV, without a gap.
            follow: come back when the connection is lost, as OBS does.
            goodbye: how it goes.
        """
        self._address, self._name = address, name
        self._tags = [tag for tag in tags(path, first) if tag.kind in kinds or tag.kind == SCRIPT]
        self._clock = [tag for tag in tags(path, first) if tag.frame is not None]
        self._first, self._start = first, first if start is None else start
        self._frames, self._follow, self._loop, self._goodbye = frames, follow, loop, goodbye
        self.connections: list[Connection] = []
        self._stop, self._frozen = threading.Event(), threading.Event()
        self._origin = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def sent(self) -> int:
        """Pictures that went out, over all connections."""
        return sum(connection.sent for connection in self.connections)

    def wait_sent(self, frames: int, timeout: float = 60) -> None:
        """Wait until so many pictures have gone out."""
        deadline = time.monotonic() + timeout
        while self.sent < frames:
            assert time.monotonic() < deadline, f"only {self.sent} of {frames} frames were sent: {self.connections}"
            assert self._thread.is_alive(), f"the push ended after {self.sent} of {frames} frames: {self.connections}"
            time.sleep(0.02)

    def freeze(self) -> None:
        """Neither send nor hang up any more, as a machine that has crashed."""
        self._frozen.set()

    def stop(self) -> list[Connection]:
        """Say goodbye, or nothing where `goodbye` says nothing."""
        self._stop.set()
        return self.wait()

    def wait(self, timeout: float = 90) -> list[Connection]:
        """Wait for the end of the push; its connections."""
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"the push goes on: {self.connections}"
        return self.connections

    def _run(self) -> None:
        start = self._start
        while True:
            connection = Connection()
            self.connections.append(connection)
            try:
                finished = self._push(start, connection)
            except (OSError, TimeoutError) as error:
                connection.codes.append(repr(error))
                finished = False
            connection.ended = time.time()
            if finished or not self._follow or self._stop.wait(RETRY_SECONDS):
                return
            start = self._next_key_frame()

    def _next_key_frame(self) -> int:
        """The picture that an encoder comes to now."""
        if not self._origin:
            return self._start
        begun = self._tag_of(self._start).ms + (time.monotonic() - self._origin) * 1000
        return next(tag.frame for tag in self._clock if tag.key and tag.ms >= begun and tag.frame is not None)

    def _tag_of(self, frame: int) -> Tag:
        return self._clock[frame - self._first]

    def _push(self, start: int, connection: Connection) -> bool:
        """Send from a key frame on; True if it came to its end."""
        client = rtmp.Client(self._address, timeout=10)
        client.connect()
        client.command("publish", 3, None, self._name, "live", stream=1)
        for command in client.commands():
            if command[0] in {"onStatus", "_error"}:
                connection.codes.append(str(command[-1].get("code", "?")) if isinstance(command[-1], dict) else "?")
                break
        if not connection.accepted:
            client.close()
            return not self._follow
        base = self._tag_of(start).ms
        for tag in self._tags:
            if tag.header:
                body = rtmp.encode("@setDataFrame") + tag.body if tag.kind == SCRIPT else tag.body
                client.send(tag.kind, body, channel=4, stream=1)
        now = time.monotonic()
        if self._origin:
            # An encoder does not wait for its connection.
            now = self._origin + (base - self._tag_of(self._start).ms) / 1000
        else:
            self._origin = now
        connection.first = start
        limit = None if self._frames is None else self._start + self._frames
        end = None if limit is None else self._clock[0].ms + (limit - self._first) * 1000 / media.FPS
        for turn, tag in self._turns():
            if tag.header or tag.ms < base or (tag.frame is not None and tag.frame < start):
                continue
            if end is not None and tag.ms >= end - 1:
                break
            ms = tag.ms - base + turn * len(self._clock) * 1000 // media.FPS
            if not self._pace(now + ms / 1000):
                break
            client.send(tag.kind, tag.body, channel=4, stream=1, ms=ms)
            connection.last = time.time()
            connection.began = connection.began or connection.last
            connection.sent += tag.frame is not None
            connection.audio += tag.kind == AUDIO
        if self._frozen.is_set():
            self._stop.wait(120)
        self._goodbye(client)
        return True

    def _turns(self) -> Iterator[tuple[int, Tag]]:
        for turn in itertools.count() if self._loop else (0,):
            for tag in self._tags:
                yield turn, tag

    def _pace(self, moment: float) -> bool:
        """Wait until a moment of the monotonic clock; False if the push is to end."""
        while not self._frozen.is_set():
            left = moment - time.monotonic()
            if left <= 0:
                return not self._stop.is_set()
            if self._stop.wait(min(left, 0.2)):
                return False
        return False
