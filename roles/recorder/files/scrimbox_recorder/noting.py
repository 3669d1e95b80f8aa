"""What the operator may do about the notes of viewers: see those of a recording, and take one back for its author."""

from __future__ import annotations

import json
import secrets

from . import choosing
from .choosing import ChoiceError
from .config import Config
from .disk import Disk
from .folding import SLACK
from .names import iso, split_file, stamp_seconds
from .notebook import Notebook
from .notes import ID, TAKEN_BACK, Note

_INSTEAD = {"title": "`make title`", "pin": "`make unpin`", "align": "`scrimbox-recorder align`"}


def listed(config: Config, disk: Disk, given: str) -> str:
    """The notes of a recording, one a line, in their order: when, of whom, what, and the ID that names it.

    Raises:
        ChoiceError: there is no such recording.
        OSError: the notes cannot be read.
    """
    file = choosing.find(config, given)
    stream, stamp = split_file(file)
    own = [split_file(other)[1] for other in choosing.recordings(config) if split_file(other)[0] == stream]
    first = stamp_seconds(stamp) - SLACK
    behind = min((stamp_seconds(other) - SLACK for other in own if other > stamp), default=float("inf"))
    found = [note for note in _notebook(config, disk).standing() if note.view == stream and first <= note.time < behind]
    found = [note for note in found if note.kind in TAKEN_BACK]
    shown = sorted(found, key=lambda note: (note.time, note.id))
    return "\n".join(_line(note) for note in shown) or f"{file} has no notes"


def take_back(config: Config, disk: Disk, given: str) -> str:
    """Delete a note, and the clips that it asked for: the recorder is told what its author could have told it.

    Raises:
        ChoiceError: there is no such note, or it is of a kind that another command changes.
        OSError: the notes cannot be read, or the inbox cannot be written.
    """
    note = _notebook(config, disk).get(given) if ID.fullmatch(given) else None
    if note is None or note.kind == "remove":
        raise ChoiceError(
            f"note: {given!r} is not known; allowed is an ID, 16 of 0-9 a-f: `make notes HOST=… FILE=…` lists those of "
            "a recording. A clip whose recording has gone is deleted by `make unclip`"
        )
    if note.kind not in TAKEN_BACK:
        raise ChoiceError(f"note: {given!r} is a {note.kind}; allowed is {_INSTEAD[note.kind]} instead")
    letter = config.inbox / f"{note.author}.{secrets.token_hex(8)}.json"
    disk.write_json(letter, {"kind": "remove", "note": note.id})
    return f"deleted with the recorder's next look: {_line(note)}"


def _notebook(config: Config, disk: Disk) -> Notebook:
    notebook = Notebook(config.notes, disk)
    notebook.look()
    return notebook


def _line(note: Note) -> str:
    said = {key: value for key, value in note.rest.items() if value}
    words = " ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in said.items())
    return f"{note.id} {iso(note.time)} {note.author} {note.kind} {words}".rstrip()
