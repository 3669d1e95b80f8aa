"""H.264 as MP4 holds it: parameter sets in an avcC box, units with their length in front (ISO 14496-15, 5.3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from .boxes import Mp4Error

IDR, SPS, PPS = 5, 7, 8
"""Types of units (ITU-T H.264, table 7-1)."""
START = b"\0\0\0\1"
_WITH_FORMATS = {100, 110, 122, 144}
"""Profiles whose avcC ends with formats and extensions (14496-15, 5.3.3.1.2)."""


@dataclass(frozen=True)
class Settings:
    """What an avcC box holds: its first bytes, bytes of a unit's length field, parameter sets, what follows them."""

    head: bytes
    length: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    rest: bytes = b""

    @property
    def profile(self) -> int:
        """profile_idc."""
        return self.head[1]

    @property
    def level(self) -> int:
        """level_idc: ten times the level."""
        return self.head[3]

    @property
    def taken(self) -> set[int]:
        """Numbers of the parameter sets of either kind."""
        return {number(unit) for unit in (*self.sps, *self.pps)}

    def joined(self, other: Settings) -> Settings:
        """These parameter sets and another encoder's, whose numbers differ.

        Raises:
            Mp4Error: the numbers are the same, or units are counted otherwise.
        """
        if self.taken & other.taken or self.length != other.length:
            raise Mp4Error("parameter sets of two encoders cannot be told apart")
        return replace(self, sps=self.sps + other.sps, pps=self.pps + other.pps)

    def packed(self) -> bytes:
        """The content of an avcC box."""
        return b"".join(
            [
                self.head,
                bytes([0xFC | self.length - 1, 0xE0 | len(self.sps)]),
                *(len(unit).to_bytes(2, "big") + unit for unit in self.sps),
                bytes([len(self.pps)]),
                *(len(unit).to_bytes(2, "big") + unit for unit in self.pps),
                self.rest,
            ]
        )


def read_settings(avcc: bytes) -> Settings:
    """Read the content of an avcC box.

    Raises:
        Mp4Error: it is cut off.
    """
    found: list[tuple[bytes, ...]] = []
    position = 5
    try:
        for mask in (0x1F, 0xFF):
            count = avcc[position] & mask
            position += 1
            units = []
            for _ in range(count):
                size = int.from_bytes(avcc[position : position + 2], "big")
                units.append(avcc[position + 2 : position + 2 + size])
                position += 2 + size
            found.append(tuple(units))
        length = (avcc[4] & 3) + 1
    except IndexError as error:
        raise Mp4Error("the parameter sets of its video are cut off") from error
    if position > len(avcc) or not all(found) or not all(all(units) for units in found):
        raise Mp4Error("the parameter sets of its video are cut off")
    rest = avcc[position:] if avcc[1] in _WITH_FORMATS else b""
    return Settings(avcc[:4], length, found[0], found[1], rest)


def number(unit: bytes) -> int:
    """The number of a parameter set (7.3.2.1.1, 7.3.2.2).

    Raises:
        Mp4Error: it is cut off.
    """
    # A PPS begins with its number, an SPS with three bytes of profile and level before it.
    start = 4 if unit[0] & 0x1F == SPS else 1
    bits = int.from_bytes(unit[start : start + 4].ljust(4, b"\0"), "big")
    zeros = 32 - bits.bit_length()
    if zeros > 8 or len(unit) <= start:
        raise Mp4Error("a parameter set of its video is damaged")
    return (bits >> 31 - 2 * zeros) - 1


def free_number(settings: Settings) -> int:
    """A number that no parameter set has.

    Raises:
        Mp4Error: there is none.
    """
    for candidate in range(1, 32):
        if candidate not in settings.taken:
            return candidate
    raise Mp4Error("its video has all numbers of parameter sets in use")


def units(sample: bytes, length: int) -> Iterator[bytes]:
    """The units of a frame.

    Raises:
        Mp4Error: their lengths do not fit the frame.
    """
    position = 0
    while position + length <= len(sample):
        size = int.from_bytes(sample[position : position + length], "big")
        position += length
        yield sample[position : position + size]
        position += size
    if position != len(sample):
        raise Mp4Error("a frame of its video is damaged")


def is_idr(sample: bytes, length: int) -> bool:
    """Whether a decoder can begin with this frame, and nothing behind it needs what was before."""
    return any(unit and unit[0] & 0x1F == IDR for unit in units(sample, length))


def annex_b(samples: Iterable[bytes], settings: Settings) -> Iterator[bytes]:
    """Frames as a raw stream, the parameter sets in front."""
    yield b"".join(START + unit for unit in (*settings.sps, *settings.pps))
    for sample in samples:
        yield b"".join(START + unit for unit in units(sample, settings.length))
