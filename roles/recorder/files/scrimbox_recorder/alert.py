"""Tells the operator's command and webhook what the state index says of the disk and of what was set aside."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from .config import ConfigError
from .disk import Disk, read_json
from .service import loop, tick

log = logging.getLogger(__name__)

EVERY = 3.0
"""Seconds between two looks at the index."""
TIMEOUT = 30.0
"""Seconds that the command or the webhook may take."""
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 900.0
"""Seconds before a failed telling is tried again: the first time, doubling, at most."""
MEMORY = "told.json"


@dataclass(frozen=True)
class Settings:
    """Where to look and whom to tell. `webhook` is a secret."""

    index: Path
    host: str
    command: str = ""
    webhook: str = ""


@dataclass(frozen=True)
class News:
    """One thing to tell; the same `key` is the same news. `since` is UTC ISO 8601 or None."""

    key: str
    level: str
    message: str
    since: str | None

    def document(self, host: str) -> dict[str, Any]:
        """What the webhook gets."""
        return {"host": host, "level": self.level, "message": self.message, "since": self.since}


@dataclass(frozen=True)
class Memory:
    """What a receiver has been told: the disk's state, and names of what was set aside."""

    disk: str = "ok"
    aside: tuple[str, ...] = ()


Telling = Callable[[News], None]


class TellError(Exception):
    """The receiver could not be told; the message holds no secret."""


def news(index: object, memory: Memory) -> list[tuple[News, Memory]]:
    """What a receiver has not been told yet, each with what it knows afterwards; nothing without an index."""
    if not isinstance(index, dict):
        return []
    listed = [report for report in index.get("set_aside") or [] if isinstance(report, dict)]
    names = {report.get("name") for report in listed}
    memory = replace(memory, aside=tuple(name for name in memory.aside if name in names))
    found: list[tuple[News, Memory]] = []
    item = _of_disk(index.get("disk"))
    if item and item.key != memory.disk:
        memory = replace(memory, disk=item.key)
        found.append((item, memory))
    for report in listed:
        name = str(report.get("name"))
        if name not in memory.aside:
            memory = replace(memory, aside=(*memory.aside, name))
            message = f"{name} could not be made a replay and was set aside: {report.get('reason', '?')}"
            found.append((News(f"set-aside {name}", "set-aside", message, report.get("since")), memory))
    return found


def _of_disk(disk: object) -> News | None:
    if not isinstance(disk, dict):
        return None
    level, message = str(disk.get("level", "ok")), str(disk.get("message", ""))
    # Missing folders are no matter of space, and as bad as a full disk.
    level = "full" if disk.get("refusing") and level == "ok" else level
    return News(
        f"{level} {message}".strip(), level, message or "there is room again, publishing is allowed", disk.get("since")
    )


class Receiver:
    """One way to tell the operator, with what it has been told and when it may be tried again."""

    def __init__(self, name: str, tell: Telling, folder: Path, disk: Disk) -> None:
        self._name = name
        self._tell = tell
        self._path = folder / f"{name}.{MEMORY}"
        self._disk = disk
        self._memory = remembered(read_json(self._path))
        self._not_before = float("-inf")
        self._pause = FIRST_PAUSE

    def hear(self, index: object, steady: float) -> None:
        """Tell what is new, in order; after a failure the rest waits."""
        if steady < self._not_before:
            return
        for item, after in news(index, self._memory):
            try:
                self._tell(item)
            except TellError as error:
                log.warning(
                    "the %s was not told %r: %s; trying again in %.0f s", self._name, item.key, error, self._pause
                )
                self._not_before = steady + self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
                return
            log.info("the %s was told %r", self._name, item.key)
            self._pause = FIRST_PAUSE
            self._memory = after
            tick()
            self._disk.write_json(self._path, {"disk": after.disk, "aside": list(after.aside)}, 0o600, durable=True)


