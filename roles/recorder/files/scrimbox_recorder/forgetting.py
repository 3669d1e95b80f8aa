"""Which notes go: those of recordings that go, and those of none. They live as long as what they are about."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from pathlib import Path

from . import replays
from .config import Config
from .disk import Disk
from .folding import needed
from .jobs import Jobs
from .matches import Sitting
from .names import recording
from .notebook import Notebook
from .notes import Note
from .replays import Replays
from .retention import DAY, Removal

log = logging.getLogger(__name__)

STRAY_DAYS = 30
"""Days after which a note goes that no session needs. Until then a recording may come back: from a disk that was not
mounted, from what was set aside, from a backup."""
WITH_RECORDING = "written about a recording that goes"
STRAY = "written about a recording that does not exist"


def along(config: Config, gone: Collection[str], wall: float) -> list[tuple[Path, Removal]]:
    """Notes that go when the replays `gone` (FILEs) do, at the epoch second `wall`, and stray ones.

    What cannot be read keeps no recording from going.
    """
    try:
        book = Notebook(config.notes, Disk())
        book.look()
        if not book.all():
            return []
        kept, going = _sittings(config, gone)
        live = _live(config)
        doomed = _doomed(book.all(), kept, going, live, wall)
        return [(config.notes / note.view, _removal(config, note, why)) for note, why in doomed]
    except OSError as error:
        log.error("review: %s", error)
        return []


def folders(config: Config) -> list[Path]:
    """Folders of the review in which a killed process may have left something; those that are there."""
    views = config.notes.iterdir() if config.notes.is_dir() else ()
    return [folder for folder in (config.shown, config.refused, *views) if folder.is_dir()]


def _doomed(
    notes: Iterable[Note], kept: Collection[Sitting], going: Collection[Sitting], live: Collection[str], wall: float
) -> Iterable[tuple[Note, str]]:
    for note in notes:
        # Of a stream that is being received, nobody but the recorder knows the sessions.
        if note.view in live or (note.group and note.group in live) or needed(note, kept):
            continue
        if needed(note, going):
            yield note, WITH_RECORDING
        elif wall - note.received > STRAY_DAYS * DAY:
            yield note, STRAY


def _sittings(config: Config, gone: Collection[str]) -> tuple[list[Sitting], list[Sitting]]:
    """Sessions that stay and sessions that go."""
    found = [replays.sitting(replay) for replay in Replays(config.recordings).newest_first()]
    waiting = [Sitting(job.file, job.group, job.started, job.ended, job.match) for job in Jobs(config.finalizing).all()]
    kept = [sitting for sitting in found if sitting.file not in gone]
    return [*kept, *waiting], [sitting for sitting in found if sitting.file in gone]


def _live(config: Config) -> set[str]:
    """Streams with raw recordings, and their groups."""
    streams = {name.stream for path in config.incoming.iterdir() if (name := recording(path.name))}
    return streams | {group for stream in streams if (group := config.stream(stream).group)}


def _removal(config: Config, note: Note, why: str) -> Removal:
    name = f"{note.id}.json"
    return Removal(name, note.view, (config.notes / note.view / name).stat().st_size, why)
