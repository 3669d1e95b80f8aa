"""Publishers that vanish, freeze, return, change their settings, or get in each other's way."""

from __future__ import annotations

import time

import pytest

from tests import media
from tests.faults.camera import AUDIO, VIDEO, Camera, Connection
from tests.faults.conftest import OTHER, Stage, after
from tests.faults.evidence import Evidence, document, gather, wait_state
from tests.rtmp import Client

IN_FLIGHT = 3
"""Pictures that a TCP reset may cut off: what the server's kernel had not handed over yet."""
HALF = 165
"""Pictures of a push of 5.5 s: it ends between two flashes and in the middle of a group of pictures."""


def killed(stage: Stage) -> Evidence:
    camera = stage.camera("fault-killed", goodbye=Client.reset)
    camera.wait_sent(HALF + 7)
    left = gather(stage.common, "fault-killed", camera.stop())
    (closed,) = _closed(stage, "fault-killed")
    left.seen["segments"] = [stage.common.alice.get(f"/hls/{name}", method="HEAD").status for name in _segments(closed)]
    return left


@after(killed)
def test_a_publisher_who_is_killed_loses_no_frame_that_arrived(left: Evidence) -> None:
    left.assert_kept(cut=IN_FLIGHT)
    left.assert_one_timeline()


@after(killed)
def test_the_closed_playlist_can_be_played_for_a_while_beside_the_replay(left: Evidence) -> None:
    assert len(left.seen["segments"]) >= 5, left.report()
    assert set(left.seen["segments"]) == {200}, left.report()


def frozen(stage: Stage) -> Evidence:
    server, stream = stage.common, "fault-frozen"
    camera = stage.camera(stream)
    camera.wait_sent(HALF)
    camera.freeze()
    quiet = time.monotonic()
    wait_state(server, stream, ["interrupted"])
    interrupted = time.monotonic() - quiet
    wait_state(server, stream, ["processing", "replay"])
    over = time.monotonic() - quiet
    left = gather(server, stream, camera.stop())
    left.seen |= {"interrupted": interrupted, "over": over}
    return left


@after(frozen)
def test_a_publisher_who_freezes_is_interrupted_after_10_s_and_over_after_the_grace(left: Evidence) -> None:
    left.assert_kept()
    assert 9 < left.seen["interrupted"] < 15, left.report()
    assert 14 < left.seen["over"] < 20, left.report()


def returns(stage: Stage) -> Evidence:
    server, stream = stage.common, "fault-returns"
    connections = stage.camera(stream, frames=HALF).wait()
    time.sleep(5)
    before = server.alice.get(f"/hls/{stream}.m3u8").text
    camera = stage.camera(stream, start=600, frames=HALF)
    camera.wait_sent(HALF)
    connections = connections + camera.wait()
    after = server.alice.get(f"/hls/{stream}.m3u8").text
    left = gather(server, stream, connections)
    left.seen |= {"before": before, "after": after}
    return left


@after(returns)
def test_a_publisher_who_returns_after_5_s_goes_on_in_the_same_replay(left: Evidence) -> None:
    left.assert_kept()
    left.assert_one_timeline()


@after(returns)
def test_the_live_playlist_goes_on_with_a_discontinuity(left: Evidence) -> None:
    before, after = left.seen["before"], left.seen["after"]
    assert _segments(before) == _segments(after)[: len(_segments(before))], left.report()
    assert after.count("#EXT-X-DISCONTINUITY") == before.count("#EXT-X-DISCONTINUITY") + 1, left.report()


def returns_late(stage: Stage) -> Evidence:
    with stage.variants.start("patient", settings={"grace_seconds": 120}) as server:
        connections = stage.camera("fault-returns", server, frames=HALF).wait()
        time.sleep(60)
        assert document(server, "fault-returns")["state"] == "interrupted"
        camera = stage.camera("fault-returns", server, start=600, frames=HALF)
        connections = connections + camera.wait()
        return gather(server, "fault-returns", connections, timeout=200)


@pytest.mark.slow
@after(returns_late)
def test_a_publisher_who_returns_after_60_s_goes_on_in_the_same_replay(left: Evidence) -> None:
    left.assert_kept()
    left.assert_one_timeline()


