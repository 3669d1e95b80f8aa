"""Clips of what is live and of its replay: exact to the frame, soon, and kept until they are deleted."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import media
from tests.e2e import browsers
from tests.e2e.conftest import when_quiet
from tests.site import Site

if TYPE_CHECKING:
    from testinfra.host import Host

STREAM = "bravo"
SECONDS = 26
PACKAGE = 'import sys; sys.path.insert(0, "/opt/scrimbox/recorder")\n'
ORDER = """
from scrimbox_recorder import clips, config, disk
settings = config.load()
order = clips.Order(*{given!r}, asked={asked!r})
clips.Clips(settings, disk.Disk()).order(order)
print(order.file)
"""
CLOCK = """
from pathlib import Path
from scrimbox_recorder import measure, ts
(kept,) = Path("/srv/recordings/incoming").glob("{stream}-*.clock")
first = measure.read(kept)[0]
names = [(int(path.stem.rpartition("-")[2]), path) for path in Path("/srv/hls").glob("{stream}-*.ts")]
found = [(number, ts.read_first_pts(path)) for number, path in names if number >= first.wall_ms]
print(first.pts_ms, min(number - presented[1] for number, presented in found if presented))
"""


@dataclass(frozen=True)
class Clip:
    """A clip that was ordered while STREAM was in some state: what came of it, after how many seconds."""

    listed: dict[str, Any]
    took: float
    path: Path

    @property
    def numbers(self) -> list[int]:
        """The frames that it shows."""
        return [frame.number for frame in media.frames(self.path)]


class Studio:
    """One push, and clips of it."""

    def __init__(self, server: Host, site: Site, folder: Path) -> None:
        self.server = server
        self.site = site
        self.folder = folder
        self._count = 0
        self.zero = 0.0

    def measure(self) -> None:
        """Learn the wall clock of the first frame as a page does: by what was on its way shortest (FACTS 8a)."""
        first, shortest = map(int, self.run(CLOCK.format(stream=STREAM)).split())
        delay = self.site.get(f"/streams/{STREAM}.json").json()["live"]["offset_ms"]
        self.zero = (shortest + first - delay) / 1000

    def run(self, program: str) -> str:
        """Run a program with the recorder's package, as the recorder's user."""
        command = "runuser -u scrimbox-ingest -- /usr/bin/python3 -IB -c %s"
        shown: str = self.server.check_output(command, PACKAGE + program)
        return shown.strip()

    def listed(self, file: str) -> dict[str, Any]:
        """What the index says of a clip; empty where it does not list it."""
        clips = self.site.get("/streams/index.json").json()["clips"]
        return next((clip for clip in clips if clip["file"] == file), {})

    def cut(self, first: int, last: int) -> Clip:
        """Order the frames from one number to another and wait for the clip."""
        self._count += 1
        moments = [self.zero + (number + 0.5) / media.FPS for number in (first, last)]
        given = [f"{self._count:016x}", "alice", "An ace", STREAM, *moments]
        program = ORDER.format(given=given, asked=time.time())
        began = time.monotonic()
        file = self.run(program)
        took = None
        while time.monotonic() < began + 60:
            if took is None and self.site.get(f"/vod/clips/{file}.mp4", method="HEAD").status == 200:
                took = time.monotonic() - began
            if took and (listed := self.listed(file)):
                path = self.folder / f"{file}.mp4"
                path.write_bytes(self.site.get(listed["url"]).body)
                return Clip(listed, took, path)
            time.sleep(0.2)
        raise AssertionError(self.server.check_output("journalctl -u scrimbox-clips -n 30 --no-pager"))


@pytest.fixture(scope="module")
def studio(server: Host, alice_cookie: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    made = Studio(server, alice_cookie, tmp_path_factory.mktemp("clips"))
    server.run(f"rm -f /srv/vod/clips/{STREAM}-* /srv/vod/cutting/{STREAM}-*.json")
    yield made
    server.run(f"rm -f /srv/vod/clips/{STREAM}-*")


@pytest.fixture(scope="module")
def cut(studio: Studio, push: Callable[..., media.Publisher]) -> Iterator[dict[str, Clip]]:
    """Clips that were cut while the match was still going on."""
    when_quiet(studio.site, STREAM)
    publisher = push(STREAM, seconds=SECONDS)
    time.sleep(8)
    studio.measure()
    clips = {"short": studio.cut(47, 130)}
    sent = publisher.frames
    studio.measure()
    clips["just now"] = studio.cut(sent - 100, sent - 10)
    time.sleep(max(0.0, 20 - publisher.frames / media.FPS))
    studio.measure()
    clips["long"] = studio.cut(95, 95 + 15 * media.FPS)
    yield clips
    publisher.stop()


@pytest.fixture(scope="module")
def replayed(studio: Studio, cut: dict[str, Clip]) -> dict[str, Clip]:
    """The same clips, cut out of the replay."""
    assert cut
    deadline = time.monotonic() + 120
    while studio.site.get(f"/streams/{STREAM}.json").json()["state"] != "replay":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return {"short": studio.cut(47, 130), "long": studio.cut(95, 95 + 15 * media.FPS)}


@pytest.mark.parametrize("name", ["short", "long"])
def test_a_clip_of_what_is_live_has_exactly_its_frames(cut: dict[str, Clip], name: str) -> None:
    first, last = {"short": (47, 130), "long": (95, 95 + 15 * media.FPS)}[name]
    assert cut[name].numbers == list(range(first, last + 1))


def test_what_happened_a_moment_ago_can_be_cut(cut: dict[str, Clip]) -> None:
    numbers = cut["just now"].numbers
    assert numbers == list(range(numbers[0], numbers[0] + 91))


@pytest.mark.parametrize("name", ["short", "long"])
def test_a_clip_of_the_replay_is_the_same(cut: dict[str, Clip], replayed: dict[str, Clip], name: str) -> None:
    assert replayed[name].numbers == cut[name].numbers


@pytest.mark.slow
@pytest.mark.parametrize("name", ["short", "just now", "long"])
def test_a_clip_is_ready_within_two_seconds_and_a_tenth_of_its_length(cut: dict[str, Clip], name: str) -> None:
    assert cut[name].took < 2 + cut[name].listed["duration"] / 10


@pytest.mark.slow
@pytest.mark.parametrize("browser", [*browsers.ENGINES, "webkit"])
def test_a_browser_shows_exactly_the_frames_of_a_clip(cut: dict[str, Clip], alice: Site, browser: str) -> None:
    """Both ends and both joints: key frames of the pattern are 60, 90 and 120."""
    browsers.install()
    if browser == "firefox":
        browsers.require(browser)
    asked = [0, 1, 12, 13, 14, 42, 43, 44, 72, 73, 82, 83]
    visit = browsers.Visit(
        f"clip-{browser}",
        "clip.mjs",
        browser=browser,
        url=f"{alice.url}/",
        login=alice.login,
        clip=cut["short"].listed["url"],
        fps=media.FPS,
        frames=asked,
    )
    with contextlib.closing(visit):
        assert visit.wait_for("first", 60)["number"] == 47
        assert visit.wait_for("frames", 60)["shown"] == [47 + frame for frame in asked]
        # On the way to the end a browser may leave out what it is too late for, and shows nothing else.
        played = visit.wait_for("played", 60)["numbers"]
        assert played == sorted(played)
        assert 47 <= played[0] < played[-1] <= 130
        found = visit.wait_for("done", 20)
        assert (found["errors"], found["violations"], found["failures"]) == ([], [], [])


def test_sound_and_picture_of_a_clip_are_together(cut: dict[str, Clip], replayed: dict[str, Clip]) -> None:
    for clip in (cut["long"], replayed["long"]):
        assert media.worst_offset(clip.path) < 0.04


def test_what_the_index_says_of_a_clip_is_true(cut: dict[str, Clip], studio: Studio) -> None:
    listed, path = cut["short"].listed, cut["short"].path
    assert listed["size"] == path.stat().st_size
    assert (listed["author"], listed["title"], listed["view"]) == ("alice", "An ace", STREAM)
    deadline = time.monotonic() + 10
    while not (poster := studio.listed(listed["file"])["poster"]):
        assert time.monotonic() < deadline, "the clip has no picture"
        time.sleep(0.2)
    assert studio.site.get(poster).headers["Content-Type"] == "image/jpeg"
    answer = studio.site.get(listed["url"], {"Range": "bytes=0-99"})
    assert (answer.status, len(answer.body)) == (206, 100)


def test_clips_are_for_viewers_alone_and_nothing_else_of_their_folder_is_served(
    cut: dict[str, Clip], studio: Studio, nobody: Site
) -> None:
    url = cut["short"].listed["url"]
    assert nobody.get(url).status in {401, 403}
    for path in (
        "/vod/clips/",
        "/vod/clips/.x.mp4",
        "/vod/cutting/",
        "/vod/clips/../cutting/x.json",
        "/vod/clips/x.txt",
    ):
        assert studio.site.get(path).status == 404, path


def test_no_live_frame_was_lost_while_clips_were_cut(
    cut: dict[str, Clip], replayed: dict[str, Clip], studio: Studio
) -> None:
    assert cut
    assert replayed
    newest = studio.site.get(f"/streams/{STREAM}.json").json()["replays"][0]
    path = studio.folder / "replay.mp4"
    path.write_bytes(studio.site.get(newest["url"]).body)
    numbers = [frame.number for frame in media.frames(path)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 20 * media.FPS


def test_the_operator_deletes_a_clip(replayed: dict[str, Clip], studio: Studio) -> None:
    listed = replayed["short"].listed
    assert "is deleted" in studio.server.check_output(f"scrimbox-recorder unclip {listed['file']}")
    deadline = time.monotonic() + 10
    while listed["file"] in json.dumps(studio.site.get("/streams/index.json").json()["clips"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert studio.site.get(listed["url"]).status == 404
