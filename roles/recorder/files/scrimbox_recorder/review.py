"""Review together: takes what viewers write out of the inbox, and keeps a review document beside every session."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from . import choices
from .choices import Choices
from .clips import Clips
from .config import Config
from .disk import Disk, Listing, read_json
from .documents import Document, same
from .folding import Folded, covers, fold, sitting_of
from .inbox import Inbox, Letter
from .matches import Match, Sitting
from .names import is_file_name, iso
from .notebook import Notebook
from .notes import TAKEN_BACK, Note, NoteError, parse
from .placing import orders, place

log = logging.getLogger(__name__)

EARLY = 60.0
"""Seconds by which a moment may lie ahead of the server's clock."""
EACH, CLIPS_EACH = 1000, 100
"""Notes, and clips among them, that one author may write to one recording."""


class Review:
    """Converges /srv/review. Whatever is wrong with it, recordings go on: nothing is raised."""

    def __init__(self, config: Config, disk: Disk, clips: Clips) -> None:
        self._config = config
        self._disk = disk
        self._clips = clips
        self._inbox = Inbox(config.inbox, config.refused, disk)
        self._notebook = Notebook(config.notes, disk)
        self._shelf = Listing(config.shown)
        self._written: dict[str, Document] = {}
        self._seen: _Seen | None = None
        self._folded = Folded()

    def take(self, sittings: Sequence[Sitting], match_of: Mapping[str, str], wall: float) -> None:
        """Take what waits in the inbox.

        Args:
            sittings: every session.
            match_of: match id by FILE of those that are in a match.
            wall: epoch seconds.
        """
        try:
            letters = self._inbox.look(wall)
            if letters:
                self._notebook.look()
            for letter in letters:
                self._take(letter, _Scene(sittings, match_of, wall))
        except OSError as error:
            log.error("review: %s", error)

    def fold(self, sittings: Sequence[Sitting], matches: Iterable[Match], made: Collection[str], wall: float) -> Folded:
        """Bring the review documents up to date; what they say. The same object while nothing has changed.

        Args:
            sittings: every session; the same object while nothing has changed.
            matches: what is watched together.
            made: FILE of every finished replay: it has a document only where there is something to say.
            wall: epoch seconds.
        """
        try:
            if self._seen is None or sittings is not self._seen.sittings:
                self._notebook.look()
            seen = _Seen(sittings, self._clips.all(), self._notebook.version, self._shelf.names())
            if self._seen is None or not seen.same_as(self._seen):
                self._seen = None
                self._folded = fold(self._notebook.standing(), sittings, matches, seen.clips)
                self._write(seen.names, made, wall)
                self._seen = seen
        except OSError as error:
            log.error("review: %s", error)
        except Exception:
            # Whatever stands in these files, nobody's recording waits for it.
            log.exception("review: the documents could not be made")
        return self._folded

    def _write(self, names: Collection[str], made: Collection[str], wall: float) -> None:
        """Write the documents that say something new, and remove those of sessions that are gone."""
        wanted = {
            f"{file}.json": document
            for file, document in self._folded.documents.items()
            if file not in made or file in self._folded.filled
        }
        for name, document in wanted.items():
            before = self._written.get(name) or read_json(self._config.shown / name)
            if name not in names or not isinstance(before, dict) or not same(before, document):
                before = {**document, "updated": iso(wall)}
                self._disk.write_json(self._config.shown / name, before)
            self._written[name] = before
        for name in names:
            if name not in wanted and is_file_name(name.partition(".")[0]):
                self._disk.remove(self._config.shown / name)
                self._written.pop(name, None)

    def _take(self, letter: Letter, scene: _Scene) -> None:
        """Take one note out of the inbox. It goes last: who is killed before does all of it again."""
        try:
            self._accept(letter, scene)
        except NoteError as fault:
            self._inbox.refuse(letter, str(fault), scene.wall)
        except OSError:
            raise
        except Exception:
            # One note must not keep the others, or a recording, waiting.
            log.exception("review: a note of %s could not be taken", letter.author or "nobody")
            self._inbox.refuse(letter, "it could not be taken; the journal says why", scene.wall)
        else:
            self._inbox.done(letter)

    def _accept(self, letter: Letter, scene: _Scene) -> None:
        if not letter.regular:
            raise NoteError("it is no file")
        if not letter.note:
            raise NoteError("its name is not ID.json, ID being 16 of 0-9 a-f")
        known = self._notebook.get(letter.note)
        if known and known.author != letter.author:
            raise NoteError("another author has a note of this ID")
        # What comes twice is a page that has not heard the answer; what its author has taken back stays away.
        if known or self._notebook.is_taken_back(letter.note):
            return
        note = parse(letter.note, letter.author, letter.text, scene.wall)
        if note.kind == "remove":
            self._take_back(note)
            return
        if note.time > scene.wall + EARLY:
            raise NoteError("time: it lies ahead")
        sitting = place(note, scene.sittings)
        note = replace(note, group=sitting.group)
        self._check_room(note, sitting)
        self._act(note, sitting, scene)
        self._notebook.keep(note)

    def _take_back(self, note: Note) -> None:
        """Delete the note that this one takes back, and whatever was made of it."""
        target = self._notebook.get(note.rest["note"])
        if target is None or target.author != note.author:
            # A clip outlives its recording, and the recording's notes.
            if target or not self._clips.remove(note.rest["note"], note.author):
                raise NoteError("note: there is none of this ID that is yours")
            return
        if target.kind not in TAKEN_BACK:
            raise NoteError(f"note: only {', '.join(TAKEN_BACK)} can be taken back")
        if target.kind == "clip":
            self._clips.remove(target.id, target.author)
        self._notebook.keep(replace(note, view=target.view, time=target.time, group=target.group))
        self._notebook.drop(target)

    def _check_room(self, note: Note, sitting: Sitting) -> None:
        own = [
            other
            for other in self._notebook.of_view(note.view)
            if other.author == note.author and covers(sitting, other.time)
        ]
        if len(own) >= EACH:
            raise NoteError(f"allowed are {EACH} notes of one author to one recording")
        if note.kind == "clip" and sum(other.kind == "clip" for other in own) >= CLIPS_EACH:
            raise NoteError(f"allowed are {CLIPS_EACH} clips of one author from one recording")

    def _act(self, note: Note, sitting: Sitting, scene: _Scene) -> None:
        """Do what a note asks for, besides being shown. To do it twice changes nothing."""
        if note.kind == "title":
            self._choose(sitting, title=note.rest["title"])
        elif note.kind == "pin":
            self._choose(sitting, pinned=note.rest["pinned"])
        elif note.kind == "align":
            found = {view: sitting_of(scene.sittings, view, note.time) for view in note.rest["offsets"]}
            if not any(found.values()):
                raise NoteError("offsets: there is no recording of these streams at this time")
            for view, moved in found.items():
                if moved:
                    self._choose(moved, alignment_ms=note.rest["offsets"][view])
        elif note.kind == "clip":
            for order in orders(note, scene.sittings, scene.match_of):
                self._clips.order(order)

    def _choose(self, sitting: Sitting, **chosen: object) -> None:
        folder = self._config.recordings
        before = choices.load(folder, sitting.file)
        after: Choices = replace(before, **chosen)  # type: ignore[arg-type]
        if after != before:
            choices.save(self._disk, folder, sitting.file, after)


@dataclass(frozen=True)
class _Scene:
    """What a note is held against: every session, match ids by FILE, and the clock (epoch seconds)."""

    sittings: Sequence[Sitting]
    match_of: Mapping[str, str]
    wall: float


class _Seen:
    """What the documents were made of."""

    def __init__(
        self, sittings: Sequence[Sitting], clips: Sequence[Document], version: int, names: tuple[str, ...]
    ) -> None:
        self.sittings = sittings
        self.clips = clips
        self.version = version
        self.names = names

    def same_as(self, other: _Seen) -> bool:
        """Whether nothing has changed. Each of these keeps its object while it says the same."""
        kept = self.sittings is other.sittings and self.clips is other.clips and self.names is other.names
        return kept and self.version == other.version
