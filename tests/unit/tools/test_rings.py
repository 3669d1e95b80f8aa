"""How the rings of tests are counted, and that the Makefile explains itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tools.rings import Ring, counts, sum_line, table

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (
            "=========== 12 passed, 1 failed, 3 skipped, 2 warnings in 0.34s ===========",
            {"passed": 12, "failed": 1, "skipped": 3},
        ),
        ("5 passed in 83.20s (0:01:23)", {"passed": 5}),
        ("1 failed, 2 errors in 1.00s", {"failed": 3}),
        ("# pass 7", {"passed": 7}),
        ("ℹ fail 1", {"failed": 1}),
        ("no tests ran in 0.01s", {}),
        ("3 passed the ball in 1 game", {}),
    ],
)
def test_a_runners_closing_line_is_counted(line: str, found: dict[str, int]) -> None:
    assert counts(line) == found


def test_the_closing_line_is_the_sum_of_all_rings() -> None:
    rings = [Ring("unit", tests={"passed": 3}), Ring("system", tests={"passed": 4, "failed": 1, "skipped": 2})]
    assert sum_line(rings) == "tests: 7 passed, 1 failed, 2 skipped"


def test_the_table_shows_each_rings_result_and_time() -> None:
    shown = table([Ring("unit", seconds=4.2, tests={"passed": 3, "failed": 0}), Ring("system", ok=False, seconds=61)])
    assert shown.splitlines() == [
        "unit               ok       4 s            3 passed",
        "system             FAILED   1 min 01 s",
    ]


def test_make_without_a_target_explains_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    rules = [line for line in (ROOT / "Makefile").read_text().splitlines() if re.match(r"[a-z-]+:.* ## ", line)]
    targets = {rule.split(":")[0] for rule in rules}
    assert {line.split()[1] for line in shown.splitlines() if line.startswith("  make ")} == targets
    assert {"demo", "demo-down", "deploy", "credentials", "status", "rollback", "test", "test-all"} <= targets
