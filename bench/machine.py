"""What was measured on: a figure means little without its machine."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from tools.project import ROOT


def _cpu() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _memory_gib() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).partition("\n")[0].strip()


def describe() -> dict[str, Any]:
    """Processor, memory, kernel, and the versions of what takes part; nothing that names the machine itself."""
    return {
        "processor": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "ffmpeg": _first_line("ffmpeg", "-version").split(" Copyright")[0],
        "chromium": _first_line("chromium", "--version").strip(),
    }


def commit() -> str:
    """The commit that was measured, with a plus sign where files were changed since."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=10"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"
