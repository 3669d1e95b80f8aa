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


def streams(*ids: str, **publishers: list[str]) -> list[dict[str, Any]]:
    return [{"id": one} for one in ids] + [{"id": one, "publishers": names} for one, names in publishers.items()]


def run(path: Path, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    params = {
        "path": str(path),
        "host": "vod.example.com",
        "streams": streams("match123"),
        "viewers": ["alice"],
        "given_publish_keys": {},
        "given_viewer_passwords": {},
        "given_viewer_tokens": {},
        "deployed": {},
        "rotate": False,
        "renew_keys": [],
        "renew_viewers": [],
        "renew_all": False,
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
    second = run(path, streams=streams("match123", "other"), deployed=first["fingerprints"])
    assert second["publish_keys"]["match123"] == first["publish_keys"]["match123"]
    assert second["viewers"] == {"alice": first["viewers"]["alice"]}
    assert "bob" not in yaml.safe_load(path.read_text())["viewer_passwords"]


def test_a_file_from_before_there_were_tokens_gets_them_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    deployed = run(path)["fingerprints"]
    whole = yaml.safe_load(path.read_text())
    del whole["viewer_tokens"]
    path.write_text(yaml.safe_dump(whole))
    result = run(path, deployed={name: mark for name, mark in deployed.items() if not name.startswith("link ")})
    assert re.fullmatch("[0-9a-f]{48}", result["viewers"]["alice"]["token"])
    assert {name: value for name, value in yaml.safe_load(path.read_text()).items() if name != "viewer_tokens"} == whole


def test_each_publisher_of_a_stream_has_a_key_that_goes_with_the_name(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    first = run(path, streams=streams("other", match123=["alice", "pc2"]))
    assert set(first["publish_keys"]) == {"other", "match123/alice", "match123/pc2"}
    assert len(set(first["publish_keys"].values())) == 3
    second = run(path, streams=streams("other", match123=["pc2"]), deployed=first["fingerprints"])
    assert set(second["publish_keys"]) == {"other", "match123/pc2"}
    assert second["publish_keys"]["match123/pc2"] == first["publish_keys"]["match123/pc2"]
    assert run(path, streams=streams(match123=[]))["publish_keys"] == {}


# ------------------------------------------------------------------------------------------------------ rotation

TEAM = {"streams": streams("other", match123=["alice", "pc2"]), "viewers": ["alice", "bob"]}


def changed_names(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name, mark in after["fingerprints"].items() if before["fingerprints"].get(name) != mark}


@pytest.mark.parametrize(
    ("renewal", "expected"),
    [
        ({"renew_keys": ["match123/alice"]}, {"stream match123/alice"}),
        ({"renew_keys": ["match123"]}, {"stream match123/alice", "stream match123/pc2"}),
        ({"renew_keys": ["all"]}, {"stream match123/alice", "stream match123/pc2", "stream other"}),
        ({"renew_viewers": ["alice"]}, {"viewer alice", "link alice"}),
        (
            {"renew_viewers": ["all"], "renew_keys": ["other"]},
            {"viewer alice", "link alice", "viewer bob", "link bob", "stream other"},
        ),
    ],
)
def test_rotation_replaces_what_was_named_and_nothing_else(
    tmp_path: Path, renewal: dict[str, Any], expected: set[str]
) -> None:
    path = tmp_path / "vod.yml"
    before = run(path, **TEAM)
    after = run(path, **TEAM, deployed=before["fingerprints"], **renewal)
    assert changed_names(before, after) == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["vod.yml"]


def test_rotating_everything_leaves_no_secret_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    before = run(path, **TEAM)
    old = path.read_text()
    after = run(path, **TEAM, deployed=before["fingerprints"], renew_all=True)
    assert changed_names(before, after) == set(before["fingerprints"])
    left = set(re.findall(r"[0-9a-f]{32,}|\w{4}(?:-\w{4}){3}", path.read_text()))
    assert (
        left & (set(re.findall(r"[0-9a-f]{32,}|\w{4}(?:-\w{4}){3}", old)) - set(before["fingerprints"].values()))
        == set()
    )
    for name in ("alice", "bob"):
        for part in ("password", "token", "cookie", "salt"):
            assert after["viewers"][name][part] != before["viewers"][name][part]


def test_a_rotation_that_never_reached_the_server_can_be_deployed_later_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    before = run(path, **TEAM)
    rotated = run(path, **TEAM, deployed=before["fingerprints"], renew_keys=["all"])
    again = run(path, **TEAM, deployed=before["fingerprints"], renew_keys=["other"])
    finished = run(path, **TEAM, deployed=before["fingerprints"])
    assert not finished["changed"]
    assert finished["fingerprints"] == again["fingerprints"]
    assert finished["publish_keys"]["match123/pc2"] == rotated["publish_keys"]["match123/pc2"]
    assert not run(path, **TEAM, deployed=finished["fingerprints"])["changed"]


def test_after_a_rotation_another_clone_s_secrets_are_still_refused(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    before = run(path)
    run(path, deployed=before["fingerprints"], renew_all=True)
    foreign = run(tmp_path / "other.yml")["fingerprints"]
    with pytest.raises(credentials.InputError, match="Nothing was changed"):
        run(path, deployed=foreign)
    with pytest.raises(credentials.InputError, match="Nothing was changed"):
        run(path, deployed=foreign, renew_keys=["all"])


def test_check_mode_rotates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "vod.yml"
    deployed = run(path)["fingerprints"]
    before = path.read_bytes()
    run(path, check_mode=True, deployed=deployed, renew_all=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("renewal", "words"),
    [
        ({"renew_keys": ["match124"]}, ["KEY=match124", "all, match123"]),
        ({"renew_viewers": ["carol"]}, ["VIEWER=carol", "all, alice"]),
        ({"renew_keys": ["all"], "given_publish_keys": {"match123": KEY}}, ["match123", "scrimbox_publish_keys"]),
        ({"renew_all": True, "given_viewer_tokens": {"alice": KEY}}, ["alice", "scrimbox_viewer_tokens"]),
    ],
)
def test_a_rotation_that_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, renewal: dict[str, Any], words: list[str]
) -> None:
    path = tmp_path / "vod.yml"
    given = {name: value for name, value in renewal.items() if name.startswith("given")}
    deployed = run(path, **given)["fingerprints"]
    before = path.read_bytes()
    with pytest.raises(credentials.InputError) as refused:
        run(path, deployed=deployed, **renewal)
    assert all(word in str(refused.value) for word in words)
    assert KEY not in str(refused.value)
    assert path.read_bytes() == before


# --------------------------------------------------------------------------------------------------- the rest


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
        ({"streams": streams("Match123")}, ["scrimbox_streams", "'Match123'", "[a-z0-9]"]),
        ({"streams": streams("index")}, ["scrimbox_streams", "'index'", "another name"]),
        ({"streams": streams("../etc")}, ["scrimbox_streams", "'../etc'"]),
        ({"streams": streams("a" * 65)}, ["scrimbox_streams"]),
        ({"streams": streams("one", "one")}, ["scrimbox_streams", "twice"]),
        ({"streams": streams("all")}, ["scrimbox_streams", "'all'", "another name"]),
        ({"streams": [{"title": "x"}]}, ["scrimbox_streams", "''"]),
        ({"streams": streams(match123=["Alice"])}, ["scrimbox_streams", "publisher of match123 'Alice'"]),
        ({"streams": streams(match123=["alice", "alice"])}, ["scrimbox_streams", "'alice'", "twice"]),
        ({"streams": streams(match123="alice")}, ["publishers of 'match123'", "list of names"]),  # type: ignore[arg-type]
        (
            {"given_publish_keys": {"match123/alice": KEY}},
            ["scrimbox_publish_keys", "'match123/alice' is not declared"],
        ),
        ({"given_viewer_tokens": {"alice": KEY.upper()}}, ["scrimbox_viewer_tokens", "'alice'"]),
        ({"given_viewer_tokens": {"alice": KEY[:-1]}}, ["scrimbox_viewer_tokens", "'alice'"]),
        ({"given_viewer_tokens": {"carol": KEY}}, ["scrimbox_viewer_tokens", "'carol' is not declared"]),
        (
            {"viewers": ["alice", "bob"], "given_viewer_tokens": {"alice": KEY, "bob": KEY}},
            ["scrimbox_viewer_tokens", "alice and bob have the same"],
        ),
        ({"viewers": ["al:ice"]}, ["scrimbox_viewers", "'al:ice'"]),
        ({"given_publish_keys": {"other": KEY}}, ["scrimbox_publish_keys", "'other' is not declared"]),
        ({"given_publish_keys": {"match123": KEY.upper()}}, ["scrimbox_publish_keys", "'match123'"]),
        ({"given_viewer_passwords": {"alice": "short"}}, ["scrimbox_viewer_passwords", "'alice'"]),
        (
            {"streams": streams("one", "two"), "given_publish_keys": {"one": KEY, "two": KEY}},
            ["one and two have the same"],
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
