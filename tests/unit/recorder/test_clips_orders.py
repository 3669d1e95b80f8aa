"""Orders of clips: carried out once, from what is live and from replays, by a process that may die at any moment."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from clip_yard import MIDDLE, numbers
from recorder_yard import EPOCH, Yard
from scrimbox_recorder import choosing, cleanup, clips
from scrimbox_recorder.choosing import ChoiceError
from scrimbox_recorder.clip_tools import ClipTools
from scrimbox_recorder.clipper import ATTEMPTS, PATIENCE, PAUSE, Clipper
from scrimbox_recorder.clips import Clips, Order
from scrimbox_recorder.config import Stream
from scrimbox_recorder.disk import Disk
from scrimbox_recorder.finalize import Finalizer
from scrimbox_recorder.flv_range import first_times
from scrimbox_recorder.media import MediaError, NotNowError
from scrimbox_recorder.mp4 import Excerpt
from scrimbox_recorder.names import file_name

from tests import media

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")

NOTE, OTHER = "00112233445566aa", "00112233445566bb"
SECONDS = 8


@pytest.fixture(scope="session")
def flv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a publisher sends: frames that carry their numbers, with B-frames."""
    return media.pattern(tmp_path_factory.mktemp("flv"), SECONDS, scale=2, b_frames=2)


class Scene:
    """A stream that has been pushed, and somebody who wants clips of it."""

    def __init__(self, yard: Yard, flv: Path) -> None:
        self.yard = yard
        self.flv = flv
        self.zero = EPOCH + 1.0
        """Wall clock of the first frame."""
        self.first = first_times(flv)[9]
        self.clipper = self.new()

    def new(self, disk: Disk | None = None) -> Clipper:
        """A process that remembers nothing."""
        return Clipper(self.yard.config, disk or Disk(), ClipTools(), lambda: self.yard.wall)

    def push(self, data: bytes | None = None) -> str:
        """Somebody publishes, and the server has measured the clock."""
        self.yard.later(1.0, every=1.0)
        name = self.yard.publish(data=data or self.flv.read_bytes())
        self.yard.segment(pts_ms=self.first, wall_ms=round(self.zero * 1000))
        self.yard.later(1.5)
        return name

    def end(self, name: str) -> None:
        """The session is over; nobody has made a replay yet."""
        self.yard.hang_up(name)
        self.yard.later(130, every=10)

    def finalise(self) -> None:
        """The replay is made."""
        finalizer = Finalizer(self.yard.config, Disk(), ClipTools())
        while finalizer.step(self.yard.now):
            pass
        self.yard.later(1.5)

    def order(self, first: int, last: int, note: str = NOTE) -> Order:
        """Somebody wants the frames from one number to another."""
        moments = [self.zero + number / media.FPS + MIDDLE for number in (first, last)]
        order = Order(note, "anna", "An ace", "cup", *moments, asked=self.yard.wall)
        Clips(self.yard.config, Disk()).order(order)
        return order

    def carry_out(self) -> None:
        """All that is due is done."""
        while self.clipper.step(self.yard.now):
            pass

    def clip(self, order: Order) -> Path:
        """The file of a clip."""
        return self.yard.config.clips / f"{order.file}.mp4"

    def document(self) -> dict[str, object]:
        """What viewers read of the only clip."""
        (clip,) = Clips(self.yard.config, Disk()).all()
        return clip


@pytest.fixture
def scene(yard: Yard, flv: Path) -> Scene:
    return Scene(yard, flv)


