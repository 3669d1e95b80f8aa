"""Leaves the server as it was found: what was published to it for an experiment is taken away again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from tests.variants import Variant

QUIET = {"offline", "replay"}
PATIENCE_S = 120


def wait_quiet(server: Variant, *streams: str) -> None:
    """Wait until nothing is live or being made of these streams.

    Raises:
        TimeoutError: something still is after two minutes.
    """
    deadline = time.monotonic() + PATIENCE_S
    for stream in streams:
        while (state := server.alice.get(f"/streams/{stream}.json").json()["state"]) not in QUIET:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{stream} is still {state}")
            time.sleep(0.3)


def recordings(server: Variant, stream: str) -> set[str]:
    """The names of a stream's replays, without an ending."""
    replays = server.alice.get("/streams/index.json").json()["replays"]
    return {replay["file"] for replay in replays if replay["id"] == stream}


@contextlib.contextmanager
def as_found(server: Variant, *streams: str) -> Iterator[None]:
    """Use streams that are quiet; afterwards wait for the end of their sessions, and delete the replays of these."""
    wait_quiet(server, *streams)
    before = {stream: recordings(server, stream) for stream in streams}
    try:
        yield
    finally:
        # A session is in the state documents a pass of the recorder after its first byte.
        time.sleep(3)
        wait_quiet(server, *streams)
        for stream in streams:
            for file in recordings(server, stream) - before[stream]:
                server.check(f"rm -f /srv/recordings/{file}.*")
