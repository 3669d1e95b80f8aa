"""Reading a fragmented MP4 as ffmpeg writes it: an init segment, then moof and mdat by turns."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from .boxes import Box, Mp4Error, Read, children, decode_time, inside, name, need, walk
from .media import Media, read_media
from .runs import SIGNED, WORD, loaded

FRAGMENTED = (
    *("-movflags", "frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets+frag_discont+skip_trailer"),
    *("-frag_duration", "10000000"),
    *("-video_track_timescale", "16000"),
)
"""ffmpeg's options for what `wrap` takes; seen to write the same moofs with ffmpeg 4.2, 5.1, 7.0 and 7.1.

frag_discont keeps each track's true start: without it every track starts at zero, and sound that began 20 ms before the
picture is 20 ms late. A fragment ends after 10 s at the latest, so that a stream without key frames, or without
picture, does not fill the memory. The timescale holds FLV's milliseconds exactly, and is the same for every part.
"""

INIT_LIMIT = 16 * 2**20
MOOF_LIMIT = 64 * 2**20
"""Bytes that such a box can have at most; more is garbage that must not fill the memory."""
RUN_LIMIT = 10**6
"""Samples that one run can have at most, for the same reason."""
NON_SYNC = 0x10000
"""The flag sample_is_non_sync_sample (14496-12, 8.8.3.1)."""
_IGNORED = {b"free", b"skip", b"styp", b"sidx", b"mfra"}
_BASE_OFFSET, _DESCRIPTION, _DURATION, _SIZE, _FLAGS, _BASE_IS_MOOF = 1, 2, 8, 0x10, 0x20, 0x20000
"""Flags of a tfhd (14496-12, 8.8.7.1)."""
_RUN_OFFSET, _FIRST_FLAGS = 1, 4
_RUN_FIELDS = (0x100, 0x200, 0x400, 0x800)
"""Flags of a trun (14496-12, 8.8.8.1): what it says itself of each sample: duration, size, flags, offset."""


class Defaults(NamedTuple):
    """What holds for a sample of which nothing else is said."""

    duration: int
    size: int
    flags: int


class Init(NamedTuple):
    """The init segment: its two boxes, verbatim and where they are, and its tracks by number."""

    ftyp: Box
    moov: Box
    content: bytes
    tracks: dict[int, Media]
    defaults: dict[int, Defaults]


class Run(NamedTuple):
    """Samples of one track that lie one behind the other; `offset` is the first one's byte, from the moof's start.

    Times in the track's timescale; `offsets` (presentation minus decoding) is empty where all are zero.
    """

    track: int
    time: int
    offset: int
    durations: array[int]
    sizes: array[int]
    flags: array[int]
    offsets: array[int]


class Fragment(NamedTuple):
    """A moof, the mdat behind it and what is in them. `short_times`: tfdt boxes with 32 bits."""

    moof: Box
    mdat: Box
    sequence: int
    short_times: int
    runs: list[Run]


def read_init(read: Read, size: int) -> Init:
    """Read the init segment.

    Raises:
        Mp4Error: it is missing, or not that of a fragmented MP4 as `FRAGMENTED` makes it.
    """
    found: dict[bytes, Box] = {}
    for box in walk(read, 0, size):
        if box.kind not in {b"ftyp", b"moov", *_IGNORED}:
            break
        found.setdefault(box.kind, box)
        if box.kind == b"moov":
            break
    ftyp, moov = need(found, b"ftyp"), need(found, b"moov")
    if max(ftyp.size, moov.size) > INIT_LIMIT:
        raise Mp4Error("its init segment is too large to be one")
    data = read(moov.start, moov.size)
    tracks = {}
    defaults = {}
    for box in inside(data, moov.body - moov.start):
        if box.kind == b"trak":
            if b"edts" in children(data, box):
                raise Mp4Error("it has an edit list; FRAGMENTED makes none")
            media = read_media(data, box)
            tracks[media.track] = media
        elif box.kind == b"mvex":
            for trex in inside(data, box.body, box.end):
                if trex.kind == b"trex":
                    track, _, duration, length, flags = struct.unpack_from(">5I", data, trex.body + 4)
                    defaults[track] = Defaults(duration, length, flags)
    if not defaults:
        raise Mp4Error("it is not fragmented")
    kinds = [media.kind for media in tracks.values()]
    if not tracks or len(set(kinds)) != len(kinds) or set(tracks) != set(defaults):
        raise Mp4Error(f"it has the tracks {kinds}; one of video, one of audio, or both can be wrapped")
    return Init(ftyp, moov, read(ftyp.start, ftyp.size) + data, tracks, defaults)


def read_fragments(read: Read, size: int, init: Init) -> Iterator[Fragment]:
    """Read all fragments in their order.

    Raises:
        Mp4Error: one is cut off or holds what ffmpeg does not write.
    """
    moof = None
    for box in walk(read, init.moov.end, size):
        if moof is not None:
            if box.kind != b"mdat":
                raise Mp4Error(f"the moof at {moof.start} has no mdat behind it")
            yield _fragment(read, moof, box, init)
            moof = None
        elif box.kind == b"moof" and box.size <= MOOF_LIMIT:
            moof = box
        elif box.kind not in _IGNORED:
            raise Mp4Error(f"it has a box {name(box.kind)} at {box.start}, where a moof must be")
    if moof is not None:
        raise Mp4Error(f"the moof at {moof.start} has no mdat behind it")


def _fragment(read: Read, moof: Box, mdat: Box, init: Init) -> Fragment:
    data = read(moof.start, moof.size)
    sequence, short = 0, 0
    runs: list[Run] = []
    for box in inside(data, moof.body - moof.start):
        if box.kind == b"mfhd":
            (sequence,) = struct.unpack_from(">I", data, box.body + 4)
        elif box.kind == b"traf":
            found = children(data, box)
            short += not data[need(found, b"tfdt").body]
            runs += _runs(data, box, found, init)
    for run in runs:
        begin = moof.start + run.offset
        if begin < mdat.body or begin + sum(run.sizes) > mdat.end:
            raise Mp4Error(f"the moof at {moof.start} points outside of its mdat")
    return Fragment(moof, mdat, sequence, short, runs)


def _runs(data: bytes, traf: Box, found: dict[bytes, Box], init: Init) -> Iterator[Run]:
    track, defaults = _header(data, need(found, b"tfhd"), init)
    time = decode_time(data, need(found, b"tfdt"))
    for box in inside(data, traf.body, traf.end):
        if box.kind == b"trun":
            run = _run(data, box, track, time, defaults)
            time += sum(run.durations)
            if run.sizes:
                yield run


def _header(data: bytes, tfhd: Box, init: Init) -> tuple[int, Defaults]:
    word, track = struct.unpack_from(">2I", data, tfhd.body)
    if word & _BASE_OFFSET or not word & _BASE_IS_MOOF:
        raise Mp4Error("its samples are not counted from their moof (default_base_moof)")
    if track not in init.tracks:
        raise Mp4Error(f"it has samples of a track {track} that its moov does not know")
    position = tfhd.body + 8 + (4 if word & _DESCRIPTION else 0)
    values = list(init.defaults[track])
    for index, flag in enumerate((_DURATION, _SIZE, _FLAGS)):
        if word & flag:
            (values[index],) = struct.unpack_from(">I", data, position)
            position += 4
    return track, Defaults(*values)


def _run(data: bytes, trun: Box, track: int, time: int, defaults: Defaults) -> Run:
    word, count = struct.unpack_from(">2I", data, trun.body)
    position = trun.body + 8
    if not word & _RUN_OFFSET:
        raise Mp4Error("a trun does not say where its samples are")
    (offset,) = struct.unpack_from(">i", data, position)
    position += 4
    first_flags = None
    if word & _FIRST_FLAGS:
        (first_flags,) = struct.unpack_from(">I", data, position)
        position += 4
    present = [bool(word & flag) for flag in _RUN_FIELDS]
    width = sum(present)
    if position + 4 * width * count != trun.end or count > RUN_LIMIT:
        raise Mp4Error(f"a trun of {count} samples has {trun.size} bytes")
    table = data[position : trun.end]
    columns = []
    for index, default in enumerate((*defaults, 0)):
        if present[index]:
            words = loaded(SIGNED if index == 3 else WORD, table)
            columns.append(words[sum(present[:index]) :: width])
        else:
            columns.append(array(WORD, [default]) * count if index < 3 else array(SIGNED))
    durations, sizes, flags, offsets = columns
    if first_flags is not None and count:
        flags[0] = first_flags
    return Run(track, time, offset, durations, sizes, flags, offsets)
