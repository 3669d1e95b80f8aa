"""Clips of real recordings, cut by the real ffmpeg, judged by the number that every frame carries."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from clip_yard import MIDDLE, Recording, clip, encode, numbers, packets, record, warnings
from scrimbox_recorder.clip_tools import ClipTools
from scrimbox_recorder.media import MediaError

from tests import media

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")

RECIPES = {"plain": (0, 30), "b-frames": (2, 30), "rare keys": (2, 100)}
CUTS = [(47, 130), (60, 121), (95, 99), (89, 91), (120, 120), (0, 30), (31, 239)]


@pytest.fixture(scope="module", params=RECIPES, ids=RECIPES)
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    b_frames, gop = RECIPES[request.param]
    return record(tmp_path_factory.mktemp("clips"), b_frames=b_frames, gop=gop)


@pytest.mark.parametrize(("first", "last"), CUTS)
def test_a_clip_shows_exactly_the_frames_that_were_asked_for(
    recording: Recording, tmp_path: Path, first: int, last: int
) -> None:
    made = clip(recording, tmp_path / "clip.mp4", first, last)
    assert numbers(tmp_path / "clip.mp4") == list(range(first, last + 1))
    assert made.frames == last - first + 1
    assert made.duration == pytest.approx((last - first + 1) / media.FPS, abs=0.03)
    assert not warnings(tmp_path / "clip.mp4")


def test_the_frames_of_a_clip_stand_as_far_apart_as_in_the_recording(recording: Recording, tmp_path: Path) -> None:
    clip(recording, tmp_path / "clip.mp4", 47, 130)
    shown = [frame.time for frame in media.frames(tmp_path / "clip.mp4")]
    expected = [time - recording.times[47] for time in recording.times[47:131]]
    assert shown == pytest.approx(expected, abs=0.0005)
    assert shown[0] == 0


def test_sound_and_picture_stay_together(recording: Recording, tmp_path: Path) -> None:
    clip(recording, tmp_path / "clip.mp4", 47, 220)
    assert media.worst_offset(tmp_path / "clip.mp4") <= media.worst_offset(recording.path) + 0.006


def test_the_sound_is_as_long_as_the_picture_to_one_frame_of_it(recording: Recording, tmp_path: Path) -> None:
    clip(recording, tmp_path / "clip.mp4", 47, 130)
    heard = [float(packet["pts_time"]) for packet in packets(tmp_path / "clip.mp4", "a")]
    frame = 1024 / 48000
    assert 0 <= heard[0] < frame
    assert abs(heard[-1] + frame - 84 / media.FPS) <= frame


def test_everything_but_the_ends_is_the_recording_byte_for_byte(recording: Recording, tmp_path: Path) -> None:
    made = clip(recording, tmp_path / "clip.mp4", 47, 230)
    for kind, changed in (("v", made.encoded), ("a", 0)):
        whole = {packet["data_hash"] for packet in packets(recording.path, kind)}
        kept = [packet["data_hash"] in whole for packet in packets(tmp_path / "clip.mp4", kind)]
        assert kept.count(False) == changed
        assert True in kept


def test_only_the_ends_are_encoded_anew(recording: Recording, tmp_path: Path) -> None:
    keys = [round(float(p["pts_time"]) * media.FPS - 0.6) for p in packets(recording.path, "v") if "K" in p["flags"]]
    made = clip(recording, tmp_path / "clip.mp4", 47, 230)
    assert made.encoded <= min(key for key in keys if key >= 47) - 47 + 4


def test_a_clip_that_begins_with_a_key_frame_is_copied_whole_where_its_end_can_be(tmp_path: Path) -> None:
    recording = record(tmp_path)
    assert clip(recording, tmp_path / "clip.mp4", 60, 130).encoded == 0


ENCODERS = {
    "high profile": ["-preset", "medium", "-bf", "3", "-refs", "4", "-g", "45"],
    "open groups": ["-preset", "medium", "-bf", "3", "-g", "45", "-x264-params", "open-gop=1:scenecut=0"],
    "refresh instead of key frames": ["-bf", "0", "-x264-params", "intra-refresh=1:keyint=60"],
    "slices": ["-preset", "fast", "-bf", "2", "-g", "60", "-x264-params", "slices=4"],
    "interlaced": ["-preset", "fast", "-g", "60", "-x264-params", "tff=1"],
}


@pytest.mark.parametrize("switches", ENCODERS.values(), ids=ENCODERS)
def test_a_clip_is_exact_whatever_the_encoder_does(tmp_path: Path, switches: list[str]) -> None:
    flv = encode(record(tmp_path).flv, tmp_path / "own.flv", "-c:v", "libx264", *switches, "-c:a", "copy")
    ClipTools().fragment(flv, tmp_path / "part.mp4")
    ClipTools().wrap([tmp_path / "part.mp4"], tmp_path / "own.mp4")
    own = Recording(tmp_path / "own.mp4", flv, [frame.time for frame in media.frames(tmp_path / "own.mp4")])
    for first, last in ((47, 130), (90, 121), (95, 99), (120, 120), (31, 239), (44, 46)):
        clip(own, tmp_path / "clip.mp4", first, last)
        assert numbers(tmp_path / "clip.mp4") == list(range(first, last + 1))


def test_a_clip_of_a_clip_is_exact_too(tmp_path: Path) -> None:
    recording = record(tmp_path, b_frames=2)
    clip(recording, tmp_path / "one.mp4", 47, 200)
    one = Recording(tmp_path / "one.mp4", recording.flv, [f.time for f in media.frames(tmp_path / "one.mp4")])
    clip(one, tmp_path / "two.mp4", 5, 100)
    assert numbers(tmp_path / "two.mp4") == list(range(52, 148))


def test_what_lies_outside_of_the_recording_is_left_out(tmp_path: Path) -> None:
    recording = record(tmp_path)
    ClipTools().cut(recording.path, tmp_path / "clip.mp4", (recording.middle(200), 99.0))
    assert numbers(tmp_path / "clip.mp4") == list(range(200, 240))
    ClipTools().cut(recording.path, tmp_path / "clip.mp4", (-5.0, recording.middle(9)))
    assert numbers(tmp_path / "clip.mp4") == list(range(10))


def test_pictures_without_sound_and_sound_without_pictures_can_be_cut(tmp_path: Path) -> None:
    recording = record(tmp_path)
    tools = ClipTools()
    for name, drop in (("silent", "-an"), ("blind", "-vn")):
        tools.fragment(encode(recording.flv, tmp_path / f"{name}.flv", "-c", "copy", drop), tmp_path / "part.mp4")
        tools.wrap([tmp_path / "part.mp4"], tmp_path / f"{name}.mp4")
    tools.cut(tmp_path / "silent.mp4", tmp_path / "clip.mp4", (47 / media.FPS + MIDDLE, 99 / media.FPS + MIDDLE))
    assert numbers(tmp_path / "clip.mp4") == list(range(47, 100))
    made = tools.cut(tmp_path / "blind.mp4", tmp_path / "sound.mp4", (1.5, 4.0))
    assert made.duration == pytest.approx(2.5, abs=0.03)
    assert len(media.beeps(tmp_path / "sound.mp4")) == 2


def test_the_encoded_ends_have_the_colours_of_the_rest(tmp_path: Path) -> None:
    marked = ["-color_range", "pc", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    source = record(tmp_path)
    flv = encode(source.flv, tmp_path / "marked.flv", "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", *marked)
    tools = ClipTools()
    tools.fragment(flv, tmp_path / "part.mp4")
    tools.wrap([tmp_path / "part.mp4"], tmp_path / "marked.mp4")
    tools.cut(tmp_path / "marked.mp4", tmp_path / "clip.mp4", (47 / media.FPS + MIDDLE, 200 / media.FPS + MIDDLE))
    names = ["color_range", "color_space", "color_primaries", "color_transfer", "pix_fmt"]
    asked = ["-show_entries", f"frame={','.join(names)}", "-select_streams", "v"]
    found = media.ffprobe(tmp_path / "clip.mp4", *asked)["frames"]
    assert {tuple(frame.get(name) for name in names) for frame in found} == {
        ("pc", "bt709", "bt709", "bt709", "yuvj420p")
    }


def test_where_nothing_is_recorded_there_is_no_clip(tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"\0" * 100)
    with pytest.raises(MediaError, match=r"no\.mp4"):
        ClipTools().cut(tmp_path / "no.mp4", tmp_path / "clip.mp4", (1.0, 2.0))
