"""What the recorder's pass over the folders costs, which it makes every 1.5 seconds for as long as the server runs.

The recorder itself, in this process, on a folder of finished replays of three hours: their descriptions with clock
points, as the finalizer leaves them, and MP4s that are empty, which it never opens. Processor time is measured: of the
first pass after a start, of passes in which nothing has changed, and of passes that find a replay more. A last figure
is a pass while a stream is live that has four hours of one-second segments in its playlist, and a new one each time.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.figures import Curves, Figure, Result, at_most
from tests.variants import Variant
from tools.project import ROOT

sys.path[:0] = [str(ROOT / "roles/recorder/files"), str(ROOT / "tests/unit/recorder")]

from recorder_yard import EPOCH, Yard  # noqa: E402
from scrimbox_recorder.names import file_name, iso  # noqa: E402

LIMITS = """A pass in which nothing has changed reads the times of a few folders and no file, so that the number of
replays does not matter. One that finds a replay more asks the disk for the time and size of every description to see
which are new, twice, because a folder's own time is coarser than two changes: that is three fifths of its time; a
fifth is writing the index, which names every replay. The first pass after a start reads every description."""

REPLAYS = (10, 100, 1000)
SEGMENTS = 4 * 3600
LIMIT_MS = 100
STARTS, CHANGES, IDLE, LIVE = 5, 7, 20, 20
"""Runs of each kind of pass; an idle one is a mean of so many passes more."""
HOUR_S, LENGTH_S = 3600, 3 * 3600

Runs = dict[str, list[float]]
"""Milliseconds by kind of pass."""


def processor_ms(work: Callable[[], object], times: int = 1) -> float:
    """Processor time of one call in milliseconds, the mean of several."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1000


def add_replay(yard: Yard, began: int) -> None:
    """A finished replay as the finalizer leaves it, with the clock points of an uneven drift."""
    file = file_name("cup", began)
    clock = [[60.0 * minute, iso(began + 60 * minute)] for minute in range(0, LENGTH_S // 60, 9)]
    part = {"source": f"cup-{began}.flv", "started": iso(began), "offset": 0, "duration": LENGTH_S, "clock": clock}
    names = {"playlist": f"{file}.m3u8", "poster": f"{file}.jpg", "thumbnails": f"{file}.vtt"}
    sidecar = {"id": "cup", "title": "The cup", "file": file, "started": iso(began), "duration": float(LENGTH_S)}
    sidecar |= {"size": 8_000_000_000, "parts": [part], "group": "", "match": "", "video": {}, **names}
    (yard.config.recordings / f"{file}.mp4").touch()
    (yard.config.recordings / f"{file}.json").write_text(json.dumps(sidecar), encoding="utf-8")


def passes(folder: Path, count: int) -> Runs:
    """Passes over so many replays."""
    yard = Yard(folder)
    for number in range(count):
        add_replay(yard, EPOCH - (count - number) * 4 * HOUR_S)
    found: Runs = {"first": [], "idle": [], "changed": []}
    for _ in range(STARTS):
        yard.restart()
        found["first"].append(processor_ms(yard.recorder.run))
    yard.later(6)
    found["idle"] = [processor_ms(yard.recorder.run, IDLE) for _ in range(IDLE)]
    for number in range(CHANGES):
        add_replay(yard, EPOCH + number * 4 * HOUR_S)
        found["changed"].append(processor_ms(yard.recorder.run))
        yard.later(6)
    return found


def live(folder: Path) -> list[float]:
    """Passes while a stream is live that has a full playlist and lists another segment each time."""
    yard = Yard(folder)
    name = yard.publish()
    playlist = yard.config.hls / "cup.m3u8"
    yard.segment()
    lines = [f"#EXTINF:1.000,\ncup-{EPOCH * 1000 + 1000 * number}.ts\n" for number in range(1, SEGMENTS)]
    playlist.write_text(playlist.read_text(encoding="ascii") + "".join(lines), encoding="ascii")
    yard.later(6)
    found = []
    for _ in range(LIVE):
        yard.now += 1.5
        yard.send(name, b"")
        yard.segment()
        found.append(processor_ms(yard.recorder.run))
    return found


def figures(found: dict[int, Runs], going: list[float]) -> list[Figure]:
    """What came of it; there are goals for the most replays."""
    out = []
    words = {"idle": "nothing has changed", "changed": "a replay more", "first": "the first one after a start"}
    for kind, what in words.items():
        for count, runs in found.items():
            goals = [at_most(LIMIT_MS)] if count == max(found) and kind != "first" else []
            out.append(Figure(f"{count:,} replays, {what}", "ms", runs[kind], goals=goals))
    return [*out, Figure(f"live with {SEGMENTS:,} segments, another one", "ms", going)]


def curves(found: dict[int, Runs]) -> Curves:
    """Processor time by the number of replays."""
    kinds = {"first": "first pass", "changed": "a replay more", "idle": "nothing has changed"}
    lines = {
        name: [(float(count), statistics.median(runs[kind])) for count, runs in found.items()]
        for kind, name in kinds.items()
    }
    return Curves("reconcile", "The recorder's pass", "replays", "processor time, ms", lines, logarithmic=True)


def measure(_server: Variant) -> Result:
    """Measure here: what the recorder does does not depend on the server."""
    logging.disable(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory() as made:
            found = {count: passes(Path(made) / f"replays-{count}", count) for count in REPLAYS}
            going = live(Path(made) / "live")
    finally:
        logging.disable(logging.NOTSET)
    return Result(figures(found, going), [curves(found)])
