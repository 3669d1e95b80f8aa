"""An ffmpeg that is missing, fails or hangs: the session stays playable and nothing is lost."""

from __future__ import annotations

import time

import pytest

from tests import media
from tests.faults.conftest import Stage, after
from tests.faults.evidence import Evidence, document, gather, wait_state
from tests.variants import File, Variant

FRAMES = 165
REAL = "/usr/bin/ffmpeg.real"
FAILS = File("#!/bin/sh\necho 'a fault of the test' >&2\nexit 1\n", 0o755)
HANGS = File("#!/bin/sh\nexec sleep 100000\n", 0o755)


def broken(stage: Stage, name: str, stand_in: File | None, *, patience: float) -> Evidence:
    """A session that ends while ffmpeg is broken; it is mended after the first complaint, at most `patience` later."""
    stream = "fault-spare"
    with stage.variants.start(name) as server:
        server.check(f"mv /usr/bin/ffmpeg {REAL}")
        if stand_in:
            server.write("/usr/bin/ffmpeg", stand_in)
        connections = stage.camera(stream, server, frames=FRAMES).wait()
        wait_state(server, stream, ["processing"])
        complaint = _complaint(server, stream, patience)
        shown = document(server, stream)
        closed = server.alice.get(shown["live"]["playlist"]) if shown["live"] else None
        other = stage.camera("fault-mute", server, frames=60)
        wait_state(server, "fault-mute", ["live"], timeout=5)
        other.wait()
        server.check(f"mv {REAL} /usr/bin/ffmpeg")
        left = gather(server, stream, connections, timeout=120)
        left.seen |= {"complaint": complaint, "state": shown["state"], "closed": closed and closed.text}
        return left


def _complaint(server: Variant, stream: str, patience: float) -> str:
    """Wait for a warning about a stream."""
    deadline = time.monotonic() + patience
    while not (lines := [line for line in server.journal("-10min", "-p warning").splitlines() if stream in line]):
        assert time.monotonic() < deadline, server.journal("-10min")[-3000:]
        time.sleep(0.5)
    return lines[0]


def assert_mended(left: Evidence) -> None:
    """All is there, and meanwhile the closed playlist could be played."""
    left.assert_kept()
    left.assert_one_timeline()
    assert left.seen["state"] == "processing", left.report()
    assert (left.seen["closed"] or "").rstrip().endswith("#EXT-X-ENDLIST"), left.report()


def missing(stage: Stage) -> Evidence:
    return broken(stage, "no-ffmpeg", None, patience=30)


def failing(stage: Stage) -> Evidence:
    return broken(stage, "failing-ffmpeg", FAILS, patience=30)


def hanging(stage: Stage) -> Evidence:
    return broken(stage, "hanging-ffmpeg", HANGS, patience=300)


@after(missing)
def test_without_ffmpeg_a_session_waits_and_is_finalised_later(left: Evidence) -> None:
    assert_mended(left)
    assert "ffmpeg" in left.seen["complaint"], left.report()


@after(failing)
def test_a_failing_ffmpeg_is_tried_again(left: Evidence) -> None:
    assert_mended(left)
    assert "a fault of the test" in left.seen["complaint"], left.report()


@pytest.mark.slow
@after(hanging)
def test_a_hanging_ffmpeg_is_stopped_and_tried_again(left: Evidence) -> None:
    assert_mended(left)


def failing_for_good(stage: Stage) -> Evidence:
    stream = "fault-spare"
    with stage.variants.start("broken-ffmpeg") as server:
        server.write("/usr/bin/ffmpeg", FAILS)
        connections = stage.camera(stream, server, frames=FRAMES).wait()
        left = gather(server, stream, connections, timeout=150)
        (flv,) = [name for name in left.aside if name.endswith(".flv")]
        local = stage.scratch / "set-aside.flv"
        local.write_bytes(server.read(f"/srv/recordings/set-aside/{flv}"))
        left.seen |= {"kept": [frame.number for frame in media.frames(local)], "status": server.status()}
        return left


@after(failing_for_good)
def test_what_ffmpeg_cannot_convert_is_set_aside_whole_and_said(left: Evidence) -> None:
    assert left.seen["kept"] == list(range(FRAMES)), left.report()
    assert left.seen["state"] == "offline", left.report()
    assert "set aside" in left.journal, left.report()
    assert "fault-spare" in left.seen["status"], left.report()
