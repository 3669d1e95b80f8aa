"""What the operator has set for one recording: FILE.choices.json, written by the command line only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .disk import Disk, read_json
from .names import is_file_name

SUFFIX = ".choices.json"


@dataclass(frozen=True)
class Choices:
    """Title (empty: the stream's), whether retention spares it, and its place beside the others of its match (ms)."""

    title: str = ""
    pinned: bool = False
    alignment_ms: int = 0


NONE = Choices()


def path(folder: Path, file: str) -> Path:
    """Where the choices for FILE lie."""
    return folder / f"{file}{SUFFIX}"


def load(folder: Path, file: str) -> Choices:
    """The choices for FILE; what cannot be understood counts as not chosen."""
    return parse(read_json(path(folder, file)))


def parse(data: Any) -> Choices:  # noqa: ANN401 - JSON
    """Read decoded JSON."""
    if not isinstance(data, dict):
        return NONE
    title, pinned, alignment = data.get("title"), data.get("pinned"), data.get("alignment_ms")
    return Choices(
        title if isinstance(title, str) else "",
        pinned is True,
        alignment if isinstance(alignment, int) and not isinstance(alignment, bool) else 0,
    )


def save(disk: Disk, folder: Path, file: str, chosen: Choices) -> None:
    """Write the choices for FILE down; no file where nothing is chosen any more."""
    target = path(folder, file)
    if chosen == NONE:
        disk.remove(target)
    else:
        disk.write_json(target, asdict(chosen), durable=True)


def file_of(name: str) -> str | None:
    """FILE, if this is the name of its choices."""
    file = name[: -len(SUFFIX)]
    return file if name.endswith(SUFFIX) and is_file_name(file) else None
