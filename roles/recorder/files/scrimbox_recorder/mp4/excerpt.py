"""A clip of a classic MP4, exact to the frame at both ends, its middle copied byte for byte.

What lies between the first frame and the next IDR frame is encoded anew, and so is what cannot be cut off behind the
last one (see `cutting`). The encoder's parameter sets have a number of their own: one sample description holds both.
"""

from __future__ import annotations

import contextlib
import os
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby
from operator import sub
from pathlib import Path
from typing import Callable, NamedTuple

from . import avc
from .avc import Settings
from .boxes import Mp4Error, about, build, reader
from .classic import ClassicTrack, read_movie
from .copying import Throttle, copy, put
from .cutting import Piece, plan
from .fragments import NON_SYNC, Run, read_fragments, read_init
from .media import Media, sample_entry
from .moov import FTYP, build_moov
from .runs import SIGNED, WORD
from .samples import Sample, Samples
from .tables import Tables

REACH = 40
"""Samples that are looked at beyond either end: frames are never shown so far from where they are decoded."""
_LIMIT, _MOST = 2**32, 2**26
"""Where 32 bits end, and bytes of a moov at most."""
_WIDE_HEADER = 16


@dataclass(frozen=True)
class Wish:
    """What an encoder is asked for: of a raw stream the frames from number `skip` on, `count` of them.

    `settings` are those of the stream, `number` the one that the new parameter sets have.
    """

    stream: Iterator[bytes]
    skip: int
    count: int
    settings: Settings
    number: int


Encode = Callable[[Wish], Path]
"""Makes a fragmented MP4 (see `FRAGMENTED`) of just these frames, without B-frames."""


@dataclass(frozen=True)
class Excerpt:
    """What was made. Seconds of the source at which its first frame and its last are shown; its own length.

    `encoded` frames of `frames` are not those of the source.
    """

    first: float
    last: float
    duration: float
    frames: int
    encoded: int


class _Stored(NamedTuple):
    """A sample of the clip: times in its track's timescale, from the clip's zero, and where its bytes are."""

    decoded: int
    shown: int
    descriptor: int
    offset: int
    size: int
    sync: bool


class _Track(NamedTuple):
    """A track of the clip: its samples in the order of decoding, and how long the last of them lasts."""

    media: Media
    samples: list[_Stored]
    last: int


