"""Which replays have outlived their time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .names import is_file_name, split_file, stamp_seconds

DAY = 86400


@dataclass(frozen=True)
class Removal:
    """A file that goes, its bytes, and why; `stream` is empty where no stream can be named."""

    name: str
    stream: str
    size: int
    reason: str


def stems(names: Iterable[str]) -> dict[str, list[str]]:
    """Files by FILE; the sidecar first, so that no document shows a replay whose video has gone."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (not name.endswith(".json"), name)):
        stem = name.split(".")[0]
        if is_file_name(stem):
            found.setdefault(stem, []).append(name)
    return found


def expired(files: Mapping[str, tuple[int, float]], days: float, now: float, unfinished: set[str]) -> list[Removal]:
    """Files of replays older than `days`; 0 keeps all.

    Args:
        files: size and modification time (epoch seconds) by name.
        days: age in days.
        now: epoch seconds.
        unfinished: FILEs that are being made.
    """
    if not days:
        return []
    gone = []
    for stem, names in stems(files).items():
        # The younger of both times counts: a clock that was wrong once must not delete anything.
        stream, stamp = split_file(stem)
        born = max(stamp_seconds(stamp), *(files[name][1] for name in names))
        age = (now - born) / DAY
        if stem not in unfinished and age > days:
            gone += [Removal(name, stream, files[name][0], f"{age:.0f} days old, {days:g} are kept") for name in names]
    return gone


def leftovers(files: Mapping[str, tuple[int, float]], now: float) -> list[Removal]:
    """Temporary files that a killed process left more than a day ago."""
    return [
        Removal(name, name.lstrip(".").split(".")[0], size, "left by a process that was killed")
        for name, (size, changed) in sorted(files.items())
        if (name.startswith(".") and name.endswith(".tmp")) or name.endswith(".m3u8.bak")
        if now - changed > DAY
    ]
