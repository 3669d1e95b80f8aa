"""Whatever is given to `wrap`: an error in words that names the file, and nothing left but the target."""

from __future__ import annotations

import contextlib
import random
import struct
from pathlib import Path

import pytest
from mp4_yard import audio, box, fragments, init, u32, video, write
from scrimbox_recorder.mp4 import Mp4Error, read_back, wrap

STREAMS = (video(2), audio(2))


def refused(folder: Path, data: bytes, reason: str = "") -> None:
    (folder / "bad.mp4").write_bytes(data)
    with pytest.raises(Mp4Error, match=f"bad.mp4: .*{reason}"):
        wrap([folder / "bad.mp4"], folder / "made.mp4")
    assert {path.name for path in folder.iterdir()} <= {"bad.mp4", "made.mp4"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no box 'ftyp'"),
        (b"\0" * 4096, "size"),
        (b"\xff" * 4096, "cut off"),
        (b"FLV\1\5\0\0\0\x09" + b"\0" * 999, "cut off"),
        (box("ftyp", b"isom"), "no box 'moov'"),
        (box("ftyp", b"isom") + box("moov"), "not fragmented"),
        (box("ftyp", b"isom") + box("mdat", b"x" * 99), "no box 'moov'"),
        (init(*STREAMS), "has no video"),
        (init(*STREAMS) + box("mdat", b"x" * 99), "a box 'mdat' at .* where a moof must be"),
        (init(*STREAMS) + fragments(*STREAMS)[0] + box("moof", b""), "has no mdat behind it"),
        (init(*STREAMS) + box("moof") + box("mdat"), "has no sample"),
        (init(video(1), video(1)) + fragments(video(1), video(1))[0], "tracks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_fragmented_mp4_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    refused(tmp_path, data, reason)


def test_a_file_cut_off_anywhere_is_refused_or_ends_with_a_whole_fragment(tmp_path: Path) -> None:
    opening, pieces = init(*STREAMS), fragments(*STREAMS)
    data = opening + b"".join(pieces)
    whole = {len(opening) + len(pieces[0]), len(data)}
    for length in [*range(0, len(data), 37), *whole]:
        (tmp_path / "bad.mp4").write_bytes(data[:length])
        if length in whole:
            wrap([tmp_path / "bad.mp4"], tmp_path / "made.mp4")
        else:
            with pytest.raises(Mp4Error, match=r"bad\.mp4: "):
                wrap([tmp_path / "bad.mp4"], tmp_path / "made.mp4")


def test_flipped_bytes_never_raise_anything_but_an_error_of_ours(tmp_path: Path) -> None:
    data = write(tmp_path / "good.mp4", *STREAMS).read_bytes()
    chance = random.Random(1)
    for _ in range(400):
        garbled = bytearray(data)
        for _ in range(chance.choice((1, 3, 20))):
            garbled[chance.randrange(len(init(*STREAMS)) + 900)] = chance.choice((0, 1, 127, 255))
        (tmp_path / "bad.mp4").write_bytes(garbled)
        with contextlib.suppress(Mp4Error):
            wrap([tmp_path / "bad.mp4"], tmp_path / "made.mp4")
            read_back(tmp_path / "made.mp4")


def test_samples_counted_from_the_file_s_start_are_refused(tmp_path: Path) -> None:
    data = init(*STREAMS) + fragments(*STREAMS)[0]
    flags = data.index(b"tfhd") + 4
    refused(tmp_path, data[:flags] + u32(1) + data[flags + 4 :], "default_base_moof")


def test_a_run_that_points_outside_of_its_mdat_is_refused(tmp_path: Path) -> None:
    data = init(*STREAMS) + fragments(*STREAMS)[0]
    offset = data.index(b"trun") + 12
    for wrong in (0, -9, 2**30):
        refused(tmp_path, data[:offset] + struct.pack(">i", wrong) + data[offset + 4 :], "outside of its mdat")


def test_time_that_goes_back_is_refused(tmp_path: Path) -> None:
    first, second = fragments(*STREAMS)
    refused(tmp_path, init(*STREAMS) + second + first, "goes back in time")


def test_a_part_that_is_not_there_is_the_disk_s_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        wrap([tmp_path / "gone.mp4"], tmp_path / "made.mp4")
    assert not (tmp_path / "made.mp4").exists()


def test_nothing_to_wrap_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Mp4Error, match="no part"):
        wrap([], tmp_path / "made.mp4")


def test_throttle_hears_of_what_was_copied_in_small_pieces(tmp_path: Path) -> None:
    part = write(tmp_path / "part.mp4", video(3, size=50000), audio(3))
    told: list[int] = []
    wrap([part, part], tmp_path / "made.mp4", told.append)
    assert max(told) <= 2**20
    assert sum(told) > 2 * 75 * 50000


def test_an_old_target_leaves_nothing_in_the_new_one(tmp_path: Path) -> None:
    part = write(tmp_path / "part.mp4", *STREAMS)
    wrap([part], tmp_path / "new.mp4")
    (tmp_path / "old.mp4").write_bytes(b"x" * 10**6)
    wrap([part], tmp_path / "old.mp4")
    assert (tmp_path / "old.mp4").read_bytes() == (tmp_path / "new.mp4").read_bytes()
