"""Passes over folders: what viewers read while a stream comes, goes, returns and ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from recorder_yard import EPOCH, Yard, flv, tag
from scrimbox_recorder import choices
from scrimbox_recorder.config import Stream
from scrimbox_recorder.names import iso


def live(yard: Yard, seconds: int = 3) -> str:
    """A publisher sends for some seconds; the name of its recording."""
    name = yard.publish()
    go_on(yard, name, seconds)
    return name


def go_on(yard: Yard, name: str, seconds: int) -> None:
    for second in range(seconds):
        yard.segment(pts_ms=1000 * second)
        yard.later(1)
        yard.send(name, tag(8, 1200 + 40 * second, b"\xaf\x01" + b"a" * 10))
        yard.recorder.run()


def test_declared_streams_have_a_document_from_the_first_pass(yard: Yard) -> None:
    yard.recorder.run()
    document = yard.document()
    assert document == {
        "id": "cup",
        "title": "The cup",
        "group": "",
        "state": "offline",
        "updated": iso(yard.wall),
        "live": None,
        "ingest": None,
        "refused": None,
        "replays": [],
    }
    assert (yard.config.state / "cup.json").stat().st_mode & 0o777 == 0o640


def test_an_idle_server_writes_nothing(yard: Yard) -> None:
    yard.recorder.run()
    yard.steps.clear()
    yard.later(300)
    assert yard.steps == []


def test_a_second_recorder_finds_nothing_to_do(yard: Yard) -> None:
    live(yard)
    yard.steps.clear()
    yard.restart()
    yard.recorder.run()
    assert yard.steps == []


def test_a_stream_is_live_once_there_is_a_playlist(yard: Yard) -> None:
    yard.recorder.run()
    name = yard.publish()
    yard.later(1)
    assert yard.state() == "offline"
    yard.segment()
    yard.later(1)
    assert yard.document()["live"] == {
        "playlist": "/hls/cup.m3u8",
        "started": iso(EPOCH + 1),
        "window": 14400,
        "offset_ms": 0,
        "alignment_ms": 0,
        "review": "/review/cup-20200913T122640Z.json",
    }
    assert yard.state() == "live"
    yard.hang_up(name)


def test_the_whole_life_of_a_session(yard: Yard) -> None:
    yard.recorder.run()
    name = live(yard)
    assert yard.state() == "live"
    yard.hang_up(name)
    yard.later(8)
    assert yard.state() == "live"
    yard.later(4)
    assert yard.state() == "interrupted"
    yard.later(105)
    assert yard.state() == "interrupted"
    yard.later(5)
    assert yard.state() == "processing"
    assert yard.document()["live"]["playlist"] == "/hls/cup.20200913T122640Z.m3u8"
    assert (yard.config.hls / "cup.20200913T122640Z.m3u8").read_text(encoding="ascii").endswith("#EXT-X-ENDLIST\n")
    assert not (yard.config.hls / "cup.m3u8").exists()
    yard.finalise()
    yard.later(3)
    document = yard.document()
    assert document["state"] == "replay"
    assert document["live"] is None
    (replay,) = document["replays"]
    assert replay["url"] == "/vod/recordings/cup-20200913T122640Z.mp4"
    assert replay["parts"][0]["clock"][0] == [0.0, iso(EPOCH)]
    assert list(yard.config.incoming.glob("cup*")) == []


def test_a_publisher_back_within_the_grace_goes_on_in_one_session(yard: Yard) -> None:
    yard.recorder.run()
    first = live(yard)
    yard.hang_up(first)
    yard.later(60)
    assert yard.state() == "interrupted"
    started = yard.document()["live"]["started"]
    second = yard.publish()
    yard.segment(fresh=True)
    go_on(yard, second, 3)
    assert (yard.state(), yard.document()["live"]["started"]) == ("live", started)
    yard.hang_up(second)
    yard.later(125)
    yard.finalise()
    yard.later(2)
    (replay,) = yard.document()["replays"]
    assert [part["offset"] for part in replay["parts"]] == [0.0, 1.2]
    assert replay["parts"][1]["started"] == iso(EPOCH + 63)


def test_a_frozen_publisher_is_interrupted_and_keeps_its_session(yard: Yard) -> None:
    name = live(yard)
    yard.later(200)
    assert yard.state() == "interrupted"
    yard.send(name, b"x")
    yard.later(1)
    assert yard.state() == "live"


def test_a_second_session_has_a_playlist_of_its_own(yard: Yard) -> None:
    yard.hang_up(live(yard))
    yard.later(130)
    name = live(yard)
    assert yard.state() == "live"
    text = (yard.config.hls / "cup.m3u8").read_text(encoding="ascii")
    assert text.count(".ts") == 3
    yard.hang_up(name)


def test_state_follows_the_steady_clock_when_the_wall_clock_jumps(yard: Yard) -> None:
    name = live(yard)
    yard.wall_shift = -3600
    go_on(yard, name, 2)
    assert yard.state() == "live"
    yard.wall_shift = 3600
    go_on(yard, name, 2)
    assert yard.state() == "live"
    yard.hang_up(name)
    yard.later(20)
    assert yard.state() == "interrupted"


def test_a_restarted_recorder_knows_how_long_a_publisher_has_been_gone(yard: Yard) -> None:
    yard.hang_up(live(yard))
    yard.now += 60
    yard.restart()
    yard.recorder.run()
    assert yard.state() == "interrupted"
    yard.now += 61
    yard.restart()
    yard.recorder.run()
    assert yard.state() == "processing"


def test_sessions_of_a_long_absence_are_told_apart(yard: Yard) -> None:
    yard.hang_up(yard.publish())
    yard.now += 1000
    second = yard.publish()
    yard.segment(fresh=True)
    yard.now += 1
    yard.restart()
    yard.recorder.run()
    assert yard.state() == "live"
    yard.finalise()
    yard.later(1)
    assert [replay["file"] for replay in yard.document()["replays"]] == ["cup-20200913T122640Z"]
    assert (yard.config.incoming / second).exists()


def test_an_ended_session_leaves_the_playlist_of_a_connected_publisher_alone(yard: Yard) -> None:
    yard.hang_up(live(yard))
    yard.now += 1000
    empty = yard.publish(data=b"")
    yard.restart()
    for _ in range(3):
        yard.later(1.5)
    assert (yard.config.hls / "cup.m3u8").exists()
    assert [job.file for job in yard.recorder._jobs.all()] == ["cup-20200913T122640Z"]
    yard.send(empty, flv())
    yard.segment(fresh=True)
    yard.later(1.5)
    assert yard.state() == "live"


@pytest.mark.parametrize("size", [0, 13])
def test_connections_without_data_leave_no_trace(yard: Yard, size: int) -> None:
    yard.recorder.run()
    before = yard.tree()
    name = yard.publish(data=flv()[:size])
    yard.later(5)
    assert (yard.config.incoming / name).exists()
    yard.hang_up(name)
    yard.later(5)
    assert yard.tree() == before


def test_streams_do_not_disturb_each_other(tmp_path: Path) -> None:
    yard = Yard(tmp_path, streams=(Stream("cup", "", 0), Stream("cup-1", "", 0)))
    one, two = yard.publish("cup"), yard.publish("cup-1")
    yard.segment("cup")
    yard.segment("cup-1")
    yard.later(1)
    yard.hang_up(one)
    for _ in range(130):
        yard.send(two, b"x")
        yard.later(1)
    assert (yard.state("cup"), yard.state("cup-1")) == ("processing", "live")


def test_a_declared_delay_is_taken_off(tmp_path: Path) -> None:
    yard = Yard(tmp_path, streams=(Stream("cup", "", 250),))
    name = live(yard)
    assert yard.document()["live"]["started"] == iso(EPOCH - 0.25)
    yard.hang_up(name)
    yard.later(125)
    yard.finalise()
    yard.later(2)
    assert yard.document()["replays"][0]["started"] == iso(EPOCH - 0.25)


def test_the_clock_is_measured_about_once_a_minute(yard: Yard) -> None:
    name = yard.publish()
    for second in range(200):
        yard.segment(pts_ms=1000 * second, wall_ms=EPOCH * 1000 + 1000 * second + (0 if second % 7 == 3 else 40))
        yard.later(1)
        yard.send(name, b"x")
    lines = (yard.config.incoming / f"cup-{EPOCH}.clock").read_text(encoding="ascii").splitlines()
    assert len(lines) == 4
    assert [int(wall) - int(pts) - EPOCH * 1000 for _, wall, pts, _ in map(str.split, lines)] == [40, 0, 0, 0]


def test_a_late_recorder_finds_the_first_segment_in_a_long_playlist(yard: Yard) -> None:
    yard.publish()
    for second in range(900):
        yard.segment(pts_ms=1000 * second, wall_ms=(EPOCH + second) * 1000)
    yard.now = 900
    yard.restart()
    yard.recorder.run()
    lines = (yard.config.incoming / f"cup-{EPOCH}.clock").read_text(encoding="ascii")
    assert lines.startswith(f"v {EPOCH * 1000} 0 ")


def test_streams_that_are_not_declared_any_more_keep_their_link_while_they_have_replays(
    yard: Yard, tmp_path: Path
) -> None:
    yard.hang_up(live(yard))
    yard.later(125)
    yard.finalise()
    yard.config = Yard(tmp_path / "other").config.__class__(**{**yard.config.__dict__, "streams": ()})
    yard.restart()
    yard.recorder.run()
    assert (yard.state(), yard.document()["title"]) == ("replay", "The cup")
    for file in yard.config.recordings.glob("cup*"):
        file.unlink()
    yard.later(3)
    assert [path.name for path in yard.config.state.iterdir()] == ["index.json"]


def test_a_lost_document_is_written_again(yard: Yard) -> None:
    yard.recorder.run()
    (yard.config.state / "cup.json").unlink()
    (yard.config.state / "index.json").write_text("{", encoding="ascii")
    yard.restart()
    yard.later(3)
    assert yard.state() == "offline"
    assert (
        json.loads((yard.config.state / "index.json").read_text(encoding="utf-8"))["streams"][0]["state"] == "offline"
    )


def test_the_index_lists_everything_in_short(yard: Yard) -> None:
    yard.hang_up(live(yard))
    yard.later(125)
    yard.finalise()
    yard.later(2)
    index = yard.document("index")
    assert index["streams"] == [{"id": "cup", "title": "The cup", "group": "", "state": "replay", "started": None}]
    (replay,) = index["replays"]
    addresses = {"url", "playlist", "poster", "thumbnails"}
    told = {"id", "title", "file", "started", "duration", "size", "group", "match", "pinned", "expires", "labels"}
    assert set(replay) == addresses | told
    assert (index["set_aside"], index["matches"]) == ([], [])
    assert index["disk"] == {"level": "ok", "refusing": False, "since": None, "message": index["disk"]["message"]}


def test_titles_and_pins_that_were_chosen_are_shown_and_pins_never_expire(yard: Yard) -> None:
    yard.hang_up(live(yard))
    yard.later(125)
    yard.finalise()
    yard.later(3)
    file = yard.document()["replays"][0]["file"]
    assert yard.document("index")["replays"][0]["expires"] is not None
    choices.save(yard.disk, yard.config.recordings, file, choices.Choices('Final <3 "Bo5"', pinned=True))
    yard.later(3)
    (listed,) = yard.document("index")["replays"]
    assert (listed["title"], listed["pinned"], listed["expires"]) == ('Final <3 "Bo5"', True, None)
    assert yard.document()["replays"][0]["title"] == 'Final <3 "Bo5"'
    choices.save(yard.disk, yard.config.recordings, file, choices.NONE)
    yard.later(3)
    assert yard.document()["replays"][0]["title"] == "The cup"


def test_a_documents_replays_are_the_newest_twenty(yard: Yard) -> None:
    yard.recorder.run()
    for number in range(25):
        file = f"cup-20270101T0000{number:02}Z"
        sidecar = {
            "id": "cup",
            "title": "t",
            "file": file,
            "started": iso(EPOCH + number),
            "duration": 1,
            "size": 1,
            "parts": [],
        }
        (yard.config.recordings / f"{file}.mp4").touch()
        (yard.config.recordings / f"{file}.json").write_text(json.dumps(sidecar), encoding="utf-8")
    yard.later(3)
    replays = yard.document()["replays"]
    assert [replay["started"] for replay in replays] == [iso(EPOCH + number) for number in range(24, 4, -1)]
    assert len(yard.document("index")["replays"]) == 25


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id":"cup"}'])
def test_a_broken_sidecar_hides_one_replay_only(yard: Yard, text: str, caplog: pytest.LogCaptureFixture) -> None:
    (yard.config.recordings / "cup-20270101T000000Z.mp4").touch()
    (yard.config.recordings / "cup-20270101T000000Z.json").write_text(text, encoding="utf-8")
    yard.recorder.run()
    assert yard.state() == "offline"
    assert "cup: cup-20270101T000000Z.json" in caplog.text


class TestStaleHls:
    def test_segments_go_when_no_playlist_lists_them(self, yard: Yard) -> None:
        name = live(yard, 5)
        playlist = yard.config.hls / "cup.m3u8"
        lines = playlist.read_text(encoding="ascii").splitlines(keepends=True)
        playlist.write_text("".join([*lines[:4], *lines[9:]]), encoding="ascii")
        yard.later(100)
        assert len(list(yard.config.hls.glob("*.ts"))) == 4
        assert (yard.config.incoming / name).exists()

    def test_the_segment_that_is_being_written_stays(self, yard: Yard) -> None:
        live(yard)
        current = yard.config.hls / f"cup-{int(yard.wall * 1000) + 500}.ts"
        current.write_bytes(b"")
        yard.later(200)
        assert current.exists()

    def test_a_closed_playlist_goes_some_time_after_its_replay_came_and_takes_its_segments_along(
        self, yard: Yard
    ) -> None:
        yard.hang_up(live(yard))
        yard.later(125)
        yard.finalise()
        sidecar = yard.config.recordings / "cup-20200913T122640Z.json"
        os.utime(sidecar, (yard.wall, yard.wall))
        yard.later(800)
        assert (yard.config.hls / "cup.20200913T122640Z.m3u8").exists()
        assert len(list(yard.config.hls.glob("*.ts"))) == 3
        yard.later(250)
        assert list(yard.config.hls.iterdir()) == []

    def test_a_closed_playlist_stays_while_its_replay_is_not_made(self, yard: Yard) -> None:
        yard.hang_up(live(yard))
        yard.later(5000, every=20)
        assert yard.state() == "processing"
        assert yard.playable()

    def test_a_live_playlist_without_a_session_goes(self, yard: Yard) -> None:
        yard.segment()
        yard.later(110)
        assert (yard.config.hls / "cup.m3u8").exists()
        yard.later(200)
        assert list(yard.config.hls.iterdir()) == []
