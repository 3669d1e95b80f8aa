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
from scrimbox_recorder.alert import BURST, REFUSALS, Receiver, TellError
from scrimbox_recorder.alert_news import EVENTS, Memory, News, news, refreshed
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
            "event": "disk",
            "level": "low",
            "message": "less than 5 GB is free",
            "since": LOW["since"],
            "url": None,
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
        found = news(index(OK, ASIDE, other), Memory(names={"recording": ("cup-1.flv", "gone.flv")}))
        assert [item.key for item, _ in found] == ["set-aside cup-2.flv"]
        assert "it holds no whole frame" in found[0][0].message
        assert found[0][1].names["recording"] == ("cup-1.flv", "cup-2.flv")


STREAM = {"id": "cup", "title": "The cup", "group": "", "state": "live", "started": "2026-01-01T20:00:00.000Z"}
REPLAY = {"id": "cup", "title": "The cup", "file": "cup-20260101T200000Z", "started": "x", "duration": 3725.4}
CLIP = {"file": "cup-20260101-201530-00112233445566aa", "title": "An @everyone ace", "author": "anna", "duration": 9.6}


def going(*, live: str = "offline", replays: int = 0, clips: int = 0) -> dict[str, Any]:
    """An index with so many of everything."""
    return {
        **index(),
        "streams": [{**STREAM, "state": live}],
        "replays": [{**REPLAY, "file": f"cup-{number}"} for number in range(replays, 0, -1)],
        "clips": [{**CLIP, "file": f"clip-{number}"} for number in range(clips, 0, -1)],
    }


def said(before: dict[str, Any], after: dict[str, Any], events: tuple[str, ...] = EVENTS) -> list[News]:
    """What is new in an index for who knew the one before."""
    return [item for item, _ in news(after, refreshed(before, Memory()), events, "https://vod")]


class TestTeamNews:
    def test_a_stream_that_goes_live_a_replay_and_a_clip_are_news_with_links(self) -> None:
        found = said(going(), going(live="live", replays=1, clips=1))
        assert [(item.event, item.message, item.url) for item in found] == [
            ("live", "The cup is live", "https://vod/player?id=cup"),
            ("replay", "The replay of The cup is ready (1:02:05)", "https://vod/player?id=cup&rec=cup-1"),
            ("clip", "Clip “An @everyone ace” by anna is ready (0:10)", "https://vod/?clip=clip-1"),
        ]

    def test_only_what_was_chosen_is_told(self) -> None:
        everything = going(live="live", replays=1, clips=1)
        assert [item.event for item in said(going(), everything, ("clip",))] == ["clip"]
        assert said(going(), everything, ()) == []

    def test_what_was_there_before_anybody_listened_is_no_news(self) -> None:
        assert news(going(live="live", replays=9, clips=9), Memory(), EVENTS) == []

    def test_an_interruption_is_no_news_and_neither_is_the_return(self) -> None:
        assert said(going(live="live"), going(live="interrupted")) == []
        assert said(going(live="interrupted"), going(live="live")) == []

    @pytest.mark.parametrize("between", ["processing", "replay", "offline"])
    def test_the_next_session_is_news_again(self, between: str) -> None:
        after = refreshed(going(live=between), refreshed(going(live="live"), Memory()))
        assert [item.event for item, _ in news(going(live="live"), after, EVENTS)] == ["live"]

    def test_several_are_told_from_the_oldest_on(self) -> None:
        found = said(going(replays=1), going(replays=4))
        assert [item.key for item in found] == ["replay cup-2", "replay cup-3", "replay cup-4"]

    def test_the_form_for_chats_calls_nobody_and_is_never_too_long(self) -> None:
        (item,) = said(going(), going(clips=1))
        assert item.chat("vod") == {
            "content": "Clip “An @everyone ace” by anna is ready (0:10)\nhttps://vod/?clip=clip-1",
            "allowed_mentions": {"parse": []},
        }
        long = News("x", "info", "m" * 5000, None, "clip", "https://vod/x").chat("vod")["content"]
        assert len(long) < 2000
        assert long.endswith("https://vod/x")
        assert ITEM.chat("vod")["content"].startswith("vod: less")

    def test_titles_and_names_cannot_change_a_link(self) -> None:
        odd = {**going(), "clips": [{**CLIP, "file": "a&b=c d"}]}
        (item,) = said(going(), odd)
        assert item.url == "https://vod/?clip=a%26b%3Dc%20d"

    @pytest.mark.parametrize("broken", [{"clips": 3}, {"clips": [3]}, {"clips": [{}]}, {"streams": None}])
    def test_an_index_that_says_nonsense_ends_nothing(self, broken: dict[str, Any]) -> None:
        said(going(), {**going(), **broken})


