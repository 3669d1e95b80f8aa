"""Clips: what was asked for, what is being cut, what is ready. One file for each, named alike.

FILE of a clip is `VIEW-YYYYmmdd-HHMMSS-ID` of its beginning (UTC) and of the note that asked for it. The order lies in
the folder `cutting` until it has been carried out, and stays there where that failed; the clip and its sidecar lie in
`clips`. Whoever changes either holds the lock of the passes.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .config import Config
from .disk import Disk, Listing, read_json
from .documents import Document
from .names import STREAM_ID, iso

WAITING, CUTTING, READY, FAILED = "waiting", "cutting", "ready", "failed"
KINDS = (".json", ".mp4", ".jpg")
"""Files of a clip, the sidecar first: no document shows a clip whose video has gone."""
ADDRESS = "/vod/clips"
"""Where viewers find the folder of clips."""
LONGEST = 600.0
"""Seconds of a clip at most."""
_FILE = re.compile(rf"{STREAM_ID.pattern}-[0-9]{{8}}-[0-9]{{6}}-[0-9a-f]{{16}}")
_TEXTS = ("author", "title", "view", "match", "from", "to")
_LISTED = ("file", "url", "poster", "title", "author", "view", "match", "from", "to", "duration", "size")


@dataclass(frozen=True)
class Order:
    """A clip that is wanted. Times in epoch seconds on the view's own clock, the encoder's delay taken off.

    `start` lies within the first frame wanted, `end` within the last. `asked`: when the order was given.
    """

    note: str
    author: str
    title: str
    view: str
    start: float
    end: float
    match: str = ""
    asked: float = 0.0
    state: str = WAITING
    reason: str = ""
    attempts: int = 0

    @property
    def file(self) -> str:
        """FILE of the clip."""
        began = datetime.fromtimestamp(int(self.start), timezone.utc).strftime("%Y%m%d-%H%M%S")
        return f"{self.view}-{began}-{self.note}"


def is_clip_name(name: str) -> bool:
    """Tell whether `name` has the form of a clip's FILE."""
    return _FILE.fullmatch(name) is not None


class Clips:
    """All clips, whatever has become of them. Reads again only what has changed."""

    def __init__(self, config: Config, disk: Disk) -> None:
        self._config = config
        self._disk = disk
        self._cutting = _Folder(config.cutting)
        self._made = _Folder(config.clips)
        self._read: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        self._all: tuple[Document, ...] = ()
        self._ready: tuple[Document, ...] = ()

    def order(self, order: Order) -> None:
        """Have a clip cut, unless it is there or has been ordered.

        Raises:
            ValueError: view or note are none.
            OSError: the folder is missing or cannot be written.
        """
        if not is_clip_name(order.file):
            raise ValueError(f"{order.file!r} is no name of a clip: expected VIEW-YYYYmmdd-HHMMSS-ID")
        target = self._config.cutting / f"{order.file}.json"
        if not target.exists() and not (self._config.clips / f"{order.file}.json").exists():
            self._disk.write_json(target, asdict(order), 0o600, durable=True)

    def all(self) -> tuple[Document, ...]:
        """Every clip, the newest beginning first; the same tuple object while nothing has changed."""
        read = self._cutting.read(), self._made.read()
        if any(one is not other for one, other in zip(read, self._read)):
            self._read = read
            wanted = {file: _wanted(order) for file, data in read[0].items() if (order := parse(file, data))}
            made = {file: clip for file, data in read[1].items() if (clip := _made(file, data))}
            clips = {**wanted, **made}.values()
            self._all = tuple(sorted(clips, key=lambda clip: (clip["from"], clip["file"]), reverse=True))
            ready = (clip for clip in self._all if clip["state"] == READY)
            self._ready = tuple({key: clip[key] for key in _LISTED} for clip in ready)
        return self._all

    def ready(self) -> tuple[Document, ...]:
        """The clips that can be watched, as the index lists them; the same object while nothing has changed."""
        self.all()
        return self._ready

    def remove(self, note: str, author: str) -> bool:
        """Delete the clips of a note of this author, made or not; whether there were any."""
        files = [clip["file"] for clip in self.all() if (clip["id"], clip["author"]) == (note, author)]
        for file in files:
            delete(self._disk, self._config, file)
        return bool(files)


class Orders:
    """What has been ordered and is not there yet."""

    def __init__(self, config: Config) -> None:
        self._cutting = _Folder(config.cutting)
        self._read: dict[str, Any] = {}
        self._all: list[Order] = []

    def all(self) -> list[Order]:
        """In the order in which they were asked for."""
        read = self._cutting.read()
        if read is not self._read:
            self._read = read
            found = [order for file, data in read.items() if (order := parse(file, data))]
            self._all = sorted(found, key=lambda order: (order.asked, order.file))
        return self._all


def note(disk: Disk, config: Config, order: Order) -> bool:
    """Write down what has become of an order, unless it has been withdrawn (then False)."""
    target = config.cutting / f"{order.file}.json"
    before = parse(order.file, read_json(target))
    if before and before != order:
        disk.write_json(target, asdict(order), 0o600, durable=True)
    return before is not None


def delete(disk: Disk, config: Config, file: str) -> None:
    """Delete a clip and its order. The order first: whoever carries it out looks for it before anything is shown."""
    disk.remove(config.cutting / f"{file}.json")
    for kind in KINDS:
        disk.remove(config.clips / f"{file}{kind}")


def parse(file: str, data: Any) -> Order | None:  # noqa: ANN401 - JSON
    """Read the order of the clip FILE; None where it cannot be understood."""
    try:
        order = Order(**data)
        sound = order.file == file and 0 <= order.end - order.start <= LONGEST
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return order if sound else None


def _wanted(order: Order) -> Document:
    """What viewers read of an order."""
    return {
        "id": order.note,
        "file": order.file,
        "author": order.author,
        "title": order.title,
        "view": order.view,
        "match": order.match,
        "from": iso(order.start),
        "to": iso(order.end),
        "state": order.state,
        "url": None,
        "poster": None,
        "size": None,
        "duration": None,
        "reason": order.reason or None,
    }


def _made(file: str, data: Any) -> Document | None:  # noqa: ANN401 - JSON
    """What viewers read of a clip."""
    if not isinstance(data, dict) or data.get("file") != file or not all(isinstance(data.get(k), str) for k in _TEXTS):
        return None
    poster = data.get("poster")
    return {
        **{key: data[key] for key in ("id", "file", *_TEXTS)},
        "state": READY,
        "url": f"{ADDRESS}/{file}.mp4",
        "poster": f"{ADDRESS}/{poster}" if poster else None,
        "size": data.get("size"),
        "duration": data.get("duration"),
        "reason": None,
    }


class _Folder:
    """The JSON files of clips in a folder."""

    def __init__(self, folder: Path) -> None:
        self._listing = Listing(folder)
        self._reads = 0
        self._data: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """Content by FILE; the same object while nothing has changed. Nothing where there is no such folder."""
        try:
            names = self._listing.names()
        except FileNotFoundError:
            names = ()
        if self._reads != self._listing.reads:
            self._reads = self._listing.reads
            files = [name[: -len(".json")] for name in names if name.endswith(".json")]
            data = {file: read_json(self._listing.folder / f"{file}.json") for file in files if is_clip_name(file)}
            if data != self._data:
                self._data = data
        return self._data
