"""Removes what nobody needs any more under /srv/hls."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from . import stale
from .config import Config
from .disk import Disk, Listing
from .names import split_file
from .playlists import listed

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two sweeps; a segment goes after two of them in which no playlist listed it."""
DEAD = 60.0
"""Seconds without a change after which a live playlist without a recording is dead, at least."""
FORGOTTEN = 3600.0
"""Age in seconds at which `cleanup`, which cannot wait for a second look, takes an unlisted segment for forgotten."""


class Sweeper:
    """Sweeps now and then; cheap while nothing has changed."""

    def __init__(self, config: Config, disk: Disk) -> None:
        self._config = config
        self._disk = disk
        self._listing = Listing(config.hls)
        self._next = float("-inf")
        self._candidates: dict[str, stale.Mark] = {}
        self._idle_reads = -1

    def sweep(self, active: Collection[str], keep: Collection[str], steady: float, wall: float) -> None:
        """Remove what is stale, if it is time.

        Args:
            active: streams with a recording that is not finalised yet in incoming.
            keep: FILEs of sessions whose closed playlist must stay.
            steady: monotonic seconds.
            wall: epoch seconds.
        """
        if steady < self._next:
            return
        self._next = steady + EVERY
        for name in self.playlists_to_remove(active, keep, wall):
            log.info("%s: %s is removed, nothing needs it", name.lstrip(".").split(".")[0], name)
            self._disk.remove(self._config.hls / name)
        names = self._listing.names()
        if not active and not self._candidates and self._listing.reads == self._idle_reads:
            return
        candidates = self._marks(self._unlisted(names, active))
        for name in stale.untouched(candidates, self._candidates):
            self._disk.remove(self._config.hls / name)
            del candidates[name]
        self._candidates = candidates
        self._idle_reads = self._listing.reads if not candidates else -1

    def forgotten(self, active: Collection[str], wall: float) -> list[str]:
        """Segments that no playlist lists and nobody has touched for an hour."""
        marks = self._marks(self._unlisted(self._listing.names(), active))
        return [name for name, mark in marks.items() if wall - mark[1] / 1e9 > FORGOTTEN]

    def playlists_to_remove(self, active: Collection[str], keep: Collection[str], wall: float) -> list[str]:
        """Closed playlists whose time has passed, live ones without a session, and what a killed closing left."""
        names = self._listing.names()
        gone = [
            name
            for name, file in stale.closed_playlists(names).items()
            if file not in keep and wall - self._shown_since(name, file) >= self._config.dvr_keep_seconds
        ]
        dead = max(DEAD, self._config.grace_seconds)
        for name, stream in stale.live_playlists(names).items():
            if stream not in active and wall - self._changed(self._config.hls / name) >= dead:
                gone.append(name)
        return gone + [name for name, file in stale.away_playlists(names).items() if split_file(file)[0] not in active]

    def _shown_since(self, name: str, file: str) -> float:
        """When the replay appeared; where there is none, when the playlist was closed."""
        sidecar = self._config.recordings / f"{file}.json"
        return self._changed(sidecar) or self._changed(self._config.hls / name)

    def _unlisted(self, names: Collection[str], active: Collection[str]) -> list[str]:
        shown: set[str] = set()
        for name in [*stale.closed_playlists(names), *stale.live_playlists(names)]:
            shown |= self._listed(name)
        return stale.unlisted(names, shown, set(active))

    def _listed(self, name: str) -> set[str]:
        try:
            return listed((self._config.hls / name).read_text(encoding="ascii", errors="replace"))
        except FileNotFoundError:
            return set()

    def _marks(self, names: Collection[str]) -> dict[str, stale.Mark]:
        marks = {}
        for name in names:
            try:
                status = (self._config.hls / name).stat()
            except FileNotFoundError:
                continue
            marks[name] = (status.st_size, status.st_mtime_ns)
        return marks

    @staticmethod
    def _changed(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except FileNotFoundError:
            return 0.0
