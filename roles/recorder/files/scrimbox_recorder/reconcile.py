"""One pass: look at the disk, work out each session, converge. Run it twice and the second run does nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Callable

from . import choices, jobs, matches, measure, replays, retention
from .aside import Aside
from .attempts import MUTE, NOBODY, Attempts, Listener
from .clips import Clips
from .closing import Closer
from .config import Config
from .disk import Disk, Listing, is_being_written, read_json
from .documents import Document, Live, disk_document, index_document, stream_document
from .folding import Folded
from .guard import Guard, Health
from .ingest import Ingest
from .jobs import Job, Jobs
from .matches import Match, Sitting
from .names import closed_playlist, live_playlist, recording, split_file, stamp_seconds
from .order import Order
from .publish import INDEX, Publisher
from .replays import Replays
from .review import Review
from .sessions import Phase, Session, leftovers, split
from .sweep import Sweeper
from .watch import Entry, Recording, Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class World:
    """What a pass asks besides the folders; tests put their own in its place."""

    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep


class Recorder:
    """Makes passes. What it remembers between them is only when sizes changed; everything else is on the disk."""

    def __init__(
        self, config: Config, disk: Disk, world: World | None = None, listener: Listener | None = None
    ) -> None:
        """Remember nothing yet; `listener` hears of attempts to publish: the service alone has one."""
        self._config = config
        self._disk = disk
        self._world = world or World()
        self._watch = Watch(config.idle_seconds)
        self._order = Order(config.incoming, disk)
        self._incoming = Listing(config.incoming)
        self._jobs = Jobs(config.finalizing)
        self._replays = Replays(config.recordings)
        self._aside = Aside(config.set_aside)
        self._clips = Clips(config, disk)
        self._closer = Closer(config, disk, self._world.pause)
        self._measurer = measure.Measurer(config.hls, config.incoming, disk)
        self._listener = listener
        self._attempts = Attempts()
        for stream in (*(stream.id for stream in config.streams), NOBODY):
            self._attempts.remember(stream, read_json(config.state / (f"{stream}.json" if stream else INDEX)))
        self._publisher = Publisher(config.state, disk, self._world.wall)
        self._sweeper = Sweeper(config, disk)
        self._guard = Guard(config, disk)
        self._ingest = Ingest(config.incoming, self._guard.left)
        self._review = Review(config, disk, self._clips)
        self._all: tuple[Document, ...] = ()
        self._by_stream: dict[str, list[Document]] = {}
        self._made: frozenset[str] = frozenset()
        self._folded = Folded()
        self._grouped: tuple[Document, ...] | None = None
        self._seated: object = None
        self._sittings: list[Sitting] = []
        self._alignments: dict[str, int] = {}
        self._matches: list[Match] = []
        self._shown: object = None
        self._told: dict[str, tuple[Document | None, Document | None]] = {}
        self._phases: dict[str, Phase] = {}
        self._stamps: list[int] = []

    def has_news(self) -> bool:
        """Whether viewers have written since the last pass began, or a clip has been cut: somebody waits for it."""
        return self._stamps != self._look_for_news()

    def _look_for_news(self) -> list[int]:
        try:
            return [
                folder.stat().st_mtime_ns for folder in (self._config.inbox, self._config.cutting, self._config.clips)
            ]
        except OSError:
            return []

    def run(self) -> None:
        """Make one pass.

        Raises:
            OSError: a folder is missing or cannot be written.
        """
        steady = self._world.steady()
        self._stamps = self._look_for_news()
        # First of all: nobody may publish where nothing can be recorded.
        health = self._guard.look(steady, self._world.wall())
        try:
            self._pass(steady, health)
        except OSError:
            self._publisher.amend(INDEX, {"disk": disk_document(health)})
            # The index says something else now than the last pass that came to its end.
            self._shown = None
            raise

    def _pass(self, steady: float, health: Health) -> None:
        self._sorted_replays()
        self._rebuild()
        self._closer.finish_moves(self._jobs.all(), set(self._incoming.names()))
        entries = self._entries()
        order = self._order.note([entry.name for entry in entries])
        recordings = self._watch.look(entries, steady, self._world.wall(), self._is_open, order)
        for empty in leftovers(recordings, steady):
            self._disk.remove(self._config.incoming / empty.name)
            recordings.remove(empty)
        ongoing: dict[str, tuple[Session, Phase]] = {}
        streams = split(recordings, self._config.grace_seconds)
        match_of = matches.ids(self._find_matches([session for sessions in streams.values() for session in sessions]))
        self._review.take(self._sittings, match_of, self._world.wall())
        for stream, sessions in streams.items():
            others = [part for part in recordings if part.stream == stream and part not in sessions[-1].recordings]
            # A publisher who is connected but has sent nothing holds the live playlist already.
            taken = any(part.began >= sessions[-1].ended for part in others)
            for session in sessions:
                newest = session is sessions[-1] and not taken
                try:
                    match = match_of.get(self._closer.file_for(session), "")
                    going = self._converge(session, steady, match, newest=newest)
                except OSError as error:
                    log.error("%s: %s", stream, error)
                    going = (session, Phase.OVER)
                if going and session is sessions[-1]:
                    ongoing[stream] = going
        self._measure({stream: session for stream, (session, phase) in ongoing.items() if phase is not Phase.OVER})
        self._hear(recordings, [stream for stream, (session, _) in ongoing.items() if session.open])
        self._note(ongoing)
        waiting = self._jobs.all()
        self._publish({stream: session for stream, (session, _) in ongoing.items()}, waiting, health)
        for session, phase in ongoing.values():
            if phase is not Phase.OVER:
                self._closer.withdraw(session)
        keep = {job.file for job in waiting} | {self._closer.file_for(session) for session, _ in ongoing.values()}
        active = {name.stream for text in self._incoming.names() if (name := recording(text))}
        self._sweeper.sweep(active, keep, steady, self._world.wall())

    def _converge(self, session: Session, steady: float, match: str, *, newest: bool) -> tuple[Session, Phase] | None:
        """Bring one session to where it should be; what goes on and its phase, None if it has been handed over."""
        live = self._config.hls / live_playlist(session.stream)
        phase = session.phase(steady, self._config.idle_seconds, self._config.grace_seconds)
        if phase is not Phase.OVER:
            self._closer.put_back(session)
        self._measurer.take(session, live)
        if phase is not Phase.OVER:
            return self._closer.part(session, self._started(session), match), phase

        def announce(closed: Live) -> None:
            self._write(session.stream, "processing", self._placed(closed))
            self._shown = None

        if not self._closer.end(session, self._started(session), announce, newest=newest, match=match):
            return session, Phase.INTERRUPTED
        self._measurer.forget(session.stream)
        return None

    def _measure(self, ongoing: dict[str, Session]) -> None:
        """Look at what arrives. Whatever is wrong with that, or with the measuring, no session suffers from it."""
        steady, wall = self._world.steady(), self._world.wall()
        for stream, session in ongoing.items():
            try:
                self._ingest.take(session, self._config.stream(stream), steady, wall)
            except Exception:
                log.exception("%s: what arrives cannot be measured", stream)
        self._ingest.keep_only(ongoing, [part.name for session in ongoing.values() for part in session.recordings])

    def _hear(self, recordings: Sequence[Recording], live: Sequence[str]) -> None:
        """Hear who was refused. Nothing depends on it but what streamers are told."""
        try:
            self._attempts.note(self._listener.lines() if self._listener else [])
        except OSError as error:
            log.error("attempts to publish cannot be heard: %s", error)
        begun: dict[str, set[int]] = {}
        for part in recordings:
            begun.setdefault(part.stream, set()).add(part.label)
        steady = self._world.steady()
        mute = [part for part in recordings if part.empty and part.open and steady - part.began >= MUTE]
        self._attempts.unreadable({part.stream: float(part.label) for part in mute})
        for stream in self._attempts.settle(begun, live, self._world.wall()):
            log.info("%s: a publisher was refused, another one is live", stream)

    def _started(self, session: Session) -> float:
        """Wall clock of the session's first picture, the encoder's delay taken off."""
        first = next(part for part in session.recordings if not part.empty)
        began = self._measurer.beginning(first.name)
        return (session.label if began is None else began) - self._config.stream(session.stream).offset_ms / 1000

    def _entries(self) -> list[Entry]:
        entries = []
        for name in self._incoming.names():
            if name.endswith(".flv"):
                try:
                    status = (self._config.incoming / name).stat()
                except FileNotFoundError:
                    continue
                entries.append(Entry(name, status.st_size, status.st_mtime))
        return entries

    def _is_open(self, name: str) -> bool | None:
        return is_being_written(self._config.incoming / name)

    def _note(self, ongoing: dict[str, tuple[Session, Phase]]) -> None:
        """Say in the journal what has changed for a stream."""
        now = {stream: phase for stream, (_, phase) in ongoing.items()}
        for stream in {**self._phases, **now}:
            before, after = self._phases.get(stream), now.get(stream)
            if before is not after:
                log.info("%s: %s", stream, _NOTES[after])
        self._phases = now

    def _rebuild(self) -> None:
        """Describe anew what waits for its MP4 and has lost its description."""
        for folder in self._jobs.broken():
            stream, stamp = split_file(folder.name)
            declared = self._config.stream(stream)
            parts, started = jobs.recordings(folder), stamp_seconds(stamp)
            ended = max((folder / name).stat().st_mtime for name in parts)
            job = Job(folder.name, declared.title, started, declared.offset_ms, parts, ended, declared.group)
            log.warning("%s: %s had lost its %s; it is made anew of %s", stream, folder, jobs.NAME, ", ".join(parts))
            jobs.save(self._disk, folder, job)

    def _find_matches(self, sessions: Sequence[Session]) -> list[Match]:
        """The matches of all groups, worked out again when something has begun, ended or been deleted."""
        going_on = [(self._closer.file_for(session), session.stream, self._started(session)) for session in sessions]
        waiting = self._jobs.all()
        seated = (self._replays.version, going_on, waiting)
        if seated != self._seated:
            self._seated = seated
            group = self._config.stream
            seats = [self._seat(file, group(stream).group, started, None) for file, stream, started in going_on]
            seats += [self._seat(job.file, job.group, job.started, job.ended, job.match) for job in waiting]
            seats += [replays.sitting(replay) for replay in self._sorted_replays()]
            self._sittings = list({seat.file: seat for seat in seats}.values())
            self._alignments = {seat.file: seat.alignment_ms for seat in self._sittings}
            self._matches = matches.find(self._sittings)
        return self._matches

    def _seat(self, file: str, group: str, started: float, ended: float | None, match: str = "") -> Sitting:
        chosen = choices.load(self._config.recordings, file)
        return Sitting(file, group, started, ended, match, chosen.alignment_ms, chosen.title, chosen.pinned)

    def _placed(self, live: Live) -> Live:
        return replace(live, alignment_ms=self._alignments.get(live.file, 0))

    def _publish(self, ongoing: dict[str, Session], waiting: Sequence[Job], health: Health) -> None:
        found, aside, cut = self._sorted_replays(), self._aside.all(), self._clips.ready()
        declared = [stream.id for stream in self._config.streams]
        others = {*ongoing, *self._by_stream, *(job.stream for job in waiting)}.difference(declared)
        ids = [*declared, *sorted(others)]
        together = self._find_matches(list(ongoing.values()))
        folded = self._folded = self._review.fold(self._sittings, together, self._made, self._world.wall())
        states = {stream: self._state(stream, ongoing.get(stream), waiting) for stream in ids}
        played = [{**matches.document(match), "labels": folded.of_matches.get(match.id, {})} for match in together]
        names = {INDEX, *(f"{stream}.json" for stream in ids)}
        refused = self._attempts.last(NOBODY)
        shown = (states, found, played, cut, aside, health, folded.filled, folded.labels, refused)
        before = self._told
        self._told = {stream: (self._ingest.document(stream), self._attempts.last(stream)) for stream in ids}
        if shown == self._shown and self._publisher.has(names):
            # What is measured changes all the time; the index does not say it.
            for stream in ids:
                if self._told[stream] != before.get(stream):
                    self._write(stream, *states[stream])
            return
        documents = [self._write(stream, *states[stream]) for stream in ids]
        told = disk_document(health)
        self._publisher.write(
            INDEX,
            index_document(documents, found, played, cut, aside, disk=told, labels=folded.labels, refused=refused),
        )
        self._publisher.keep_only(names)
        self._shown = shown

    def _sorted_replays(self) -> tuple[Document, ...]:
        found = self._replays.newest_first()
        if found is not self._grouped:
            self._grouped = found
            self._by_stream = {}
            self._made = frozenset(replay["file"] for replay in found)
            days = self._config.retention_days
            self._all = tuple({**replay, "expires": _expires(replay, days)} for replay in found)
            for replay in self._all:
                self._by_stream.setdefault(replay["id"], []).append(replay)
        return self._all

    def _state(self, stream: str, session: Session | None, waiting: Sequence[Job]) -> tuple[str, Live | None]:
        """State of a stream, with what can be played where that is no replay yet."""
        playlist, offset_ms = live_playlist(stream), self._config.stream(stream).offset_ms
        if session:
            file, started = self._closer.file_for(session), self._started(session)
            if (self._config.hls / playlist).exists():
                live = self._phases[stream] is Phase.LIVE
                return ("live" if live else "interrupted"), self._placed(Live(playlist, started, offset_ms, file))
            closed = closed_playlist(file)
            if self._phases[stream] is Phase.OVER and (self._config.hls / closed).exists():
                return "processing", self._placed(Live(closed, started, offset_ms, file))
        for job in reversed(waiting):
            closed = closed_playlist(job.file)
            if job.stream == stream and (self._config.hls / closed).exists():
                return "processing", self._placed(Live(closed, job.started, job.offset_ms, job.file))
        return ("replay" if self._by_stream.get(stream) else "offline"), None

    def _write(self, stream: str, state: str, live: Live | None) -> Document:
        found = self._by_stream.get(stream, [])
        declared = self._config.stream(stream)
        if declared not in self._config.streams and found:
            declared = replace(declared, title=found[0]["title"])
        window, reviewed = self._config.dvr_seconds, self._folded.filled
        # Also of what is not live: a codec that makes no segments arrives all the same.
        ingest = None if state == "processing" else self._ingest.document(stream)
        document = stream_document(
            declared,
            state,
            live,
            window=window,
            replays=found,
            reviewed=reviewed,
            ingest=ingest,
            refused=self._attempts.last(stream),
        )
        self._publisher.write(f"{stream}.json", document)
        return document


def _expires(replay: Document, days: float) -> str | None:
    return retention.expires(replay["file"], replay["made"], days, pinned=replay["pinned"])


_NOTES = {
    Phase.LIVE: "is live",
    Phase.INTERRUPTED: "no data, waiting for the publisher",
    Phase.OVER: "the session is over but could not be closed",
    None: "the session has ended",
}
