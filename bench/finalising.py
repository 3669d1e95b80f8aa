"""How fast the finalizer makes a replay of an hour with 6 Mbit/s, and what its thumbnails cost.

The raw recording is made as for the replays above and is the end of a session with nobody else live. The finalizer's
own time, which its journal says, is that from the raw recording to the replay that is read back, compared with it
byte for byte, and shown; beside it stands `cp` with `sync` of the same recording on the same file system, both from
the page cache. Processor time is that of the finalizer and of the ffmpeg that it runs: until the replay is there, and
from then on until poster and thumbnails are.
"""

from __future__ import annotations

import re
import time

from bench import leave, raw, staged
from bench.figures import Figure, Result, at_least, at_most
from tests.variants import Variant

LIMITS = ""

STREAM = "fault-rate"
SECONDS = 3600
COPY_SHARE = 0.5
THUMBNAILS_S = 20
PATIENCE_S = 180
_TICKS = 100
"""A second in /proc."""
_PROCESS = "/proc/$(systemctl show --property=MainPID --value scrimbox-finalizer)/stat"
_READY = re.compile(r" (\S+) is ready after ([0-9.]+) s")


def processor(server: Variant) -> float:
    """Processor seconds of the finalizer so far, with those of the programs that it has run."""
    fields = server.check(f"cat {_PROCESS}").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def wait_pictures(server: Variant, file: str) -> None:
    """Wait until a replay has its thumbnails.

    Raises:
        TimeoutError: it has none after three minutes.
    """
    deadline = time.monotonic() + PATIENCE_S
    while server.run(f"grep -q '\"made\":true' /srv/recordings/{file}.json").returncode:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{file} has no thumbnails")
        time.sleep(0.3)


def took(server: Variant, file: str) -> float:
    """Seconds that the finalizer says it took for a replay."""
    return next(float(found[2]) for found in _READY.finditer(server.journal("-1h")) if found[1] == file)


def measure(server: Variant) -> Result:
    """Measure one hour."""
    with leave.as_found(server, STREAM), staged.recording(server, STREAM, SECONDS) as recording:
        before, start = leave.recordings(server, STREAM), processor(server)
        recording.give()
        file = raw.wait_replay(server, STREAM, before)
        made = processor(server)
        wait_pictures(server, file)
        drawn = processor(server)
        seconds = took(server, file)
    hours, gigabytes = recording.seconds / 3600, recording.size / 1e9
    beside = ("`cp` and `sync`", [recording.copied / 1e6])
    goals = [at_least(COPY_SHARE, "ratio")]
    return Result(
        [
            Figure("replay of an hour", "MB/s", [recording.size / 1e6 / seconds], beside=beside, goals=goals),
            Figure("processor time per GB", "s", [(made - start) / gigabytes]),
            Figure("thumbnails' processor time per hour", "s", [(drawn - made) / hours], goals=[at_most(THUMBNAILS_S)]),
        ]
    )
