"""The recorder's fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorder_yard import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)
