"""Folds notes into review documents, one for each session: what a page shows beside the pictures. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .documents import Document
from .matches import Match, Sitting
from .names import iso, iso_seconds
from .notes import LABELS, SHOWN, Note

SLACK = 10.0
"""Seconds before its beginning and after its end that still count as the session's: clocks are measured."""


def covers(sitting: Sitting, time: float) -> bool:
    """Whether a moment (epoch seconds) is one of the session's."""
    ended = float("inf") if sitting.ended is None else sitting.ended
    return sitting.started - SLACK <= time <= ended + SLACK


def sitting_of(sittings: Iterable[Sitting], view: str, time: float) -> Sitting | None:
    """The session of the stream `view` that a moment belongs to: the one that it is inside of, else a near one."""

    def distance(sitting: Sitting) -> float:
        ended = float("inf") if sitting.ended is None else sitting.ended
        return max(sitting.started - time, time - ended, 0.0)

    near = [sitting for sitting in sittings if sitting.stream == view and covers(sitting, time)]
    return min(near, key=distance, default=None)


def needed(note: Note, sittings: Iterable[Sitting]) -> bool:
    """Whether a session is there that shows this note, or could."""
    return any(
        covers(sitting, note.time)
        for sitting in sittings
        if sitting.stream == note.view or (note.group and sitting.group == note.group)
    )


@dataclass(frozen=True)
class Folded:
    """Review documents (without the time of their writing) and labels by FILE, and labels by match id.

    `filled` are the FILEs whose document says something.
    """

    documents: Mapping[str, Document] = field(default_factory=dict)
    labels: Mapping[str, Document] = field(default_factory=dict)
    of_matches: Mapping[str, Document] = field(default_factory=dict)
    filled: frozenset[str] = frozenset()


class _Shelf:
    """Notes in order of their moments."""

    def __init__(self, notes: Iterable[Note]) -> None:
        self._notes = sorted(notes, key=lambda note: (note.time, note.id))
        self._times = [note.time for note in self._notes]

    def within(self, sitting: Sitting) -> list[Note]:
        """Those of one session."""
        ended = float("inf") if sitting.ended is None else sitting.ended
        first = bisect_left(self._times, sitting.started - SLACK)
        return self._notes[first : bisect_right(self._times, ended + SLACK)]


def fold(
    notes: Iterable[Note], sittings: Sequence[Sitting], matches: Iterable[Match], clips: Iterable[Document]
) -> Folded:
    """Make the review document of every session.

    Args:
        notes: every note that counts, in any order.
        sittings: every session: what goes on, what is being made, replays.
        matches: what is watched together.
        clips: every clip that was asked for, as a document with view, from and to.
    """
    match_of = {sitting.file: match.id for match in matches for sitting in match.sittings}
    held = list(notes)
    shown = [note for note in held if note.kind in SHOWN]
    by_view = _shelves(shown, lambda note: note.view)
    by_group = _shelves(shown, lambda note: note.group)
    cut = _clips(clips, sittings)
    labels = _labels((note for note in held if note.kind == "label"), sittings, match_of)
    documents: dict[str, Document] = {}
    for sitting in sittings:
        found = by_view[sitting.stream].within(sitting) if sitting.stream in by_view else []
        if sitting.group in by_group:
            found += [note for note in by_group[sitting.group].within(sitting) if note.view != sitting.stream]
            found.sort(key=lambda note: (note.time, note.id))
        match = match_of.get(sitting.file, "")
        documents[sitting.file] = {
            "updated": None,
            "file": sitting.file,
            "match": match,
            "title": sitting.title or None,
            "pinned": sitting.pinned,
            "notes": [_shown(note) for note in found],
            "labels": labels.get(match or sitting.file, {}),
            "clips": cut.get(sitting.file, []),
        }
    of_files = {file: document["labels"] for file, document in documents.items() if document["labels"]}
    of_matches = {match: labels[match] for match in match_of.values() if match in labels}
    said = ("notes", "labels", "clips", "title", "pinned")
    filled = frozenset(file for file, document in documents.items() if any(document[key] for key in said))
    return Folded(documents, of_files, of_matches, filled)


def _shelves(notes: Iterable[Note], key: Any) -> dict[str, _Shelf]:  # noqa: ANN401 - a function of a note
    found: dict[str, list[Note]] = {}
    for note in notes:
        if key(note):
            found.setdefault(key(note), []).append(note)
    return {name: _Shelf(own) for name, own in found.items()}


def _shown(note: Note) -> Document:
    return {
        "id": note.id,
        "author": note.author,
        "kind": note.kind,
        "view": note.view,
        "time": iso(note.time),
        "text": note.rest.get("text", ""),
        "tag": note.rest.get("tag", ""),
    }


def _labels(notes: Iterable[Note], sittings: Sequence[Sitting], match_of: Mapping[str, str]) -> dict[str, Document]:
    """Labels by match id, or by FILE of a session that is in none: of every label the newest word."""
    found: dict[str, Document] = {}
    for note in sorted(notes, key=lambda note: (note.received, note.id)):
        sitting = sitting_of(sittings, note.view, note.time)
        if sitting is None and note.group:
            group = (other for other in sittings if other.group == note.group and covers(other, note.time))
            sitting = next(group, None)
        if sitting:
            found.setdefault(match_of.get(sitting.file) or sitting.file, {}).update(note.rest)
    order = (*LABELS, "tags")
    return {name: kept for name, said in found.items() if (kept := {key: said[key] for key in order if said.get(key)})}


def _clips(clips: Iterable[Document], sittings: Sequence[Sitting]) -> dict[str, list[Document]]:
    """Clips by FILE of every session that shows them: its own and those of its group, by their beginning."""
    groups: dict[str, set[str]] = {}
    for sitting in sittings:
        if sitting.group:
            groups.setdefault(sitting.group, set()).add(sitting.stream)
    found: dict[str, list[Document]] = {}
    for clip in sorted(clips, key=lambda clip: (clip["from"], clip["id"], clip["view"])):
        try:
            first, last = iso_seconds(clip["from"]), iso_seconds(clip["to"])
        except ValueError:
            continue
        for sitting in sittings:
            ended = float("inf") if sitting.ended is None else sitting.ended
            own = sitting.stream == clip["view"] or clip["view"] in groups.get(sitting.group, ())
            if own and first <= ended + SLACK and last >= sitting.started - SLACK:
                found.setdefault(sitting.file, []).append(clip)
    return found
