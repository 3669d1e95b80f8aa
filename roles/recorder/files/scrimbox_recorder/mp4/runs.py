"""Long tables in little memory: values of which many are alike, and numbers as the file stores them."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator
from itertools import groupby

WORD, SIGNED, LONG = "I", "i", "Q"
"""Unsigned and signed 32 bits, unsigned 64 bits (on every platform that the recorder runs on)."""


class Runs:
    """Values in order, run-length encoded."""

    def __init__(self, typecode: str = WORD) -> None:
        self.counts = array(WORD)
        self.values = array(typecode)
        self._apart = 0

    def add(self, value: int, count: int = 1) -> None:
        """Append `count` times the same."""
        if len(self.values) > self._apart and self.values[-1] == value:
            self.counts[-1] += count
        elif count:
            self.values.append(value)
            self.counts.append(count)

    def extend(self, values: Iterable[int]) -> None:
        """Append one by one."""
        grouped = [(value, len(list(same))) for value, same in groupby(values)]
        if grouped:
            self.add(*grouped[0])
            self.values.extend([value for value, _ in grouped[1:]])
            self.counts.extend([count for _, count in grouped[1:]])

    def add_apart(self, value: int) -> int:
        """Append one that can be changed later, when more has been appended, and return its run's number."""
        self.values.append(value)
        self.counts.append(1)
        self._apart = len(self.values)
        return self._apart - 1

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Walk through (count, value)."""
        return zip(self.counts, self.values)

    def total(self) -> int:
        """Sum of all values."""
        return sum(count * value for count, value in self.pairs())

    def packed(self) -> bytes:
        """Return (count, value) as the file stores them, 32 bits each, after the number of pairs."""
        mixed = array(self.values.typecode, bytes(8 * len(self.values)))
        mixed[0::2] = array(mixed.typecode, self.counts.tobytes())
        mixed[1::2] = self.values
        return len(self.values).to_bytes(4, "big") + stored(mixed)


def stored(numbers: array[int]) -> bytes:
    """Return numbers as the file stores them: big-endian."""
    if sys.byteorder == "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def loaded(typecode: str, data: bytes) -> array[int]:
    """Return numbers that a file stores."""
    numbers = array(typecode, data)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers
