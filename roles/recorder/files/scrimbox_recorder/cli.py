"""Command line: `scrimbox-recorder COMMAND`; `--help` lists them."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import alert, choosing, cleanup, config, disk, noting, status
from .attempts import Listener
from .choosing import ChoiceError
from .clip_tools import ClipTools
from .clipper import Clipper
from .config import Config, ConfigError
from .disk import Disk, lock
from .finalize import Finalizer
from .media import Tools
from .pace import Pace
from .reconcile import Recorder
from .service import become_owner, check_folders, loop, progress, set_up_log, tick

FINALIZER_SECONDS = 2.0
"""Seconds between two looks of the finalizer."""
CLIPPER_SECONDS = 0.1
"""Seconds between two looks at what is to be cut: somebody waits for it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = _parser().parse_args(arguments)
    set_up_log()
    try:
        if given.command == "alert":
            alert.main(given.settings, check=given.check)
            return 0
        settings = config.load(given.config)
        if given.command == "check":
            return 0
        if given.command == "status":
            print(status.report(settings))
            return 0
        become_owner(settings)
        _act(given, settings)
    except ChoiceError as error:
        print(error, file=sys.stderr)
        return 2
    except (ConfigError, OSError) as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scrimbox-recorder", description="Makes replays of what is published.")
    parser.add_argument("--config", type=Path, default=config.DEFAULT_PATH, help="settings (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="make passes until stopped (scrimbox-recorder.service)")
    commands.add_parser("pass", help="make one pass")
    finalize = commands.add_parser("finalize", help="make replays until stopped (scrimbox-finalizer.service)")
    finalize.add_argument("--once", action="store_true", help="make those that are due, then end")
    cut = commands.add_parser("clips", help="cut clips until stopped (scrimbox-clips.service)")
    cut.add_argument("--once", action="store_true", help="cut those that are due, then end")
    news = commands.add_parser("alert", help="tell the operator's command or webhook (scrimbox-alert.service)")
    news.add_argument("--settings", type=Path, default=None, help="its own settings (default: systemd's credential)")
    news.add_argument("--check", action="store_true", help="only check them")
    clean = commands.add_parser("cleanup", help="delete what retention says, and what nothing needs")
    clean.add_argument("--plan", action="store_true", help="only print what would go, and why")
    for name, words in (("pin", "never delete a recording"), ("unpin", "let retention delete a recording again")):
        commands.add_parser(name, help=words).add_argument("file", metavar="FILE")
    title = commands.add_parser("title", help="give a recording a title; none: its stream's")
    title.add_argument("file", metavar="FILE")
    title.add_argument("text", metavar="TEXT", nargs="*")
    align = commands.add_parser("align", help="move a session against the others of its match")
    align.add_argument("file", metavar="FILE")
    align.add_argument("milliseconds", metavar="MS")
    commands.add_parser("unclip", help="delete a clip").add_argument("file", metavar="FILE")
    commands.add_parser("notes", help="print what viewers have written about a recording").add_argument(
        "file", metavar="FILE"
    )
    commands.add_parser("unnote", help="delete a note of a viewer").add_argument("note", metavar="ID")
    commands.add_parser("status", help="print streams, disk use and faults")
    commands.add_parser("check", help="check the settings")
    return parser


def _act(given: argparse.Namespace, settings: Config) -> None:
    """Run a command that changes something.

    A service starts without its folders too: the recorder has to refuse publishes and say so.
    """
    if given.command == "run":
        recorder = Recorder(settings, Disk(), listener=Listener(settings.run))
        loop(lambda: _converge(recorder, settings), settings.pass_seconds, recorder.has_news)
    elif given.command == "finalize" and not given.once:
        finalizer = _finalizer(settings)
        loop(lambda: _finalize(finalizer, settings), FINALIZER_SECONDS)
    elif given.command == "clips" and not given.once:
        clipper = _clipper(settings)
        loop(lambda: _cut(clipper), CLIPPER_SECONDS)
    check_folders(settings)
    if given.command == "pass":
        _converge(Recorder(settings, Disk()), settings)
    elif given.command == "finalize":
        _finalize(_finalizer(settings), settings)
    elif given.command == "clips":
        _cut(_clipper(settings))
    elif given.command == "cleanup":
        _clean(settings, only_plan=given.plan)
    else:
        _choose(given, settings)


def _converge(recorder: Recorder, settings: Config) -> None:
    """Make a pass; one without the lock where its folder is missing, which then says so."""
    held = settings.incoming / ".lock"
    with lock(held) if os.access(settings.incoming, os.W_OK) else contextlib.nullcontext():
        recorder.run()


def _finalizer(settings: Config) -> Finalizer:
    def is_receiving() -> bool:
        return disk.is_receiving(settings.incoming)

    pace = Pace(settings.finalizer_bytes_per_second, progress, needed=is_receiving)
    return Finalizer(settings, Disk(), Tools(pace))


def _finalize(finalizer: Finalizer, settings: Config) -> None:
    with lock(settings.finalizing / ".lock"):
        while finalizer.step(time.monotonic()):
            progress("")


def _clipper(settings: Config) -> Clipper:
    return Clipper(settings, Disk(), ClipTools(Pace(settings.finalizer_bytes_per_second, progress)))


def _cut(clipper: Clipper) -> None:
    worked = False
    while clipper.step(time.monotonic()):
        worked = True
        tick()
    if worked:
        progress("")


def _clean(settings: Config, *, only_plan: bool) -> None:
    if only_plan:
        pinned = sum(replay.pinned for replay in cleanup.replays(settings))
        print("\n".join(cleanup.describe(cleanup.plan(settings, time.time()), pinned)))
        return
    with lock(settings.incoming / ".lock"):
        cleanup.carry_out(cleanup.plan(settings, time.time()), Disk())


def _choose(given: argparse.Namespace, settings: Config) -> None:
    # The lock of the passes: nothing is deleted between the check and the choice.
    with lock(settings.incoming / ".lock"):
        if given.command == "unclip":
            print(choosing.unclip(settings, Disk(), given.file))
        elif given.command == "notes":
            print(noting.listed(settings, Disk(), given.file))
        elif given.command == "unnote":
            print(noting.take_back(settings, Disk(), given.note))
        elif given.command == "title":
            print(choosing.title(settings, Disk(), given.file, " ".join(given.text)))
        elif given.command == "align":
            print(choosing.align(settings, Disk(), given.file, given.milliseconds))
        else:
            print(choosing.pin(settings, Disk(), given.file, pinned=given.command == "pin"))
