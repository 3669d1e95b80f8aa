"""Advice for the streamer: what is wrong is said with the setting that mends it, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from ingest_yard import Sender
from recorder_yard import Yard, tag
from scrimbox_recorder import status
from scrimbox_recorder.config import Stream
from scrimbox_recorder.ingest import Ingest
from scrimbox_recorder.ingest_advice import NOTE, WARN, delay
from scrimbox_recorder.sessions import Session
from scrimbox_recorder.watch import Recording

DECLARED = Stream("cup", "The cup", 0, "", "1920x1080", 30, 4500)


def on_air(yard: Yard, sender: Sender, seconds: int, *, every: float = 1.0, late: float = 0.0) -> str:
    """A publisher sends for so long; each second takes `late` seconds more. The name of its recording."""
    name = yard.publish(data=sender.seconds(every))
    yard.segment()
    for _ in range(int(seconds / every)):
        yard.later(every + late, every=every + late)
        yard.send(name, sender.seconds(every))
    yard.later(1)
    return name


def ingest(yard: Yard) -> dict[str, Any]:
    found: dict[str, Any] = yard.document()["ingest"]
    return found


def codes(yard: Yard) -> list[str]:
    return [advice["code"] for advice in ingest(yard)["advice"]]


@pytest.fixture
def declared(tmp_path: Any) -> Yard:
    return Yard(tmp_path, streams=(DECLARED,))


@pytest.mark.parametrize("fps", [29.97, 30, 59.94, 60])
def test_the_shipped_profile_gets_no_advice(tmp_path: Any, fps: float) -> None:
    yard = Yard(tmp_path, streams=(Stream("cup", "The cup", 0, "", "1920x1080", fps, 4500),))
    on_air(yard, Sender(fps=fps, bent=True), 70)
    found = ingest(yard)
    assert found["advice"] == []
    assert found["video"]["fps"] == pytest.approx(fps, abs=0.02)
    assert found["delay"] == pytest.approx(1.6, abs=0.1)


def test_what_arrives_stands_in_the_state_document(declared: Yard) -> None:
    on_air(declared, Sender(), 40)
    found = ingest(declared)
    assert found["video"] == {
        "codec": "h264",
        "profile": "Baseline",
        "level": "4.0",
        "width": 1920,
        "height": 1080,
        "fps": 30.0,
        "varies": False,
        "missing": 0.0,
        "key_interval": 1.0,
        "b_frames": False,
    }
    assert found["audio"] == {"codec": "aac", "profile": "LC", "rate": 48000, "channels": 2}
    assert found["bitrate"]["now"] == pytest.approx(4.67e6, rel=0.03)
    assert (found["late"], found["jumps"], found["gaps"]) == (0.0, 0, {"count": 0, "seconds": 0})
    assert found["since"] == "2020-09-13T12:26:40.000Z"


@pytest.mark.parametrize(("keys", "level", "behind"), [(8.34, WARN, "13.3 s"), (2, NOTE, "3.2 s")])
def test_rare_key_frames_are_said_with_the_delay_that_they_cost(
    yard: Yard, keys: float, level: str, behind: str
) -> None:
    on_air(yard, Sender(keys=keys), 40)
    (advice,) = ingest(yard)["advice"]
    assert (advice["code"], advice["level"]) == ("key-frames", level)
    assert f"every {'8.3' if keys > 2 else '2'} s" in advice["text"]
    assert behind in advice["text"]
    assert "Keyframe Interval: 1 s" in advice["setting"]
    assert "keyint=30" in advice["setting"]


def test_the_advice_goes_when_the_setting_is_mended(yard: Yard) -> None:
    sender = Sender(keys=8.34)
    name = on_air(yard, sender, 40)
    assert codes(yard) == ["key-frames"]
    yard.hang_up(name)
    yard.later(5)
    on_air(yard, Sender(), 20)
    assert codes(yard) == []
    assert ingest(yard)["gaps"]["count"] == 1


@pytest.mark.parametrize("avcc", ["320x180 High 4:4:4", "320x180 High 10"])
def test_a_profile_that_browsers_cannot_show_is_said_at_once(yard: Yard, avcc: str) -> None:
    on_air(yard, Sender(avcc=avcc), 7)
    (advice,) = ingest(yard)["advice"]
    assert advice["code"] == "video-profile"
    assert "NV12" in advice["setting"]


def test_sound_alone_is_told_what_hevc_looks_like(yard: Yard) -> None:
    on_air(yard, Sender(fps=0), 20)
    (advice,) = ingest(yard)["advice"]
    assert (advice["code"], advice["level"]) == ("no-picture", WARN)
    assert "HEVC" in advice["text"]
    assert "H.264" in advice["setting"]


def test_a_codec_that_makes_no_segments_is_told_although_nothing_is_live(yard: Yard) -> None:
    name = yard.publish(data=b"FLV\x01\x05\0\0\0\x09\0\0\0\0")
    for second in range(12):
        frames = range(second * 30, second * 30 + 30)
        yard.send(name, b"".join(tag(9, number * 100 // 3, b"\x1c\x01\0\0\0hevc") for number in frames))
        yard.later(1)
    assert yard.state() == "offline"
    assert ingest(yard)["video"]["codec"] == "hevc"
    assert ingest(yard)["delay"] is None
    assert codes(yard) == ["video-codec"]
    yard.hang_up(name)
    yard.later(130)
    assert yard.document()["ingest"] is None


def test_pictures_alone_are_a_note(yard: Yard) -> None:
    on_air(yard, Sender(audio=False), 20)
    assert [(advice["code"], advice["level"]) for advice in ingest(yard)["advice"]] == [("no-sound", NOTE)]


def test_a_bitrate_over_the_uplink_names_one_that_fits(yard: Yard) -> None:
    on_air(yard, Sender(kbps=6000), 40, late=0.3)
    (advice,) = ingest(yard)["advice"]
    assert advice["code"] == "upload"
    assert "Bitrate: 4000 Kbps" in advice["setting"]
    assert ingest(yard)["late"] > 3


def test_one_stall_that_is_caught_up_is_no_slow_uplink(yard: Yard) -> None:
    sender = Sender()
    name = on_air(yard, sender, 20)
    yard.later(6)
    yard.send(name, sender.seconds(6))
    for _ in range(20):
        yard.later(1, every=1)
        yard.send(name, sender.seconds(1))
    assert codes(yard) == []


@pytest.mark.parametrize("step", [-3600, 3600])
def test_a_clock_that_is_set_makes_nobody_late(yard: Yard, step: float) -> None:
    sender = Sender()
    name = on_air(yard, sender, 20)
    yard.send(name, sender.seconds(1))
    yard.wall_shift += step
    for _ in range(40):
        yard.later(1, every=1)
        yard.send(name, sender.seconds(1))
    yard.later(1)
    assert (codes(yard), ingest(yard)["late"]) == ([], 0)


def test_a_publisher_whose_clock_is_slow_is_not_late(yard: Yard) -> None:
    on_air(yard, Sender(kbps=100), 3600, every=30, late=30 * 500e-6)
    assert ingest(yard)["late"] == 0


def test_three_interruptions_are_a_note(yard: Yard) -> None:
    for _ in range(4):
        name = on_air(yard, Sender(), 12)
        yard.hang_up(name)
        yard.later(12)
    on_air(yard, Sender(), 12)
    (advice,) = ingest(yard)["advice"]
    assert advice["code"] == "interruptions"
    assert "failed 4 times" in advice["text"]
    assert ingest(yard)["gaps"]["seconds"] == pytest.approx(4 * 13, abs=8)


def test_time_stamps_that_jump_are_a_note(yard: Yard) -> None:
    sender = Sender()
    name = on_air(yard, sender, 20)
    sender.shift_ms += 3_600_000
    for _ in range(20):
        yard.send(name, sender.seconds(1))
        yard.later(1)
    assert codes(yard) == ["time-jumps"]


def test_sound_far_from_its_picture_is_said(yard: Yard) -> None:
    on_air(yard, Sender(shift_ms=5000, sound_shift_ms=-1500), 20)
    (advice,) = ingest(yard)["advice"]
    assert advice["code"] == "sound-offset"
    assert "1.5 s after" in advice["text"]


def test_sound_at_the_wrong_speed_is_said(yard: Yard) -> None:
    on_air(yard, Sender(kbps=100, sound_speed=1.01), 80)
    assert codes(yard) == ["sound-drift"]


def test_what_differs_from_the_declaration_is_a_note(declared: Yard) -> None:
    on_air(declared, Sender(avcc="1366x768 Baseline", fps=60, kbps=9000), 20)
    assert codes(declared) == ["resolution", "frame-rate", "bitrate"]
    assert {advice["level"] for advice in ingest(declared)["advice"]} == {NOTE}


def test_without_a_declaration_every_size_and_rate_is_right(yard: Yard) -> None:
    on_air(yard, Sender(avcc="1366x768 Baseline", fps=120, kbps=20000), 20)
    assert codes(yard) == []


def test_what_is_urgent_stands_first(declared: Yard) -> None:
    on_air(declared, Sender(avcc="1366x768 Baseline", keys=4), 20)
    assert codes(declared) == ["key-frames", "resolution"]


def test_the_delay_has_a_floor() -> None:
    assert (delay(None), delay(0.5), delay(8.33)) == (None, 1.6, 13.3)


def test_room_is_told_in_hours_of_what_all_send_together(tmp_path: Any) -> None:
    yard = Yard(tmp_path, streams=(Stream("cup", "Cup", 0), Stream("bravo", "Bravo", 0)), floor_bytes=0)
    left = 36e9
    told = Ingest(yard.config.incoming, lambda: left)
    for stream in ("cup", "bravo"):
        name = yard.publish(stream, data=Sender(kbps=7600, audio=False).seconds(20))
        part = Recording(name, stream, 0, 100, 0.0, 20.0, open=True)
        told.take(Session(stream, (part,)), Stream(stream, stream, 0), 20.0, yard.wall)
    first, second = told.document("cup"), told.document("bravo")
    assert first is not None
    assert second is not None
    assert (first["safe_hours"], second["safe_hours"]) == (10.0, pytest.approx(5.2, abs=0.2))


class TestDocuments:
    def test_after_a_restart_it_is_measured_from_the_beginning_where_that_is_near(self, yard: Yard) -> None:
        sender = Sender(kbps=500)
        name = on_air(yard, sender, 30)
        since = ingest(yard)["since"]
        yard.restart()
        for _ in range(8):
            yard.later(1)
            yard.send(name, sender.seconds(1))
        assert ingest(yard)["since"] == since
        assert ingest(yard)["bitrate"]["average"] == pytest.approx(663e3, rel=0.05)

    def test_a_stream_that_goes_on_changes_its_own_document_only_now_and_then(self, yard: Yard) -> None:
        sender = Sender()
        name = on_air(yard, sender, 60)
        yard.steps.clear()
        for _ in range(60):
            yard.later(1, every=1)
            yard.send(name, sender.seconds(1))
        written = [step for step in yard.steps if step.startswith("rename") and ".json" in step]
        assert all("cup.json" in step for step in written)
        assert 0 < len(written) <= 7

    def test_a_session_that_has_ended_says_nothing_any_more(self, yard: Yard) -> None:
        yard.hang_up(on_air(yard, Sender(), 20))
        yard.later(15)
        assert yard.state() == "interrupted"
        assert ingest(yard) is not None
        yard.later(120)
        assert yard.document()["ingest"] is None

    def test_what_cannot_be_measured_hurts_no_session(self, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise IndexError("odd")

        monkeypatch.setattr("scrimbox_recorder.ingest_meter.Meter.take", fail)
        on_air(yard, Sender(), 20)
        assert yard.state() == "live"
        assert ingest(yard) is None

    def test_the_status_says_what_arrives_and_what_to_mend(self, yard: Yard) -> None:
        on_air(yard, Sender(keys=8.34), 40)
        told = status.report(yard.config)
        assert "    h264 1920x1080, 30 pictures a second, key frames every 8.33 s; aac 48 kHz; 4.7 Mbit/s" in told
        assert "Key frames come every 8.3 s" in told
        assert "Keyframe Interval: 1 s" in told
