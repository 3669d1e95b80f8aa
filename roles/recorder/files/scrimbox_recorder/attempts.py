"""Who wanted to publish and was refused, and why: what the auth service says, and what the folder of recordings adds.

The auth service sends a line about each attempt (templates/auth, format `told`): nothing of it comes from the
publisher, so no key can be in it. It cannot know whether somebody else is live with an id, for it lets the second in as
well; ingest does that (FACTS 1). But whoever publishes gets a recording at once (FACTS 4): who was let in and got none
while another goes on was refused for that.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import socket
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .names import STREAM_ID, iso, iso_seconds

SOCKET = "attempts.sock"
"""In the recorder's folder in /run."""
SENDER = "scrimbox-auth"
"""The user whose lines are believed."""
AT_ONCE = 200
"""Lines that are read in a pass at most; the rest waits, and what finds no room is lost."""
SETTLES = 3.0
"""Seconds after which the recording of who was let in must be there."""
NEAR = 2
"""Seconds by which its name may differ from the moment of the attempt."""
RECENT = 60.0
"""Seconds for which a recording is remembered that has gone again."""
KEEP = 86400.0
"""Seconds for which a refusal is told."""
MUTE = 10.0
"""Seconds within which whoever is connected has to send a frame."""
PACE = 10.0
"""Seconds within which a refusal for the same reason changes no document."""
NOBODY = ""
"""Stands for a stream where the attempt was for none that is declared."""
_LINE = re.compile(
    rf"<[0-9]{{1,3}}>[^:]* [0-9:]{{8}} scrimbox_auth: ([0-9]{{1,12}}[.][0-9]{{3}}) "
    rf"id=({STREAM_ID.pattern})? opens=({STREAM_ID.pattern})? (accepted|refused, [a-z ]{{1,40}})"
)
_REASONS = {
    "refused, wrong key": "wrong-key",
    "refused, no key": "no-key",
    "refused, unknown stream id": "unknown-id",
    "refused, no room for recordings": "no-room",
}
_WORDS = {
    "wrong-key": "The stream key was wrong: ask for the line again, and copy all of it.",
    "no-key": "There was no key: the stream key in OBS is ID?key=…, in one line.",
    "unknown-id": "There is no stream of that id: the stream key in OBS begins with the id, in lower case.",
    "other-id": "The key of this stream came with another id: the stream key in OBS begins with the id of this one.",
    "no-room": "There is no room for recordings: the operator has to make some.",
    "unreadable": "Somebody is connected, but nothing arrives that can be recorded. HEVC and AV1 cannot: "
    "OBS: Settings → Output → Video Encoder: one with H.264 in its name, or x264; Audio Encoder: AAC.",
    "already-live": "Somebody else was live with this id, perhaps another computer of your own.",
}
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True)
class Attempt:
    """Somebody wanted to publish at `time` (epoch seconds): declared id, id that the key opens, reason; empty: none."""

    time: float
    id: str
    opens: str
    refused: str


@dataclass(frozen=True)
class Refusal:
    """When the last attempt was refused, and the code of the reason."""

    time: float
    code: str

    def document(self) -> dict[str, Any]:
        """As it stands in a state document."""
        return {"time": iso(self.time), "code": self.code, "text": _WORDS[self.code]}


def parse(line: str) -> Attempt | None:
    """Read a line of the auth service; None for anything else."""
    found = _LINE.fullmatch(line)
    if not found:
        return None
    reason = "" if found[4] == "accepted" else _REASONS.get(found[4])
    if reason is None:
        return None
    return Attempt(float(found[1]), found[2] or "", found[3] or "", reason)


