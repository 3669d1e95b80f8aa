"""Services that are killed, stopped, restarted, or lose their power, while publishers are live."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest

from tests import media
from tests.faults.big import looped, numbers_of, put_big
from tests.faults.conftest import Stage, after
from tests.faults.evidence import Evidence, document, gather, runs, wait_finalised
from tests.variants import File, Variant

IN_FLIGHT = 15
"""Pictures that a dying server may cut off: half a second that the publisher's socket took and nobody read any more."""
WORKER = 'grep -l "^PPid:.$(systemctl show scrimbox-ingest -P MainPID)$" /proc/[0-9]*/status | cut -d/ -f3'


def interrupted(stage: Stage, stream: str, break_it: Callable[[Variant], None], *, seconds: float = 4) -> Evidence:
    """A publisher who comes back as OBS does; its server breaks in the middle of a group of pictures."""
    with stage.variants.start(stream, settings={"grace_seconds": 25}) as server:
        camera = stage.camera(stream, server, follow=True)
        camera.wait_sent(int(seconds * 30) + 17)
        break_it(server)
        while len(camera.connections) < 2 or camera.connections[-1].sent < 120:
            time.sleep(0.05)
        connections = camera.stop()
        left = gather(server, stream, connections)
        left.seen["units"] = server.check("systemctl show -p Id,NRestarts,Result scrimbox-*.service")
        return left


def worker_killed(stage: Stage) -> Evidence:
    return interrupted(stage, "fault-worker", lambda server: _run(server, f"kill -9 $({WORKER})"))


def segments_swept(stage: Stage) -> Evidence:
    """A segment that was being written when the worker died is listed by no playlist."""
    with stage.variants.start("swept", settings={"dvr_keep_seconds": 5}) as server:
        camera = stage.camera("fault-worker", server)
        camera.wait_sent(167)
        server.check(f"kill -9 $({WORKER})")
        listed = server.alice.get("/hls/fault-worker.m3u8").text
        there = server.check("ls /srv/hls").split()
        left = gather(server, "fault-worker", camera.stop())
        deadline = time.monotonic() + 150
        while (remains := server.check("ls /srv/hls").split()) and time.monotonic() < deadline:
            time.sleep(1)
        left.seen |= {"unlisted": [name for name in there if name.endswith(".ts") and name not in listed]}
        left.seen |= {"remains": remains}
        return left


def ingest_stopped(stage: Stage) -> Evidence:
    return interrupted(
        stage, "fault-term", lambda server: _run(server, "kill -TERM $(systemctl show scrimbox-ingest -P MainPID)")
    )


def ingest_restarted(stage: Stage) -> Evidence:
    return interrupted(stage, "fault-restart", lambda server: _run(server, "systemctl restart scrimbox-ingest"))


def _run(server: Variant, command: str) -> None:
    server.check(command)


@after(worker_killed)
def test_a_worker_that_is_killed_cuts_off_only_what_was_on_its_way(left: Evidence) -> None:
    left.assert_kept(cut=IN_FLIGHT)
    left.assert_one_timeline()


@pytest.mark.slow
@after(segments_swept)
def test_every_segment_goes_after_a_session_also_the_one_that_no_playlist_lists(left: Evidence) -> None:
    left.assert_kept(cut=IN_FLIGHT)
    assert len(left.seen["unlisted"]) == 1, left.report()
    assert left.seen["remains"] == [], left.report()


@after(ingest_stopped)
def test_an_ingest_that_is_terminated_comes_back_and_the_session_goes_on(left: Evidence) -> None:
    left.assert_kept(cut=IN_FLIGHT)
    left.assert_one_timeline()


@after(ingest_restarted)
def test_a_forced_restart_of_ingest_costs_one_interruption(left: Evidence) -> None:
    left.assert_kept(cut=IN_FLIGHT)
    left.assert_one_timeline()


def power_cut(stage: Stage) -> Evidence:
    """A live stream, an ended session whose finalisation is under way, and one that waits behind it."""
    big = "fault-spare"
    # A machine with much to do may take half a minute to boot.
    with stage.variants.start("power", settings={"grace_seconds": 40}) as server:
        times = put_big(stage, server, big, 400 * 10**6)
        ended = stage.camera("fault-killed", server, frames=150).wait()
        camera = stage.camera("fault-restart", server, follow=True)
        deadline = time.monotonic() + 120
        while not server.run(f"ls /srv/recordings/finalizing/{big}-*/*.flv").stdout:
            assert time.monotonic() < deadline, server.run("ls -lR /srv/recordings").stdout
        time.sleep(0.5)
        under_way = server.check("find /srv/recordings/finalizing -type f -printf '%P %s\n'")
        server.kill()
        server.boot()
        while len(camera.connections) < 2 or camera.connections[-1].sent < 120:
            time.sleep(0.05)
        live = gather(server, "fault-restart", camera.stop())
        live.seen["ended"] = gather(server, "fault-killed", ended)
        wait_finalised(server, big)
        live.seen |= {"big": numbers_of(server, big), "times": times, "under way": under_way}
        return live