def test_a_clip_is_the_same_from_live_from_what_is_being_finalised_and_from_the_replay(scene: Scene) -> None:
    name = scene.push()
    scene.yard.later(SECONDS + 1)
    orders = [scene.order(47, 100, f"{number:016x}") for number in range(3)]
    Clips(scene.yard.config, Disk()).remove(orders[1].note, "anna")
    Clips(scene.yard.config, Disk()).remove(orders[2].note, "anna")
    scene.carry_out()
    scene.end(name)
    scene.order(47, 100, orders[1].note)
    scene.carry_out()
    scene.finalise()
    assert scene.yard.state() == "replay"
    scene.order(47, 100, orders[2].note)
    scene.carry_out()
    for order in orders:
        assert numbers(scene.clip(order)) == list(range(47, 101))
    sources = [json.loads(scene.clip(order).with_suffix(".json").read_text())["source"] for order in orders]
    assert sources == [None, None, file_name("cup", EPOCH + 1)]


def test_what_viewers_read_of_a_clip_that_is_ready(scene: Scene) -> None:
    name = scene.push()
    scene.end(name)
    scene.finalise()
    order = scene.order(47, 100)
    assert scene.document()["state"] == "waiting"
    scene.carry_out()
    clip = scene.document()
    assert (clip["state"], clip["author"], clip["title"], clip["id"]) == ("ready", "anna", "An ace", NOTE)
    assert clip["url"] == f"/vod/clips/{order.file}.mp4"
    assert clip["size"] == scene.clip(order).stat().st_size
    assert clip["duration"] == pytest.approx(54 / media.FPS, abs=0.03)
    assert (scene.yard.config.clips / f"{order.file}.jpg").read_bytes()[:2] == b"\xff\xd8"
    scene.yard.later(1.5)
    (listed,) = scene.yard.document("index")["clips"]
    assert listed["file"] == order.file
    assert not list(scene.yard.config.cutting.iterdir())


def test_the_times_of_a_clip_become_those_of_its_pictures(scene: Scene) -> None:
    scene.end(scene.push())
    scene.finalise()
    scene.order(47, 100)
    scene.carry_out()
    sidecar = scene.document()
    assert sidecar["from"] == clips.iso(scene.zero + 47 / media.FPS)
    assert sidecar["to"] == clips.iso(scene.zero + 100 / media.FPS)


def test_a_clip_waits_until_its_end_has_been_recorded(scene: Scene, flv: Path) -> None:
    data = flv.read_bytes()
    half = len(data) // 2
    name = scene.push(data[:half])
    order = scene.order(47, 200)
    scene.carry_out()
    assert scene.document()["state"] == "waiting"
    scene.yard.later(SECONDS + 1)
    scene.carry_out()
    assert scene.document()["state"] == "waiting"
    scene.yard.send(name, data[half:])
    scene.yard.later(1.5)
    scene.carry_out()
    assert numbers(scene.clip(order)) == list(range(47, 201))


def test_a_clip_over_a_broken_connection_has_what_both_sides_have(scene: Scene, flv: Path) -> None:
    first = scene.push()
    scene.yard.hang_up(first)
    scene.yard.later(10)
    second = scene.yard.publish(data=flv.read_bytes())
    back = round((scene.yard.wall + 0.2) * 1000)
    scene.yard.segment(pts_ms=scene.first, wall_ms=back, fresh=True)
    scene.yard.later(SECONDS + 2)
    order = Order(NOTE, "anna", "", "cup", scene.zero + 6 + MIDDLE, back / 1000 + 1 + MIDDLE)
    Clips(scene.yard.config, Disk()).order(order)
    scene.carry_out()
    assert numbers(scene.clip(order)) == [*range(180, 240), *range(31)]
    scene.end(second)
    scene.finalise()
    Clips(scene.yard.config, Disk()).remove(NOTE, "anna")
    Clips(scene.yard.config, Disk()).order(order)
    scene.carry_out()
    assert numbers(scene.clip(order)) == [*range(180, 240), *range(31)]