def returns_after_the_grace(stage: Stage) -> Evidence:
    server, stream = stage.common, "fault-after"
    connections = stage.camera(stream, frames=HALF).wait()
    wait_state(server, stream, ["processing", "replay"])
    dead = server.alice.get(f"/hls/{stream}.m3u8").status
    camera = stage.camera(stream, start=600, frames=2 * HALF)
    shown = document(server, stream)
    first_closed = shown["live"]["playlist"] if shown["live"] else ""
    camera.wait_sent(HALF)
    closed = _closed(stage, stream)
    second = server.alice.get(f"/hls/{stream}.m3u8").text
    connections = connections + camera.wait()
    left = gather(server, stream, connections)
    left.seen |= {"dead": dead, "closed": closed, "second": second, "first": first_closed}
    return left


@after(returns_after_the_grace)
def test_a_publisher_who_returns_after_the_grace_makes_a_second_replay(left: Evidence) -> None:
    left.assert_kept(replays=2)
    assert [len(replay.entry["parts"]) for replay in left.replays] == [1, 1], left.report()


@after(returns_after_the_grace)
def test_two_sessions_never_share_a_playlist_and_a_dead_one_is_not_served_as_live(left: Evidence) -> None:
    assert left.seen["dead"] == 404, left.report()
    (closed,) = left.seen["closed"]
    assert closed.rstrip().endswith("#EXT-X-ENDLIST"), left.report()
    assert _segments(closed), left.report()
    assert _segments(left.seen["second"]), left.report()
    assert not set(_segments(closed)) & set(_segments(left.seen["second"])), left.report()


EDGE_STREAMS = [
    *("fault-after", "fault-bframes", "fault-burst", "fault-collision", "fault-cut", "fault-empty", "fault-frozen"),
    *("fault-killed", "fault-mute", "fault-rate"),
]


def returns_around_the_end(stage: Stage) -> Evidence:
    """Publishers who return a little later each: the first well within the grace, the last after it was closed."""
    with stage.variants.start("edge") as server:
        first = {stream: stage.camera(stream, server, frames=75) for stream in EDGE_STREAMS}
        sent = {stream: camera.wait() for stream, camera in first.items()}
        second = {}
        for stream, seconds in zip(EDGE_STREAMS, [10.0, *(14.4 + 0.3 * number for number in range(9))], strict=True):
            time.sleep(max(0.0, sent[stream][0].ended + seconds - time.time()))
            if stream == EDGE_STREAMS[-1]:
                wait_state(server, stream, ["processing", "replay"])
            second[stream] = stage.camera(stream, server, start=600, frames=105)
        for camera in second.values():
            camera.wait_sent(75)
        shown = {stream: server.alice.get(f"/hls/{stream}.m3u8").text for stream in EDGE_STREAMS}
        sent = {stream: sent[stream] + camera.wait() for stream, camera in second.items()}
        closed = {
            stream: [server.alice.get(f"/hls/{name}").text for name in server.run(_closed_names(stream)).stdout.split()]
            for stream in EDGE_STREAMS
        }
        lefts = {stream: gather(server, stream, sent[stream], timeout=180) for stream in EDGE_STREAMS}
        return Evidence("all", [], seen={"lefts": lefts, "closed": closed, "shown": shown})


@after(returns_around_the_end)
def test_publishers_who_return_around_the_closing_lose_nothing(left: Evidence) -> None:
    replays = []
    for one in left.seen["lefts"].values():
        replays.append(len(one.replays))
        one.assert_kept(replays=min(2, max(1, len(one.replays))))
    assert set(replays) == {1, 2}, f"not both before and after the closing: {replays}"


@after(returns_around_the_end)
def test_playlists_around_the_closing_belong_to_one_session_each(left: Evidence) -> None:
    for stream, one in left.seen["lefts"].items():
        segments = _segments(left.seen["shown"][stream])
        if len(one.replays) == 1:
            assert left.seen["shown"][stream].count("#EXT-X-DISCONTINUITY") == 2, one.report()
            assert left.seen["closed"][stream] == [], one.report()
        else:
            (closed,) = left.seen["closed"][stream]
            assert segments, one.report()
            assert not set(segments) & set(_segments(closed)), one.report()
            assert left.seen["shown"][stream].count("#EXT-X-DISCONTINUITY") == 1, one.report()


def _changes(stage: Stage, stream: str, **options: object) -> Evidence:
    """Two pushes of one session with different settings; groups of pictures are sent whole."""
    connections = stage.camera(stream, frames=150).wait()
    time.sleep(3)
    other = stage.pattern(**options)
    connections = connections + stage.camera(stream, path=other, first=OTHER, frames=150).wait()
    return gather(stage.common, stream, connections)


def changes_rate(stage: Stage) -> Evidence:
    return _changes(stage, "fault-rate", rate=44100)


