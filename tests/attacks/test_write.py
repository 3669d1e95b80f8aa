"""What can be written: by whom, what, how much, and what becomes of the rest. On a server of its own."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from tests import media
from tests.attacks import processes
from tests.conftest import BUILD, Credentials
from tests.site import Answer, Site, basic
from tests.variants import Variant, Variants

STREAM = "bravo"
INBOX = "/srv/review/inbox"
BURST = 60
"""Notes that one viewer may write at once, roles/write/defaults/main.yml."""


@pytest.fixture(scope="module")
def target(variants: Variants) -> Iterator[Variant]:
    """A server on which Alice may write."""
    with variants.start("write", settings={"grace_seconds": 3}) as variant:
        yield variant


@pytest.fixture(scope="module")
def pushing(target: Variant) -> Iterator[media.Publisher]:
    """A stream that is live while all of this happens."""
    publisher = media.Publisher(target.publish_url(STREAM), media.pattern(BUILD / "media", 300))
    try:
        wait(lambda: target.alice.get(f"/streams/{STREAM}.json").json()["state"] == "live", 30)
        yield publisher
    finally:
        publisher.kill()


def wait(condition: Callable[[], Any], seconds: float = 5) -> Any:
    """Wait until a condition holds; what it said.

    Raises:
        AssertionError: it did not within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.1)
    return found


def now() -> str:
    """The moment, as the notes have it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def marker(text: str = "here", **change: Any) -> dict[str, Any]:
    return {"kind": "marker", "view": STREAM, "time": now(), "text": text, "tag": "", **change}


def put(site: Site, body: object, path: str = "", **headers: str) -> Answer:
    """Write, under Alice's name if no path is given."""
    text = body if isinstance(body, str) else json.dumps(body)
    path = path or f"/write/alice/{secrets.token_hex(8)}.json"
    return site.get(path, {name.replace("_", "-"): value for name, value in headers.items()}, method="PUT", body=text)


def review(site: Site) -> Any:
    """The review document of what is live."""
    return site.get(site.get(f"/streams/{STREAM}.json").json()["live"]["review"]).json()


def texts(site: Site) -> list[str]:
    return [note["text"] for note in review(site)["notes"]]


def written(target: Variant) -> str:
    """Every file that a note could have become, wherever."""
    return target.check("find / -xdev -newer /variant -type f -not -path '/proc/*' -not -path '/sys/*' | sort")


@pytest.mark.slow
def test_others_see_a_marker_within_three_seconds(target: Variant, pushing: media.Publisher) -> None:
    assert pushing.running
    text = secrets.token_hex(4)
    began = time.monotonic()
    assert put(target.alice, marker(text)).status == 201
    wait(lambda: text in texts(target.alice), 3)
    assert time.monotonic() - began < 3


def test_others_see_a_marker(target: Variant, pushing: media.Publisher) -> None:
    assert pushing.running
    text = secrets.token_hex(4)
    assert put(target.alice, marker(text)).status == 201
    wait(lambda: text in texts(target.alice), 15)
    (note,) = [note for note in review(target.alice)["notes"] if note["text"] == text]
    assert (note["author"], note["view"], note["kind"]) == ("alice", STREAM, "marker")


def test_the_operator_deletes_a_note_of_anybody(target: Variant, pushing: media.Publisher) -> None:
    assert pushing.running
    text, note = secrets.token_hex(4), secrets.token_hex(8)
    assert put(target.alice, marker(text), f"/write/alice/{note}.json").status == 201
    wait(lambda: text in texts(target.alice))
    file = review(target.alice)["file"]
    assert f"{note} " in target.check(f"scrimbox-recorder notes -- {file}")
    assert text in target.check(f"scrimbox-recorder unnote -- {note}")
    wait(lambda: text not in texts(target.alice))
    assert note not in target.check(f"scrimbox-recorder notes -- {file}")
    assert text not in target.check("find /srv/review -type f -exec cat {} +")


def test_who_may_write_is_told_so_and_who_may_not_as_well(target: Variant, credentials: Credentials) -> None:
    for site in (target.alice, password(target, "alice", credentials)):
        answer = site.get("/me.json")
        assert (answer.status, answer.json()) == (200, {"name": "alice", "write": True})
        assert answer.headers["Cache-Control"] == "no-store"
    assert password(target, "bob", credentials).get("/me.json").json() == {"name": "bob", "write": False}
    nobody = Site(target.alice.host, target.alice.port)
    for headers in ({}, {"Authorization": basic("alice", "wrong-password")}, {"Cookie": f"scrimbox={'0' * 64}"}):
        answer = nobody.get("/me.json", headers)
        assert answer.status == 401
        assert "alice" not in answer.text