def test_a_first_segment_that_came_late_does_not_shift_a_clip_of_the_first_minute(scene: Scene) -> None:
    """The page takes the earliest of the segments around a moment, so the server does."""
    scene.yard.later(1.0, every=1.0)
    scene.yard.publish(data=scene.flv.read_bytes())
    scene.yard.segment(pts_ms=scene.first, wall_ms=round(scene.zero * 1000) + 400)
    scene.yard.later(3)
    scene.yard.segment(pts_ms=scene.first + 1000, wall_ms=round(scene.zero * 1000) + 1000)
    scene.yard.segment(pts_ms=scene.first + 2000, wall_ms=round(scene.zero * 1000) + 2300)
    scene.yard.later(SECONDS)
    order = scene.order(47, 100)
    scene.carry_out()
    assert numbers(scene.clip(order)) == list(range(47, 101))


def test_the_delay_of_an_encoder_is_taken_off(tmp_path: Path, flv: Path) -> None:
    scene = Scene(Yard(tmp_path, streams=(Stream("cup", "The cup", 300),)), flv)
    name = scene.push()
    scene.zero -= 0.3
    scene.yard.later(SECONDS + 1)
    live = scene.order(47, 100)
    scene.carry_out()
    assert numbers(scene.clip(live)) == list(range(47, 101))
    scene.end(name)
    scene.finalise()
    replay = scene.order(47, 100, OTHER)
    scene.carry_out()
    assert numbers(scene.clip(replay)) == list(range(47, 101))


def test_a_process_that_dies_after_any_step_leaves_nothing_that_the_next_does_not_mend(scene: Scene) -> None:
    name = scene.push()
    scene.yard.later(SECONDS + 1)
    for step in range(1, 40):
        order = scene.order(47, 60)
        dying = scene.new(scene.yard.disk)
        with scene.yard.dying_at(step):
            dying.step(scene.yard.now)
        died = len(scene.yard.steps) == step
        sidecar = scene.clip(order).with_suffix(".json")
        assert scene.clip(order).exists() or not sidecar.exists()
        scene.clipper = scene.new()
        scene.carry_out()
        assert numbers(scene.clip(order)) == list(range(47, 61))
        assert not list(scene.yard.config.cutting.iterdir())
        kinds = {path.suffix for path in scene.yard.config.clips.iterdir()}
        assert kinds == {".json", ".jpg", ".mp4"}
        Clips(scene.yard.config, Disk()).remove(NOTE, "anna")
        if not died:
            break
    assert not died
    scene.yard.hang_up(name)


