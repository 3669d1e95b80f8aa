"""What is measured of a publisher, for well-behaved and for odd ones."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from ingest_yard import AVCC, Sender, arrived
from recorder_yard import tag
from scrimbox_recorder.flv import VIDEO
from scrimbox_recorder.ingest_codecs import Picture, picture, sound, video_codec
from scrimbox_recorder.ingest_follow import AT_ONCE, Follower
from scrimbox_recorder.ingest_meter import Meter, rate


def measured(data: bytes) -> Meter:
    meter = Meter()
    for one in arrived(data):
        meter.take(one)
    return meter


class TestSettings:
    @pytest.mark.parametrize("name", AVCC)
    def test_size_and_profile_are_read_from_what_x264_says(self, name: str) -> None:
        found = picture(b"\x17\0\0\0\0" + bytes.fromhex(AVCC[name]))
        assert f"{found.width}x{found.height} {found.profile}" == name

    def test_a_level_is_said_as_people_say_it(self) -> None:
        assert picture(b"\x17\0\0\0\0" + bytes.fromhex(AVCC["1920x1080 Baseline"])).level == "4.0"

    @pytest.mark.parametrize("length", range(46))
    def test_settings_that_are_cut_off_are_h264_all_the_same(self, length: int) -> None:
        found = picture((b"\x17\0\0\0\0" + bytes.fromhex(AVCC["1920x1080 Baseline"]))[:length] or b"\x17")
        assert found.codec == "h264"

    def test_damaged_settings_raise_nothing(self) -> None:
        chance = random.Random(7)
        for _ in range(3000):
            body = bytearray(b"\x17\0\0\0\0" + bytes.fromhex(AVCC["320x180 High"]))
            for _ in range(chance.randrange(1, 6)):
                body[chance.randrange(5, len(body))] = chance.randrange(256)
            assert picture(bytes(body)).codec == "h264"
            sound(b"\xaf\0" + bytes(chance.randrange(256) for _ in range(chance.randrange(6))))

    @pytest.mark.parametrize(
        ("config", "profile", "rate", "channels", "frame"),
        [
            ("1190", "LC", 48000, 2, 1024),
            ("1210", "LC", 44100, 2, 1024),
            ("118856e500", "LC", 48000, 1, 1024),
            ("2b098800", "HE", 48000, 1, 2048),
            ("eb098800", "HE v2", 48000, 2, 2048),
        ],
    )
    def test_the_settings_of_sound(self, config: str, profile: str, rate: int, channels: int, frame: int) -> None:
        found = sound(b"\xaf\0" + bytes.fromhex(config))
        assert (found.profile, found.rate, found.channels, found.frame) == (profile, rate, channels, frame)

    @pytest.mark.parametrize(
        ("body", "codec"),
        [
            (b"\x1c\x01", "hevc"),
            (b"\x1d\x01", "av1"),
            (b"\x12\x01", "h263"),
            (b"\x90hvc1", "hevc"),
            (b"\x91av01", "av1"),
        ],
    )
    def test_other_codecs_have_a_name(self, body: bytes, codec: str) -> None:
        assert video_codec(body) == codec


class TestPictures:
    @pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 50, 59.94, 60, 120])
    def test_the_frame_rate_is_exact_to_a_hundredth(self, fps: float) -> None:
        found = measured(Sender(fps=fps).seconds(30)).rate()
        assert found is not None
        assert found.fps == pytest.approx(fps, abs=0.01)
        assert (found.missing, found.varies) == (0, False)

    @pytest.mark.parametrize("keys", [0.5, 1, 2, 8.34])
    def test_the_key_frame_interval(self, keys: float) -> None:
        assert measured(Sender(keys=keys).seconds(30)).key_interval() == pytest.approx(keys, abs=0.02)

    def test_one_key_frame_and_never_another_is_an_interval_that_grows(self) -> None:
        assert measured(Sender(keys=999).seconds(20)).key_interval() == pytest.approx(20, abs=0.1)

    def test_the_end_of_a_sequence_is_no_key_frame(self) -> None:
        data = Sender(keys=999, audio=False).seconds(20) + tag(VIDEO, 20000, b"\x17\x02\0\0\0")
        assert measured(data).key_interval() == pytest.approx(20, abs=0.1)

    def test_missing_pictures_are_counted_and_the_frame_rate_stays(self) -> None:
        chance = random.Random(1)
        meter = Meter()
        tags = list(arrived(Sender().seconds(60)))
        dropped = {number for number in range(len(tags)) if chance.random() < 0.1}
        for number, one in enumerate(tags):
            if one.settings or one.kind != VIDEO or number not in dropped or one.body[0] == 0x17:
                meter.take(one)
        found = meter.rate()
        assert found is not None
        assert found.fps == pytest.approx(30, abs=0.05)
        assert found.missing == pytest.approx(0.1, abs=0.03)

    def test_a_rate_that_varies_is_called_so(self) -> None:
        chance = random.Random(3)
        found = rate([chance.randrange(17, 90) for _ in range(1000)])
        assert found.varies
        assert found.missing == 0

    def test_pictures_all_at_one_time_are_no_fault_of_ours(self) -> None:
        assert rate([0] * 50).varies

    def test_b_frames_are_seen(self) -> None:
        assert measured(Sender(bent=True).seconds(2)).bent
        assert not measured(Sender().seconds(2)).bent

    def test_pictures_of_another_codec_are_told_without_settings(self) -> None:
        data = b"".join(tag(VIDEO, 33 * number, b"\x1c\x01\0\0\0hevc") for number in range(100))
        assert measured(data).picture == Picture("hevc")


class TestSound:
    def test_sound_alone(self) -> None:
        meter = measured(Sender(fps=0).seconds(10))
        assert (meter.seen, meter.heard, meter.rate(), meter.key_interval()) == (False, True, None, None)
        assert meter.drift_ms() in (-1, 0, 1)

    def test_pictures_alone(self) -> None:
        meter = measured(Sender(audio=False).seconds(10))
        assert (meter.seen, meter.heard, meter.offset_ms(), meter.drift_ms()) == (True, False, None, None)

    def test_sound_that_stops_is_not_heard_any_more(self) -> None:
        sender = Sender()
        data = sender.seconds(10)
        sender.audio = False
        assert not measured(data + sender.seconds(12)).heard

    def test_both_together_have_neither_offset_nor_drift(self) -> None:
        meter = measured(Sender().seconds(60))
        assert abs(meter.offset_ms() or 0) <= 25
        assert abs(meter.drift_ms() or 0) <= 2

    @pytest.mark.parametrize("shift", [-1500, 1500])
    def test_an_offset_is_measured(self, shift: int) -> None:
        meter = measured(Sender(shift_ms=3000, sound_shift_ms=shift).seconds(30))
        assert meter.offset_ms() == pytest.approx(shift, abs=25)

    def test_drift_is_measured(self) -> None:
        assert measured(Sender(sound_speed=1.001).seconds(120)).drift_ms() == pytest.approx(120, abs=3)

    def test_sound_that_is_missing_for_a_while_is_no_drift(self) -> None:
        sender = Sender()
        data = sender.seconds(10)
        sender.sound += 200
        assert abs(measured(data + sender.seconds(10)).drift_ms() or 0) <= 2


class TestBitrate:
    def test_now_average_and_peak(self) -> None:
        sender = Sender(kbps=3000, audio=False)
        data = sender.seconds(60)
        sender.kbps = 9000
        data += sender.seconds(5)
        sender.kbps = 1000
        found = measured(data + sender.seconds(15)).bits()
        assert found is not None
        assert found.now == pytest.approx(1e6, rel=0.03)
        assert found.average == pytest.approx((60 * 3 + 5 * 9 + 15) / 80 * 1e6, rel=0.03)
        assert found.peak == pytest.approx(9e6, rel=0.15)

    def test_the_first_second_has_none(self) -> None:
        assert measured(Sender().seconds(1)).bits() is None


class TestTime:
    def test_a_steady_stream_has_neither_jumps_nor_gaps(self) -> None:
        meter = measured(Sender(fps=59.94, bent=True).seconds(60))
        assert (meter.jumps, meter.gaps) == (0, 0)
        assert meter.seconds == pytest.approx(60, abs=0.1)

    @pytest.mark.parametrize("shift", [-20_000, 3_600_000])
    def test_a_jump_of_sound_and_pictures_is_one(self, shift: int) -> None:
        sender = Sender(shift_ms=60_000)
        data = sender.seconds(30)
        sender.shift_ms += shift
        meter = measured(data + sender.seconds(30))
        assert (meter.jumps, meter.gaps) == (1, 0)
        assert meter.seconds == pytest.approx(60, abs=0.2)
        assert meter.key_interval() == pytest.approx(1, abs=0.05)

    def test_a_gap_is_no_jump_and_nothing_is_missing_because_of_it(self) -> None:
        sender = Sender()
        data = sender.seconds(30)
        sender.shift_ms += 5000
        meter = measured(data + sender.seconds(30))
        assert (meter.jumps, meter.gaps) == (0, 1)
        assert meter.gap_seconds == pytest.approx(5, abs=0.1)
        assert meter.rate() is not None
        assert (meter.rate() or rate([33])).missing == 0


class TestFollowing:
    def test_what_arrives_in_any_pieces_is_read_once(self, tmp_path: Path) -> None:
        data, path = Sender().seconds(20), tmp_path / "cup-1.flv"
        chance = random.Random(5)
        path.write_bytes(b"")
        follower, found, position = Follower(path), [], 0
        while position < len(data):
            step = chance.randrange(1, 300_000)
            with path.open("ab") as stream:
                stream.write(data[position : position + step])
            position += step
            found += follower.new()
        assert found == list(arrived(data))
        assert list(follower.new()) == []

    def test_a_recording_that_has_gone_has_nothing_new(self, tmp_path: Path) -> None:
        assert list(Follower(tmp_path / "cup-1.flv").new()) == []

    def test_a_damaged_place_is_passed_over(self, tmp_path: Path) -> None:
        sender, path = Sender(kbps=300), tmp_path / "cup-1.flv"
        first, second = sender.seconds(20), sender.seconds(20)
        path.write_bytes(first + bytes(5000) + second)
        assert list(Follower(path).new()) == [*arrived(first), *arrived(second)]

    def test_a_long_recording_is_read_near_its_end_with_the_settings_of_its_beginning(self, tmp_path: Path) -> None:
        sender, path = Sender(kbps=8000), tmp_path / "cup-1.flv"
        path.write_bytes(sender.seconds(80))
        follower, meter = Follower(path), Meter()
        for one in follower.new():
            meter.take(one)
        assert not follower.whole
        assert meter.seconds < 10
        assert (meter.picture or Picture("")).width == 1920
        with path.open("ab") as stream:
            stream.write(sender.seconds(5))
        for one in follower.new():
            meter.take(one)
        assert 11 < meter.seconds < 15
        assert (meter.jumps, meter.gaps) == (0, 0)

    def test_much_at_once_takes_several_looks(self, tmp_path: Path) -> None:
        path = tmp_path / "cup-1.flv"
        path.write_bytes(Sender(kbps=300).seconds(300))
        follower = Follower(path)
        assert len(list(follower.new())) == AT_ONCE
        assert follower.behind
        assert len(list(follower.new())) > 0
        assert not follower.behind


def test_what_ffmpeg_sends_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "cup-1.flv"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=60000/1001:duration=6"]
    source += ["-f", "lavfi", "-i", "sine=duration=6:sample_rate=48000"]
    encode = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-bf",
        "2",
        "-g",
        "60",
        "-keyint_min",
        "60",
        "-sc_threshold",
        "0",
    ]
    encode += ["-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *source, *encode], check=True)
    meter = Meter()
    for one in Follower(path).new():
        meter.take(one)
    assert meter.picture is not None
    assert (meter.picture.codec, meter.picture.width, meter.picture.height) == ("h264", 320, 180)
    assert (meter.rate() or rate([1])).fps == pytest.approx(59.94, abs=0.02)
    assert meter.key_interval() == pytest.approx(1.001, abs=0.002)
    assert meter.bent
    assert abs(meter.offset_ms() or 0) < 50
    assert abs(meter.drift_ms() or 0) <= 2
    bits = meter.bits()
    assert bits is not None
    assert bits.average == pytest.approx(path.stat().st_size * 8 / 6, rel=0.03)
