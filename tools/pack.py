"""Pack a folder into a deterministic archive: the same files give the same bytes, whoever packs them and when.

Run as ``python3 tools/pack.py FOLDER ARCHIVE.tar.gz``. The archive holds the folder under its own name; compiled
Python is left out. It is written only when it changes. Its path is printed, so that a lookup can use it.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path

_LEFT_OUT = {"__pycache__"}


def pack(folder: Path) -> bytes:
    """Return the archive of a folder: entries sorted, owned by root, without times, modes 0755 and 0644.

    Args:
        folder: what to pack.

    Raises:
        NotADirectoryError: there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder; give the folder to pack")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in [folder, *sorted(folder.rglob("*"))]:
            if _LEFT_OUT.intersection(path.relative_to(folder).parts) or path.suffix == ".pyc":
                continue
            entry = tarfile.TarInfo(str(Path(folder.name) / path.relative_to(folder)))
            if path.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            else:
                content = path.read_bytes()
                entry.size, entry.mode = len(content), 0o644
                tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), 9, mtime=0)


def write(content: bytes, target: Path) -> bool:
    """Write a file in one piece if its content differs; tell whether it did."""
    if target.is_file() and target.read_bytes() == content:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(target)
    return True


def main(arguments: list[str]) -> int:
    """Run the command line; the exit code."""
    if len(arguments) != 2 or not arguments[1].endswith(".tar.gz"):
        print("usage: python3 tools/pack.py FOLDER ARCHIVE.tar.gz", file=sys.stderr)
        return 2
    folder, target = (Path(argument).absolute() for argument in arguments)
    try:
        write(pack(folder), target)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
