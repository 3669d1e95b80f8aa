"""The real OBS with the profile of `make obs-profile`, at the frame rates that people set: segments, advice, replay."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import m3u8
import pytest

from tests import media
from tests.conftest import BUILD
from tests.e2e import obs
from tests.e2e.conftest import download
from tests.faults.evidence import wait_state
from tests.variants import Variant, Variants
from tools import obs_profile
from tools.credentials import Site

RATES: dict[str, tuple[float, float]] = {
    "bravo": (30, 1),
    "charlie": (29.97, 29 * 1001 / 30000),
    "delta": (59.94, 59 * 1001 / 60000),
    "match123": (60, 1),
}
"""By stream: pictures per second, and seconds of a GOP; OBS rounds the number of its pictures down (FACTS 6)."""
SECONDS = 22
"""How long each is on air: the second document after everything is judged has come."""
SIZE = "320x180"
DEFAULT = "match123-1"
"""A stream to which OBS pushes with its own default: key frames whenever x264 likes (FACTS 33)."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not obs.is_here(), reason="no OBS is packaged for this machine"),
]
each = pytest.mark.parametrize("stream", RATES)


def declared(stream: str) -> dict[str, Any]:
    """A stream as the inventory declares it."""
    return {"id": stream, "resolution": SIZE, "fps": RATES.get(stream, (30, 1))[0], "bitrate_kbps": 600}


@dataclass
class Pushed:
    """What was there while OBS was on air, and what is left."""

    segments: list[tuple[float, Path]]
    ingest: list[dict[str, Any]]
    document: dict[str, Any]
    mp4: Path


def on_air(server: Variant, stream: str, home: Path) -> tuple[list[dict[str, Any]], list[tuple[float, Path]]]:
    """Push for a while: all that was measured, and the segments with what the playlist says of their length."""
    where = f"rtmp://{server.rtmp_address[0]}:{server.rtmp_address[1]}/live"
    site = Site(server.alice.url, where, [declared(stream)], [], [], where)
    archive = obs_profile.archive(stream, declared(stream), site, server.publish_name(stream))
    measured: list[dict[str, Any]] = []
    shown = media.pattern(BUILD / "media", 150, scale=5)
    changed = {"keyint_sec": 0} if stream == DEFAULT else {}
    with contextlib.closing(obs.Obs(home, archive, shown, changed)) as streaming:
        deadline, begun = time.monotonic() + 60, None
        while begun is None or time.monotonic() < begun + SECONDS:
            assert streaming.running, streaming.log
            assert begun or time.monotonic() < deadline, streaming.log
            document = server.alice.get(f"/streams/{stream}.json").json()
            begun = begun or (time.monotonic() if document["state"] == "live" else None)
            measured += [document["ingest"]] if document["ingest"] else []
            time.sleep(1)
        copy = download(server.alice, f"/hls/{stream}.m3u8", BUILD / f"obs-{stream}")
    parsed = m3u8.loads(copy.read_text())
    return measured, [(segment.duration, copy.parent / segment.uri) for segment in parsed.segments]


@pytest.fixture(scope="module")
def pushed(variants: Variants, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pushed]:
    """One OBS after the other, then the replays."""
    found: dict[str, Pushed] = {}
    streams = [declared(stream) for stream in (*RATES, DEFAULT)]
    with variants.start("obs", settings={"grace_seconds": 5, "streams": streams}) as server:
        seen = {stream: on_air(server, stream, tmp_path_factory.mktemp(stream)) for stream in (*RATES, DEFAULT)}
        for stream, (measured, segments) in seen.items():
            document = wait_state(server, stream, ["replay"], timeout=120)
            mp4 = BUILD / f"obs-{stream}" / "replay.mp4"
            mp4.write_bytes(server.alice.get(document["replays"][0]["url"]).body)
            found[stream] = Pushed(segments, measured, document, mp4)
    return found.__getitem__


def key_frames(source: Path) -> int:
    """How many pictures of a file are key frames."""
    switches = ("-select_streams", "v", "-show_entries", "packet=flags")
    return sum("K" in packet["flags"] for packet in media.ffprobe(source, *switches)["packets"])


@each
def test_every_segment_is_one_gop_of_a_second(pushed: Callable[[str], Pushed], stream: str) -> None:
    segments = pushed(stream).segments
    assert len(segments) >= SECONDS - 5
    assert [key_frames(path) for _, path in segments] == [1] * len(segments)
    assert [length for length, _ in segments] == pytest.approx([RATES[stream][1]] * len(segments), abs=0.04)


@each
def test_what_arrives_is_what_the_profile_says_and_there_is_nothing_to_mend(
    pushed: Callable[[str], Pushed], stream: str
) -> None:
    measured = pushed(stream).ingest
    last = measured[-1]
    video, audio = last["video"], last["audio"]
    assert (video["codec"], video["profile"], f"{video['width']}x{video['height']}") == ("h264", "High", SIZE)
    assert video["fps"] == pytest.approx(RATES[stream][0], abs=0.03)
    assert video["key_interval"] == pytest.approx(RATES[stream][1], abs=0.03)
    assert (audio["codec"], audio["profile"], audio["rate"], audio["channels"]) == ("aac", "LC", 48000, 2)
    # The pattern's sound is silence for the most part, which takes less than its 160 kbit/s.
    assert 590_000 < last["bitrate"]["now"] < 780_000
    assert [advice for one in measured for advice in one["advice"]] == []


@each
def test_the_replay_has_every_picture_in_step_with_its_sound(pushed: Callable[[str], Pushed], stream: str) -> None:
    found = pushed(stream)
    (replay,) = found.document["replays"]
    assert len(replay["parts"]) == 1
    lengths = media.durations(found.mp4)
    assert lengths["video"] == pytest.approx(lengths["audio"], abs=0.2)
    assert lengths["video"] >= SECONDS - 2
    packets = media.ffprobe(found.mp4, "-select_streams", "v", "-show_entries", "packet=pts_time")["packets"]
    assert len(packets) == pytest.approx(lengths["video"] * RATES[stream][0], abs=2)
    assert media.worst_offset(found.mp4) < 0.1


def test_obs_s_own_default_is_told_with_the_delay_that_it_costs_and_the_setting_that_mends_it(
    pushed: Callable[[str], Pushed],
) -> None:
    (advice,) = pushed(DEFAULT).ingest[-1]["advice"]
    assert (advice["code"], advice["level"]) == ("key-frames", "warn")
    assert advice["text"].startswith("Key frames come every 8.3 s: viewers are about 13.3 s behind")
    assert "Keyframe Interval: 1 s" in advice["setting"]
