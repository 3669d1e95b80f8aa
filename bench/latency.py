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
import math
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench import leave, raw
from bench.figures import Curves, Figure, Goal, Result, at_least, at_most
from tests import media
from tests.conftest import BUILD
from tests.e2e import browsers
from tests.e2e.uplink import Uplink
from tests.faults.camera import Camera
from tests.variants import Variant

LIMITS = """\
A picture can be loaded when its segment is complete, and the next one is complete a segment later: so a segment
in hand is the least that HLS by whole segments allows, 1 s or 2 s here. The player keeps half a segment more
for what comes late, and a tenth of a segment goes by until it has seen that the playlist has grown. Before it
asked at the right moment, what a viewer got was one or two segments and up to a whole one besides, by the
moment of coming: 1.9 s and 5.4 s on this machine. After a stall the player keeps two segments for five minutes."""

SECONDS = int(os.environ.get("SCRIMBOX_BENCH_SECONDS", "300"))
SETTLING_S = 10
"""Seconds after opening that are told apart: who joins begins up to a segment further behind, and catches up."""
RECOVERY_S = 20
"""Seconds after a stall, or after opening, from which on the distance that is kept should be there."""
WINDOW_S = 10
NEARLY_TWO = 1.75
"""Segments: nearer to two than to one and a half. A look twice a second misses the moment with the most of them."""
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
    """What a viewer saw, each with the seconds since opening.

    Args:
        behind: seconds behind the publisher.
        to_end: seconds from the picture to the end of the playlist.
        stalls: for how many seconds the picture stood still.
    """

    behind: list[tuple[float, float]]
    to_end: list[tuple[float, float]]
    stalls: list[tuple[float, float]]

    def settled(self) -> list[float]:
        """Seconds behind, from where the viewer has caught up."""
        return [behind for passed, behind in self.behind if passed >= SETTLING_S]

    def kept(self, since: float, until: float) -> list[float]:
        """Seconds from the picture to the end of the playlist, the most in each window between two moments."""
        windows: dict[int, list[float]] = defaultdict(list)
        for passed, seconds in self.to_end:
            if since <= passed < until:
                windows[int(passed - since) // WINDOW_S].append(seconds)
        return [max(found) for found in windows.values() if len(found) >= WINDOW_S]

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


def recovery(line: Line, one: Seen) -> list[Figure]:
    """How many segments the viewer keeps after the picture has stood still for the first time, and before."""
    settled = [at for at, _ in one.stalls if at >= SETTLING_S]
    if not settled:
        return []
    before = [seconds / line.gop for seconds in one.kept(RECOVERY_S, settled[0])]
    after = [seconds / line.gop for seconds in one.kept(settled[0] + RECOVERY_S, math.inf)]
    goals = [at_least(NEARLY_TWO)] if line.gop == 1 else []
    what = f"segments kept after the picture has stood still, {line.name}"
    return [Figure(what, "", after, beside=("before that", before) if before else None, goals=goals)] if after else []


def figures(found: dict[Line, Seen]) -> list[Figure]:
    """What came of it."""
    out = [
        Figure(f"behind the publisher, {line.name}", "s", one.settled(), goals=line.goals)
        for line, one in found.items()
    ]
    for line, one in found.items():
        goals = [at_most(0, "most")] if line == LINES[0] else []
        out.append(Figure(f"times that the picture stood still, {line.name}", "", [len(one.stalls)], goals=goals))
        out += recovery(line, one) if line.jittered else []
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
