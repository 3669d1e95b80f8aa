"""Folders are made and corrected, and what is as declared is left alone."""

from __future__ import annotations

import getpass
import grp
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folders
import pytest

Run = Callable[..., dict[str, Any]]
USER, GROUP = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def run(run_module: Run) -> Run:
    """Ask for folders, each a path and a mode."""

    def go(*wanted: tuple[Path, str], check: bool = False, **other: str) -> dict[str, Any]:
        listed = [{"path": str(path), "owner": USER, "group": GROUP, "mode": mode, **other} for path, mode in wanted]
        return run_module(folders, check=check, folders=listed)

    return go


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_what_is_missing_is_made_with_its_mode_after_its_parent(run: Run, tmp_path: Path) -> None:
    answer = run((tmp_path / "a", "2750"), (tmp_path / "a/b", "0700"))
    assert answer["made"] == [str(tmp_path / "a"), str(tmp_path / "a/b")]
    assert (answer["changed"], answer["corrected"]) == (True, [])
    assert (mode(tmp_path / "a"), mode(tmp_path / "a/b")) == (0o2750, 0o700)


def test_a_second_run_changes_nothing(run: Run, tmp_path: Path) -> None:
    run((tmp_path / "a", "2750"))
    assert run((tmp_path / "a", "2750"))["changed"] is False


def test_another_mode_is_corrected_and_what_is_inside_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(0o777)
    (tmp_path / "a/recording.flv").write_text("kept")
    answer = run((tmp_path / "a", "0750"))
    assert (answer["made"], answer["corrected"]) == ([], [str(tmp_path / "a")])
    assert mode(tmp_path / "a") == 0o750
    assert (tmp_path / "a/recording.flv").read_text() == "kept"


def test_check_mode_changes_nothing_and_says_what_it_would_even_for_owners_that_do_not_exist_yet(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "old").mkdir(0o755)
    answer = run((tmp_path / "old", "0700"), check=True)
    assert (answer["corrected"], mode(tmp_path / "old")) == ([str(tmp_path / "old")], 0o755)
    answer = run((tmp_path / "new", "0700"), check=True, owner="scrimbox-nobody-yet", group="scrimbox-nobody-yet")
    assert (answer["made"], (tmp_path / "new").exists()) == ([str(tmp_path / "new")], False)
    assert answer["diff"][0]["before"]["state"] == "absent"


def test_a_file_in_the_place_of_a_folder_is_refused_by_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("in the way")
    answer = run((tmp_path / "a", "0700"))
    assert answer["failed"]
    assert str(tmp_path / "a") in answer["msg"]


def test_a_folder_behind_a_link_is_what_gets_the_mode(run: Run, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(0o755)
    (tmp_path / "a").symlink_to("disk")
    assert run((tmp_path / "a", "2750"))["corrected"] == [str(tmp_path / "a")]
    assert (mode(tmp_path / "disk"), (tmp_path / "a").is_symlink()) == (0o2750, True)
    assert run((tmp_path / "a", "2750"))["changed"] is False
    assert run((tmp_path / "a", "2750"), check=True)["changed"] is False
