"""Ends a publisher through nginx-rtmp's `rtmp_control`, on ingest's unix socket."""

from __future__ import annotations

import logging
import re
import socket
from pathlib import Path

log = logging.getLogger(__name__)

TIMEOUT = 2.0
"""Seconds for the whole answer: ingest is on this machine, and a pass waits."""
AGAIN = 5.0
"""Seconds before the same publisher is ended again: nginx finishes a connection's affairs after it has answered."""
APPLICATION = "live"
_ANSWER = re.compile(rb"HTTP/1\.[01] 200 [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n([0-9]+)\s*")


class Control:
    """Remembers whom it has just ended."""

    def __init__(self, path: Path) -> None:
        """`path` is the socket."""
        self._path = path
        self._not_before: dict[str, float] = {}

    def drop(self, stream: str, steady: float) -> int:
        """End the publisher of a stream, unless that was just done; how many connections were ended.

        Raises:
            OSError: ingest does not answer, or not as it should.
        """
        if steady < self._not_before.get(stream, 0):
            return 0
        self._not_before = {name: when for name, when in self._not_before.items() if when > steady}
        self._not_before[stream] = steady + AGAIN
        return drop(self._path, stream)


def drop(path: Path, stream: str) -> int:
    """End the publisher of a stream; how many connections were ended.

    Raises:
        OSError: nobody answers, or not as expected.
    """
    # HTTP/1.0: the answer ends with the connection. A stream id needs no escaping.
    request = f"GET /control/drop/publisher?app={APPLICATION}&name={stream} HTTP/1.0\r\n\r\n"
    answer = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(TIMEOUT)
        channel.connect(str(path))
        channel.sendall(request.encode("ascii"))
        while chunk := channel.recv(4096):
            answer += chunk
            if len(answer) > 4096:
                break
    found = _ANSWER.fullmatch(answer)
    if not found:
        raise OSError(f"ingest answered {answer[:60]!r} when it was to end {stream}")
    return int(found[1])
