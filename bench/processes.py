"""What the server's processes have used so far, by systemd unit; read on this machine, so that nothing runs there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from tests.variants import Variant
from tools.engine import docker

_PROC = Path("/proc")
_NS = 1e9


def container_id(server: Variant) -> str:
    """The engine's long name of the container."""
    return docker("inspect", "--format", "{{.Id}}", server.name).strip()


def of_unit(server: Variant, unit: str) -> list[int]:
    """The processes of a unit of the server, by their ids on this machine.

    Raises:
        ValueError: it has none.
    """
    marks = (container_id(server), f"/{unit}.service")
    found = []
    for folder in _PROC.glob("[0-9]*"):
        # Processes end while they are looked at.
        with contextlib.suppress(OSError):
            if all(mark in (folder / "cgroup").read_text(encoding="utf-8") for mark in marks):
                found.append(int(folder.name))
    if not found:
        raise ValueError(f"{server.name}: {unit} has no process")
    return found


def seconds(processes: Iterable[int]) -> float:
    """Processor seconds that they have used, all threads and the kernel's work for them, to a microsecond."""
    used = 0
    for process in processes:
        for thread in (_PROC / str(process) / "task").iterdir():
            used += int((thread / "schedstat").read_text(encoding="ascii").split()[0])
    return used / _NS


def megabytes(processes: Iterable[int]) -> float:
    """Memory of their own in MB: resident, but for files and what is shared."""
    total = 0
    for process in processes:
        for line in (_PROC / str(process) / "status").read_text(encoding="utf-8").splitlines():
            if line.startswith("RssAnon:"):
                total += int(line.split()[1])
    return total * 1024 / 1e6
