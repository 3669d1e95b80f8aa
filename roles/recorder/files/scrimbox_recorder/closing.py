"""Ends a session, in the order that is safe against a publisher who returns in the middle of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Callable

from . import jobs, playlists
from .config import Config
from .disk import Disk
from .documents import Live
from .finalize import free_file
from .jobs import Job
from .measure import clock_file
from .names import (
    away_playlist,
    closed_playlist,
    file_name,
    live_playlist,
    recording,
    segment,
    split_file,
    stamp_seconds,
)
from .sessions import SLACK, Session

log = logging.getLogger(__name__)

SETTLE = 0.1
"""Seconds between taking the live playlist away and looking for a new recording, which appears just after a publish."""


class Closer:
    """Closes playlists and hands recordings to the finalizer. Every step may be the last; the next pass goes on."""

    def __init__(self, config: Config, disk: Disk, pause: Callable[[float], None]) -> None:
        self._config = config
        self._disk = disk
        self._pause = pause

    def file_for(self, session: Session) -> str:
        """FILE of a session: its own, or the same with a later second where a replay or a job has that name."""
        file = session.file
        while True:
            file = free_file(self._config, file)
            if not (self._config.finalizing / file / jobs.NAME).exists():
                return file
            stream, stamp = split_file(file)
            file = file_name(stream, stamp_seconds(stamp) + 1)

    def end(
        self, session: Session, started: float, announce: Callable[[Live], None], *, newest: bool, match: str = ""
    ) -> bool:
        """End a session; False if its publisher returned meanwhile and it goes on.

        Args:
            session: nobody writes it, its grace has passed.
            started: wall clock of its beginning.
            announce: publishes that the closed playlist can be played from now on.
            newest: no later session of this stream has begun, so the live playlist is this session's.
            match: id of the match that the session is part of; empty if it is of none.
        """
        file = self.file_for(session)
        closed = self._config.hls / closed_playlist(file)
        if newest:
            self._close_playlist(session, closed)
            if closed.exists():
                announce(Live(closed.name, started, self._config.stream(session.stream).offset_ms, file))
            if self._take_away(session, file):
                self.put_back(session)
                return False
        self._hand_over(session, file, started, match)
        self._disk.remove(self._config.hls / away_playlist(file))
        return True

    def put_back(self, session: Session) -> None:
        """Give a session that goes on its live playlist again, should an end have begun."""
        away = self._config.hls / away_playlist(self.file_for(session))
        if away.exists():
            self._disk.put_back(away, self._config.hls / live_playlist(session.stream))

    def part(self, session: Session, started: float, match: str = "") -> Session:
        """End what came before a publisher who returned after the live playlist had been taken away; what goes on.

        Nginx reads the playlist at the publish, and lists the new segments alone where it found none: then this is
        another session, and the old one keeps its closed playlist.
        """
        file = self.file_for(session)
        ended = self._listed(closed_playlist(file))
        if not ended:
            return session
        shown = self._listed(live_playlist(session.stream))
        if not shown or shown & ended:
            return session
        last = max((number.number for name in ended if (number := segment(name))), default=0)
        before = tuple(part for part in session.recordings if part.label * 1000 <= last)
        fresh = tuple(part for part in session.recordings if part not in before)
        if any(part.open for part in before):
            return session
        if all(part.empty for part in before) or all(part.empty for part in fresh):
            return session
        self._hand_over(Session(session.stream, before), file, started, match)
        log.info("%s: the publisher came back after the end, another session begins", session.stream)
        return Session(session.stream, fresh)

    def withdraw(self, session: Session) -> None:
        """Remove the closed copy of a session that goes on, once its live playlist has gone on too."""
        closed = self._config.hls / closed_playlist(self.file_for(session))
        if closed.exists() and self._listed(live_playlist(session.stream)) - self._listed(closed.name):
            self._disk.remove(closed)
            log.info("%s: the publisher came back, the session goes on", session.stream)

    def finish_moves(self, waiting: Iterable[Job], incoming: set[str]) -> None:
        """Move what an earlier pass left behind when it was killed between the recordings of a job."""
        for job in waiting:
            for name in job.parts:
                if name in incoming:
                    self._move(name, self._config.finalizing / job.file)

    def _listed(self, name: str) -> set[str]:
        try:
            return playlists.listed((self._config.hls / name).read_text(encoding="ascii", errors="replace"))
        except FileNotFoundError:
            return set()

    def _close_playlist(self, session: Session, closed: Path) -> None:
        live = self._config.hls / live_playlist(session.stream)
        if live.exists():
            shown = live.read_text(encoding="ascii", errors="replace")
            # Of two recordings that began in one second, the later has the next second for a name.
            since = session.label - min(SLACK, self._config.grace_seconds)
            text = playlists.close(shown, session.stream, int(since * 1000))
            if text:
                self._disk.write(closed, text)

    def _take_away(self, session: Session, file: str) -> bool:
        """Take the live playlist away; True if a recording has appeared that the session does not know."""
        live = self._config.hls / live_playlist(session.stream)
        if live.exists():
            self._disk.rename(live, self._config.hls / away_playlist(file))
            self._pause(SETTLE)
        known = {part.name for part in session.recordings}
        return any(
            name.stream == session.stream and path.name not in known
            for path in self._config.incoming.iterdir()
            if (name := recording(path.name))
        )

    def _hand_over(self, session: Session, file: str, started: float, match: str) -> None:
        stream = self._config.stream(session.stream)
        folder = self._config.finalizing / file
        parts = [part.name for part in session.recordings if not part.empty]
        ended = max((self._config.incoming / name).stat().st_mtime for name in parts)
        self._disk.make_folder(folder)
        job = Job(file, stream.title, started, stream.offset_ms, parts, ended, stream.group, match)
        jobs.save(self._disk, folder, job)
        for name in parts:
            self._move(name, folder)

    def _move(self, name: str, folder: Path) -> None:
        for moved in (clock_file(name), name):
            source, target = self._config.incoming / moved, folder / moved
            if source.exists() and not target.exists():
                self._disk.rename(source, target)
