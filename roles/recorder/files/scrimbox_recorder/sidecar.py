"""The sidecar of a replay: what FILE.json says about FILE.mp4. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .clock import Measurement, fit, thin
from .documents import Document
from .flv import Contents
from .jobs import Job
from .media import Probe
from .mp4 import ReadBack, Span, Wrapped
from .names import iso

TOLERANCE = 0.002
"""Seconds that the clock points may be off: less than they are measured to."""


@dataclass(frozen=True)
class Part:
    """A raw recording and the fragmented MP4 made of it; `mtime` in epoch seconds."""

    source: str
    held: Contents
    made: Path
    looks: Probe
    mtime: float
    measured: Sequence[Measurement]


@dataclass(frozen=True)
class Output:
    """An MP4 that is ready to become a replay.

    `wrapped` is None where it is a plain MP4, because of `fault`; `missing` says what of its recordings it lacks.
    """

    path: Path
    parts: Sequence[Part]
    spans: Sequence[Span]
    whole: Probe
    read: ReadBack
    wrapped: Wrapped | None
    fault: str = ""
    missing: str = ""


def build(job: Job, file: str, output: Output, size: int) -> Document:
    """The sidecar of the replay `file` of `size` bytes.

    Clock points are [second of the file, wall clock]; the encoder's delay is taken off.
    """
    described: list[dict[str, Any]] = []
    for part, span, points in zip(output.parts, output.spans, clocks(job, output)):
        described.append(
            {
                "source": part.source,
                "started": iso(points[0][1]),
                "offset": round(span.offset, 3),
                "duration": round(span.duration, 3),
                "clock": [[round(span.offset + second, 3), iso(wall)] for second, wall in points],
            }
        )
    duration = round(output.whole.duration, 3)
    return {
        "id": job.stream,
        "title": job.title,
        "file": file,
        "started": described[0]["started"],
        "duration": duration,
        "size": size,
        "bitrate": round(size * 8 / duration) if duration else 0,
        "parts": described,
        "video": output.whole.video,
        "audio": output.whole.audio,
        "sha256": output.read.sha256,
        "playlist": f"{file}.m3u8" if output.wrapped else None,
        "playlist_fault": output.fault or None,
        "group": job.group,
        "match": job.match,
        "ingest": None,
        "poster": None,
        "thumbnails": None,
        "pictures": {"made": False, "attempts": 0, "reason": None},
    }


def clocks(job: Job, output: Output) -> list[list[tuple[float, float]]]:
    """Clock points (second of the part, epoch seconds) of every part, the encoder's delay taken off."""
    delay = job.offset_ms / 1000
    return [
        [(second, wall - delay) for second, wall in wall_clock(part, span.duration)]
        for part, span in zip(output.parts, output.spans)
    ]


def wall_clock(part: Part, duration: float) -> list[tuple[float, float]]:
    """Clock points of a part of `duration` seconds; unmeasured, the file's last change minus its length (FACTS 8a)."""
    first = part.measured[0] if part.measured else None
    points = fit(part.measured, part.held.lead(first.kind)) if first else []
    within = [point for point in points if point[0] <= duration]
    return thin(within, TOLERANCE) or [(0.0, part.mtime - part.held.seconds)]
