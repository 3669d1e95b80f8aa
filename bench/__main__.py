"""Measure, and write bench/results and docs/performance.md.

Usage: python -m bench [EXPERIMENT…]
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import time
from datetime import datetime, timezone
from types import ModuleType
from typing import Any

from bench import machine, page, plots
from bench.figures import Result
from bench.server import converged
from tools.terminal import Trouble, duration, main, say

EXPERIMENTS = {
    "latency": "Glass to glass",
    "first_frame": "Time to first frame",
    "replay": "End of stream to replay",
    "viewers": "Viewers",
    "ingest": "Publishers",
    "dvr": "Seeking back",
    "finalising": "Making replays",
    "deploy": "Deploying",
    "reconcile": "The recorder's pass",
    "soak": "An hour of coming and going",
}
"""Modules of this package and the headings of docs/performance.md, in its order."""
ONLY_BY_NAME = ("soak",)


def chosen(names: list[str]) -> list[str]:
    """The experiments asked for; without a name, all that a quarter of an hour holds.

    Raises:
        Trouble: there is no such experiment.
    """
    for name in names:
        if name not in EXPERIMENTS:
            raise Trouble(f"ONLY={name}: there is no such experiment. Allowed: {', '.join(EXPERIMENTS)}")
    return names or [name for name in EXPERIMENTS if name not in ONLY_BY_NAME]


def stored(name: str, module: ModuleType, result: Result, seconds: float) -> dict[str, Any]:
    """An experiment as it stands in bench/results, its plots drawn."""
    return {
        "experiment": name,
        "title": EXPERIMENTS[name],
        "how": inspect.getdoc(module),
        "limits": module.LIMITS,
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "seconds": round(seconds),
        "machine": machine.describe(),
        "figures": [figure.to_dict() for figure in result.figures],
        "plots": [{"title": one.title, "file": plots.draw(one, page.PLOTS).name} for one in result.curves],
        "remarks": result.remarks,
    }


def cli() -> int:
    """Command-line entry."""
    names = chosen(sys.argv[1:])
    began = time.monotonic()
    server = converged()
    page.RESULTS.mkdir(exist_ok=True)
    failed = []
    for name in names:
        say(f"── bench: {EXPERIMENTS[name]}")
        start = time.monotonic()
        module = importlib.import_module(f"bench.{name}")
        try:
            result = module.measure(server)
        except Exception as error:
            say(f"   failed: {type(error).__name__}: {error}")
            failed.append(name)
            continue
        found = stored(name, module, result, time.monotonic() - start)
        (page.RESULTS / f"{name}.json").write_text(
            json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        for figure in found["figures"]:
            say("   " + page.figure_row(figure).strip("| "))
    page.write(list(EXPERIMENTS))
    say(f"\nbench: {duration(time.monotonic() - began)}. Read docs/performance.md; the figures are in bench/results/.")
    for name in failed:
        say(f"failed: {name}. Again: make bench ONLY={name}")
    return 1 if failed else 0


if __name__ == "__main__":
    main(cli)
