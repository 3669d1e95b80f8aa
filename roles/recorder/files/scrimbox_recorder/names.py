"""Names of files and times: how ids, seconds and milliseconds are read from them and written into them."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import NamedTuple

STREAM_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NUMBERED = re.compile(rf"({STREAM_ID.pattern})-([0-9]{{1,15}})\.(flv|ts)")
_PLAYLIST = re.compile(rf"({STREAM_ID.pattern})(?:\.([0-9]{{8}}T[0-9]{{6}}Z))?\.m3u8")
_FILE = re.compile(rf"({STREAM_ID.pattern})-([0-9]{{8}}T[0-9]{{6}}Z)")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z")
_STAMP = "%Y%m%dT%H%M%SZ"


class Numbered(NamedTuple):
    """`ID-<digits>.ext`: a raw recording (seconds) or a segment (milliseconds)."""

    stream: str
    number: int


class Playlist(NamedTuple):
    """`ID.m3u8` (live, `stamp` empty) or `ID.STARTED.m3u8` (closed)."""

    stream: str
    stamp: str


def recording(name: str) -> Numbered | None:
    """Read `ID-<epoch seconds>.flv`; None for any other name."""
    return _numbered(name, "flv")


def segment(name: str) -> Numbered | None:
    """Read `ID-<epoch milliseconds>.ts`; None for any other name."""
    return _numbered(name, "ts")


def playlist(name: str) -> Playlist | None:
    """Read the name of a live or a closed playlist; None for any other name."""
    # Most names that are asked about are segments, by the thousand.
    found = _PLAYLIST.fullmatch(name) if name.endswith(".m3u8") else None
    return Playlist(found[1], found[2] or "") if found else None


def live_playlist(stream: str) -> str:
    """Name of the playlist that nginx writes."""
    return f"{stream}.m3u8"


def closed_playlist(file: str) -> str:
    """Name of the closed playlist of the session FILE (`ID-STARTED`)."""
    stream, stamp = split_file(file)
    return f"{stream}.{stamp}.m3u8"


def away_playlist(file: str) -> str:
    """Name under which a live playlist waits, unseen by the web service, until its session has been closed."""
    return f".{file}.away"


def file_name(stream: str, epoch: int) -> str:
    """FILE: the name of a session and of its replay, from the second in which it began."""
    return f"{stream}-{datetime.fromtimestamp(epoch, timezone.utc).strftime(_STAMP)}"


def is_file_name(name: str) -> bool:
    """Tell whether `name` has the form of FILE."""
    return _FILE.fullmatch(name) is not None


def split_file(file: str) -> tuple[str, str]:
    """Split FILE into stream id and STARTED.

    Raises:
        ValueError: `file` has not the form `ID-YYYYMMDDTHHMMSSZ`.
    """
    found = _FILE.fullmatch(file)
    if not found:
        raise ValueError(f"{file!r} is no name of a session: expected ID-YYYYMMDDTHHMMSSZ")
    return found[1], found[2]


def stamp_seconds(stamp: str) -> int:
    """Epoch seconds of STARTED."""
    # strptime takes ten times as long, and a thousand replays are read at the start.
    fields = (stamp[:4], stamp[4:6], stamp[6:8], stamp[9:11], stamp[11:13], stamp[13:15])
    return int(datetime(*map(int, fields), tzinfo=timezone.utc).timestamp())  # type: ignore[arg-type,misc]


def iso(epoch: float) -> str:
    """UTC ISO 8601 with milliseconds and Z."""
    moment = datetime.fromtimestamp(round(epoch * 1000) / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_seconds(text: str) -> float:
    """Epoch seconds of what `iso` wrote.

    Raises:
        ValueError: `text` is no such time.
    """
    if not _ISO.fullmatch(text):
        raise ValueError(f"{text!r} is no time as {iso(0)}")
    return datetime.fromisoformat(text[:-1] + "+00:00").timestamp()


def _numbered(name: str, extension: str) -> Numbered | None:
    found = _NUMBERED.fullmatch(name)
    return Numbered(found[1], int(found[2])) if found and found[3] == extension else None
