"""Which replays have to go, by age, by size and for space; and what else nothing needs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import choices
from .names import is_file_name, iso, recording, split_file, stamp_seconds

DAY = 86400
Files = Mapping[str, "tuple[int, float]"]
"""Size in bytes and modification time (epoch seconds) by name."""


@dataclass(frozen=True)
class Removal:
    """A file that goes, its bytes, and why; `stream` is empty where no stream can be named."""

    name: str
    stream: str
    size: int
    reason: str


@dataclass(frozen=True)
class Replay:
    """All files of one FILE, the sidecar first; `born` in epoch seconds; a `pinned` one is the operator's alone."""

    file: str
    names: tuple[str, ...]
    size: int
    born: float
    pinned: bool = False


@dataclass(frozen=True)
class Limits:
    """What may stay: `days` of age, `size` bytes in all, until `missing` bytes more are free; 0 switches each off.

    The newest `keep` replays never go for size or space.
    """

    days: float = 0
    size: float = 0
    missing: float = 0
    keep: int = 0


def stems(names: Iterable[str]) -> dict[str, list[str]]:
    """Files by FILE; the sidecar first, so that no document shows a replay whose video has gone."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=_going):
        stem = name.split(".")[0]
        if is_file_name(stem):
            found.setdefault(stem, []).append(name)
    return found


def replays(files: Files, unfinished: Collection[str] = (), pinned: Collection[str] = ()) -> list[Replay]:
    """The replays among the files, oldest first.

    Args:
        files: what lies in the folder of replays.
        unfinished: FILEs that are being made: no replays yet.
        pinned: FILEs that the operator keeps.
    """
    found = []
    for file, names in stems(files).items():
        if file not in unfinished and any(not choices.file_of(name) for name in names):
            size = sum(files[name][0] for name in names)
            found.append(Replay(file, tuple(names), size, _born(file, names, files), file in pinned))
    return sorted(found, key=lambda replay: (replay.born, replay.file))


def born(file: str, changed: float) -> float:
    """Epoch second from which a replay's age counts; `changed`: when its sidecar was written.

    The younger of both times counts: a clock that was wrong once must not delete anything.
    """
    return max(stamp_seconds(split_file(file)[1]), changed)


def expires(file: str, changed: float, days: float, *, pinned: bool) -> str | None:
    """When age will remove a replay (UTC ISO 8601), for the documents; None if never.

    Args:
        file: FILE.
        changed: modification time of its sidecar, epoch seconds.
        days: how old replays may become, 0 = any age.
        pinned: whether the operator keeps it.
    """
    return None if pinned or not days else iso(born(file, changed) + days * DAY)


def doomed(found: Sequence[Replay], limits: Limits, now: float) -> list[tuple[Replay, str]]:
    """Which of the replays (oldest first) go at the epoch second `now`, and why."""
    gone: dict[str, tuple[Replay, str]] = {}
    for replay in found:
        age = (now - replay.born) / DAY
        if limits.days and age > limits.days and not replay.pinned:
            gone[replay.file] = (replay, f"{age:.0f} days old, {limits.days:g} are kept")
    spared = {replay.file for replay in found[max(0, len(found) - limits.keep) :]}
    total = sum(replay.size for replay in found)
    freed = sum(replay.size for replay, _ in gone.values())
    for replay in found:
        if replay.pinned or replay.file in spared or replay.file in gone:
            continue
        if limits.size and total - freed > limits.size:
            reason = f"all replays take {(total - freed) / 1e9:.1f} GB, {limits.size / 1e9:g} GB may stay"
        elif limits.missing > freed:
            reason = f"{(limits.missing - freed) / 1e9:.1f} GB more must be free"
        else:
            break
        gone[replay.file] = (replay, reason)
        freed += replay.size
    return list(gone.values())


def removals(gone: Iterable[tuple[Replay, str]], files: Files) -> list[Removal]:
    """Every file of the replays that go."""
    return [
        Removal(name, split_file(replay.file)[0], files[name][0], reason)
        for replay, reason in gone
        for name in replay.names
    ]


def leftovers(files: Files, now: float) -> list[Removal]:
    """Temporary files that a killed process left more than a day ago."""
    return [
        Removal(name, name.lstrip(".").split(".")[0], size, "left by a process that was killed")
        for name, (size, changed) in sorted(files.items())
        if (name.startswith(".") and name.endswith(".tmp")) or name.endswith(".m3u8.bak")
        if now - changed > DAY
    ]


def stray_choices(files: Files, incoming: Iterable[str], unfinished: Collection[str], now: float) -> list[Removal]:
    """Choices for a FILE that does not exist: no replay, no job, no session of its stream. They go after a day."""
    active = {name.stream for text in incoming if (name := recording(text))}
    held = {replay.file for replay in replays(files)}
    return [
        Removal(name, split_file(file)[0], size, "chosen for a recording that does not exist")
        for name, (size, changed) in sorted(files.items())
        if (file := choices.file_of(name)) and file not in held and file not in unfinished
        if split_file(file)[0] not in active and now - changed > DAY
    ]


def _going(name: str) -> tuple[int, str]:
    """The order in which the files of a replay go. What was chosen goes last: until then it could still be pinned."""
    return (2 if choices.file_of(name) else 0 if name.endswith(".json") else 1, name)


def _born(file: str, names: Iterable[str], files: Files) -> float:
    # Titles, posters and thumbnails may be made anew at any time; that makes no replay younger.
    made = [files[name][1] for name in names if name in (f"{file}.json", f"{file}.mp4")]
    return born(file, max(made or [files[name][1] for name in names if not choices.file_of(name)]))
