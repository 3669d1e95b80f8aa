"""The recorder's fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorder_yard import Yard
from scrimbox_recorder.config import Stream


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


@pytest.fixture
def grouped(tmp_path: Path) -> Yard:
    """Two streams of a group, and one that belongs to nobody."""
    alpha, bravo = Stream("alpha", "Alpha", 0, "team"), Stream("bravo", "Bravo", 0, "team")
    return Yard(tmp_path, streams=(alpha, bravo, Stream("cup", "The cup", 0)))
