"""The state documents: what the player reads. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .config import Stream
from .names import iso

if TYPE_CHECKING:
    # The guard deletes replays, with whatever the documents say of them.
    from .guard import Health

NEWEST = 20
"""Replays in a stream's own document; it is polled. The index lists all."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Live:
    """What can be played before there is a replay: playlist name, epoch seconds of its beginning, FILE it will have.

    `started` has the encoder's delay `offset_ms` taken off already; the segments' names have not. `alignment_ms` is its
    place beside the others of its match.
    """

    playlist: str
    started: float
    offset_ms: int
    file: str
    alignment_ms: int = 0


def stream_document(
    stream: Stream,
    state: str,
    live: Live | None,
    *,
    window: int,
    replays: Sequence[Document],
    reviewed: Container[str] = (),
    ingest: Document | None = None,
    refused: Document | None = None,
) -> Document:
    """The document `ID.json` without the time of its writing.

    Args:
        stream: whose it is.
        state: offline, live, interrupted, processing or replay.
        live: what can be played before there is a replay.
        window: length of the DVR window, seconds.
        replays: newest first.
        reviewed: FILE of every replay with something in its review document.
        ingest: what is measured of what arrives.
        refused: the last publisher who was refused.
    """
    return {
        "id": stream.id,
        "title": stream.title,
        "group": stream.group,
        "state": state,
        "updated": None,
        "live": None
        if live is None
        else {
            "playlist": f"/hls/{live.playlist}",
            "started": iso(live.started),
            "window": window,
            "offset_ms": live.offset_ms,
            "alignment_ms": live.alignment_ms,
            "review": review_address(live.file),
        },
        "ingest": ingest,
        "refused": refused,
        "replays": [_replay(replay, reviewed=replay["file"] in reviewed) for replay in replays[:NEWEST]],
    }


def index_document(
    streams: Iterable[Document],
    replays: Iterable[Document],
    matches: Iterable[Document],
    clips: Iterable[Document],
    set_aside: Iterable[Document],
    *,
    disk: Document,
    labels: Mapping[str, Document],
    refused: Document | None = None,
) -> Document:
    """The document `index.json` without the time of its writing: slim, everything, newest replays first.

    `labels` are those of replays, by FILE; the matches bring their own. `refused`: the last publisher of no stream.
    """
    return {
        "updated": None,
        "disk": disk,
        "refused": refused,
        "streams": [
            {
                "id": document["id"],
                "title": document["title"],
                "group": document["group"],
                "state": document["state"],
                "started": document["live"]["started"] if document["live"] else None,
            }
            for document in streams
        ],
        "matches": list(matches),
        "replays": [{**_listed(replay), "labels": labels.get(replay["file"], {})} for replay in replays],
        "clips": list(clips),
        "set_aside": list(set_aside),
    }


def disk_document(health: Health) -> Document:
    """What the index says of the room for recordings."""
    return {
        "level": health.level,
        "refusing": health.refusing,
        "since": None if health.since is None else iso(health.since),
        "message": health.message,
    }


def same(one: Document | None, other: Document) -> bool:
    """Tell whether two documents say the same, whenever they were written."""
    return one is not None and {**one, "updated": None} == {**other, "updated": None}


def review_address(file: str) -> str:
    """Where the review document of FILE is served."""
    return f"/review/{file}.json"


def _replay(replay: Document, *, reviewed: bool) -> Document:
    parts = [{key: part[key] for key in ("started", "offset", "duration", "clock")} for part in replay["parts"]]
    return {
        "file": replay["file"],
        "title": replay["title"],
        **_addresses(replay),
        "started": replay["started"],
        "duration": replay["duration"],
        "size": replay["size"],
        "alignment_ms": replay["alignment_ms"],
        "review": review_address(replay["file"]) if reviewed else None,
        "parts": parts,
    }


def _listed(replay: Document) -> Document:
    return {
        "id": replay["id"],
        "title": replay["title"],
        "file": replay["file"],
        **_addresses(replay),
        "started": replay["started"],
        "duration": replay["duration"],
        "size": replay["size"],
        "group": replay.get("group", ""),
        "match": replay.get("match", ""),
        "pinned": replay["pinned"],
        "expires": replay["expires"],
    }


def _addresses(replay: Document) -> Document:
    """Where the files of a replay are; None for what it has not."""
    named = {key: replay.get(key) for key in ("playlist", "poster", "thumbnails")}
    return {
        "url": f"/vod/recordings/{replay['file']}.mp4",
        **{key: name and f"/vod/recordings/{name}" for key, name in named.items()},
    }
