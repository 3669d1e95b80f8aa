"""While a stream is live: what a viewer's player meets."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import m3u8
import pytest

from tests import media
from tests.conftest import BUILD
from tests.e2e.conftest import STREAM, TWIN, Live, download, when_quiet
from tests.site import Site

PLAYLIST = f"/hls/{STREAM}.m3u8"


def test_the_playlist_is_well_formed_and_grows(live: Live, alice_cookie: Site) -> None:
    first = alice_cookie.get(PLAYLIST).text
    time.sleep(2.5)
    text = alice_cookie.get(PLAYLIST).text
    parsed = m3u8.M3U8(text, strict=True)
    assert text.startswith("#EXTM3U\n")
    assert not parsed.is_endlist
    assert parsed.target_duration >= max(round(segment.duration) for segment in parsed.segments)
    assert len(parsed.segments) > len(m3u8.loads(first).segments)
    assert parsed.media_sequence == m3u8.loads(first).media_sequence
    assert all(re.fullmatch(rf"{STREAM}-\d{{13}}\.ts", segment.uri) for segment in parsed.segments)
    # The module marks the first segment of every push, the very first included.
    assert not [segment.uri for segment in parsed.segments[1:] if segment.discontinuity]
    assert live.publisher.running


def test_segments_are_one_key_frame_interval_long_and_named_by_the_clock(live: Live, alice_cookie: Site) -> None:
    segments = m3u8.loads(alice_cookie.get(PLAYLIST).text).segments
    assert [segment.duration for segment in segments] == pytest.approx([media.GOP_SECONDS] * len(segments), abs=0.1)
    names = [int(segment.uri.removeprefix(f"{STREAM}-").removesuffix(".ts")) / 1000 for segment in segments]
    assert names[0] == pytest.approx(live.started, abs=3)
    assert names == sorted(set(names))


def test_a_late_joiner_can_fetch_the_very_first_frame(live: Live, alice_cookie: Site) -> None:
    copy = download(alice_cookie, PLAYLIST, BUILD / "late")
    numbers = [frame.number for frame in media.frames(copy)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 5 * media.FPS
    assert live.publisher.running


def test_every_segment_starts_with_a_key_frame(live: Live, alice_cookie: Site) -> None:
    copy = download(alice_cookie, PLAYLIST, BUILD / "keys")
    segments = sorted(copy.parent.glob("*.ts"))
    assert len(segments) >= 5
    assert [segment.name for segment in segments if not media.first_video_frame_is_key(segment)] == []
    assert live.publisher.running


def test_the_playlist_is_fresh_and_typed(live: Live, alice_cookie: Site) -> None:
    answer = alice_cookie.get(PLAYLIST)
    assert answer.headers.get_content_type() == "application/vnd.apple.mpegurl"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.text.startswith("#EXTM3U")
    assert live.publisher.running


def test_segments_may_be_kept_for_ever(live: Live, alice_cookie: Site) -> None:
    segment = m3u8.loads(alice_cookie.get(PLAYLIST).text).segments[0].uri
    answer = alice_cookie.get(f"/hls/{segment}", {"Accept-Encoding": "gzip"})
    assert answer.headers.get_content_type() == "video/mp2t"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]
    assert "Content-Encoding" not in answer.headers
    assert live.publisher.running


def test_segments_and_playlists_of_a_declared_origin_carry_its_leave(live: Live, alice: Site) -> None:
    segment = m3u8.loads(alice.get(PLAYLIST).text).segments[0].uri
    for path in (PLAYLIST, f"/hls/{segment}"):
        answer = alice.get(path, {"Origin": "https://coach.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://coach.example"
        assert "Access-Control-Allow-Origin" not in alice.get(path, {"Origin": "https://evil.example"}).headers
    assert live.publisher.running


def test_a_player_that_knows_only_a_password_plays(live: Live, alice: Site) -> None:
    """VLC, mpv, ffplay: here ffprobe with the login in the address."""
    found = media.durations(f"{alice.url_with_login()}/hls/{m3u8.loads(alice.get(PLAYLIST).text).segments[0].uri}")
    assert found["video"] == pytest.approx(media.GOP_SECONDS, abs=0.1)
    assert live.publisher.running


def test_the_state_document_says_what_the_design_says(live: Live) -> None:
    document = live.course.moments[-1].document
    assert set(document) == {"id", "title", "group", "state", "updated", "live", "ingest", "refused", "replays"}
    assert (document["id"], document["title"], document["state"]) == (STREAM, "Scrim 123", "live")
    assert set(document["live"]) == {"playlist", "started", "window", "offset_ms", "alignment_ms", "review"}
    assert document["live"]["playlist"] == PLAYLIST
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(stamp, document["updated"])
    assert re.fullmatch(stamp, document["live"]["started"])


def test_what_arrives_is_measured_and_good_settings_get_no_advice(live: Live, alice: Site) -> None:
    end = time.monotonic() + 30
    while (found := alice.get(f"/streams/{STREAM}.json").json()["ingest"]) is None and time.monotonic() < end:
        time.sleep(1)
    video, audio = found["video"], found["audio"]
    assert (video["codec"], video["width"], video["height"]) == ("h264", 1280, 720)
    assert video["fps"] == pytest.approx(media.FPS, abs=0.05)
    assert video["key_interval"] == pytest.approx(media.GOP_SECONDS, abs=0.05)
    assert (audio["codec"], audio["rate"]) == ("aac", 48000)
    assert (found["jumps"], found["gaps"]["count"]) == (0, 0)
    told = [moment.document["ingest"] for moment in live.course.moments if moment.document["ingest"]]
    assert not [advice for one in told for advice in one["advice"]]
    assert live.publisher.running


def test_a_stream_is_live_within_five_seconds(live: Live) -> None:
    assert live.course.since("live") - live.started < 5
    assert live.twin_course.since("live") - live.started < 5


def test_the_index_lists_who_is_live(live: Live, alice_cookie: Site) -> None:
    text = alice_cookie.get("/streams/index.json").text
    assert STREAM in text
    assert '"live"' in text
    assert live.publisher.running


def test_streams_whose_names_look_alike_are_kept_apart(live: Live, alice_cookie: Site) -> None:
    live.twin.wait(60)
    ours = {segment.uri for segment in m3u8.loads(alice_cookie.get(PLAYLIST).text).segments}
    theirs = live.twin_course.moments[-1].document
    assert theirs["id"] == TWIN
    playlist = theirs["live"]["playlist"] if theirs["live"] else None
    if playlist:
        names = {segment.uri for segment in m3u8.loads(alice_cookie.get(playlist).text).segments}
        assert names
        assert all(re.fullmatch(rf"{TWIN}-\d{{13}}\.ts", name) for name in names)
        assert not ours & names
    assert live.publisher.running


def test_a_session_that_ends_beside_a_live_one_disturbs_neither(live: Live) -> None:
    replay = live.twin_course.wait_for("replay", 60)["replays"][0]
    assert replay["duration"] == pytest.approx(live.twin.wait().seconds, abs=media.GOP_SECONDS)
    assert live.publisher.running
    assert live.course.states == ["live"]


@pytest.mark.slow
def test_a_session_goes_on_when_its_publisher_returns_in_time(
    alice_cookie: Site, push: Callable[..., media.Publisher]
) -> None:
    when_quiet(alice_cookie, "charlie")
    push("charlie", seconds=8).wait()
    time.sleep(4)
    push("charlie", seconds=8).wait()
    parsed = m3u8.loads(alice_cookie.get("/hls/charlie.m3u8").text)
    assert sum(segment.duration for segment in parsed.segments) == pytest.approx(16, abs=2 * media.GOP_SECONDS)
    assert sum(segment.discontinuity for segment in parsed.segments[1:]) == 1
