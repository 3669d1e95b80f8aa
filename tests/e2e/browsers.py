"""Real browsers, driven by Node, that watch in the background while tests go on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ARTEFACTS
from tests.deploy import TOOLS
from tests.e2e.displays import PLANS, XVFB
from tools.test_prerequisites import works

FOLDER = Path(__file__).parent / "browser"
ENGINES = ("chromium", "firefox")
"""What `make test` drives; the second where the distribution has it."""
EXECUTABLES = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}


@cache
def executable(browser: str) -> str:
    """Find a browser of the system.

    Raises:
        FileNotFoundError: says what to install.
    """
    for name in EXECUTABLES[browser]:
        found = shutil.which(name)
        if found and works(name):
            return found
    msg = f"No {browser} here. Run: apt-get install {EXECUTABLES[browser][0]}"
    raise FileNotFoundError(msg)


def is_here(browser: str) -> bool:
    """Whether a browser can be driven."""
    try:
        return bool(executable(browser))
    except FileNotFoundError:
        return False


def require(browser: str) -> None:
    """Skip a test that wants another browser than the first, where there is none."""
    if browser != ENGINES[0] and not is_here(browser):
        pytest.skip(f"no {browser} that starts is packaged for this machine")


def install() -> None:
    """Install the driver by its lock file, unless that has been done."""
    lock, done = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([str(TOOLS / "npm"), "ci"], cwd=FOLDER, check=True, capture_output=True, timeout=180)
        done.touch()


class Visit:
    """A browser that follows a script of ours and reports what happens."""

    def __init__(
        self,
        name: str,
        script: str,
        *,
        browser: str = "chromium",
        environment: dict[str, str] | None = None,
        **plan: object,
    ) -> None:
        """Start the script.

        Args:
            name: for screenshots and messages.
            script: its file in `browser/`.
            browser: `chromium`, `firefox`, `webkit` or `electron`.
            environment: variables that it gets besides ours.
            plan: what else the script wants to know.
        """
        own = PLANS[browser]() if browser in PLANS else {"executable": executable(browser)}
        plan |= {"name": name, "browser": browser, "artefacts": str(ARTEFACTS), **own}
        self.name = name
        self._events: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._log = (ARTEFACTS / f"{name}.log").open("w")
        self._mark = f"SCRIMBOX_VISIT={uuid.uuid4().hex}"
        self._process = subprocess.Popen(
            [*(XVFB if browser in PLANS else ()), str(TOOLS / "node"), str(FOLDER / script), json.dumps(plan)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=os.environ | (environment or {}) | dict([self._mark.split("=")]),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with (ARTEFACTS / f"{self.name}.jsonl").open("w", buffering=1) as kept:
            for line in self._process.stdout:
                kept.write(line)
                with self._news:
                    self._events.append(json.loads(line))
                    self._news.notify_all()
        with self._news:
            self._events.append({"event": "gone"})
            self._news.notify_all()

    def wait_for(self, event: str, timeout: float) -> dict[str, Any]:
        """Return an event, waiting up to `timeout` seconds for it.

        Raises:
            AssertionError: the browser failed, ended or took too long; says what it reported last.
        """
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                for found in self._events:
                    if found["event"] == event:
                        return found
                last = self._events[-1] if self._events else None
                if last and last["event"] in {"failed", "gone"}:
                    failure = next((e for e in self._events if e["event"] == "failed"), last)
                    raise AssertionError(f"{self.name} never reported {event!r}: {failure}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{self.name} did not report {event!r} within {timeout} s; last: {last}")
                self._news.wait(left)

    def all_of(self, event: str) -> list[dict[str, Any]]:
        """Return the events of a name that have been reported so far."""
        with self._news:
            return [found for found in self._events if found["event"] == event]

    def close(self) -> None:
        """End the browser, whatever it is doing. Node stands behind a wrapper, so the whole group is told."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(10)
        # A browser has a group of its own, and a display outlives whoever asked for it when that one is killed.
        for left in marked(self._mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        self._log.close()


def marked(mark: str) -> list[int]:
    """The processes that were started with a variable, as NAME=value, in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


@contextlib.contextmanager
def side_by_side(name: str, script: str, **plan: object) -> Iterator[Callable[[str], Visit]]:
    """The same script in every engine at once, so that they wait together; gives the visit of an engine."""
    install()
    with contextlib.ExitStack() as closing:
        visits = {
            browser: closing.enter_context(
                contextlib.closing(Visit(f"{name}-{browser}", script, browser=browser, **plan))
            )
            for browser in ENGINES
            if is_here(browser)
        }

        def visit(browser: str) -> Visit:
            require(browser)
            return visits[browser]

        yield visit


@contextlib.contextmanager
def one_after_another(name: str, script: str, **plan: object) -> Iterator[Callable[[str], Visit]]:
    """The same script in every engine, each begun when the one before is over; gives the visit of an engine."""
    install()
    with contextlib.ExitStack() as closing:
        visits: dict[str, Visit] = {}

        def visit(browser: str) -> Visit:
            require(browser)
            for engine in ENGINES[: ENGINES.index(browser) + 1]:
                if engine not in visits and is_here(engine):
                    for earlier in visits.values():
                        earlier.wait_for("gone", 300)
                    begun = Visit(f"{name}-{engine}", script, browser=engine, **plan)
                    visits[engine] = closing.enter_context(contextlib.closing(begun))
            return visits[browser]

        yield visit


def viewer(name: str, url: str, login: tuple[str, str], *, until: str, browser: str = "chromium") -> Visit:
    """A viewer who stays on the page until the `replay` plays, or until asked to `login` again."""
    return Visit(name, "watch.mjs", browser=browser, url=url, login=login, until=until)
