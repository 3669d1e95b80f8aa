"""Moving a fragment on the timeline: a moof anew, with its number and times changed."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from .boxes import Box, Mp4Error, build, build_full, children, decode_time, inside, need

GROWTH = 4
"""Bytes by which a tfdt grows that had 32 bits: those that are written have 64."""
_RUN_OFFSET = 1


def moved(moof: bytes, sequence: int, shifts: Mapping[int, int], growth: int) -> bytes:
    """Return a moof with the sequence number given and each track moved by its shift.

    Args:
        moof: the whole box.
        sequence: its new number.
        shifts: by track number, in the track's timescale.
        growth: bytes by which the result is longer, `GROWTH` for every tfdt with 32 bits.
    """
    content = []
    for box in inside(moof, 8):
        if box.kind == b"mfhd":
            content.append(build_full(b"mfhd", 0, 0, struct.pack(">I", sequence)))
        elif box.kind == b"traf":
            tfhd = need(children(moof, box), b"tfhd")
            (track,) = struct.unpack_from(">I", moof, tfhd.body + 4)
            content.append(build(b"traf", *_traf(moof, box, shifts[track], growth)))
        else:
            content.append(moof[box.start : box.end])
    return build(b"moof", *content)


def _traf(moof: bytes, traf: Box, shift: int, growth: int) -> Iterator[bytes]:
    for box in inside(moof, traf.body, traf.end):
        if box.kind == b"tfdt":
            time = decode_time(moof, box) + shift
            if time < 0:
                raise Mp4Error("a fragment would begin before zero")
            yield build_full(b"tfdt", 1, 0, struct.pack(">Q", time))
        elif box.kind == b"trun" and growth and moof[box.body + 3] & _RUN_OFFSET:
            (offset,) = struct.unpack_from(">i", moof, box.body + 8)
            yield moof[box.start : box.body + 8] + struct.pack(">i", offset + growth) + moof[box.body + 12 : box.end]
        else:
            yield moof[box.start : box.end]
