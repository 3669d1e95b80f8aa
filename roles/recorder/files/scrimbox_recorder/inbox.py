"""The inbox: what the write service has taken from viewers. Everything in it is somebody else's word."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from .disk import Disk, Listing
from .names import iso
from .notes import AUTHOR, ID, SIZE

log = logging.getLogger(__name__)

MOST = 100
"""Notes that one pass takes: the disk is not kept waiting for one who floods."""
REFUSED = 200
"""Refused notes that are kept for the operator to look at, the newest."""
SUFFIX = ".json"
_COPY = re.compile(r"[.]json[.][0-9]{10}$")
"""What nginx calls a note while it copies it here; it renames it at once."""
COPIED = 60.0
"""Seconds after which such a copy is one that nginx was killed over."""


@dataclass(frozen=True)
class Letter:
    """A file in the inbox: its name, what it holds (one byte more than is allowed, at most), and when it came (ns)."""

    name: str
    text: bytes
    came: int
    regular: bool = True

    @property
    def author(self) -> str:
        """Who was logged in, as nginx wrote it into the name; empty where the name is ill-formed."""
        return self._parts()[0]

    @property
    def note(self) -> str:
        """ID; empty where the name is ill-formed."""
        return self._parts()[1]

    def _parts(self) -> tuple[str, str]:
        author, _, note = self.name[: -len(SUFFIX)].partition(".")
        sound = self.name.endswith(SUFFIX) and AUTHOR.fullmatch(author) and ID.fullmatch(note)
        return (author, note) if sound else ("", "")


class Inbox:
    """Reads what has come, and takes it out: refused notes go where the operator can look at them."""

    def __init__(self, folder: Path, refused: Path, disk: Disk) -> None:
        self._folder = folder
        self._refused = refused
        self._disk = disk
        self._listing = Listing(folder)
        self._done: tuple[str, ...] | None = ()
        self._stuck: set[str] = set()

    def look(self, wall: float) -> list[Letter]:
        """The oldest of what waits at the epoch second `wall`; nothing while the folder is as when all was taken.

        Raises:
            OSError: the folder cannot be read.
        """
        names = self._listing.names()
        if names is self._done:
            return []
        found = sorted((came, name) for name in names if (came := self._came(name, wall)))
        # Until nothing is left: a note may come again under its name, and the list of names would be the same.
        self._done = None if found else names
        return [letter for came, name in found[:MOST] if (letter := self._read(name, came))]

    def done(self, letter: Letter) -> None:
        """Take a note out of the inbox."""
        try:
            self._disk.remove(self._folder / letter.name)
        except (IsADirectoryError, PermissionError):
            self._stuck.add(letter.name)
            log.warning("review: something in %s is no note and cannot be removed", self._folder)

    def refuse(self, letter: Letter, reason: str, wall: float) -> None:
        """Set a note aside with the reason; `wall` in epoch seconds."""
        # Of what was written nothing stands in the journal, and the same line stands there once in a while.
        log.warning("review: notes of %s are refused: %s", letter.author or "nobody", reason)
        report = {
            "name": letter.name.encode("utf-8", "backslashreplace").decode(),
            "reason": reason,
            "since": iso(wall),
            "text": letter.text.decode("utf-8", "backslashreplace"),
        }
        kept = sorted(path.name for path in self._refused.iterdir() if path.name.endswith(SUFFIX))
        last = int(kept[-1][: -len(SUFFIX)]) if kept and kept[-1][: -len(SUFFIX)].isdigit() else 0
        number = max(last + 1, int(wall * 1000))
        self._disk.write_json(self._refused / f"{number:015d}{SUFFIX}", report, 0o600)
        for name in kept[: max(0, len(kept) + 1 - REFUSED)]:
            self._disk.remove(self._refused / name)
        self.done(letter)

    def _came(self, name: str, wall: float) -> int:
        """When a file came (ns); 0 for what is none of ours to take."""
        if name.startswith(".") or name in self._stuck:
            return 0
        with contextlib.suppress(FileNotFoundError):
            came = (self._folder / name).lstat().st_mtime_ns
            return 0 if _COPY.search(name) and wall - came / 1e9 < COPIED else came
        return 0

    def _read(self, name: str, came: int) -> Letter | None:
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError:
            return Letter(name, b"", came, regular=False)
        try:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            return Letter(name, os.read(descriptor, SIZE + 1) if regular else b"", came, regular)
        finally:
            os.close(descriptor)
