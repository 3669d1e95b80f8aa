"""The state documents: what the player reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .names import iso

NEWEST = 20
"""Replays in a stream's own document; it is polled. The index lists all."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Live:
    """What can be played before there is a replay: playlist name, epoch seconds of its beginning.

    `started` has the encoder's delay `offset_ms` taken off already; the segments' names have not.
    """

    playlist: str
    started: float
    offset_ms: int


def stream_document(
    stream_id: str, title: str, state: str, live: Live | None, *, window: int, replays: Sequence[Document]
) -> Document:
    """`ID.json` without the time of its writing. `window` in seconds; `replays` are sidecars, newest first."""
    return {
        "id": stream_id,
        "title": title,
        "state": state,
        "updated": None,
        "live": None
        if live is None
        else {
            "playlist": f"/hls/{live.playlist}",
            "started": iso(live.started),
            "window": window,
            "offset_ms": live.offset_ms,
        },
        "replays": [_replay(sidecar) for sidecar in replays[:NEWEST]],
    }


def index_document(streams: Iterable[Document], replays: Iterable[Document], set_aside: Iterable[Document]) -> Document:
    """The document `index.json` without the time of its writing: slim, everything, newest replays first."""
    return {
        "updated": None,
        "streams": [
            {
                "id": document["id"],
                "title": document["title"],
                "state": document["state"],
                "started": document["live"]["started"] if document["live"] else None,
            }
            for document in streams
        ],
        "replays": [
            {
                "id": sidecar["id"],
                "title": sidecar["title"],
                "file": sidecar["file"],
                "url": _url(sidecar),
                "started": sidecar["started"],
                "duration": sidecar["duration"],
                "size": sidecar["size"],
            }
            for sidecar in replays
        ],
        "set_aside": list(set_aside),
    }


def same(one: Document | None, other: Document) -> bool:
    """Tell whether two documents say the same, whenever they were written."""
    return one is not None and {**one, "updated": None} == {**other, "updated": None}


def _replay(sidecar: Document) -> Document:
    return {
        "file": sidecar["file"],
        "url": _url(sidecar),
        "playlist": None,
        "started": sidecar["started"],
        "duration": sidecar["duration"],
        "size": sidecar["size"],
        "parts": [{key: part[key] for key in ("started", "offset", "duration", "clock")} for part in sidecar["parts"]],
        "poster": None,
        "thumbnails": None,
    }


def _url(sidecar: Document) -> str:
    return f"/vod/recordings/{sidecar['file']}.mp4"
