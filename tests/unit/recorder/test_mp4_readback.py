"""Reading a finished file back: it must notice what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from mp4_yard import AVCC, Stream, audio, parse, video, write
from scrimbox_recorder.mp4 import Mp4Error, key_frames, read_back, wrap


@pytest.fixture
def made(tmp_path: Path) -> Path:
    target = tmp_path / "made.mp4"
    wrap([write(tmp_path / "one.mp4", video(3), audio(3)), write(tmp_path / "two.mp4", video(2), audio(2))], target)
    return target


def at(data: bytes, kind: str, track: int = 0) -> int:
    """Where the content of a box of a track's table begins."""
    return parse(data)[1].all("trak")[track].one(f"mdia/minf/stbl/{kind}").start + 8


def test_digests_are_those_of_the_file_and_of_each_track_s_samples(made: Path) -> None:
    read = read_back(made)
    assert read.sha256 == hashlib.sha256(made.read_bytes()).hexdigest()
    sizes = [100 + number % 7 for number in range(25)]
    assert read.tracks["video"].digests == (hashlib.md5(b"\1" * sum(sizes) * 5).hexdigest(),)
    assert read.tracks["audio"].digests == (hashlib.md5(b"\2" * 20 * 250).hexdigest(),)
    assert (read.tracks["video"].frames, read.tracks["audio"].frames, read.duration) == (125, 250, 5)


def poke(position: int, content: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data[:position] + content + data[position + len(content) :]


@pytest.mark.parametrize(
    ("kind", "skip", "content", "reason"),
    [
        ("stco", 8, (2**31).to_bytes(4, "big"), "overlaps|outside|no chunk"),
        ("stco", 8, (8).to_bytes(4, "big"), "overlaps"),
        ("stsz", 12, (99).to_bytes(4, "big"), "instead of|no chunk|overlaps"),
        ("stsz", 12, (101).to_bytes(4, "big"), "instead of|no chunk|overlaps"),
        ("stsz", 8, (124).to_bytes(4, "big"), "124 sizes and 125"),
        ("stts", 8, (124).to_bytes(4, "big"), "125 sizes and"),
        ("stsc", 12, (24).to_bytes(4, "big"), "125 sizes and"),
        ("stsc", 8, (0).to_bytes(4, "big"), "sizes and|no sense"),
    ],
)
def test_tables_that_do_not_fit_the_fragments_are_noticed(
    made: Path, kind: str, skip: int, content: bytes, reason: str
) -> None:
    data = made.read_bytes()
    made.write_bytes(poke(at(data, kind) + skip, content)(data))
    with pytest.raises(Mp4Error, match=f"made.mp4: .*({reason})"):
        read_back(made)


def test_a_fragment_that_no_table_knows_is_noticed(made: Path) -> None:
    data = made.read_bytes()
    mdat = parse(data)[2]
    extra = parse(mdat.body)[-2:]
    more = mdat.body[extra[0].start :]
    size = (mdat.end - mdat.start + len(more)).to_bytes(4, "big")
    made.write_bytes(data[: mdat.start] + size + data[mdat.start + 4 :] + more)
    with pytest.raises(Mp4Error, match="end at"):
        read_back(made)


def test_a_changed_byte_changes_the_digests(made: Path) -> None:
    before = read_back(made)
    data = made.read_bytes()
    made.write_bytes(data[:-1] + b"\0")
    after = read_back(made)
    assert after.sha256 != before.sha256
    assert after.tracks["audio"].digests != before.tracks["audio"].digests
    assert after.tracks["video"] == before.tracks["video"]


@pytest.mark.parametrize("keep", [0, 4, 100, 1500, 4000, 20000])
def test_a_cut_off_file_is_an_error(made: Path, keep: int) -> None:
    made.write_bytes(made.read_bytes()[:keep])
    with pytest.raises(Mp4Error, match=r"made\.mp4: "):
        read_back(made)
    with pytest.raises(Mp4Error, match=r"made\.mp4: "):
        key_frames(made)


def test_throttle_hears_of_every_byte_read_in_small_pieces(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    wrap([write(tmp_path / "big.mp4", video(3, size=50000), audio(3))], target)
    told: list[int] = []
    read_back(target, throttle=told.append)
    assert sum(told) == target.stat().st_size
    assert max(told) <= 2**20
    assert len(told) > 2


def test_key_frames_carry_their_time_on_the_file_s_timeline(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    wrap([write(tmp_path / "one.mp4", video(3, start=1600), audio(3))], target)
    found = key_frames(target)
    assert (found.avcc, found.width, found.height) == (AVCC, 320, 180)
    assert [time for time, _, _ in found.frames] == pytest.approx([0.1, 1.1, 2.1])
    data = target.read_bytes()
    assert all(data[offset : offset + size] == b"\1" * 100 for _, offset, size in found.frames)


def test_without_h264_there_are_no_key_frames(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    wrap([write(tmp_path / "one.mp4", audio(3))], target)
    with pytest.raises(Mp4Error, match=r"no H\.264 video"):
        key_frames(target)


def test_every_frame_may_be_a_key_frame(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    wrap([write(tmp_path / "one.mp4", Stream("video", [[(640, 10, True, 0)] * 25] * 2))], target)
    assert len(key_frames(target).frames) == 50


def test_each_part_of_a_track_has_a_digest_of_its_own(made: Path) -> None:
    sizes = [100 + number % 7 for number in range(25)]
    read = read_back(made, {"video": [75, 50], "audio": [1, 249]})
    assert read.tracks["video"].digests == tuple(
        hashlib.md5(b"\1" * sum(sizes) * seconds).hexdigest() for seconds in (3, 2)
    )
    assert read.tracks["audio"].digests == tuple(hashlib.md5(b"\2" * 20 * frames).hexdigest() for frames in (1, 249))
