"""Recordings of sessions that have ended, of any length, made in seconds: one pattern again and again."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from bench.leave import recordings
from tests.variants import Variant
from tools.project import ROOT

LOOP_S = 64
"""How long a pattern should be: a whole number of the sound's frames, so that none is missing where it begins again."""
PATIENCE_S = 600


INCOMING = "/srv/recordings/incoming"


def make(server: Variant, target: str, seconds: float, pattern: Path) -> None:
    """Make a recording of so many seconds, or up to a pattern more.

    Args:
        server: where.
        target: its path there.
        seconds: how long it is.
        pattern: the FLV that it is made of.
    """
    source = f"{target}.source"
    subprocess.run(["docker", "cp", str(pattern), f"{server.name}:{source}"], check=True, capture_output=True)
    command = ["docker", "exec", "-i", server.name, "python3", "-", source, target, "inf", str(seconds)]
    script = (ROOT / "tests/faults/loop_flv.py").read_text(encoding="utf-8")
    try:
        subprocess.run(command, input=script, check=True, capture_output=True, text=True)
    finally:
        server.check(f"rm {source}")


def name_of(stream: str, seconds: float) -> str:
    """What ingest calls a recording that began so many seconds ago."""
    return f"{stream}-{int(time.time() - seconds)}.flv"


def put(server: Variant, stream: str, seconds: float, pattern: Path) -> None:
    """Put a recording of so many seconds where the recorder finds what has been received; it ends now.

    Args:
        server: where.
        stream: whose it is; it must not be live.
        seconds: how long it is, and how long ago it began.
        pattern: the FLV that it is made of.
    """
    make(server, f"{INCOMING}/{name_of(stream, seconds)}", seconds, pattern)


def wait_replay(server: Variant, stream: str, before: set[str]) -> str:
    """Wait for a replay that was not there before, and return its name without an ending.

    Raises:
        TimeoutError: there is none after ten minutes.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (made := recordings(server, stream) - before):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{stream} has no new replay")
        time.sleep(0.5)
    return made.pop()


def long_replay(server: Variant, stream: str, seconds: float, pattern: Path) -> str:
    """Have a replay made of a recording of so many seconds; its name without an ending."""
    before = recordings(server, stream)
    put(server, stream, seconds, pattern)
    return wait_replay(server, stream, before)
