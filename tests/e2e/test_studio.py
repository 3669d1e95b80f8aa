"""Publishers of all kinds at once: what arrives is measured, and who could mend something is told how, nobody else.

They push to a server of their own; a streamer has the page /studio open meanwhile, and a viewer looks at odd streams.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import media, rtmp
from tests.conftest import BUILD
from tests.e2e import browsers, senders
from tests.e2e.conftest import LONGEST
from tests.e2e.senders import LEGACY_HEVC, TagPublisher, clip, sent
from tests.e2e.uplink import Uplink
from tests.faults.evidence import wait_state
from tests.variants import Variant, Variants

DECLARED, STUDIO, MUTE, SOUND_ALONE, UNREADABLE = "bravo", "fault-burst", "fault-mute", "fault-sound", "fault-empty"
HEVC, AV1, NUMBERED, SLOW_LINE = "fault-frozen", "fault-term", "fault-killed", "fault-cut"
LOOKED_AT = [MUTE, SOUND_ALONE, HEVC, DECLARED, STUDIO]
MARKED = [HEVC, STUDIO]
"""Those among them whose streamer could mend something."""
LONG_KEYS = ("-preset", "ultrafast", "-g", "240", "-keyint_min", "240", "-sc_threshold", "0")
AS_OBS = (
    *("-preset", "veryfast", "-profile:v", "high", "-b:v", "800k", "-maxrate", "800k", "-bufsize", "800k"),
    *("-x264-params", "nal-hrd=cbr:force-cfr=1", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0", "-bf", "3"),
)
FULL_CHROMA = (*senders.PLAIN, "-pix_fmt", "yuv444p")
FAST = ("-preset", "ultrafast", "-g", "120", "-keyint_min", "120", "-sc_threshold", "0")
MP3 = ("-c:a", "libmp3lame", "-b:a", "96k", "-ar", "44100")
UNEVEN = "testsrc2=s=320x180:r=30,settb=1/1000,setpts=N*1000/30+floor(22*random(1))"
pytestmark = pytest.mark.slow
LEAST, MOST = 25.0, 75.0
"""Seconds for which they are watched: two key frames of the slowest have come, and a machine may be busy."""
SIZES = ("desktop", "phone")
WRONG = "5ec2e9" * 5 + "00"


@dataclass(frozen=True)
class Kind:
    """What is expected of a publisher: codes of advice, and values of what is measured."""

    codes: frozenset[str] = frozenset()
    fps: float | None = 30
    key_interval: float | None = 1
    codec: str | None = "h264"
    audio: str | None = "aac"
    b_frames: bool = False

    def fits(self, found: dict[str, Any] | None) -> bool:
        """Whether this is what is told."""
        if found is None:
            return False
        video, audio = found["video"] or {}, found["audio"] or {}
        near = [
            (video.get(name) is None) if wanted is None else video.get(name) == pytest.approx(wanted, rel=0.02)
            for name, wanted in (("fps", self.fps), ("key_interval", self.key_interval))
            if not (name == "fps" and "frame-rate-varies" in self.codes)
        ]
        told = {advice["code"] for advice in found["advice"]}
        same = (video.get("codec"), audio.get("codec")) == (self.codec, self.audio)
        return all(near) and same and told == self.codes and bool(video.get("b_frames")) == self.b_frames


NO_PICTURE = Kind(frozenset({"no-picture"}), None, None, None)
KINDS = {
    DECLARED: Kind(),
    "fault-bframes": Kind(b_frames=True),
    "fault-returns": Kind(fps=29.97, key_interval=1.001),
    "fault-rate": Kind(fps=120),
    "fault-size": Kind(frozenset({"frame-rate-varies"})),
    STUDIO: Kind(frozenset({"key-frames"}), key_interval=8),
    SLOW_LINE: Kind(frozenset({"upload"})),
    "fault-spare": Kind(frozenset({"video-profile"})),
    "fault-worker": Kind(frozenset({"audio-codec"}), audio="mp3"),
    NUMBERED: Kind(frozenset({"video-codec"}), codec="hevc"),
    MUTE: Kind(frozenset({"no-sound"}), audio=None),
    SOUND_ALONE: NO_PICTURE,
    HEVC: NO_PICTURE,
    AV1: NO_PICTURE,
}


@dataclass
class Seen:
    """All that the state documents said, in order, what the browsers saw, and what was found on the server."""

    server: Variant
    documents: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    studios: dict[str, browsers.Visit] = field(default_factory=dict)
    viewer: browsers.Visit | None = None
    status: str = ""
    cpu: float = 0.0

    def look(self) -> bool:
        """Read every document; whether all say what is expected of them."""
        for stream in (*KINDS, UNREADABLE):
            document = self.server.alice.get(f"/streams/{stream}.json").json()
            self.documents.setdefault(stream, []).append(document)
        refused = self.documents[UNREADABLE][-1]["refused"]
        return refused is not None and all(kind.fits(self.last(stream)) for stream, kind in KINDS.items())

    def last(self, stream: str) -> dict[str, Any] | None:
        """What was measured at last."""
        found: dict[str, Any] | None = self.documents[stream][-1]["ingest"]
        return found

    def codes(self, stream: str) -> set[str]:
        """Codes of every advice that there ever was."""
        told = [document["ingest"] for document in self.documents[stream] if document["ingest"]]
        return {advice["code"] for one in told for advice in one["advice"]}


def clips(folder: Path) -> dict[str, Path]:
    """What ffmpeg sends, by stream."""
    pattern = media.pattern(folder, LONGEST)
    return {
        DECLARED: pattern,
        SLOW_LINE: pattern,
        "fault-bframes": clip(folder, video=AS_OBS),
        "fault-returns": clip(folder, picture="testsrc2=s=320x180:r=30000/1001"),
        "fault-rate": clip(folder, picture="testsrc2=s=320x180:r=120", video=FAST),
        "fault-size": clip(folder, "-vsync", "passthrough", picture=UNEVEN),
        STUDIO: clip(folder, video=LONG_KEYS),
        "fault-spare": clip(folder, video=FULL_CHROMA),
        "fault-worker": clip(folder, audio=MP3),
        MUTE: clip(folder, audio=()),
        SOUND_ALONE: clip(folder, picture=""),
    }


def push(server: Variant, held: contextlib.ExitStack) -> None:
    """Let all of them push until `held` is closed."""
    folder = BUILD / "media"
    ready = clips(folder)
    line = Uplink(server.rtmp_address, every=1e9, bits=1_500_000)
    held.callback(line.close)
    for stream, path in ready.items():
        url = server.publish_url(stream)
        if stream == SLOW_LINE:
            url = url.replace(f":{server.rtmp_address[1]}/", f":{line.port}/")
        held.callback(media.Publisher(url, path).kill)
    plain = clip(folder)
    for stream, codec, with_sound in (
        (HEVC, b"hvc1", True),
        (AV1, b"av01", True),
        (NUMBERED, LEGACY_HEVC, True),
        (UNREADABLE, b"hvc1", False),
    ):
        tags = sent(plain, codec, sound=with_sound)
        held.callback(TagPublisher(server.rtmp_address, server.publish_name(stream), tags).stop)


def cpu_seconds(server: Variant) -> float:
    """What the recorder has used since it began."""
    figures = server.check("cat /proc/$(systemctl show -p MainPID --value scrimbox-recorder)/stat").split()
    return (int(figures[13]) + int(figures[14])) / os.sysconf("SC_CLK_TCK")


def visits(server: Variant, held: contextlib.ExitStack) -> dict[str, browsers.Visit]:
    """The streamer's page, on a desktop and on a phone."""
    cookie = server.alice.cookie.split("=", 1)
    url = f"{server.alice.url}/studio?id={STUDIO}"
    return {
        size: held.enter_context(
            contextlib.closing(browsers.Visit(f"studio-{size}", "studio.mjs", url=url, cookie=cookie, size=size))
        )
        for size in SIZES
    }


