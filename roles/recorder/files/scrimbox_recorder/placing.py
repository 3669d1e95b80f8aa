"""Which sessions a note is about, and what is to be cut for one that asks for a clip. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .clips import Order
from .folding import SLACK, sitting_of
from .matches import Sitting
from .names import iso_seconds
from .notes import Note, NoteError


def place(note: Note, sittings: Sequence[Sitting]) -> Sitting:
    """The session that a note is about.

    Raises:
        NoteError: there is none, or not of every view of a clip.
    """
    if note.kind == "clip":
        found = _seen_by(note, sittings)
        if len(found) < len(note.rest["views"]):
            raise NoteError("views, from, to: there is no recording of each of these streams at this time")
        return found[note.view]
    sitting = sitting_of(sittings, note.view, note.time)
    if sitting is None:
        raise NoteError("view, time: there is no recording of this stream at this time")
    return sitting


def orders(note: Note, sittings: Sequence[Sitting], match_of: Mapping[str, str]) -> Iterable[Order]:
    """What is to be cut for a clip note: of every view the same moments, each on its own clock.

    Args:
        note: one that `place` found a session for.
        sittings: every session.
        match_of: match id by FILE.
    """
    length = iso_seconds(note.rest["to"]) - note.time
    found = _seen_by(note, sittings)
    common = note.time + found[note.view].alignment_ms / 1000
    for view, sitting in found.items():
        start = common - sitting.alignment_ms / 1000
        title, match = note.rest.get("title", ""), match_of.get(sitting.file, "")
        yield Order(note.id, note.author, title, view, start, start + length, match, note.received)


def _seen_by(note: Note, sittings: Sequence[Sitting]) -> dict[str, Sitting]:
    """The session of each view of a clip note, as far as there is one."""
    length = iso_seconds(note.rest["to"]) - note.time
    first = _overlapping(sittings, note.view, note.time, length)
    if first is None:
        return {}
    # A moment of one view is another one of the next, where they have been aligned.
    common = note.time + first.alignment_ms / 1000
    found = {view: _overlapping(sittings, view, common, length, aligned=True) for view in note.rest["views"]}
    return {view: sitting for view, sitting in {**found, note.view: first}.items() if sitting}


def _overlapping(
    sittings: Iterable[Sitting], view: str, time: float, length: float, *, aligned: bool = False
) -> Sitting | None:
    """The first session of a stream that has something of the `length` seconds from `time` on."""
    for sitting in sittings:
        ended = float("inf") if sitting.ended is None else sitting.ended
        first = time - sitting.alignment_ms / 1000 if aligned else time
        if sitting.stream == view and first <= ended + SLACK and first + length >= sitting.started - SLACK:
            return sitting
    return None
