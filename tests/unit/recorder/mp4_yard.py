"""Fragmented MP4s made by hand, and a parser of MP4s that shares no line with the code under test."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

AVCC = bytes([1, 66, 192, 30, 255, 225, 0, 4, 103, 66, 192, 30, 1, 0, 2, 104, 206])


def box(kind: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind.encode() + body


def u32(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def stsd(kind: str, rate: int = 128000, width: int = 320) -> bytes:
    if kind == "video":
        fields = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", width, 180) + bytes(50)
        return box("stsd", u32(0, 1), box("avc1", fields, box("avcC", AVCC), box("btrt", u32(0, rate, rate))))
    decoder = bytes([4, 17, 0x40, 0x15, 0, 0, 0]) + u32(rate, rate) + bytes([5, 2, 0x11, 0x90])
    fields = bytes(6) + b"\0\1" + bytes(8) + struct.pack(">HHHHI", 2, 16, 0, 0, 48000 << 16)
    return box("stsd", u32(0, 1), box("mp4a", fields, box("esds", u32(0), bytes([3, 22, 0, 1, 0]) + decoder)))


@dataclass
class Stream:
    """A track made by hand: (duration, size, is_sync, offset) of each sample, fragment by fragment."""

    kind: str
    fragments: Sequence[Sequence[tuple[int, int, bool, int]]]
    start: int = 0
    timescale: int = 16000
    wide: bool = True
    description: bytes = b""
    gaps: dict[int, int] = field(default_factory=dict)

    def trak(self, number: int) -> bytes:
        video = self.kind == "video"
        tkhd = u32(3, 0, 0, number, 0, 0, 0, 0, 0) + u32(0 if video else 0x1000000)
        tkhd += u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000, 320 << 16, 180 << 16)
        handler = box("hdlr", u32(0, 0), b"vide" if video else b"soun", bytes(12), b"x\0")
        header = box("vmhd", u32(1, 0, 0)) if video else box("smhd", u32(0, 0))
        dinf = box("dinf", box("dref", u32(0, 1), box("url ", u32(1))))
        empty = [box(name, u32(0, 0)) for name in ("stts", "stsc", "stco")]
        stbl = box("stbl", self.description or stsd(self.kind), *empty, box("stsz", u32(0, 0, 0)))
        mdia = box("mdia", box("mdhd", u32(0, 0, 0, self.timescale, 0, 0)), handler, box("minf", header, dinf, stbl))
        return box("trak", box("tkhd", tkhd), mdia)


def video(seconds: int, fps: int = 25, size: int = 100, gop: int = 1, **more: Any) -> Stream:
    """Plain video: a fragment per GOP."""
    per = fps * gop
    frames = [(16000 // fps, size + number % 7, number == 0, 0) for number in range(per)]
    return Stream("video", [frames] * (seconds // gop), **more)


def audio(seconds: int, size: int = 20, **more: Any) -> Stream:
    """Sound of 50 frames a second: a fragment per second."""
    return Stream("audio", [[(960, size, True, 0)] * 50] * seconds, timescale=48000, **more)


def init(*streams: Stream) -> bytes:
    ftyp = box("ftyp", b"iso5", u32(512), b"iso5iso6mp41")
    trex = [box("trex", u32(0, number, 1, 0, 0, 0)) for number, _ in enumerate(streams, 1)]
    mvhd = box("mvhd", u32(0, 0, 0, 1000, 0), bytes(76), u32(2))
    return ftyp + box("moov", mvhd, *(s.trak(n) for n, s in enumerate(streams, 1)), box("mvex", *trex))


def fragments(*streams: Stream, fill: int = 0) -> list[bytes]:
    """All fragments; a sample is filled with its track's number, or the file's mark."""
    made = []
    clocks = [stream.start for stream in streams]
    for index in range(max(len(stream.fragments) for stream in streams)):
        held = [(n, s, s.fragments[index]) for n, s in enumerate(streams, 1) if index < len(s.fragments)]
        for number, stream, _ in held:
            clocks[number - 1] += stream.gaps.get(index, 0)
        places = [clocks[number - 1] for number, _, _ in held]
        length = len(_moof(index + 1, held, places, [0] * len(held)))
        offsets, at = [], length + 8
        for _, _, samples in held:
            offsets.append(at)
            at += sum(size for _, size, _, _ in samples)
        moof = _moof(index + 1, held, places, offsets)
        content = b"".join(bytes([number + fill]) * sum(s[1] for s in samples) for number, _, samples in held)
        made.append(moof + box("mdat", content))
        for number, _, samples in held:
            clocks[number - 1] += sum(sample[0] for sample in samples)
    return made


def _moof(sequence: int, held: Sequence[Any], times: Sequence[int], offsets: Sequence[int]) -> bytes:
    trafs = []
    for (number, stream, samples), time, offset in zip(held, times, offsets, strict=True):
        tfdt = u32(1 << 24) + struct.pack(">q", time) if stream.wide else u32(0, time)
        entries = [u32(d, s, 0x2000000 if sync else 0x1010000) + struct.pack(">i", c) for d, s, sync, c in samples]
        trun = u32(1 << 24 | 0xF01, len(samples), offset) + b"".join(entries)
        trafs.append(box("traf", box("tfhd", u32(0x20000, number)), box("tfdt", tfdt), box("trun", trun)))
    return box("moof", box("mfhd", u32(0, sequence)), *trafs)


def write(path: Path, *streams: Stream, fill: int = 0) -> Path:
    path.write_bytes(init(*streams) + b"".join(fragments(*streams, fill=fill)))
    return path


# ---------------------------------------------------------------------------------------------------- parsing

CONTAINERS = {"moov", "trak", "mdia", "minf", "stbl", "edts", "dinf", "moof", "traf", "mvex"}


@dataclass
class Node:
    """A parsed box."""

    kind: str
    start: int
    end: int
    header: int
    body: bytes
    inner: list[Node]

    def all(self, kind: str) -> list[Node]:
        return [node for node in self.inner if node.kind == kind]

    def one(self, path: str) -> Node:
        node = self
        for kind in path.split("/"):
            (node,) = node.all(kind)
        return node

    def words(self, start: int = 0) -> list[int]:
        return [word for (word,) in struct.iter_unpack(">I", self.body[start : len(self.body) - len(self.body) % 4])]


def parse(data: bytes, start: int = 0, end: int | None = None) -> list[Node]:
    end = len(data) if end is None else end
    nodes = []
    while start < end:
        size, header = int.from_bytes(data[start : start + 4], "big"), 8
        kind = data[start + 4 : start + 8].decode("latin-1")
        if size == 1:
            size, header = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        assert header <= size <= end - start, (kind, start, size)
        inner = parse(data, start + header, start + size) if kind in CONTAINERS else []
        nodes.append(Node(kind, start, start + size, header, data[start + header : start + size], inner))
        start += size
    return nodes


@dataclass(frozen=True)
class Sample:
    """One sample as a player sees it: when it is decoded and shown, in seconds, and which bytes it has."""

    decoded: Fraction
    shown: Fraction
    offset: int
    size: int
    sync: bool


def classic(data: bytes) -> dict[str, list[Sample]]:
    """The samples by kind, through the tables of the moov."""
    (moov,) = [node for node in parse(data) if node.kind == "moov"]
    movie = _timescale(moov.one("mvhd"))
    return {_kind(trak): _samples(trak, movie) for trak in moov.all("trak")}


def _timescale(header: Node) -> int:
    return header.words()[5 if header.body[0] else 3]


def _kind(trak: Node) -> str:
    return {b"vide": "video", b"soun": "audio"}[trak.one("mdia/hdlr").body[8:12]]


def _samples(trak: Node, movie: int) -> list[Sample]:
    stbl, timescale = trak.one("mdia/minf/stbl"), _timescale(trak.one("mdia/mdhd"))
    sizes = stbl.one("stsz").words()[3:]
    count = len(sizes)
    stts = stbl.one("stts").words()[2:]
    durations = [value for n, value in zip(stts[::2], stts[1::2], strict=True) for _ in range(n)]
    offsets = [0] * count
    for ctts in stbl.all("ctts"):
        signed = [word - (word >> 31 << 32) for word in ctts.words()[2:]]
        offsets = [value for n, value in zip(signed[::2], signed[1::2], strict=True) for _ in range(n)]
    sync = set(stbl.one("stss").words()[2:]) if stbl.all("stss") else set(range(1, count + 1))
    if stbl.all("stco"):
        chunks = stbl.one("stco").words()[2:]
    else:
        chunks = [place for (place,) in struct.iter_unpack(">Q", stbl.one("co64").body[8:])]
    stsc = stbl.one("stsc").words()[2:]
    rows = list(zip(stsc[::3], stsc[1::3], strict=True))
    shift = Fraction(0)
    for elst in (trak.one("edts/elst") for _ in trak.all("edts")):
        edits = list(struct.iter_unpack(">QqI" if elst.body[0] else ">IiI", elst.body[8:]))
        shift = sum((Fraction(d, movie) for d, time, _ in edits if time == -1), Fraction(0))
        shift -= Fraction(edits[-1][1], timescale)
    found: list[Sample] = []
    time = 0
    for number, place in enumerate(chunks, 1):
        per = [samples for first, samples in rows if first <= number][-1]
        at = place
        for _ in range(per):
            index = len(found)
            decoded = Fraction(time, timescale) + shift
            shown = decoded + Fraction(offsets[index], timescale)
            found.append(Sample(decoded, shown, at, sizes[index], index + 1 in sync))
            at += sizes[index]
            time += durations[index]
    assert len(found) == count == len(durations) == len(offsets)
    return found


def hls(data: bytes, places: range, timescales: dict[str, int], tracks: dict[int, str]) -> dict[str, list[Sample]]:
    """The samples by kind, through the moofs in a range of the file."""
    found: dict[str, list[Sample]] = {kind: [] for kind in timescales}
    nodes = parse(data, places.start, places.stop)
    for moof, mdat in zip(nodes[::2], nodes[1::2], strict=True):
        assert (moof.kind, mdat.kind) == ("moof", "mdat")
        for traf in moof.all("traf"):
            kind = tracks[traf.one("tfhd").words()[1]]
            tfdt = traf.one("tfdt")
            assert tfdt.body[0] == 1
            time = int.from_bytes(tfdt.body[4:12], "big")
            for trun in traf.all("trun"):
                samples, time = _trun(traf, trun, moof.start, time, timescales[kind])
                found[kind] += samples
    return found


def _trun(traf: Node, trun: Node, base: int, time: int, timescale: int) -> tuple[list[Sample], int]:
    found = []
    flags = int.from_bytes(trun.body[1:4], "big")
    words = trun.words(4)
    count, at, position = words[0], base + words[1], 2
    first = None
    if flags & 4:
        first, position = words[2], 3
    header = traf.one("tfhd")
    optional = header.words()[2:]
    given = int.from_bytes(header.body[1:4], "big")
    default: dict[int, int] = {}
    for flag, name in ((8, 0x100), (0x10, 0x200), (0x20, 0x400)):
        if given & flag:
            default[name] = optional.pop(0)
    for index in range(count):
        value = dict(default)
        for name in (0x100, 0x200, 0x400, 0x800):
            if flags & name:
                value[name] = words[position]
                position += 1
        if index == 0 and first is not None:
            value[0x400] = first
        offset = value.get(0x800, 0)
        offset -= offset >> 31 << 32
        shown = Fraction(time + offset, timescale)
        found.append(Sample(Fraction(time, timescale), shown, at, value[0x200], not value[0x400] & 0x10000))
        at += value[0x200]
        time += value[0x100]
    return found, time


def doors(path: Path, wrapped: Any) -> tuple[dict[str, list[Sample]], dict[str, list[Sample]]]:
    """The samples of a wrapped file through both doors: the classic one, and all segments of HLS."""
    data = path.read_bytes()
    inner = parse(data, wrapped.init.offset, wrapped.init.offset + wrapped.init.size)
    assert [node.kind for node in inner] == ["ftyp", "moov"]
    traks = inner[1].all("trak")
    timescales = {_kind(trak): _timescale(trak.one("mdia/mdhd")) for trak in traks}
    tracks = {trak.one("tkhd").words()[3]: _kind(trak) for trak in traks}
    through: dict[str, list[Sample]] = {kind: [] for kind in timescales}
    position = wrapped.init.offset + wrapped.init.size
    for segment in wrapped.segments:
        assert segment.offset == position
        position += segment.size
        for kind, samples in hls(data, range(segment.offset, position), timescales, tracks).items():
            through[kind] += samples
    assert position == len(data)
    return classic(data), through