def password(target: Variant, name: str, credentials: Credentials) -> Site:
    return Site(target.alice.host, target.alice.port, (name, credentials.viewer_passwords[name]))


def test_nobody_writes_under_another_name_or_without_the_right(target: Variant, credentials: Credentials) -> None:
    nobody, bob = Site(target.alice.host, target.alice.port), password(target, "bob", credentials)
    by_cookie = Site(nobody.host, nobody.port, cookie=bob.get("/player?id=match123").cookie)
    claim = {"Authorization": basic("alice", "wrong-password")}
    token = credentials.viewer_tokens["alice"]
    name = secrets.token_hex(8)
    attempts: list[tuple[Site, str, dict[str, str]]] = [
        (nobody, f"/write/alice/{name}.json", {}),
        (nobody, f"/write/alice/{name}.json", claim),
        (nobody, f"/write/alice/{name}.json?token={token}", {}),
        (nobody, f"/write/alice/{name}.json", {"Author": "alice", "X-Forwarded-User": "alice", "Remote-User": "alice"}),
        (bob, f"/write/alice/{name}.json", {}),
        (bob, f"/write/bob/{name}.json", {}),
        (by_cookie, f"/write/alice/{name}.json", {}),
        (by_cookie, f"/write/alice/{name}.json", claim),
        (by_cookie, f"/write/bob/{name}.json", {"Author": "alice"}),
        (bob, f"/write/bob/../alice/{name}.json", {}),
        (bob, f"/write/bob%2f..%2falice/{name}.json", {}),
        (target.alice, f"/write/bob/{name}.json", {}),
        (target.alice, f"/write/ALICE/{name}.json", {}),
        (target.alice, f"/write/{name}.json", {}),
        (target.alice, f"/write/alice/{name}.json", {"Sec-Fetch-Site": "cross-site"}),
        (target.alice, f"/write/alice/{name}.json", {"Sec-Fetch-Site": "same-site"}),
    ]
    for site, path, headers in attempts:
        answer = site.get(path, headers, method="PUT", body=json.dumps(marker()))
        assert answer.status in {400, 403}, (path, headers, answer.status)
        assert len(answer.body) < 1000
    assert name not in written(target)


PATHS = [
    "/write/alice/",
    "/write/alice/.json",
    "/write/alice/..json",
    "/write/alice/x",
    "/write/alice/x.json/",
    "/write/alice/x.txt",
    "/write/alice/a/b.json",
    "/write/alice/../../../etc/cron.d/x.json",
    "/write/alice/..%2f..%2fnotes%2fx.json",
    "/write/alice/%2e%2e/%2e%2e/x.json",
    "/write/alice/%2fetc%2fcron.d%2fx.json",
    "/write/alice/x%00.json",
    "/write/alice/%0a.json",
    "/write/alice/%0d%0aX:%20y.json",
    "/write/alice/%ff%fe.json",
    "/write/alice/\\..\\..\\x.json",
    "/write/alice/.lock.json",
    "/write/alice/$(id).json",
    "/write/alice/-rf.json",
    "/write/alice/*.json",
    f"/write/alice/{'0' * 15}.json",
    f"/write/alice/{'0' * 17}.json",
    f"/write/alice/{'A' * 16}.json",
    f"/write/alice/{'a' * 250}.json",
    f"/write/alice/{'a' * 3000}.json",
    f"/write/alice/{'../' * 200}x.json",
    "/streams/index.json",
    "/review/x.json",
    "/vod/recordings/x.json",
    "/assets/x.json",
    "/me.json",
    "/x.json",
]


@dataclass(frozen=True)
class Spelt:
    """What came of writing to a path."""

    answer: bytes
    files: list[str]
    text: str


