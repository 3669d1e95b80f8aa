"""One pass: look at the disk, work out each session, converge. Run it twice and the second run does nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from . import measure
from .aside import Aside
from .closing import Closer
from .config import Config
from .disk import Disk, Listing, is_being_written
from .documents import Document, Live, index_document, stream_document
from .jobs import Job, Jobs
from .names import closed_playlist, live_playlist, recording
from .order import Order
from .publish import INDEX, Publisher
from .replays import Replays
from .sessions import Phase, Session, leftovers, split
from .sweep import Sweeper
from .watch import Entry, Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class World:
    """What a pass asks besides the folders; tests put their own in its place."""

    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep


class Recorder:
    """Makes passes. What it remembers between them is only when sizes changed; everything else is on the disk."""

    def __init__(self, config: Config, disk: Disk, world: World | None = None) -> None:
        self._config = config
        self._disk = disk
        self._world = world or World()
        self._watch = Watch(config.idle_seconds)
        self._order = Order(config.incoming, disk)
        self._incoming = Listing(config.incoming)
        self._jobs = Jobs(config.finalizing)
        self._replays = Replays(config.recordings)
        self._aside = Aside(config.set_aside)
        self._closer = Closer(config, disk, self._world.pause)
        self._measurer = measure.Measurer(config.hls, config.incoming, disk)
        self._publisher = Publisher(config.state, disk, self._world.wall)
        self._sweeper = Sweeper(config, disk)
        self._by_stream: dict[str, list[Document]] = {}
        self._grouped: tuple[Document, ...] | None = None
        self._shown: object = None
        self._phases: dict[str, Phase] = {}

    def run(self) -> None:
        """Make one pass.

        Raises:
            OSError: a folder is missing or cannot be written.
        """
        self._sorted_replays()
        self._closer.finish_moves(self._jobs.all(), set(self._incoming.names()))
        steady = self._world.steady()
        entries = self._entries()
        order = self._order.note([entry.name for entry in entries])
        recordings = self._watch.look(entries, steady, self._world.wall(), self._is_open, order)
        for empty in leftovers(recordings, steady):
            self._disk.remove(self._config.incoming / empty.name)
            recordings.remove(empty)
        ongoing: dict[str, tuple[Session, Phase]] = {}
        for stream, sessions in split(recordings, self._config.grace_seconds).items():
            others = [part for part in recordings if part.stream == stream and part not in sessions[-1].recordings]
            # A publisher who is connected but has sent nothing holds the live playlist already.
            taken = any(part.began >= sessions[-1].ended for part in others)
            for session in sessions:
                newest = session is sessions[-1] and not taken
                try:
                    phase = self._converge(session, steady, newest=newest)
                except OSError as error:
                    log.error("%s: %s", stream, error)
                    phase = Phase.OVER
                if phase and session is sessions[-1]:
                    ongoing[stream] = (session, phase)
        self._note(ongoing)
        jobs = self._jobs.all()
        self._publish({stream: session for stream, (session, _) in ongoing.items()}, jobs)
        for session, phase in ongoing.values():
            if phase is not Phase.OVER:
                self._closer.withdraw(session)
        keep = {job.file for job in jobs} | {self._closer.file_for(session) for session, _ in ongoing.values()}
        active = {name.stream for text in self._incoming.names() if (name := recording(text))}
        self._sweeper.sweep(active, keep, steady, self._world.wall())

    def _converge(self, session: Session, steady: float, *, newest: bool) -> Phase | None:
        """Bring one session to where it should be; its phase afterwards, None if it has been handed over."""
        live = self._config.hls / live_playlist(session.stream)
        phase = session.phase(steady, self._config.idle_seconds, self._config.grace_seconds)
        if phase is not Phase.OVER:
            self._closer.put_back(session)
        self._measurer.take(session, live)
        if phase is not Phase.OVER:
            return phase

        def announce(closed: Live) -> None:
            self._write(session.stream, "processing", closed)
            self._shown = None

        if not self._closer.end(session, self._started(session), announce, newest=newest):
            return Phase.INTERRUPTED
        self._measurer.forget(session.stream)
        return None

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

    def _publish(self, ongoing: dict[str, Session], jobs: Sequence[Job]) -> None:
        replays, aside = self._sorted_replays(), self._aside.all()
        declared = [stream.id for stream in self._config.streams]
        others = {*ongoing, *self._by_stream, *(job.stream for job in jobs)}.difference(declared)
        ids = [*declared, *sorted(others)]
        states = {stream: self._state(stream, ongoing.get(stream), jobs) for stream in ids}
        names = {INDEX, *(f"{stream}.json" for stream in ids)}
        shown = (states, replays, aside)
        if shown == self._shown and self._publisher.has(names):
            return
        documents = [self._write(stream, *states[stream]) for stream in ids]
        self._publisher.write(INDEX, index_document(documents, replays, aside))
        self._publisher.keep_only(names)
        self._shown = shown

    def _sorted_replays(self) -> tuple[Document, ...]:
        replays = self._replays.newest_first()
        if replays is not self._grouped:
            self._grouped = replays
            self._by_stream = {}
            for sidecar in replays:
                self._by_stream.setdefault(sidecar["id"], []).append(sidecar)
        return replays

    def _state(self, stream: str, session: Session | None, jobs: Sequence[Job]) -> tuple[str, Live | None]:
        """State of a stream, with what can be played where that is no replay yet."""
        playlist, offset_ms = live_playlist(stream), self._config.stream(stream).offset_ms
        if session and (self._config.hls / playlist).exists():
            live = self._phases[stream] is Phase.LIVE
            return ("live" if live else "interrupted"), Live(playlist, self._started(session), offset_ms)
        if session and self._phases[stream] is Phase.OVER:
            closed = closed_playlist(self._closer.file_for(session))
            if (self._config.hls / closed).exists():
                return "processing", Live(closed, self._started(session), offset_ms)
        for job in reversed(jobs):
            closed = closed_playlist(job.file)
            if job.stream == stream and (self._config.hls / closed).exists():
                return "processing", Live(closed, job.started, job.offset_ms)
        return ("replay" if self._by_stream.get(stream) else "offline"), None

    def _write(self, stream: str, state: str, live: Live | None) -> Document:
        replays = self._by_stream.get(stream, [])
        title = self._config.stream(stream).title
        if all(stream != declared.id for declared in self._config.streams) and replays:
            title = replays[0]["title"]
        document = stream_document(stream, title, state, live, window=self._config.dvr_seconds, replays=replays)
        self._publisher.write(f"{stream}.json", document)
        return document


_NOTES = {
    Phase.LIVE: "is live",
    Phase.INTERRUPTED: "no data, waiting for the publisher",
    Phase.OVER: "the session is over but could not be closed",
    None: "the session has ended",
}