def test_a_clip_that_was_withdrawn_while_it_was_cut_is_not_shown(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    order = scene.order(47, 60)

    def withdraw(number: int, step: str) -> None:
        if step == "cut clip.mp4":
            Clips(scene.yard.config, Disk()).remove(NOTE, "anna")

    scene.yard.at_step = withdraw
    scene.clipper = scene.new(scene.yard.disk)
    scene.carry_out()
    assert not scene.clip(order).exists()
    assert not list(scene.yard.config.clips.iterdir())
    assert not list(scene.yard.config.cutting.iterdir())


def test_an_order_is_carried_out_once(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    order = scene.order(47, 60)
    scene.carry_out()
    made = scene.clip(order).stat().st_mtime_ns
    scene.order(47, 60)
    scene.carry_out()
    assert scene.clip(order).stat().st_mtime_ns == made


def test_only_its_author_can_remove_a_clip(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    order = scene.order(47, 60)
    scene.carry_out()
    assert not Clips(scene.yard.config, Disk()).remove(NOTE, "bert")
    assert scene.clip(order).exists()
    assert Clips(scene.yard.config, Disk()).remove(NOTE, "anna")
    assert not list(scene.yard.config.clips.iterdir())


def test_a_clip_outlives_its_recording_and_goes_only_when_it_is_deleted(scene: Scene) -> None:
    scene.end(scene.push())
    scene.finalise()
    order = scene.order(47, 60)
    scene.carry_out()
    for path in scene.yard.config.recordings.glob("cup-*"):
        path.unlink()
    scene.yard.later(1.5)
    assert [clip["file"] for clip in scene.yard.document("index")["clips"]] == [order.file]
    assert "is deleted" in choosing.unclip(scene.yard.config, Disk(), f"https://host/vod/clips/{order.file}.mp4")
    scene.yard.later(1.5)
    assert scene.yard.document("index")["clips"] == []
    with pytest.raises(ChoiceError, match="is not known"):
        choosing.unclip(scene.yard.config, Disk(), order.file)


def test_of_a_time_without_a_recording_no_clip_is_made_and_it_says_why(scene: Scene) -> None:
    scene.push()
    scene.order(-900, -800)
    scene.carry_out()
    assert scene.document()["state"] == "waiting"
    scene.yard.later(PATIENCE + 1, every=10)
    scene.carry_out()
    assert scene.document()["state"] == "failed"
    assert scene.document()["reason"] == "nothing was recorded at that time"


class Broken(ClipTools):
    """Cannot cut."""

    fault: Exception = MediaError("ffmpeg ended with 1")

    def __init__(self) -> None:
        super().__init__()
        self.tries: list[object] = []

    def cut(self, *given: object) -> None:  # type: ignore[override]
        """Fail."""
        self.tries.append(given)
        raise self.fault


def test_a_clip_that_cannot_be_cut_is_given_up_after_some_tries_and_holds_up_no_other(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    scene.order(47, 60)
    scene.order(70, 80, OTHER)
    tools = Broken()
    scene.clipper = Clipper(scene.yard.config, Disk(), tools, lambda: scene.yard.wall)
    for _ in range(ATTEMPTS + 2):
        scene.carry_out()
        scene.yard.later(PAUSE + 0.1)
    assert len(tools.tries) == 2 * ATTEMPTS
    assert {clip["state"] for clip in Clips(scene.yard.config, Disk()).all()} == {"failed"}


class Counting(ClipTools):
    """Knows how many clips are being cut at this moment; each takes so long that others must begin meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work: list[Path] = []
        self.most: list[int] = []

    def cut(self, source: Path, target: Path, between: tuple[float, float]) -> Excerpt:
        """Cut it."""
        self.at_work.append(target)
        self.most.append(len(self.at_work))
        time.sleep(0.3)
        try:
            return super().cut(source, target, between)
        finally:
            self.at_work.remove(target)


class Blind(ClipTools):
    """Draws nothing."""

    def picture(self, source: Path, target: Path) -> None:
        """Fail."""
        raise MediaError("no picture")


def test_a_clip_is_there_before_its_picture_which_the_next_process_draws_if_this_one_could_not(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    order = scene.order(47, 60)
    scene.clipper = Clipper(scene.yard.config, Disk(), Blind(), lambda: scene.yard.wall)
    scene.carry_out()
    assert (scene.document()["state"], scene.document()["poster"]) == ("ready", None)
    assert not list(scene.yard.config.cutting.iterdir())
    scene.clipper = scene.new()
    scene.carry_out()
    assert scene.document()["poster"] == f"/vod/clips/{order.file}.jpg"
    assert not list(scene.yard.config.cutting.iterdir())


@pytest.mark.parametrize("most", [1, 3])
def test_so_many_clips_are_cut_at_the_same_time_and_no_more(scene: Scene, most: int) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    orders = [scene.order(10 * number + 5, 10 * number + 20, f"{number:016x}") for number in range(5)]
    tools = Counting()
    scene.clipper = Clipper(scene.yard.config, Disk(), tools, lambda: scene.yard.wall, most)
    scene.carry_out()
    assert max(tools.most) == most
    for number, order in enumerate(orders):
        assert numbers(scene.clip(order)) == list(range(10 * number + 5, 10 * number + 21))
    assert not list(scene.yard.config.cutting.iterdir())


def test_a_clip_that_is_withdrawn_holds_up_none_of_those_that_are_cut_beside_it(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    gone, stays = scene.order(5, 20), scene.order(30, 50, OTHER)

    def withdraw(number: int, step: str) -> None:
        if step == "cut clip.mp4":
            Clips(scene.yard.config, Disk()).remove(NOTE, "anna")

    scene.yard.at_step = withdraw
    scene.clipper = Clipper(scene.yard.config, scene.yard.disk, ClipTools(), lambda: scene.yard.wall, 2)
    scene.carry_out()
    assert not scene.clip(gone).exists()
    assert numbers(scene.clip(stays)) == list(range(30, 51))
    assert not list(scene.yard.config.cutting.iterdir())


def test_a_clip_waits_for_room_for_as_long_as_it_takes(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    order = scene.order(47, 60)
    tools = Broken()
    tools.fault = NotNowError("no space left on the device")
    scene.clipper = Clipper(scene.yard.config, Disk(), tools, lambda: scene.yard.wall)
    for _ in range(ATTEMPTS + 2):
        scene.carry_out()
        scene.yard.later(PAUSE + 0.1)
    assert (scene.document()["state"], scene.document()["reason"]) == ("waiting", "no space left on the device")
    scene.clipper = scene.new()
    scene.carry_out()
    assert scene.clip(order).exists()


def test_while_publishes_are_refused_no_clip_is_cut(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    order = scene.order(47, 60)
    scene.yard.config.refuse_publish.write_text("full", encoding="ascii")
    scene.carry_out()
    assert not scene.clip(order).exists()
    assert scene.document()["state"] == "waiting"


def test_an_idle_look_reads_nothing(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    scene.order(47, 60)
    scene.carry_out()
    found = Clips(scene.yard.config, Disk())
    before = found.all()
    os.utime(scene.yard.config.clips)
    assert found.all() is before


@pytest.mark.parametrize(
    "name",
    ["cup-20200913-122641-00112233445566aa", "../x", "cup-20200913-122641-00112233445566AA", "a/b", ".cup", "index"],
)
def test_only_well_formed_names_are_clips(name: str) -> None:
    assert clips.is_clip_name(name) == name.endswith("66aa")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"note": 1}', "null", '"x"'])
def test_an_order_that_cannot_be_understood_is_passed_over(scene: Scene, text: str) -> None:
    path = scene.yard.config.cutting / f"cup-20200913-122641-{NOTE}.json"
    path.write_text(text, encoding="ascii")
    scene.carry_out()
    assert Clips(scene.yard.config, Disk()).all() == ()
    scene.yard.later(1.5)
    assert scene.yard.document("index")["clips"] == []


@pytest.mark.parametrize(("view", "note"), [("../x", NOTE), ("Cup", NOTE), ("cup", "../x"), ("cup", NOTE.upper())])
def test_what_is_no_view_or_no_note_is_never_written(scene: Scene, view: str, note: str) -> None:
    with pytest.raises(ValueError, match="is no name of a clip"):
        Clips(scene.yard.config, Disk()).order(Order(note, "anna", "", view, EPOCH, EPOCH + 1))
    assert not list(scene.yard.config.cutting.iterdir())


def test_the_clean_up_takes_what_a_killed_process_left_and_no_clip(scene: Scene) -> None:
    scene.push()
    scene.yard.later(SECONDS + 1)
    order = scene.order(47, 60)
    scene.carry_out()
    left = scene.yard.config.clips / f".{order.file}.json.tmp"
    left.write_text("half", encoding="ascii")
    week = scene.yard.wall + 7 * 86400
    os.utime(left, (scene.yard.wall, scene.yard.wall))
    found = [removal.name for folder, removal in cleanup.plan(scene.yard.config, week) if folder == left.parent]
    assert found == [left.name]


def test_without_its_folders_nothing_is_cut_and_the_recording_goes_on(scene: Scene) -> None:
    shutil.rmtree(scene.yard.config.vod)
    scene.push()
    scene.carry_out()
    assert scene.yard.state() == "live"
    assert scene.yard.document("index")["clips"] == []
