"""Copying bytes from file to file, a piece at a time."""

from __future__ import annotations

import os
from typing import Callable

from .boxes import Mp4Error

PIECE = 2**20
"""Bytes copied at once at most."""
Throttle = Callable[[int], None]
"""Is called after so many bytes were read or copied; sleeps if that was too fast."""


def put(target: int, data: bytes) -> None:
    """Write all of it.

    Raises:
        OSError: it could not be written.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def copy(source: int, start: int, end: int, target: int, throttle: Throttle) -> None:
    """Append a range of `source` to `target`, which gets holes where `source` has them.

    Raises:
        Mp4Error: the source has become shorter.
        OSError: it could not be read or written.
    """
    status = os.fstat(source)
    if status.st_blocks * 512 >= status.st_size:
        _copy(source, start, end, target, throttle)
        return
    while start < end:
        begin = min(_next_data(source, start), end)
        os.lseek(target, begin - start, os.SEEK_CUR)
        start = begin
        if start < end:
            stop = min(os.lseek(source, start, os.SEEK_HOLE), end)
            _copy(source, start, stop, target, throttle)
            start = stop


def _next_data(source: int, position: int) -> int:
    try:
        return os.lseek(source, position, os.SEEK_DATA)
    except OSError:
        # There is a hole from here to the end.
        return os.fstat(source).st_size


def _copy(source: int, start: int, end: int, target: int, throttle: Throttle) -> None:
    while start < end:
        # The kernel copies it: the bytes never enter this process.
        done = os.sendfile(target, source, start, min(PIECE, end - start))
        if not done:
            raise Mp4Error(f"it became shorter than {end} bytes while it was copied")
        start += done
        throttle(done)
