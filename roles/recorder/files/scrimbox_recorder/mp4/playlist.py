"""The byte-range playlist of a wrapped file (RFC 8216)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from .wrap import Wrapped

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def playlist(wrapped: Wrapped, name: str, started: Sequence[float]) -> str:
    """Write the playlist of a finished replay.

    Args:
        wrapped: the file.
        name: its name, relative to the playlist.
        started: when each part's first frame was recorded, in seconds since 1970.
    """
    longest = max(segment.duration for segment in wrapped.segments)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f"#EXT-X-TARGETDURATION:{math.ceil(longest)}",
        f'#EXT-X-MAP:URI="{name}",BYTERANGE="{wrapped.init.size}@{wrapped.init.offset}"',
    ]
    part, position, told = -1, 0.0, 0
    for segment in wrapped.segments:
        if segment.part != part:
            part = segment.part
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(started[part])}")
        # What rounding takes from one segment the next one gets: a player adds thousands of them up.
        position += segment.duration
        length = round(position * 1e6) - told
        told += length
        lines += [f"#EXTINF:{length / 1e6:.6f},", f"#EXT-X-BYTERANGE:{segment.size}@{segment.offset}", name]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def _date(epoch: float) -> str:
    moment = _EPOCH + timedelta(milliseconds=round(epoch * 1000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
