"""Some pieces of work at the same time. None of them outlives the process: who is killed finds nothing half done."""

from __future__ import annotations

import queue
import threading
from typing import Callable


class Crew:
    """Threads, so many at the most; whoever owns the crew hears what became of each piece.

    They are no pool of the standard library: that one waits for its threads when the process is told to end.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._at_work: set[str] = set()
        self._done: queue.SimpleQueue[tuple[str, BaseException | None]] = queue.SimpleQueue()

    def __contains__(self, name: str) -> bool:
        """Whether the piece of this name is being worked on, or has not been heard of since."""
        return name in self._at_work

    @property
    def busy(self) -> bool:
        """Whether anything is being worked on."""
        return bool(self._at_work)

    @property
    def full(self) -> bool:
        """Whether one more piece would be too many."""
        return len(self._at_work) >= self._most

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Begin a piece of work."""
        self._at_work.add(name)
        threading.Thread(target=self._work, args=(name, work), name=name, daemon=True).start()

    def hear(self, seconds: float) -> tuple[str, BaseException | None] | None:
        """The name of a piece that has ended and what it raised; None if none ends within so many seconds."""
        if not self._at_work:
            return None
        try:
            name, fault = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        self._at_work.remove(name)
        return name, fault

    def _work(self, name: str, work: Callable[[], None]) -> None:
        fault: BaseException | None = None
        try:
            work()
        except BaseException as error:
            fault = error
        self._done.put((name, fault))
