"""Real FLVs through the real ffmpeg: what went in comes out of both doors."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from mp4_yard import doors, parse
from scrimbox_recorder.mp4 import FRAGMENTED, Wrapped, key_frames, playlist, read_back, wrap

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")

AUDIO = ["-f", "lavfi", "-i", "sine=sample_rate=48000"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-sc_threshold", "0"]
AAC = ["-c:a", "aac"]
# Frames come a few milliseconds early or late, as they do from a camera.
JITTER = ["-vf", "setpts='PTS+(random(1)-0.5)*0.02/TB'", "-vsync", "vfr", "-enc_time_base", "1:1000"]


def picture(rate: str = "25") -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=size=160x90:rate={rate}"]


SAMPLES = {
    "plain": [*picture(), *AUDIO, *X264, "-g", "25", *AAC],
    "b-frames": [*picture(), *AUDIO, *X264, "-g", "25", "-bf", "3", *AAC],
    "ntsc": [*picture("30000/1001"), *AUDIO, *X264, "-g", "30", "-bf", "2", *AAC],
    "jitter": [*picture("60"), *AUDIO, *JITTER, *X264, "-g", "60", "-bf", "2", *AAC],
    "44100": [*picture("30"), *AUDIO, *X264, "-g", "30", *AAC, "-ar", "44100"],
    "audio": [*AUDIO, *AAC],
    "video": [*picture(), *X264, "-g", "25", "-bf", "2"],
    "one key frame": [*picture(), *AUDIO, *X264, "-g", "9999", *AAC],
    "sound later": [*picture(), "-itsoffset", "0.7", *AUDIO, *X264, "-g", "25", *AAC],
    "sound earlier": ["-itsoffset", "0.7", *picture(), *AUDIO, *X264, "-g", "25", "-bf", "2", *AAC],
}


def run(*command: str | Path) -> str:
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def ffmpeg(*arguments: str | Path) -> str:
    return run("ffmpeg", "-nostdin", "-v", "error", "-y", *arguments)


@pytest.fixture(scope="session")
def flvs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FLVs of five seconds each."""
    folder = tmp_path_factory.mktemp("flvs")
    for name, arguments in SAMPLES.items():
        ffmpeg(*arguments, "-t", "5", folder / f"{name}.flv")
    return folder


def fragmented(source: Path, folder: Path) -> Path:
    target = folder / f"{source.stem}.fragments.mp4"
    ffmpeg("-i", source, "-map", "0", "-c", "copy", *FRAGMENTED, target)
    return target


def made_of(folder: Path, *sources: Path) -> tuple[Path, Wrapped]:
    target = folder / "made.mp4"
    return target, wrap([fragmented(source, folder) for source in sources], target)


def packets(path: Path) -> dict[str, list[float]]:
    """Presentation times by kind, sorted, the file's earliest at zero."""
    told = run("ffprobe", "-v", "error", "-show_entries", "packet=codec_type,pts_time", "-of", "json", path)
    found: dict[str, list[float]] = {}
    for packet in json.loads(told)["packets"]:
        found.setdefault(packet["codec_type"], []).append(float(packet["pts_time"]))
    first = min(min(times) for times in found.values())
    return {kind: sorted(time - first for time in times) for kind, times in found.items()}


def pictures(path: Path) -> list[str]:
    told = ffmpeg("-i", path, "-map", "0:v", "-vsync", "0", "-f", "framemd5", "-")
    return [line.split(",")[-1].strip() for line in told.splitlines() if not line.startswith("#")]


def hashes(path: Path) -> dict[str, str]:
    told = ffmpeg("-i", path, "-map", "0", "-c", "copy", "-f", "streamhash", "-hash", "md5", "-")
    kinds = {"v": "video", "a": "audio"}
    return {kinds[line.split(",")[1]]: line.partition("=")[2] for line in told.splitlines()}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_player_finds_every_packet_at_its_time_through_either_door(flvs: Path, tmp_path: Path, name: str) -> None:
    source = flvs / f"{name}.flv"
    target, wrapped = made_of(tmp_path, source)
    sent, played = packets(source), packets(target)
    assert played.keys() == sent.keys()
    for kind, times in sent.items():
        assert played[kind] == pytest.approx(times, abs=0.0015)
    through, streamed = doors(target, wrapped)
    assert through == streamed
    for kind, samples in through.items():
        assert sorted(float(sample.shown) for sample in samples) == pytest.approx(played[kind], abs=1e-5)


@pytest.mark.parametrize("name", ["b-frames", "ntsc", "jitter", "video", "sound earlier", "one key frame"])
def test_a_decoder_gets_the_same_pictures_as_from_the_recording(flvs: Path, tmp_path: Path, name: str) -> None:
    target, _ = made_of(tmp_path, flvs / f"{name}.flv")
    assert pictures(target) == pictures(flvs / f"{name}.flv")
    assert ffmpeg("-v", "warning", "-i", target, "-f", "null", "-") == ""


