"""Which files under /srv/hls nobody needs any more. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .names import is_file_name, playlist, segment

Mark = tuple[int, int]
"""Size and modification time (ns) of a file: the same twice means that it was left alone in between."""


def unlisted(names: Iterable[str], listed: set[str], active: set[str]) -> list[str]:
    """Segments that no playlist lists. The newest unlisted one of an active stream is being written and is spared."""
    found = [(parsed, name) for name in names if name not in listed and (parsed := segment(name))]
    newest: dict[str, int] = {}
    for parsed, _ in found:
        newest[parsed.stream] = max(newest.get(parsed.stream, 0), parsed.number)
    return [name for parsed, name in found if parsed.stream not in active or parsed.number != newest[parsed.stream]]


def untouched(now: Mapping[str, Mark], before: Mapping[str, Mark]) -> list[str]:
    """Names that were candidates the last time too and have not changed since."""
    return [name for name, mark in now.items() if before.get(name) == mark]


def closed_playlists(names: Iterable[str]) -> dict[str, str]:
    """Closed playlists among the names: FILE of their session by name."""
    found = {}
    for name in names:
        parsed = playlist(name)
        if parsed and parsed.stamp:
            found[name] = f"{parsed.stream}-{parsed.stamp}"
    return found


def live_playlists(names: Iterable[str]) -> dict[str, str]:
    """Live playlists among the names: stream id by name."""
    return {name: parsed.stream for name in names if (parsed := playlist(name)) and not parsed.stamp}


def away_playlists(names: Iterable[str]) -> dict[str, str]:
    """Live playlists that a killed closing took away: FILE of their session by name."""
    away = [name for name in names if name.startswith(".") and name.endswith(".away")]
    return {name: name[1:-5] for name in away if is_file_name(name[1:-5])}