def look_at(
    server: Variant, held: contextlib.ExitStack, name: str, streams: list[str], marked: Sequence[str] = ()
) -> browsers.Visit:
    """A viewer looks at one stream after the other."""
    cookie = server.alice.cookie.split("=", 1)
    visit = browsers.Visit(name, "odd.mjs", url=server.alice.url, cookie=cookie, streams=streams, marked=marked)
    return held.enter_context(contextlib.closing(visit))


@pytest.fixture(scope="module")
def seen(variants: Variants) -> Iterator[Seen]:
    """A wrong key, then everybody pushes, until all is told that is expected or the time is over."""
    browsers.install()
    clips(BUILD / "media")
    with contextlib.ExitStack() as held:
        server = held.enter_context(variants.start("studio", settings={"grace_seconds": 5}))
        found = Seen(server, studios=visits(server, held))
        for visit in found.studios.values():
            visit.wait_for("waiting", 60)
        rtmp.publish(server.rtmp_address, f"{STUDIO}?key={WRONG}")
        for visit in found.studios.values():
            visit.wait_for("refused", 60)
        with contextlib.ExitStack() as pushes:
            used, begun = cpu_seconds(server), time.monotonic()
            push(server, pushes)
            found.viewer = look_at(server, held, "odd-live", LOOKED_AT, MARKED)
            while (not found.look() or time.monotonic() < begun + LEAST) and time.monotonic() < begun + MOST:
                time.sleep(1)
            found.cpu = (cpu_seconds(server) - used) / (time.monotonic() - begun)
            found.status = server.status()
            for visit in (*found.studios.values(), found.viewer):
                visit.wait_for("done", 60)
        yield found


