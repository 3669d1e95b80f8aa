"""The sidecar of a replay: what FILE.json says about FILE.mp4. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .clock import Measurement, fit
from .documents import Document
from .flv import Contents
from .jobs import Job
from .media import Probe
from .names import iso


@dataclass(frozen=True)
class Part:
    """A raw recording that became part of a replay; `mtime` in epoch seconds."""

    source: str
    held: Contents
    made: Probe
    mtime: float
    measured: Sequence[Measurement]


def build(job: Job, file: str, parts: Sequence[Part], size: int, whole: Probe) -> Document:
    """The sidecar of the replay `file` of `size` bytes, made of `parts`.

    Clock points are [second of the file, wall clock]; the encoder's delay is taken off.
    """
    described: list[dict[str, Any]] = []
    offset = 0.0
    for part in parts:
        points = [(second, wall - job.offset_ms / 1000) for second, wall in wall_clock(part)]
        described.append(
            {
                "source": part.source,
                "started": iso(points[0][1]),
                "offset": round(offset, 3),
                "duration": round(part.made.duration, 3),
                "clock": [[round(offset + second, 3), iso(wall)] for second, wall in points],
            }
        )
        offset += part.made.duration
    return {
        "id": job.stream,
        "title": job.title,
        "file": file,
        "started": described[0]["started"],
        "duration": round(whole.duration, 3),
        "size": size,
        "parts": described,
        "video": whole.video,
        "audio": whole.audio,
    }


def wall_clock(part: Part) -> list[tuple[float, float]]:
    """Clock points (second of the part, epoch seconds); unmeasured, the file's last change minus its length."""
    first = part.measured[0] if part.measured else None
    points = fit(part.measured, part.held.lead(first.kind)) if first else []
    within = [point for point in points if point[0] <= part.made.duration]
    return within or [(0.0, part.mtime - part.held.seconds)]
