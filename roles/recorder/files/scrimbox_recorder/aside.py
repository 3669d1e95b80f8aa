"""Recordings that could not be remuxed: each lies beside a file that says why. Nothing here is ever deleted."""

from __future__ import annotations

import itertools
from pathlib import Path

from .disk import Disk, Listing, read_json
from .documents import Document

_SUFFIX = ".reason.json"


def put(disk: Disk, recording: Path, folder: Path, report: Document) -> None:
    """Move a recording into the folder, its reason first. One that is gone already was moved by an earlier try."""
    if not recording.exists():
        return
    target = _free(folder, recording)
    disk.write_json(folder / f"{target.name}{_SUFFIX}", {**report, "name": target.name}, 0o600, durable=True)
    disk.rename(recording, target)


class Aside:
    """What was set aside, oldest name first."""

    def __init__(self, folder: Path) -> None:
        self._listing = Listing(folder)
        self._reads = 0
        self._all: tuple[Document, ...] = ()

    def all(self) -> tuple[Document, ...]:
        """{name, id, file, reason, since} of every recording; the same tuple object while nothing has changed."""
        names = self._listing.names()
        if self._reads != self._listing.reads:
            self._reads = self._listing.reads
            reports = [
                report
                for name in names
                if name.endswith(_SUFFIX)
                and name[: -len(_SUFFIX)] in names
                and isinstance(report := read_json(self._listing.folder / name), dict)
            ]
            if tuple(reports) != self._all:
                self._all = tuple(reports)
        return self._all


def _free(folder: Path, recording: Path) -> Path:
    for number in itertools.count(1):
        name = recording.name if number == 1 else f"{recording.stem}.{number}{recording.suffix}"
        if not (folder / name).exists():
            return folder / name
    raise AssertionError
