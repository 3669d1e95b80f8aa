"""The profiles for OBS: what they set, who can read them, and what is refused."""

from __future__ import annotations

import configparser
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import preflight
import pytest
from scrimbox_recorder import config

from tools import obs_profile
from tools.credentials import Secrets, Site
from tools.target import Target
from tools.terminal import Trouble

SITE = Site(
    "https://vod.example.com",
    "rtmps://vod.example.com:1936/live, or without TLS rtmp://vod.example.com/live",
    [
        {"id": "match123"},
        {"id": "fast", "resolution": "1280x720", "fps": 59.94, "bitrate_kbps": 4000},
        {"id": "shared", "publishers": ["alice", "pc2"]},
        {"id": "closed", "publishers": []},
        {"id": "new"},
    ],
    [],
    ["password"],
    "rtmps://vod.example.com:1936/live",
)
SECRETS = Secrets({"match123": "a1", "fast": "b2", "shared/alice": "c3", "shared/pc2": "d4"}, {}, {})
TARGET = Target("vod.example.com", "ssh")


def made(where: Path, stream: str) -> list[Path]:
    return obs_profile.make(TARGET, SITE, SECRETS, stream, where)


def files(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def profile(path: Path, encoder: str) -> tuple[configparser.ConfigParser, dict[str, Any], dict[str, Any]]:
    found = {name.split("/")[1]: text for name, text in files(path).items() if name.split("/")[0].endswith(encoder)}
    assert set(found) == {"basic.ini", "service.json", "streamEncoder.json"}
    basic = configparser.ConfigParser()
    basic.optionxform = str  # type: ignore[assignment,method-assign]
    basic.read_string(found["basic.ini"])
    return basic, json.loads(found["service.json"]), json.loads(found["streamEncoder.json"])


@pytest.mark.parametrize(("encoder", "name"), [("x264", "obs_x264"), ("NVENC", "jim_nvenc")])
def test_a_profile_pushes_with_a_key_frame_every_second(tmp_path: Path, encoder: str, name: str) -> None:
    (path,) = made(tmp_path, "match123")
    basic, service, settings = profile(path, encoder)
    assert service["type"] == "rtmp_custom"
    assert service["settings"]["server"] == "rtmps://vod.example.com:1936/live"
    assert service["settings"]["key"] == "match123?key=a1"
    assert (settings["keyint_sec"], settings["rate_control"], settings["bitrate"]) == (1, "CBR", 6000)
    # Nor any in between, which x264 puts where the scene changes.
    assert settings.get("x264opts", "") == ("scenecut=0" if encoder == "x264" else "")
    assert (basic["Output"]["Mode"], basic["AdvOut"]["Encoder"]) == ("Advanced", name)
    assert (basic["AdvOut"]["Track1Bitrate"], basic["Audio"]["SampleRate"]) == ("160", "48000")
    assert (basic["Video"]["ColorFormat"], basic["General"]["Name"]) == ("NV12", f"Scrimbox-match123-{encoder}")


def test_resolution_frame_rate_and_bitrate_are_those_declared(tmp_path: Path) -> None:
    (path,) = made(tmp_path, "fast")
    basic, _, settings = profile(path, "x264")
    video = basic["Video"]
    assert (video["OutputCX"], video["OutputCY"]) == ("1280", "720")
    assert (video["BaseCX"], video["BaseCY"]) == ("1280", "720")
    assert (video["FPSType"], video["FPSNum"], video["FPSDen"]) == ("2", "60000", "1001")
    assert settings["bitrate"] == 4000


def test_nobody_else_can_read_the_archive_and_nothing_else_is_left(tmp_path: Path) -> None:
    where = tmp_path / "secrets" / "obs"
    (path,) = made(where, "match123")
    assert path.name == "vod.example.com-match123.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    assert where.stat().st_mode & 0o777 == 0o700
    assert made(where, "match123") == [path]
    assert [found.name for found in where.iterdir()] == [path.name]
    with zipfile.ZipFile(path) as packed:
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o600}


def test_an_archive_holds_one_key_and_only_where_obs_wants_it(tmp_path: Path) -> None:
    (path,) = made(tmp_path, "shared/alice")
    for name, text in files(path).items():
        assert ("c3" in text) == name.endswith("/service.json"), name
        assert "d4" not in text


def test_every_publisher_of_a_stream_gets_an_archive(tmp_path: Path) -> None:
    found = made(tmp_path, "shared")
    assert [path.name for path in found] == ["vod.example.com-shared-alice.zip", "vod.example.com-shared-pc2.zip"]
    assert profile(found[1], "x264")[1]["settings"]["key"] == "shared?key=d4"


def test_the_same_profile_is_the_same_archive() -> None:
    one, other = (obs_profile.archive("match123", {"id": "match123"}, SITE, "match123?key=a1") for _ in range(2))
    assert one == other
    assert zipfile.ZipFile(io.BytesIO(one)).testzip() is None


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ("", ["declared are: match123, fast"]),
        ("match124", ["STREAM=match124", "match123"]),
        ("shared/bob", ["no such publisher", "alice, pc2"]),
        ("match123/bob", ["no such publisher", "none"]),
        ("closed", ["nobody may publish closed"]),
        ("new", ["no key of new yet", "deploy"]),
    ],
)
def test_what_is_no_stream_is_refused_with_what_there_is(tmp_path: Path, stream: str, words: list[str]) -> None:
    with pytest.raises(Trouble) as refused:
        made(tmp_path, stream)
    assert all(word in str(refused.value) for word in words)
    assert list(tmp_path.iterdir()) == []


def test_the_frame_rates_are_those_that_can_be_declared() -> None:
    assert tuple(obs_profile.FPS) == preflight.FPS == config.FPS
    for fps, (numerator, denominator) in obs_profile.FPS.items():
        assert numerator / denominator == pytest.approx(fps, abs=0.001)
