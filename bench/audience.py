"""Viewers as a server sees them: each asks for the playlist once a second, each segment once, and the state document.

They behave as hls.js in the player does: they begin at the live edge, keep their connection, and turn to the state
document when a playlist is gone.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

PLAYLIST_S = 1.0
STATE_S, REPLAY_S = 2.0, 10.0
"""Seconds from one look at the state document to the next, and while a replay is watched (see the player's poll.js)."""
LATE_S = 2.0
"""What has not arrived so long after its last picture was taken by the server is late: the player keeps two segments
of a second between the live edge and the picture on screen."""
_ENTRY = re.compile(r"#EXTINF:([0-9.]+),\n([^#\s]+)")


@dataclass
class Seen:
    """What one viewer met."""

    delays: list[float] = field(default_factory=list)
    """Seconds from the end of a segment to its arrival, for every segment that was made while the viewer watched."""
    late: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    bytes: int = 0
    playlists: int = 0


class Viewer(threading.Thread):
    """One viewer of one stream, until `stop` is set."""

    def __init__(self, address: tuple[str, int], stream: str, cookie: str, stop: threading.Event) -> None:
        """Begin to watch.

        Args:
            address: the site's host and port.
            stream: its id.
            cookie: NAME=VALUE, a login.
            stop: ends it.
        """
        super().__init__(daemon=True)
        self.seen = Seen()
        self._connection = http.client.HTTPConnection(*address, timeout=10)
        self._stream, self._headers, self._stop_asked = stream, {"Cookie": cookie}, stop
        self._known: set[str] | None = None
        """Segments that it has, or had no interest in; None while it watches nothing."""
        self.start()

    def run(self) -> None:
        """Look at the state document and, while something is live, at its playlist."""
        state: dict[str, Any] = {}
        asked = 0.0
        while not self._stop_asked.is_set():
            began = time.monotonic()
            if began - asked >= (REPLAY_S if state.get("state") == "replay" else STATE_S):
                state, asked = self._state(state), began
            if state.get("state") in {"live", "interrupted"} and not self._playlist(state["live"]["playlist"]):
                # The session is over as soon as its document says so, before its playlist goes.
                state, asked = self._state({}), time.monotonic()
                if state.get("state") in {"live", "interrupted"} and not self._playlist(state["live"]["playlist"]):
                    self._fail(f"no playlist, though {self._stream} is {state['state']}")
            self._stop_asked.wait(max(0.0, began + PLAYLIST_S - time.monotonic()))

    def _state(self, before: dict[str, Any]) -> dict[str, Any]:
        status, body = self._get(f"/streams/{self._stream}.json")
        if status != http.client.OK:
            self._fail(f"the state document: {status}")
            return before
        found: dict[str, Any] = json.loads(body)
        return found

    def _playlist(self, path: str) -> bool:
        """Take what is new; False where there is no such playlist."""
        status, body = self._get(path)
        if status != http.client.OK:
            self._known = None
            return False
        self.seen.playlists += 1
        entries = [(float(seconds), name) for seconds, name in _ENTRY.findall(body.decode())]
        names = {name for _, name in entries}
        if self._known is None or self._known.isdisjoint(names):
            # It joins: at the live edge, and is not early enough for what is listed already.
            self._known = names
            for _, name in entries[-2:]:
                self._segment(urljoin(path, name))
        for seconds, name in entries:
            if name not in self._known:
                self._known.add(name)
                self._segment(urljoin(path, name), seconds)
        return True

    def _segment(self, path: str, seconds: float = 0) -> None:
        status, body = self._get(path)
        if status != http.client.OK:
            self._fail(f"{path}: {status}")
            return
        self.seen.bytes += len(body)
        if seconds:
            began = int(path.rpartition("-")[2].partition(".")[0]) / 1000
            delay = time.time() - began - seconds
            self.seen.delays.append(delay)
            if delay > LATE_S:
                self.seen.late.append(f"{path}: {delay:.1f} s")

    def _get(self, path: str) -> tuple[int, bytes]:
        """Status and body; 0 and what went wrong if there was no answer, once more on a connection that was closed."""
        for attempt in itertools.count():
            try:
                self._connection.request("GET", path, headers=self._headers)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if attempt:
                    return 0, repr(error).encode()
        raise AssertionError

    def _fail(self, what: str) -> None:
        self.seen.errors.append(f"{time.strftime('%H:%M:%S')} {what}")