def changes_size(stage: Stage) -> Evidence:
    return _changes(stage, "fault-size", scale=12)


def changes_b_frames(stage: Stage) -> Evidence:
    stream = "fault-bframes"
    other = stage.pattern(b_frames=2)
    connections = stage.camera(stream, path=other, first=OTHER, frames=150).wait()
    time.sleep(3)
    connections = connections + stage.camera(stream, frames=150).wait()
    return gather(stage.common, stream, connections)


def assert_apart(left: Evidence) -> None:
    """Both parts are kept whole as replays of their own, in the order of sending."""
    left.assert_kept(replays=2)
    starts = [replay.starts[0] for replay in left.replays]
    assert starts == pytest.approx([connection.began for connection in left.connections], abs=0.3), left.report()
    for replay in left.replays:
        assert len(replay.offsets) >= 3, left.report()
        assert max(abs(offset) for _, offset in replay.offsets) < 0.04, f"{replay.offsets}\n{left.report()}"


@after(changes_rate)
def test_a_part_with_another_sample_rate_is_a_replay_of_its_own(left: Evidence) -> None:
    assert_apart(left)


@after(changes_size)
def test_a_part_with_another_picture_size_is_a_replay_of_its_own(left: Evidence) -> None:
    assert_apart(left)


@after(changes_b_frames)
def test_a_part_without_b_frames_after_one_with_them_is_a_replay_of_its_own(left: Evidence) -> None:
    assert_apart(left)


def rival(stage: Stage) -> Evidence:
    server, stream = stage.common, "fault-rival"
    first = stage.camera(stream)
    first.wait_sent(90)
    second = stage.camera(stream, start=600, frames=60).wait()
    files = server.check(f"ls /srv/recordings/incoming | grep -c '^{stream}-.*flv$'")
    first.wait_sent(240)
    left = gather(server, stream, first.stop())
    left.seen |= {"second": second, "files": files}
    return left


@after(rival)
def test_a_second_publisher_with_the_right_key_is_refused_and_the_first_untouched(left: Evidence) -> None:
    (second,) = left.seen["second"]
    assert not second.accepted, left.report()
    assert second.codes == ["NetStream.Publish.BadName"], left.report()
    assert left.seen["files"] == "1", left.report()
    left.assert_kept()


def collision(stage: Stage) -> Evidence:
    """Short connections until two fell into one second of the clock that names recordings, and a longer one."""
    stream = "fault-collision"
    connections: list[Connection] = []
    time.sleep(1.02 - time.time() % 1)
    for number in range(20):
        over = number == 19 or len({int(connection.began) for connection in connections}) < len(connections)
        camera = Camera(
            stage.common.inner_rtmp_address,
            stage.common.publish_name(stream),
            stage.pattern(),
            start=60 * number,
            frames=90 if over else 6,
        )
        connections += camera.wait()
        if over:
            break
    return gather(stage.common, stream, connections)


@after(collision)
def test_connections_within_one_second_do_not_overwrite_one_another(left: Evidence) -> None:
    seconds = {int(connection.began) for connection in left.connections}
    assert len(seconds) < len(left.connections), "no two of twenty connections fell into one second"
    left.assert_kept()


def mute(stage: Stage) -> Evidence:
    connections = stage.camera("fault-mute", kinds=(VIDEO,), frames=HALF).wait()
    return gather(stage.common, "fault-mute", connections)


@after(mute)
def test_a_stream_without_sound_keeps_every_picture(left: Evidence) -> None:
    left.assert_kept()
    assert [stream["codec_type"] for stream in media.ffprobe(left.replays[0].mp4, "-show_streams")["streams"]] == [
        "video"
    ]


def sound(stage: Stage) -> Evidence:
    connections = stage.camera("fault-sound", kinds=(AUDIO,), frames=HALF).wait()
    return gather(stage.common, "fault-sound", connections)


@after(sound)
def test_a_stream_without_pictures_keeps_all_its_sound(left: Evidence) -> None:
    (replay,) = left.replays
    (connection,) = left.connections
    assert connection.audio > 200
    assert replay.audio_packets == connection.audio, f"{replay.audio_packets} of {connection.audio}"
    assert len(media.beeps(replay.mp4)) == 6
    assert left.aside == []


def _segments(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def _closed_names(stream: str) -> str:
    return f"cd /srv/hls && ls {stream}.*.m3u8"


def _closed(stage: Stage, stream: str) -> list[str]:
    names = stage.common.check(_closed_names(stream)).split()
    return [stage.common.alice.get(f"/hls/{name}").text for name in names]
