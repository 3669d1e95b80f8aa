"""What the state index says that somebody wants to hear. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

EVENTS = ("disk", "recording", "live", "replay", "clip")
"""Kinds of news: the disk's level, a recording that was set aside, a stream that goes live, a replay or a clip."""
URGENT = ("disk", "recording")
"""What the operator's command hears, and a webhook for which nothing else is said."""
CHAT_LONGEST = 1900
"""Characters that chat services take at least."""
_GOING_ON = {"live", "interrupted"}


@dataclass(frozen=True)
class News:
    """One thing to tell; the same `key` is the same news. `since` is UTC ISO 8601 or None, `url` where to see it."""

    key: str
    level: str
    message: str
    since: str | None
    event: str = "disk"
    url: str | None = None

    def document(self, host: str) -> dict[str, Any]:
        """What a webhook gets."""
        return {
            "host": host,
            "event": self.event,
            "level": self.level,
            "message": self.message,
            "since": self.since,
            "url": self.url,
        }

    def chat(self, host: str) -> dict[str, Any]:
        """What the webhook of a chat gets. Titles are anybody's: they call nobody."""
        text = self.message if self.event in {"live", "replay", "clip"} else f"{host}: {self.message}"
        link = f"\n{self.url}" if self.url else ""
        return {"content": text[: CHAT_LONGEST - len(link)] + link, "allowed_mentions": {"parse": []}}


@dataclass(frozen=True)
class Memory:
    """What a receiver has been told: the disk's state, and names by event; None where it has never looked."""

    disk: str = "ok"
    names: dict[str, tuple[str, ...] | None] = field(default_factory=dict)

    def has(self, event: str, name: str) -> bool:
        """Whether it has been told."""
        return name in (self.names.get(event) or ())

    def told(self, event: str, name: str) -> Memory:
        """The same with one thing more."""
        return replace(self, names={**self.names, event: (*(self.names.get(event) or ()), name)})


def refreshed(index: object, memory: Memory) -> Memory:
    """Forget what is not there any more. What was there at the first look is no news, unless it was set aside."""
    names = dict(memory.names)
    for event in EVENTS[1:]:
        there = [name for name, _ in _entries(index, event)]
        known = names.get(event)
        if known is not None:
            names[event] = tuple(name for name in known if name in there)
        else:
            names[event] = () if event == "recording" else tuple(there)
    return replace(memory, names=names)


def news(index: object, memory: Memory, events: Collection[str] = URGENT, site: str = "") -> list[tuple[News, Memory]]:
    """What a receiver has not been told yet, the urgent first, each with what it knows afterwards.

    Args:
        index: the state index; nothing is known without it.
        memory: what the receiver has been told.
        events: kinds of news that it wants.
        site: the site's address, which links begin with.
    """
    if not isinstance(index, dict):
        return []
    memory = refreshed(index, memory)
    found: list[tuple[News, Memory]] = []
    item = _of_disk(index.get("disk"))
    if item and item.key != memory.disk and "disk" in events:
        memory = replace(memory, disk=item.key)
        found.append((item, memory))
    for event in EVENTS[1:]:
        for name, entry in _entries(index, event):
            if event in events and not memory.has(event, name):
                memory = memory.told(event, name)
                found.append((_SAYS[event](name, entry, site), memory))
    return found


def _entries(index: object, event: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and entry of everything that the index has of a kind, the oldest first."""
    key, name = _WHERE[event]
    listed = index.get(key) if isinstance(index, dict) else None
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    if event == "live":
        entries = [entry for entry in entries if entry.get("state") in _GOING_ON]
    for entry in reversed(entries) if event in {"replay", "clip"} else entries:
        yield str(entry.get(name)), entry


_WHERE = {
    "recording": ("set_aside", "name"),
    "live": ("streams", "id"),
    "replay": ("replays", "file"),
    "clip": ("clips", "file"),
}


def _of_disk(disk: object) -> News | None:
    if not isinstance(disk, dict):
        return None
    level, message = str(disk.get("level", "ok")), str(disk.get("message", ""))
    # Missing folders are no matter of space, and as bad as a full disk.
    level = "full" if disk.get("refusing") and level == "ok" else level
    return News(
        f"{level} {message}".strip(), level, message or "there is room again, publishing is allowed", disk.get("since")
    )


def _of_aside(name: str, report: dict[str, Any], site: str) -> News:
    message = f"{name} could not be made a replay and was set aside: {report.get('reason', '?')}"
    return News(f"set-aside {name}", "set-aside", message, report.get("since"), "recording")


def _of_live(name: str, stream: dict[str, Any], site: str) -> News:
    url = _link(site, f"/player?id={quote(name)}")
    return News(f"live {name}", "info", f"{_title(stream)} is live", stream.get("started"), "live", url)


def _of_replay(name: str, replay: dict[str, Any], site: str) -> News:
    url = _link(site, f"/player?id={quote(str(replay.get('id')))}&rec={quote(name)}")
    message = f"The replay of {_title(replay)} is ready ({_length(replay)})"
    return News(f"replay {name}", "info", message, replay.get("started"), "replay", url)


def _of_clip(name: str, clip: dict[str, Any], site: str) -> News:
    called = f"“{clip['title']}”" if clip.get("title") else f"of {clip.get('view')}"
    message = f"Clip {called} by {clip.get('author')} is ready ({_length(clip)})"
    return News(f"clip {name}", "info", message, clip.get("from"), "clip", _link(site, f"/?clip={quote(name)}"))


_SAYS = {"recording": _of_aside, "live": _of_live, "replay": _of_replay, "clip": _of_clip}


def _title(entry: dict[str, Any]) -> str:
    return str(entry.get("title") or entry.get("id"))


def _length(entry: dict[str, Any]) -> str:
    try:
        whole = round(float(entry["duration"]))
    except (KeyError, TypeError, ValueError):
        return "?"
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _link(site: str, path: str) -> str | None:
    return f"{site}{path}" if site else None
