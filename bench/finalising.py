"""How fast the finalizer makes a replay of an hour with 6 Mbit/s, and what its thumbnails cost.

The raw recording is made as for the replays above and is the end of a session with nobody else live. The finalizer's
own time, which its journal says, is that from the raw recording to the replay that is read back, compared with it
byte for byte, and shown; beside it stands `cp` with `sync` of the same recording on the same file system, both from
the page cache. Processor time is that of the finalizer and of the ffmpeg that it runs: until the replay is there, and
from then on until poster and thumbnails are, of pictures that are plainer, and sooner decoded, than a game's.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path

from bench import leave, processes, staged
from bench.figures import Figure, Result, at_least, at_most
from tests.variants import Variant

LIMITS = """The bytes are gone over three times, one after the other. Profiled with 1.4 GB on two cores: 7.7 s until
ffmpeg has made fragments of what is counted and digested on the way (3.3 s and 2.8 s of processor time, and the disk
is waited for every 32 MB); 5.0 s for the file with two doors, which copies them (3.4 s in the kernel, the rest the
disk); 3.0 s for reading that back, MD5 and SHA-256 after one another. That is 89 MB/s, and no disk makes it more than
about 110: where `cp` reaches more than 220, the goal is out of reach. Not to copy the fragments but to make room in
front of them (`fallocate --insert-range`), to digest side by side and to write to the disk in the background has been
tried: 106 MB/s became 154 to 158 in runs after one another, and 8.3 s of processor time per GB 6.7. While somebody
publishes, each of the three steps keeps to 40 MB/s by choice (`recorder_finalizer_mb_per_second`)."""

STREAM = "fault-rate"
SECONDS = 3600
COPY_SHARE = 0.5
THUMBNAILS_S = 20
PATIENCE_S = 240
EVERY_S = 0.05
LOOK_S = 1.0
_TICKS = 100
"""A second in /proc."""
_READY = r"(?m)^(\S+) .* {} is ready after ([0-9.]+) s$"
_TIME = "%Y-%m-%dT%H:%M:%S.%f%z"

Samples = list[tuple[float, float]]
"""Epoch seconds, and processor seconds until then."""


def processor(process: int) -> float:
    """Processor seconds of a process so far, with those of the programs that it has run."""
    status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    return sum(map(int, status.rpartition(")")[2].split()[11:15])) / _TICKS


def drawn(server: Variant, before: set[str]) -> str:
    """The name of the replay that was not there before, once it has its thumbnails."""
    replays = server.alice.get(f"/streams/{STREAM}.json").json()["replays"]
    return next((one["file"] for one in replays if one["file"] not in before and one["thumbnails"]), "")


def watch(server: Variant, before: set[str]) -> tuple[str, Samples]:
    """Watch the finalizer until there is another replay with thumbnails; its name.

    Raises:
        TimeoutError: there is none after four minutes.
    """
    process = min(processes.of_unit(server, "scrimbox-finalizer"))
    samples: Samples = []
    began = time.monotonic()
    look = began
    while True:
        samples.append((time.time(), processor(process)))
        if time.monotonic() - look >= LOOK_S:
            look = time.monotonic()
            if file := drawn(server, before):
                return file, samples
            if look - began > PATIENCE_S:
                raise TimeoutError(f"{STREAM} has no new replay with thumbnails")
        time.sleep(EVERY_S)


def ready(server: Variant, file: str) -> tuple[float, float]:
    """When a replay was ready, in epoch seconds, and how many seconds the finalizer says that it took for it.

    Raises:
        ValueError: it does not say.
    """
    found = re.search(_READY.format(re.escape(file)), server.journal("-1h"))
    if not found:
        raise ValueError(f"the journal does not say when {file} was ready")
    return datetime.strptime(found[1], _TIME).timestamp(), float(found[2])


def measure(server: Variant) -> Result:
    """Measure one hour."""
    with leave.as_found(server, STREAM), staged.recording(server, STREAM, SECONDS) as recording:
        before = leave.recordings(server, STREAM)
        recording.give()
        file, samples = watch(server, before)
        moment, seconds = ready(server, file)
    start, end = samples[0][1], samples[-1][1]
    made = max(spent for now, spent in samples if now <= moment)
    hours, gigabytes = recording.seconds / 3600, recording.size / 1e9
    beside = ("`cp` and `sync`", [recording.copied / 1e6])
    goals = [at_least(COPY_SHARE, "ratio")]
    return Result(
        [
            Figure("replay of an hour", "MB/s", [recording.size / 1e6 / seconds], beside=beside, goals=goals),
            Figure("processor time per GB", "s", [(made - start) / gigabytes]),
            Figure("thumbnails' processor time per hour", "s", [(end - made) / hours], goals=[at_most(THUMBNAILS_S)]),
        ]
    )
