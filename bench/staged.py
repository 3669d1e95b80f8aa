"""A long raw recording beside those of the server, to be copied for comparison and then given to the recorder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from bench import raw
from tests import media
from tests.conftest import BUILD
from tests.variants import Variant

KBITS = 6000
_PATIENCE_S = 300


@dataclass(frozen=True)
class Staged:
    """A recording of so many seconds and bytes; `copied` is how fast `cp` and `sync` were, in bytes per second."""

    server: Variant
    stream: str
    path: str
    seconds: int
    size: int
    copied: float

    def give(self) -> None:
        """Let it be what has just been received."""
        self.server.check(
            f"touch {self.path} && mv {self.path} {raw.INCOMING}/{raw.name_of(self.stream, self.seconds)}"
        )


def copying(server: Variant, path: str, copy: str) -> float:
    """Seconds that `cp` and `sync` take on the server."""
    timed = f"begun=$(date +%s%N) && cp {path} {copy} && sync {copy} && echo $(($(date +%s%N) - begun)) && rm {copy}"
    return int(server.check(timed, _PATIENCE_S)) / 1e9


@contextlib.contextmanager
def recording(server: Variant, stream: str, seconds: int, *, copied: float = 0) -> Iterator[Staged]:
    """Make one of 6 Mbit/s, bring it to the disk, and copy it on the same file system unless `copied` is known."""
    path, copy = f"/srv/{stream}-staged.flv", f"/srv/{stream}-copy.flv"
    pattern = media.pattern(BUILD / "media", raw.LOOP_S, kbits=KBITS)
    try:
        raw.make(server, path, seconds, pattern)
        size = int(server.check(f"sync {path} && stat -c %s {path}", _PATIENCE_S))
        copied = copied or size / copying(server, path, copy)
        yield Staged(server, stream, path, seconds, size, copied)
    finally:
        server.run(f"rm -f {path} {path}.part {copy}")
