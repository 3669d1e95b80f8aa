"""The disk guard: when it refuses, what it deletes, whom it ends, what it says, and that it ends by itself."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from recorder_yard import Yard, flv
from scrimbox_recorder import choices, control, guard
from scrimbox_recorder.choices import Choices
from scrimbox_recorder.control import Control
from scrimbox_recorder.guard import FULL, LOW, OK, Guard, Health, level_of
from scrimbox_recorder.rate import Rate

GB = 10**9


class Place:
    """A yard whose disk is as full as the test says."""

    def __init__(self, yard: Yard, **settings: object) -> None:
        self.yard = yard
        given = {"reserve_bytes": 10 * GB, "floor_bytes": GB, "reserve_hours": 0, **settings}
        self.config = replace(yard.config, **given)  # type: ignore[arg-type]
        self.free = 100.0 * GB
        self.dropped: list[str] = []
        self.drop_fault: OSError | None = None
        self.guard = self.new()

    def new(self) -> Guard:
        """A guard that remembers nothing."""
        return Guard(self.config, self.yard.disk, lambda folder: self.free, self._drop)

    def _drop(self, stream: str, steady: float) -> int:
        self.dropped.append(stream)
        if self.drop_fault:
            raise self.drop_fault
        return 1

    def look(self, free: float | None = None, later: float = guard.EVERY) -> Health:
        """Look after so many seconds, with so much free."""
        self.free = self.free if free is None else free
        self.yard.now += later
        return self.guard.look(self.yard.now, self.yard.wall)

    @property
    def flags(self) -> dict[str, str]:
        """What the auth service can see."""
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.config.run.iterdir())}


@pytest.fixture
def place(yard: Yard) -> Place:
    return Place(yard)


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


class TestLevel:
    @pytest.mark.parametrize(("free", "level"), [(100, OK), (10, OK), (9.99, LOW), (1, LOW), (0.99, FULL), (0, FULL)])
    def test_it_is_low_under_the_reserve_and_full_under_the_floor(self, free: float, level: str) -> None:
        assert level_of(free, 10, 1, OK) == level

    @pytest.mark.parametrize(
        ("before", "free", "level"),
        [(LOW, 10.4, LOW), (LOW, 10.5, OK), (FULL, 1.04, FULL), (FULL, 1.05, LOW), (FULL, 10.4, LOW), (FULL, 99, OK)],
    )
    def test_it_is_left_a_little_above_where_it_was_entered(self, before: str, free: float, level: str) -> None:
        assert level_of(free, 10, 1, before) == level

    def test_without_limits_nothing_is_ever_low(self) -> None:
        assert level_of(0, 0, 0, OK) == OK


class TestRate:
    def test_it_is_what_grew_over_the_last_minute(self) -> None:
        rate = Rate()
        for second in range(0, 121, 3):
            found = rate.take({"cup-1.flv": 1000 * second, "bravo-1.flv": 500 * second}, second)
        assert found == pytest.approx(1500)
        assert rate.growing == {"cup-1.flv", "bravo-1.flv"}

    def test_it_falls_to_nothing_within_a_minute_after_the_end(self) -> None:
        rate = Rate()
        for second in range(0, 61, 3):
            rate.take({"cup-1.flv": 1000 * second}, second)
        assert rate.take({}, 90) == pytest.approx(500, rel=0.1)
        assert rate.take({}, 150) == 0
        assert rate.growing == set()

    def test_a_file_that_is_put_there_or_moved_away_is_no_rate(self) -> None:
        rate = Rate()
        rate.take({"old-1.flv": 10**12}, 0)
        assert rate.take({"old-1.flv": 10**12, "put-1.flv": 10**12}, 10) == 0
        assert rate.take({}, 20) == 0

    def test_the_first_look_tells_none(self) -> None:
        assert Rate().take({"cup-1.flv": 10**9}, 5) == 0


class TestRefusing:
    def test_all_is_well_and_nothing_is_written(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        assert place.look() == Health()
        place.yard.steps.clear()
        for _ in range(20):
            assert place.look(later=1) == Health()
        assert place.flags == {}
        assert place.yard.steps == []
        assert caplog.records == []

    def test_below_the_reserve_new_publishes_are_refused_with_the_reason(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        place.look()
        health = place.look(9 * GB)
        assert (health.level, health.refusing, health.since) == (LOW, True, place.yard.wall)
        assert "less than 10 GB is free" in health.message
        assert place.flags == {"refuse-publish": f"{health.message}\n"}
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "9 GB free under" in caplog.text

    def test_the_flag_can_be_seen_by_another_user(self, place: Place) -> None:
        place.look(9 * GB)
        assert place.config.refuse_publish.stat().st_mode & 0o777 == 0o644

    def test_it_ends_by_itself_and_says_so(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        place.look(9 * GB)
        assert place.look(20 * GB) == Health()
        assert place.flags == {}
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]

    def test_while_it_lasts_it_is_said_once_and_then_hourly(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(370):
            place.look(9 * GB, later=10)
        assert len(caplog.records) == 2

    def test_around_the_reserve_it_does_not_flap(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        since = place.look(9.99 * GB).since
        for free in (10.01, 9.99, 10.3, 9.9) * 5:
            health = place.look(free * GB)
        assert (health.level, health.since) == (LOW, since)
        assert len(caplog.records) == 1

    def test_between_two_looks_the_disk_is_not_asked(self, place: Place) -> None:
        place.look()
        assert place.look(0, later=guard.EVERY / 2).level == OK
        assert place.look(0, later=guard.EVERY / 2).level == FULL

    def test_the_message_does_not_change_with_the_numbers(self, place: Place) -> None:
        assert place.look(9 * GB) == place.look(8 * GB) == place.look(7 * GB)

    def test_a_new_process_goes_on_refusing_since_the_same_moment_without_a_word(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        since = place.look(9 * GB).since
        flag = place.config.refuse_publish
        os.utime(flag, (since or 0, since or 0))
        place.guard = place.new()
        caplog.clear()
        assert place.look(later=500).since == since
        assert caplog.records == []

    def test_a_new_process_takes_back_what_no_longer_holds(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        place.look(9 * GB)
        place.guard = place.new()
        assert place.look(50 * GB) == Health()
        assert place.flags == {}
        assert "publishing is allowed" in caplog.text

    def test_a_flag_that_somebody_removed_is_written_again(self, place: Place) -> None:
        place.look(9 * GB)
        place.config.refuse_publish.unlink()
        place.look(9 * GB)
        assert "refuse-publish" in place.flags

    def test_without_its_folder_it_says_that_nobody_can_be_refused_and_does_not_fail(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        place.config.run.rmdir()
        assert place.look(9 * GB).refusing
        assert "publishing cannot be refused" in caplog.text
        place.config.run.mkdir()
        place.look()
        assert "refuse-publish" in place.flags

    @pytest.mark.parametrize("step", range(1, 8))
    def test_killed_at_any_step_the_next_process_is_right(self, place: Place, step: int) -> None:
        name = place.yard.publish()
        with place.yard.dying_at(step):
            place.look(9 * GB)
        place.guard = place.new()
        place.look()
        assert set(place.flags) == {"refuse-publish", "goes-on.cup"}
        with place.yard.dying_at(step):
            place.look(90 * GB)
        place.guard = place.new()
        place.look()
        assert place.flags == {}
        place.yard.hang_up(name)


class TestReserveInHours:
    def test_what_arrives_raises_the_reserve_twice_over(self, yard: Yard) -> None:
        place = Place(yard, reserve_hours=2)
        name = yard.publish()
        place.look(14 * GB)
        for _ in range(30):
            yard.send(name, bytes(1_000_000))
            health = place.look(later=1)
        # One MB a second into the recording and as much into the segments: 14.4 GB in two hours.
        assert health.level == LOW
        assert "or 2 h of what arrives" in health.message
        yard.hang_up(name)
        assert place.look(16 * GB, later=100).level == OK


class TestFull:
    def test_a_live_publisher_goes_on_until_the_floor_and_is_then_ended(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        name = place.yard.publish()
        place.look()
        for free, ended in ((9 * GB, []), (1.1 * GB, []), (0.9 * GB, ["cup"])):
            place.yard.send(name, flv())
            place.look(free)
            assert place.dropped == ended
        assert "ERROR" in {record.levelname for record in caplog.records}
        assert "cup: the publisher was ended" in caplog.text
        place.yard.hang_up(name)

    def test_nobody_is_ended_who_sends_nothing(self, place: Place) -> None:
        name = place.yard.publish()
        place.look()
        place.look(0)
        assert place.dropped == []
        place.yard.hang_up(name)

    def test_if_ingest_does_not_answer_it_is_said_and_tried_again(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        name = place.yard.publish()
        place.look()
        place.drop_fault = OSError("no such socket")
        for _ in range(2):
            place.yard.send(name, flv())
            place.look(0)
        assert place.dropped == ["cup", "cup"]
        assert "cup: the publisher cannot be ended: no such socket" in caplog.text
        place.yard.hang_up(name)

    def test_who_has_only_lost_the_connection_may_come_back_until_the_floor(self, place: Place) -> None:
        name = place.yard.publish()
        place.yard.hang_up(name)
        place.look(9 * GB)
        assert set(place.flags) == {"refuse-publish", "goes-on.cup"}
        place.look(0.5 * GB)
        assert set(place.flags) == {"refuse-publish"}

    def test_when_its_session_is_over_it_is_refused_like_everybody(self, place: Place) -> None:
        name = place.yard.publish()
        place.look(9 * GB)
        place.yard.hang_up(name)
        (place.config.incoming / name).unlink()
        place.look()
        assert set(place.flags) == {"refuse-publish"}


class Shelf(Place):
    """Four replays of 2 GB, while `free` is what would be free without them; the reserve is 10 GB."""

    def __init__(self, yard: Yard, **settings: object) -> None:
        super().__init__(yard, **{"keep_replays": 0, "delete_when_low": True, **settings})
        for number in range(1, 5):
            (self.config.recordings / f"cup-2020010{number}T000000Z.json").write_bytes(b"{}")
            with (self.config.recordings / f"cup-2020010{number}T000000Z.mp4").open("wb") as video:
                video.truncate(2 * GB)
        self.watched = False
        self.guard = Guard(self.config, yard.disk, self._left, self._drop)

    def _left(self, folder: Path) -> float:
        held = 8 * GB if self.watched else 2 * GB * len(self.days)
        return self.free - held

    @property
    def days(self) -> list[int]:
        """Days of the replays that are there."""
        return sorted(int(path.name[11:12]) for path in self.config.recordings.glob("cup-*.mp4"))


class TestDeleting:
    def test_only_if_the_operator_allows_it(self, yard: Yard) -> None:
        shelf = Shelf(yard, delete_when_low=False)
        assert shelf.look(16 * GB).level == LOW
        assert shelf.days == [1, 2, 3, 4]

    def test_the_oldest_go_until_the_reserve_is_there_again(self, yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
        shelf = Shelf(yard)
        assert shelf.look(16 * GB) == Health()
        assert shelf.days == [3, 4]
        assert "cup: removed" in caplog.text
        assert {path.name for path in shelf.config.recordings.glob("cup-20200101*")} == set()

    def test_what_somebody_still_watches_gets_time_to_free_its_space(self, yard: Yard) -> None:
        shelf = Shelf(yard)
        shelf.watched = True
        for _ in range(9):
            assert shelf.look(16 * GB).level == LOW
            assert shelf.days == [3, 4]
        shelf.look(later=guard.SETTLE)
        assert shelf.days == []

    def test_the_newest_that_are_kept_and_the_pinned_stay_and_publishing_is_refused(self, yard: Yard) -> None:
        shelf = Shelf(yard, keep_replays=2)
        choices.save(yard.disk, shelf.config.recordings, "cup-20200101T000000Z", Choices(pinned=True))
        assert shelf.look(12 * GB).refusing
        assert shelf.days == [1, 3, 4]

    def test_a_fault_while_deleting_is_said_and_refuses_all_the_same(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        shelf = Shelf(yard)

        def fail(*_: object) -> int:
            raise OSError("input/output error")

        monkeypatch.setattr(guard.cleanup, "make_room", fail)
        assert shelf.look(16 * GB).level == LOW
        assert "no room can be made: input/output error" in caplog.text

    def test_deleting_comes_before_anybody_is_ended(self, yard: Yard) -> None:
        shelf = Shelf(yard)
        name = yard.publish()
        shelf.look(90 * GB)
        yard.send(name, flv())
        assert shelf.look(8.5 * GB).level == LOW
        assert shelf.dropped == []
        yard.hang_up(name)


class TestFolders:
    @pytest.mark.parametrize("folder", ["incoming", "recordings", "hls", "state"])
    def test_a_missing_folder_refuses_at_once_and_loudly(
        self, place: Place, folder: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        path: Path = getattr(place.config, folder)
        path.rename(path.parent / f"{path.name}.away")
        health = place.look()
        assert health.refusing
        assert "is missing: nobody may publish" in health.message
        assert str(path) in health.message
        assert "refuse-publish" in place.flags
        assert caplog.records[-1].levelname == "ERROR"
        for _ in range(100):
            place.look()
        assert len(caplog.records) == 1
        (path.parent / f"{path.name}.away").rename(path)
        assert place.look() == Health()
        assert place.flags == {}

    def test_a_folder_that_cannot_be_written_refuses(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        # Root may write everywhere, so what the kernel says is replaced.
        monkeypatch.setattr(guard.os, "access", lambda path, mode: Path(path) != place.config.incoming)
        assert place.look().message == f"{place.config.incoming} cannot be written: nobody may publish"

    def test_nobody_is_ended_for_a_missing_folder(self, place: Place) -> None:
        name = place.yard.publish()
        place.look()
        place.yard.send(name, flv())
        place.config.state.rmdir()
        place.look()
        assert place.dropped == []
        place.yard.hang_up(name)


def test_the_index_says_that_a_folder_is_missing_and_takes_it_back(yard: Yard) -> None:
    yard.later(5)
    well = json.loads((yard.config.state / "index.json").read_text(encoding="utf-8"))["disk"]
    away = yard.config.incoming.with_name("away")
    yard.config.incoming.rename(away)
    for _ in range(5):
        yard.now += 1.5
        with pytest.raises(FileNotFoundError):
            yard.recorder.run()
    told = json.loads((yard.config.state / "index.json").read_text(encoding="utf-8"))["disk"]
    assert told["refusing"]
    assert "is missing" in told["message"]
    away.rename(yard.config.incoming)
    yard.now += guard.EVERY
    yard.recorder.run()
    assert json.loads((yard.config.state / "index.json").read_text(encoding="utf-8"))["disk"] == well


class TestFooting:
    def begin(self, place: Place) -> None:
        """Ingest starts, with a socket of its own."""
        place.config.control.unlink(missing_ok=True)
        place.config.control.touch()
        os.utime(place.config.control)

    def remake(self, place: Place) -> None:
        """The folder is removed with what is in it, and made anew."""
        for path in place.config.incoming.iterdir():
            path.unlink()
        place.config.incoming.rmdir()
        place.config.incoming.mkdir()

    def test_a_folder_that_was_made_anew_refuses_until_ingest_was_restarted(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.begin(place)
        assert place.look() == Health()
        self.remake(place)
        health = place.look()
        assert "was made anew, restart ingest" in health.message
        assert set(place.flags) >= {"refuse-publish", "restart-ingest"}
        assert caplog.records[-1].levelname == "ERROR"
        place.guard = place.new()
        assert place.look().message == health.message
        self.begin(place)
        assert place.look() == Health()
        assert set(place.flags) == {"ingest"}

    def test_a_folder_that_was_only_away_is_the_same(self, place: Place) -> None:
        self.begin(place)
        place.look()
        away = place.config.incoming.with_name("away")
        place.config.incoming.rename(away)
        assert "is missing" in place.look().message
        away.rename(place.config.incoming)
        assert place.look() == Health()

    def test_a_server_that_was_just_upgraded_or_whose_ingest_is_down_is_well(self, place: Place) -> None:
        assert place.look() == Health()
        self.remake(place)
        assert place.look() == Health()
        self.begin(place)
        assert place.look() == Health()

    def test_nothing_is_written_while_nothing_changes(self, place: Place) -> None:
        self.begin(place)
        place.look()
        place.yard.steps.clear()
        for _ in range(5):
            place.look()
        assert place.yard.steps == []


class TestTwoDisks:
    def test_the_worst_disk_counts_and_is_named(
        self, place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        real = Path.stat

        def stat(path: Path, **options: bool) -> os.stat_result:
            found = real(path, **options)
            if path == place.config.hls:
                return os.stat_result((*found[:2], found.st_dev + 1, *found[3:10]))
            return found

        monkeypatch.setattr(Path, "stat", stat)
        free = {place.config.recordings: 50 * GB, place.config.hls: 2 * GB}
        place.guard = Guard(place.config, place.yard.disk, lambda folder: float(free[folder]), place._drop)
        assert place.look().level == LOW
        assert f"2 GB free under {place.config.hls}" in caplog.text


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Callable[[bytes], tuple[Path, list[bytes]]]]:
    """A control socket that answers one request with the bytes given."""
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> tuple[Path, list[bytes]]:
        path, asked = tmp_path / "control.sock", []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(1)

        def serve() -> None:
            with listener, listener.accept()[0] as channel:
                asked.append(channel.recv(1000))
                channel.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return path, asked

    yield start
    for thread in threads:
        thread.join(5)


class TestControl:
    def test_a_publisher_is_ended_by_its_id(self, ingest: Callable[[bytes], tuple[Path, list[bytes]]]) -> None:
        path, asked = ingest(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 1\r\n\r\n1")
        assert control.drop(path, "cup") == 1
        assert asked[0].startswith(b"GET /control/drop/publisher?app=live&name=cup HTTP/1.0\r\n")

    @pytest.mark.parametrize(
        "answer", [b"HTTP/1.1 404 Not Found\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\nx", b"y" * 9000]
    )
    def test_another_answer_is_an_error(
        self, ingest: Callable[[bytes], tuple[Path, list[bytes]]], answer: bytes
    ) -> None:
        path, _ = ingest(answer)
        with pytest.raises(OSError, match="when it was to end cup"):
            control.drop(path, "cup")

    def test_a_missing_socket_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            control.drop(tmp_path / "none", "cup")

    def test_a_hanging_ingest_holds_nobody_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(control, "TIMEOUT", 0.05)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "s"))
            listener.listen(1)
            with pytest.raises(TimeoutError):
                control.drop(tmp_path / "s", "cup")

    def test_the_same_publisher_is_not_ended_twice_within_seconds(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr(control, "drop", lambda path, stream: asked.append(stream) or 1)
        held = Control(tmp_path)
        for steady in (0, 1, 4.9, 5, 6):
            held.drop("cup", steady)
        held.drop("bravo", 6)
        assert asked == ["cup", "cup", "bravo"]
