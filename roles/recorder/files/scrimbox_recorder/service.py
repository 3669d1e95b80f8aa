"""Supervised loops: systemd's notifications, the journal, and errors that neither end the loop nor fill the journal."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from types import FrameType
from typing import Callable

from .config import Config, ConfigError

log = logging.getLogger(__name__)

SOON, LOOK = 0.2, 0.1
"""Seconds from one call to the next at least, where there is news; from one look for news to the next."""
REPEAT = 600.0
"""Seconds in which the same line stands in the journal once."""
_LEVELS = {logging.ERROR: "<3>", logging.WARNING: "<4>", logging.INFO: "<6>", logging.DEBUG: "<7>"}


class _Format(logging.Formatter):
    """The message; in the journal with its level in front, which the journal takes off. No time: the journal has it."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record).replace("\n", " | ")
        return _LEVELS.get(record.levelno, "<6>") + text if "JOURNAL_STREAM" in os.environ else text


class _Repeats(logging.Filter):
    """Holds back a warning or error that was said just before."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        now, text = time.monotonic(), record.getMessage()
        self._said = {said: when for said, when in self._said.items() if now - when < REPEAT}
        return self._said.setdefault(text, now) == now


def set_up_log() -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Format("%(message)s"))
    handler.addFilter(_Repeats())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def notify(message: str) -> None:
    """Tell systemd (sd_notify); nothing where it did not ask."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)


def tick() -> None:
    """Tell the watchdog that all is well."""
    notify("WATCHDOG=1")


def progress(text: str) -> None:
    """Say what is being done; `systemctl status` shows it. The watchdog hears from us too."""
    notify(f"STATUS={text}\nWATCHDOG=1")


def loop(step: Callable[[], None], seconds: float, news: Callable[[], bool] = lambda: False) -> None:
    """Call `step` again and again, `seconds` apart, until SIGTERM; sooner where there is news.

    An error is logged and the next call tries again.
    """
    signal.signal(signal.SIGTERM, _stop)
    notify("READY=1")
    while True:
        try:
            step()
        except OSError as error:
            log.error("%s; trying again", error)
        except Exception:
            log.exception("unexpected; trying again")
        tick()
        _rest(seconds, news)


def _rest(seconds: float, news: Callable[[], bool]) -> None:
    left = seconds
    pause = SOON
    while left > 0:
        time.sleep(min(pause, left))
        left -= pause
        if news():
            return
        pause = LOOK


def check_folders(config: Config) -> None:
    """Refuse to start where work could not be done.

    Raises:
        ConfigError: a folder is missing or cannot be written.
    """
    for folder in config.folders:
        if not folder.is_dir():
            raise ConfigError(f"{folder} is missing; `make deploy` makes it")
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise ConfigError(f"{folder} cannot be written by uid {os.geteuid()}; `make deploy` sets owner and mode")


def become_owner(config: Config) -> None:
    """Started by root: go on as the owner of the folders, with the group that the web service reads through."""
    if os.geteuid() == 0:
        owner, shown = config.incoming.stat(), config.hls.stat()
        os.setgroups([shown.st_gid])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
