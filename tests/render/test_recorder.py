"""The recorder's settings and units, rendered, and read by the recorder itself."""

from __future__ import annotations

import json
import sys

import pytest
import yaml

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


def test_what_a_publisher_shall_send_reaches_the_recorder() -> None:
    (found,) = settings(
        recorder_streams=[{"id": "cup", "resolution": "1280x720", "fps": 59.94, "bitrate_kbps": 3000}]
    ).streams
    assert (found.resolution, found.fps, found.bitrate_kbps) == ("1280x720", 59.94, 3000)


@pytest.mark.parametrize("given", [12.5, "12.5"])
def test_sizes_are_gigabytes_of_ten_to_the_nine_whatever_type_ansible_makes_of_them(given: object) -> None:
    found = settings(recorder_disk_reserve_gb=given, recorder_retention_gb=given, recorder_disk_floor_gb=given)
    assert (found.reserve_bytes, found.retention_bytes, found.floor_bytes) == (12.5e9, 12.5e9, 12.5e9)


@pytest.mark.parametrize(("given", "meant"), [(True, True), ("yes", True), ("false", False)])
def test_deleting_when_low_is_on_only_when_it_is_said(given: object, meant: bool) -> None:
    assert settings(recorder_delete_when_low=given).delete_when_low is meant


def unit(name: str, **scenario: object) -> str:
    return render(TEMPLATES / f"scrimbox-{name}.service.j2", "recorder", **scenario)


@pytest.mark.parametrize("name", ["recorder", "finalizer", "clips", "alert"])
def test_every_unit_is_sandboxed_and_restarted(name: str) -> None:
    lines = unit(name).splitlines()
    for line in ("ProtectSystem=strict", "NoNewPrivileges=true", "CapabilityBoundingSet=", "Restart=always"):
        assert line in lines, line


@pytest.mark.parametrize("name", ["finalizer", "clips"])
def test_what_makes_replays_and_clips_gets_the_processor_last(name: str) -> None:
    lines = unit(name, recorder_finalizer_cpu_weight=7).splitlines()
    assert {"CPUWeight=7", "Nice=10", "OOMScoreAdjust=500"} <= set(lines)


def test_what_the_recorder_tells_auth_outlives_a_stopped_recorder() -> None:
    lines = unit("recorder").splitlines()
    for line in ("RuntimeDirectory=scrimbox-recorder", "RuntimeDirectoryMode=0755", "RuntimeDirectoryPreserve=yes"):
        assert line in lines, line


def test_only_the_alert_reaches_the_network() -> None:
    assert "PrivateNetwork=true" in unit("recorder")
    assert "PrivateNetwork=true" in unit("finalizer")
    assert "PrivateNetwork=true" in unit("clips")
    assert "PrivateNetwork" not in unit("alert")


def test_the_webhook_s_address_is_in_no_unit_and_only_in_the_alert_s_own_file() -> None:
    secret = "https://hooks.example/s3cret"
    given = {"recorder_alert_webhook": secret, "recorder_alert_command": "page 'me'", "recorder_alert_host": "vod"}
    for name in ("recorder", "finalizer", "clips", "alert"):
        assert "s3cret" not in unit(name, **given)
    assert "s3cret" not in render(TEMPLATES / "recorder.json.j2", "recorder", **given)
    assert json.loads(render(TEMPLATES / "alert.json.j2", "recorder", **given)) == {
        "index": "/srv/streams/index.json",
        "host": "vod",
        "command": "page 'me'",
        "webhook": secret,
        "form": "json",
        "events": ["disk", "recording"],
        "site": "",
    }
    (written,) = (
        task
        for task in yaml.safe_load((ROLES / "recorder/tasks/alert.yml").read_text())
        if task.get("ansible.builtin.template", {}).get("src") == "alert.json.j2"
    )
    assert written["ansible.builtin.template"]["mode"] == "0600"
    assert written["no_log"] == "{{ recorder_no_log }}"
    assert "not recorder_no_log" in written["diff"]
