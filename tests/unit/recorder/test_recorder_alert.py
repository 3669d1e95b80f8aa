"""The operator is told of every change once, again only after a failure, and no secret leaves the settings."""

from __future__ import annotations

import http.server
import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from scrimbox_recorder import alert
from scrimbox_recorder.alert import Memory, News, Receiver, TellError, news
from scrimbox_recorder.config import ConfigError
from scrimbox_recorder.disk import Disk

LOW = {"level": "low", "refusing": True, "since": "2026-01-01T00:00:00.000Z", "message": "less than 5 GB is free"}
OK = {"level": "ok", "refusing": False, "since": None, "message": ""}
ASIDE = {"name": "cup-1.flv", "id": "cup", "file": "cup-1", "reason": "it holds no whole frame", "since": "x"}


def index(disk: dict[str, Any] | None = None, *aside: dict[str, Any]) -> dict[str, Any]:
    return {"disk": disk or OK, "set_aside": list(aside)}


class Told:
    """A receiver that remembers what it heard, and fails while it is told to."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[News] = []
        self.failing = False
        self.tries = 0
        self._folder = folder
        self.receiver = self.new()

    def new(self) -> Receiver:
        """As after a restart."""
        return Receiver("webhook", self._tell, self._folder, Disk())

    def _tell(self, item: News) -> None:
        self.tries += 1
        if self.failing:
            raise TellError("it answered 500")
        self.heard.append(item)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


class TestNews:
    @pytest.mark.parametrize("nothing", [None, [], {}, {"disk": None}, index(), {"streams": []}])
    def test_a_server_that_is_well_or_says_nothing_is_no_news(self, nothing: object) -> None:
        assert news(nothing, Memory()) == []

    def test_a_level_is_news_with_its_message_and_since(self) -> None:
        ((item, after),) = news(index(LOW), Memory())
        assert item.document("vod") == {
            "host": "vod",
            "level": "low",
            "message": "less than 5 GB is free",
            "since": LOW["since"],
        }
        assert news(index(LOW), after) == []

    def test_being_well_again_is_news(self) -> None:
        ((_, after),) = news(index(LOW), Memory())
        ((item, _),) = news(index(OK), after)
        assert (item.level, item.message) == ("ok", "there is room again, publishing is allowed")

    def test_a_missing_folder_is_as_bad_as_a_full_disk(self) -> None:
        fault = {"level": "ok", "refusing": True, "since": None, "message": "/srv/hls is missing"}
        ((item, _),) = news(index(fault), Memory())
        assert item.level == "full"

    def test_everything_set_aside_is_news_once(self) -> None:
        other = {**ASIDE, "name": "cup-2.flv"}
        found = news(index(OK, ASIDE, other), Memory(aside=("cup-1.flv", "gone.flv")))
        assert [item.key for item, _ in found] == ["set-aside cup-2.flv"]
        assert "it holds no whole frame" in found[0][0].message
        assert found[0][1].aside == ("cup-1.flv", "cup-2.flv")


class TestReceiver:
    def test_the_same_news_is_told_once_also_after_a_restart(self, told: Told) -> None:
        told.receiver.hear(index(LOW, ASIDE), 0)
        told.receiver.hear(index(LOW, ASIDE), 3)
        told.new().hear(index(LOW, ASIDE), 6)
        assert [item.level for item in told.heard] == ["low", "set-aside"]

    def test_after_a_failure_it_is_told_again_ever_more_slowly(
        self, told: Told, caplog: pytest.LogCaptureFixture
    ) -> None:
        told.failing = True
        tries = []
        for second in range(0, 4000, 3):
            told.receiver.hear(index(LOW), second)
            tries.append(told.tries)
        assert tries[3] == 1
        assert tries[5] == 2
        assert 8 <= told.tries <= 12
        told.failing = False
        told.receiver.hear(index(LOW), 9999)
        assert len(told.heard) == 1
        assert "it answered 500" in caplog.text

    def test_what_has_passed_meanwhile_is_not_told(self, told: Told) -> None:
        told.failing = True
        told.receiver.hear(index(LOW), 0)
        told.failing = False
        told.receiver.hear(index(OK), 100)
        assert told.heard == []

    def test_what_it_remembers_is_private(self, told: Told, tmp_path: Path) -> None:
        told.receiver.hear(index(LOW), 0)
        (path,) = tmp_path.iterdir()
        assert path.stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("text", ["{", "[]", '{"aside": 3}'])
    def test_a_broken_memory_counts_as_none(self, told: Told, tmp_path: Path, text: str) -> None:
        (tmp_path / "webhook.told.json").write_text(text, encoding="ascii")
        told.new().hear(index(LOW), 0)
        assert len(told.heard) == 1


ITEM = News("low x", "low", "less $ than 'five' »GB«", "2026-01-01T00:00:00.000Z")


class TestCommand:
    def test_it_gets_the_news_in_its_environment_and_on_its_input(self, tmp_path: Path) -> None:
        command = f'(cat; echo "$SCRIMBOX_LEVEL|$SCRIMBOX_MESSAGE|$SCRIMBOX_HOST") >{tmp_path}/out'
        alert.run_command(command, "vod.example.com", ITEM)
        text = (tmp_path / "out").read_text(encoding="utf-8")
        assert text == f"{ITEM.message}\nlow|{ITEM.message}|vod.example.com\n"

    def test_its_environment_holds_no_credentials(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x")
        alert.run_command(f"env >{tmp_path}/out", "vod", ITEM)
        assert "CREDENTIALS" not in (tmp_path / "out").read_text(encoding="utf-8")

    def test_a_failure_is_told_by_its_status_alone(self) -> None:
        with pytest.raises(TellError, match="exit status 3"):
            alert.run_command("echo s3cret >&2; exit 3", "vod", ITEM)

    def test_one_that_reads_nothing_is_no_failure(self) -> None:
        alert.run_command("true", "vod", News("x", "low", "m" * 100_000, None))

    def test_one_that_cannot_be_started_is_a_failure(self) -> None:
        with pytest.raises(TellError, match="Argument list too long"):
            alert.run_command("true", "vod", News("x", "low", "m" * 200_000, None))

    def test_a_hanging_one_is_ended_with_its_children(self, tmp_path: Path) -> None:
        command = f"(sleep 60; touch {tmp_path}/late) & echo $! >{tmp_path}/child; wait"
        with pytest.raises(TellError, match="more than 1 s"):
            alert.run_command(command, "vod", ITEM, timeout=1)
        child = int((tmp_path / "child").read_text(encoding="ascii"))
        for _ in range(100):
            stat = Path(f"/proc/{child}/stat")
            if not stat.exists() or stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
                break
            time.sleep(0.05)
        else:
            pytest.fail("its child still runs")


class Hook(http.server.BaseHTTPRequestHandler):
    """Notes what is posted; answers with the status in the address."""

    posted: ClassVar[list[tuple[str, str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(int(self.path.rpartition("=")[2]))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Quiet."""


