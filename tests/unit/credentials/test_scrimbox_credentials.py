"""The secrets of a server are made once, checked before anything is touched, and never changed by accident."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import scrimbox_credentials as credentials
import yaml

KEY = "0123456789abcdef" * 2


def run(path: Path, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    params = {
        "path": str(path),
        "host": "vod.example.com",
        "streams": ["match123"],
        "viewers": ["alice"],
        "given_publish_keys": {},
        "given_viewer_passwords": {},
        "deployed": {},
        "rotate": False,
        **changes,
    }
    return credentials.run(SimpleNamespace(params=params, check_mode=check_mode))


def test_the_first_run_makes_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "vod.yml"
    result = run(path)
    assert result["changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert re.fullmatch("[0-9a-f]{32}", result["publish_keys"]["match123"])


def test_the_second_run_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    first = run(path)
    before = path.read_bytes()
    second = run(path, deployed=first["fingerprints"])
    assert not second["changed"]
    assert path.read_bytes() == before
    assert {**second, "changed": True} == first


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert run(tmp_path / "vod.yml", check_mode=True)["changed"]
    assert list(tmp_path.iterdir()) == []


def test_a_clone_without_the_secrets_stops_and_names_the_file_and_the_flag(tmp_path: Path) -> None:
    deployed = run(tmp_path / "first" / "vod.yml")["fingerprints"]
    clone = tmp_path / "second" / "vod.yml"
    with pytest.raises(credentials.InputError) as stopped:
        run(clone, deployed=deployed)
    assert "secrets/vod.yml" in str(stopped.value)
    assert "ROTATE=yes" in str(stopped.value)
    assert not clone.exists()


def test_rotate_replaces_the_secrets_on_purpose(tmp_path: Path) -> None:
    deployed = run(tmp_path / "first" / "vod.yml")["fingerprints"]
    assert run(tmp_path / "second" / "vod.yml", deployed=deployed, rotate=True)["fingerprints"] != deployed


def test_a_new_stream_and_a_removed_viewer_leave_the_other_secrets_alone(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    first = run(path, viewers=["alice", "bob"])
    second = run(path, streams=["match123", "other"], deployed=first["fingerprints"])
    assert second["publish_keys"]["match123"] == first["publish_keys"]["match123"]
    assert second["viewers"] == {"alice": first["viewers"]["alice"]}
    assert "bob" not in yaml.safe_load(path.read_text())["viewer_passwords"]


def test_a_returning_viewer_gets_new_secrets(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    first = run(path)
    run(path, viewers=[])
    assert run(path)["viewers"]["alice"]["password"] != first["viewers"]["alice"]["password"]


def test_given_secrets_win_and_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    result = run(path, given_publish_keys={"match123": KEY}, given_viewer_passwords={"alice": "correct-horse"})
    assert result["publish_keys"] == {"match123": KEY}
    assert run(path)["viewers"]["alice"]["password"] == "correct-horse"


def test_the_cookie_changes_with_the_password_and_the_salt_does_not(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    before = run(path)["viewers"]["alice"]
    after = run(path, given_viewer_passwords={"alice": "another-word"})["viewers"]["alice"]
    assert after["cookie"] != before["cookie"]
    assert after["salt"] == before["salt"]


def test_fingerprints_of_one_password_differ_between_servers(tmp_path: Path) -> None:
    given = {"given_viewer_passwords": {"alice": "correct-horse"}}
    first, second = run(tmp_path / "a.yml", **given), run(tmp_path / "b.yml", **given)
    assert first["fingerprints"]["viewer alice"] != second["fingerprints"]["viewer alice"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"streams": ["Match123"]}, ["scrimbox_streams", "'Match123'", "[a-z0-9]"]),
        ({"streams": ["index"]}, ["scrimbox_streams", "'index'", "another name"]),
        ({"streams": ["../etc"]}, ["scrimbox_streams", "'../etc'"]),
        ({"streams": ["a" * 65]}, ["scrimbox_streams"]),
        ({"streams": ["one", "one"]}, ["scrimbox_streams", "twice"]),
        ({"viewers": ["al:ice"]}, ["scrimbox_viewers", "'al:ice'"]),
        ({"given_publish_keys": {"other": KEY}}, ["scrimbox_publish_keys", "'other' is not declared"]),
        ({"given_publish_keys": {"match123": KEY.upper()}}, ["scrimbox_publish_keys", "'match123'"]),
        ({"given_viewer_passwords": {"alice": "short"}}, ["scrimbox_viewer_passwords", "'alice'"]),
        (
            {"streams": ["one", "two"], "given_publish_keys": {"one": KEY, "two": KEY}},
            ["one and two have the same key"],
        ),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(credentials.InputError) as refused:
        run(tmp_path / "vod.yml", **changes)
    assert all(word in str(refused.value) for word in words)
    assert KEY not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
