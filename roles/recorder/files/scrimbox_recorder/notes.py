"""What viewers write: notes, each checked before it counts for anything. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from .names import STREAM_ID, iso, iso_seconds

SIZE = 4096
"""Bytes of a note, at most."""
AUTHOR = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
ID = re.compile(r"[0-9a-f]{16}")
TEXT, TAG, TITLE, LABEL = 280, 24, 200, 80
"""Characters of a marker's text, of a tag, of a title and of a label, at most."""
TAGS = 12
VIEWS = 9
"""Views of one clip, at most."""
CLIP_SECONDS = 600.0
ALIGNMENT = 3_600_000
"""Milliseconds by which a session may be moved against the others of its match, at most."""
LABELS = ("opponent", "map", "result", "patch")
SHOWN = ("marker", "round")
"""Kinds that stand in review documents as they are."""
TAKEN_BACK = (*SHOWN, "clip", "label")
"""Kinds that can be taken back; of the others the next word counts."""
_JOINERS = ("\u200c", "\u200d")


class NoteError(ValueError):
    """A note that does not count; the message says which rule it breaks, and holds nothing of what was written."""


@dataclass(frozen=True)
class Note:
    """One note: of whom, about which moment (`time`, epoch seconds) of which `view`, and when it came.

    `group` is the view's when the note came; `rest` is what its kind has besides.
    """

    id: str
    author: str
    kind: str
    view: str
    time: float
    received: float
    group: str = ""
    rest: Mapping[str, Any] = field(default_factory=dict)


def parse(note_id: str, author: str, text: bytes, received: float) -> Note:
    """Read what a viewer has written.

    Args:
        note_id: ID, from the file's name.
        author: who was logged in, from the file's name.
        text: what the file holds.
        received: when it came, epoch seconds.

    Raises:
        NoteError: it is not allowed, and why.
    """
    if len(text) > SIZE:
        raise NoteError(f"it is larger than {SIZE} bytes")
    try:
        data = json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NoteError("it is no JSON in UTF-8") from None
    if not isinstance(data, dict):
        raise NoteError("it is no JSON object")
    kind = data.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise NoteError(f"kind: allowed is {', '.join(_KINDS)}")
    return _note(note_id, author, kind, _checked(kind, data), received)


def dump(note: Note) -> dict[str, Any]:
    """What is kept of a note."""
    head = {"id": note.id, "author": note.author, "received": iso(note.received), "kind": note.kind}
    return {**head, "view": note.view, "time": iso(note.time), "group": note.group, **note.rest}


def load(data: object) -> Note:
    """Read what `dump` made.

    Raises:
        NoteError: it cannot be understood.
    """
    try:
        rest = dict(data)  # type: ignore[call-overload]
        head = [rest.pop(key) for key in ("id", "author", "kind", "view", "group")]
        time, received = iso_seconds(rest.pop("time")), iso_seconds(rest.pop("received"))
    except (KeyError, TypeError, ValueError):
        raise NoteError("it is no note") from None
    note_id, author, kind, view, group = head
    sound = all(isinstance(text, str) for text in head) and ID.fullmatch(note_id) and kind in _KINDS
    if not sound or not AUTHOR.fullmatch(author) or not STREAM_ID.fullmatch(view):
        raise NoteError("it is no note")
    return Note(note_id, author, kind, view, time, received, group, _checked(kind, rest, kept=True))


def clean(text: str) -> str:
    """One line without what cannot be seen: controls, line breaks, marks that turn the direction of reading."""
    kept = []
    for letter in text:
        category = unicodedata.category(letter)
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category != "Cs" and (category != "Cf" or letter in _JOINERS):
            kept.append(letter)
    return " ".join("".join(kept).split())


