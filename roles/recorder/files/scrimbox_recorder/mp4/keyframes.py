"""Where the key frames of a finished file are, so that pictures can be made of them without reading the rest."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .boxes import Mp4Error, about, reader
from .classic import ClassicTrack, read_movie
from .media import sample_entry
from .runs import Runs

_SIZE_FIELDS = 28
"""Where width and height are in the fields of a video's sample entry, counted from its type (14496-12, 12.1.3.2)."""


@dataclass(frozen=True)
class KeyFrames:
    """The key frames of H.264 video: (second of the timeline, offset and size in bytes) of each, in order.

    `avcc` is the content of the avcC box (14496-15, 5.3.3.1).
    """

    avcc: bytes
    width: int
    height: int
    frames: Sequence[tuple[float, int, int]]


def key_frames(path: Path) -> KeyFrames:
    """Find the key frames of a classic MP4.

    Raises:
        Mp4Error: it has no H.264 video, or is broken.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with about(path):
            movie = read_movie(reader(descriptor), os.fstat(descriptor).st_size)
            track = movie.tracks.get("video")
            fields, boxes = sample_entry(track.media) if track else (b"", {})
            if track is None or b"avcC" not in boxes:
                raise Mp4Error("it has no H.264 video")
            width, height = struct.unpack_from(">2H", fields, _SIZE_FIELDS)
            frames = list(_frames(track))
            if any(offset < movie.mdat.body or offset + size > movie.mdat.end for _, offset, size in frames):
                raise Mp4Error("its tables point outside of the mdat")
            return KeyFrames(boxes[b"avcC"], width, height, frames)
    finally:
        os.close(descriptor)


def _frames(track: ClassicTrack) -> Iterator[tuple[float, int, int]]:
    sync = range(1, len(track.sizes) + 1) if track.sync is None else track.sync
    wanted = [number - 1 for number in sync]
    if wanted and not 0 <= wanted[0] <= wanted[-1] < len(track.sizes):
        raise Mp4Error("a key frame is not among its samples")
    times = _sums(track.durations, wanted)
    offsets = _values(track.offsets, wanted) if track.offsets.counts else iter([0] * len(wanted))
    for number, time, offset, place in zip(wanted, times, offsets, _offsets(track, wanted)):
        second = (time + offset) / track.media.timescale + float(track.shift)
        yield second, place, track.sizes[number]


def _sums(runs: Runs, wanted: Sequence[int]) -> Iterator[int]:
    """Return for each sample wanted the sum of the values of all before it."""
    pairs, first, behind, total, value = runs.pairs(), 0, 0, 0, 0
    for number in wanted:
        while number >= behind:
            total += (behind - first) * value
            first = behind
            count, value = next(pairs)
            behind += count
        yield total + (number - first) * value


def _values(runs: Runs, wanted: Sequence[int]) -> Iterator[int]:
    """Return for each sample wanted its own value."""
    pairs, behind, value = runs.pairs(), 0, 0
    for number in wanted:
        while number >= behind:
            count, value = next(pairs)
            behind += count
        yield value


def _offsets(track: ClassicTrack, wanted: Sequence[int]) -> Iterator[int]:
    """Return for each sample wanted where it lies in the file."""
    chunks = track.chunks()
    chunk = next(chunks, None)
    for number in wanted:
        while chunk is not None and number >= chunk.behind:
            chunk = next(chunks, None)
        if chunk is not None:
            yield chunk.offset + sum(track.sizes[chunk.first : number])
