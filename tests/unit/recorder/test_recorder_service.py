"""What surrounds the passes: systemd, journal, leases, clean-up, status, the command line, the archive."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import os
import socket
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from recorder_yard import Yard, flv
from scrimbox_recorder import cleanup, cli, service, status
from scrimbox_recorder.config import ConfigError
from scrimbox_recorder.disk import Disk, Listing, is_being_written, is_receiving

PROJECT = Path(__file__).resolve().parents[3]
DAY = 86400


def test_notifications_reach_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        service.tick()
        assert channel.recv(100) == b"WATCHDOG=1"


def test_nobody_asked_for_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    service.tick()


def test_a_loop_survives_errors_until_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faults = iter([OSError("disk on fire"), ValueError("surprise"), SystemExit(0)])
    monkeypatch.setattr(service.time, "sleep", lambda seconds: None)

    def step() -> None:
        raise next(faults)

    with pytest.raises(SystemExit):
        service.loop(step, 1)
    assert "disk on fire" in caplog.text
    assert "surprise" in caplog.text


@pytest.mark.parametrize(("news", "least", "most"), [(False, 1.5, 1.5), (True, service.SOON, service.SOON)])
def test_a_loop_goes_on_sooner_where_there_is_news_and_never_at_once(
    monkeypatch: pytest.MonkeyPatch, news: bool, least: float, most: float
) -> None:
    slept: list[float] = []
    calls = iter([None, SystemExit(0)])
    monkeypatch.setattr(service.time, "sleep", slept.append)

    def step() -> None:
        if end := next(calls):
            raise end

    with pytest.raises(SystemExit):
        service.loop(step, 1.5, lambda: news)
    assert least - 0.001 <= sum(slept) <= most + 0.001


def test_the_journal_gets_a_level_one_line_and_each_warning_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    before = logging.root.handlers[:]
    try:
        service.set_up_log()
        for _ in range(3):
            logging.getLogger("x").warning("cup: two\nlines")
            logging.getLogger("x").info("cup: news")
    finally:
        logging.root.handlers[:] = before
    assert capsys.readouterr().err.splitlines() == [
        "<4>cup: two | lines",
        "<6>cup: news",
        "<6>cup: news",
        "<6>cup: news",
    ]


def test_a_missing_folder_is_named_before_anything_is_done(yard: Yard) -> None:
    yard.config.set_aside.rmdir()
    with pytest.raises(ConfigError, match="set-aside is missing"):
        service.check_folders(yard.config)


def test_a_file_is_being_written_while_a_writer_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "cup-1.flv"
    with path.open("wb"):
        assert is_being_written(path)
    assert is_being_written(path) is False
    with path.open("rb"):
        assert is_being_written(path) is False
    assert is_being_written(tmp_path / "gone.flv") is False


def test_somebody_publishes_while_any_recording_has_a_writer(tmp_path: Path) -> None:
    assert not is_receiving(tmp_path / "gone")
    (tmp_path / "cup-1.flv").write_bytes(b"over")
    with (tmp_path / "order").open("wb"):
        assert not is_receiving(tmp_path)
    with (tmp_path / "cup-2.flv").open("wb"):
        assert is_receiving(tmp_path)
    assert not is_receiving(tmp_path)


def test_a_listing_is_read_again_only_after_a_change(tmp_path: Path) -> None:
    listing = Listing(tmp_path)
    (tmp_path / "a").touch()
    assert listing.names() == ("a",)
    for _ in range(5):
        listing.names()
    reads = listing.reads
    assert listing.names() is listing.names()
    assert listing.reads == reads
    (tmp_path / "b").touch()
    assert listing.names() == ("a", "b")


class TestCleanup:
    @pytest.fixture
    def old(self, yard: Yard) -> Yard:
        """A server with one of everything, seen long afterwards."""
        yard.hang_up(yard.publish())
        yard.segment()
        yard.later(130, every=5)
        yard.finalise()
        yard.hang_up(yard.publish(data=flv(1)[:-60]))
        yard.later(130, every=5)
        yard.finalise()
        yard.hang_up(yard.publish(data=flv(3)))
        yard.later(130, every=5)
        yard.publish()
        yard.segment(wall_ms=int(yard.wall * 1000))
        yard.later(3)
        (yard.config.recordings / "holiday.mp4").touch()
        (yard.config.recordings / ".cup.json.tmp").touch()
        (yard.config.hls / "gone-1600000000000.ts").touch()
        yard.later(2)
        for path in yard.config.hls.parent.rglob("*"):
            if path.is_file():
                os.utime(path, (yard.wall - 5, yard.wall - 5))
        yard.now += 31 * DAY
        return yard

    def test_only_what_is_old_and_finished_goes(self, old: Yard, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        before = set(old.tree())
        cleanup.carry_out(cleanup.plan(old.config, old.wall), Disk())
        gone = before - set(old.tree())
        assert gone == {
            *(
                f"recordings/cup-20200913T122640Z.{kind}"
                for kind in ("json", "mp4", "m3u8", "jpg", "vtt", "thumbs-1.jpg")
            ),
            "recordings/.cup.json.tmp",
            "hls/gone-1600000000000.ts",
        }
        assert "cup: removed" in caplog.text
        assert "gone: removed 1 files" in caplog.text

    def test_a_plan_changes_nothing(self, old: Yard) -> None:
        before = old.tree()
        assert len(cleanup.plan(old.config, old.wall)) == 8
        assert old.tree() == before

    def test_a_second_clean_up_finds_nothing(self, old: Yard) -> None:
        cleanup.carry_out(cleanup.plan(old.config, old.wall), Disk())
        assert cleanup.plan(old.config, old.wall) == []


def test_the_status_says_what_an_operator_asks(yard: Yard) -> None:
    yard.hang_up(yard.publish())
    yard.segment()
    yard.later(130, every=5)
    yard.finalise()
    yard.hang_up(yard.publish(data=flv(1)[:-60]))
    yard.later(130, every=5)
    yard.finalise()
    yard.hang_up(yard.publish(data=flv(9)))
    yard.later(130, every=5)
    told = status.report(yard.config)
    assert "cup: replay, 1 replay(s)" in told
    assert "free of" in told
    assert "hours left at the rate of the last replays" in told
    assert "in 1 part(s)" in told
    assert "it holds no whole frame" in told
    assert "Failed units" in told


class TestCommandLine:
    @pytest.fixture
    def settings(self, yard: Yard, tmp_path: Path) -> Path:
        path = tmp_path / "recorder.json"
        config = yard.config
        folders = {"hls": str(config.hls), "recordings": str(config.recordings), "state": str(config.state)}
        path.write_text(json.dumps({**folders, "streams": [{"id": "cup"}]}), encoding="utf-8")
        return path

    def test_a_pass_a_finalisation_and_a_plan_by_hand(
        self, settings: Path, yard: Yard, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for command in (["check"], ["pass"], ["finalize", "--once"], ["cleanup", "--plan"], ["cleanup"], ["status"]):
            assert cli.main(["--config", str(settings), *command]) == 0, command
        assert yard.state() == "offline"
        assert "0 files, 0.0 MB would go" in capsys.readouterr().out

    def test_bad_settings_end_it_in_words(self, settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
        settings.write_text("{", encoding="utf-8")
        assert cli.main(["--config", str(settings), "pass"]) == 1
        assert "is not JSON" in capsys.readouterr().err


def load_pack() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pack", PROJECT / "tools" / "pack.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestArchive:
    def test_the_same_files_give_the_same_bytes(self, tmp_path: Path) -> None:
        pack = load_pack()
        archives = []
        for number, name in enumerate(["one", "two"]):
            folder = tmp_path / name / "package"
            (folder / "__pycache__").mkdir(parents=True)
            for path, content in (("b.py", "b"), ("a.py", "a"), (f"__pycache__/{number}.pyc", str(number))):
                (folder / path).write_text(content, encoding="ascii")
                os.utime(folder / path, (number, number))
            (folder / "a.py").chmod(0o600 + number)
            archives.append(pack.pack(folder))
        assert archives[0] == archives[1]
        with tarfile.open(fileobj=io.BytesIO(archives[0])) as tar:
            assert tar.getnames() == ["package", "package/a.py", "package/b.py"]

    def test_it_is_written_once_and_its_path_printed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        pack, target = load_pack(), tmp_path / "build" / "x.tar.gz"
        (tmp_path / "package").mkdir()
        assert pack.main([str(tmp_path / "package"), str(target)]) == 0
        assert capsys.readouterr().out.strip() == str(target)
        assert not pack.write(target.read_bytes(), target)

    @pytest.mark.parametrize("arguments", [[], ["nowhere", "x.tar.gz"], [".", "x.zip"]])
    def test_wrong_use_is_refused(self, tmp_path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert load_pack().main(arguments) != 0


def test_the_roles_defaults_are_the_packages_own() -> None:
    defaults = yaml.safe_load((PROJECT / "roles/recorder/defaults/main.yml").read_text(encoding="utf-8"))
    fields = Yard.__init__.__globals__["Config"].__dataclass_fields__
    for name in ("grace_seconds", "idle_seconds", "dvr_keep_seconds", "retention_days", "keep_replays"):
        assert defaults[f"recorder_{name}"] == fields[name].default
    for name in ("retention", "retention_free", "disk_reserve", "disk_floor"):
        assert defaults[f"recorder_{name}_gb"] * 1e9 == fields[f"{name.replace('disk_', '')}_bytes"].default
    assert defaults["recorder_disk_reserve_hours"] == fields["reserve_hours"].default
    assert defaults["recorder_delete_when_low"] is fields["delete_when_low"].default
    assert defaults["recorder_finalizer_mb_per_second"] * 1e6 == fields["finalizer_bytes_per_second"].default
