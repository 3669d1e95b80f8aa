"""Requests that no browser would send: each gets a short answer, and the site goes on serving others meanwhile."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.attacks import processes
from tests.site import Site, basic

if TYPE_CHECKING:
    from testinfra.host import Host

SHORT = 4000
"""Bytes: a status line, our headers and a small page."""
HEAD = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
INSIDE = ("root:", "$6$", "daemon off", "publish_keys", "BEGIN ")


@pytest.fixture(scope="module")
def viewer(alice: Site) -> Site:
    """Alice after her login."""
    return Site(alice.host, alice.port, cookie=alice.get("/player?id=match123").cookie)


@contextmanager
def served_meanwhile(site: Site) -> Iterator[list[float]]:
    """Ask for the page all the time and collect how long each answer took, in seconds."""
    waits: list[float] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            began = time.monotonic()
            try:
                status = site.get("/player?id=match123").status
            except OSError:
                status = 0
            waits.append(time.monotonic() - began if status == 200 else 60.0)
            over.wait(0.05)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield waits
    finally:
        over.set()
        asking.join()


@pytest.fixture(autouse=True, scope="module")
def web_neither_crashes_nor_restarts(server: Host, viewer: Site) -> Iterator[None]:
    """Whatever a test of this file does."""
    before = processes(server.check_output, "web")
    yield
    assert processes(server.check_output, "web") == before
    assert viewer.get("/player?id=match123").status == 200


PATHS = [
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"/assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    b"/assets/..%00/etc/passwd",
    b"/hls/x%00.m3u8",
    b"/hls/\x00",
    b"/assets/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    b"/assets/%e0%80%ae%e0%80%ae/etc/passwd",
    b"/assets/\xc0\xae\xc0\xae/etc/passwd",
    b"/assets/..%255c..%255cetc%255cpasswd",
    b"/assets/\\..\\..\\etc\\passwd",
    b"/assets/%u002e%u002e/etc/passwd",
    b"/assets/.%2e/.%2e/.%2e/etc/passwd",
    b"//////etc/passwd",
    b"/hls//../..//etc/passwd",
    b"/hls/..;/..;/etc/passwd",
    b"/streams/....//....//etc/passwd",
    b"/vod/recordings//incoming//probe.flv",
    b"/vod/recordings/%69ncoming/probe.flv",
    b"/vod/recordings/INCOMING/probe.flv",
    b"/vod/recordings/.%2fincoming/probe.flv",
    b"/vod/recordings/x.mp4/../incoming/probe.flv",
    b"/vod/recordings/incoming%2f..%2f..%2fhls%2fx.ts",
    b"/vod/recordings/.lock.mp4",
    b"/player/.git/config",
    b"/player.html~",
    b"/%",
    b"/%zz",
    b"/%0d%0aSet-Cookie:%20x=y",
    b"/assets/player.js%20",
    b"/assets/player.js/",
    b"http://127.0.0.1:8935/publish?name=match123",
    b"http://x/../../etc/passwd",
    b"file:///etc/passwd",
    b"*",
    b"etc/passwd",
    b"/" + b"../" * 500 + b"etc/passwd",
    b"/" + b"%2e%2e%2f" * 300 + b"etc/passwd",
    b"/" + b"a" * 3000,
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: repr(path[:40]))
def test_no_spelling_of_a_path_leads_out_of_what_is_served(viewer: Site, path: bytes) -> None:
    answer = viewer.raw(b"GET " + path + HEAD + f"Cookie: {viewer.cookie}\r\n\r\n".encode(), timeout=3)
    assert re.match(rb"HTTP/1\.1 (400|403|404|405) ", answer), answer[:100]
    assert len(answer) < SHORT
    assert not [word for word in INSIDE if word.encode() in answer]
    assert b"\r\nSet-Cookie: x" not in answer


REQUESTS: dict[str, bytes] = {
    "10 kB of one header": b"GET /" + HEAD + b"X: " + b"y" * 10_000 + b"\r\n\r\n",
    "10 kB of cookie": b"GET /" + HEAD + b"Cookie: scrimbox=" + b"0" * 10_000 + b"\r\n\r\n",
    "10 kB of password": b"GET /" + HEAD + b"Authorization: Basic " + b"QUFB" * 2_500 + b"\r\n\r\n",
    "10 kB of address": b"GET /" + b"a" * 10_000 + HEAD + b"\r\n",
    "5,000 headers": b"GET /" + HEAD + b"X: y\r\n" * 5_000 + b"\r\n",
    "1 MB of body": b"POST /player" + HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1_000_000,
    "1 MB of body on GET": b"GET /player" + HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1_000_000,
    "body in chunks on GET": b"GET /nowhere" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "chunk of 2^64 bytes": b"GET /nowhere" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
    "negative length": b"GET /" + HEAD + b"Content-Length: -1\r\n\r\n",
    "two lengths": b"GET /" + HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "length and chunks": b"GET /" + HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": b"GET /" + HEAD + b"Transfer-Encoding: cow\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n",
    "HTTP/2 without TLS": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "HTTP/1.10": b"GET / HTTP/1.10\r\nHost: x\r\n\r\n",
    "no method": b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    "method in lower case": b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
    "1 kB of method": b"G" * 1000 + b" /" + HEAD + b"\r\n",
    "NUL in a header": b"GET /" + HEAD + b"X: a\x00b\r\n\r\n",
    "folded header": b"GET /" + HEAD + b"X: a\r\n b\r\n\r\n",
    "space before the colon": b"GET /" + HEAD + b"X : a\r\n\r\n",
    "line feeds alone": b"GET /nowhere HTTP/1.1\nHost: x\nConnection: close\n\n",
    "carriage returns alone": b"GET / HTTP/1.1\rHost: x\r\r",
    "upgrade": b"GET /nowhere" + HEAD + b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "expectation": b"GET /nowhere" + HEAD + b"Expect: 100-continue\r\n\r\n",
    "TRACE": b"TRACE /" + HEAD + b"X-Secret: y\r\n\r\n",
    "CONNECT": b"CONNECT 127.0.0.1:8935 HTTP/1.1\r\nHost: 127.0.0.1:8935\r\n\r\n",
    "PUT": b"PUT /hls/new.ts" + HEAD + b"Content-Length: 1\r\n\r\nx",
    "noise": bytes(range(256)) * 8,
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_is_none_gets_a_short_answer(viewer: Site, server: Host, name: str) -> None:
    try:
        answer = viewer.raw(REQUESTS[name], timeout=3)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    assert len(answer) < SHORT
    assert answer == b"" or re.match(rb"HTTP/1\.1 (200|4\d\d|50[15]) |<", answer), answer[:100]
    assert b"X-Secret" not in answer
    assert not re.search(rb"nginx/[0-9]", answer)
    assert not server.file("/srv/hls/new.ts").exists
    assert viewer.get("/healthz").status == 200


RANGES = {
    "many": "bytes=" + ",".join(f"{first}-{first}" for first in range(0, 600, 2)),
    "overlapping": "bytes=" + ",".join(["0-"] * 300),
    "two": "bytes=0-0,2-2",
}


@pytest.mark.parametrize("name", RANGES)
def test_many_ranges_are_never_served_as_many(viewer: Site, name: str) -> None:
    whole = len(viewer.get("/assets/player.js").body)
    answer = viewer.get("/assets/player.js", {"Range": RANGES[name]})
    assert answer.status in {200, 416}
    assert len(answer.body) <= whole
    assert "multipart" not in str(answer.headers["Content-Type"])


@pytest.mark.parametrize(("asked", "status"), [("bytes=0-9", 206), ("bytes=-5", 206), ("bytes=5-", 206)])
def test_one_range_is_served(viewer: Site, asked: str, status: int) -> None:
    assert viewer.get("/assets/player.js", {"Range": asked}).status == status


@pytest.mark.parametrize("asked", ["bytes=9-0", "bytes=99999999999-", "bytes=0-" + "9" * 30, "bytes=a-b", "cows=0-1"])
def test_a_range_that_cannot_be_is_no_error_of_the_server(viewer: Site, asked: str) -> None:
    assert viewer.get("/assets/player.js", {"Range": asked}).status in {200, 206, 416}


SLOW: dict[str, Callable[[], bytes]] = {
    "nothing at all": lambda: b"",
    "a line that never ends": lambda: b"GET / HTTP/1.1\r\nHost: x\r\nX-",
    "a body that never comes": lambda: b"POST /player" + HEAD + b"Content-Length: 1000\r\n\r\nx",
}


@pytest.mark.parametrize("name", SLOW)
def test_400_slow_connections_keep_nobody_waiting_and_are_closed_in_time(viewer: Site, name: str) -> None:
    """More than these cannot be told from viewers by nginx alone; the firewall may count connections."""
    opening = SLOW[name]()
    held = []
    with served_meanwhile(viewer) as waits:
        try:
            for _ in range(400):
                one = socket.create_connection((viewer.host, viewer.port), 5)
                one.sendall(opening)
                held.append(one)
            time.sleep(3)
            for one in held:
                with_more = name == "a line that never ends"
                try:
                    one.sendall(b"y" if with_more else b"")
                except OSError:
                    continue
            time.sleep(6 if opening else 2)
            closed = sum(1 for one in held if is_closed(one))
        finally:
            for one in held:
                one.close()
    assert len(waits) > 20
    assert max(waits) < 2
    if opening:
        assert closed == len(held)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has hung up, with or without a last word."""
    connection.settimeout(0.2)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_what_is_refused_looks_the_same_whether_it_exists_or_not(nobody: Site) -> None:
    """Nobody learns names of streams, recordings or viewers."""

    def seen(path: str, headers: dict[str, str]) -> tuple[int, bytes, list[str]]:
        answer = nobody.get(path, headers)
        told = sorted(f"{name}: {value}" for name, value in answer.headers.items() if name not in {"Date", "ETag"})
        return answer.status, answer.body, told

    for headers in ({}, {"Sec-Fetch-Mode": "cors"}, {"Authorization": basic("alice", "wrong")}):
        for there, not_there in (
            ("/streams/match123.json", "/streams/nosuch.json"),
            ("/hls/match123.m3u8", "/hls/nosuch.m3u8"),
            ("/vod/recordings/match123.mp4", "/vod/recordings/nosuch.mp4"),
            ("/assets/player.js", "/assets/nosuch.js"),
        ):
            assert seen(there, headers) == seen(not_there, headers), (headers, there)
    wrong = [nobody.get("/streams/index.json", {"Authorization": basic(name, "x")}) for name in ("alice", "nosuch")]
    assert wrong[0].status == wrong[1].status == 401
    assert wrong[0].body == wrong[1].body
