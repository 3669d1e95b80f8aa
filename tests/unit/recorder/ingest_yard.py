"""Publishers made of tags: what encoders send, second by second, without their pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from recorder_yard import tag
from scrimbox_recorder.flv import AUDIO, TAG, VIDEO, is_header
from scrimbox_recorder.ingest_follow import Arrived

AVCC = {
    "320x180 High": "0164000dffe100186764000dacb40a0cfcf80880000003008000001e078a155001000468ef0fcbfdf8f800",
    "1920x1080 Baseline": "0142c028ffe100196742c028da01e0089f970110000003001000000303c0f1832a01000468ce0fc8",
    "1366x768 Baseline": "0142c020ffe100186742c020da01581879bc0440000003004000000f03c60ca801000468ce0fc8",
    "320x180 High 4:4:4": "01f4000dffe1001a67f4000d919681419f8dc044000003000400000300f03c50aa8001000568ce0f1920fff8"
    "f800",
    "720x576 Main": "014d401effe10018674d401ef405a126c044000003000400000300c87c50aa8001000468de0fc8",
    "320x180 High 10": "016e000dffe10019676e000da6cb40a0cfcf8088000003000800000301e078a15501000468ce0fc8fdfafa00",
}
"""Settings as x264 writes them."""
AAC = b"\xaf\x00\x11\x90"
"""LC, 48 kHz, stereo."""


@dataclass
class Sender:
    """An encoder. Rates per second, `keys` in seconds, `kbps` of the pictures; 0 switches pictures or sound off.

    `shift_ms` is added to all times, `sound_shift_ms` to those of sound alone; `sound_speed`: how much faster than its
    time stamps sound comes.
    """

    fps: float = 30
    keys: float = 1
    kbps: int = 4500
    audio: bool = True
    avcc: str = "1920x1080 Baseline"
    rate: int = 48000
    shift_ms: int = 0
    sound_shift_ms: int = 0
    sound_speed: float = 1
    bent: bool = False
    begun: bool = field(default=False, init=False)
    frame: int = field(default=0, init=False)
    sound: int = field(default=0, init=False)

    def seconds(self, count: float) -> bytes:
        """The tags of the next seconds, in the order of their times; the header and settings in front at first."""
        data = b"" if self.begun else b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + self._settings()
        self.begun = True
        until = max(self.frame / self.fps if self.fps else 0, self._sound_time()) + count
        found = []
        while self.fps and self.frame / self.fps < until:
            found.append(self._picture())
        while self.audio and self._sound_time() < until:
            time = round(self._sound_time() * 1000) + self.shift_ms + self.sound_shift_ms
            self.sound += 1
            found.append((time - self.sound_shift_ms, tag(AUDIO, time, b"\xaf\x01" + b"a" * 420)))
        return data + b"".join(body for _, body in sorted(found, key=lambda item: item[0]))

    def _settings(self) -> bytes:
        picture = b"\x17\0\0\0\0" + bytes.fromhex(AVCC[self.avcc])
        sound = AAC if self.rate == 48000 else b"\xaf\x00\x12\x10"
        return (tag(VIDEO, 0, picture) if self.fps else b"") + (tag(AUDIO, 0, sound) if self.audio else b"")

    def _sound_time(self) -> float:
        return self.sound * 1024 / self.rate / self.sound_speed

    def _picture(self) -> tuple[int, bytes]:
        time = round(self.frame * 1000 / self.fps) + self.shift_ms
        key = self.frame % max(1, int(self.fps * self.keys)) == 0
        self.frame += 1
        size = int(self.kbps * 125 / self.fps) - TAG.size - 9
        head = (b"\x17" if key else b"\x27") + b"\x01" + (33 if self.bent else 0).to_bytes(3, "big")
        return time, tag(VIDEO, time, head + b"v" * size)


def arrived(data: bytes) -> Iterator[Arrived]:
    """Tags of an FLV, or of a piece of one that begins with a tag."""
    position = 13 if data.startswith(b"FLV") else 0
    while position < len(data):
        kind, high, low, time_high, time_low, top = TAG.unpack_from(data, position)
        size = high << 16 | low
        body = data[position + TAG.size : position + TAG.size + size]
        settings = is_header(kind, body)
        whole = TAG.size + size + 4
        yield Arrived(kind, top << 24 | time_high << 16 | time_low, whole, body if settings else body[:8], settings)
        position += whole
