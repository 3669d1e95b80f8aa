"""The wall clock of a part, fitted from measurements of its segments. Pure.

A segment is named by the moment at which its first frame arrived, and holds that frame's presentation time: the
difference is the wall clock of the part's beginning plus the time that the frame spent on its way. What was on its way
shortest is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DRIFT = 200e-6
"""Most that a PC's clock runs fast or slow: a measurement that rises faster was held up on its way."""
STEP = 60.0
"""A change of this many seconds between two measurements is a step of the server's clock, not a delay."""
_WRAP_MS = 2**33 // 90


@dataclass(frozen=True)
class Measurement:
    """One segment: kind of its first frame ("v" or "a"), epoch ms of its name, presentation time of that frame in ms.

    `upto` is the name's number of the last segment that was looked at when this one was the earliest.
    """

    kind: str
    wall_ms: int
    pts_ms: int
    upto: int

    @property
    def origin_ms(self) -> int:
        """Wall clock of presentation time zero."""
        return self.wall_ms - self.pts_ms

    def line(self) -> str:
        """One line of the file that keeps measurements."""
        return f"{self.kind} {self.wall_ms} {self.pts_ms} {self.upto}"


def parse(text: str) -> list[Measurement]:
    """Read the lines back; a last line without its end and anything unreadable is passed over."""
    found = []
    for line in text.split("\n")[:-1]:
        fields = line.split(" ")
        try:
            kind, wall, pts, upto = fields[0], *map(int, fields[1:4])
        except ValueError:
            continue
        if kind in {"v", "a"}:
            found.append(Measurement(kind, wall, pts, upto))
    return found


def earliest(measurements: Iterable[Measurement], upto: int) -> Measurement | None:
    """The measurement that was on its way shortest, marked as covering the segments up to `upto`."""
    best = min(measurements, key=lambda measured: measured.origin_ms, default=None)
    return None if best is None else Measurement(best.kind, best.wall_ms, best.pts_ms, upto)


def fit(measurements: Sequence[Measurement], lead: float) -> list[tuple[float, float]]:
    """Clock points (seconds of the part, epoch seconds), the first at 0; none without measurements.

    Args:
        measurements: in the order in which they were taken; the first is of the part's first segment.
        lead: second of the part at which its first segment begins.
    """
    if not measurements:
        return []
    kind = measurements[0].kind
    offsets = _offsets([measured for measured in measurements if measured.kind == kind], lead)
    origins = _envelope([(offset, wall - offset) for offset, wall in offsets])
    points = [(0.0, origins[0][1])]
    points += [(offset, origin + offset) for offset, origin in origins if offset >= 1]
    return points


def thin(points: Sequence[tuple[float, float]], tolerance: float) -> list[tuple[float, float]]:
    """Leave out the points that a straight line between their neighbours tells to `tolerance` seconds.

    State documents are polled: a clock that drifts evenly needs two points for a whole evening.
    """
    kept: list[tuple[float, float]] = list(points[:1])
    last, low, high = points[0] if points else (0.0, 0.0), float("-inf"), float("inf")
    for point in points[1:]:
        slope = _slope(kept[-1], point, 0.0)
        if not low <= slope <= high:
            kept.append(last)
            low, high = float("-inf"), float("inf")
        low = max(low, _slope(kept[-1], point, -tolerance))
        high = min(high, _slope(kept[-1], point, tolerance))
        last = point
    return [*kept, last] if len(points) > 1 else kept


def _slope(one: tuple[float, float], other: tuple[float, float], more: float) -> float:
    return (other[1] + more - one[1]) / (other[0] - one[0])


def _offsets(measurements: Sequence[Measurement], lead: float) -> list[tuple[float, float]]:
    first = previous = measurements[0].pts_ms
    turns = 0
    found = []
    for measured in measurements:
        if measured.pts_ms < previous - _WRAP_MS // 2:
            turns += 1
        previous = measured.pts_ms
        found.append((lead + (measured.pts_ms + turns * _WRAP_MS - first) / 1000, measured.wall_ms / 1000))
    return found


def _envelope(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Pull every origin down to what its neighbours allow, within each run between two steps of the clock."""
    fitted: list[tuple[float, float]] = []
    run: list[tuple[float, float]] = []
    for point in points:
        if run and abs(point[1] - run[-1][1]) > STEP:
            fitted += _pull(run)
            run = []
        run.append(point)
    return fitted + _pull(run)


def _pull(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    forward = _one_way(run)
    return _one_way(forward[::-1])[::-1]


def _one_way(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    pulled: list[tuple[float, float]] = []
    for offset, origin in run:
        before, low = pulled[-1] if pulled else (offset, origin)
        pulled.append((offset, min(origin, low + DRIFT * abs(offset - before))))
    return pulled
