"""Recordings that are large or long."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from mp4_yard import box, init, parse, u32, video
from scrimbox_recorder.mp4 import Mp4Error, Wrapped, key_frames, playlist, wrap

HEAVY = 2**30 + 12345


def moof(sequence: int, time: int, sizes: list[int]) -> bytes:
    """One track, the first sample a key frame."""
    entries = b"".join(u32(size) for size in sizes)
    length = 8 + 16 + 8 + 24 + 20 + 24 + len(entries)
    trun = u32(0x205, len(sizes), length + 8, 0x2000000) + entries
    tfhd = u32(0x20028, 1, 16000 // len(sizes), 0x1010000)
    traf = box("traf", box("tfhd", tfhd), box("tfdt", u32(1 << 24) + struct.pack(">Q", time)), box("trun", trun))
    return box("moof", box("mfhd", u32(0, sequence)), traf)


def sparse(path: Path, count: int) -> Path:
    """Fragments of a gigabyte each that take no room on the disk; the last bytes of each say which one it is."""
    with path.open("wb") as stream:
        stream.write(init(video(1)))
        for number in range(count):
            head = moof(number + 1, number * 16000, [HEAVY - 1000, 1000])
            stream.write(head + struct.pack(">I4s", 8 + HEAVY, b"mdat"))
            stream.seek(HEAVY - 4, 1)
            stream.write(u32(number))
    if path.stat().st_blocks * 512 > 2**28:
        pytest.skip("this file system has no sparse files")
    return path


def moov_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        head = stream.read(10**6)
    start = 0
    while head[start + 4 : start + 8] != b"moov":
        start += int.from_bytes(head[start : start + 4], "big")
    return head[start : start + int.from_bytes(head[start : start + 4], "big")]


def read(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read(size)


@pytest.mark.parametrize("count", [1, 5])
def test_chunk_offsets_and_mdat_get_64_bits_where_they_need_them(tmp_path: Path, count: int) -> None:
    target = tmp_path / "made.mp4"
    wrapped = wrap([sparse(tmp_path / "part.mp4", count)], target)
    (moov,) = parse(moov_of(target))
    stbl = moov.one("trak/mdia/minf/stbl")
    large = count == 5
    assert [len(stbl.all("co64")), len(stbl.all("stco"))] == [large, not large]
    mdat = wrapped.init.offset - (16 if large else 8)
    assert read(target, mdat + 4, 4) == b"mdat"
    assert int.from_bytes(read(target, mdat, 4), "big") == (1 if large else target.stat().st_size - mdat)
    if large:
        assert int.from_bytes(read(target, mdat + 8, 8), "big") == target.stat().st_size - mdat
        places = [place for (place,) in struct.iter_unpack(">Q", stbl.one("co64").body[8:])]
        assert places[-1] > 2**32
        assert [read(target, place + HEAVY - 4, 4) for place in places] == [u32(number) for number in range(count)]
    assert [frame[0] for frame in key_frames(target).frames] == list(range(count))
    last = wrapped.segments[-1]
    assert last.offset + last.size == target.stat().st_size


def test_holes_stay_holes(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    copied: list[int] = []
    wrap([sparse(tmp_path / "part.mp4", 5)] * 2, target, copied.append)
    assert target.stat().st_size > 10 * HEAVY
    assert target.stat().st_blocks * 512 < 2**28
    assert sum(copied) < 2**24


@pytest.fixture(scope="module")
def half_a_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Wrapped]:
    """12 hours at 60 frames a second, each of a byte or two."""
    folder = tmp_path_factory.mktemp("long")
    sizes = [2] + [1] * 59
    template = bytearray(moof(1, 0, sizes) + box("mdat", bytes(61)))
    sequence, time = template.index(b"mfhd") + 8, template.index(b"tfdt") + 8
    with (folder / "part.mp4").open("wb") as stream:
        stream.write(init(video(1)))
        for number in range(12 * 3600):
            struct.pack_into(">I", template, sequence, number + 1)
            struct.pack_into(">Q", template, time, number * 16000)
            stream.write(template)
    return folder / "made.mp4", wrap([folder / "part.mp4"], folder / "made.mp4")


def test_twelve_hours_at_60_frames_a_second_are_exact_to_the_last(half_a_day: tuple[Path, Wrapped]) -> None:
    target, wrapped = half_a_day
    assert wrapped.duration == pytest.approx(12 * 3600, abs=0.01)
    frames = key_frames(target).frames
    assert [time for time, _, _ in frames] == list(range(12 * 3600))
    assert frames[-1][1] + 61 == target.stat().st_size
    assert sum(segment.duration for segment in wrapped.segments) == pytest.approx(wrapped.duration)


def test_a_playlist_of_twelve_hours_does_not_drift(half_a_day: tuple[Path, Wrapped]) -> None:
    listed = playlist(half_a_day[1], "made.mp4", [0.0])
    lengths = [float(line[8:-1]) for line in listed.splitlines() if line.startswith("#EXTINF:")]
    assert sum(lengths) == pytest.approx(half_a_day[1].duration, abs=1e-4)


def test_an_absurd_count_of_samples_does_not_fill_the_memory(tmp_path: Path) -> None:
    data = bytearray(init(video(1)) + moof(1, 0, [1, 1]) + box("mdat", b"xx"))
    trun = data.index(b"trun")
    struct.pack_into(">2I", data, trun + 4, 0x5, 2**32 - 1)
    (tmp_path / "bad.mp4").write_bytes(data)
    with pytest.raises(Mp4Error, match="a trun of 4294967295 samples"):
        wrap([tmp_path / "bad.mp4"], tmp_path / "made.mp4")
