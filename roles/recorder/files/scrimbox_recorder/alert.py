"""Tells the operator's command and webhook what is new in the state index."""

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
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .alert_news import EVENTS, URGENT, Memory, News, news, refreshed
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
BURST = 5
"""News that are told at one look at most: chats take no more at once."""
REFUSALS = 3
"""Times that a receiver may refuse the same news before it is left out, so that it does not hold up the rest."""
REFUSING = {400, 413, 422}
"""Answers that mean: not this. Any other may change."""
FORMS = ("json", "chat")
_TEXTS = ("index", "host", "command", "webhook", "form", "site")


@dataclass(frozen=True)
class Settings:
    """Where to look and whom to tell. `webhook` is a secret; it gets `events` in a `form`, with links to `site`."""

    index: Path
    host: str
    command: str = ""
    webhook: str = ""
    form: str = "json"
    events: tuple[str, ...] = URGENT
    site: str = ""


Telling = Callable[[News], None]


class TellError(Exception):
    """The receiver could not be told; the message holds no secret.

    `lasting`: it will never take this news. `pause`: seconds for which it asked not to be told anything.
    """

    def __init__(self, message: str, *, lasting: bool = False, pause: float = 0.0) -> None:
        super().__init__(message)
        self.lasting = lasting
        self.pause = pause


class Receiver:
    """One way to tell somebody, with what it has been told and when it may be tried again."""

    def __init__(
        self,
        name: str,
        tell: Telling,
        folder: Path,
        disk: Disk,
        *,
        events: Collection[str] = URGENT,
        site: str = "",
    ) -> None:
        self._name = name
        self._tell = tell
        self._path = folder / f"{name}.{MEMORY}"
        self._disk = disk
        self._events = events
        self._site = site
        self._memory = remembered(read_json(self._path))
        self._not_before = float("-inf")
        self._pause = FIRST_PAUSE
        self._refused = 0

    def hear(self, index: object, steady: float) -> None:
        """Tell what is new, in order; after a failure the rest waits."""
        if not isinstance(index, dict):
            return
        self._remember(refreshed(index, self._memory))
        if steady < self._not_before:
            return
        for item, after in news(index, self._memory, self._events, self._site)[:BURST]:
            try:
                self._tell(item)
            except TellError as error:
                if not self._gives_up(item, error, steady):
                    return
            else:
                log.info("the %s was told %r", self._name, item.key)
            self._pause = FIRST_PAUSE
            self._refused = 0
            tick()
            self._remember(after)

    def _gives_up(self, item: News, error: TellError, steady: float) -> bool:
        """After a failure: whether this news is never told, because the receiver does not want it; else when it is."""
        self._refused += error.lasting
        if self._refused >= REFUSALS:
            log.error("the %s will not be told %r: %s", self._name, item.key, error)
            return True
        pause = min(max(self._pause, error.pause), LONGEST_PAUSE)
        log.warning("the %s was not told %r: %s; trying again in %.0f s", self._name, item.key, error, pause)
        self._not_before = steady + pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return False

    def _remember(self, memory: Memory) -> None:
        if memory != self._memory:
            self._memory = memory
            self._disk.write_json(self._path, {"disk": memory.disk, "names": memory.names}, 0o600, durable=True)


def remembered(data: object) -> Memory:
    """Read what a receiver was told; nothing where that cannot be understood."""
    if not isinstance(data, dict):
        return Memory()
    names = data.get("names")
    known = {event: names.get(event) for event in EVENTS} if isinstance(names, dict) else {}
    # As it was written before there was other news.
    known.setdefault("recording", data.get("aside"))
    read = {event: tuple(map(str, listed)) for event, listed in known.items() if isinstance(listed, list)}
    return Memory(str(data.get("disk", "ok")), dict(read))


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


def post(webhook: str, body: object, timeout: float = TIMEOUT) -> None:
    """Post JSON to the webhook.

    Raises:
        TellError: it did not answer, or with an error; the address is in no message.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "scrimbox"}
    try:
        # The check of the settings allows http and https only.
        request = urllib.request.Request(webhook, json.dumps(body, ensure_ascii=False).encode(), headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        lasting = error.code in REFUSING
        raise TellError(f"it answered {error.code}", lasting=lasting, pause=_asked_pause(error)) from None
    except urllib.error.URLError as error:
        raise TellError(f"it could not be reached ({type(error.reason).__name__})") from None
    except (OSError, ValueError) as error:
        raise TellError(f"it could not be reached ({type(error).__name__})") from None


def _asked_pause(error: urllib.error.HTTPError) -> float:
    """Seconds for which the receiver wants to hear nothing."""
    try:
        return max(0.0, float(error.headers.get("Retry-After", 0)))
    except ValueError:
        return 0.0


def load(path: Path) -> Settings:
    """Read the settings.

    Raises:
        ConfigError: they cannot be read or used; the message shows no secret.
    """
    data = read_json(path)
    if not isinstance(data, dict) or set(data) != {*_TEXTS, "events"}:
        wanted = ", ".join(_TEXTS)
        raise ConfigError(f"{path}: expected an object of {wanted} and events; `make deploy` writes it")
    if not all(isinstance(data[key], str) for key in _TEXTS) or not data["index"].startswith("/"):
        raise ConfigError(f"{path}: {', '.join(_TEXTS)} must be texts, index an absolute path")
    address = data["webhook"]
    if address and not (address.startswith(("https://", "http://")) and address.isprintable() and " " not in address):
        raise ConfigError(f"{path}: webhook is no address; allowed is https://… or http://… without spaces, or nothing")
    if data["form"] not in FORMS:
        raise ConfigError(f"{path}: form: {data['form']!r} is not allowed; {' or '.join(FORMS)}")
    events = data["events"]
    if not isinstance(events, list) or not all(isinstance(event, str) and event in EVENTS for event in events):
        raise ConfigError(f"{path}: events: {events!r} is not allowed; a list of {', '.join(EVENTS)}")
    host = data["host"] or socket.gethostname()
    return Settings(Path(data["index"]), host, data["command"], address, data["form"], tuple(events), data["site"])


def receivers(settings: Settings, folder: Path, disk: Disk) -> Sequence[Receiver]:
    """Everybody who is to be told."""
    found = []
    if settings.command:
        found.append(Receiver("command", lambda item: run_command(settings.command, settings.host, item), folder, disk))
    if settings.webhook:

        def tell(item: News) -> None:
            document = item.chat(settings.host) if settings.form == "chat" else item.document(settings.host)
            post(settings.webhook, document)

        found.append(Receiver("webhook", tell, folder, disk, events=settings.events, site=settings.site))
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
