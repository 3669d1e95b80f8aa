"""Who was refused, and why, reaches the state documents; nothing else does."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest
from ingest_yard import Sender
from recorder_yard import EPOCH, Yard
from scrimbox_recorder import status
from scrimbox_recorder.attempts import AT_ONCE, SOCKET, Attempts, Listener, parse
from scrimbox_recorder.reconcile import Recorder, World

REASONS = {
    "refused, wrong key": "wrong-key",
    "refused, no key": "no-key",
    "refused, unknown stream id": "unknown-id",
    "refused, no room for recordings": "no-room",
}


def line(reason: str, *, stream: str = "cup", opens: str = "", time: float = 5.25) -> str:
    return f"<190>Nov 22 19:46:01 scrimbox_auth: {EPOCH + time:.3f} id={stream} opens={opens} {reason}"


def codes(attempts: Attempts, *streams: str) -> list[str | None]:
    return [told and told["code"] for told in map(attempts.last, streams)]


class TestLines:
    @pytest.mark.parametrize(("reason", "code"), REASONS.items())
    def test_a_refusal_has_its_time_and_its_reason(self, reason: str, code: str) -> None:
        attempts = Attempts()
        attempts.note([line(reason)])
        told = attempts.last("cup")
        assert told is not None
        assert (told["time"], told["code"]) == ("2020-09-13T12:26:45.250Z", code)
        assert len(told["text"]) > 20

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "refused, wrong key",
            line("refused, because"),
            line("accepted") + " x",
            line("accepted", stream="Cup"),
            line("accepted", stream="a b"),
            line("refused, wrong key").replace("scrimbox_auth", "scrimbox_web"),
            line("refused, wrong key\nid=cup"),
            line("refused, wrong key").replace("1600000005", "99999999999999999999"),
            "\ufffd" * 900,
        ],
    )
    def test_anything_else_is_passed_over(self, text: str) -> None:
        assert parse(text) is None

    def test_an_unknown_id_with_the_key_of_a_stream_is_told_there(self) -> None:
        attempts = Attempts()
        attempts.note([line("refused, unknown stream id", stream="", opens="cup")])
        assert codes(attempts, "cup", "") == ["other-id", None]

    def test_an_unknown_id_with_an_unknown_key_is_told_of_nobody(self) -> None:
        attempts = Attempts()
        attempts.note([line("refused, unknown stream id", stream="")])
        assert codes(attempts, "cup", "") == [None, "unknown-id"]

    def test_the_key_of_another_stream_is_told_of_both(self) -> None:
        attempts = Attempts()
        attempts.note([line("refused, wrong key", opens="bravo")])
        assert codes(attempts, "cup", "bravo") == ["wrong-key", "other-id"]

    def test_the_id_in_upper_case_is_told_of_the_stream_alone(self) -> None:
        attempts = Attempts()
        attempts.note([line("refused, unknown stream id", opens="cup")])
        assert codes(attempts, "cup", "") == ["unknown-id", None]

    def test_a_flood_for_one_reason_changes_the_document_every_ten_seconds(self) -> None:
        attempts, told = Attempts(), set()
        for second in range(60):
            attempts.note([line("refused, wrong key", time=second)])
            told.add(str(attempts.last("cup")))
        assert len(told) == 6

    def test_after_a_day_it_is_forgotten(self) -> None:
        attempts = Attempts()
        attempts.note([line("refused, wrong key")])
        attempts.settle({}, [], EPOCH + 86000)
        assert codes(attempts, "cup") == ["wrong-key"]
        attempts.settle({}, [], EPOCH + 86500)
        assert codes(attempts, "cup") == [None]


class TestAlreadyLive:
    def test_who_was_let_in_and_got_no_recording_met_somebody_else(self) -> None:
        attempts = Attempts()
        attempts.note([line("accepted", time=100)])
        assert attempts.settle({"cup": [EPOCH + 10]}, ["cup"], EPOCH + 101) == []
        assert attempts.settle({"cup": [EPOCH + 10]}, ["cup"], EPOCH + 104) == ["cup"]
        assert codes(attempts, "cup") == ["already-live"]
        assert attempts.settle({"cup": [EPOCH + 10]}, ["cup"], EPOCH + 110) == []

    @pytest.mark.parametrize("label", [99, 100, 101])
    def test_who_got_a_recording_was_not_refused(self, label: int) -> None:
        attempts = Attempts()
        attempts.note([line("accepted", time=100)])
        assert attempts.settle({"cup": [EPOCH + label]}, ["cup"], EPOCH + 104) == []

    def test_a_recording_that_went_again_at_once_counts(self) -> None:
        attempts = Attempts()
        attempts.note([line("accepted", time=100)])
        attempts.settle({"cup": [EPOCH + 100]}, ["cup"], EPOCH + 101)
        assert attempts.settle({}, ["cup"], EPOCH + 104) == []

    def test_of_two_within_a_second_one_was_refused_in_whatever_pass_they_are_judged(self) -> None:
        attempts, begun = Attempts(), {"cup": [EPOCH + 100]}
        attempts.note([line("accepted", time=100), line("accepted", time=101.5)])
        found = [attempts.settle(begun, ["cup"], EPOCH + 100 + second) for second in (1, 3.5, 5)]
        assert found == [[], [], ["cup"]]

    def test_who_left_without_sending_while_nobody_was_live_is_no_refusal(self) -> None:
        attempts = Attempts()
        attempts.note([line("accepted", time=100)])
        assert attempts.settle({}, [], EPOCH + 104) == []

    def test_a_clock_set_back_holds_nothing_back(self) -> None:
        attempts = Attempts()
        attempts.note([line("accepted", time=5000)])
        assert attempts.settle({"cup": [EPOCH + 10]}, ["cup"], EPOCH + 100) == ["cup"]


class TestListener:
    def send(self, folder: Path, *lines: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect(str(folder / SOCKET))
            channel.setblocking(False)
            for one in lines:
                channel.send(one.encode())

    def test_lines_of_the_one_user_are_heard_once(self, tmp_path: Path) -> None:
        listener = Listener(tmp_path, {os.geteuid()})
        assert listener.lines() == []
        self.send(tmp_path, "one", "two")
        assert listener.lines() == ["one", "two"]
        assert listener.lines() == []
        assert (tmp_path / SOCKET).stat().st_mode & 0o777 == 0o622
        listener.close()

    def test_lines_of_anybody_else_are_not(self, tmp_path: Path) -> None:
        listener = Listener(tmp_path, {os.geteuid() + 1})
        listener.lines()
        self.send(tmp_path, "one")
        assert listener.lines() == []
        listener.close()

    def test_a_socket_that_was_left_or_removed_is_made_anew(self, tmp_path: Path) -> None:
        Listener(tmp_path, {os.geteuid()}).lines()
        listener = Listener(tmp_path, {os.geteuid()})
        listener.lines()
        (tmp_path / SOCKET).unlink()
        listener.lines()
        self.send(tmp_path, "one")
        assert listener.lines() == ["one"]
        listener.close()

    def test_a_flood_is_read_in_pieces(self, tmp_path: Path) -> None:
        listener, sent = Listener(tmp_path, {os.geteuid()}), 0
        listener.lines()
        with contextlib.suppress(BlockingIOError):
            while sent < 100_000:
                self.send(tmp_path, "x")
                sent += 1
        assert 0 < sent < 100_000
        heard = 0
        while found := listener.lines():
            assert len(found) <= AT_ONCE
            heard += len(found)
        assert heard == sent
        listener.close()


class TestDocuments:
    @pytest.fixture
    def heard(self, yard: Yard) -> list[str]:
        """Lines that arrive at the yard's recorder."""
        lines: list[str] = []

        class Wire(Listener):
            def lines(self) -> list[str]:
                found, lines[:] = list(lines), []
                return found

        world = World(lambda: yard.now, lambda: yard.wall, lambda seconds: None)
        yard.new_recorder = lambda: Recorder(yard.config, yard.disk, world, Wire(yard.config.run))  # type: ignore[method-assign]
        yard.recorder = yard.new_recorder()
        return lines

    def test_a_refusal_stands_in_the_document_of_its_stream(self, yard: Yard, heard: list[str]) -> None:
        yard.later(10)
        heard.append(line("refused, wrong key"))
        yard.later(1.5)
        assert yard.document()["refused"]["code"] == "wrong-key"
        assert yard.document("index")["refused"] is None
        assert "a publisher was refused at 2020-09-13T12:26:45.250Z: The stream key was wrong" in status.report(
            yard.config
        )

    def test_a_refusal_for_no_stream_stands_in_the_index(self, yard: Yard, heard: list[str]) -> None:
        yard.later(10)
        heard.append(line("refused, unknown stream id", stream=""))
        yard.later(1.5)
        assert yard.document("index")["refused"]["code"] == "unknown-id"
        assert yard.document()["refused"] is None

    def test_it_outlives_a_restart(self, yard: Yard, heard: list[str]) -> None:
        heard += [line("refused, no key"), line("refused, unknown stream id", stream="")]
        yard.later(3)
        yard.restart()
        yard.steps.clear()
        yard.later(3)
        assert yard.document()["refused"]["code"] == "no-key"
        assert yard.document("index")["refused"]["code"] == "unknown-id"
        assert yard.steps == []

    def test_a_second_publisher_is_told_and_the_first_goes_on(self, yard: Yard, heard: list[str]) -> None:
        yard.later(3)
        heard.append(line("accepted", time=yard.now))
        sender = Sender(kbps=100)
        name = yard.publish(data=sender.seconds(1))
        yard.segment()
        for _ in range(10):
            yard.later(1)
            yard.send(name, sender.seconds(1))
        assert yard.document()["refused"] is None
        heard.append(line("accepted", time=yard.now))
        yard.later(6)
        assert yard.document()["refused"]["code"] == "already-live"
        assert yard.state() == "live"
        yard.hang_up(name)

    @pytest.mark.parametrize("data", [b"", b"FLV\x01\x05\0\0\0\x09\0\0\0\0"])
    def test_who_is_connected_and_sends_nothing_that_can_be_read_is_told(self, yard: Yard, data: bytes) -> None:
        yard.recorder.run()
        name = yard.publish(data=data)
        yard.later(9)
        assert yard.document()["refused"] is None
        yard.later(3)
        assert yard.document()["refused"]["code"] == "unreadable"
        assert "H.264" in yard.document()["refused"]["text"]
        yard.steps.clear()
        yard.later(60)
        assert yard.steps == []
        yard.hang_up(name)

    def test_a_wire_that_is_cut_stops_nothing(self, yard: Yard) -> None:
        yard.config.run.rmdir()
        world = World(lambda: yard.now, lambda: yard.wall, lambda seconds: None)
        Recorder(yard.config, yard.disk, world, Listener(yard.config.run)).run()
        assert yard.state() == "offline"
