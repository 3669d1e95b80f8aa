"""The tests, ring by ring, from milliseconds to minutes; ends with a table and the sum of all tests.

Usage: python -m tools.rings RING…
A ring is lint, unit, render, system, converge, verify or destroy; system:bullseye is the system ring on Debian 11.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from tools import image
from tools.project import ROOT, VENV_BIN, child_environment, log_file, shown
from tools.ring_output import RingOutput
from tools.terminal import Trouble, duration, main, say

PLAYER = ROOT / "player"
RECORDER = "roles/recorder/files/scrimbox_recorder"
LINT = [
    ["ansible-lint", "--offline"],
    ["yamllint", "--strict", "."],
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    ["mypy", "--strict", RECORDER],
    ["mypy", "--strict", "tools"],
    ["npm", "run", "--silent", "--prefix", "player", "lint"],
    ["npm", "run", "--silent", "--prefix", "player", "lint:drivers"],
]
PYTEST = ["pytest", "-q"]
STATIC = {
    "lint": LINT,
    "unit": [[*PYTEST, "tests/unit"], ["npm", "test", "--silent", "--prefix", "player"]],
    "render": [[*PYTEST, "tests/render"]],
}
MOLECULE = {"system": "test", "converge": "converge", "verify": "verify", "destroy": "destroy"}
PYTEST_SUMMARY = re.compile(r"^=*\s*((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s")
NODE_SUMMARY = re.compile(r"^(?:#|ℹ) (pass|fail|skipped) (\d+)$")
COUNTED = {
    "passed": "passed",
    "pass": "passed",
    "failed": "failed",
    "fail": "failed",
    "error": "failed",
    "errors": "failed",
    "skipped": "skipped",
}


@dataclass
class Ring:
    """How one ring went."""

    name: str
    ok: bool = True
    seconds: float = 0.0
    tests: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def count(self, counts: Mapping[str, int]) -> None:
        """Add what a runner counted."""
        for key, number in counts.items():
            self.tests[key] = self.tests.get(key, 0) + number


def counts(line: str) -> dict[str, int]:
    """What a runner's closing line says.

    >>> counts("=== 12 passed, 1 failed, 2 warnings in 0.34s ===")
    {'passed': 12, 'failed': 1}
    >>> counts("# pass 7")
    {'passed': 7}
    """
    plain = line.strip()
    node = NODE_SUMMARY.match(plain)
    if node:
        return {COUNTED[node[1]]: int(node[2])}
    summary = PYTEST_SUMMARY.match(plain)
    if not summary:
        return {}
    found: dict[str, int] = {}
    for number, word in (part.split() for part in summary[1].split(", ")):
        if word in COUNTED:
            found[COUNTED[word]] = found.get(COUNTED[word], 0) + int(number)
    return found


def sum_line(rings: Iterable[Ring]) -> str:
    """The closing line."""
    total = Ring("")
    for ring in rings:
        total.count(ring.tests)
    skipped = total.tests.get("skipped", 0)
    tail = f", {skipped} skipped" if skipped else ""
    return f"tests: {total.tests.get('passed', 0)} passed, {total.tests.get('failed', 0)} failed{tail}"


def table(rings: Iterable[Ring]) -> str:
    """One line per ring: how it ended, how long it took, what was counted."""
    lines = []
    for ring in rings:
        counted = ", ".join(f"{number} {word}" for word, number in ring.tests.items() if number)
        lines.append(
            f"{ring.name:<18} {'ok' if ring.ok else 'FAILED':<8} {duration(ring.seconds):<14} {counted}".rstrip()
        )
    return "\n".join(lines)


def run(command: list[str], ring: Ring, environment: Mapping[str, str], log: TextIO) -> None:
    """Run one command of a ring with its output in the log, show what matters of it, and count its tests."""
    say(f"── {ring.name}: {' '.join(command)}")
    tests: dict[str, int] = {}
    output = RingOutput()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            log.write(line)
            log.flush()
            for text in output.read(line.rstrip("\n")):
                say(text)
            # A runner's last word counts, and so does each runner that a command starts.
            ring_counts = counts(line)
            for key, number in ring_counts.items():
                tests[key] = tests.get(key, 0) + number
    ring.count(tests)
    ring.failed += output.failed
    ring.ok = ring.ok and process.returncode == 0


def install_player_tools(environment: Mapping[str, str]) -> None:
    """Install the player's linter by its lock file, unless that has been done.

    Raises:
        Trouble: npm failed; holds what it said.
    """
    packages = [PLAYER / name for name in ("package.json", "package-lock.json", ".npmrc")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in packages)).hexdigest()
    stamp = PLAYER / "node_modules" / ".scrimbox"
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return
    command = [str(VENV_BIN / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=PLAYER, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"npm ci in player/ failed:\n{done.stderr.strip()[-2000:]}")
    stamp.write_text(digest, encoding="ascii")


def commands(name: str, environment: dict[str, str]) -> list[list[str]]:
    """The commands of a ring; adds to the environment what they need.

    Raises:
        Trouble: there is no such ring, or what it needs could not be made.
    """
    if name in STATIC:
        if name != "render":
            install_player_tools(environment)
        return STATIC[name]
    kind, _, suite = name.partition(":")
    if kind not in MOLECULE:
        raise Trouble(f"there is no ring {name!r}; allowed are {', '.join([*STATIC, *MOLECULE])} and system:SUITE.")
    if kind in ("system", "converge"):
        environment["SCRIMBOX_IMAGE"] = image.ensure(suite or None)
    return [["molecule", MOLECULE[kind], "-s", "default"]]


def environment_for_tests() -> dict[str, str]:
    """The children's environment, with colours off: the output is read here before it is shown."""
    environment = child_environment()
    environment.update(ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0", PY_COLORS="0", NO_COLOR="1")
    return environment


def go(name: str) -> Ring:
    """Run one ring."""
    ring = Ring(name)
    began = time.monotonic()
    log = log_file(f"ring-{name.replace(':', '-')}")
    try:
        environment = environment_for_tests()
        with log.open("a", encoding="utf-8") as sink:
            for command in commands(name, environment):
                run(command, ring, environment, sink)
    except Trouble as trouble:
        say(f"scrimbox: {trouble}")
        ring.ok = False
    if not ring.ok:
        say(f"── {name} failed; the whole output is in {shown(log)}.")
    ring.seconds = time.monotonic() - began
    return ring


def cli() -> int:
    """Command-line entry."""
    os.chdir(ROOT)
    rings = [go(name) for name in sys.argv[1:]]
    if not rings:
        raise Trouble(f"name a ring: {', '.join([*STATIC, *MOLECULE])} or system:SUITE.")
    say(f"\n{table(rings)}")
    for ring in rings:
        for test in ring.failed:
            say(f"failed: {ring.name}: {test}")
    if any(ring.tests for ring in rings):
        say(sum_line(rings))
    return 0 if all(ring.ok for ring in rings) else 1


if __name__ == "__main__":
    main(cli)
