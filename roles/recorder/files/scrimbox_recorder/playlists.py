"""HLS media playlists as nginx-rtmp writes them: what they list, and how one is closed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .names import Numbered, segment

TAIL = 16384
"""Bytes at the end of a playlist that are read to follow a live stream: several minutes of segments."""


@dataclass(frozen=True)
class Segment:
    """A listed segment: file name, epoch ms from its name, seconds, whether it begins after a discontinuity."""

    name: str
    wall_ms: int
    duration: float
    discontinuity: bool


def segments(text: str) -> list[Segment]:
    """Segments in the order of the playlist; an entry cut off at either end is passed over."""
    found = []
    duration, discontinuity = None, False
    for line in text.splitlines():
        if line.startswith("#EXTINF:"):
            duration = _seconds(line[8:])
        elif line == "#EXT-X-DISCONTINUITY":
            discontinuity = True
        elif line and not line.startswith("#"):
            name = segment(line)
            if name and duration is not None:
                found.append(Segment(line, name.number, duration, discontinuity))
            duration, discontinuity = None, False
    return found


def listed(text: str) -> set[str]:
    """Names of the segments that a playlist lists."""
    return {line for line in text.splitlines() if line and not line.startswith("#")}


def tail(path: Path) -> list[Segment]:
    """The last segments of a playlist; none where there is no playlist."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL))
            return segments(stream.read().decode("ascii", "replace"))
    except FileNotFoundError:
        return []


def close(text: str, stream: str, since_ms: int) -> str | None:
    """Make the closed playlist of a session: what it lists from `since_ms` on, with ENDLIST; None if that is nothing.

    Entries of an earlier session go. If the clock was set back and no name lies after `since_ms`, everything stays.
    """
    head, entries = _entries(text)
    own = [number for number, entry in enumerate(entries) if _number(entry[-1], stream) >= since_ms]
    first = own[0] if own else 0
    if not entries:
        return None
    lines = [_moved(line, first) for line in head if line != "#EXT-X-ENDLIST"]
    for entry in entries[first:]:
        lines.extend(entry)
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _entries(text: str) -> tuple[list[str], list[list[str]]]:
    head: list[str] = []
    entries: list[list[str]] = []
    entry: list[str] = []
    for line in text.splitlines():
        if line.startswith(("#EXTINF:", "#EXT-X-DISCONTINUITY", "#EXT-X-KEY", "#EXT-X-PROGRAM-DATE-TIME")) or entry:
            entry.append(line)
        elif line:
            head.append(line)
        if entry and line and not line.startswith("#"):
            entries.append(entry)
            entry = []
    return head, entries


def _moved(line: str, first: int) -> str:
    tag = "#EXT-X-MEDIA-SEQUENCE:"
    return f"{tag}{int(line[len(tag) :]) + first}" if line.startswith(tag) else line


def _number(name: str, stream: str) -> int:
    parsed: Numbered | None = segment(name)
    return parsed.number if parsed and parsed.stream == stream else -1


def _seconds(text: str) -> float | None:
    try:
        return float(text.split(",", maxsplit=1)[0])
    except ValueError:
        return None
