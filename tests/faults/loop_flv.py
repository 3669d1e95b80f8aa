"""Runs inside a server: makes a long FLV of a short one, as a session that has ended.

Usage: python3 - SOURCE TARGET BYTES [SECONDS]
The pictures and sounds of SOURCE follow one another again and again until TARGET has BYTES, or lasts SECONDS; prints
how many times.
"""

from __future__ import annotations

import math
import pathlib
import shutil
import struct
import sys

SECOND = 1000


def main(source: str, target: str, size: float, seconds: float) -> None:
    """Write it under another name, then rename."""
    data = pathlib.Path(source).read_bytes()
    headers, media, length = [data[:13]], [], 0
    position = 13
    while position + 11 <= len(data):
        kind, high, low, time_high, time_low, top = struct.unpack_from(">BBHBHB", data, position)
        end = position + 15 + (high << 16 | low)
        ms = top << 24 | time_high << 16 | time_low
        frame = (kind == 8 and data[position + 12] == 1) or (kind == 9 and data[position + 12] == 1)
        if frame:
            media.append((kind, ms, data[position + 1 : position + 4], data[position + 8 : end]))
            length = max(length, ms)
        elif not (kind == 9 and data[position + 12] == 2):
            headers.append(data[position:end])
        position = end
    length = -(-length // SECOND) * SECOND
    times = 0
    unfinished = pathlib.Path(target).with_suffix(".part")
    with unfinished.open("wb") as out:
        out.write(b"".join(headers))
        while out.tell() < size and times * length < seconds * SECOND:
            for kind, ms, length_field, rest in media:
                moment = ms + times * length
                head = bytes([kind]) + length_field + (moment & 0xFFFFFF).to_bytes(3, "big") + bytes([moment >> 24])
                out.write(head + rest)
            times += 1
    shutil.chown(unfinished, "scrimbox-ingest", "scrimbox-ingest")
    unfinished.rename(target)
    print(times)


main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]) if len(sys.argv) > 4 else math.inf)
