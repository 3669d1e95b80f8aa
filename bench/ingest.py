"""What a publisher costs.

Publishers of 6 Mbit/s (30 pictures a second, a key frame every second) push to the server, one more after another up to
ten. With each number, four times two and a half seconds: the processor time and the memory of ingest, of the auth
service and of the recorder, which follows every recording and writes the state documents. The publishers' own processor
time is not counted. Beside it stands the bare module: the same binary with `live on; hls on; record all;`, which asks
nobody for a key and has no recorder.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench import bare, leave, processes
from bench.figures import Curves, Figure, Result, at_most
from tests import media
from tests.conftest import BUILD
from tests.variants import Variant

LIMITS = """\
Ingest costs what the bare module costs: it reads, writes recording and segment, and does nothing else with a frame. The
recorder is added: its passes, whose cost one publisher bears alone and ten share, and 3 µs for each tag of the
recordings that it follows. That is why ten cost less than ten times one. Auth is asked once at the beginning of a push.
Python takes most of the memory that the bare module does not."""
STEPS = (1, 2, 4, 7, 10)
"""Numbers of publishers."""
STREAMS = (
    *("fault-after", "fault-bframes", "fault-burst", "fault-collision", "fault-cut"),
    *("fault-empty", "fault-frozen", "fault-killed", "fault-mute", "fault-rate"),
)
UNITS = ("ingest", "auth", "recorder")
KBITS = 6000
SETTLING_S, WINDOW_S, WINDOWS = 2.0, 2.5, 4
BARE_WINDOWS = 2
PATTERN_S = 90
BARE_PORT = 1999
BARE = f"""worker_processes 1;
events {{ worker_connections 2048; }}
rtmp {{
    server {{
        listen {BARE_PORT};
        application live {{
            live on;
            hls on;
            hls_path {bare.STATE}/hls;
            hls_fragment 900ms;
            hls_playlist_length 4h;
            hls_cleanup off;
            record all;
            record_path {bare.STATE};
        }}
    }}
}}
"""
"""Where Scrimbox departs from the module's defaults for its viewers' sake, segments and playlists are the same here."""

Windows = dict[int, list[float]]
"""What each window gave, by the number of publishers."""


@dataclass
class Used:
    """What the processes of a group used: processor in % of a core, memory in MB."""

    processor: Windows = field(default_factory=dict)
    memory: Windows = field(default_factory=dict)

    def medians(self) -> list[tuple[float, float]]:
        """Points of the processor's curve."""
        return [(number, statistics.median(runs)) for number, runs in self.processor.items()]


def watch(groups: Mapping[str, Sequence[int]], windows: int) -> dict[str, tuple[list[float], list[float]]]:
    """The processor (% of a core) and memory (MB) of groups of processes, window by window."""
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in groups}
    before, began = {name: processes.seconds(ids) for name, ids in groups.items()}, time.monotonic()
    for _ in range(windows):
        time.sleep(WINDOW_S)
        after, now = {name: processes.seconds(ids) for name, ids in groups.items()}, time.monotonic()
        for name, (processor, memory) in found.items():
            processor.append((after[name] - before[name]) / (now - began) * 100)
            memory.append(processes.megabytes(groups[name]))
        before, began = after, now
    return found


@contextlib.contextmanager
def publishers(url: Callable[[str], str]) -> Iterator[list[media.Publisher]]:
    """A list to which publishers are added; all have gone in the end."""
    running: list[media.Publisher] = []
    try:
        yield running
    finally:
        for publisher in running:
            publisher.stop()


def climb(url: Callable[[str], str], groups: Mapping[str, Sequence[int]], windows: int) -> dict[str, Used]:
    """Let one publisher after another come, and watch what they cost.

    Raises:
        RuntimeError: a publisher was cut.
    """
    pattern = media.pattern(BUILD / "media", PATTERN_S, scale=2, kbits=KBITS)
    found = {name: Used() for name in groups}
    with publishers(url) as running:
        for number in STEPS:
            running += [media.Publisher(url(stream), pattern) for stream in STREAMS[len(running) : number]]
            time.sleep(SETTLING_S)
            for name, (processor, memory) in watch(groups, windows).items():
                found[name].processor[number], found[name].memory[number] = processor, memory
        for stream, publisher in zip(STREAMS, running, strict=False):
            if not publisher.running:
                raise RuntimeError(f"{stream}: the push ended: {publisher.wait().stderr}")
    return found


def together(parts: Sequence[Used]) -> Used:
    """The sum of what groups used in the same windows."""
    return Used(
        {n: [sum(runs) for runs in zip(*(one.processor[n] for one in parts), strict=True)] for n in STEPS},
        {n: [sum(runs) for runs in zip(*(one.memory[n] for one in parts), strict=True)] for n in STEPS},
    )


def straightness(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """How straight growth is.

    Returns:
        the value at the last point over what the first makes of it in proportion, and how far the worst point is from
        the straight line through all, in % of the last.

    >>> straightness([(1, 2.0), (2, 4.0), (10, 20.0)])
    (1.0, 0.0)
    """
    (first, least), (last, most) = points[0], points[-1]
    line = statistics.linear_regression(*zip(*points, strict=True))
    worst = max(abs(y - line.intercept - line.slope * x) for x, y in points)
    return most / (least * last / first), worst / most * 100


def slope(windows: Windows) -> float:
    """What one more publisher adds."""
    return statistics.linear_regression(list(windows), [statistics.median(runs) for runs in windows.values()]).slope


def result(parts: Mapping[str, Used], other: Used) -> Result:
    """The figures."""
    ours = together(list(parts.values()))
    most, name = STEPS[-1], "bare nginx-rtmp"
    ratio, residual = straightness(ours.medians())
    figures = [
        Figure(
            f"processor, {number} publisher" + ("s" if number > 1 else ""),
            "% of a core",
            ours.processor[number],
            beside=(name, other.processor[number]),
            goals=[at_most(100)] if number == most else (),
        )
        for number in (STEPS[0], most)
    ]
    figures += [
        Figure(f"processor, {most} publishers: {unit} alone", "% of a core", used.processor[most])
        for unit, used in parts.items()
        if unit != "auth"
    ]
    figures += [
        Figure(f"processor with {most} over {most} times that with one", "", [ratio], goals=[at_most(1.1)]),
        Figure("farthest from a straight line, of the most", "%", [residual]),
        Figure("memory, one more publisher", "MB", [slope(ours.memory)], beside=(name, [slope(other.memory)])),
        Figure(f"memory, {most} publishers", "MB", ours.memory[most], beside=(name, other.memory[most])),
    ]
    lines = {"together": ours.medians(), **{unit: used.medians() for unit, used in parts.items()}}
    lines[name] = other.medians()
    curve = Curves("ingest-processor", "Processor by publishers", "publishers of 6 Mbit/s", "% of a core", lines)
    return Result(figures, [curve])


def measure(server: Variant) -> Result:
    """The bare module first, then the server."""
    host, port = server.inner_rtmp_address
    with bare.nginx(server, "scrimbox-ingest", BARE) as ids:
        other = climb(lambda stream: f"rtmp://{host}:{BARE_PORT}/live/{stream}", {"": ids}, BARE_WINDOWS)[""]
    units = {unit: processes.of_unit(server, f"scrimbox-{unit}") for unit in UNITS}
    with leave.as_found(server, *STREAMS):
        parts = climb(lambda stream: f"rtmp://{host}:{port}/live/{server.publish_name(stream)}", units, WINDOWS)
    return result(parts, other)
