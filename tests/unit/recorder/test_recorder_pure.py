"""What the recorder decides, without a disk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from recorder_yard import pes, playlist_head
from scrimbox_recorder import clock, measure, names, playlists, stale, ts, verdict
from scrimbox_recorder.clock import Measurement
from scrimbox_recorder.config import ConfigError, parse
from scrimbox_recorder.flv import Contents
from scrimbox_recorder.media import MediaError, Probe, parse_probe
from scrimbox_recorder.mp4 import ReadBack, Track
from scrimbox_recorder.sessions import Phase, leftovers, split
from scrimbox_recorder.watch import Entry, Recording, Watch

GOOD = {"hls": "/srv/hls", "recordings": "/srv/recordings", "state": "/srv/streams", "streams": [{"id": "cup"}]}


class TestNames:
    @pytest.mark.parametrize("stream", ["a", "match-1", "match-1-2", "0_x", "a" * 64])
    def test_numbers_are_read_from_the_right_whatever_the_id(self, stream: str) -> None:
        assert names.recording(f"{stream}-1795337593.flv") == (stream, 1795337593)
        assert names.segment(f"{stream}-1795337593693.ts") == (stream, 1795337593693)

    @pytest.mark.parametrize(
        "name", ["-1.flv", "cup.flv", "cup-.flv", "Cup-1.flv", "cup-1.ts", "cup-1.flv.tmp", "a/b-1.flv"]
    )
    def test_other_names_are_no_recordings(self, name: str) -> None:
        assert names.recording(name) is None

    def test_live_and_closed_playlists_are_told_apart(self) -> None:
        assert names.playlist("cup.m3u8") == ("cup", "")
        assert names.playlist("cup.20200913T122640Z.m3u8") == ("cup", "20200913T122640Z")
        assert names.playlist("cup.m3u8.bak") is None

    def test_a_session_is_named_by_its_second(self) -> None:
        file = names.file_name("cup-2", 1600000000)
        assert file == "cup-2-20200913T122640Z"
        assert names.split_file(file) == ("cup-2", "20200913T122640Z")
        assert names.stamp_seconds("20200913T122640Z") == 1600000000
        assert names.closed_playlist(file) == "cup-2.20200913T122640Z.m3u8"

    @pytest.mark.parametrize("epoch", [0.0, 1600000000.0, 1600000000.9996, 1600000000.123])
    def test_times_have_milliseconds_and_z_and_come_back(self, epoch: float) -> None:
        text = names.iso(epoch)
        assert text.endswith("Z")
        assert len(text) == len("2027-01-15T08:00:00.000Z")
        assert names.iso_seconds(text) == pytest.approx(epoch, abs=0.0006)


class TestConfig:
    def test_what_is_not_given_has_its_default(self) -> None:
        config = parse(GOOD)
        assert (config.grace_seconds, config.idle_seconds, config.dvr_keep_seconds) == (120, 10, 900)
        assert (config.reserve_bytes, config.floor_bytes, config.delete_when_low) == (5e9, 1e9, False)
        assert str(config.refuse_publish) == "/run/scrimbox-recorder/refuse-publish"
        assert (config.streams[0].title, config.streams[0].group) == ("cup", "")

    def test_what_is_given_is_taken(self) -> None:
        given = {"keep_replays": 3.0, "delete_when_low": True, "run": "/elsewhere", "retention_bytes": 10}
        config = parse({**GOOD, **given, "streams": [{"id": "cup", "group": "final"}]})
        assert (config.keep_replays, config.delete_when_low, config.retention_bytes) == (3, True, 10)
        assert (str(config.run), config.streams[0].group) == ("/elsewhere", "final")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"grace_seconds": -1}, ["grace_seconds", "-1", "0 to 86400"]),
            ({"grace_seconds": True}, ["grace_seconds", "True"]),
            ({"hls": "srv"}, ["hls", "'srv'", "absolute"]),
            ({"state": None}, ["state", "None"]),
            ({"graze": 1}, ["graze", "grace_seconds"]),
            ({"streams": {}}, ["streams", "list"]),
            ({"streams": [{"id": "Cup"}]}, ["streams[0].id", "'Cup'", "a-z"]),
            ({"streams": [{"id": "index"}]}, ["'index'"]),
            ({"streams": [{"id": "a"}, {"id": "a"}]}, ["'a'", "more than once"]),
            ({"streams": [{"id": "a", "offset_ms": 1.5}]}, ["offset_ms", "1.5", "60000"]),
            ({"streams": [{"id": "a", "resolution": "1080p"}]}, ["streams[0].resolution", "1080p", "1920x1080"]),
            ({"streams": [{"id": "a", "fps": 31}]}, ["streams[0].fps", "31", "29.97"]),
            ({"streams": [{"id": "a", "fps": True}]}, ["streams[0].fps", "True", "29.97"]),
            ({"streams": [{"id": "a", "bitrate_kbps": 6000000}]}, ["streams[0].bitrate_kbps", "6000000", "100000"]),
            ({"streams": [{"id": "a", "title": "x\n"}]}, ["title", "printable"]),
            ({"streams": [{"id": "a", "key": "x"}]}, ["key"]),
            ({"streams": [{"id": "a", "group": "The Final"}]}, ["group", "'The Final'", "a-z"]),
            ({"keep_replays": 1.5}, ["keep_replays", "1.5", "whole"]),
            ({"delete_when_low": 1}, ["delete_when_low", "1", "true or false"]),
            ({"run": "run"}, ["run", "absolute"]),
            ({"reserve_bytes": 10, "floor_bytes": 11}, ["floor_bytes", "11", "reserve_bytes (10)"]),
        ],
    )
    def test_a_bad_setting_is_named_with_its_value_and_what_is_allowed(
        self, change: dict[str, object], words: list[str]
    ) -> None:
        with pytest.raises(ConfigError) as refused:
            parse({**GOOD, **change})
        assert all(word in str(refused.value) for word in words), refused.value


def look(
    watch: Watch, entries: list[Entry], steady: float, *, wall: float = 2000, writing: bool | None = False
) -> list[Recording]:
    return watch.look(entries, steady, wall, lambda name: writing)


class TestWatch:
    def test_the_first_look_dates_by_the_wall_clock(self) -> None:
        (part,) = look(Watch(10), [Entry("cup-1900.flv", 99, 1950)], 500)
        assert (part.began, part.ended, part.open) == (400, 450, False)

    def test_a_wall_clock_set_back_makes_nothing_older_than_now(self) -> None:
        (part,) = look(Watch(10), [Entry("cup-5000.flv", 99, 5050)], 500)
        assert part.ended == 500

    def test_later_looks_follow_growth_and_not_the_wall_clock(self) -> None:
        watch = Watch(10)
        look(watch, [], 0)
        look(watch, [Entry("cup-1900.flv", 20, 0)], 1)
        (grown,) = look(watch, [Entry("cup-1900.flv", 30, 0)], 3, wall=90000)
        (quiet,) = look(watch, [Entry("cup-1900.flv", 30, 0)], 8, wall=0)
        assert (grown.began, grown.ended) == (1, 3)
        assert quiet.ended == 3

    def test_after_a_restart_the_order_of_appearance_outweighs_a_clock_that_was_set_back(self) -> None:
        entries = [Entry("cup-5400.flv", 99, 5450), Entry("cup-9000.flv", 99, 9050), Entry("tea-5000.flv", 99, 5010)]
        order = ["tea-5000.flv", "cup-9000.flv", "cup-7.flv", "cup-5400.flv"]
        later, earlier, other = Watch(10).look(entries, 500, 5460, lambda name: False, order)
        assert (later.began, later.ended) == (440, 490)
        assert earlier.began <= earlier.ended <= later.began
        assert (other.began, other.ended) == (40, 50)
        (session,) = split([later, earlier], 120)["cup"]
        assert [part.label for part in session.recordings] == [9000, 5400]

    def test_the_kernel_is_asked_only_when_a_file_is_quiet(self) -> None:
        watch, asked = Watch(10), []

        def writing(name: str) -> bool:
            asked.append(name)
            return False

        watch.look([], 0, 0, writing)
        (part,) = watch.look([Entry("cup-1.flv", 1, 0)], 1, 0, writing)
        assert part.open
        assert not asked
        (part,) = watch.look([Entry("cup-1.flv", 1, 0)], 3, 0, writing)
        assert not part.open
        assert asked == ["cup-1.flv"]

    def test_without_leases_a_file_counts_as_written_until_it_is_idle(self) -> None:
        watch = Watch(10)
        look(watch, [], 0)
        entries = [Entry("cup-1.flv", 99, 0)]
        look(watch, entries, 1)
        assert look(watch, entries, 9, writing=None)[0].open
        assert not look(watch, entries, 12, writing=None)[0].open


def part(
    label: int, began: float, ended: float, *, size: int = 99, writing: bool = False, stream: str = "cup"
) -> Recording:
    return Recording(f"{stream}-{label}.flv", stream, label, size, began, ended, writing)


class TestSessions:
    def test_a_return_within_the_grace_continues_the_session(self) -> None:
        (session,) = split([part(1, 0, 100), part(2, 200, 300)], 120)["cup"]
        assert [part.label for part in session.recordings] == [1, 2]

    def test_a_return_after_the_grace_begins_another(self) -> None:
        assert len(split([part(1, 0, 100), part(2, 230, 300)], 120)["cup"]) == 2

    def test_streams_have_nothing_to_do_with_each_other(self) -> None:
        assert set(split([part(1, 0, 9), part(1, 0, 9, stream="cup-1")], 120)) == {"cup", "cup-1"}

    def test_empty_recordings_make_no_session_and_name_none(self) -> None:
        assert split([part(1, 0, 0, size=13)], 120) == {}
        (session,) = split([part(1, 0, 0, size=0), part(2, 1, 9)], 120)["cup"]
        assert session.label == 2

    @pytest.mark.parametrize(
        ("steady", "writing", "phase"),
        [
            (109.9, True, Phase.LIVE),
            (110, True, Phase.INTERRUPTED),
            (500, True, Phase.INTERRUPTED),
            (109.9, False, Phase.LIVE),
            (110, False, Phase.INTERRUPTED),
            (219.9, False, Phase.INTERRUPTED),
            (220, False, Phase.OVER),
        ],
    )
    def test_phases_change_when_the_rule_says(self, steady: float, writing: bool, phase: Phase) -> None:
        (session,) = split([part(1, 0, 100, writing=writing)], 120)["cup"]
        assert session.phase(steady, 10, 120) is phase

    def test_without_grace_a_session_ends_when_its_recording_is_closed(self) -> None:
        (session,) = split([part(1, 0, 100)], 0)["cup"]
        assert session.phase(102, 10, 0) is Phase.OVER

    def test_an_empty_return_holds_the_session_but_is_no_data(self) -> None:
        (session,) = split([part(1, 0, 100), part(2, 150, 150, size=0, writing=True)], 120)["cup"]
        assert session.ended == 100
        assert session.phase(400, 10, 120) is Phase.INTERRUPTED

    def test_the_order_is_that_of_appearance_not_of_a_clock_set_back(self) -> None:
        (session,) = split([part(9000, 0, 100, writing=True), part(5400, 105, 200)], 120)["cup"]
        assert [part.label for part in session.recordings] == [9000, 5400]

    def test_leftovers_are_empty_closed_and_not_brand_new(self) -> None:
        parts = [part(1, 0, 0, size=13), part(2, 0, 0, size=0, writing=True), part(3, 9, 9, size=0), part(4, 0, 0)]
        assert [left.label for left in leftovers(parts, 10)] == [1]


TEXT = playlist_head() + (
    "#EXT-X-DISCONTINUITY\n#EXTINF:1.000,\ncup-1000.ts\n#EXTINF:1.000,\ncup-2000.ts\n"
    "#EXT-X-DISCONTINUITY\n#EXTINF:0.500,\ncup-9000.ts\n"
)


class TestPlaylists:
    def test_segments_come_with_time_length_and_discontinuity(self) -> None:
        found = playlists.segments(TEXT)
        assert [(segment.wall_ms, segment.duration, segment.discontinuity) for segment in found] == [
            (1000, 1.0, True),
            (2000, 1.0, False),
            (9000, 0.5, True),
        ]

    def test_a_closed_playlist_ends_and_keeps_everything_of_its_session(self) -> None:
        assert playlists.close(TEXT, "cup", 1000) == TEXT + "#EXT-X-ENDLIST\n"

    def test_closing_twice_ends_it_once(self) -> None:
        assert (playlists.close(TEXT + "#EXT-X-ENDLIST\n", "cup", 0) or "").count("ENDLIST") == 1

    def test_segments_of_an_earlier_session_go_and_the_sequence_moves(self) -> None:
        text = playlists.close(TEXT, "cup", 5000) or ""
        assert playlists.listed(text) == {"cup-9000.ts"}
        assert "#EXT-X-MEDIA-SEQUENCE:2\n" in text
        assert text.count("DISCONTINUITY") == 1

    def test_a_clock_set_back_drops_nothing(self) -> None:
        assert playlists.listed(playlists.close(TEXT, "cup", 10**9) or "") == playlists.listed(TEXT)

    def test_an_empty_playlist_is_none(self) -> None:
        assert playlists.close(playlist_head(), "cup", 0) is None

    def test_a_half_written_entry_is_passed_over(self) -> None:
        assert len(playlists.segments(TEXT[40:-8])) == 2


def listing(*segments: tuple[int, bool]) -> list[playlists.Segment]:
    return [playlists.Segment(f"cup-{wall}.ts", wall, 1.0, discontinuity) for wall, discontinuity in segments]


class TestAssign:
    """Which recording a run of segments belongs to."""

    def owners(self, parts: list[Recording], listed: list[playlists.Segment]) -> dict[int, list[int]]:
        return {part.label: [segment.wall_ms for segment in own] for part, own in measure.assign(parts, listed).items()}

    def test_a_run_belongs_to_the_recording_begun_last_before_it(self) -> None:
        found = self.owners([part(1, 0, 5), part(8, 8, 9)], listing((1200, True), (2200, False), (8100, True)))
        assert found == {1: [1200, 2200], 8: [8100]}

    def test_a_clock_set_back_swaps_nothing(self) -> None:
        found = self.owners([part(9000, 0, 5), part(5400, 8, 9)], listing((9000100, True), (5400100, True)))
        assert found == {9000: [9000100], 5400: [5400100]}

    def test_connections_within_one_second_have_one_run_each(self) -> None:
        parts = [part(4, 0, 0), part(5, 0, 1), part(6, 1, 9)]
        found = self.owners(parts, listing((4100, True), (4600, True), (4900, True), (5900, False)))
        assert found == {4: [4100], 5: [4600], 6: [4900, 5900]}


class TestSegments:
    def test_video_comes_before_audio_and_times_are_rtmp_s(self) -> None:
        assert ts.first_pts(pes(0xC0, 0) + pes(0xE0, 40)) == ("v", 40)

    def test_audio_alone_will_do(self) -> None:
        assert ts.first_pts(b"\x47" + b"\0" * 187 + pes(0xC0, 86399999)) == ("a", 86399999)

    @pytest.mark.parametrize("data", [b"", b"\x47" * 100, b"\0" * 1880])
    def test_garbage_has_no_time(self, data: bytes) -> None:
        assert ts.first_pts(data) is None


def measured(minutes: list[tuple[float, float]]) -> list[Measurement]:
    """(second of the stream, wall clock seconds) to measurements."""
    return [Measurement("v", round(wall * 1000), round(second * 1000), 0) for second, wall in minutes]


class TestClock:
    def test_lines_come_back_and_a_cut_one_is_passed_over(self) -> None:
        kept = measured([(0, 1000), (60, 1060)])
        text = "".join(f"{measurement.line()}\n" for measurement in kept)
        assert clock.parse(text + "v 1 2") == kept
        assert clock.parse("rubbish\nv 1 x 3\n" + text) == kept

    def test_the_least_delayed_segment_counts(self) -> None:
        best = clock.earliest(measured([(0, 1000.4), (1, 1001.003), (2, 1002.2)]), 77)
        assert best is not None
        assert (best.origin_ms, best.upto) == (1000003, 77)

    def test_the_part_begins_before_its_first_segment(self) -> None:
        points = clock.fit(measured([(5, 1005)]), lead=0.021)
        assert points == [(0.0, pytest.approx(1004.979))]

    def test_a_delayed_first_segment_is_corrected_by_the_first_minute(self) -> None:
        points = clock.fit(measured([(0, 1000.4), (30, 1030.0)]), 0)
        assert points[0][1] == pytest.approx(1000.0, abs=0.01)

    def test_drift_is_followed_and_jams_are_not(self) -> None:
        drift = 50e-6
        minutes = [(60.0 * n, 1000 + 60 * n * (1 + drift)) for n in range(60)]
        jammed = [(second, wall + (3 if 20 <= n < 25 else 0)) for n, (second, wall) in enumerate(minutes)]
        points = clock.fit(measured(jammed), 0)
        assert max(abs(wall - (1000 + second * (1 + drift))) for second, wall in points) < 0.07

    def test_a_step_of_the_servers_clock_leaves_both_sides_as_they_were(self) -> None:
        before = [(60.0 * n, 10000 + 60.0 * n) for n in range(5)]
        after = [(60.0 * n, 6400 + 60.0 * n) for n in range(5, 9)]
        points = dict(clock.fit(measured(before + after), 0))
        assert points[240] == pytest.approx(10240)
        assert points[300] == pytest.approx(6700)

    def test_the_33_bits_of_the_time_may_wrap(self) -> None:
        wrap = 2**33 / 90 / 1000
        points = clock.fit(measured([(wrap - 60, 1000), (0, 1060), (60, 1120)]), 0)
        assert [round(second) for second, _ in points] == [0, 60, 120]

    def test_nothing_measured_is_nothing(self) -> None:
        assert clock.fit([], 0) == []


class TestStale:
    def test_listed_segments_stay(self) -> None:
        assert stale.unlisted(["cup-1.ts", "cup-2.ts", "cup.m3u8"], {"cup-2.ts"}, set()) == ["cup-1.ts"]

    def test_the_segment_being_written_stays(self) -> None:
        assert stale.unlisted(["cup-1.ts", "cup-3.ts", "pub-3.ts"], set(), {"cup"}) == ["cup-1.ts", "pub-3.ts"]

    def test_only_what_was_left_alone_between_two_looks_is_untouched(self) -> None:
        assert stale.untouched({"a": (1, 1), "b": (2, 2), "c": (1, 1)}, {"a": (1, 1), "b": (1, 1)}) == ["a"]


def held(frames: int) -> Contents:
    return Contents(frames, frames, 0, 0, 0, frames * 40 - 40, f"video {frames}", f"audio {frames}")


def read(*parts: int) -> ReadBack:
    tracks = {kind: Track(sum(parts), tuple(f"{kind} {part}" for part in parts)) for kind in ("video", "audio")}
    return ReadBack("", sum(parts) * 0.04, tracks)


def made(frames: int, signature: str = "equal") -> Probe:
    return Probe(frames * 0.04, frames, frames, None, None, (signature,))


class TestThin:
    @staticmethod
    def told(points: list[tuple[float, float]], second: float) -> float:
        """What a straight line between the points says."""
        after = next(i for i, point in enumerate(points) if point[0] >= second)
        (x0, y0), (x1, y1) = points[max(0, after - 1)], points[after]
        return y1 if x1 in {second, x0} else y0 + (y1 - y0) * (second - x0) / (x1 - x0)

    def test_a_clock_that_drifts_evenly_needs_two_points(self) -> None:
        even = [(60.0 * minute, 1e9 + 60 * minute * (1 + 50e-6)) for minute in range(180)]
        assert clock.thin(even, 0.002) == [even[0], even[-1]]

    def test_no_point_is_further_off_than_allowed(self) -> None:
        jitter = [0.0, 0.004, -0.003, 0.001, 0.006, -0.005, 0.0]
        points = [(60.0 * m, 1e9 + 60 * m + 1e-6 * m * m + jitter[m % 7]) for m in range(180)]
        kept = clock.thin(points, 0.002)
        assert len(kept) < len(points)
        assert all(abs(self.told(kept, second) - wall) <= 0.0021 for second, wall in points)

    def test_a_step_of_the_clock_stays(self) -> None:
        points = [(float(m), 1e9 + m - (3600 if m >= 50 else 0)) for m in range(100)]
        assert clock.thin(points, 0.002) == [points[0], points[49], points[50], points[-1]]

    @pytest.mark.parametrize("points", [[], [(0.0, 1e9)], [(0.0, 1e9), (60.0, 1e9 + 60)]])
    def test_few_points_stay_as_they_are(self, points: list[tuple[float, float]]) -> None:
        assert clock.thin(points, 0.002) == points


class TestVerdict:
    def test_an_mp4_with_every_byte_of_every_frame_is_good(self) -> None:
        assert not verdict.shortfall([held(100)], read(100))
        assert not verdict.shortfall([held(100), held(50)], read(100, 50))

    @pytest.mark.parametrize("frames", [99, 101])
    def test_a_frame_too_few_or_too_many_is_named(self, frames: int) -> None:
        assert f"{frames} of 100 video" in verdict.shortfall([held(100)], read(frames))

    def test_a_track_that_is_missing_is_named(self) -> None:
        picture = replace(read(100), tracks={"video": read(100).tracks["video"]})
        assert "0 of 100 audio" in verdict.shortfall([held(100)], picture)
        assert not verdict.shortfall([replace(held(100), audio_frames=0)], picture)

    def test_frames_that_are_others_are_named_also_in_the_second_part(self) -> None:
        other = replace(held(50), audio_digest="other")
        assert "audio frames are not those" in verdict.shortfall([held(100), other], read(100, 50))

    def test_a_wrong_length_is_named(self) -> None:
        assert "lasts" in verdict.shortfall([held(100)], replace(read(100), duration=9.0))

    def test_only_equal_neighbours_are_joined(self) -> None:
        parts = [made(1, "a"), made(1, "a"), made(1, "b"), made(1, "a")]
        assert verdict.joinable(parts) == [[0, 1], [2], [3]]

    def test_a_joint_must_be_the_sum(self) -> None:
        assert not verdict.joint_fault([made(10), made(20)], made(30))
        assert "29" in verdict.joint_fault([made(10), made(20)], made(29))

    def test_an_answer_that_is_no_probe_is_an_error(self) -> None:
        with pytest.raises(MediaError):
            parse_probe("{}")
