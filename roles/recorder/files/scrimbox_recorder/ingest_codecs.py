"""What a publisher says of its picture and sound before the first frame: codec, profile, size, sample rate. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .mp4.avc import read_settings
from .mp4.boxes import Mp4Error

H264, AAC = "h264", "aac"
_VIDEO = {2: "h263", 3: "screen", 4: "vp6", 5: "vp6", 6: "screen", 7: H264, 8: "vp8", 9: "vp9", 12: "hevc", 13: "av1"}
"""Codec numbers of FLV; those above 7 are not in its specification, but senders use them."""
_AUDIO = {0: "pcm", 1: "adpcm", 2: "mp3", 3: "pcm", 4: "nellymoser", 5: "nellymoser", 6: "nellymoser"}
_AUDIO.update({7: "g711", 8: "g711", 10: AAC, 11: "speex", 13: "opus", 14: "mp3", 15: "other"})
_FOUR = {"hvc1": "hevc", "av01": "av1", "vp09": "vp9", "vp08": "vp8", "avc1": H264}
"""Codecs of enhanced RTMP."""
_PROFILES = {66: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10", 122: "High 4:2:2"}
_PROFILES.update({144: "High 4:4:4", 244: "High 4:4:4", 44: "CAVLC 4:4:4"})
SHOWN_EVERYWHERE = ("Baseline", "Main", "High")
"""Profiles that every browser shows."""
_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
"""Profiles whose SPS says how colour is sampled (ITU-T H.264, 7.3.2.1.1)."""
_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_OBJECTS = {1: "Main", 2: "LC", 3: "SSR", 4: "LTP", 5: "HE", 29: "HE v2"}


@dataclass(frozen=True)
class Picture:
    """Codec and, of H.264, profile, level and size in pixels; None for what is not known."""

    codec: str
    profile: str | None = None
    level: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Sound:
    """Codec and, of AAC, profile, samples per second, channels, and samples of a frame; None for what is not known."""

    codec: str
    profile: str | None = None
    rate: int | None = None
    channels: int | None = None
    frame: int | None = None


def video_codec(body: bytes) -> str:
    """Codec of a picture's tag, by the first bytes of its body."""
    if body[0] & 0x80:
        four = body[1:5].decode("ascii", "replace")
        return _FOUR.get(four, "other")
    return _VIDEO.get(body[0] & 0x0F, "other")


def audio_codec(body: bytes) -> str:
    """Codec of a sound's tag, by the first byte of its body."""
    return _AUDIO.get(body[0] >> 4, "other")


def picture(body: bytes) -> Picture:
    """What the tag before the first picture says."""
    codec = video_codec(body)
    if codec != H264:
        return Picture(codec)
    try:
        settings = read_settings(body[5:])
        width, height = _size(_Bits(settings.sps[0]))
    except (Mp4Error, EOFError):
        return Picture(codec)
    profile = _PROFILES.get(settings.profile, f"profile {settings.profile}")
    return Picture(codec, profile, f"{settings.level / 10:.1f}", width, height)


def sound(body: bytes) -> Sound:
    """What the tag before the first sound says (AudioSpecificConfig, ISO 14496-3)."""
    codec = audio_codec(body)
    if codec != AAC:
        return Sound(codec)
    bits = _Bits(body[2:], escape=False)
    try:
        kind = bits.read(5)
        kind = 32 + bits.read(6) if kind == 31 else kind
        rate = _rate(bits)
        channels = bits.read(4)
        if kind in (5, 29):
            # What is heard has the rate that follows; a frame holds twice as many of its samples.
            return Sound(codec, _OBJECTS[kind], _rate(bits), 2 if kind == 29 else channels, 2048)
        frame = 960 if bits.read(1) else 1024
    except EOFError:
        return Sound(codec)
    return Sound(codec, _OBJECTS.get(kind, "other"), rate or None, {7: 8}.get(channels, channels) or None, frame)


def _rate(bits: _Bits) -> int:
    number = bits.read(4)
    return bits.read(24) if number == 15 else _RATES[number] if number < len(_RATES) else 0


def _size(bits: _Bits) -> tuple[int, int]:
    """Width and height of what is shown (7.3.2.1.1)."""
    bits.read(8)
    profile = bits.read(8)
    bits.read(16)
    bits.golomb()
    chroma = 1
    if profile in _WITH_CHROMA:
        chroma = bits.golomb()
        if chroma == 3:
            bits.read(1)
        bits.golomb()
        bits.golomb()
        bits.read(1)
        if bits.read(1):
            _pass_scaling(bits, 12 if chroma == 3 else 8)
    bits.golomb()
    _pass_order(bits)
    bits.golomb()
    bits.read(1)
    width, height = (bits.golomb() + 1) * 16, (bits.golomb() + 1) * 16
    frames_only = bits.read(1)
    if not frames_only:
        height *= 2
        bits.read(1)
    bits.read(1)
    if bits.read(1):
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        across, down = {0: (1, 1), 1: (2, 2), 2: (2, 1)}.get(chroma, (1, 1))
        width -= (left + right) * across
        height -= (top + bottom) * down * (2 - frames_only)
    return width, height


def _pass_scaling(bits: _Bits, lists: int) -> None:
    for number in range(lists):
        if not bits.read(1):
            continue
        last = following = 8
        for _ in range(16 if number < 6 else 64):
            if following:
                following = (last + bits.signed() + 256) % 256
            last = following or last


def _pass_order(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.read(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.golomb()):
            bits.signed()


class _Bits:
    """Reads bits; H.264's units have a 3 in between wherever they would look like the beginning of another."""

    def __init__(self, data: bytes, *, escape: bool = True) -> None:
        self._data = data.replace(b"\0\0\3", b"\0\0") if escape else data
        self._value = int.from_bytes(self._data, "big")
        self._left = len(self._data) * 8

    def read(self, count: int) -> int:
        """So many bits as a number.

        Raises:
            EOFError: there are not so many.
        """
        if count > self._left:
            raise EOFError
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """An Exp-Golomb number (9.1)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise EOFError
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        """An Exp-Golomb number with a sign (9.1.1)."""
        number = self.golomb()
        return (number + 1) // 2 if number % 2 else -(number // 2)
