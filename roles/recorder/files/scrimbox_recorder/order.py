"""The order in which raw recordings appeared, kept across restarts: after a clock was set back, names and times lie."""

from __future__ import annotations

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
        """Take in which recordings there are now; all of them in order, as far as it is known.

        Raises:
            OSError: the file cannot be written.
        """
        names = self._read() if self._names is None else self._names
        gone = [name for name in names if name not in present]
        names = [name for name in names if name in present]
        fresh = sorted(set(present).difference(names))
        if gone and not names:
            self._disk.remove(self._path)
        elif gone:
            self._disk.write(self._path, "".join(f"{name}\n" for name in names), 0o600)
        self._names = names
        for name in fresh:
            self._disk.append(self._path, name)
            names.append(name)
        return tuple(names)

    def _read(self) -> list[str]:
        try:
            text = self._path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return []
        return list(dict.fromkeys(text.split("\n")[:-1]))