def _note(note_id: str, author: str, kind: str, found: dict[str, Any], received: float) -> Note:
    if kind == "remove":
        return Note(note_id, author, kind, "", 0.0, received, rest=found)
    if kind == "clip":
        if not 0 <= iso_seconds(found["to"]) - iso_seconds(found["from"]) <= CLIP_SECONDS:
            raise NoteError(f"to: allowed is from the beginning to {CLIP_SECONDS / 60:g} minutes after it")
        return Note(note_id, author, kind, found["views"][0], iso_seconds(found["from"]), received, rest=found)
    if kind == "label" and not found.keys() & {*LABELS, "tags"}:
        raise NoteError(f"label: give at least one of {', '.join(LABELS)}, tags")
    view, time = found.pop("view"), iso_seconds(found.pop("time"))
    return Note(note_id, author, kind, view, time, received, rest=found)


def _checked(kind: str, data: dict[str, Any], *, kept: bool = False) -> dict[str, Any]:
    """The fields of a note, cleaned."""
    fields, optional = _KINDS[kind]
    needed = {key: check for key, check in fields.items() if not kept or key not in ("view", "time")}
    missing = sorted(needed.keys() - data.keys() - optional)
    if missing or data.keys() - needed.keys():
        raise NoteError(f"{kind}: allowed is exactly {', '.join(sorted(needed))}")
    return {key: check(key, data[key]) for key, check in needed.items() if key in data}


def _no_number(name: str) -> float:
    raise ValueError(name)


def _text(most: int) -> Callable[[str, object], str]:
    def check(key: str, value: object) -> str:
        found = clean(value) if isinstance(value, str) else None
        if found is None or len(found) > most:
            raise NoteError(f"{key}: allowed is a text of at most {most} characters")
        return found

    return check


def _name(key: str, value: object) -> str:
    if not isinstance(value, str) or not STREAM_ID.fullmatch(value):
        raise NoteError(f"{key}: allowed is the id of a stream")
    return value


def _moment(key: str, value: object) -> str:
    try:
        return iso(iso_seconds(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise NoteError(f"{key}: allowed is UTC as 2026-01-01T20:15:30.000Z") from None


def _switch(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise NoteError(f"{key}: allowed is true or false")
    return value


def _id(key: str, value: object) -> str:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise NoteError(f"{key}: allowed is the ID of a note, 16 of 0-9 a-f")
    return value


def _views(key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= VIEWS:
        raise NoteError(f"{key}: allowed is a list of 1 to {VIEWS} ids of streams")
    found = [_name(key, view) for view in value]
    if len(set(found)) != len(found):
        raise NoteError(f"{key}: give every stream once")
    return found


def _tags(key: str, value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > TAGS:
        raise NoteError(f"{key}: allowed is a list of at most {TAGS} texts")
    return list(dict.fromkeys(tag for text in value if (tag := _text(TAG)(key, text))))


def _offsets(key: str, value: object) -> dict[str, int]:
    if not isinstance(value, dict) or not value:
        raise NoteError(f"{key}: allowed is an object of milliseconds by stream id")
    return {_name(key, view): _milliseconds(key, number) for view, number in value.items()}


def _milliseconds(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= ALIGNMENT:
        raise NoteError(f"{key}: allowed are milliseconds from -{ALIGNMENT} to {ALIGNMENT}")
    return round(value)


_WHERE: dict[str, Callable[[str, object], Any]] = {"view": _name, "time": _moment}
_KINDS: dict[str, tuple[dict[str, Callable[[str, object], Any]], set[str]]] = {
    "marker": ({**_WHERE, "text": _text(TEXT), "tag": _text(TAG)}, {"text", "tag"}),
    "round": ({**_WHERE, "text": _text(TEXT)}, {"text"}),
    "remove": ({"note": _id}, set()),
    "clip": ({"views": _views, "from": _moment, "to": _moment, "title": _text(TITLE)}, {"title"}),
    "align": ({**_WHERE, "offsets": _offsets}, set()),
    "label": ({**_WHERE, **{name: _text(LABEL) for name in LABELS}, "tags": _tags}, {*LABELS, "tags"}),
    "title": ({**_WHERE, "title": _text(TITLE)}, set()),
    "pin": ({**_WHERE, "pinned": _switch}, set()),
}
"""By kind: how each field is checked, and which may be left out."""
