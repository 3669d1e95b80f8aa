"""What the page of `make bench` says of figures and goals."""

from __future__ import annotations

from typing import Any

import pytest

from bench import page
from bench.figures import Figure, Goal, at_least, at_most, p95


def found(*figures: Figure) -> dict[str, Any]:
    return {
        "experiment": "latency",
        "title": "Glass to glass",
        "how": "A picture of a clock.",
        "limits": "Segments last a second.",
        "seconds": 12,
        "commit": "abc",
        "machine": {"processor": "P", "cores": 2, "memory_gib": 24.0, "system": "S", "kernel": "6"},
        "figures": [figure.to_dict() for figure in figures],
        "plots": [{"title": "Behind", "file": "latency.svg"}],
        "remarks": [],
    }


def test_the_95th_percentile_of_few_runs_is_their_most_and_of_twenty_the_19th() -> None:
    assert p95([3, 1, 2]) == 3
    assert p95(list(range(1, 21))) == 19


def test_a_goal_is_met_up_to_its_limit_and_not_beyond_it() -> None:
    assert Figure("a", "s", [2.2, 2.2], goals=[at_most(2.2)]).to_dict()["goals"][0]["met"]
    assert not Figure("a", "s", [2.2, 2.3], goals=[at_most(2.2, "p95")]).to_dict()["goals"][0]["met"]
    ratio = Figure("a", "MB/s", [45], beside=("cp", [100]), goals=[at_least(0.5, "ratio")]).to_dict()
    assert ratio["ratio"] == pytest.approx(0.45)
    assert not ratio["goals"][0]["met"]


def test_a_goal_of_an_unknown_statistic_and_a_figure_without_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="mean"):
        Goal("mean", 1)
    with pytest.raises(ValueError, match="nothing was measured"):
        Figure("a", "s", [])


def test_the_page_counts_the_goals_and_names_those_that_are_missed() -> None:
    good = Figure("first picture", "s", [0.4], goals=[at_most(1)])
    bad = Figure("last picture", "s", [4.0], goals=[at_most(1)])
    text = page.page([found(good, bad)])
    assert "1 of 2 goals are met." in text
    assert "- Glass to glass: last picture: 4 s, median ≤ 1 s: **missed**" in text
    assert "- Glass to glass: first picture" not in text


def test_a_comparison_stands_beside_its_figure_with_the_ratio() -> None:
    text = page.page(
        [found(Figure("viewers", "", [900], beside=("bare nginx", [1000]), goals=[at_least(0.9, "ratio")]))]
    )
    assert "| viewers | 900 | 900 | 900–900 (1) | bare nginx: 1,000; ratio 0.900 | ratio ≥ 0.9: met |" in text
