"""Packages of an apt system, installed only as root and only when they are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.project import log_file
from tools.terminal import ADDRESS, Step, Trouble, run_logged

LISTS = Path("/var/lib/apt/lists")


def usable() -> bool:
    """Whether this process may install packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def known(package: str) -> bool:
    """Whether apt offers a package; refreshes the package lists when there are none."""
    if not any(LISTS.glob("*_Packages*")):
        update()
    answer = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False)
    return "Candidate:" in answer.stdout and "Candidate: (none)" not in answer.stdout


def update() -> None:
    """Refresh the package lists.

    Raises:
        Trouble: the lists could not be fetched.
    """
    run_logged(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "update"], log_file("apt-update"), mask=ADDRESS)


def install(packages: Sequence[str], why: str) -> None:
    """Install packages without the ones they merely recommend.

    Args:
        packages: package names.
        why: what they are for, for the progress line.

    Raises:
        Trouble: apt failed; the message holds the end of its log.
    """
    log = log_file("apt-install")
    command = ["apt-get", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "install", *packages]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with Step(f"apt: installing {' '.join(packages)} ({why})"):
        if not any(LISTS.glob("*_Packages*")):
            update()
        try:
            run_logged(command, log, env=environment, mask=ADDRESS)
        except Trouble:
            # Old lists name package versions that the mirror no longer has.
            update()
            run_logged(command, log, env=environment, mask=ADDRESS)


def require(present: Callable[[], bool], packages: Sequence[str], why: str, otherwise: str = "") -> None:
    """Make sure that something is there, by apt where that is possible.

    Args:
        present: tells whether it is there.
        packages: what brings it.
        why: what it is for.
        otherwise: what to do where this process cannot install packages; the apt command by default.

    Raises:
        Trouble: it is not there and cannot be installed from here; says what to run.
    """
    if present():
        return
    if not usable():
        by_hand = f"Run: sudo apt-get install {' '.join(packages)}"
        raise Trouble(f"missing: {' '.join(packages)} ({why}), and only root can install it. {otherwise or by_hand}")
    install(packages, why)
    if not present():
        raise Trouble(f"{' '.join(packages)} was installed, yet {why} still does not work. See build/apt-install.log.")
