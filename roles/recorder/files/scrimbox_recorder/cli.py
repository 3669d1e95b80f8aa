"""Command line: `scrimbox-recorder run|pass|finalize|cleanup|status|check`."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import cleanup, config, status
from .config import Config, ConfigError
from .disk import Disk, lock
from .finalize import Finalizer
from .media import Tools
from .reconcile import Recorder
from .service import become_owner, check_folders, loop, set_up_log, tick

FINALIZER_SECONDS = 2.0
"""Seconds between two looks of the finalizer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="scrimbox-recorder", description="Makes replays of what is published.")
    parser.add_argument("--config", type=Path, default=config.DEFAULT_PATH, help="settings (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="make passes until stopped (scrimbox-recorder.service)")
    commands.add_parser("pass", help="make one pass")
    finalize = commands.add_parser("finalize", help="make replays until stopped (scrimbox-finalizer.service)")
    finalize.add_argument("--once", action="store_true", help="make those that are due, then end")
    clean = commands.add_parser("cleanup", help="delete replays that are too old, and what nothing needs")
    clean.add_argument("--plan", action="store_true", help="only print what would go, and why")
    commands.add_parser("status", help="print streams, disk use and faults")
    commands.add_parser("check", help="check the settings")
    given = parser.parse_args(arguments)
    set_up_log()
    try:
        settings = config.load(given.config)
        if given.command == "check":
            return 0
        if given.command == "status":
            print(status.report(settings))
            return 0
        become_owner(settings)
        check_folders(settings)
        _act(given, settings)
    except (ConfigError, OSError) as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    return 0


def _act(given: argparse.Namespace, settings: Config) -> None:
    if given.command in {"run", "pass"}:
        recorder = Recorder(settings, Disk())

        def converge() -> None:
            with lock(settings.incoming / ".lock"):
                recorder.run()

        converge() if given.command == "pass" else loop(converge, settings.pass_seconds)
    elif given.command == "finalize":
        finalizer = Finalizer(settings, Disk(), Tools(tick))

        def work() -> None:
            with lock(settings.finalizing / ".lock"):
                while finalizer.step(time.monotonic()):
                    tick()

        work() if given.once else loop(work, FINALIZER_SECONDS)
    else:
        found = cleanup.plan(settings, time.time())
        if given.plan:
            for folder, gone in found:
                print(f"{folder / gone.name}  {gone.size / 1e6:.1f} MB  {gone.reason}")
            print(f"{len(found)} files, {sum(gone.size for _, gone in found) / 1e6:.1f} MB would go", file=sys.stdout)
        else:
            with lock(settings.incoming / ".lock"):
                cleanup.carry_out(cleanup.plan(settings, time.time()), Disk())
