"""Whether ingest still stands in the folder that everybody else sees."""

from __future__ import annotations

from pathlib import Path

from .config import Config
from .disk import Disk


class Footing:
    """Tells whether ingest still writes into the folder that everybody else sees.

    A folder that is removed and made anew is read-only for a service that has begun before: its sandbox opened the old
    one (ReadWritePaths), and nginx-rtmp says nothing when it cannot record (FACTS 4). So the folder is marked with the
    ingest process that has begun with it.
    """

    def __init__(self, config: Config, disk: Disk) -> None:
        self._control = config.control
        self._noted = config.run / "ingest"
        self._mark = config.incoming / ".ingest"
        self._disk = disk

    def fault(self) -> str:
        """Say what is wrong; empty if nothing is, or ingest does not run.

        Raises:
            OSError: the folder cannot be marked.
        """
        try:
            status = self._control.stat()
        except OSError:
            return ""
        process = f"{status.st_ino}.{status.st_ctime_ns}"
        if read_text(self._noted) != process:
            self._disk.write(self._mark, f"{process}\n", 0o600)
            self._disk.write(self._noted, f"{process}\n", 0o600)
        elif read_text(self._mark) != process:
            return f"{self._mark.parent} was made anew, restart ingest (`make deploy` does): nobody may publish"
        return ""


def read_text(path: Path) -> str | None:
    """The text of a small file without the end of its line; None where there is none."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
