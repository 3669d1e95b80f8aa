"""Finding a stretch of a raw recording without reading the rest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from recorder_yard import tag
from scrimbox_recorder import flv_range
from scrimbox_recorder.flv import AUDIO, VIDEO, Reader

HEADER = b"FLV\x01\x05\0\0\0\x09\0\0\0\0"
EVERY = 40
GOP = 50


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour of 25 frames a second with a key frame every two seconds; frames are made of what looks like tags."""
    path = tmp_path_factory.mktemp("flv") / "cup-1.flv"
    chance = random.Random(1)
    alike = tag(VIDEO, 77, b"\x17\x01\0\0\0" + b"x" * 20)
    with path.open("wb") as stream:
        stream.write(HEADER + tag(VIDEO, 0, b"\x17\0\0\0\0avcC") + tag(AUDIO, 0, b"\xaf\0\x12\x10"))
        for number in range(3600 * 1000 // EVERY):
            body = bytes([0x17 if number % GOP == 0 else 0x27, 1, 0, 0, 80]) + alike * chance.randint(1, 12)
            stream.write(tag(VIDEO, number * EVERY, body))
            stream.write(tag(AUDIO, number * EVERY, b"\xaf\x01" + b"a" * 10))
    return path


@pytest.mark.parametrize("second", [0, 1, 3, 59, 1234, 1799, 3000, 3597])
def test_a_stretch_begins_with_the_key_frame_before_it(long: Path, second: int) -> None:
    found = flv_range.find(long, second * 1000 + 500, second * 1000 + 2000)
    assert found
    assert 20 < len(found.head) < 80
    reader = Reader()
    assert list(reader.read_range(long, found.head, found.start, found.behind))
    held = reader.contents
    assert held.first_video == second // 2 * 2000 + 80
    assert held.last_tag == second * 1000 + 2000
    assert held.unread == 0


def test_little_of_a_long_recording_is_read(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        nonlocal read
        data = pread(descriptor, size, offset)
        read += len(data)
        return data

    pread = flv_range.os.pread
    monkeypatch.setattr(flv_range.os, "pread", counted)
    assert flv_range.find(long, 1_800_000, 1_801_000)
    assert read < long.stat().st_size / 4
    assert long.stat().st_size > 10 * flv_range.STEP or flv_range.STEP >= 2**22


def test_the_last_time_is_that_of_the_last_whole_picture(long: Path, tmp_path: Path) -> None:
    assert flv_range.last_time(long) == 3600 * 1000 - EVERY
    cut = tmp_path / "cut.flv"
    cut.write_bytes(long.read_bytes()[:-60])
    assert flv_range.last_time(cut) in (3600 * 1000 - EVERY, 3600 * 1000 - 2 * EVERY)


def test_the_first_times_are_those_at_which_frames_are_shown(long: Path) -> None:
    assert flv_range.first_times(long) == {VIDEO: 80, AUDIO: 0}


def test_what_an_encoder_says_of_itself_is_no_frame_and_sound_may_come_first(tmp_path: Path) -> None:
    path = tmp_path / "cup-1.flv"
    frames = tag(AUDIO, 0, b"\xaf\x01a") + tag(AUDIO, 21, b"\xaf\x01a") + tag(VIDEO, 40, b"\x17\x01\0\0\x50v")
    path.write_bytes(HEADER + tag(18, 0, b"\x02\0\x0aonMetaData") + frames)
    assert flv_range.first_times(path) == {AUDIO: 0, VIDEO: 120}


def test_a_stretch_behind_the_end_is_what_the_last_key_frame_begins(long: Path) -> None:
    found = flv_range.find(long, 9_000_000, 9_001_000)
    assert found
    assert found.behind == long.stat().st_size


@pytest.mark.parametrize("data", [b"", b"FLV", HEADER, HEADER + b"\xff" * 5000, b"\0" * 9000])
def test_what_holds_no_frame_has_no_stretch(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "no.flv"
    path.write_bytes(data)
    assert flv_range.find(path, 0, 1000) is None
    assert flv_range.first_times(path) == {}
    assert flv_range.last_time(path) is None


def test_sound_alone_has_a_stretch_too(tmp_path: Path) -> None:
    path = tmp_path / "sound.flv"
    tags = [tag(AUDIO, number * 20, b"\xaf\x01aaaa") for number in range(500)]
    path.write_bytes(HEADER + tag(AUDIO, 0, b"\xaf\0\x12\x10") + b"".join(tags))
    found = flv_range.find(path, 5000, 6000)
    assert found
    reader = Reader()
    list(reader.read_range(path, found.head, found.start, found.behind))
    assert reader.contents.last_tag == 6000
