"""A home's uplink between a publisher and the server: what is sent arrives, but in bursts."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time


class Uplink:
    """Forwards connections to an address, and now and then holds back what is sent for a while."""

    def __init__(
        self,
        there: tuple[str, int],
        *,
        every: float = 2.0,
        longest: float = 0.5,
        bits: float = float("inf"),
        seed: int = 1,
    ) -> None:
        """Begin to listen.

        Args:
            there: host and port of the server.
            every: mean seconds from one hold to the next.
            longest: the longest hold in seconds.
            bits: what it carries to the server in a second.
            seed: makes the same bursts each time.
        """
        self._there = there
        self._every, self._longest, self._bits = every, longest, bits
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where publishers connect to, on 127.0.0.1."""
        number: int = self._listener.getsockname()[1]
        return number

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._there)
                for one, other, held in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._forward, args=(one, other, held), daemon=True).start()

    def _forward(self, one: socket.socket, other: socket.socket, held: bool) -> None:
        due = time.monotonic() + self._random.expovariate(1 / self._every)
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if held:
                    time.sleep(len(data) * 8 / self._bits)
                if held and time.monotonic() > due:
                    time.sleep(self._random.uniform(0.1, self._longest))
                    due = time.monotonic() + self._random.expovariate(1 / self._every)
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