@pytest.fixture
def hook() -> Iterator[str]:
    Hook.posted.clear()
    with http.server.HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/s3cret?status="
        server.shutdown()
        thread.join()


class TestWebhook:
    def test_it_gets_the_news_as_json(self, hook: str) -> None:
        alert.post(f"{hook}204", "vod", ITEM)
        assert Hook.posted == [("/s3cret?status=204", "application/json", ITEM.document("vod"))]

    @pytest.mark.parametrize("status", [400, 404, 500, 503])
    def test_an_error_is_told_without_the_address(self, hook: str, status: int) -> None:
        with pytest.raises(TellError, match=str(status)) as failed:
            alert.post(f"{hook}{status}", "vod", ITEM)
        assert "s3cret" not in str(failed.value)
        assert failed.value.__suppress_context__

    @pytest.mark.parametrize("address", ["http://127.0.0.1:1/s3cret", "http://[s3cret", "http://s3cret.invalid/"])
    def test_no_answer_is_told_without_the_address(self, address: str) -> None:
        with pytest.raises(TellError, match="could not be reached") as failed:
            alert.post(address, "vod", ITEM, timeout=1)
        assert "s3cret" not in str(failed.value)


GOOD = {"index": "/srv/streams/index.json", "host": "vod", "command": "", "webhook": "https://h/s3cret"}


class TestSettings:
    def write(self, folder: Path, data: object) -> Path:
        path = folder / "alert.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    def test_they_are_read_and_a_server_without_a_name_has_its_own(self, tmp_path: Path) -> None:
        assert alert.load(self.write(tmp_path, GOOD)).webhook == "https://h/s3cret"
        assert alert.load(self.write(tmp_path, {**GOOD, "host": ""})).host

    @pytest.mark.parametrize(
        "data", [[], {}, {**GOOD, "webhook": 3}, {**GOOD, "webhook": "s3cret"}, {**GOOD, "index": "s3cret"}]
    )
    def test_bad_ones_are_refused_without_being_shown(self, tmp_path: Path, data: object) -> None:
        with pytest.raises(ConfigError) as refused:
            alert.load(self.write(tmp_path, data))
        assert "s3cret" not in str(refused.value)

    def test_from_index_to_command(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        watched = tmp_path / "index.json"
        settings = alert.Settings(watched, "vod", f"echo $SCRIMBOX_LEVEL >>{tmp_path}/out")
        look = alert.watcher(settings, alert.receivers(settings, tmp_path, Disk()), lambda: 0.0)
        look()
        for disk in (OK, LOW, LOW, OK):
            watched.write_text(json.dumps(index(disk)), encoding="utf-8")
            look()
        assert (tmp_path / "out").read_text(encoding="ascii").split() == ["low", "ok"]
        assert caplog.text.count("the command was told") == 2
