"""Real FLVs through the real ffmpeg."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from recorder_yard import Yard, flv
from scrimbox_recorder.disk import Disk
from scrimbox_recorder.finalize import Finalizer
from scrimbox_recorder.flv import contents
from scrimbox_recorder.media import MediaError, NotNowError, Tools
from scrimbox_recorder.pace import Pace

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")

VIDEO = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"]
AUDIO = ["-f", "lavfi", "-i", "sine=sample_rate=48000"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"]
AAC = ["-c:a", "aac"]


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FLVs of two seconds each, made once."""
    folder = tmp_path_factory.mktemp("samples")
    makers = {
        "plain": [*VIDEO, *AUDIO, *X264, *AAC],
        "b-frames": [*VIDEO, *AUDIO, *X264, "-bf", "3", *AAC],
        "audio": [*AUDIO, *AAC],
        "video": [*VIDEO, *X264],
        "rate": [*VIDEO, *AUDIO, *X264, *AAC, "-ar", "44100"],
    }
    for name, arguments in makers.items():
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", *arguments, "-t", "2", str(folder / f"{name}.flv")]
        subprocess.run(command, check=True)
    return folder


def packets(path: Path, kind: str) -> list[float]:
    """Presentation times of an MP4's packets, sorted."""
    command = ["ffprobe", "-v", "error", "-select_streams", kind, "-show_entries", "packet=pts_time", "-of", "json"]
    told = subprocess.run([*command, str(path)], check=True, capture_output=True, text=True)
    return sorted(float(packet["pts_time"]) for packet in json.loads(told.stdout)["packets"])


def frames(path: Path) -> int:
    """Video frames that a decoder gets out of a file."""
    command = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-select_streams",
        "v",
        "-show_entries",
        "stream=nb_read_frames",
    ]
    told = subprocess.run([*command, "-of", "csv=p=0", str(path)], check=True, capture_output=True, text=True)
    return int(told.stdout.strip().strip(","))


def finalised(yard: Yard, *recordings: bytes) -> Yard:
    """A session of these recordings, finalised by the real programs."""
    for data in recordings:
        name = yard.publish(data=data)
        if not list(yard.config.hls.glob("*.m3u8")):
            yard.segment()
        yard.later(1.5)
        yard.hang_up(name)
        yard.later(5)
    yard.later(125, every=10)
    finalizer = Finalizer(yard.config, Disk(), Tools())
    for _ in range(4):
        while finalizer.step(yard.now):
            pass
        yard.later(11, every=11)
    return yard


@pytest.mark.parametrize("name", ["plain", "b-frames", "audio", "video"])
def test_every_frame_of_a_recording_is_in_its_replay(yard: Yard, samples: Path, name: str) -> None:
    held = contents(samples / f"{name}.flv")
    finalised(yard, (samples / f"{name}.flv").read_bytes())
    (replay,) = yard.document()["replays"]
    made = yard.config.recordings / f"{replay['file']}.mp4"
    assert len(packets(made, "v")) == held.video_frames
    assert len(packets(made, "a")) == held.audio_frames
    assert replay["duration"] == pytest.approx(2, abs=0.15)
    head = made.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")
    assert yard.document("index")["set_aside"] == []


def test_contents_count_what_ffmpeg_counts(samples: Path) -> None:
    held = contents(samples / "plain.flv")
    assert held.video_frames == 50
    assert held.audio_frames == pytest.approx(94, abs=2)
    assert held.seconds == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("name", ["plain", "b-frames"])
def test_joined_parts_keep_sound_and_picture_together(yard: Yard, samples: Path, name: str) -> None:
    data = (samples / f"{name}.flv").read_bytes()
    finalised(yard, data, data)
    (replay,) = yard.document()["replays"]
    made = yard.config.recordings / f"{replay['file']}.mp4"
    video, audio = packets(made, "v"), packets(made, "a")
    assert (len(video), frames(made)) == (100, 100)
    offset = replay["parts"][1]["offset"]
    lag = (video[50] - offset) - video[0]
    heard = (audio[len(audio) // 2] - offset) - audio[0]
    assert abs(lag) < 0.002
    assert abs(lag - heard) < 0.03


def test_a_change_of_sample_rate_is_not_joined(yard: Yard, samples: Path) -> None:
    finalised(yard, (samples / "plain.flv").read_bytes(), (samples / "rate.flv").read_bytes())
    assert len(yard.document()["replays"]) == 2
    assert yard.document("index")["set_aside"] == []


@pytest.mark.parametrize("share", [0.3, 0.5, 0.77])
def test_a_recording_that_was_cut_off_keeps_exactly_its_whole_frames(yard: Yard, samples: Path, share: float) -> None:
    data = (samples / "plain.flv").read_bytes()
    cut = data[: int(len(data) * share)]
    path = yard.config.recordings / "cut.flv"
    path.write_bytes(cut)
    held = contents(path)
    finalised(yard, cut)
    (replay,) = yard.document()["replays"]
    made = yard.config.recordings / f"{replay['file']}.mp4"
    assert (len(packets(made, "v")), len(packets(made, "a"))) == (held.video_frames, held.audio_frames)
    assert frames(made) == held.video_frames
    assert yard.document("index")["set_aside"] == []


NO_RECORDINGS = {"garbage": b"FLV" + b"\xff" * 5000, "zeros": b"\0" * 4096, "cut off": flv(1)[:-60]}


@pytest.mark.parametrize("data", NO_RECORDINGS.values(), ids=NO_RECORDINGS)
def test_what_is_no_recording_is_set_aside_whole(yard: Yard, data: bytes) -> None:
    finalised(yard, data)
    (report,) = yard.document("index")["set_aside"]
    assert (yard.config.set_aside / report["name"]).read_bytes() == data
    assert yard.state() == "offline"


def test_a_broken_file_beside_a_good_one_costs_the_good_one_nothing(yard: Yard, samples: Path) -> None:
    finalised(yard, (samples / "plain.flv").read_bytes(), b"FLV" + b"\xff" * 5000)
    assert len(yard.document()["replays"]) == 1
    assert len(yard.document("index")["set_aside"]) == 1


def test_without_ffmpeg_it_is_not_now(yard: Yard, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NotNowError, match="cannot be run"):
        Tools().fragment(samples / "plain.flv", yard.config.recordings / "x.mp4")


def fake_ffmpeg(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "ffmpeg").write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    (folder / "ffmpeg").chmod(0o755)
    if not os.access(folder / "ffmpeg", os.X_OK):
        pytest.skip("temporary files cannot be executed here")
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("exec sleep 60", MediaError("was stopped: it stood still")),
        ("cat >/dev/null; exec sleep 60", MediaError("was stopped: it stood still")),
        ("exit 0", MediaError("did not read to the end")),
        ("echo boom >&2; exit 3", MediaError("ended with 3: boom")),
        ("echo 'x: No space left on device' >&2; exit 1", NotNowError("no space")),
    ],
)
def test_a_hanging_or_failing_ffmpeg_is_an_error_in_words(
    yard: Yard, samples: Path, monkeypatch: pytest.MonkeyPatch, script: str, error: Exception
) -> None:
    fake_ffmpeg(yard.config.recordings / "bin", script, monkeypatch)
    # Larger than a pipe: what nobody reads stays with us.
    source = yard.config.recordings / "long.flv"
    source.write_bytes(flv(20_000))
    said: list[str] = []
    with pytest.raises(type(error), match=str(error)):
        Tools(Pace(tell=said.append), patience=0.05).fragment(source, yard.config.recordings / "x.mp4")
    assert said
