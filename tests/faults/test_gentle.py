"""A big recording is finalised on a loaded machine: the live streams and everybody's state notice nothing."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from itertools import pairwise

import pytest

from tests import media
from tests.conftest import BUILD
from tests.faults.big import looped, numbers_of, put_big
from tests.faults.camera import Camera
from tests.faults.conftest import SECONDS, Stage, after, alone
from tests.faults.evidence import Evidence, gather, runs
from tests.variants import Variant

BIG, LIVE, SHORT = "fault-spare", "fault-mute", "fault-sound"
GRACE = 15
CADENCE = 1.2
"""Most seconds that a segment of one second may last."""
WRITTEN = 2.0
"""Most seconds between the moments at which two segments are complete."""


def burdened(stage: Stage, name: str, size: int, limit: float) -> Evidence:
    """A live stream while something big is finalised and every core is busy; a short one begins and ends meanwhile."""
    with stage.variants.start(name) as server:
        times = put_big(stage, server, BIG, size)
        for core in range(os.cpu_count() or 1):
            server.check(f"systemd-run --unit=burner-{core} sh -c 'while :; do :; done'")
        live = stage.camera(LIVE, server, loop=True)
        seen, short = watch(stage, server, limit)
        text = server.alice.get(f"/hls/{LIVE}.m3u8").text
        written = server.check(f"stat -c %.3Y /srv/hls/{LIVE}-*.ts").split()
        connections = live.stop()
        big = numbers_of(server, BIG)
        server.check("systemctl stop 'burner-*'")
        left = gather(server, LIVE, connections)
        left.seen |= {
            "looks": seen,
            "written": [float(moment) for moment in written],
            "durations": [float(found) for found in re.findall(r"#EXTINF:([0-9.]+)", text)],
            "big": big,
            "times": times,
            "short": gather(server, SHORT, short.wait(), timeout=limit),
            "journal": server.journal("-30min", "-u scrimbox-finalizer"),
        }
        return left


@dataclass(frozen=True)
class Look:
    """What a viewer saw at a moment (epoch seconds), and whether the big recording was being finalised."""

    time: float
    short: str
    busy: bool


def watch(stage: Stage, server: Variant, limit: float) -> tuple[list[Look], Camera]:
    """Look a few times a second until the big recording is finalised and the short session has ended."""
    looks: list[Look] = []
    short: Camera | None = None
    deadline = time.monotonic() + limit
    quiet = 0
    while quiet < 12:
        assert time.monotonic() < deadline, f"not finished after {limit:.0f} s\n{server.journal()[-3000:]}"
        states = {entry["id"]: entry["state"] for entry in server.alice.get("/streams/index.json").json()["streams"]}
        busy = BIG in server.run("ls /srv/recordings/finalizing").stdout
        looks.append(Look(time.time(), states[SHORT], busy))
        if busy and short is None:
            short = stage.camera(SHORT, server, frames=150)
        over = short is not None and states[SHORT] in {"processing", "replay"}
        quiet = quiet + 1 if over and not busy else 0
        time.sleep(0.25)
    assert short is not None
    return looks, short


@alone
def quick(stage: Stage) -> Evidence:
    return burdened(stage, "burdened", 300 * 10**6, 240)


@alone
def heavy(stage: Stage) -> Evidence:
    free = shutil.disk_usage(BUILD).free
    return burdened(stage, "heavy", min(10 * 10**9, max(2 * 10**9, free // 12)), 1500)


def assert_gentle(left: Evidence) -> None:
    """No picture is lost, the segments keep their cadence, and states are true within 5 s of their rule."""
    (replay,) = left.replays
    (live,) = left.connections
    assert replay.numbers == [number % (SECONDS * media.FPS) for number in range(live.sent)], left.report()
    assert left.aside == []
    assert left.seen["big"] == looped(left.seen["times"]), runs(left.seen["big"])
    assert max(left.seen["durations"][:-1]) < CADENCE, left.seen["durations"]
    looks: list[Look] = left.seen["looks"]
    busy = [look for look in looks if look.busy]
    assert busy[-1].time - busy[0].time > 1, "it was finalised before anybody could notice"
    gaps = [later - earlier for earlier, later in pairwise(sorted(left.seen["written"]))]
    assert max(gaps) < WRITTEN, f"{max(gaps):.2f} s without a new segment"
    (short,) = left.seen["short"].connections
    left.seen["short"].assert_kept()
    began = next(look.time for look in looks if look.short == "live")
    over = next(look.time for look in looks if look.short in {"processing", "replay"})
    assert began - short.began < 5, f"live after {began - short.began:.1f} s"
    assert GRACE - 1 < over - short.ended < GRACE + 5, f"over after {over - short.ended:.1f} s"


@pytest.mark.slow
@after(quick)
def test_a_busy_machine_that_finalises_keeps_every_picture_cadence_and_state(left: Evidence) -> None:
    assert_gentle(left)


@pytest.mark.slow
@after(heavy)
def test_a_very_big_recording_is_finalised_while_live_streams_notice_nothing(left: Evidence) -> None:
    assert_gentle(left)