@pytest.fixture(scope="module")
def spelt(target: Variant, pushing: media.Publisher) -> dict[str, Spelt]:
    """Every path written to, each with a text of its own, and every file of the server in which that text is."""
    texts_of = {path: secrets.token_hex(8) for path in PATHS}
    answers = {}
    for path, text in texts_of.items():
        body = json.dumps(marker(text))
        head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {target.alice.cookie}\r\n"
        answers[path] = target.alice.raw(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        # As one viewer writes: no faster than the limit that a flood meets.
        time.sleep(0.2)
    wait(lambda: target.check(f"find {INBOX} -type f") == "", 5)
    patterns = " ".join(f"-e {text}" for text in texts_of.values())
    found = target.run(f"grep -roF {patterns} / --exclude-dir=proc --exclude-dir=sys 2>/dev/null", 120).stdout.split()
    return {
        path: Spelt(answers[path], [line.rpartition(":")[0] for line in found if line.endswith(text)], text)
        for path, text in texts_of.items()
    }


@pytest.mark.parametrize("path", PATHS)
def test_no_spelling_of_a_path_writes_anything_but_a_note(target: Variant, spelt: dict[str, Spelt], path: str) -> None:
    seen = spelt[path]
    assert len(seen.answer) < 4000
    # Where it was taken, the recorder has set it aside; nowhere else is a byte of it.
    assert all(name.startswith("/srv/review/refused/") for name in seen.files)
    assert bool(seen.files) == seen.answer.startswith(b"HTTP/1.1 201")
    assert seen.text not in texts(target.alice)


BODIES: dict[str, str] = {
    "nothing": "",
    "no JSON": "hello",
    "a list": "[]",
    "deep": "[" * 4000,
    "deep objects": '{"a":' * 700,
    "NUL": "\0" * 4000,
    "half a letter": '{"kind":"marker","text":"\\ud800"}',
    "endless number": '{"kind":"pin","pinned":' + "9" * 4000 + "}",
    "another author": json.dumps(marker(author="bob")),
    "another stream": json.dumps(marker(view="nosuch")),
    "a path for a stream": json.dumps(marker(view="../../../etc")),
    "the future": json.dumps(marker(time="2999-01-01T00:00:00.000Z")),
    "no time": json.dumps(marker(time=0)),
    "too long": json.dumps(marker("x" * 281)),
    "a key too much": json.dumps(marker(__proto__={})),
    "nobody's note removed": json.dumps({"kind": "remove", "note": "f" * 16}),
    "a clip of hours": json.dumps(
        {"kind": "clip", "views": [STREAM], "from": "2026-01-01T00:00:00.000Z", "to": "2026-01-01T05:00:00.000Z"}
    ),
    "an alignment of days": json.dumps({"kind": "align", "view": STREAM, "time": now(), "offsets": {STREAM: 1e12}}),
}


def test_bad_notes_are_set_aside_with_the_reason_and_harm_nobody(target: Variant, pushing: media.Publisher) -> None:
    before, alive = texts(target.alice), processes(target.check, "recorder", "write", "web", "ingest")
    names = {}
    for what, body in BODIES.items():
        name = secrets.token_hex(8)
        answer = put(target.alice, body, f"/write/alice/{name}.json")
        assert answer.status == 201, what
        names[what] = f"alice.{name}.json"
    wait(lambda: target.check(f"find {INBOX} -type f") == "", 10)
    reports = [json.loads(line) for line in target.check("cat /srv/review/refused/*.json").splitlines()]
    reasons = {report["name"]: report["reason"] for report in reports}
    for what, name in names.items():
        assert reasons.get(name), what
    assert texts(target.alice) == before
    assert processes(target.check, "recorder", "write", "web", "ingest") == alive
    assert pushing.running


def test_what_is_written_is_never_written_over(target: Variant, pushing: media.Publisher) -> None:
    target.check("systemctl stop scrimbox-recorder")
    try:
        path, text = f"/write/alice/{secrets.token_hex(8)}.json", secrets.token_hex(4)
        assert put(target.alice, marker(text), path).status == 201
        assert put(target.alice, marker("over"), path).status == 409
        assert put(target.alice, marker("over"), path, Content_Range="bytes 0-3/4").status == 409
    finally:
        target.check("systemctl start scrimbox-recorder")
    wait(lambda: text in texts(target.alice), 10)
    assert put(target.alice, marker("over"), path).status == 201
    wait(lambda: target.check(f"find {INBOX} -type f") == "", 5)
    assert "over" not in texts(target.alice)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "MKCOL", "COPY", "MOVE", "PROPFIND", "LOCK", "GET"])
