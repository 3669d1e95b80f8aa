"""What the demo takes for playing, and what it says."""

from __future__ import annotations

import json

from tools import demo, demo_pattern, playing
from tools.credentials import Secrets, Site

PACKETS = bytes([0x47, *[0] * 187]) * 2
LIVE = json.dumps({"state": "live", "live": {"playlist": "/hls/match123.m3u8"}}).encode()


class Server:
    """Answers in turn; the last answer of a path stays."""

    def __init__(self, **paths: list[bytes]) -> None:
        self.paths = paths
        self.url = "http://127.0.0.1:8080"

    def get(self, path: str) -> bytes:
        for key, answers in self.paths.items():
            if key in path:
                return answers.pop(0) if len(answers) > 1 else answers[0]
        raise OSError(f"nothing at {path}")


def missing(**paths: list[bytes]) -> str:
    return playing.missing(Server(player=[b"page"], **paths), "match123", pause=0)  # type: ignore[arg-type]


def test_a_stream_plays_when_its_playlist_grows_and_its_segments_are_what_they_should_be() -> None:
    playlists = [b"#EXTM3U\na-1.ts\n", b"#EXTM3U\na-1.ts\na-2.ts\n"]
    assert missing(streams=[LIVE], m3u8=playlists, ts=[PACKETS]) == ""


def test_a_stream_that_is_offline_does_not_play() -> None:
    assert missing(streams=[b'{"state": "offline", "live": null}']) == "the stream is offline"


def test_a_playlist_that_stands_still_does_not_play() -> None:
    assert missing(streams=[LIVE], m3u8=[b"#EXTM3U\na-1.ts\n"]) == "the playlist does not grow"


def test_an_error_page_is_not_a_segment() -> None:
    playlists = [b"#EXTM3U\na-1.ts\n", b"#EXTM3U\na-2.ts\n"]
    assert "not a transport stream" in missing(streams=[LIVE], m3u8=playlists, **{".ts": [b"<html>" * 99]})


def test_what_cannot_be_reached_is_said() -> None:
    assert missing() == "nothing at /streams/match123.json"


def test_the_last_words_hold_link_login_obs_settings_and_how_to_stop() -> None:
    site = Site(
        "http://127.0.0.1:8080", "rtmp://127.0.0.1/live", [{"id": "match123"}], [{"name": "viewer"}], ["password"]
    )
    text = demo.welcome(site, Secrets({"match123": "ab" * 16}, {"viewer": "secret-word"}, {}))
    for part in (
        "http://127.0.0.1:8080/player?id=match123",
        "viewer   password secret-word",
        "rtmp://127.0.0.1/live",
        f"match123?key={'ab' * 16}",
        "make demo-down",
    ):
        assert part in text


def test_the_publishers_script_holds_no_secret_and_names_what_it_wants() -> None:
    script = demo_pattern.SOURCE.read_text()
    for name in ("SERVER", "STREAM", "KEY"):
        assert f"${name}" in script
        assert f"\n{name}=" in f"\n{demo_pattern.environment('match123', 'ab')}"
