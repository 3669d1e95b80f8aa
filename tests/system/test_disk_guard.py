"""A disk that really fills up, by what is published and by somebody else's file: one evening on a small file system."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import media
from tests.conftest import BUILD
from tests.faults.camera import Camera, Connection
from tests.faults.evidence import Evidence, gather
from tests.render.renderer import ROLES, render
from tests.variants import File, Variant, Variants, change_settings

MB = 10**6
DISK, RESERVE, FLOOR = 250 * MB, 80 * MB, 30 * MB
ROOMY, LOW, FULL = 130 * MB, 55 * MB, 20 * MB
"""Free bytes that are well above the reserve, between reserve and floor, and under the floor."""
IN_FLIGHT = 10
"""Pictures that may still be on their way when a publisher is ended: a third of a second."""
TOLD = 20.0
"""Seconds within which everything has to be known: a look at the disk every 2 s, a pass every 1.5 s, a busy machine."""
TOLD_FILE = "/var/lib/private/scrimbox-alert/told"
LEVELS = ["low", "full", "ok"]
SINK = """
import http.server
class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open("/root/posted", "ab") as out:
            out.write(self.rfile.read(int(self.headers["Content-Length"])) + b"\\n")
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8099), Sink).serve_forever()
"""
ALERT = {
    "index": "/srv/streams/index.json",
    "host": "vod.example.com",
    "command": 'echo "$SCRIMBOX_LEVEL $SCRIMBOX_HOST: $SCRIMBOX_MESSAGE" >>"$STATE_DIRECTORY/told"',
    "webhook": "http://127.0.0.1:8099/s3cret",
    "form": "json",
    "events": ["disk", "recording"],
    "site": "http://vod.example.com",
}


@dataclass
class Evening:
    """What happened, for one assertion each."""

    disks: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, Connection] = field(default_factory=dict)
    accepted: dict[str, Connection] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    left: Evidence | None = None


class Small:
    """The server with the small disk."""

    def __init__(self, server: Variant) -> None:
        self.server = server
        self.pattern = media.pattern(BUILD / "media", 90, scale=10)

    def camera(self, stream: str, **options: Any) -> Camera:
        """Start a push."""
        return Camera(self.server.rtmp_address, self.server.publish_name(stream), self.pattern, **options)

    def attempt(self, stream: str, key: str = "") -> Connection:
        """Publish half a second."""
        name = f"{stream}?key={key}" if key else self.server.publish_name(stream)
        return Camera(self.server.rtmp_address, name, self.pattern, frames=15).wait()[-1]

    def fill(self, free: int) -> None:
        """Somebody else's file grows or shrinks until so many bytes are free."""
        self.server.check(
            "cd /srv/vod && touch somebody-else && used=$(stat -c %s somebody-else) &&"
            f" size=$((used + $(df --output=avail -B1 /srv | tail -1) - {free})) &&"
            ' truncate -s "<$size" somebody-else && fallocate -l $size somebody-else'
        )

    def disk(self) -> dict[str, Any]:
        """What the index says of the disk."""
        found: dict[str, Any] = self.server.alice.get("/streams/index.json").json()["disk"]
        return found

    def wait(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until something holds of the disk."""
        deadline = time.monotonic() + TOLD
        while not true(found := self.disk()):
            assert time.monotonic() < deadline, f"still {found}\n{self.server.journal('-1min')}"
            time.sleep(0.3)
        return found

    def wait_told(self, level: str) -> list[str]:
        """Wait until the operator's command and webhook were told of a level; what the command was told so far."""
        deadline = time.monotonic() + TOLD
        while True:
            told, posted = self.server.run(f"cat {TOLD_FILE}").stdout.splitlines(), self.posted()
            if told and told[-1].startswith(level) and posted and posted[-1]["level"] == level:
                return told
            assert time.monotonic() < deadline, f"{told} {posted}\n{self.server.journal('-1min')}"
            time.sleep(0.3)

    def posted(self) -> list[dict[str, Any]]:
        """What the webhook got."""
        return [json.loads(line) for line in self.server.run("cat /root/posted").stdout.splitlines()]

    def publishes(self) -> list[str]:
        """What auth has logged."""
        return self.server.check("journalctl -q --no-pager -o cat -t scrimbox_auth").splitlines()


@pytest.fixture(scope="module")
def small(variants: Variants) -> Iterator[Small]:
    settings = {"reserve_bytes": RESERVE, "floor_bytes": FLOOR, "reserve_hours": 0, "grace_seconds": 15}
    files = {
        "/etc/systemd/system/scrimbox-alert.service": File(
            render(ROLES / "recorder" / "templates" / "scrimbox-alert.service.j2", "recorder")
        ),
        "/etc/scrimbox/alert.json": File(json.dumps(ALERT), 0o600),
        "/root/sink.py": File(SINK),
    }
    with variants.start("small", srv_bytes=DISK, settings=settings, files=files) as server:
        server.check("systemd-run -q python3 /root/sink.py && systemctl start scrimbox-alert")
        yield Small(server)


@pytest.fixture(scope="module")
def evening(small: Small) -> Evening:
    """Room, low, full, room again, while somebody is live."""
    found = Evening()
    small.fill(ROOMY)
    found.disks["before"] = small.disk()
    camera = small.camera("bravo", goodbye=lambda client: client.close())
    camera.wait_sent(60)
    sent = run_low(small, found, camera)
    camera = small.camera("bravo", start=600)
    camera.wait_sent(60)
    found.accepted["back"] = camera.connections[0]
    sent += run_full(small, found, camera)

    small.server.check("rm /srv/vod/somebody-else")
    found.disks["after"] = small.wait(lambda disk: not disk["refusing"])
    found.left = gather(small.server, "bravo", sent)
    found.accepted["after"] = small.attempt("delta")
    found.seen["command"], found.seen["webhook"] = small.wait_told("ok"), small.posted()
    found.seen["journal"] = small.server.journal()
    found.seen["alert"] = small.server.check("journalctl -q --no-pager -o cat -u scrimbox-alert")
    return found


def run_low(small: Small, found: Evening, camera: Camera) -> list[Connection]:
    """Below the reserve: who is live, who comes, and the end of the first push."""
    small.fill(LOW)
    found.disks["low"] = small.wait(lambda disk: disk["level"] == "low")
    found.refused["low"] = small.attempt("charlie")
    found.refused["wrong key"] = small.attempt("charlie", "0" * 32)
    at = camera.sent
    camera.wait_sent(at + 90)
    found.seen["live while low"] = camera.sent - at
    found.seen["status"] = small.server.check("scrimbox-recorder status")
    small.wait_told("low")
    return camera.stop()


def run_full(small: Small, found: Evening, camera: Camera) -> list[Connection]:
    """Below the floor: how the second push ends, and who comes then."""
    small.fill(FULL)
    found.disks["full"] = small.wait(lambda disk: disk["level"] == "full")
    ended = camera.wait(60)
    found.seen["ended"] = ended
    found.refused["back"] = small.attempt("bravo")
    found.refused["full"] = small.attempt("delta")
    found.seen["lines"] = small.publishes()
    small.wait_told("full")
    return ended


def test_a_disk_with_room_is_well(evening: Evening) -> None:
    assert evening.disks["before"] == {"level": "ok", "refusing": False, "since": None, "message": ""}


def test_below_the_reserve_new_publishes_are_refused_with_a_reason_in_the_log(evening: Evening) -> None:
    assert evening.disks["low"]["refusing"]
    assert evening.disks["low"]["since"]
    assert not evening.refused["low"].accepted
    assert any("refused, no room for recordings: stream=charlie" in line for line in evening.seen["lines"])


def test_a_wrong_key_is_still_a_wrong_key(evening: Evening) -> None:
    assert not evening.refused["wrong key"].accepted
    assert any("refused, wrong key: stream=charlie" in line for line in evening.seen["lines"])


def test_a_live_stream_goes_on_below_the_reserve(evening: Evening) -> None:
    assert evening.seen["live while low"] >= 90


def test_who_has_lost_the_connection_may_come_back_below_the_reserve_but_not_below_the_floor(evening: Evening) -> None:
    assert evening.accepted["back"].accepted
    assert not evening.refused["back"].accepted


def test_below_the_floor_the_live_publisher_is_ended_and_nobody_may_publish(evening: Evening) -> None:
    (ended,) = evening.seen["ended"]
    assert ended.sent < 1500, "it came to its own end"
    assert "bravo: the publisher was ended, the disk is full" in evening.seen["journal"]
    assert not evening.refused["full"].accepted


def test_everything_that_was_received_is_in_the_replay(evening: Evening) -> None:
    assert evening.left is not None
    evening.left.assert_kept(cut=IN_FLIGHT)


def test_the_refusals_end_by_themselves(evening: Evening) -> None:
    assert evening.disks["after"] == evening.disks["before"]
    assert evening.accepted["after"].accepted


def test_the_journal_says_each_change_once(evening: Evening) -> None:
    lines = [line.partition("disk: ")[2] for line in evening.seen["journal"].splitlines() if "disk: less" in line]
    assert len(lines) == 2, evening.seen["journal"]
    assert "less than 0.08 GB is free" in lines[0]
    assert "less than 0.03 GB is free" in lines[1]
    assert "there is room again" in evening.seen["journal"]


def test_the_status_says_what_is_refused(evening: Evening) -> None:
    assert "low since" in evening.seen["status"]
    assert "new publishes are refused: less than 0.08 GB is free" in evening.seen["status"]
    assert "reserve 80 MB, floor 30 MB" in evening.seen["status"]


def test_the_operator_s_command_and_webhook_are_told_each_change_once(evening: Evening) -> None:
    assert [line.split()[0] for line in evening.seen["command"]] == LEVELS
    assert evening.seen["command"][0].startswith("low vod.example.com: less than 0.08 GB is free")
    assert [post["level"] for post in evening.seen["webhook"]] == LEVELS
    assert set(evening.seen["webhook"][0]) == {"host", "event", "level", "message", "since", "url"}
    assert "s3cret" not in evening.seen["alert"]


def test_the_oldest_replays_go_when_the_operator_allows_it_but_for_the_pinned_and_the_newest(
    small: Small, evening: Evening
) -> None:
    assert evening.left
    files = [f"match123-2020010{number}T000000Z" for number in range(1, 6)]
    for number, file in enumerate(files, start=1):
        made = f"touch -d 2020-01-0{number} /srv/recordings/{file}.mp4 /srv/recordings/{file}.json"
        small.server.check(
            f"cd /srv/recordings && head -c 10000000 /dev/zero >{file}.mp4 && echo '{{}}' >{file}.json && {made}"
        )
    small.server.check(f"chown scrimbox-ingest /srv/recordings/match123-* && scrimbox-recorder pin {files[0]}")
    change_settings(small.server.name, {"delete_when_low": True, "keep_replays": 2})
    small.server.check("systemctl restart scrimbox-recorder")
    small.fill(RESERVE - 8 * MB)
    deadline = time.monotonic() + TOLD
    while small.server.run(f"test -e /srv/recordings/{files[2]}.mp4").returncode == 0:
        assert time.monotonic() < deadline, small.server.journal("-1min")
        time.sleep(0.3)
    small.wait(lambda disk: not disk["refusing"])
    there = small.server.check("cd /srv/recordings && ls match123-*").split()
    assert {name.split(".")[0] for name in there} == {files[0], files[3], files[4]}
    assert f"removed /srv/recordings/{files[1]}.mp4" in small.server.journal("-1min")


def test_a_missing_folder_refuses_at_once_and_loudly_and_only_while_it_lasts(small: Small, evening: Evening) -> None:
    assert evening.left
    small.server.check("rm -f /srv/vod/somebody-else; mv /srv/recordings/incoming /srv/away")
    assert "/srv/recordings/incoming is missing" in small.wait(lambda disk: disk["refusing"])["message"]
    assert not small.attempt("charlie").accepted
    shown = small.server.check("journalctl -q --no-pager -o cat -p err -u scrimbox-recorder --since -30s")
    assert "incoming is missing: nobody may publish" in shown
    assert "incoming is missing" in small.server.check("scrimbox-recorder status")
    small.server.check("mv /srv/away /srv/recordings/incoming")
    small.wait(lambda disk: not disk["refusing"])
    assert small.attempt("charlie").accepted


@pytest.mark.slow
def test_a_folder_made_anew_refuses_until_ingest_sees_it(small: Small, evening: Evening) -> None:
    assert evening.left
    remake = "install -d -o scrimbox-ingest -g scrimbox-ingest -m 700 /srv/recordings/incoming"
    gather(small.server, "charlie", [])
    small.server.check(f"rm -r /srv/recordings/incoming && sleep 5 && {remake}")
    small.wait(lambda disk: "made anew" in disk["message"])
    assert not small.attempt("match123-1").accepted
    assert "restarted" in small.server.check("/usr/local/sbin/scrimbox-apply ingest 1935")
    small.wait(lambda disk: not disk["refusing"])
    assert small.attempt("match123-1").accepted
    assert gather(small.server, "match123-1", []).replays
