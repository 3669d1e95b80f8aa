"""docs/performance.md: what bench/results holds, as a person reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.project import ROOT

PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "images" / "performance"
RESULTS = ROOT / "bench" / "results"
_WORDS = {"median": "median", "p95": "p95", "most": "most", "ratio": "ratio"}


def number(value: float) -> str:
    """A figure with three digits that count, or a whole number.

    >>> number(1.6449), number(0.01234), number(12345.6), number(40)
    ('1.64', '0.0123', '12,346', '40')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:#.3g}".rstrip(".")


def worth(figure: Mapping[str, Any], statistic: str) -> str:
    """A statistic of a figure, with its unit where it has one."""
    unit = "" if statistic == "ratio" else figure["unit"]
    return f"{number(figure[statistic])} {unit}".rstrip()


def goal_words(goal: Mapping[str, Any], unit: str) -> str:
    """A goal and whether it is met.

    >>> goal_words({"statistic": "median", "limit": 2.2, "at_most": True, "met": True}, "s")
    'median ≤ 2.2 s: met'
    """
    sign = "≤" if goal["at_most"] else "≥"
    limit = f"{goal['limit']:g}" + (f" {unit}" if unit and goal["statistic"] != "ratio" else "")
    return f"{_WORDS[goal['statistic']]} {sign} {limit}: {'met' if goal['met'] else '**missed**'}"


def figure_row(figure: Mapping[str, Any]) -> str:
    """A row of an experiment's table."""
    unit = figure["unit"]
    what = figure["what"] + (f", {unit}" if unit else "")
    spread = f"{number(figure['least'])}–{number(figure['most'])} ({figure['runs']})"
    beside = ""
    if "beside" in figure:
        other = figure["beside"]
        beside = f"{other['what']}: {number(other['median'])}; ratio {number(figure['ratio'])}"
    goals = "; ".join(goal_words(goal, unit) for goal in figure["goals"])
    return f"| {what} | {number(figure['median'])} | {number(figure['p95'])} | {spread} | {beside} | {goals} |"


def section(found: Mapping[str, Any]) -> str:
    """An experiment: what was done, its table, its plots, what limits it."""
    lines = [f"## {found['title']}", "", found["how"], ""]
    lines += ["| what | median | p95 | spread (runs) | beside it | goal |", "|---|---|---|---|---|---|"]
    lines += [figure_row(figure) for figure in found["figures"]]
    for plot in found["plots"]:
        lines += ["", f"![{plot['title']}](images/performance/{plot['file']})"]
    for text in [*found["remarks"], *([found["limits"]] if found["limits"] else [])]:
        lines += ["", text]
    lines += ["", f"`make bench ONLY={found['experiment']}`, {found['seconds']:.0f} s, commit {found['commit']}."]
    return "\n".join(lines)


def summary(results: Iterable[Mapping[str, Any]]) -> str:
    """How many goals are met, and which are not."""
    goals = [(found, figure, goal) for found in results for figure in found["figures"] for goal in figure["goals"]]
    missed = [
        f"- {found['title']}: {figure['what']}: {worth(figure, goal['statistic'])}"
        + f", {goal_words(goal, figure['unit'])}"
        for found, figure, goal in goals
        if not goal["met"]
    ]
    return "\n".join([f"{len(goals) - len(missed)} of {len(goals)} goals are met.", *(["", *missed] if missed else [])])


def page(results: Sequence[Mapping[str, Any]]) -> str:
    """The whole page.

    Args:
        results: what bench/results holds, in the order of the page.
    """
    machine = results[-1]["machine"]
    words = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']:g} GiB, {machine['system']}"
    head = f"""# Performance

<!-- Written by `make bench` from bench/results; changes made here are lost. -->

How fast Scrimbox is, each figure beside what it is compared with in the same run. Measured on {words}
(kernel {machine["kernel"]}), with publishers, server, viewers and browsers on the one machine.
Absolute times belong to it; ratios travel better.
`make bench` repeats everything but the hour of soak, `make bench ONLY=latency` one experiment.

{summary(results)}
"""
    return "\n\n".join([head.rstrip(), *(section(found) for found in results)]) + "\n"


def stored(order: Sequence[str], folder: Path = RESULTS) -> list[dict[str, Any]]:
    """What bench/results holds, in this order; experiments that were never run are left out."""
    files = [folder / f"{name}.json" for name in order]
    return [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def write(order: Sequence[str]) -> None:
    """Write the page from what is stored."""
    PAGE.write_text(page(stored(order)), encoding="utf-8")
