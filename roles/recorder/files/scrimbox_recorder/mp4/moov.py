"""Writing the classic moov: ISO/IEC 14496-12, 8.2 to 8.7."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Sequence
from fractions import Fraction

from .boxes import build, build_full, nest
from .runs import LONG, SIGNED, WORD, Runs, stored
from .tables import Tables

FTYP = build(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2iso4mp41")
"""iso4 is the brand of a ctts with negative offsets."""
_UNITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TKHD_TAIL = 60
"""Bytes of a tkhd behind its times: layer, volume, matrix, size."""
_LIMIT = 2**32
_UNDETERMINED = 0x55C4
"""The language "und" (8.4.2.3)."""
_NOTHING = -1
"""The media time of an edit in which nothing is shown (8.6.6.3)."""


def build_moov(tracks: Sequence[Tables], base: int, *, wide: bool) -> list[bytes]:
    """Build the moov of a file whose mdat has its payload at `base`; `wide` makes chunk offsets of 64 bits.

    It comes in pieces, to be written one after the other: a long recording's is 50 MB. Its length does not depend on
    `base`.
    """
    timescale = movie_timescale(tracks)
    traks = [piece for tables in tracks for piece in _trak(tables, timescale, base, wide=wide)]
    end = max(math.ceil(tables.ends * timescale) for tables in tracks)
    identity = max(tables.media.track for tables in tracks) + 1
    rest = struct.pack(">IH10x", 0x10000, 0x100) + _UNITY + bytes(24) + struct.pack(">I", identity)
    return nest(b"moov", _timed(b"mvhd", 0, struct.pack(">I", timescale), end, rest), *traks)


def movie_timescale(tracks: Sequence[Tables]) -> int:
    """Return the timescale of the track that begins later, in which its edit list is exact.

    Firefox (ESR 153) takes the length of an empty edit for one in the track's timescale, whatever the movie's is; so
    the two have to be the same, or the picture is shown late.
    """
    return max((tables.start > 0, tables.media.timescale) for tables in tracks)[1]


def _timed(kind: bytes, flags: int, before: bytes, duration: int, rest: bytes) -> bytes:
    """Build a header box: no times of creation, `before`, the duration, the rest."""
    if duration < _LIMIT:
        return build_full(kind, 0, flags, bytes(8), before, struct.pack(">I", duration), rest)
    return build_full(kind, 1, flags, bytes(16), before, struct.pack(">Q", duration), rest)


def _trak(tables: Tables, timescale: int, base: int, *, wide: bool) -> list[bytes]:
    media = tables.media
    flags = int.from_bytes(media.tkhd[9:12], "big")
    end = math.ceil(tables.ends * timescale)
    tkhd = _timed(b"tkhd", flags, struct.pack(">2I", media.track, 0), end, media.tkhd[-_TKHD_TAIL:])
    length = tables.durations.total()
    mdhd = _timed(b"mdhd", 0, struct.pack(">I", media.timescale), length, struct.pack(">2H", _UNDETERMINED, 0))
    stbl = nest(b"stbl", *_sample_tables(tables, base, wide=wide))
    minf = nest(b"minf", media.header, media.dinf, *stbl)
    return nest(b"trak", tkhd, _edits(tables, timescale), *nest(b"mdia", mdhd, media.hdlr, *minf))


def _lift(tables: Tables) -> int:
    """What is added to all presentation offsets so that no frame is shown before the track's own zero."""
    return max(0, tables.first - tables.start)


def _edits(tables: Tables, timescale: int) -> bytes:
    """Build the edit list that puts the track where it belongs on the timeline; empty where it begins at zero."""
    begin = Fraction(tables.start, tables.media.timescale)
    media_time = max(0, tables.start - tables.first)
    if not begin and not media_time:
        return b""
    shown = math.ceil((tables.ends - begin) * timescale)
    edits = [(round(begin * timescale), _NOTHING)] if begin else []
    edits.append((shown, media_time))
    version = int(any(duration >= _LIMIT or time >= _LIMIT // 2 for duration, time in edits))
    layout = ">QqI" if version else ">IiI"
    content = [struct.pack(layout, duration, time, 0x10000) for duration, time in edits]
    return build(b"edts", build_full(b"elst", version, 0, struct.pack(">I", len(edits)), *content))


def _sample_tables(tables: Tables, base: int, *, wide: bool) -> list[bytes]:
    pieces = [tables.media.stsd, *_table(b"stts", tables.durations.packed())]
    lift = _lift(tables)
    if lift or any(tables.offsets.values):
        offsets = Runs(SIGNED)
        offsets.counts, offsets.values = tables.offsets.counts, tables.offsets.values
        if lift:
            offsets.values = array(SIGNED, (value + lift for value in tables.offsets.values))
        pieces += _table(b"ctts", offsets.packed(), version=1)
    if len(tables.sync) < len(tables.sizes):
        pieces += _table(b"stss", struct.pack(">I", len(tables.sync)), stored(tables.sync))
    pieces += _table(b"stsc", _chunk_runs(tables.chunk_samples))
    pieces += _table(b"stsz", struct.pack(">2I", 0, len(tables.sizes)), stored(tables.sizes))
    typecode, kind = (LONG, b"co64") if wide else (WORD, b"stco")
    places = array(typecode, (base + place for place in tables.chunks))
    return [*pieces, *_table(kind, struct.pack(">I", len(places)), stored(places))]


def _table(kind: bytes, *content: bytes, version: int = 0) -> list[bytes]:
    return nest(kind, struct.pack(">I", version << 24), *content)


def _chunk_runs(samples: Runs) -> bytes:
    """Return the table of samples per chunk: the first chunk of each run, counted from 1, how many, description 1."""
    entries, chunk = array(WORD), 1
    for count, value in samples.pairs():
        entries.extend((chunk, value, 1))
        chunk += count
    return struct.pack(">I", len(entries) // 3) + stored(entries)