class Attempts:
    """Works out the last refusal of every stream, and of what is no stream (`NOBODY`)."""

    def __init__(self) -> None:
        self._refused: dict[str, Refusal] = {}
        self._let_in: list[Attempt] = []
        self._seen: set[tuple[str, int]] = set()
        self._explained: set[tuple[str, int]] = set()

    def note(self, lines: Iterable[str]) -> None:
        """Take in lines of the auth service."""
        for line in lines:
            attempt = parse(line)
            if attempt is None:
                continue
            if not attempt.refused:
                self._let_in.append(attempt)
            else:
                self._refuse(attempt)

    def settle(self, begun: Mapping[str, Collection[int]], live: Collection[str], wall: float) -> list[str]:
        """Work out who was let in and found somebody else: the streams of which that is new.

        Args:
            begun: seconds in the names of all raw recordings, by stream.
            live: streams that somebody sends.
            wall: epoch seconds.
        """
        there = {(stream, number) for stream, numbers in begun.items() for number in numbers}
        fresh = {one for one in self._seen | there if abs(wall - one[1]) < RECENT}
        self._seen, self._explained = fresh - self._explained, self._explained & fresh
        due = [attempt for attempt in self._let_in if abs(wall - attempt.time) >= SETTLES]
        self._let_in = [attempt for attempt in self._let_in if attempt not in due]
        found = []
        for attempt in due:
            own = [one for one in self._seen if one[0] == attempt.id and abs(one[1] - attempt.time) <= NEAR]
            # One recording explains one attempt.
            self._seen.difference_update(own[:1])
            self._explained.update(own[:1])
            if not own and attempt.id in live and wall - attempt.time < KEEP:
                self._keep(attempt.id, Refusal(attempt.time, "already-live"))
                found.append(attempt.id)
        self._refused = {stream: refusal for stream, refusal in self._refused.items() if wall - refusal.time < KEEP}
        return found

    def unreadable(self, connected: Mapping[str, float]) -> None:
        """Streams to which somebody has been connected for a while without a frame, and since when (epoch seconds)."""
        for stream, since in connected.items():
            self._keep(stream, Refusal(since, "unreadable"))

    def last(self, stream: str) -> dict[str, Any] | None:
        """`refused` of a state document; None where nobody was refused within a day."""
        refusal = self._refused.get(stream)
        return refusal.document() if refusal else None

    def remember(self, stream: str, document: object) -> None:
        """Take up what a state document said before the recorder was restarted."""
        told = document.get("refused") if isinstance(document, dict) else None
        if isinstance(told, dict) and told.get("code") in _WORDS and stream not in self._refused:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                self._refused[stream] = Refusal(iso_seconds(told["time"]), told["code"])

    def _refuse(self, attempt: Attempt) -> None:
        if attempt.id or not attempt.opens:
            self._keep(attempt.id or NOBODY, Refusal(attempt.time, attempt.refused))
        if attempt.opens and attempt.opens != attempt.id:
            self._keep(attempt.opens, Refusal(attempt.time, "other-id"))

    def _keep(self, stream: str, refusal: Refusal) -> None:
        before = self._refused.get(stream)
        if before is None or before.code != refusal.code or refusal.time - before.time >= PACE:
            self._refused[stream] = refusal


class Listener:
    """The socket at which the auth service's lines arrive. It takes them from that service's user alone."""

    def __init__(self, folder: Path, senders: Collection[int] | None = None) -> None:
        self._path = folder / SOCKET
        self._senders = senders
        self._socket: socket.socket | None = None

    def lines(self) -> list[str]:
        """What has arrived; the socket is made anew where it is missing.

        Raises:
            OSError: it cannot be made.
        """
        if self._socket is None or not self._path.is_socket():
            self._open()
        found: list[str] = []
        with contextlib.suppress(BlockingIOError):
            while self._socket and len(found) < AT_ONCE:
                data, extras, _, _ = self._socket.recvmsg(1024, socket.CMSG_SPACE(_CREDENTIALS.size))
                if self._is_from_sender(extras):
                    found.append(data.decode("ascii", "replace").rstrip("\n"))
        return found

    def close(self) -> None:
        """Hear nothing any more."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def _open(self) -> None:
        self.close()
        self._path.unlink(missing_ok=True)
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            # Who sends is told with every line: the folder is everybody's to enter.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            opened.bind(str(self._path))
            self._path.chmod(0o622)
        except OSError:
            opened.close()
            raise
        self._socket = opened

    def _is_from_sender(self, extras: Iterable[tuple[int, int, bytes]]) -> bool:
        senders = self._senders if self._senders is not None else _uid_of(SENDER)
        return any(
            level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS and _CREDENTIALS.unpack(data)[1] in senders
            for level, kind, data in extras
        )


def _uid_of(name: str) -> set[int]:
    try:
        return {pwd.getpwnam(name).pw_uid}
    except KeyError:
        return {os.geteuid()}
