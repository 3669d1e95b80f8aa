"""Make the virtual environment .venv: Ansible and Node for deploying; --dev adds the test tools, --bench the plots.

Usage: python3 -m tools.bootstrap [--dev | --bench]
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools import apt
from tools.project import ROOT, VENV, VENV_BIN, log_file
from tools.terminal import Step, Trouble, main, run_logged, say

OLDEST = (3, 10)
STAGES = {"runtime": "Ansible and Node", "dev": "Ansible, Node and the test tools", "bench": "the test tools and plots"}
"""What the environment may hold; each stage holds those before it."""
REQUIREMENTS = {
    "runtime": ROOT / "requirements.txt",
    "dev": ROOT / "requirements-dev.txt",
    "bench": ROOT / "requirements-bench.txt",
}


def home(python: str, place: Path) -> str:
    """What an environment cannot outlive: its Python, and its place, because its scripts hold the absolute path."""
    return f"{python} {place}"


def stamp(base: str, files: list[Path]) -> str:
    """What a finished environment was made from."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return f"{base}\n{digest.hexdigest()}\n"


def check_python(version: tuple[int, int]) -> None:
    """Refuse a Python that is too old.

    Raises:
        Trouble: names the version found, the oldest allowed and the way to name another.
    """
    if version < OLDEST:
        found, oldest = (".".join(map(str, pair)) for pair in (version, OLDEST))
        raise Trouble(f"python3 is Python {found}; {oldest} or newer is needed. Name another: make PYTHON=python3.12 …")


def can_make_venv() -> bool:
    """Whether this Python can make a virtual environment that holds pip."""
    command = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def make_venv() -> None:
    """Make an empty virtual environment in place of what is there."""
    packages = [f"python3.{sys.version_info[1]}-venv", "python3-venv"]
    package = next((name for name in packages if apt.usable() and apt.known(name)), "python3-venv")
    apt.require(can_make_venv, [package], "virtual environments")
    if VENV.exists():
        shutil.rmtree(VENV)
    run_logged([sys.executable, "-m", "venv", VENV], log_file("bootstrap"))


def works() -> bool:
    """Whether the environment's own Python starts."""
    python = VENV_BIN / "python"
    return python.exists() and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def ensure(stage: str) -> None:
    """Make the environment fit the requirement files up to a stage; does nothing when it does already.

    Raises:
        Trouble: Python is too old, venv is missing, or pip failed.
    """
    check_python((sys.version_info[0], sys.version_info[1]))
    base = home(".".join(map(str, sys.version_info[:3])), VENV)
    stages = list(STAGES)[: list(STAGES).index(stage) + 1]
    files = [REQUIREMENTS[name] for name in stages]
    stamps = {VENV / f".scrimbox-{name}": stamp(base, files[: number + 1]) for number, name in enumerate(stages)}
    if all(path.exists() and path.read_text(encoding="utf-8") == text for path, text in stamps.items()):
        return
    made_here = [path.read_text(encoding="utf-8").startswith(f"{base}\n") for path in VENV.glob(".scrimbox-*")]
    if not works() or not made_here or not all(made_here):
        make_venv()
    pip = [str(VENV_BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]
    advice = "Is the package index reachable? The same command may be run again."
    with Step(f"venv: installing {STAGES[stage]} into .venv"):
        run_logged([*pip, str(REQUIREMENTS[stage])], log_file("bootstrap"), advice=advice)
    for path, text in stamps.items():
        path.write_text(text, encoding="utf-8")


def cli() -> None:
    """Command-line entry."""
    ensure(next((stage for stage in reversed(STAGES) if f"--{stage}" in sys.argv[1:]), "runtime"))
    if "--quiet" not in sys.argv[1:]:
        say(f"venv: ready, Python {'.'.join(map(str, sys.version_info[:3]))}")


if __name__ == "__main__":
    main(cli)
