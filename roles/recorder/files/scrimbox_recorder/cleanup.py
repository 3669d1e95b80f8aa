"""The clean-up: retention, stale HLS, leftovers. Never anything live, unfinished, pinned or set aside."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from . import choices, forgetting, retention
from .config import Config
from .disk import Disk, read_json
from .jobs import Jobs
from .names import recording
from .retention import Limits, Removal, Replay
from .sweep import Sweeper

log = logging.getLogger(__name__)


def plan(config: Config, wall: float) -> list[tuple[Path, Removal]]:
    """What goes now (`wall` in epoch seconds), in the order in which it goes."""
    unfinished = _unfinished(config)
    incoming = [path.name for path in config.incoming.iterdir()]
    active = {name.stream for text in incoming if (name := recording(text))}
    files = _files(config.recordings)
    limits = Limits(
        config.retention_days,
        config.retention_bytes,
        max(0.0, config.retention_free_bytes - free_bytes(config.recordings)) if config.retention_free_bytes else 0,
        config.keep_replays,
    )
    gone = retention.doomed(replays(config, files, unfinished), limits, wall)
    found = [(config.recordings, removal) for removal in retention.removals(gone, files)]
    found += forgetting.along(config, {replay.file for replay, _ in gone}, wall)
    strays = retention.stray_choices(files, incoming, unfinished, wall)
    found += [(config.recordings, removal) for removal in strays]
    found += [(config.hls, removal) for removal in _hls(config, active, unfinished, wall)]
    cut = [folder for folder in (config.clips, config.cutting) if folder.is_dir()]
    for folder in (config.recordings, config.hls, config.state, *cut, *forgetting.folders(config)):
        found += [(folder, removal) for removal in retention.leftovers(_files(folder), wall)]
    return found


def make_room(config: Config, disk: Disk, missing: float, wall: float) -> int:
    """Delete the oldest replays that may go until `missing` bytes more are free; how many bytes went.

    Raises:
        OSError: a folder is missing or cannot be written.
    """
    files = _files(config.recordings)
    limits = Limits(missing=missing, keep=config.keep_replays)
    gone = retention.doomed(replays(config, files, _unfinished(config)), limits, wall)
    notes = forgetting.along(config, {replay.file for replay, _ in gone}, wall) if gone else []
    carry_out([*((config.recordings, removal) for removal in retention.removals(gone, files)), *notes], disk)
    return sum(replay.size for replay, _ in gone)


def carry_out(found: list[tuple[Path, Removal]], disk: Disk) -> None:
    """Remove what was planned and log it: replays file by file, segments and notes in one line per stream."""
    quiet: dict[tuple[str, str], list[int]] = {}
    for folder, gone in found:
        disk.remove(folder / gone.name)
        if _is_one_of_many(gone):
            quiet.setdefault((gone.stream, gone.reason), []).append(gone.size)
        else:
            log.info("%s: removed %s (%.1f MB): %s", gone.stream, folder / gone.name, gone.size / 1e6, gone.reason)
    for (stream, reason), sizes in quiet.items():
        log.info("%s: removed %d files (%.1f MB): %s", stream, len(sizes), sum(sizes) / 1e6, reason)


def describe(found: list[tuple[Path, Removal]], pinned: int) -> list[str]:
    """The plan for a person: a line for each replay or stream and reason, then the sum."""
    groups: dict[tuple[str, str], list[int]] = {}
    for folder, gone in found:
        groups.setdefault((str(_what(folder, gone)), gone.reason), []).append(gone.size)
    lines = [
        f"{what}  {len(sizes)} file(s), {sum(sizes) / 1e6:.1f} MB: {reason}" for (what, reason), sizes in groups.items()
    ]
    total = sum(gone.size for _, gone in found) / 1e6
    return [*lines, f"{len(found)} files, {total:.1f} MB would go; {pinned} pinned replay(s) stay in any case"]


def _what(folder: Path, gone: Removal) -> Path:
    """What a person would say that goes, with a file: a replay, a stream's segments, notes about a stream."""
    if _is_one_of_many(gone):
        return folder / gone.stream if gone.name.endswith(".ts") else folder
    stem = gone.name.split(".")[0]
    return folder / ((stem if gone.name.startswith(stem + ".") else gone.name) or gone.name)


def _is_one_of_many(gone: Removal) -> bool:
    """Segments and notes: nobody wants to read of each."""
    return gone.name.endswith(".ts") or gone.reason in (forgetting.WITH_RECORDING, forgetting.STRAY)


def replays(config: Config, files: retention.Files | None = None, unfinished: Iterable[str] = ()) -> list[Replay]:
    """All replays, oldest first."""
    found = _files(config.recordings) if files is None else files
    pinned = {file for name in found if (file := choices.file_of(name)) and spares(config.recordings, file)}
    return retention.replays(found, set(unfinished), pinned)


def spares(folder: Path, file: str) -> bool:
    """Whether the operator keeps FILE. Choices that cannot be read might say so: they do until they can be read."""
    path = choices.path(folder, file)
    return path.exists() and (read_json(path) is None or choices.load(folder, file).pinned)


def free_bytes(folder: Path) -> float:
    """Bytes that an unprivileged service can still write there."""
    found = os.statvfs(folder)
    return float(found.f_bavail) * found.f_frsize


def _unfinished(config: Config) -> set[str]:
    return {file for job in Jobs(config.finalizing).all() for file in [job.file, *job.files]}


def _hls(config: Config, active: set[str], unfinished: set[str], wall: float) -> list[Removal]:
    sweeper = Sweeper(config, Disk())
    hls = _files(config.hls)
    # What belongs to a stream with recordings in incoming may be in the making.
    playlists = [
        Removal(text, stream, hls[text][0], "nothing needs it")
        for text in sweeper.playlists_to_remove(active, unfinished, wall)
        if (stream := text.lstrip(".").split(".", maxsplit=1)[0]) not in active and text in hls
    ]
    segments = [
        Removal(text, text.rpartition("-")[0], hls[text][0], "no playlist lists it")
        for text in sweeper.forgotten(active, wall)
        if text in hls
    ]
    return playlists + segments


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
