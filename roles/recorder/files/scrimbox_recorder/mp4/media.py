"""What a moov says about a track, in either kind of MP4."""

from __future__ import annotations

import struct
from typing import NamedTuple

from .boxes import Box, Mp4Error, children, inside, name, need

KINDS = {b"vide": "video", b"soun": "audio"}
_ENTRY_FIELDS = {b"vide": 78, b"soun": 28}
"""Bytes of a sample entry before its boxes (14496-12, 12.1.3 and 12.2.3; ffmpeg writes version 0 of the latter)."""
_DECODER_CONFIG, _DECODER_INFO = 4, 5
"""Tags of descriptors (14496-1, 7.2.2.1)."""


class Media(NamedTuple):
    """A track without its samples. Boxes are whole and verbatim; `kind` is "video" or "audio"; times per second."""

    track: int
    kind: str
    timescale: int
    tkhd: bytes
    hdlr: bytes
    header: bytes
    dinf: bytes
    stsd: bytes


def read_media(moov: bytes, trak: Box) -> Media:
    """Read a track of a moov.

    Raises:
        Mp4Error: it lacks what a track must have, or is neither video nor audio.
    """
    boxes = children(moov, trak)
    mdia = children(moov, need(boxes, b"mdia"))
    minf = children(moov, need(mdia, b"minf"))
    stbl = children(moov, need(minf, b"stbl"))
    hdlr, mdhd, tkhd = need(mdia, b"hdlr"), need(mdia, b"mdhd"), need(boxes, b"tkhd")
    handler = moov[hdlr.body + 8 : hdlr.body + 12]
    if handler not in KINDS:
        raise Mp4Error(f"it has a track of the kind {name(handler)}, which is neither video nor audio")
    (timescale,) = struct.unpack_from(">I", moov, mdhd.body + (20 if moov[mdhd.body] else 12))
    (track,) = struct.unpack_from(">I", moov, tkhd.body + (20 if moov[tkhd.body] else 12))
    if not timescale:
        raise Mp4Error("a track's timescale is zero")
    header = need(minf, b"vmhd" if handler == b"vide" else b"smhd")
    verbatim = [moov[box.start : box.end] for box in (tkhd, hdlr, header, need(minf, b"dinf"), need(stbl, b"stsd"))]
    return Media(track, KINDS[handler], timescale, *verbatim)


def sample_entry(media: Media) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the fields of the only sample entry and the content of the boxes in it by kind.

    Raises:
        Mp4Error: there is not just one.
    """
    entries = list(inside(media.stsd, 16))
    if len(entries) != 1:
        raise Mp4Error(f"its {media.kind} has {len(entries)} sample descriptions instead of one")
    (entry,) = entries
    split = entry.body + _ENTRY_FIELDS[b"vide" if media.kind == "video" else b"soun"]
    boxes = {box.kind: media.stsd[box.body : box.end] for box in inside(media.stsd, split, entry.end)}
    return media.stsd[entry.start + 4 : split], boxes


def settings(media: Media) -> object:
    """Return what must be equal in all parts of a recording: the sample description without its bit rates.

    Raises:
        Mp4Error: see `sample_entry`.
    """
    fields, boxes = sample_entry(media)
    boxes.pop(b"btrt", None)
    if b"esds" in boxes:
        boxes[b"esds"] = _decoder(boxes[b"esds"])
    return media.track, media.kind, media.timescale, fields, boxes


def _decoder(esds: bytes) -> bytes:
    """Return object type and decoder information of an esds, which has the bit rates between them."""
    found, position = b"", 4
    while position < len(esds):
        tag, position = esds[position], position + 1
        size = 0
        while True:
            byte, position = esds[position], position + 1
            size = size << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == 3:
            position += 3
        elif tag == _DECODER_CONFIG:
            found += esds[position : position + 2]
            position += 13
        else:
            found += esds[position : position + size] if tag == _DECODER_INFO else b""
            position += size
    return found
