"""The notes that count, each a file of its own: VIEW/ID.json. Restored or deleted ones are noticed."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from .disk import Disk, Listing, read_json
from .names import STREAM_ID
from .notes import ID, Note, NoteError, dump, load

log = logging.getLogger(__name__)


class Notebook:
    """Remembers what it has read. `version` is another number after every change."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._views = Listing(folder)
        self._listings: dict[str, Listing] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._notes: dict[str, Note] = {}
        self._by_view: dict[str, dict[str, Note]] = {}
        self._taken_back: set[str] = set()
        self.version = 0

    def look(self) -> None:
        """Take in what others have done to the folder.

        Raises:
            OSError: the folder cannot be read.
        """
        views = [view for view in self._views.names() if STREAM_ID.fullmatch(view)]
        for view in views:
            listing = self._listings.setdefault(view, Listing(self._folder / view))
            names = listing.names()
            if names is not self._names.get(view):
                self._names[view] = names
                self._reread(view, names)
        for gone in self._listings.keys() - set(views):
            del self._listings[gone], self._names[gone]
            self._reread(gone, ())

    def all(self) -> Collection[Note]:
        """Every note, also what takes another one back."""
        return self._notes.values()

    def get(self, note_id: str) -> Note | None:
        """The note of this ID."""
        return self._notes.get(note_id)

    def of_view(self, view: str) -> Collection[Note]:
        """Every note about one stream."""
        return self._by_view.get(view, {}).values()

    def is_taken_back(self, note_id: str) -> bool:
        """Whether its author has removed the note of this ID."""
        return note_id in self._taken_back

    def standing(self) -> list[Note]:
        """Every note that has not been taken back."""
        return [note for note in self._notes.values() if note.id not in self._taken_back]

    def keep(self, note: Note) -> None:
        """Write a note down, down to the platter."""
        folder = self._folder / note.view
        self._disk.make_folder(folder)
        self._disk.write_json(folder / f"{note.id}.json", dump(note), 0o600, durable=True)
        self._add(note)

    def drop(self, note: Note) -> None:
        """Delete a note."""
        self._disk.remove(self._folder / note.view / f"{note.id}.json")
        self._forget(note)

    def _add(self, note: Note) -> None:
        self._notes[note.id] = note
        self._by_view.setdefault(note.view, {})[note.id] = note
        if note.kind == "remove":
            self._taken_back.add(note.rest["note"])
        self.version += 1

    def _forget(self, note: Note) -> None:
        self._notes.pop(note.id, None)
        self._by_view[note.view].pop(note.id, None)
        if note.kind == "remove":
            self._taken_back.discard(note.rest["note"])
        self.version += 1

    def _reread(self, view: str, names: tuple[str, ...]) -> None:
        found = {name[:-5] for name in names if name.endswith(".json") and ID.fullmatch(name[:-5])}
        known = self._by_view.get(view, {})
        for note_id in known.keys() - found:
            self._forget(known[note_id])
        for note_id in sorted(found - known.keys()):
            path = self._folder / view / f"{note_id}.json"
            try:
                note = load(read_json(path))
            except NoteError as fault:
                log.warning("review: %s is passed over: %s", path, fault)
                continue
            if (note.id, note.view) == (note_id, view) and note_id not in self._notes:
                self._add(note)
