"""The order in which raw recordings appeared, kept across restarts: after a clock was set back, names and times lie."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

from .disk import Disk

NAME = ".order"


class Order:
    """One line for every recording, in the order of appearance. A lost or broken file costs only the order."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._path = folder / NAME
        self._disk = disk
        self._names: list[str] | None = None

    def note(self, present: Collection[str]) -> tuple[str, ...]:
        """Take in which recordings there are now; all of them in order, as far as it is known."""
        names = self._read() if self._names is None else self._names
        left = [name for name in names if name in present]
        fresh = sorted(set(present).difference(names))
        self._names = [*left, *fresh]
        # On a full disk the order is worth less than the pass that needs it.
        with contextlib.suppress(OSError):
            self._keep(left, fresh, pruned=len(left) < len(names))
        return tuple(self._names)

    def _keep(self, left: list[str], fresh: list[str], *, pruned: bool) -> None:
        if pruned and not left:
            self._disk.remove(self._path)
        elif pruned:
            self._disk.write(self._path, "".join(f"{name}\n" for name in left), 0o600)
        for name in fresh:
            self._disk.append(self._path, name)

    def _read(self) -> list[str]:
        try:
            text = self._path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return []
        return list(dict.fromkeys(text.split("\n")[:-1]))
