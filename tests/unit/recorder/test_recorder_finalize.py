"""The finalizer: replays, what is set aside, and a power cut after every step."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from recorder_yard import Yard, flv
from scrimbox_recorder import aside
from scrimbox_recorder.media import MediaError, NotNowError
from scrimbox_recorder.mp4 import ReadBack, Track


def session(yard: Yard, *recordings: bytes) -> Yard:
    """A session of these recordings, closed and waiting for its MP4."""
    for data in recordings:
        name = yard.publish(data=data)
        if not list(yard.config.hls.glob("*.m3u8")):
            yard.segment()
        yard.later(1.5)
        yard.hang_up(name)
        yard.later(5)
    yard.later(125, every=10)
    return yard


def replays(yard: Yard) -> list[dict[str, object]]:
    yard.later(3)
    found: list[dict[str, object]] = yard.document()["replays"]
    return found


def until_done(yard: Yard) -> None:
    for _ in range(5):
        yard.finalise()
        yard.later(11)


def test_two_parts_become_one_replay_with_one_timeline(yard: Yard) -> None:
    session(yard, flv(25), flv(50))
    assert yard.state() == "processing"
    yard.finalise()
    (replay,) = replays(yard)
    assert (replay["duration"], replay["size"]) == (
        3.0,
        (yard.config.recordings / f"{replay['file']}.mp4").stat().st_size,
    )
    sidecar = json.loads((yard.config.recordings / f"{replay['file']}.json").read_text(encoding="utf-8"))
    assert [part["offset"] for part in sidecar["parts"]] == [0.0, 1.0]
    assert (sidecar["id"], sidecar["title"], sidecar["video"]) == ("cup", "The cup", {"codec_name": "h264"})
    assert [path.name for path in yard.config.finalizing.iterdir()] == []
    for kind in ("mp4", "json"):
        assert (yard.config.recordings / f"{replay['file']}.{kind}").stat().st_mode & 0o777 == 0o640


def test_parts_of_different_settings_become_replays_of_their_own(yard: Yard) -> None:
    yard.tools.settings = lambda source: str(source.stat().st_size)
    session(yard, flv(25), flv(50))
    yard.finalise()
    found = replays(yard)
    assert [replay["duration"] for replay in found] == [2.0, 1.0]
    assert yard.state() == "replay"


def test_a_finished_replay_has_a_playlist_that_says_when_each_part_began(yard: Yard) -> None:
    session(yard, flv(25), flv(50))
    yard.finalise()
    (replay,) = replays(yard)
    assert replay["playlist"] == f"/vod/recordings/{replay['file']}.m3u8"
    text = (yard.config.recordings / f"{replay['file']}.m3u8").read_text(encoding="ascii")
    assert f"{replay['file']}.mp4" in text
    parts: list[dict[str, str]] = replay["parts"]  # type: ignore[assignment]
    dates = [line.split(":", 1)[1] for line in text.splitlines() if line.startswith("#EXT-X-PROGRAM-DATE-TIME")]
    assert dates == [part["started"] for part in parts]


def test_the_sidecar_says_what_the_replay_holds(yard: Yard) -> None:
    session(yard, flv(50))
    yard.finalise()
    (path,) = yard.config.recordings.glob("*.json")
    sidecar = json.loads(path.read_text(encoding="utf-8"))
    assert (sidecar["sha256"], sidecar["playlist_fault"], sidecar["ingest"]) == ("f" * 64, None, None)
    assert sidecar["bitrate"] == round(sidecar["size"] * 8 / 2)
    assert sidecar["parts"][0]["clock"]


def test_what_cannot_be_wrapped_becomes_a_plain_mp4_and_the_reason_is_kept(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    session(yard, flv(25), flv(50))
    yard.tools.fail_wrap = lambda: MediaError("odd boxes")
    yard.finalise()
    (replay,) = replays(yard)
    assert (replay["playlist"], replay["duration"]) == (None, 3.0)
    assert [part["offset"] for part in replay["parts"]] == [0.0, 1.0]  # type: ignore[index,attr-defined]
    sidecar = json.loads((yard.config.recordings / f"{replay['file']}.json").read_text(encoding="utf-8"))
    assert sidecar["playlist_fault"] == "odd boxes"
    assert "becomes a plain MP4 without a playlist: odd boxes" in caplog.text
    assert yard.document("index")["set_aside"] == []


def test_with_key_frames_a_minute_apart_there_is_no_playlist_and_the_mp4_stays(yard: Yard) -> None:
    session(yard, flv(25 * 61))
    yard.finalise()
    (replay,) = replays(yard)
    assert (replay["playlist"], replay["duration"]) == (None, 61.0)
    sidecar = json.loads((yard.config.recordings / f"{replay['file']}.json").read_text(encoding="utf-8"))
    assert sidecar["playlist_fault"] == "key frames are too rare for a playlist: up to 61 s apart"


def test_an_mp4_whose_frames_are_others_is_made_anew_and_else_its_recording_kept(yard: Yard) -> None:
    session(yard, flv(50))
    whole = yard.tools.read_back

    def damaged(path: Path, splits: dict[str, list[int]]) -> ReadBack:
        read = whole(path, splits)
        return replace(read, tracks={**read.tracks, "video": Track(50, ("0" * 32,))})

    yard.tools.read_back = damaged  # type: ignore[method-assign]
    yard.finalise()
    (replay,) = replays(yard)
    assert replay["playlist"] is None
    (report,) = yard.document("index")["set_aside"]
    assert report["reason"] == "the MP4's video frames are not those of the recording"


def test_bytes_behind_a_damaged_place_are_not_thrown_away(yard: Yard) -> None:
    damaged = flv(50) + b"\0" * 5000
    session(yard, damaged)
    yard.finalise()
    (replay,) = replays(yard)
    assert replay["duration"] == 2.0
    (report,) = yard.document("index")["set_aside"]
    assert report["reason"] == "5000 bytes behind a damaged place could not be read"
    assert (yard.config.set_aside / report["name"]).read_bytes() == damaged


def test_a_description_that_was_damaged_is_made_anew_of_what_lies_there(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    session(yard, flv(25), flv(50))
    (description,) = yard.config.finalizing.glob("*/session.json")
    for content in ("{", '{"file": 7}', None):
        if content is None:
            description.unlink()
        else:
            description.write_text(content, encoding="ascii")
        yard.restart()
        yard.later(3)
        assert yard.state() == "processing"
        assert "it is made anew" in caplog.text
    yard.finalise()
    (replay,) = replays(yard)
    assert replay["duration"] == 3.0


def test_a_joint_that_fails_leaves_the_parts_apart(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    session(yard, flv(25), flv(50))
    yard.tools.fail_wrap = lambda: MediaError("odd boxes")
    yard.tools.join = lambda parts, target: target.write_text("no MP4", encoding="ascii")  # type: ignore[method-assign]
    yard.finalise()
    assert len(replays(yard)) == 2
    assert "stay apart" in caplog.text


def test_a_recording_without_a_whole_frame_is_set_aside_and_reported(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    session(yard, flv(1)[:-60])
    yard.finalise()
    assert replays(yard) == []
    assert yard.state() == "offline"
    (report,) = yard.document("index")["set_aside"]
    assert (report["id"], report["reason"]) == ("cup", "it holds no whole frame")
    assert (yard.config.set_aside / report["name"]).read_bytes() == flv(1)[:-60]
    assert "cup: cup-1600000000.flv is set aside" in caplog.text


def test_a_recording_of_headers_alone_goes_in_silence(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    session(yard, flv(0))
    yard.finalise()
    yard.later(3)
    assert (yard.state(), replays(yard)) == ("offline", [])
    assert list(yard.config.set_aside.iterdir()) == list(yard.config.finalizing.glob("*/*")) == []
    assert [record for record in caplog.records if record.levelname not in {"INFO", "DEBUG"}] == []


def test_what_ffmpeg_refuses_is_tried_again_and_then_set_aside(yard: Yard) -> None:
    session(yard, flv(25), flv(50))
    small = len(flv(25))
    yard.tools.fail = lambda source: MediaError("no") if source.stat().st_size == small else None
    yard.finalise()
    assert yard.state() == "processing"
    assert yard.tools.runs == 1
    until_done(yard)
    (replay,) = replays(yard)
    assert replay["duration"] == 2.0
    assert [report["reason"] for report in yard.document("index")["set_aside"]] == ["no"]


def test_a_fault_that_passes_costs_nothing(yard: Yard) -> None:
    session(yard, flv(25))
    faults = iter([MediaError("killed"), MediaError("killed")])
    yard.tools.fail = lambda source: next(faults, None)
    until_done(yard)
    assert len(replays(yard)) == 1
    assert yard.document("index")["set_aside"] == []


def test_without_ffmpeg_or_space_everything_waits_and_stays_playable(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    session(yard, flv(25))
    yard.tools.fail = lambda source: NotNowError("no space")
    for _ in range(10):
        until_done(yard)
    assert (yard.state(), yard.playable()) == ("processing", True)
    assert "has to wait: no space" in caplog.text
    yard.tools.fail = lambda source: None
    until_done(yard)
    assert yard.state() == "replay"


def test_an_mp4_that_lacks_frames_is_shown_and_its_recording_kept(yard: Yard) -> None:
    yard.tools.lose = 10
    session(yard, flv(50))
    yard.finalise()
    assert len(replays(yard)) == 1
    (report,) = yard.document("index")["set_aside"]
    assert "40 of 50 video frames" in report["reason"]
    assert (yard.config.set_aside / report["name"]).read_bytes() == flv(50)


def test_a_failed_session_leaves_the_older_replays(yard: Yard) -> None:
    session(yard, flv(25))
    yard.finalise()
    session(yard, flv(1)[:-60])
    yard.finalise()
    yard.later(3)
    assert yard.state() == "replay"


def test_the_oldest_session_comes_first_and_a_failing_one_holds_up_nobody(yard: Yard) -> None:
    session(yard, flv(25))
    session(yard, flv(50))
    small = len(flv(25))
    yard.tools.fail = lambda source: NotNowError("later") if source.stat().st_size == small else None
    yard.finalise()
    assert [replay["duration"] for replay in replays(yard)] == [2.0]


def test_a_session_whose_recordings_are_still_being_moved_is_not_begun(yard: Yard) -> None:
    session(yard, flv(25), flv(50))
    (folder,) = [path for path in yard.config.finalizing.iterdir() if path.is_dir()]
    late = sorted(folder.glob("*.flv"))[1]
    late.rename(yard.config.incoming / late.name)
    yard.finalise()
    assert yard.tools.runs == 0
    yard.later(3)
    yard.finalise()
    assert replays(yard)[0]["duration"] == 3.0


@pytest.fixture
def yards(tmp_path: Path) -> Iterator[Yard]:
    return (Yard(tmp_path / str(number)) for number in itertools.count())


def mixed(yard: Yard) -> Yard:
    """Two parts that are joined, one that is not, and one without a frame."""
    big = len(flv(75))
    yard.tools.settings = lambda source: "big" if source.stat().st_size == big else "equal"
    return session(yard, flv(25), flv(50), flv(75), flv(1)[:-60])


def test_a_power_cut_after_any_step_of_a_finalisation_changes_nothing_in_the_end(yards: Iterator[Yard]) -> None:
    reference = mixed(next(yards))
    reference.steps.clear()
    reference.finalise()
    steps = len(reference.steps)
    reference.later(3)
    assert [replay["duration"] for replay in reference.document()["replays"]] == [3.0, 3.0]
    for step in range(1, steps + 1):
        yard = mixed(next(yards))
        with yard.dying_at(step):
            yard.finalise()
        died = list(yard.steps)
        assert len(died) == step
        yard.restart()
        yard.recorder.run()
        assert yard.playable(), died
        yard.finalise()
        yard.restart()
        yard.now = reference.now - 3
        yard.later(3)
        assert yard.tree() == reference.tree(), died


def test_no_recording_goes_before_its_replay_is_listed(yards: Iterator[Yard]) -> None:
    yard = mixed(next(yards))
    raw = {path.name: path for path in yard.config.finalizing.rglob("*.flv")}
    missing: list[str] = []

    def check(number: int, step: str) -> None:
        sources = {
            part["source"]
            for path in yard.config.recordings.glob("*.json")
            for part in json.loads(path.read_text(encoding="utf-8"))["parts"]
            if path.with_suffix(".mp4").exists()
        }
        kept = {path.name for path in yard.config.set_aside.iterdir()}
        missing.extend(name for name, path in raw.items() if not path.exists() and name not in sources | kept)

    yard.at_step = check
    yard.finalise()
    assert missing == []
    assert not any(path.exists() for path in raw.values())


def test_set_aside_never_overwrites(yard: Yard) -> None:
    for content in ("one", "two"):
        recording = yard.config.recordings / "cup-1.flv"
        recording.write_text(content, encoding="ascii")
        aside.put(yard.disk, recording, yard.config.set_aside, {"reason": content})
    found = {report["name"]: report["reason"] for report in aside.Aside(yard.config.set_aside).all()}
    assert found == {"cup-1.flv": "one", "cup-1.2.flv": "two"}
    assert (yard.config.set_aside / "cup-1.2.flv").read_text(encoding="ascii") == "two"
