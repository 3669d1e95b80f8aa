"""The daily clean-up: retention, stale HLS, leftovers. Never anything live, unfinished or set aside."""

from __future__ import annotations

import logging
from pathlib import Path

from . import retention
from .config import Config
from .disk import Disk
from .jobs import Jobs
from .names import recording
from .retention import Removal
from .sweep import Sweeper

log = logging.getLogger(__name__)


def plan(config: Config, wall: float) -> list[tuple[Path, Removal]]:
    """What goes now (`wall` in epoch seconds), in the order in which it goes."""
    jobs = Jobs(config.finalizing).all()
    unfinished = {file for job in jobs for file in [job.file, *job.files]}
    active = {name.stream for path in config.incoming.iterdir() if (name := recording(path.name))}
    found: list[tuple[Path, Removal]] = []
    replays = _files(config.recordings)
    found += [(config.recordings, gone) for gone in retention.expired(replays, config.retention_days, wall, unfinished)]
    sweeper = Sweeper(config, Disk())
    hls = _files(config.hls)
    # What belongs to a stream with recordings in incoming may be in the making.
    playlists = sweeper.playlists_to_remove(active, unfinished, wall)
    found += [
        (config.hls, Removal(text, stream, hls[text][0], "nothing needs it"))
        for text in playlists
        if (stream := text.lstrip(".").split(".", maxsplit=1)[0]) not in active and text in hls
    ]
    found += [
        (config.hls, Removal(text, text.rpartition("-")[0], hls[text][0], "no playlist lists it"))
        for text in sweeper.forgotten(active, wall)
        if text in hls
    ]
    for folder in (config.recordings, config.hls, config.state):
        found += [(folder, gone) for gone in retention.leftovers(_files(folder), wall)]
    return found


def carry_out(found: list[tuple[Path, Removal]], disk: Disk) -> None:
    """Remove what was planned and log it: replays file by file, the rest in one line per stream."""
    quiet: dict[tuple[str, str], list[int]] = {}
    for folder, gone in found:
        disk.remove(folder / gone.name)
        if gone.name.endswith(".ts"):
            quiet.setdefault((gone.stream, gone.reason), []).append(gone.size)
        else:
            log.info("%s: removed %s (%.1f MB): %s", gone.stream, folder / gone.name, gone.size / 1e6, gone.reason)
    for (stream, reason), sizes in quiet.items():
        log.info("%s: removed %d segments (%.1f MB): %s", stream, len(sizes), sum(sizes) / 1e6, reason)


def _files(folder: Path) -> dict[str, tuple[int, float]]:
    files = {}
    for path in folder.iterdir():
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        if not path.is_dir():
            files[path.name] = (status.st_size, status.st_mtime)
    return files
