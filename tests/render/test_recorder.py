"""The recorder's settings and units, rendered, and read by the recorder itself."""

from __future__ import annotations

import json
import sys

import pytest

from tests.render.renderer import ROLES, render

sys.path.insert(0, str(ROLES / "recorder" / "files"))

from scrimbox_recorder.config import Config, parse

TEMPLATES = ROLES / "recorder" / "templates"


def settings(**scenario: object) -> Config:
    return parse(json.loads(render(TEMPLATES / "recorder.json.j2", "recorder", **scenario)))


def test_the_recorder_understands_its_settings_and_their_defaults_are_its_own() -> None:
    found = settings(recorder_streams=[{"id": "cup", "group": "final"}, {"id": "bravo", "title": "B", "offset_ms": 9}])
    assert [(stream.id, stream.group) for stream in found.streams] == [("cup", "final"), ("bravo", "")]
    bare = Config(found.hls, found.recordings, found.state, found.streams)
    assert found == bare


@pytest.mark.parametrize("given", [12.5, "12.5"])
def test_sizes_are_gigabytes_of_ten_to_the_nine_whatever_type_ansible_makes_of_them(given: object) -> None:
    found = settings(recorder_disk_reserve_gb=given, recorder_retention_gb=given, recorder_disk_floor_gb=given)
    assert (found.reserve_bytes, found.retention_bytes, found.floor_bytes) == (12.5e9, 12.5e9, 12.5e9)


@pytest.mark.parametrize(("given", "meant"), [(True, True), ("yes", True), ("false", False)])
def test_deleting_when_low_is_on_only_when_it_is_said(given: object, meant: bool) -> None:
    assert settings(recorder_delete_when_low=given).delete_when_low is meant
