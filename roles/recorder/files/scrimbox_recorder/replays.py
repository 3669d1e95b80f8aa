"""The finished replays: each is an MP4 with a sidecar, and counts once both are there."""

from __future__ import annotations

import logging
from pathlib import Path

from .disk import Listing, read_json
from .documents import Document
from .names import is_file_name, iso_seconds, split_file

log = logging.getLogger(__name__)

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "title": str,
    "file": str,
    "started": str,
    "duration": (int, float),
    "size": int,
    "parts": list,
}


class Replays:
    """Reads sidecars, each again only when its file has changed."""

    def __init__(self, folder: Path) -> None:
        self._listing = Listing(folder)
        self._reads = 0
        self._read: dict[str, tuple[int, Document | None]] = {}
        self._all: tuple[Document, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the replays lie."""
        return self._listing.folder

    def newest_first(self) -> tuple[Document, ...]:
        """All sidecars. The same tuple object is returned while nothing has changed."""
        names = self._listing.names()
        if self._reads != self._listing.reads:
            self._reads = self._listing.reads
            self._all = self._load(set(names), self._all)
        return self._all

    def _load(self, names: set[str], before: tuple[Document, ...]) -> tuple[Document, ...]:
        read: dict[str, tuple[int, Document | None]] = {}
        for name in names:
            file = name[: -len(".json")]
            if not name.endswith(".json") or not is_file_name(file) or f"{file}.mp4" not in names:
                continue
            try:
                changed = (self.folder / name).stat().st_mtime_ns
            except FileNotFoundError:
                continue
            known = self._read.get(file)
            read[file] = known if known and known[0] == changed else (changed, self._sidecar(file, name))
        self._read = read
        found = [sidecar for _, sidecar in read.values() if sidecar]
        after = tuple(sorted(found, key=lambda sidecar: (sidecar["started"], sidecar["file"]), reverse=True))
        return before if after == before else after

    def _sidecar(self, file: str, name: str) -> Document | None:
        data = read_json(self.folder / name)
        fault = fault_of(data, file)
        if fault:
            log.warning("%s: %s is passed over: %s", split_file(file)[0], name, fault)
            return None
        return dict(data)


def fault_of(data: object, file: str) -> str:
    """Say what is wrong with a sidecar; empty if nothing is."""
    if not isinstance(data, dict):
        return "it is no JSON object"
    for key, kind in _FIELDS.items():
        if not isinstance(data.get(key), kind):
            return f"{key} is {data.get(key)!r}"
    if data["file"] != file or data["id"] != split_file(file)[0]:
        return f"it names {data['file']!r} of {data['id']!r}"
    try:
        iso_seconds(data["started"])
    except ValueError:
        return f"started is {data['started']!r}"
    needed = {"started", "offset", "duration", "clock"}
    if not all(isinstance(part, dict) and needed <= set(part) for part in data["parts"]):
        return "a part lacks started, offset, duration or clock"
    return ""
