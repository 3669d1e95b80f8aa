"""The thin layer that changes the disk. Every change is one step after which the process may die."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable


class Disk:
    """Changes files; `after` is called with a description after each change (tests crash there)."""

    def __init__(self, after: Callable[[str], None] = lambda step: None) -> None:
        self._after = after

    def write(self, path: Path, text: str, mode: int = 0o640, *, durable: bool = False) -> None:
        """Write a file in one piece: temporary name, mode, the folder's group, rename."""
        temporary = path.with_name(f".{path.name}.tmp")
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            share(stream.fileno(), path.parent, mode)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        self._after(f"write {temporary.name}")
        temporary.replace(path)
        if durable:
            sync_folder(path.parent)
        self._after(f"rename {temporary.name} {path.name}")

    def write_json(self, path: Path, data: object, mode: int = 0o640, *, durable: bool = False) -> None:
        """Write JSON in one piece."""
        self.write(path, json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n", mode, durable=durable)

    def append(self, path: Path, line: str) -> None:
        """Append one line; a reader ignores a last line without its end."""
        with path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
        self._after(f"append {path.name}")

    def rename(self, source: Path, target: Path) -> None:
        """Rename within one file system."""
        source.rename(target)
        self._after(f"rename {source.name} {target}")

    def put_back(self, source: Path, target: Path) -> None:
        """Rename unless `target` exists by now: then only `source` goes."""
        with contextlib.suppress(FileExistsError):
            os.link(source, target)
            self._after(f"link {source.name} {target.name}")
        self.remove(source)

    def remove(self, path: Path) -> None:
        """Remove a file; one that is gone already is no error."""
        path.unlink(missing_ok=True)
        self._after(f"remove {path.name}")

    def make_folder(self, path: Path) -> None:
        """Make a private folder; one that exists is no error."""
        path.mkdir(mode=0o700, exist_ok=True)
        self._after(f"mkdir {path.name}")

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder."""
        path.rmdir()
        self._after(f"rmdir {path.name}")

    def did(self, step: str) -> None:
        """Report a change that another program made for us."""
        self._after(step)


def share(descriptor: int, folder: Path, mode: int) -> None:
    """Give a file its mode and the group of its folder, so that the web service can read it.

    Where the group may not be given (by hand, outside the service), everybody who can enter the folder may read it.
    """
    group = folder.stat().st_gid
    if os.fstat(descriptor).st_gid != group and mode & 0o040:
        try:
            os.fchown(descriptor, -1, group)
        except PermissionError:
            mode |= 0o004
    os.fchmod(descriptor, mode)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_being_written(path: Path) -> bool | None:
    """Tell whether a process has the file open for writing (then a read lease is refused); None if that cannot be told.

    Needs the owner's uid and a file system with leases.
    """
    # A writer that opens the file within these microseconds would otherwise end this process.
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def is_receiving(incoming: Path) -> bool:
    """Tell whether somebody publishes: a recording is being written, or that cannot be told."""
    return any(is_being_written(path) is not False for path in incoming.glob("*.flv"))


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock: a pass by hand waits for the service's and the other way round."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Read JSON; None where the file is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


class Listing:
    """The names in a folder, read again only when the folder has changed; `reads` counts how often that was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp = -1
        self._settled = False
        self._names: tuple[str, ...] = ()
        self.reads = 0

    def names(self) -> tuple[str, ...]:
        """Names, sorted. The same tuple object is returned while nothing has changed.

        Raises:
            OSError: the folder cannot be read.
        """
        stamp = self.folder.stat().st_mtime_ns
        if stamp != self._stamp or not self._settled:
            # The folder's time has a granularity of some milliseconds: after a change it is read twice.
            self._settled = stamp == self._stamp
            self._stamp = stamp
            self.reads += 1
            names = tuple(sorted(entry.name for entry in os.scandir(self.folder)))
            if names != self._names:
                self._names = names
        return self._names
