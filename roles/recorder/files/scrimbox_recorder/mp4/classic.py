"""Reading a classic MP4: the tables of a moov, as a player reads them."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from .boxes import Box, Mp4Error, Read, children, inside, need, walk
from .media import Media, read_media
from .runs import LONG, SIGNED, WORD, Runs, loaded

MOOV_LIMIT = 2**30
"""Bytes; more is garbage that must not fill the memory."""


@dataclass(frozen=True)
class Chunk:
    """Samples that lie one behind the other: bytes of the file, and the samples' numbers, counted from 0."""

    offset: int
    size: int
    first: int
    behind: int


@dataclass(frozen=True)
class ClassicTrack:
    """The tables of a track. `sync` counts from 1 and is None where every sample is one; `shift` in seconds."""

    media: Media
    sizes: array[int]
    durations: Runs
    offsets: Runs
    sync: array[int] | None
    chunk_offsets: array[int]
    chunk_samples: Runs
    shift: Fraction

    def chunks(self) -> Iterator[Chunk]:
        """Walk through the chunks in the order of their samples."""
        number, chunk = 0, 0
        for count, samples in self.chunk_samples.pairs():
            for offset in self.chunk_offsets[chunk : chunk + count]:
                behind = number + samples
                yield Chunk(offset, sum(self.sizes[number:behind]), number, behind)
                number = behind
            chunk += count


@dataclass(frozen=True)
class Movie:
    """A classic MP4: its tracks by "video" and "audio", its duration in seconds and its mdat."""

    duration: float
    tracks: dict[str, ClassicTrack]
    mdat: Box


def read_movie(read: Read, size: int) -> Movie:
    """Read the moov of a file.

    Raises:
        Mp4Error: it is not a classic MP4 with one track of a kind at most, and one mdat.
    """
    found: dict[bytes, list[Box]] = {}
    for box in walk(read, 0, size):
        found.setdefault(box.kind, []).append(box)
    if [len(found.get(kind, [])) for kind in (b"ftyp", b"moov", b"mdat")] != [1, 1, 1]:
        raise Mp4Error("it is not one ftyp, one moov and one mdat")
    moov = found[b"moov"][0]
    if moov.size > MOOV_LIMIT:
        raise Mp4Error("its moov is too large to be one")
    data = read(moov.start, moov.size)
    boxes = children(data, Box(b"moov", 0, moov.body - moov.start, moov.size))
    timescale, duration = _duration(data, need(boxes, b"mvhd"))
    tracks: dict[str, ClassicTrack] = {}
    for box in inside(data, moov.body - moov.start):
        if box.kind == b"trak":
            track = _track(data, box, timescale)
            if track.media.kind in tracks:
                raise Mp4Error(f"it has more than one track of {track.media.kind}")
            tracks[track.media.kind] = track
    if not tracks:
        raise Mp4Error("it has no tracks")
    return Movie(duration / timescale, tracks, found[b"mdat"][0])


def _duration(data: bytes, header: Box) -> tuple[int, int]:
    layout, position = (">IQ", 20) if data[header.body] else (">II", 12)
    timescale, duration = struct.unpack_from(layout, data, header.body + position)
    if not timescale:
        raise Mp4Error("its timescale is zero")
    return timescale, duration


def _track(data: bytes, trak: Box, movie_timescale: int) -> ClassicTrack:
    media = read_media(data, trak)
    boxes = children(data, trak)
    stbl = children(data, need(children(data, need(children(data, need(boxes, b"mdia")), b"minf")), b"stbl"))
    sizes = _sizes(data, need(stbl, b"stsz"))
    wide = b"co64" in stbl
    chunks = _column(data, stbl[b"co64"] if wide else need(stbl, b"stco"), LONG if wide else WORD)
    track = ClassicTrack(
        media,
        sizes,
        _pairs(data, need(stbl, b"stts"), WORD),
        _pairs(data, stbl[b"ctts"], SIGNED) if b"ctts" in stbl else Runs(SIGNED),
        _column(data, stbl[b"stss"], WORD) if b"stss" in stbl else None,
        chunks,
        _chunk_samples(data, need(stbl, b"stsc"), len(chunks)),
        _shift(data, boxes, media.timescale, movie_timescale),
    )
    for table, counted in (
        ("durations", sum(track.durations.counts)),
        ("offsets", sum(track.offsets.counts) if b"ctts" in stbl else len(sizes)),
        ("chunks", sum(count * samples for count, samples in track.chunk_samples.pairs())),
    ):
        if counted != len(sizes):
            raise Mp4Error(f"the {media.kind} has {len(sizes)} sizes and {counted} in its table of {table}")
    return track


def _table(data: bytes, box: Box, header: int, width: int) -> tuple[int, bytes]:
    """Return how many entries a table says that it has, and their bytes."""
    (count,) = struct.unpack_from(">I", data, box.body + header)
    start = box.body + header + 4
    if start + count * width > box.end:
        raise Mp4Error(f"a table of {count} entries has {box.size} bytes")
    return count, data[start : start + count * width]


def _column(data: bytes, box: Box, typecode: str) -> array[int]:
    return loaded(typecode, _table(data, box, 4, array(typecode).itemsize)[1])


def _pairs(data: bytes, box: Box, typecode: str) -> Runs:
    content = _table(data, box, 4, 8)[1]
    runs = Runs(typecode)
    runs.counts, runs.values = loaded(WORD, content)[0::2], loaded(typecode, content)[1::2]
    return runs


def _sizes(data: bytes, stsz: Box) -> array[int]:
    (same,) = struct.unpack_from(">I", data, stsz.body + 4)
    if same:
        (count,) = struct.unpack_from(">I", data, stsz.body + 8)
        if count > MOOV_LIMIT // 4:
            raise Mp4Error(f"it says that it has {count} samples")
        sizes: array[int] = array(WORD, [same]) * count
        return sizes
    return loaded(WORD, _table(data, stsz, 8, 4)[1])


def _chunk_samples(data: bytes, stsc: Box, chunks: int) -> Runs:
    """Return how many samples each chunk has."""
    entries = loaded(WORD, _table(data, stsc, 4, 12)[1])
    runs = Runs()
    firsts = [*entries[0::3], chunks + 1]
    for first, behind, samples, description in zip(firsts, firsts[1:], entries[1::3], entries[2::3]):
        if behind < first or description != 1:
            raise Mp4Error("its table of samples per chunk makes no sense")
        runs.add(samples, behind - first)
    return runs


def _shift(data: bytes, boxes: dict[bytes, Box], timescale: int, movie_timescale: int) -> Fraction:
    """Return by how many seconds the edit list moves the track: an empty edit, then the start of another."""
    shift = Fraction(0)
    edts = boxes.get(b"edts")
    elst = children(data, edts).get(b"elst") if edts else None
    if elst is None:
        return shift
    layout = struct.Struct(">Qq4x" if data[elst.body] else ">Ii4x")
    content = _table(data, elst, 4, layout.size)[1]
    for duration, time in layout.iter_unpack(content):
        if time >= 0:
            return shift - Fraction(time, timescale)
        shift += Fraction(duration, movie_timescale)
    return shift
