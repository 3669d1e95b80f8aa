"""Matches: the sessions of a declared group of streams that overlap in time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .names import iso, split_file


@dataclass(frozen=True)
class Sitting:
    """One session of a stream that belongs to a group; times in epoch seconds, `ended` is None while it goes on.

    `match` is the id under which the session was known when it ended: links to it must stay. `title` (empty: the
    stream's) and `pinned` are what was chosen for it.
    """

    file: str
    group: str
    started: float
    ended: float | None
    match: str = ""
    alignment_ms: int = 0
    title: str = ""
    pinned: bool = False

    @property
    def stream(self) -> str:
        """Stream id."""
        return split_file(self.file)[0]


@dataclass(frozen=True)
class Match:
    """At least two sittings of a group, one overlapping the other, in the order in which they began."""

    id: str
    group: str
    sittings: tuple[Sitting, ...]


def find(sittings: Iterable[Sitting]) -> list[Match]:
    """Every match among the sittings, newest first.

    Its id is the group with the second in which it began, like FILE, or what its oldest member remembers: the first
    of them may have been deleted.
    """
    groups: dict[str, list[Sitting]] = {}
    for sitting in sittings:
        if sitting.group:
            groups.setdefault(sitting.group, []).append(sitting)
    found = [match for group, members in groups.items() for match in _of(group, members)]
    return sorted(found, key=lambda match: (match.sittings[0].started, match.id), reverse=True)


def ids(matches: Iterable[Match]) -> dict[str, str]:
    """Match id by FILE."""
    return {sitting.file: match.id for match in matches for sitting in match.sittings}


def document(match: Match) -> dict[str, Any]:
    """What the index says of a match."""
    return {
        "id": match.id,
        "group": match.group,
        "started": iso(match.sittings[0].started),
        "sessions": [
            {
                "id": sitting.stream,
                "file": sitting.file,
                "started": iso(sitting.started),
                "ended": None if sitting.ended is None else iso(sitting.ended),
                "alignment_ms": sitting.alignment_ms,
            }
            for sitting in match.sittings
        ],
    }


def _of(group: str, members: list[Sitting]) -> list[Match]:
    runs: list[list[Sitting]] = []
    end = float("-inf")
    for sitting in sorted(members, key=lambda sitting: (sitting.started, sitting.file)):
        if not runs or sitting.started >= end:
            runs.append([])
            end = float("-inf")
        runs[-1].append(sitting)
        end = max(end, float("inf") if sitting.ended is None else sitting.ended)
    # What is left of a match whose other members have been deleted keeps its link, and stays one match.
    found: dict[str, list[Sitting]] = {}
    for run in runs:
        if len(run) > 1 or run[0].match:
            found.setdefault(_id(group, run), []).extend(run)
    return [Match(match, group, tuple(members)) for match, members in found.items()]


def _id(group: str, run: list[Sitting]) -> str:
    remembered = [sitting.match for sitting in run if sitting.match]
    return remembered[0] if remembered else f"{group}-{split_file(run[0].file)[1]}"