@pytest.mark.parametrize("stream", KINDS)
def test_what_arrives_is_measured_and_advised_as_it_is(seen: Seen, stream: str) -> None:
    assert KINDS[stream].fits(seen.last(stream)), seen.last(stream)
    assert seen.codes(stream) <= KINDS[stream].codes


@pytest.mark.parametrize("stream", [stream for stream, kind in KINDS.items() if kind.codes])
def test_every_advice_names_the_setting_that_mends_it(seen: Seen, stream: str) -> None:
    found = seen.last(stream)
    assert found is not None
    for advice in found["advice"]:
        assert advice["setting"].startswith("OBS: ")
        assert advice["level"] == ("note" if advice["code"] in {"no-sound", "frame-rate-varies"} else "warn")


def test_rare_key_frames_are_told_with_the_delay_that_they_cost(seen: Seen) -> None:
    found = seen.last(STUDIO)
    assert found is not None
    assert found["delay"] == pytest.approx(12.8, abs=0.4)
    assert "viewers are about 12.8 s behind" in found["advice"][0]["text"]
    assert "Keyframe Interval: 1 s" in found["advice"][0]["setting"]
    assert found["advice"][0]["text"] in seen.status
    assert found["advice"][0]["setting"] in seen.status


def test_a_codec_that_nothing_here_can_read_is_told_as_a_refusal(seen: Seen) -> None:
    document = seen.documents[UNREADABLE][-1]
    assert document["refused"]["code"] == "unreadable"
    assert "H.264" in document["refused"]["text"]
    assert (document["state"], document["ingest"]) == ("offline", None)


def test_measuring_costs_less_than_a_hundredth_of_a_core_for_each_stream(seen: Seen) -> None:
    assert 0 < seen.cpu / len(KINDS) < 0.01


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", ["waiting", "refused", "advised", "copied"])
def test_the_streamer_s_page_is_accessible_and_nothing_overlaps(seen: Seen, size: str, moment: str) -> None:
    found = seen.studios[size].wait_for(moment, 1)
    assert (found["faults"], found["small"], found["overlaps"]) == ([], [], [])


