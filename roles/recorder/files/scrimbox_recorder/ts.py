"""MPEG transport streams: the first presentation time of a segment."""

from __future__ import annotations

from pathlib import Path

PACKET = 188
HEAD = PACKET * 128
"""Bytes that are searched: a segment begins with its key frame, preceded at most by a little audio."""
RTMP_OFFSET_MS = 700
"""nginx-rtmp writes the RTMP timestamp plus this as PTS."""


def first_pts(data: bytes) -> tuple[str, int] | None:
    """Kind ("v" or "a") and RTMP milliseconds of the first video frame; of the first audio frame without any video."""
    audio: tuple[str, int] | None = None
    for start in range(0, len(data) - PACKET + 1, PACKET):
        packet = data[start : start + PACKET]
        if packet[0] != 0x47 or not packet[1] & 0x40 or not packet[3] & 0x10:
            continue
        payload = packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0) :]
        if len(payload) < 14 or payload[:3] != b"\0\0\1" or not payload[7] & 0x80:
            continue
        pts = _pts(payload[9:14]) // 90 - RTMP_OFFSET_MS
        if 0xE0 <= payload[3] <= 0xEF:
            return "v", pts
        if 0xC0 <= payload[3] <= 0xDF and audio is None:
            audio = "a", pts
    return audio


def read_first_pts(path: Path) -> tuple[str, int] | None:
    """`first_pts` of a file; None where it is gone or holds none."""
    try:
        with path.open("rb") as stream:
            return first_pts(stream.read(HEAD))
    except FileNotFoundError:
        return None


def _pts(field: bytes) -> int:
    return (field[0] >> 1 & 7) << 30 | field[1] << 22 | (field[2] >> 1) << 15 | field[3] << 7 | field[4] >> 1
