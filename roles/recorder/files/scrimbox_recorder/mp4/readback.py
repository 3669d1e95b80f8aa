"""Reading a finished file back from the disk through its classic door: the last check before the recording goes."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from .boxes import Box, Mp4Error, Read, about, reader, walk
from .classic import ClassicTrack, Movie, read_movie
from .copying import PIECE, Throttle


@dataclass(frozen=True)
class Track:
    """How many samples a track has, and the MD5 (hex) of their bytes one behind the other, part by part."""

    frames: int
    digests: tuple[str, ...]


@dataclass(frozen=True)
class ReadBack:
    """What a file holds: its SHA-256 (hex), its duration in seconds, its tracks by "video" and "audio"."""

    sha256: str
    duration: float
    tracks: dict[str, Track]


def read_back(
    path: Path, splits: Mapping[str, Sequence[int]] = MappingProxyType({}), throttle: Throttle = lambda size: None
) -> ReadBack:
    """Read a whole file once, in order.

    The MD5 of a part is that of ffmpeg's `-c copy -f streamhash -hash md5` of the recording it was made of.

    Args:
        path: a file made by `wrap`, or any MP4 with one moov and one mdat.
        splits: frames of every part by "video" and "audio"; a track that is not named is one part.
        throttle: is called with the number of bytes read, 1 MiB at most, after each piece.

    Raises:
        Mp4Error: its tables point outside of the mdat, overlap, or leave fragments out.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with about(path):
            read, size = reader(descriptor), os.fstat(descriptor).st_size
            movie = read_movie(read, size)
            _check_fragments(read, movie)
            return _digest(descriptor, size, movie, splits, throttle)
    finally:
        os.close(descriptor)


def _places(movie: Movie) -> Iterator[tuple[int, int, str]]:
    """Walk through all chunks in the order of the file: begin, end, kind of track.

    Raises:
        Mp4Error: two overlap, or one lies outside of the mdat.
    """
    position = movie.mdat.body
    for begin, end, kind in heapq.merge(*(_own(track, kind) for kind, track in movie.tracks.items())):
        if begin < position:
            raise Mp4Error(f"a chunk of {kind} at {begin} overlaps what lies before it")
        if end > movie.mdat.end:
            raise Mp4Error(f"a chunk of {kind} at {begin} ends outside of the mdat")
        yield begin, end, kind
        position = end


def _own(track: ClassicTrack, kind: str) -> Iterator[tuple[int, int, str]]:
    return ((chunk.offset, chunk.offset + chunk.size, kind) for chunk in track.chunks())


def _check_fragments(read: Read, movie: Movie) -> None:
    """Check that the chunks are exactly what the fragments hold; a file without fragments has nothing to check.

    Raises:
        Mp4Error: a chunk is not in a fragment, or something of a fragment is in no chunk.
    """
    mdat = movie.mdat
    if read(mdat.body + 4, 4) != b"ftyp":
        return
    places = _places(movie)
    place = next(places, None)
    for box in walk(read, mdat.body, mdat.end):
        position = box.body if box.kind == b"mdat" else box.end
        while place is not None and place[0] < box.end:
            if place[0] != position:
                raise Mp4Error(f"there is no chunk at {position}, and one at {place[0]}")
            position = place[1]
            place = next(places, None)
        _check_whole(box, position)
    if place is not None:
        raise Mp4Error(f"a chunk at {place[0]} is in no fragment")


def _check_whole(box: Box, position: int) -> None:
    if position != box.end:
        raise Mp4Error(f"the chunks of the fragment at {box.start} end at {position} instead of {box.end}")


class _Digests:
    """The MD5 of each part of a track, while its bytes go by."""

    def __init__(self, sizes: Sequence[int], parts: Sequence[int]) -> None:
        ends = list(itertools.accumulate(parts))
        self._left = [sum(sizes[begin:end]) for begin, end in zip([0, *ends], [*ends[:-1], len(sizes)])]
        self._sums = [hashlib.md5() for _ in self._left]  # noqa: S324 - compared with ffmpeg's, guards no secret
        self._part = 0

    def update(self, data: memoryview) -> None:
        while data:
            while not self._left[self._part]:
                self._part += 1
            taken = data[: self._left[self._part]]
            self._sums[self._part].update(taken)
            self._left[self._part] -= len(taken)
            data = data[len(taken) :]

    def hex(self) -> tuple[str, ...]:
        return tuple(part.hexdigest() for part in self._sums)


def _digest(
    descriptor: int, size: int, movie: Movie, splits: Mapping[str, Sequence[int]], throttle: Throttle
) -> ReadBack:
    whole = hashlib.sha256()
    samples = {
        kind: _Digests(track.sizes, splits.get(kind) or [len(track.sizes)]) for kind, track in movie.tracks.items()
    }
    os.lseek(descriptor, 0, os.SEEK_SET)
    position = 0
    places = _places(movie)
    place = next(places, None)
    while position < size:
        piece = memoryview(os.read(descriptor, PIECE))
        if not piece:
            raise Mp4Error(f"it became shorter than {size} bytes while it was read")
        whole.update(piece)
        behind = position + len(piece)
        while place is not None and place[0] < behind:
            begin, end, kind = place
            samples[kind].update(piece[max(begin - position, 0) : end - position])
            if end > behind:
                break
            place = next(places, None)
        position = behind
        throttle(len(piece))
    tracks = {kind: Track(len(track.sizes), samples[kind].hex()) for kind, track in movie.tracks.items()}
    return ReadBack(whole.hexdigest(), movie.duration, tracks)