@pytest.mark.parametrize("size", SIZES)
def test_the_streamer_reads_everything_on_one_page_that_follows_by_itself(seen: Seen, size: str) -> None:
    page = seen.studios[size]
    waiting, refused, advised = (page.wait_for(moment, 1) for moment in ("waiting", "refused", "advised"))
    assert (waiting["badge"], advised["badge"]) == ("Not on air", "On air")
    assert "stream for ten seconds" in waiting["words"]
    assert "Refused" not in waiting["words"]
    assert "The stream key was wrong" in refused["words"]
    # Who is on air has found the way.
    assert "Refused" not in advised["words"]
    for words in (
        "On air since",
        "about 12.8 s later",
        "320×180, 30 pictures a second, H264",
        "every 8 s",
        "AAC, 48 kHz",
    ):
        assert words in advised["words"]
    assert "Keyframe Interval: 1 s" in advised["words"]
    done = page.wait_for("done", 1)
    assert done["link"] == f"{seen.server.alice.url}/player?id={STUDIO}"
    assert (done["violations"], done["errors"], done["stuck"], done["failures"]) == ([], [], [], [])


def test_no_key_is_on_the_page_in_a_document_or_in_the_journal(seen: Seen) -> None:
    told = [str(seen.documents), seen.status, seen.server.alice.get("/streams/index.json").text]
    told += [event["source"] for page in seen.studios.values() for event in page.all_of("refused")]
    told += [event["source"] for page in seen.studios.values() for event in page.all_of("advised")]
    told.append(seen.server.run("journalctl -q --no-pager -b").stdout)
    assert "refused, wrong key" in told[-1]
    for key in (WRONG, *seen.server.credentials.publish_keys.values()):
        assert not [text for text in told if key in text]


def played(visit: browsers.Visit | None) -> dict[str, dict[str, Any]]:
    assert visit is not None
    return {event["stream"]: event for event in visit.all_of("played")}


def test_pictures_alone_and_sound_alone_are_played_and_no_picture_is_missing_without_a_word(seen: Seen) -> None:
    found = played(seen.viewer)
    assert found[MUTE]["size"] == [320, 180]
    assert found[MUTE]["contrast"] > 50
    for stream in (SOUND_ALONE, HEVC):
        assert found[stream]["size"] == [0, 0]
        assert found[stream]["message"] == "There is only sound, no picture."


def test_viewers_find_a_quiet_mark_where_the_streamer_could_mend_the_picture_and_nowhere_else(seen: Seen) -> None:
    found = played(seen.viewer)
    mark = found[STUDIO]["mark"]
    assert not mark["hidden"]
    assert "Key frames come every 8 s" in mark["title"]
    assert mark["href"] == f"{seen.server.alice.url}/studio?id={STUDIO}"
    assert found[DECLARED]["mark"]["hidden"]
    assert found[MUTE]["mark"]["hidden"]


@pytest.mark.parametrize("stream", LOOKED_AT)
def test_an_odd_stream_s_page_is_accessible_and_made_for_fingers_too(seen: Seen, stream: str) -> None:
    found = played(seen.viewer)[stream]
    assert (found["faults"], found["small"], found["overlaps"]) == ([], [], [])


@pytest.fixture(scope="module")
def replayed(seen: Seen) -> dict[str, dict[str, Any]]:
    """What a viewer sees of the replays of odd streams."""
    odd = [MUTE, SOUND_ALONE, HEVC]
    for stream in odd:
        wait_state(seen.server, stream, ["replay"], timeout=120)
    with contextlib.ExitStack() as held:
        visit = look_at(seen.server, held, "odd-replay", odd)
        visit.wait_for("done", 120)
        return played(visit)


def test_pictures_alone_and_sound_alone_are_replayed(seen: Seen, replayed: dict[str, dict[str, Any]]) -> None:
    assert {event["source"] for event in replayed.values()} == {"mp4"}
    assert replayed[MUTE]["size"] == [320, 180]
    for stream in (SOUND_ALONE, HEVC):
        assert replayed[stream]["message"] == "There is only sound, no picture."
        assert replayed[stream]["duration"] > LEAST - 5
