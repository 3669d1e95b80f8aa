"""How long it takes from the publisher's camera to the viewer's screen.

Four publishers send at the same time, each to a stream of its own: key frames every second or every two, over a
steady line and over a jittered one. Every picture carries its number, and the publisher keeps to its own clock, so
that it is known when each picture was taken. Chromium shows each stream in the deployed player, opened as any viewer
opens it. Twice a second, for five minutes, the number is read off the picture on screen, and the time since that
picture was taken is noted. The jittered line holds back what is sent for up to six tenths of a key frame interval,
every four seconds on average, and there the key frames come irregularly, too. Publisher, server and browsers share
one clock. A picture is on screen for a thirtieth of a second, so a sample may be that much too old.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench import leave, raw
from bench.figures import Curves, Figure, Goal, Result, at_most
from tests import media
from tests.conftest import BUILD
from tests.e2e import browsers
from tests.e2e.uplink import Uplink
from tests.faults.camera import Camera
from tests.variants import Variant

LIMITS = ""

SECONDS = int(os.environ.get("SCRIMBOX_BENCH_SECONDS", "300"))
SETTLING_S = 10
"""Seconds after opening that are told apart: who joins begins up to a segment further behind, and catches up."""
SCALE = 10
"""640x360: four browsers draw them on two cores."""
WANDER = 0.04
HELD_PART, HELD_EVERY_S = 0.6, 4.0


@dataclass(frozen=True)
class Line:
    """One publisher and its viewer."""

    stream: str
    gop: float
    jittered: bool
    goals: tuple[Goal, ...] = ()

    @property
    def name(self) -> str:
        """As figures and plots call it."""
        return f"key frames every {self.gop:g} s, {'jittered' if self.jittered else 'steady'} line"


LINES = (
    Line("bravo", 1, jittered=False, goals=(at_most(2.2), at_most(2.8, "p95"))),
    Line("charlie", 1, jittered=True),
    Line("delta", 2, jittered=False, goals=(at_most(4.5),)),
    Line("match123-1", 2, jittered=True),
)


@dataclass
class Seen:
    """What a viewer saw: seconds since opening and seconds behind the publisher of each sample, and the stalls."""

    behind: list[tuple[float, float]]
    to_end: list[tuple[float, float]]
    stalls: list[tuple[float, float]] = field(default_factory=list)

    def settled(self) -> list[float]:
        """Seconds behind, from where the viewer has caught up."""
        return [behind for passed, behind in self.behind if passed >= SETTLING_S]

    def first(self) -> list[float]:
        """Seconds behind, before that."""
        return [behind for passed, behind in self.behind if passed < SETTLING_S]


@contextlib.contextmanager
def publishing(server: Variant, line: Line) -> Iterator[Camera]:
    """A publisher sends over the line, as long as this lasts."""
    pattern = media.pattern(
        BUILD / "media", raw.LOOP_S, scale=SCALE, gop=line.gop, wander=WANDER if line.jittered else 0.0
    )
    with contextlib.ExitStack() as closing:
        address = server.rtmp_address
        if line.jittered:
            uplink = Uplink(address, every=HELD_EVERY_S, longest=HELD_PART * line.gop)
            closing.callback(uplink.close)
            address = ("127.0.0.1", uplink.port)
        camera = Camera(address, server.publish_name(line.stream), pattern, loop=True)
        closing.callback(camera.stop)
        camera.wait_sent(1)
        yield camera


def seen(visit: browsers.Visit, camera: Camera, seconds: float) -> Seen:
    """Wait for what the viewer saw."""
    done = visit.wait_for("done", seconds + 120)
    opened = visit.wait_for("opening", 1)["at"]
    began = camera.connections[0].began

    def passed(sample: dict[str, Any]) -> float:
        moment: float = sample["now"] - opened
        return moment

    samples = [sample for sample in visit.all_of("sample") if sample["number"] is not None]
    return Seen(
        [(passed(one), (one["now"] - began - one["number"] / media.FPS) % raw.LOOP_S) for one in samples],
        [(passed(one), one["toEnd"]) for one in samples],
        [(stall["at"] - opened, stall["seconds"] or 0.0) for stall in done["stalls"]],
    )


def watch(server: Variant, lines: tuple[Line, ...] = LINES, seconds: float = SECONDS) -> dict[Line, Seen]:
    """Let every line be sent and watched at the same time."""
    browsers.install()
    login = ("alice", server.credentials.viewer_passwords["alice"])
    with contextlib.ExitStack() as closing:
        closing.enter_context(leave.as_found(server, *(line.stream for line in lines)))
        cameras = [closing.enter_context(publishing(server, line)) for line in lines]
        for camera in cameras:
            # Somebody who comes while a stream is live.
            camera.wait_sent(8 * media.FPS)
        visits = []
        for line in lines:
            url = f"{server.alice.url}/player?id={line.stream}"
            name, script = f"latency-{line.stream}", "../../../bench/latency.mjs"
            visit = browsers.Visit(name, script, url=url, login=login, seconds=seconds)
            visits.append(closing.enter_context(contextlib.closing(visit)))
        return {line: seen(visit, camera, seconds) for line, visit, camera in zip(lines, visits, cameras, strict=True)}


def figures(found: dict[Line, Seen]) -> list[Figure]:
    """What came of it."""
    out = [
        Figure(f"behind the publisher, {line.name}", "s", one.settled(), goals=line.goals)
        for line, one in found.items()
    ]
    for line, one in found.items():
        goals = [at_most(0, "most")] if line == LINES[0] else []
        out.append(Figure(f"times that the picture stood still, {line.name}", "", [len(one.stalls)], goals=goals))
    out += [
        Figure(f"in the first {SETTLING_S} s after opening, {line.name}", "s", one.first())
        for line, one in found.items()
        if not line.jittered
    ]
    return out


def measure(server: Variant) -> Result:
    """Measure all lines at once."""
    found = watch(server)
    curves = Curves(
        "latency-behind",
        "Samples by seconds behind the publisher",
        "seconds behind",
        "share of samples",
        {line.name: one.behind for line, one in found.items()},
        shares=True,
    )
    return Result(figures(found), [curves])