@after(power_cut)
def test_a_power_cut_costs_a_live_stream_only_what_was_on_its_way(left: Evidence) -> None:
    left.assert_kept(cut=IN_FLIGHT)
    left.assert_one_timeline()


@after(power_cut)
def test_a_power_cut_costs_a_finalisation_nothing(left: Evidence) -> None:
    assert ".flv" in left.seen["under way"], "it was finished before the power was cut"
    left.seen["ended"].assert_kept()
    assert left.seen["big"] == looped(left.seen["times"]), runs(left.seen["big"])


FAST_RESTART = File("[Service]\nRestartSec=50ms\n")


def recorder_killed_again_and_again(stage: Stage) -> Evidence:
    """Recorder and finalizer die every 0.3 to 1 s, from before the end of three sessions until after it."""
    files = {
        f"/etc/systemd/system/scrimbox-{service}.service.d/fast.conf": FAST_RESTART
        for service in ("recorder", "finalizer")
    }
    streams = ("fault-killed", "fault-returns", "fault-mute")
    with stage.variants.start("deaths", files=files, settings={"dvr_keep_seconds": 600}) as server:
        kills = [0]
        stop = threading.Event()
        killer = threading.Thread(target=_kill, args=(server, stop, kills), daemon=True)
        killer.start()
        pushed = {}
        for stream in streams:
            pushed[stream] = [stage.camera(stream, server, frames=135)]
        for stream in streams:
            pushed[stream][0].wait()
        time.sleep(3)
        for stream in streams:
            pushed[stream].append(stage.camera(stream, server, start=600, frames=135))
        connections = {stream: [c for camera in cameras for c in camera.wait()] for stream, cameras in pushed.items()}
        playable = []
        until = time.monotonic() + 40
        while time.monotonic() < until:
            playable += [found for stream in streams if (found := _unplayable(server, stream))]
            time.sleep(0.5)
        stop.set()
        killer.join()
        lefts = [gather(server, stream, connections[stream]) for stream in streams]
        lefts[0].seen |= {"kills": kills[0], "others": lefts[1:], "unplayable": playable}
        return lefts[0]


def _kill(server: Variant, stop: threading.Event, kills: list[int]) -> None:
    chance = random.Random(3)
    while not stop.wait(chance.uniform(0.3, 1.0)):
        server.run("systemctl kill -s KILL scrimbox-recorder scrimbox-finalizer")
        kills[0] += 1


def _unplayable(server: Variant, stream: str) -> str:
    """What the state document offers although it cannot be had; empty if all is well."""
    found = document(server, stream)
    wanted = found["live"]["playlist"] if found["live"] else found["replays"][0]["url"] if found["replays"] else ""
    if wanted and server.alice.get(wanted, method="HEAD").status != 200:
        again = document(server, stream)
        if again["live"] == found["live"] and again["replays"] == found["replays"]:
            return f"{stream}: {wanted}: {found}"
    return ""


@after(recorder_killed_again_and_again)
def test_a_recorder_and_a_finalizer_that_die_again_and_again_lose_nothing(left: Evidence) -> None:
    assert left.seen["kills"] > 10, left.report()
    assert left.seen["unplayable"] == []
    for one in (left, *left.seen["others"]):
        one.assert_kept()
        one.assert_one_timeline()


def clockless(stage: Stage) -> Evidence:
    """The recorder is down during a push, and the segments are gone: only the recording itself tells the time."""
    with stage.variants.start("clockless") as server:
        server.check("systemctl stop scrimbox-recorder")
        connections = stage.camera("fault-term", server, frames=165).wait()
        server.check("rm /srv/hls/*")
        server.kill()
        server.boot()
        return gather(server, "fault-term", connections)


@after(clockless)
def test_after_a_power_cut_the_recording_alone_tells_when_it_began(left: Evidence) -> None:
    left.assert_kept()
    (started,) = left.replays[0].starts
    (connection,) = left.connections
    # From its end, as the recorder tells it: a busy machine may have sent the last pictures late.
    off = started - (connection.last - (connection.sent - 1) / media.FPS)
    assert abs(off) < 0.1, f"{off:.3f} s off\n{left.report()}"
