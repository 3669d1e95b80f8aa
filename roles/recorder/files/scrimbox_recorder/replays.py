"""The finished replays: each is an MP4 with a sidecar, and counts once both are there. What was chosen is put in."""

from __future__ import annotations

import logging
from pathlib import Path

from . import choices
from .disk import Listing, read_json
from .documents import Document
from .matches import Sitting
from .names import is_file_name, iso_seconds, split_file

log = logging.getLogger(__name__)

Stamps = tuple[int, int, int]
"""When the sidecar, the MP4 and the choices of a replay were written, in ns; 0 for choices that are not there."""

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
    """Reads sidecars and choices, each again only when its file has changed."""

    def __init__(self, folder: Path) -> None:
        self._listing = Listing(folder)
        self._reads = 0
        self._read: dict[str, tuple[Stamps, Document | None]] = {}
        self._all: tuple[Document, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the replays lie."""
        return self._listing.folder

    @property
    def version(self) -> int:
        """Another number after every change of the folder."""
        return self._listing.reads

    def newest_first(self) -> tuple[Document, ...]:
        """All sidecars, with what was chosen: title, `own_title` (empty: the stream's), `pinned` and `alignment_ms`.

        `made` is when sidecar and MP4 were both there (epoch seconds).

        The same tuple object is returned while nothing has changed.
        """
        names = self._listing.names()
        if self._reads != self._listing.reads:
            self._reads = self._listing.reads
            self._all = self._load(set(names), self._all)
        return self._all

    def sidecar(self, file: str) -> Document | None:
        """What the sidecar of FILE says now, without what was chosen; None where there is none or it is broken."""
        data = read_json(self.folder / f"{file}.json")
        return dict(data) if not fault_of(data, file) else None

    def _load(self, names: set[str], before: tuple[Document, ...]) -> tuple[Document, ...]:
        read: dict[str, tuple[Stamps, Document | None]] = {}
        for name in names:
            file = name[: -len(".json")]
            if not name.endswith(".json") or not is_file_name(file) or f"{file}.mp4" not in names:
                continue
            try:
                stamps = self._stamps(file, names)
            except FileNotFoundError:
                continue
            known = self._read.get(file)
            read[file] = known if known and known[0] == stamps else (stamps, self._chosen(file, stamps))
        self._read = read
        found = [sidecar for _, sidecar in read.values() if sidecar]
        after = tuple(sorted(found, key=lambda sidecar: (sidecar["started"], sidecar["file"]), reverse=True))
        return before if after == before else after

    def _stamps(self, file: str, names: set[str]) -> Stamps:
        chosen = f"{file}{choices.SUFFIX}"
        sidecar, mp4 = (self.folder / f"{file}.json").stat(), (self.folder / f"{file}.mp4").stat()
        set_at = (self.folder / chosen).stat().st_mtime_ns if chosen in names else 0
        return sidecar.st_mtime_ns, mp4.st_mtime_ns, set_at

    def _chosen(self, file: str, stamps: Stamps) -> Document | None:
        data = read_json(self.folder / f"{file}.json")
        fault = fault_of(data, file)
        if fault:
            log.warning("%s: %s.json is passed over: %s", split_file(file)[0], file, fault)
            return None
        chosen = choices.load(self.folder, file) if stamps[2] else choices.NONE
        return {
            **data,
            "title": chosen.title or data["title"],
            "own_title": chosen.title,
            "pinned": chosen.pinned,
            "alignment_ms": chosen.alignment_ms,
            "made": max(stamps[:2]) / 1e9,
        }


def sitting(replay: Document) -> Sitting:
    """The place of a replay in a match."""
    started = iso_seconds(replay["started"])
    group, match = replay.get("group", ""), replay.get("match", "")
    chosen = replay["alignment_ms"], replay["own_title"], replay["pinned"]
    return Sitting(replay["file"], group, started, started + replay["duration"], match, *chosen)


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