def remembered(data: object) -> Memory:
    """Read what a receiver was told; nothing where that cannot be understood."""
    if not isinstance(data, dict):
        return Memory()
    aside = data.get("aside")
    names = tuple(name for name in aside if isinstance(name, str)) if isinstance(aside, list) else ()
    return Memory(str(data.get("disk", "ok")), names)


def run_command(command: str, host: str, item: News, timeout: float = TIMEOUT) -> None:
    """Run the operator's command.

    Raises:
        TellError: it failed or took too long.
    """
    told = {"SCRIMBOX_LEVEL": item.level, "SCRIMBOX_MESSAGE": item.message, "SCRIMBOX_HOST": host}
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME", "STATE_DIRECTORY") if name in os.environ}
    try:
        status = _run(command, {**kept, **told}, f"{item.message}\n".encode(), timeout)
    except subprocess.TimeoutExpired as error:
        raise TellError(f"it took more than {timeout:g} s") from error
    except OSError as error:
        raise TellError(f"it could not be started ({error.strerror})") from error
    if status:
        raise TellError(f"exit status {status}")


def _run(command: str, environment: dict[str, str], told: bytes, timeout: float) -> int:
    """Run a command, and end it with its children after `timeout` seconds; its exit status."""
    # Its own words may hold a secret: they end nowhere.
    with subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    ) as running:
        try:
            running.communicate(told, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    return running.returncode


def post(webhook: str, host: str, item: News, timeout: float = TIMEOUT) -> None:
    """Post the news to the webhook.

    Raises:
        TellError: it did not answer, or with an error; the address is in no message.
    """
    body = json.dumps(item.document(host), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "scrimbox"}
    try:
        # The check of the settings allows http and https only.
        request = urllib.request.Request(webhook, body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        raise TellError(f"it answered {error.code}") from None
    except urllib.error.URLError as error:
        raise TellError(f"it could not be reached ({type(error.reason).__name__})") from None
    except (OSError, ValueError) as error:
        raise TellError(f"it could not be reached ({type(error).__name__})") from None


def load(path: Path) -> Settings:
    """Read the settings.

    Raises:
        ConfigError: they cannot be read or used; the message shows no secret.
    """
    data = read_json(path)
    if not isinstance(data, dict) or set(data) != {"index", "host", "command", "webhook"}:
        raise ConfigError(f"{path}: expected an object of index, host, command and webhook; `make deploy` writes it")
    if not all(isinstance(value, str) for value in data.values()) or not data["index"].startswith("/"):
        raise ConfigError(f"{path}: index, host, command and webhook must be texts, index an absolute path")
    address = data["webhook"]
    if address and not (address.startswith(("https://", "http://")) and address.isprintable() and " " not in address):
        raise ConfigError(f"{path}: webhook is no address; allowed is https://… or http://… without spaces, or nothing")
    return Settings(Path(data["index"]), data["host"] or socket.gethostname(), data["command"], data["webhook"])


def receivers(settings: Settings, folder: Path, disk: Disk) -> Sequence[Receiver]:
    """Everybody who is to be told."""
    found = []
    if settings.command:
        found.append(Receiver("command", lambda item: run_command(settings.command, settings.host, item), folder, disk))
    if settings.webhook:
        found.append(Receiver("webhook", lambda item: post(settings.webhook, settings.host, item), folder, disk))
    return found


def watcher(settings: Settings, told: Sequence[Receiver], steady: Callable[[], float]) -> Callable[[], None]:
    """A function that looks once and tells what is new."""

    def look() -> None:
        index = read_json(settings.index)
        for receiver in told:
            receiver.hear(index, steady())

    return look


def main(path: Path | None, *, check: bool) -> None:
    """Watch until stopped, or only check the settings.

    Raises:
        ConfigError: they cannot be read or used.
    """
    settings = load(path or Path(os.environ.get("CREDENTIALS_DIRECTORY", "/etc/scrimbox"), "alert.json"))
    if not check:
        folder = Path(os.environ.get("STATE_DIRECTORY", "/var/lib/scrimbox-alert"))
        loop(watcher(settings, receivers(settings, folder, Disk()), time.monotonic), EVERY)