@pytest.mark.parametrize("name", SAMPLES)
def test_read_back_finds_the_bytes_of_the_recording(flvs: Path, tmp_path: Path, name: str) -> None:
    source = flvs / f"{name}.flv"
    target, wrapped = made_of(tmp_path, source)
    read = read_back(target)
    assert {kind: track.digests[0] for kind, track in read.tracks.items()} == hashes(source)
    assert {kind: track.frames for kind, track in read.tracks.items()} == {
        k: len(t) for k, t in packets(source).items()
    }
    assert read.sha256 == run("sha256sum", target).split()[0]
    assert read.duration == pytest.approx(wrapped.duration, abs=1e-3)
    told = json.loads(run("ffprobe", "-v", "error", "-show_format", "-of", "json", target))
    assert float(told["format"]["duration"]) == pytest.approx(wrapped.duration, abs=1e-3)


def offset(times: dict[str, list[float]], part: int, parts: int) -> float:
    """First picture minus first sound of a part, of parts with as many packets each."""
    return times["video"][len(times["video"]) // parts * part] - times["audio"][len(times["audio"]) // parts * part]


@pytest.mark.parametrize("name", ["plain", "b-frames", "ntsc", "44100", "sound later", "sound earlier"])
@pytest.mark.parametrize("parts", [2, 3])
def test_joined_parts_keep_sound_and_picture_together(flvs: Path, tmp_path: Path, name: str, parts: int) -> None:
    source = flvs / f"{name}.flv"
    target, wrapped = made_of(tmp_path, *[source] * parts)
    sent, played = packets(source), packets(target)
    for part in range(parts):
        assert offset(played, part, parts) == pytest.approx(offset(sent, 0, 1), abs=0.001)
    assert pictures(target) == pictures(source) * parts
    through, streamed = doors(target, wrapped)
    assert through == streamed
    assert wrapped.duration == pytest.approx(sum(span.duration for span in wrapped.spans), abs=0.001)


def test_parts_with_and_without_b_frames_before_key_frames_follow_without_a_gap(flvs: Path, tmp_path: Path) -> None:
    """The joint that lost 67 ms when the FLVs were concatenated (FACTS 8b)."""
    target, wrapped = made_of(tmp_path, flvs / "b-frames.flv", flvs / "b-frames.flv")
    times = packets(target)
    frames = len(times["video"]) // 2
    steps = [after - before for before, after in zip(times["video"], times["video"][1:], strict=False)]
    assert steps[frames - 1] == max(steps)
    assert max(steps) < 0.1
    assert wrapped.spans[1].offset == pytest.approx(wrapped.spans[0].duration)


def test_an_init_segment_and_one_segment_decode_alone(flvs: Path, tmp_path: Path) -> None:
    target, wrapped = made_of(tmp_path, flvs / "b-frames.flv", flvs / "b-frames.flv")
    data = target.read_bytes()
    for number, segment in enumerate(wrapped.segments):
        alone = tmp_path / f"{number}.mp4"
        ranges = (wrapped.init, segment)
        alone.write_bytes(b"".join(data[part.offset : part.offset + part.size] for part in ranges))
        assert len(pictures(alone)) == pytest.approx(segment.duration * 25, abs=2)


def test_ffmpeg_plays_the_playlist(flvs: Path, tmp_path: Path) -> None:
    target, wrapped = made_of(tmp_path, flvs / "b-frames.flv", flvs / "b-frames.flv")
    listed = tmp_path / "made.m3u8"
    listed.write_text(playlist(wrapped, target.name, [0.0, 100.0]), encoding="ascii")
    assert pictures(listed) == pictures(target)


def test_a_stream_without_further_key_frames_is_cut_after_ten_seconds(tmp_path: Path) -> None:
    source = tmp_path / "long.flv"
    ffmpeg(*picture("5"), *AUDIO, *X264, "-g", "9999", *AAC, "-t", "35", source)
    made = fragmented(source, tmp_path)
    assert len([node for node in parse(made.read_bytes()) if node.kind == "moof"]) >= 3
    ffmpeg(*AUDIO, *AAC, "-t", "35", tmp_path / "sound.flv")
    sound = fragmented(tmp_path / "sound.flv", tmp_path)
    assert len([node for node in parse(sound.read_bytes()) if node.kind == "moof"]) == 4


@pytest.mark.parametrize("kind", ["hybrid", "faststart"])
def test_key_frames_are_found_in_a_hybrid_and_in_a_plain_mp4(flvs: Path, tmp_path: Path, kind: str) -> None:
    source = flvs / "b-frames.flv"
    target = tmp_path / "made.mp4"
    if kind == "hybrid":
        made_of(tmp_path, source)
    else:
        ffmpeg("-i", source, "-map", "0", "-c", "copy", "-movflags", "+faststart", target)
    told = run(
        *("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,size,pos,flags"),
        *("-of", "json", target),
    )
    keyed = [packet for packet in json.loads(told)["packets"] if packet["flags"].startswith("K")]
    found = key_frames(target)
    assert (found.width, found.height, found.avcc[0]) == (160, 90, 1)
    assert [(size, offset) for _, offset, size in found.frames] == [
        (int(packet["size"]), int(packet["pos"])) for packet in keyed
    ]
    assert [time for time, _, _ in found.frames] == pytest.approx([float(p["pts_time"]) for p in keyed], abs=1e-4)


def test_read_back_reads_a_plain_mp4_too(flvs: Path, tmp_path: Path) -> None:
    source, target = flvs / "b-frames.flv", tmp_path / "plain.mp4"
    ffmpeg("-i", source, "-map", "0", "-c", "copy", "-movflags", "+faststart", target)
    assert {kind: track.digests[0] for kind, track in read_back(target).tracks.items()} == hashes(source)
