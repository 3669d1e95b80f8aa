"""Ended sessions that wait for their MP4: one folder each, described by its session.json."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .disk import Disk, Listing, read_json
from .names import is_file_name, recording, split_file

NAME = "session.json"


@dataclass(frozen=True)
class Job:
    """An ended session; `started` and `ended` in epoch seconds.

    `files` and `keep` are the finalizer's plan: the names of the replays, and the recordings that are set aside with
    their reasons. It is written down when everything has been made and checked, before the first replay appears.
    """

    file: str
    title: str
    started: float
    offset_ms: int
    parts: list[str]
    ended: float = 0.0
    group: str = ""
    match: str = ""
    files: list[str] = field(default_factory=list)
    keep: dict[str, str] = field(default_factory=dict)
    attempts: int = 0

    @property
    def stream(self) -> str:
        """Stream id."""
        return split_file(self.file)[0]


def load(folder: Path) -> Job | None:
    """Read the job in a folder; None where there is none yet or it cannot be understood."""
    data: Any = read_json(folder / NAME)
    if not isinstance(data, dict) or not is_file_name(folder.name):
        return None
    try:
        job = Job(**data)
    except TypeError:
        return None
    sound = isinstance(job.started, (int, float)) and isinstance(job.parts, list) and job.file == folder.name
    return job if sound else None


def save(disk: Disk, folder: Path, job: Job) -> None:
    """Write the job down, down to the platter."""
    disk.write_json(folder / NAME, asdict(job), 0o600, durable=True)


def recordings(folder: Path) -> list[str]:
    """The raw recordings in a folder, in the order of their names' seconds."""
    found = [(name.number, path.name) for path in folder.iterdir() if (name := recording(path.name))]
    return [name for _, name in sorted(found)]


class Jobs:
    """All jobs, oldest first; each is read again only when its file has changed."""

    def __init__(self, folder: Path) -> None:
        self._listing = Listing(folder)
        self._read: dict[str, tuple[int, Job | None]] = {}

    def all(self) -> list[Job]:
        """Every folder that describes a session."""
        self._look()
        return sorted(
            (job for _, job in self._read.values() if job), key=lambda job: (split_file(job.file)[1], job.file)
        )

    def broken(self) -> list[Path]:
        """Folders with raw recordings whose description is missing or cannot be understood."""
        self._look()
        return [
            folder
            for name, (_, job) in self._read.items()
            if not job and is_file_name(name) and recordings(folder := self._listing.folder / name)
        ]

    def _look(self) -> None:
        read: dict[str, tuple[int, Job | None]] = {}
        for name in self._listing.names():
            folder = self._listing.folder / name
            if name.startswith(".") or not folder.is_dir():
                continue
            try:
                changed = (folder / NAME).stat().st_mtime_ns
            except FileNotFoundError:
                changed = 0
            known = self._read.get(name)
            read[name] = known if known and changed and known[0] == changed else (changed, load(folder))
        self._read = read
