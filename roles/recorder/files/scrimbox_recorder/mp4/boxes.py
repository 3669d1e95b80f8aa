"""Boxes of ISO/IEC 14496-12, the format of MP4: walking through them and building them."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple

Read = Callable[[int, int], bytes]
"""Reads so many bytes at a position; fewer only at the end."""


class Mp4Error(Exception):
    """The file is not what it must be; the message says which file and what is wrong in it."""


class Box(NamedTuple):
    """Where a box begins, where its content does, and where it ends."""

    kind: bytes
    start: int
    body: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of the whole box."""
        return self.end - self.start


def walk(read: Read, start: int, end: int) -> Iterator[Box]:
    """Walk through the boxes that lie side by side from `start` to `end`.

    Raises:
        Mp4Error: a box is cut off or says nothing sensible about its size.
    """
    position = start
    while position < end:
        header = read(position, min(16, end - position))
        if len(header) < 8:
            raise Mp4Error(f"it ends inside of the header of a box at {position}")
        size, kind = struct.unpack_from(">I4s", header)
        body = position + 8
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack_from(">Q", header, 8)
            body += 8
        if size < body - position:
            raise Mp4Error(f"the box {name(kind)} at {position} gives {size} bytes as its size")
        if position + size > end:
            raise Mp4Error(f"the box {name(kind)} at {position} is cut off")
        yield Box(kind, position, body, position + size)
        position += size


def inside(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Walk through the boxes of some bytes.

    Raises:
        Mp4Error: see `walk`.
    """
    return walk(lambda position, size: data[position : position + size], start, len(data) if end is None else end)


def children(data: bytes, box: Box) -> dict[bytes, Box]:
    """Return the boxes in a box of `data` by kind; of several of a kind, the first."""
    found: dict[bytes, Box] = {}
    for child in inside(data, box.body, box.end):
        found.setdefault(child.kind, child)
    return found


def need(found: dict[bytes, Box], kind: bytes) -> Box:
    """Return the box of a kind.

    Raises:
        Mp4Error: there is none.
    """
    if kind not in found:
        raise Mp4Error(f"it has no box {name(kind)} where one must be")
    return found[kind]


def decode_time(data: bytes, tfdt: Box) -> int:
    """Read the time in a tfdt. ffmpeg writes one below zero where the recording's first frame is not its earliest."""
    if data[tfdt.body]:
        return int.from_bytes(data[tfdt.body + 4 : tfdt.body + 12], "big", signed=True)
    return int.from_bytes(data[tfdt.body + 4 : tfdt.body + 8], "big")


def build(kind: bytes, *content: bytes) -> bytes:
    """Build a box of less than 4 GB."""
    return b"".join([struct.pack(">I4s", 8 + sum(map(len, content)), kind), *content])


def nest(kind: bytes, *content: bytes) -> list[bytes]:
    """Build a box as pieces to be written one after the other, so that what is large is never copied."""
    return [struct.pack(">I4s", 8 + sum(map(len, content)), kind), *content]


def build_full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    """Build a box that has a version and flags."""
    return build(kind, struct.pack(">I", version << 24 | flags), *content)


def name(kind: bytes) -> str:
    """Return a box's kind in words fit for a message."""
    return repr(kind.decode("ascii", "replace"))


def reader(descriptor: int) -> Read:
    """Read from an open file."""
    return lambda position, size: os.pread(descriptor, size, position)


@contextlib.contextmanager
def about(path: Path) -> Iterator[None]:
    """Say in an error which file it is about; what reading a garbled box raises becomes an Mp4Error as well."""
    try:
        yield
    except Mp4Error as error:
        raise Mp4Error(f"{path.name}: {error}") from error
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise Mp4Error(f"{path.name}: a box is shorter than what it is to hold ({error})") from error