class TestReceiver:
    def test_it_remembers_across_restarts_what_the_team_was_told(self, tmp_path: Path) -> None:
        heard: list[str] = []
        for seen in (going(), going(live="live"), going(live="live"), going(clips=1), going(clips=1)):
            receiver = Receiver("webhook", lambda item: heard.append(item.key), tmp_path, Disk(), events=EVENTS)
            receiver.hear(seen, 0)
            receiver.hear(seen, 1)
        assert heard == ["live cup", "clip clip-1"]

    def test_it_is_told_no_more_at_once_than_chats_take(self, tmp_path: Path) -> None:
        heard: list[str] = []
        receiver = Receiver("webhook", lambda item: heard.append(item.key), tmp_path, Disk(), events=EVENTS)
        receiver.hear(going(), 0)
        receiver.hear(going(clips=20), 3)
        assert len(heard) == BURST
        for second in range(6, 30, 3):
            receiver.hear(going(clips=20), second)
        assert heard == [f"clip clip-{number}" for number in range(1, 21)]

    def test_news_that_it_refuses_holds_up_no_other(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        heard: list[str] = []

        def tell(item: News) -> None:
            if item.key == "clip clip-1":
                raise TellError("it answered 400", lasting=True)
            heard.append(item.key)

        receiver = Receiver("webhook", tell, tmp_path, Disk(), events=EVENTS)
        receiver.hear(going(), 0)
        for second in range(3, 200, 3):
            receiver.hear(going(clips=2), second)
        assert heard == ["clip clip-2"]
        assert caplog.text.count("was not told") == REFUSALS - 1

    def test_it_is_left_alone_for_as_long_as_it_asks(self, tmp_path: Path) -> None:
        tries: list[int] = []

        def tell(item: News) -> None:
            tries.append(second)
            raise TellError("it answered 429", pause=60)

        receiver = Receiver("webhook", tell, tmp_path, Disk())
        for second in range(0, 121, 3):
            receiver.hear(index(LOW), second)
        assert tries == [0, 60, 120]

    def test_what_an_older_version_remembered_still_holds(self, told: Told, tmp_path: Path) -> None:
        (tmp_path / "webhook.told.json").write_text('{"disk": "ok", "aside": ["cup-1.flv"]}', encoding="ascii")
        told.new().hear(index(OK, ASIDE), 0)
        assert told.heard == []

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
        status = int(self.path.rpartition("=")[2])
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "7.5")
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
        alert.post(f"{hook}204", ITEM.document("vod"))
        assert Hook.posted == [("/s3cret?status=204", "application/json", ITEM.document("vod"))]

    @pytest.mark.parametrize(
        ("status", "lasting"), [(400, True), (413, True), (401, False), (429, False), (500, False)]
    )
    def test_only_some_errors_are_about_the_news_itself(self, hook: str, status: int, lasting: bool) -> None:
        with pytest.raises(TellError) as failed:
            alert.post(f"{hook}{status}", {})
        assert failed.value.lasting is lasting
        assert failed.value.pause == (7.5 if status == 429 else 0)

    @pytest.mark.parametrize("status", [400, 404, 500, 503])
    def test_an_error_is_told_without_the_address(self, hook: str, status: int) -> None:
        with pytest.raises(TellError, match=str(status)) as failed:
            alert.post(f"{hook}{status}", ITEM.document("vod"))
        assert "s3cret" not in str(failed.value)
        assert failed.value.__suppress_context__

    @pytest.mark.parametrize("address", ["http://127.0.0.1:1/s3cret", "http://[s3cret", "http://s3cret.invalid/"])
    def test_no_answer_is_told_without_the_address(self, address: str) -> None:
        with pytest.raises(TellError, match="could not be reached") as failed:
            alert.post(address, ITEM.document("vod"), timeout=1)
        assert "s3cret" not in str(failed.value)


GOOD = {
    "index": "/srv/streams/index.json",
    "host": "vod",
    "command": "",
    "webhook": "https://h/s3cret",
    "form": "chat",
    "events": ["live", "disk"],
    "site": "https://vod.example.com",
}


class TestSettings:
    def write(self, folder: Path, data: object) -> Path:
        path = folder / "alert.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    def test_they_are_read_and_a_server_without_a_name_has_its_own(self, tmp_path: Path) -> None:
        assert alert.load(self.write(tmp_path, GOOD)).webhook == "https://h/s3cret"
        assert alert.load(self.write(tmp_path, {**GOOD, "host": ""})).host

    @pytest.mark.parametrize(
        "data",
        [
            [],
            {},
            {**GOOD, "webhook": 3},
            {**GOOD, "webhook": "s3cret"},
            {**GOOD, "index": "s3cret"},
            {**GOOD, "form": "fax"},
            {**GOOD, "events": "live"},
            {**GOOD, "events": ["lunch"]},
            {**GOOD, "events": [3]},
        ],
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
