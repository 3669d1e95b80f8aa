"""Files are written whole, validated and owned before they take their place, and their contents stay unsaid."""

from __future__ import annotations

import getpass
import grp
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import files
import pytest
from ansible.module_utils import basic

Run = Callable[..., dict[str, Any]]
USER, GROUP = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def run(run_module: Run) -> Run:
    """Ask for one file."""

    def go(path: Path, content: str, *, check: bool = False, diff: bool = True, **other: str) -> dict[str, Any]:
        file = {"path": str(path), "content": content, "owner": USER, "group": GROUP, **other}
        return run_module(files, check=check, diff=diff, files=[file])

    return go


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_file_is_written_with_its_mode_and_a_second_run_changes_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    assert run(path, "ä\n", mode="0640")["written"] == [str(path)]
    assert (path.read_bytes(), mode(path)) == ("ä\n".encode(), 0o640)
    again = run(path, "ä\n", mode="0640")
    assert (again["changed"], again["diff"]) == (False, [])
    assert list(tmp_path.iterdir()) == [path]


def test_another_mode_is_corrected_without_writing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("a")
    path.chmod(0o666)
    inode = path.stat().st_ino
    answer = run(path, "a", mode="0600")
    assert (answer["written"], answer["corrected"]) == ([], [str(path)])
    assert (mode(path), path.stat().st_ino) == (0o600, inode)


def test_a_file_that_is_not_valid_is_refused_with_the_reason_and_the_old_one_stays(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("good")
    answer = run(path, "bad", validate="sh -c 'grep -q good $0 || { echo $0: nothing good >&2; exit 1; }' %s")
    assert answer["failed"]
    assert f"{path}: nothing good" in answer["msg"]
    assert (path.read_text(), list(tmp_path.iterdir())) == ("good", [path])
    assert run(path, "good too", validate="grep -q good %s")["written"] == [str(path)]


def test_check_mode_writes_nothing_and_shows_the_difference(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old\n")
    answer = run(path, "new\n", check=True, owner="scrimbox-nobody-yet")
    assert (answer["changed"], path.read_text()) == (True, "old\n")
    (difference,) = answer["diff"]
    assert (difference["before"], difference["after"]) == ("old\n", "new\n")


def test_without_diff_no_content_is_in_the_answer(run: Run, tmp_path: Path) -> None:
    answer = run(tmp_path / "a.conf", "a secret\n", diff=False)
    assert answer["changed"]
    assert "secret" not in json.dumps(answer)


def test_a_folder_that_is_missing_is_named(run: Run, tmp_path: Path) -> None:
    answer = run(tmp_path / "missing/a.conf", "a")
    assert answer["failed"]
    assert "missing" in answer["msg"]


def test_no_content_is_written_to_the_journal(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        basic.AnsibleModule, "log", lambda _, message, log_args=None: said.append(f"{message} {log_args}")
    )
    assert run(tmp_path / "a.conf", "first\na secret\n")["changed"]
    assert said
    assert "secret" not in " ".join(said)
