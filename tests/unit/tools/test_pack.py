"""The archive in which the recorder travels to the server."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

from tools.pack import pack

PACKAGE = Path(__file__).parents[3] / "roles" / "recorder" / "files" / "scrimbox_recorder"


def test_the_recorder_s_archive_carries_its_subpackages_for_all_to_read() -> None:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(pack(PACKAGE)))) as tar:
        members = {member.name: member for member in tar}
    modules = {f"scrimbox_recorder/mp4/{path.name}" for path in (PACKAGE / "mp4").glob("*.py")}
    assert modules
    assert modules <= members.keys()
    assert members["scrimbox_recorder/mp4"].isdir()
    assert {member.mode for member in members.values()} == {0o755, 0o644}
