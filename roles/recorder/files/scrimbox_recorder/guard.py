"""The disk guard: refuses new publishes before the disk is full, ends live ones before anything is cut, and says so."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import cleanup
from .config import Config
from .control import Control
from .disk import Disk
from .footing import Footing, read_text
from .names import recording
from .rate import Rate

log = logging.getLogger(__name__)

OK, LOW, FULL = "ok", "low", "full"
EVERY = 2.0
"""Seconds between two looks at the disk: at 100 Mbit/s into recording and segments, 50 MB."""
REPEAT = 3600.0
"""Seconds after which what is still wrong is said again."""
BACK = 1.05
"""A level is left at this multiple of its limit, so that it does not come and go."""
SETTLE = 30.0
"""Seconds between two deletions for space: what somebody is still watching frees its space when it is closed."""
RESTART = "restart-ingest"
"""While this file exists, `scrimbox-apply ingest` restarts ingest although nothing that it runs has changed."""
GOES_ON = "goes-on."
"""`goes-on.ID` lets the publisher of an unfinished session come back while new ones are refused."""


@dataclass(frozen=True)
class Health:
    """What the state index tells of the disk. `message` holds no number that changes by itself.

    `since` is the epoch second of the last change, None while all is well.
    """

    level: str = OK
    refusing: bool = False
    since: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Room:
    """One file system: a folder on it, bytes free for the service, and how many times an arriving byte lands there."""

    folder: Path
    free: float
    copies: int


def reserve_of(config: Config, rate: float, copies: int) -> float:
    """Bytes that must be free where `copies` of `rate` bytes per second land."""
    return max(config.reserve_bytes, config.reserve_hours * 3600 * rate * copies)


def level_of(free: float, reserve: float, floor: float, before: str) -> str:
    """Level at so many free bytes; what was reached before is left a little later than it is entered."""
    if free < floor * (BACK if before == FULL else 1):
        return FULL
    return LOW if free < reserve * (BACK if before in (LOW, FULL) else 1) else OK


class Guard:
    """Looks at the disk every few seconds and acts: the flag that the auth service tests, deletions, ended publishers.

    Needs the configuration and the disk only; what else it asks can be replaced in tests.

    Args:
        config: all settings.
        disk: changes the flag and deletes replays.
        free: bytes that the service can still write in a folder.
        drop: ends the publisher of a stream at a steady second; how many connections that were.
    """

    def __init__(
        self,
        config: Config,
        disk: Disk,
        free: Callable[[Path], float] = cleanup.free_bytes,
        drop: Callable[[str, float], int] | None = None,
    ) -> None:
        self._config = config
        self._disk = disk
        self._free = free
        self._drop = drop or Control(config.control).drop
        self._rate = Rate()
        self._footing = Footing(config, disk)
        self._levels: dict[Path, str] = {}
        self._next = float("-inf")
        self._say_again = 0.0
        self._no_deletion_before = float("-inf")
        self._health: Health | None = None
        self._flags: dict[str, str] | None = None

    def look(self, steady: float, wall: float) -> Health:
        """Look, if it is time, and act; what there is to say. Raises nothing.

        Args:
            steady: monotonic seconds.
            wall: epoch seconds.
        """
        if self._health is None or steady >= self._next:
            self._next = steady + EVERY
            self._health = self._converge(steady, wall)
        return self._health

    def left(self) -> float:
        """Bytes that may still arrive until live publishers are ended."""
        return min(((room.free - self._config.floor_bytes) / room.copies for room in self._rooms()), default=0.0)

    def _converge(self, steady: float, wall: float) -> Health:
        if self._health is None:
            self._health = self._left_behind()
            self._say_again = steady + REPEAT
        fault, sizes, stale = fault_of(self._config), {}, False
        if not fault:
            try:
                sizes = _sizes(self._config.incoming)
                fault = self._footing.fault()
                stale = bool(fault)
            except OSError as error:
                fault = f"{self._config.incoming} cannot be used ({error.strerror}): nobody may publish"
        rate = self._rate.take(sizes, steady)
        level, detail = self._measure(rate)
        if level != OK and not fault and self._make_room(rate, steady, wall):
            level, detail = self._measure(rate)
        message, before = fault or self._message(level), self._health
        since = None if not message else before.since if before.message == message else wall
        health = Health(level, bool(message), since, message)
        self._tell(health, before, detail, steady)
        streams = {name.stream for text in sizes if (name := recording(text))}
        self._set_flags(health, set() if level == FULL or fault else streams, stale=stale)
        if level == FULL:
            self._end(sorted(name.stream for text in self._rate.growing if (name := recording(text))), steady)
        return health

    def _measure(self, rate: float) -> tuple[str, str]:
        """The worst level of all file systems, and its numbers for the journal."""
        worst, detail = OK, ""
        levels: dict[Path, str] = {}
        for room in self._rooms():
            before = self._levels.get(room.folder, OK)
            reserve = reserve_of(self._config, rate, room.copies)
            level = levels[room.folder] = level_of(room.free, reserve, self._config.floor_bytes, before)
            if not detail or _SEVERITY[level] > _SEVERITY[worst]:
                worst = level
                detail = f"{_gb(room.free)} free under {room.folder}, reserve {_gb(reserve)}, "
                detail += f"floor {_gb(self._config.floor_bytes)}"
        self._levels = levels
        return worst, detail

    def _rooms(self) -> list[Room]:
        rooms: dict[int, Room] = {}
        for folder in (self._config.recordings, self._config.hls):
            try:
                device, free = folder.stat().st_dev, self._free(folder)
            except OSError:
                continue
            known = rooms.get(device)
            rooms[device] = Room(known.folder if known else folder, free, known.copies + 1 if known else 1)
        return list(rooms.values())

    def _make_room(self, rate: float, steady: float, wall: float) -> bool:
        """Delete the oldest replays, where the operator allows it and it helps; True if something went."""
        if not self._config.delete_when_low or steady < self._no_deletion_before:
            return False
        for room in self._rooms():
            if room.folder == self._config.recordings and self._levels.get(room.folder) != OK:
                missing = reserve_of(self._config, rate, room.copies) * BACK - room.free
                self._no_deletion_before = steady + SETTLE
                try:
                    return cleanup.make_room(self._config, self._disk, missing, wall) > 0
                except OSError as error:
                    log.error("no room can be made: %s", error)
        return False

    def _message(self, level: str) -> str:
        hours = f" or {self._config.reserve_hours:g} h of what arrives" if self._config.reserve_hours else ""
        limit = f"less than {_gb(self._config.reserve_bytes)}{hours} is free: nobody new may publish"
        floor = f"less than {_gb(self._config.floor_bytes)} is free: nobody may publish, live streams were ended"
        return {OK: "", LOW: limit, FULL: floor}[level]

    def _left_behind(self) -> Health:
        """What an earlier process said last: its flag is still there."""
        flag = self._config.refuse_publish
        try:
            return Health("", True, flag.stat().st_mtime, flag.read_text(encoding="utf-8").strip())
        except OSError:
            return Health()

    def _tell(self, health: Health, before: Health, detail: str, steady: float) -> None:
        if health.message == before.message and (not health.refusing or steady < self._say_again):
            return
        self._say_again = steady + REPEAT
        if not health.refusing:
            log.info("disk: there is room again, publishing is allowed (%s)", detail)
        elif health.message == self._message(LOW):
            log.warning("disk: %s (%s)", health.message, detail)
        else:
            log.error("disk: %s (%s)", health.message, detail or "no folder can be measured")

    def _set_flags(self, health: Health, ongoing: Iterable[str], *, stale: bool) -> None:
        """Write or remove what the auth service and the deploy look for."""
        flag = self._config.refuse_publish
        wanted: dict[str, str] = {}
        if health.refusing:
            wanted = {f"{GOES_ON}{stream}": "" for stream in ongoing}
            wanted[flag.name] = health.message
            if stale:
                wanted[RESTART] = health.message
        # Somebody else may have removed it, a whole /run included.
        if wanted == self._flags and flag.exists() == health.refusing:
            return
        try:
            # Who may come back is written before, and removed after, what refuses everybody.
            for name in sorted(wanted):
                self._write_flag(name, wanted[name])
            for path in sorted(self._config.run.iterdir(), reverse=True):
                if path.name not in wanted and path.name.startswith((GOES_ON, RESTART, flag.name)):
                    self._disk.remove(path)
        except OSError as error:
            log.error("publishing cannot be %s: %s", "refused" if health.refusing else "allowed again", error)
            self._flags = None
        else:
            self._flags = wanted

    def _write_flag(self, name: str, text: str) -> None:
        path = self._config.run / name
        if read_text(path) != text:
            self._disk.write(path, f"{text}\n", 0o644)

    def _end(self, streams: Iterable[str], steady: float) -> None:
        for stream in streams:
            try:
                if self._drop(stream, steady):
                    log.error("%s: the publisher was ended, the disk is full; what was received is kept", stream)
            except OSError as error:
                log.error("%s: the publisher cannot be ended: %s", stream, error)


def fault_of(config: Config) -> str:
    """Say why nothing could be recorded; empty if it could. Nginx says nothing about a missing folder (FACTS 4)."""
    for folder in config.folders:
        if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
            return f"{folder} is missing: nobody may publish"
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            return f"{folder} cannot be written: nobody may publish"
    return ""


_SEVERITY = {OK: 0, LOW: 1, FULL: 2}


def _sizes(incoming: Path) -> dict[str, int]:
    sizes = {}
    for path in incoming.iterdir():
        if recording(path.name):
            with contextlib.suppress(FileNotFoundError):
                sizes[path.name] = path.stat().st_size
    return sizes


def _gb(size: float) -> str:
    return f"{size / 1e9:.3g} GB"
