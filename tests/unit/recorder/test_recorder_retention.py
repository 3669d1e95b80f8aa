"""What retention deletes, what it never touches, and what the operator may choose."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest
from recorder_yard import Yard, flv
from scrimbox_recorder import choices, choosing, cleanup, names, retention
from scrimbox_recorder.choices import Choices
from scrimbox_recorder.choosing import ChoiceError
from scrimbox_recorder.disk import Disk
from scrimbox_recorder.retention import DAY, Limits, Replay, doomed

STAMP = names.stamp_seconds("20200913T122640Z")
FILE = "cup-20200913T122640Z"


def row(number: int, *, size: int = 100, pinned: bool = False) -> Replay:
    """The replay that was made on the day of this number."""
    return Replay(f"cup-2020010{number}T000000Z", (), size, number * DAY, pinned)


ROW = [row(number) for number in range(1, 7)]


def days(gone: list[tuple[Replay, str]]) -> list[int]:
    return [int(replay.born / DAY) for replay, _ in gone]


class TestReplays:
    def test_all_files_of_a_replay_go_together_the_sidecar_first_and_what_was_chosen_last(self) -> None:
        kinds = ("mp4", "m3u8", "json", "jpg", "vtt", "thumbs-1.jpg", "thumbs-12.jpg", "choices.json")
        files = {f"{FILE}.{kind}": (10, STAMP + 5.0) for kind in kinds}
        (replay,) = retention.replays(files)
        assert replay.size == 80
        assert replay.names[0] == f"{FILE}.json"
        assert replay.names[-1] == f"{FILE}.choices.json"
        gone = retention.removals([(replay, "old")], files)
        assert {removal.name for removal in gone} == set(files)
        assert {(removal.stream, removal.size, removal.reason) for removal in gone} == {("cup", 10, "old")}

    def test_neither_what_is_being_made_nor_foreign_files_nor_mere_choices_are_replays(self) -> None:
        files = {f"{FILE}.mp4": (10, 0.0), "holiday.mp4": (10, 0.0), "cup-20200101T000000Z.choices.json": (10, 0.0)}
        assert retention.replays(files, {FILE}) == []

    @pytest.mark.parametrize(
        ("stamp", "changed", "expected"),
        [("19700101T000000Z", float(STAMP), STAMP), ("20200913T122640Z", 0.0, STAMP)],
        ids=["stamp of a wrong clock", "file time of a wrong clock"],
    )
    def test_the_younger_of_both_times_counts(self, stamp: str, changed: float, expected: float) -> None:
        (replay,) = retention.replays({f"cup-{stamp}.json": (1, changed), f"cup-{stamp}.mp4": (1, 0.0)})
        assert replay.born == expected

    def test_a_new_title_or_poster_makes_no_replay_younger(self) -> None:
        files = {f"{FILE}.{kind}": (1, STAMP + 9e6) for kind in ("choices.json", "jpg", "vtt")}
        (replay,) = retention.replays({**files, f"{FILE}.mp4": (1, 0.0), f"{FILE}.json": (1, 0.0)})
        assert replay.born == STAMP


class TestDoomed:
    def test_by_age_the_old_ones_go_whatever_is_kept_for_size(self) -> None:
        assert days(doomed(ROW, Limits(days=3, keep=5), 6.5 * DAY)) == [1, 2, 3]
        assert doomed(ROW, Limits(days=3), 6.5 * DAY)[0][1] == "6 days old, 3 are kept"

    def test_without_limits_nothing_goes(self) -> None:
        assert doomed(ROW, Limits(), 9999 * DAY) == []

    @pytest.mark.parametrize(("limit", "gone"), [(600, []), (599, [1]), (350, [1, 2, 3]), (1, [1, 2, 3, 4, 5, 6])])
    def test_by_size_the_oldest_go_until_the_rest_fits(self, limit: float, gone: list[int]) -> None:
        assert days(doomed(ROW, Limits(size=limit), 7 * DAY)) == gone

    @pytest.mark.parametrize(("missing", "gone"), [(0, []), (1, [1]), (100, [1]), (101, [1, 2]), (1e9, [1, 2, 3, 4])])
    def test_for_space_the_oldest_go_until_enough_is_free_and_the_newest_never(
        self, missing: float, gone: list[int]
    ) -> None:
        assert days(doomed(ROW, Limits(missing=missing, keep=2), 7 * DAY)) == gone

    @pytest.mark.parametrize("limits", [Limits(days=1), Limits(size=1), Limits(missing=1e9)])
    def test_a_pinned_replay_never_goes(self, limits: Limits) -> None:
        kept = [row(number, pinned=number in {1, 4}) for number in range(1, 7)]
        gone = days(doomed(kept, limits, 99 * DAY))
        assert gone == [2, 3, 5, 6]

    def test_what_goes_by_age_counts_for_size_and_space(self) -> None:
        assert days(doomed(ROW, Limits(days=4, size=400, missing=200), 6.5 * DAY)) == [1, 2]

    def test_fewer_replays_than_are_kept_all_stay(self) -> None:
        assert doomed(ROW[:3], Limits(size=1, missing=1e9, keep=5), 7 * DAY) == []


class TestExpires:
    def test_age_says_when(self) -> None:
        assert retention.expires(FILE, STAMP + DAY, 30, pinned=False) == "2020-10-14T12:26:40.000Z"

    def test_never_when_pinned_or_kept_for_ever(self) -> None:
        assert retention.expires(FILE, STAMP, 30, pinned=True) is None
        assert retention.expires(FILE, STAMP, 0, pinned=False) is None


class TestLeftovers:
    def test_only_old_temporary_files(self) -> None:
        files = {".cup.json.tmp": (1, 0.0), ".new.tmp": (1, 9e9), "cup.json": (1, 0.0), "cup.m3u8.bak": (1, 0.0)}
        assert {gone.name for gone in retention.leftovers(files, 9e9)} == {".cup.json.tmp", "cup.m3u8.bak"}

    def test_choices_of_nothing_go_after_a_day(self) -> None:
        files = {f"{FILE}.choices.json": (9, 1000.0)}
        assert retention.stray_choices(files, [], set(), 1000 + DAY) == []
        (gone,) = retention.stray_choices(files, [], set(), 1001 + DAY)
        assert (gone.name, gone.stream) == (f"{FILE}.choices.json", "cup")

    @pytest.mark.parametrize(
        ("others", "incoming", "unfinished"),
        [({f"{FILE}.mp4": (1, 0.0)}, [], set()), ({}, ["cup-1600000005.flv"], set()), ({}, [], {FILE})],
        ids=["replay", "live", "being made"],
    )
    def test_choices_of_something_stay(
        self, others: dict[str, tuple[int, float]], incoming: list[str], unfinished: set[str]
    ) -> None:
        files = {f"{FILE}.choices.json": (9, 0.0), **others}
        assert retention.stray_choices(files, incoming, unfinished, 9e9) == []


@pytest.fixture
def full(yard: Yard) -> Yard:
    """Six replays of 1 kB, made a day apart, with posters; one that is live and one that is being made."""
    folder = yard.config.recordings
    for number in range(6):
        made = yard.wall + number * DAY
        file = names.file_name("cup", int(made))
        for kind, size in (("mp4", 900), ("json", 50), ("jpg", 50)):
            (folder / f"{file}.{kind}").write_bytes(b"x" * size)
            os.utime(folder / f"{file}.{kind}", (made, made))
    yard.now += 6 * DAY
    return yard


def stems(yard: Yard) -> list[str]:
    return sorted({path.name.split(".")[0] for path in yard.config.recordings.glob("cup-*.mp4")})


class TestMakeRoom:
    def test_only_as_much_goes_as_is_missing(self, full: Yard, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        before = stems(full)
        config = replace(full.config, keep_replays=0)
        assert cleanup.make_room(config, Disk(), 1500, full.wall) == 2000
        assert stems(full) == before[2:]
        assert not list(full.config.recordings.glob(f"{before[0]}*"))
        assert "GB more must be free" in caplog.text

    def test_a_pinned_one_is_passed_over_and_the_newest_stay(self, full: Yard) -> None:
        before = stems(full)
        choices.save(Disk(), full.config.recordings, before[0], Choices(pinned=True))
        cleanup.make_room(full.config, Disk(), 1e12, full.wall)
        assert stems(full) == before, "five are kept and the sixth is pinned"
        config = replace(full.config, keep_replays=2)
        cleanup.make_room(config, Disk(), 1e12, full.wall)
        assert stems(full) == [before[0], *before[4:]]

    def test_choices_that_cannot_be_read_may_be_a_pin(self, full: Yard) -> None:
        before = stems(full)
        choices.path(full.config.recordings, before[0]).write_text("{", encoding="ascii")
        config = replace(full.config, keep_replays=0)
        cleanup.make_room(config, Disk(), 1e12, full.wall)
        assert stems(full) == before[:1]

    def test_killed_at_any_step_it_leaves_no_sidecar_without_its_video(self, full: Yard) -> None:
        config, rounds = replace(full.config, keep_replays=0), 0
        while stems(full):
            rounds += 1
            with full.dying_at(1):
                cleanup.make_room(config, full.disk, 1e12, full.wall)
            for sidecar in full.config.recordings.glob("cup-*.json"):
                assert sidecar.with_suffix(".mp4").exists()
        assert rounds == 18, "one for every file"


class TestPlan:
    def test_age_size_and_free_space_come_from_the_settings(self, full: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
        def plan(**settings: float) -> set[str]:
            config = full.config.__class__(
                **{**full.config.__dict__, "retention_days": 0, "keep_replays": 1, **settings}
            )
            return {gone.name.split(".")[0] for _, gone in cleanup.plan(config, full.wall)}

        before = stems(full)
        monkeypatch.setattr(cleanup, "free_bytes", lambda folder: 500.0)
        assert plan() == set()
        assert plan(retention_days=4.5) == set(before[:2])
        assert plan(retention_bytes=3500) == set(before[:3])
        assert plan(retention_free_bytes=500) == set()
        assert plan(retention_free_bytes=1600) == set(before[:2])
        assert plan(retention_free_bytes=1e12) == set(before[:5])

    def test_live_and_unfinished_sessions_are_never_in_it(self, yard: Yard) -> None:
        yard.hang_up(yard.publish(data=flv()))
        yard.later(130, every=5)
        name = yard.publish(data=flv())
        config = replace(yard.config, retention_days=0.00001, retention_bytes=1, keep_replays=0)
        assert [folder for folder, _ in cleanup.plan(config, yard.wall + 99 * DAY) if folder == config.recordings] == []
        yard.hang_up(name)

    def test_it_is_told_in_a_line_for_each_replay(self, full: Yard) -> None:
        config = replace(full.config, retention_days=4.5)
        lines = cleanup.describe(cleanup.plan(config, full.wall), 3)
        assert len(lines) == 3
        assert "3 file(s)" in lines[0]
        assert "6 days old, 4.5 are kept" in lines[0]
        assert "6 files" in lines[-1]
        assert "3 pinned" in lines[-1]


class TestChoosing:
    @pytest.fixture
    def made(self, yard: Yard) -> Yard:
        for name in (FILE, "cup-20200914T122640Z", "bravo-20200101T000000Z"):
            for kind in ("mp4", "json"):
                (yard.config.recordings / f"{name}.{kind}").touch()
        return yard

    @pytest.mark.parametrize(
        "given", [FILE, f"{FILE}.mp4", f"/vod/recordings/{FILE}.m3u8", f"https://h/vod/recordings/{FILE}.mp4"]
    )
    def test_a_recording_is_known_by_its_name_and_by_its_links(self, made: Yard, given: str) -> None:
        assert choosing.find(made.config, given) == FILE

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("cup-20200913T122641Z", FILE),
            ("bravo", "bravo-20200101T000000Z"),
            ("nonsense", "cup-20200914T122640Z"),
            ("../../etc/passwd", "cup-20200914T122640Z"),
        ],
    )
    def test_an_unknown_one_is_named_with_some_that_are_known(self, made: Yard, given: str, shown: str) -> None:
        with pytest.raises(ChoiceError) as refused:
            choosing.find(made.config, given)
        assert repr(given) in str(refused.value)
        assert shown in str(refused.value)

    def test_what_is_live_or_being_made_can_be_chosen_too(self, yard: Yard) -> None:
        yard.hang_up(yard.publish())
        yard.later(130, every=5)
        (waiting,) = (path.name for path in yard.config.finalizing.iterdir() if path.is_dir())
        yard.hang_up(yard.publish())
        live = names.file_name("cup", int(yard.wall))
        assert set(choosing.recordings(yard.config)) == {waiting, live}

    def test_pin_title_and_alignment_leave_one_another_alone(self, made: Yard) -> None:
        config, disk = made.config, Disk()
        choosing.pin(config, disk, FILE, pinned=True)
        choosing.title(config, disk, FILE, "Finale »Zug« $5")
        choosing.align(config, disk, FILE, "-250")
        assert choices.load(config.recordings, FILE) == Choices("Finale »Zug« $5", pinned=True, alignment_ms=-250)
        choosing.pin(config, disk, FILE, pinned=False)
        choosing.title(config, disk, FILE, " ")
        choosing.align(config, disk, FILE, "0")
        assert not choices.path(config.recordings, FILE).exists()

    @pytest.mark.parametrize("text", ["x" * 201, "two\nlines", "bell\a"])
    def test_a_title_that_cannot_be_shown_is_refused(self, made: Yard, text: str) -> None:
        with pytest.raises(ChoiceError, match=r"title.*200 printable"):
            choosing.title(made.config, Disk(), FILE, text)

    @pytest.mark.parametrize("number", ["1.5", "x", "", "3600001", "-3600001", "9" * 30])
    def test_an_alignment_that_is_no_number_or_too_far_is_refused(self, made: Yard, number: str) -> None:
        with pytest.raises(ChoiceError, match=r"alignment.*3600000"):
            choosing.align(made.config, Disk(), FILE, number)

    def test_they_survive_a_power_cut_at_every_step(self, made: Yard) -> None:
        choosing.title(made.config, made.disk, FILE, "old")
        for step in range(1, 4):
            with made.dying_at(step):
                choosing.pin(made.config, made.disk, FILE, pinned=True)
            assert choices.load(made.config.recordings, FILE).title == "old"
        path: Path = choices.path(made.config.recordings, FILE)
        assert json.loads(path.read_text(encoding="utf-8"))["pinned"] is True