def test_notes_are_put_and_nothing_else(target: Variant, method: str) -> None:
    path = f"/write/alice/{secrets.token_hex(8)}.json"
    headers = {"Destination": "/write/alice/x.json", "Overwrite": "T", "Depth": "infinity"}
    answer = target.alice.get(path, headers, method=method)
    assert answer.status == 405
    assert target.check(f"find {INBOX} -mindepth 1") == ""


def test_a_note_is_small_however_its_size_is_told(target: Variant) -> None:
    assert put(target.alice, "x" * 4097).status == 413
    path = f"/write/alice/{secrets.token_hex(8)}.json"
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {target.alice.cookie}\r\n".encode()
    chunk = b"800\r\n" + b"x" * 0x800 + b"\r\n"
    assert target.alice.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3 + b"0\r\n\r\n").startswith(
        b"HTTP/1.1 413"
    )
    smuggled = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert target.alice.raw(head + smuggled).startswith(b"HTTP/1.1 400")
    # One who promises a body and sends none of it is let go.
    began = time.monotonic()
    assert b" 201" not in target.alice.raw(head + b"Content-Length: 4000\r\n\r\n{", timeout=12)
    assert time.monotonic() - began < 11
    assert path.rpartition("/")[2] not in written(target)


def test_another_site_s_page_is_not_given_leave_to_write(target: Variant) -> None:
    asked = {"Origin": "https://coach.example", "Access-Control-Request-Method": "PUT"}
    answer = target.alice.get(f"/write/alice/{secrets.token_hex(8)}.json", asked, method="OPTIONS")
    assert "Access-Control-Allow-Methods" not in answer.headers


def test_many_who_write_at_once_lose_nothing(target: Variant, pushing: media.Publisher) -> None:
    time.sleep(13)  # what the tests before have used up
    wanted = [f"at once {number}" for number in range(40)]
    answers: list[int] = []

    def write(own: list[str]) -> None:
        answers.extend(put(target.alice, marker(text)).status for text in own)

    threads = [threading.Thread(target=write, args=(wanted[number::8],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {201: 40}
    wait(lambda: set(wanted) <= set(texts(target.alice)), 5)


def test_a_flood_is_turned_away_and_the_stream_does_not_notice(target: Variant, pushing: media.Publisher) -> None:
    frames, began = pushing.frames, time.monotonic()
    alive = processes(target.check, "recorder", "write", "web", "ingest")
    answers = Counter(put(target.alice, marker("flood")).status for _ in range(400))
    took = time.monotonic() - began
    assert set(answers) == {201, 429}
    assert answers[201] <= BURST + 1 + 5 * took
    assert target.alice.get("/player?id=match123").status == 200
    wait(lambda: target.check(f"find {INBOX} -type f") == "", 20)
    assert processes(target.check, "recorder", "write", "web", "ingest") == alive
    wait(lambda: pushing.frames > frames + 20, 10)
    complaints = target.journal("-5min", "-p", "err")
    assert complaints == ""


def test_nobody_but_web_reaches_the_service(target: Variant) -> None:
    ask = "import socket; socket.socket(socket.AF_UNIX).connect('/run/scrimbox-write/notes.sock')"
    for user in ("nobody", "scrimbox-auth", "scrimbox-ingest"):
        as_user = f"setpriv --reuid {user} --regid $(id -g {user}) --init-groups"
        assert "PermissionError" in target.run(f'{as_user} python3 -c "{ask}"').stderr, user
    as_web = "setpriv --reuid scrimbox-web --regid scrimbox-web --groups scrimbox-write"
    assert target.run(f'{as_web} python3 -c "{ask}"').returncode == 0


def test_a_service_that_is_down_is_said_and_the_site_goes_on(target: Variant) -> None:
    target.check("systemctl stop scrimbox-write")
    try:
        assert put(target.alice, marker()).status == 502
        assert target.alice.get("/player?id=match123").status == 200
    finally:
        target.check("systemctl start scrimbox-write")
    wait(lambda: put(target.alice, marker()).status == 201, 10)


def test_what_was_written_outlives_a_power_cut(target: Variant, pushing: media.Publisher) -> None:
    text = secrets.token_hex(4)
    assert put(target.alice, marker(text)).status == 201
    wait(lambda: text in texts(target.alice), 5)
    target.kill()
    target.boot()
    documents = target.check("cat /srv/review/notes/*/*.json")
    assert text in documents
