"""Poster and thumbnails: which key frames, what the player reads, and real ones drawn by ffmpeg."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from recorder_yard import AVCC, Yard, flv
from scrimbox_recorder import pictures
from scrimbox_recorder.disk import Disk
from scrimbox_recorder.finalize import Finalizer
from scrimbox_recorder.media import MediaError, NotNowError, Tools
from scrimbox_recorder.pictures import Frame, annex_b, choose, parameter_sets, vtt

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed; make test does")


def every_second(seconds: int) -> list[Frame]:
    return [Frame(float(second), 0, 100) for second in range(seconds)]


@pytest.mark.parametrize(
    ("seconds", "interval", "count"), [(30, 2, 15), (1800, 5, 360), (3 * 3600, 10, 1080), (12 * 3600, 10, 4320)]
)
def test_thumbnails_come_every_two_to_ten_seconds_by_length(seconds: int, interval: int, count: int) -> None:
    chosen = choose(every_second(seconds))
    assert len(chosen) == pytest.approx(count, rel=0.02)
    assert chosen[1].time - chosen[0].time == interval


def test_with_rare_key_frames_each_of_them_is_taken() -> None:
    assert len(choose([Frame(20.0 * number, 0, 1) for number in range(9)])) == 9
    assert choose([Frame(0.0, 0, 1)]) == [Frame(0.0, 0, 1)]


def test_the_list_says_when_which_part_of_which_sheet_is_shown() -> None:
    lines = vtt("cup-20200913T122640Z", [0.04 + 2 * number for number in range(101)], 203.5, 90).split("\n")
    assert lines[:4] == [
        "WEBVTT",
        "",
        "00:00:00.000 --> 00:00:02.040",
        "cup-20200913T122640Z.thumbs-1.jpg#xywh=0,0,160,90",
    ]
    assert "cup-20200913T122640Z.thumbs-1.jpg#xywh=1440,810,160,90" in lines
    assert lines[-3:-1] == ["00:03:20.040 --> 00:03:23.500", "cup-20200913T122640Z.thumbs-2.jpg#xywh=0,0,160,90"]


def test_key_frames_are_handed_over_with_start_codes_and_parameter_sets(tmp_path: Path) -> None:
    source = tmp_path / "x.mp4"
    source.write_bytes(b"......" + b"\0\0\0\2ab\0\0\0\1c" + b"....")
    assert parameter_sets(AVCC) == (4, b"\0\0\0\1s\0\0\0\1p")
    assert list(annex_b(source, AVCC, [Frame(0.0, 6, 11)])) == [b"\0\0\0\1s\0\0\0\1p" + b"\0\0\0\1ab" + b"\0\0\0\1c"]


def test_a_damaged_key_frame_or_damaged_parameter_sets_are_an_error_in_words(tmp_path: Path) -> None:
    source = tmp_path / "x.mp4"
    source.write_bytes(b"\0\0\0\xffab")
    with pytest.raises(MediaError, match=r"key frame at 3\.000 s is damaged"):
        list(annex_b(source, AVCC, [Frame(3.0, 0, 6)]))
    with pytest.raises(MediaError, match="parameter sets"):
        parameter_sets(AVCC[:5])


def finished(yard: Yard, data: bytes) -> str:
    """A replay of this recording, without pictures yet; its FILE."""
    name = yard.publish(data=data)
    yard.segment()
    yard.later(1.5)
    yard.hang_up(name)
    yard.later(130, every=10)
    assert yard.finalizer.step(yard.now)
    yard.later(3)
    return str(yard.document()["replays"][0]["file"])


def test_a_replay_is_shown_before_its_pictures_and_gets_them_afterwards(yard: Yard) -> None:
    file = finished(yard, flv(75))
    (replay,) = yard.document()["replays"]
    assert (replay["poster"], replay["thumbnails"]) == (None, None)
    yard.finalise()
    yard.later(3)
    (replay,) = yard.document()["replays"]
    assert replay["poster"] == f"/vod/recordings/{file}.jpg"
    assert replay["thumbnails"] == f"/vod/recordings/{file}.vtt"
    names = {path.name for path in yard.config.recordings.glob(f"{file}.*")}
    assert names == {f"{file}.{kind}" for kind in ("mp4", "m3u8", "json", "jpg", "vtt", "thumbs-1.jpg")}
    assert not yard.finalizer.step(yard.now)


def test_drawing_that_fails_is_tried_three_times_and_costs_the_replay_nothing(yard: Yard) -> None:
    file = finished(yard, flv(75))
    yard.tools.fail_draw = lambda: MediaError("no picture")
    for _ in range(6):
        yard.finalise()
        yard.later(61, every=30)
        yard.restart()
    sidecar = json.loads((yard.config.recordings / f"{file}.json").read_text(encoding="utf-8"))
    assert sidecar["pictures"] == {"made": False, "attempts": 3, "reason": "no picture"}
    yard.later(3)
    assert yard.state() == "replay"


def test_drawing_without_room_waits_a_minute_and_is_not_counted(yard: Yard) -> None:
    file = finished(yard, flv(75))
    yard.tools.fail_draw = lambda: NotNowError("no room")
    assert yard.finalizer.step(yard.now)
    yard.tools.fail_draw = lambda: None
    assert not yard.finalizer.step(yard.now + 30)
    assert yard.finalizer.step(yard.now + 61)
    sidecar = json.loads((yard.config.recordings / f"{file}.json").read_text(encoding="utf-8"))
    assert sidecar["pictures"]["made"]
    assert sidecar["pictures"]["attempts"] == 1


def test_a_replay_that_is_deleted_meanwhile_does_not_come_back(yard: Yard) -> None:
    file = finished(yard, flv(75))

    def delete() -> None:
        for path in yard.config.recordings.glob(f"{file}.*"):
            path.unlink()

    yard.tools.fail_draw = delete
    yard.finalise()
    assert list(yard.config.recordings.glob(f"{file}*")) == []


def test_a_power_cut_at_any_step_of_the_drawing_ends_in_the_same_pictures(tmp_path: Path) -> None:
    reference = Yard(tmp_path / "reference")
    file = finished(reference, flv(75))
    reference.steps.clear()
    reference.finalise()
    steps = len(reference.steps)
    assert steps > 8
    for step in range(1, steps + 1):
        yard = Yard(tmp_path / str(step))
        finished(yard, flv(75))
        with yard.dying_at(step):
            yard.finalise()
        yard.restart()
        yard.finalise()
        yard.later(3)
        sidecar = json.loads((yard.config.recordings / f"{file}.json").read_text(encoding="utf-8"))
        assert sidecar["pictures"]["made"], step
        assert yard.document()["replays"][0]["poster"], step
        assert not (yard.config.finalizing / pictures.WORK).exists()


@needs_ffmpeg
def test_each_thumbnail_shows_the_moment_that_the_list_says(tmp_path: Path) -> None:
    """Twelve seconds of which each is one shade brighter; the thumbnails are read back."""
    source = tmp_path / "shades.flv"
    picture = "color=black:s=320x180:r=25,format=gray,geq=lum='16+T*16',format=yuv420p"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-sc_threshold", "0", "-t", "12"]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, *encode, str(source)]
    subprocess.run(command, check=True)
    yard = Yard(tmp_path / "yard")
    yard.finalizer = Finalizer(yard.config, Disk(), Tools())
    file = finished(yard, source.read_bytes())
    yard.finalise()
    folder = yard.config.recordings
    text = (folder / f"{file}.vtt").read_text(encoding="utf-8")
    cues = re.findall(r"(\d+):(\d+):(\S+) --> \S+\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)", text)
    assert len(cues) == 6
    for _, _, begin, sheet, x, y, width, height in cues:
        crop = f"crop={width}:{height}:{x}:{y},format=gray,scale=1:1"
        read = ["ffmpeg", "-v", "error", "-i", str(folder / sheet), "-vf", crop, "-f", "rawvideo", "-"]
        shade = subprocess.run(read, check=True, capture_output=True).stdout[0]
        assert shade == pytest.approx(16 + 16 * float(begin), abs=10)
    look = ["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0"]
    poster = subprocess.run([*look, str(folder / f"{file}.jpg")], check=True, capture_output=True, text=True)
    assert poster.stdout.strip() == "320,180"
