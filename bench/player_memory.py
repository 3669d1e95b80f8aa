"""What the player holds in memory over a long evening: 20 minutes of live with a playlist of four hours, in Chromium.

Usage: python -m bench.player_memory [MINUTES]
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench import endless
from tests.e2e import browsers
from tools import build_player

ENTRIES = 4 * 3600
"""Segments of one second that the playlist holds."""
KBITS = 2500
MINUTES = 20
EVERY_S, WINDOW_S = 30, 300
LOOK_BACK_S, AWAY_S = 300, 15
COLUMNS = {
    "heap": "page's heap MB",
    "worker": "worker's heap MB",
    "rss": "resident MB",
    "own": "own MB",
    "shared": "shared MB",
    "files": "programs MB",
    "nodes": "nodes",
    "listeners": "listeners",
    "buffered": "buffered s",
}
"""What is measured, and the head of its column. Heaps are read after a collection of garbage."""

Sample = dict[str, Any]


def show_medians(samples: list[Sample]) -> None:
    """Print the middle of each five minutes: heaps breathe, so that a straight line through them would tell nothing."""
    print("\nmedians of five minutes:\n  from s  " + "  ".join(COLUMNS.values()))
    for begin in range(0, int(samples[-1]["passed"]), WINDOW_S):
        part = [one for one in samples if begin <= one["passed"] < begin + WINDOW_S]
        cells = (f"{median(one[name] for one in part):{len(head)}.1f}" for name, head in COLUMNS.items())
        print(f"{begin:8}  {'  '.join(cells)}")


def watch(url: str, seconds: float) -> Iterator[Sample]:
    """Let a browser watch, and yield what it reports.

    Raises:
        RuntimeError: the browser failed.
    """
    plan = {"executable": browsers.executable("chromium"), "url": url, "seconds": seconds}
    plan |= {"every": EVERY_S, "lookBack": LOOK_BACK_S, "away": AWAY_S}
    command = [str(browsers.TOOLS / "node"), str(Path(__file__).with_suffix(".mjs")), json.dumps(plan)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "failed" or event.get("errors"):
                raise RuntimeError(event.get("error") or event["errors"])
            if event["event"] == "sample":
                yield event


def show(samples: Iterator[Sample]) -> list[Sample]:
    """Print each sample as it comes, and return them all."""
    print("  at s  " + "  ".join(COLUMNS.values()) + "  ranges   live", flush=True)
    seen = []
    for one in samples:
        seen.append(one)
        cells = (f"{one[name]:{len(head)}.1f}" for name, head in COLUMNS.items())
        ranges = " ".join(f"{start:.0f}–{end:.0f}" for start, end in one["ranges"])
        print(f"{one['passed']:6.0f}  {'  '.join(cells)}  {ranges}  {one['live']}", flush=True)
    return seen


def main() -> None:
    """Print the table, and what it comes to."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    browsers.install()
    build_player.build()
    stream = endless.Endless(endless.encode(build_player.ROOT / "build" / "bench", KBITS), ENTRIES)
    server = endless.serve(stream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/player?id={endless.STREAM}"
        samples = show(watch(url, minutes * 60))
    finally:
        server.shutdown()
    show_medians(samples)


if __name__ == "__main__":
    main()