def cut(
    source: Path,
    target: Path,
    between: tuple[float, float],
    encode: Encode,
    throttle: Throttle = lambda size: None,
) -> Excerpt:
    """Cut a clip.

    Args:
        source: a classic MP4 with H.264, with AAC, or with both.
        target: is overwritten; after an error something may be left of it.
        between: seconds of the source at which the first frame is on the screen, and the last.
        encode: makes the frames that cannot be copied.
        throttle: is called with the number of bytes copied, after each piece.

    Raises:
        Mp4Error: the source is broken or holds nothing there, or the encoder made something else.
        OSError: the disk.
    """
    with contextlib.ExitStack() as stack, about(source):

        def opened(path: Path, flags: int = os.O_RDONLY) -> int:
            descriptor = os.open(path, flags, 0o600)
            stack.callback(os.close, descriptor)
            return descriptor

        descriptor = opened(source)
        movie = read_movie(reader(descriptor), os.fstat(descriptor).st_size)
        tracks: list[_Track] = []
        begin, end = between
        first, last, until, encoded = Fraction(begin), Fraction(end), Fraction(end), 0
        if "video" in movie.tracks:
            video = _Video(descriptor, movie.tracks["video"], begin, end)
            first, last, until, encoded = video.first, video.last, video.until, video.encoded
            tracks.append(video.track(lambda wish: opened(encode(wish))))
        if "audio" in movie.tracks:
            tracks.append(_audio(descriptor, movie.tracks["audio"], first, until))
        tracks = [track for track in tracks if track.samples]
        if not tracks:
            raise Mp4Error("it holds nothing there")
        output = opened(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        duration = _write(output, tracks, throttle)
        return Excerpt(float(first), float(last), duration, len(tracks[0].samples), encoded)


class _Video:
    """The frames of a clip."""

    def __init__(self, descriptor: int, track: ClassicTrack, begin: float, end: float) -> None:
        self._descriptor = descriptor
        self._read = reader(descriptor)
        self._media = track.media
        boxes = sample_entry(track.media)[1]
        if b"avcC" not in boxes:
            raise Mp4Error("it has no H.264 video")
        self._settings = avc.read_settings(boxes[b"avcC"])
        scale = track.media.timescale
        known = Samples(track)
        first = known.key_before(max(0, bisect_left(known.decoded, int(begin * scale)) - REACH))
        if first and not self._is_idr(known.range(first, first + 1)[0]):
            first = known.key_before(first - 1)
        behind = min(len(known), bisect_right(known.decoded, int(end * scale)) + REACH)
        self._samples = known.range(first, behind)
        idr = [self._is_idr(sample) for sample in self._samples]
        self._plan = plan(self._samples, idr, int(begin * scale), int(end * scale))
        begins, ends = self._plan.shown
        self._lasts = min((s.shown - ends for s in self._samples if s.shown > ends), default=known.last_duration)
        self.first, self.last, self.until = (Fraction(time, scale) for time in (begins, ends, ends + self._lasts))

    @property
    def encoded(self) -> int:
        """How many frames are encoded anew."""
        return sum(len(piece.shown) for piece in (self._plan.head, self._plan.tail) if piece)

    def track(self, encode: Callable[[Wish], int]) -> _Track:
        """The track; `encode` returns an open file."""
        settings, number, zero = self._settings, avc.free_number(self._settings), self._plan.shown[0]
        kept = self._samples[self._plan.copied.start : self._plan.copied.stop]
        # A frame that is encoded is decoded when it is shown: so is the first that is copied behind it.
        delay = kept[0].shown - kept[0].decoded if kept else 0
        copied = [
            _Stored(s.decoded + delay - zero, s.shown - zero, self._descriptor, s.offset, s.size, s.sync) for s in kept
        ]
        found: list[_Stored] = []
        for piece, behind in ((self._plan.head, copied), (self._plan.tail, [])):
            if piece:
                wish = Wish(self._raw(piece), piece.skip, len(piece.shown), self._settings, number)
                made, own = _made(encode(wish), piece, zero)
                # Both ends are encoded alike: one pair of parameter sets serves them.
                settings = (
                    settings if set(own.sps + own.pps) <= set(settings.sps + settings.pps) else settings.joined(own)
                )
                found += made
            found += behind
        return _Track(_described(self._media, settings), found, self._lasts)

    def _raw(self, piece: Piece) -> Iterator[bytes]:
        """The frames to decode. What is shown before the entry refers to what is not there."""
        entry = self._samples[piece.first]
        needed = (sample for sample in self._samples[piece.first : piece.behind] if sample.shown >= entry.shown)
        return avc.annex_b((self._bytes(sample) for sample in needed), self._settings)

    def _is_idr(self, sample: Sample) -> bool:
        return sample.sync and avc.is_idr(self._bytes(sample), self._settings.length)

    def _bytes(self, sample: Sample) -> bytes:
        return self._read(sample.offset, sample.size)


def _made(descriptor: int, piece: Piece, zero: int) -> tuple[list[_Stored], Settings]:
    """Read what the encoder made: its frames, shown when those of the source were, and its settings."""
    read, size = reader(descriptor), os.fstat(descriptor).st_size
    init = read_init(read, size)
    settings = avc.read_settings(sample_entry(next(iter(init.tracks.values())))[1].get(b"avcC", b""))
    samples: list[tuple[int, int, bool]] = []
    for fragment in read_fragments(read, size, init):
        for run in fragment.runs:
            places = accumulate(run.sizes, initial=fragment.moof.start + run.offset)
            samples += [
                (place, length, not flags & NON_SYNC) for place, length, flags in zip(places, run.sizes, run.flags)
            ]
    if len(samples) != len(piece.shown) or not samples[0][2]:
        raise Mp4Error(f"{len(piece.shown)} frames were to be encoded, the encoder made {len(samples)}")
    return [
        _Stored(time - zero, time - zero, descriptor, place, length, sync)
        for time, (place, length, sync) in zip(piece.shown, samples)
    ], settings


def _audio(descriptor: int, track: ClassicTrack, first: Fraction, until: Fraction) -> _Track:
    """The sound from the first frame that begins within the clip; it keeps its distance to the picture."""
    scale, known = track.media.timescale, Samples(track)
    begin = bisect_left(known.decoded, first * scale)
    behind = bisect_left(known.decoded, until * scale)
    zero = round(first * scale)
    samples = [
        _Stored(s.decoded - zero, s.shown - zero, descriptor, s.offset, s.size, s.sync)
        for s in known.range(begin, behind)
    ]
    last = known.decoded[behind] - known.decoded[behind - 1] if begin < behind < len(known) else known.last_duration
    return _Track(track.media, samples, last)


def _described(media: Media, settings: Settings) -> Media:
    """The sample description with other parameter sets; without bit rates, which are no longer so."""
    fields, boxes = sample_entry(media)
    boxes[b"avcC"] = settings.packed()
    boxes.pop(b"btrt", None)
    entry = build(fields[:4], fields[4:], *(build(kind, content) for kind, content in boxes.items()))
    return media._replace(stsd=build(b"stsd", media.stsd[8:16], entry))


def _write(output: int, tracks: Sequence[_Track], throttle: Throttle) -> float:
    """Write ftyp, moov and mdat; the clip's length in seconds."""
    tables = [Tables(track.media) for track in tracks]
    # Sound and picture of a second lie side by side.
    chunks = sorted(
        (Fraction(chunk[0].decoded, track.media.timescale), number, chunk)
        for number, track in enumerate(tracks)
        for chunk in _chunks(track)
    )
    position = 0
    for _, number, chunk in chunks:
        tables[number].take(_run(chunk, tracks[number].last), position)
        position += sum(sample.size for sample in chunk)
    for table in tables:
        table.place(0)
    wide = position + _MOST >= _LIMIT
    base = len(FTYP) + sum(map(len, build_moov(tables, 0, wide=wide))) + _WIDE_HEADER
    put(output, FTYP)
    for piece in build_moov(tables, base, wide=wide):
        put(output, piece)
    put(output, struct.pack(">I4sQ", 1, b"mdat", _WIDE_HEADER + position))
    for _, _, chunk in chunks:
        for descriptor, start, end in _ranges(chunk):
            copy(descriptor, start, end, output, throttle)
    return float(max(table.ends for table in tables))


def _chunks(track: _Track) -> Iterator[list[_Stored]]:
    """The samples second by second, in the order of decoding, which never goes back."""
    latest = accumulate((sample.decoded for sample in track.samples), max)
    ordered = (sample._replace(decoded=time) for sample, time in zip(track.samples, latest))
    for _, chunk in groupby(ordered, lambda sample: sample.decoded // track.media.timescale):
        yield list(chunk)


def _run(chunk: Sequence[_Stored], last: int) -> Run:
    """The chunk as a run of a fragment; `last` is how long its last sample lasts, unless another one follows."""
    times = [sample.decoded for sample in chunk]
    return Run(
        0,
        times[0],
        0,
        array(WORD, [*map(sub, times[1:], times), last]),
        array(WORD, [sample.size for sample in chunk]),
        array(WORD, [0 if sample.sync else NON_SYNC for sample in chunk]),
        array(SIGNED, [sample.shown - sample.decoded for sample in chunk]),
    )


def _ranges(chunk: Sequence[_Stored]) -> Iterator[tuple[int, int, int]]:
    """What is to be copied: descriptor, first byte, the byte behind the last; what lies side by side at once."""
    descriptor, start, end = chunk[0].descriptor, chunk[0].offset, chunk[0].offset
    for sample in chunk:
        if (sample.descriptor, sample.offset) != (descriptor, end):
            yield descriptor, start, end
            descriptor, start = sample.descriptor, sample.offset
        end = sample.offset + sample.size
    yield descriptor, start, end
