"""Writes state documents, and only when they say something new."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Callable

from .disk import Disk, Listing, read_json
from .documents import Document, same
from .names import iso

INDEX = "index.json"


class Publisher:
    """Knows what it wrote last; a document that has vanished is written again."""

    def __init__(self, folder: Path, disk: Disk, wall: Callable[[], float]) -> None:
        self._folder = folder
        self._disk = disk
        self._wall = wall
        self._listing = Listing(folder)
        self._written: dict[str, Document] = {}

    def has(self, names: set[str]) -> bool:
        """True if all these documents are there."""
        return names.issubset(self._listing.names())

    def write(self, name: str, document: Document) -> None:
        """Write a document with the time of its writing, unless the one that is there says the same."""
        before = self._written.get(name) or read_json(self._folder / name)
        if not self.has({name}) or not same(before, document):
            document = {**document, "updated": iso(self._wall())}
            self._disk.write_json(self._folder / name, document)
            before = document
        self._written[name] = before

    def amend(self, name: str, part: Document) -> None:
        """Put something new into a document that is there; nothing where that cannot be done."""
        before = read_json(self._folder / name)
        if isinstance(before, dict):
            with contextlib.suppress(OSError):
                self.write(name, {**before, **part})

    def keep_only(self, names: set[str]) -> None:
        """Remove the documents of streams that are neither declared nor have anything to show."""
        for name in self._listing.names():
            if name.endswith(".json") and not name.startswith(".") and name not in names:
                self._disk.remove(self._folder / name)
                self._written.pop(name, None)
