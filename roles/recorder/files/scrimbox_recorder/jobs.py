"""Ended sessions that wait for their MP4: one folder each, described by its session.json."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .disk import Disk, Listing, read_json
from .names import is_file_name, split_file

NAME = "session.json"


@dataclass(frozen=True)
class Job:
    """An ended session.

    `files` and `keep` are the finalizer's plan: the names of the replays, and the recordings that are set aside with
    their reasons. It is written down when everything has been made and checked, before the first replay appears.
    """

    file: str
    title: str
    started: float
    offset_ms: int
    parts: list[str]
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
    return job if job.file == folder.name else None


def save(disk: Disk, folder: Path, job: Job) -> None:
    """Write the job down, down to the platter."""
    disk.write_json(folder / NAME, asdict(job), 0o600, durable=True)


class Jobs:
    """All jobs, oldest first; each is read again only when its file has changed."""

    def __init__(self, folder: Path) -> None:
        self._listing = Listing(folder)
        self._read: dict[str, tuple[int, Job | None]] = {}

    def all(self) -> list[Job]:
        """Every folder that describes a session."""
        read: dict[str, tuple[int, Job | None]] = {}
        for name in self._listing.names():
            folder = self._listing.folder / name
            try:
                changed = (folder / NAME).stat().st_mtime_ns
            except (FileNotFoundError, NotADirectoryError):
                continue
            known = self._read.get(name)
            read[name] = known if known and known[0] == changed else (changed, load(folder))
        self._read = read
        return sorted((job for _, job in read.values() if job), key=lambda job: (split_file(job.file)[1], job.file))
