"""What the person at the keyboard sees: one line per step, and one clear message when something is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tools.project import ROOT, shown

TAIL_LINES = 25
LINE_LENGTH = 1000
# Package sources are the machine's own affair: their addresses stay out of logs and messages.
ADDRESS = re.compile(r"\b(https?|ftp)://[^/\s]+")


class Trouble(Exception):  # noqa: N818 - it is not always an error; often it is a thing to do
    """Something that the person at the keyboard must know or do; the text is the whole message."""


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


def main(function: Callable[[], int | None]) -> None:
    """Run a command-line entry and turn Trouble into a message and exit status 1."""
    try:
        sys.exit(function() or 0)
    except Trouble as trouble:
        sys.stdout.flush()
        print(f"\nscrimbox: {trouble}", file=sys.stderr, flush=True)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nscrimbox: interrupted; the same command may be run again.", file=sys.stderr, flush=True)
        sys.exit(130)


def duration(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> duration(9.4), duration(83)
    ('9 s', '1 min 23 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


class Step:
    """One line for one long step: what runs, since when, how it ended.

    On a terminal the line is alive; elsewhere (CI, a file) a start and an end line are printed, and `mark` adds others.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.result = "done"
        self._note = ""
        self._began = time.monotonic()
        self._alive = sys.stdout.isatty()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Step:
        if self._alive:
            self._ticker.start()
        else:
            say(f"{self.title} …")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._alive:
            self._ticker.join()
            print("\r\033[K", end="")
        result = self.result if kind is None else "failed"
        say(f"{self.title}: {result} ({duration(time.monotonic() - self._began)})")

    def note(self, text: str) -> None:
        """What the step is at now; shown on a terminal only."""
        self._note = text

    def mark(self, text: str) -> None:
        """A stage of the step; shown where the line is not alive."""
        if not self._alive:
            self.say(text)

    def say(self, text: str) -> None:
        """A line that stays."""
        say(f"\r\033[K  {text}" if self._alive else f"  {text}")

    def _tick(self) -> None:
        while not self._over.wait(0.5):
            line = f"{self.title} … {duration(time.monotonic() - self._began)}  {self._note}"
            print(f"\r\033[K{line[:110]}", end="", flush=True)


def last_lines(lines: Sequence[str]) -> Sequence[str]:
    """The end of a log."""
    return lines[-TAIL_LINES:]


def quoted(log: Path, excerpt: Callable[[Sequence[str]], Sequence[str]] = last_lines) -> str:
    """A part of a log, indented."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  | {line[:LINE_LENGTH]}" for line in excerpt(lines))


def run_logged(
    argv: Iterable[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    on_line: Callable[[str], None] | None = None,
    mask: re.Pattern[str] | None = None,
    excerpt: Callable[[Sequence[str]], Sequence[str]] = last_lines,
    advice: str = "",
) -> None:
    """Run a program with its output in a log.

    Args:
        argv: the program and its arguments; they are not printed, so that a failure shows the program's words only.
        log: appended to.
        env: the program's environment; this process's by default.
        cwd: the folder to run it in.
        on_line: told each line of the output.
        mask: what must not reach the log.
        excerpt: which part of the log a failure shows.
        advice: what to do when it fails; added to the message.

    Raises:
        Trouble: the program could not be started or failed; holds the end of the log and its path.
    """
    command = [str(part) for part in argv]
    with log.open("a", encoding="utf-8") as sink:
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        except FileNotFoundError as error:
            raise Trouble(f"{command[0]} is not there: {error.strerror}. {advice}".rstrip()) from error
        with process:
            for line in process.stdout or ():
                sink.write(mask.sub("…", line) if mask else line)
                sink.flush()
                if on_line is not None:
                    on_line(line.rstrip("\n"))
    if process.returncode != 0:
        name = Path(command[0]).name
        message = f"{name} failed (exit status {process.returncode}). From {shown(log)}:\n{quoted(log, excerpt)}"
        raise Trouble(f"{message}\n{advice}" if advice else message)
