"""What an experiment brings home: figures beside what they are compared with and what they may be, and curves."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STATISTICS = ("median", "p95", "most", "ratio")


def p95(runs: Sequence[float]) -> float:
    """The 95th percentile (nearest rank): the most of them where there are few."""
    return sorted(runs)[math.ceil(0.95 * len(runs)) - 1]


@dataclass(frozen=True)
class Goal:
    """What a figure may be.

    Args:
        statistic: median, p95, most, or ratio (the median over the median that it is compared with).
        limit: in the figure's unit; a ratio has none.
        at_most: or else at least.
    """

    statistic: str
    limit: float
    at_most: bool = True

    def __post_init__(self) -> None:
        if self.statistic not in STATISTICS:
            raise ValueError(f"statistic is {self.statistic!r}, not one of {', '.join(STATISTICS)}")

    def met(self, found: Mapping[str, float]) -> bool:
        """Whether statistics are within the limit."""
        value = found[self.statistic]
        return value <= self.limit if self.at_most else value >= self.limit


def at_most(limit: float, statistic: str = "median") -> Goal:
    """A goal: not more than that."""
    return Goal(statistic, limit)


def at_least(limit: float, statistic: str = "median") -> Goal:
    """A goal: not less than that."""
    return Goal(statistic, limit, at_most=False)


@dataclass(frozen=True)
class Figure:
    """One thing measured, several times.

    Args:
        what: names it for a reader of the page.
        unit: s, ms, MB, kB, MB/s, %, or empty for a number.
        runs: what each run gave.
        beside: what it is compared with, in the same run and unit: its name and its runs.
        goals: what it may be.
    """

    what: str
    unit: str
    runs: Sequence[float]
    beside: tuple[str, Sequence[float]] | None = None
    goals: Sequence[Goal] = ()

    def __post_init__(self) -> None:
        if not self.runs or (self.beside and not self.beside[1]):
            raise ValueError(f"{self.what}: nothing was measured")

    def statistics(self) -> dict[str, float]:
        """Median, p95, least, most, number of runs, and the ratio where there is a comparison."""
        runs = list(self.runs)
        found = {"median": statistics.median(runs), "p95": p95(runs), "least": min(runs), "most": max(runs)}
        found["runs"] = len(runs)
        if self.beside:
            other = statistics.median(self.beside[1])
            found["ratio"] = found["median"] / other if other else math.inf
        return found

    def to_dict(self) -> dict[str, Any]:
        """As it stands in bench/results."""
        found = self.statistics()
        out: dict[str, Any] = {"what": self.what, "unit": self.unit, **found}
        if self.beside:
            name, runs = self.beside
            out["beside"] = {"what": name, "median": statistics.median(runs), "least": min(runs), "most": max(runs)}
        out["goals"] = [
            {"statistic": goal.statistic, "limit": goal.limit, "at_most": goal.at_most, "met": goal.met(found)}
            for goal in self.goals
        ]
        return out


@dataclass(frozen=True)
class Curves:
    """A plot.

    Args:
        name: of its file, such as `latency-behind`.
        title: above it.
        x: what the axis says, with the unit.
        y: likewise.
        lines: points (x, y) by the line's name.
        shares: draw what part of a line's y values is at most x (its points' x is not used); y is then a share.
        logarithmic: the x axis.
    """

    name: str
    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    shares: bool = False
    logarithmic: bool = False


@dataclass
class Result:
    """What an experiment found."""

    figures: list[Figure] = field(default_factory=list)
    curves: list[Curves] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What a reader has to know of this very run, such as that a stall happened: whole sentences."""
