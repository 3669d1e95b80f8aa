"""A source is taken from the first address that answers, and only with the checksum of the catalogue."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fetch_source
import pytest

ARCHIVE = b"the sources"
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves ARCHIVE at …/good, something else at /bad, half of it at /cut, nothing below /empty/, never at /slow."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.closing = threading.Event()
        self.base = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        kind = self.path.rpartition("/")[2].partition(".")[0]
        if kind == "slow":
            self.server.closing.wait(10)
            return
        body = {"good": ARCHIVE, "bad": b"a login page", "cut": ARCHIVE[:4]}.get(kind)
        if body is None or "/empty/" in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(ARCHIVE) if kind == "cut" else len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=[0.01], daemon=True).start()
        yield running
        running.closing.set()
        running.shutdown()


def unused_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/good"


def archive(*urls: str, sha256: str = SHA256) -> dict[str, Any]:
    return {"sha256": sha256, "file": "good.tar.gz", "urls": list(urls)}


def fetch(dest: Path, *archives: dict[str, Any], distribution: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    params = {
        "name": "nginx",
        "dest": str(dest),
        "versions": ["2.0"],
        "catalogue": {"2.0": list(archives)},
        "mirrors": [],
        "timeout": 1,
        "advice": "Choose.",
        **changes,
    }
    return fetch_source.fetch(params, list(distribution))


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "nginx.tar"


def test_the_first_address_that_answers_is_the_only_one_asked(server: Server, dest: Path) -> None:
    result = fetch(dest, archive(f"{server.base}/good", f"{server.base}/second/good"))
    assert dest.read_bytes() == ARCHIVE
    assert server.asked == ["/good"]
    assert result == {"changed": True, "version": "2.0", "url": f"{server.base}/good", "reasons": []}


def test_an_address_that_does_not_serve_it_is_passed_over_and_the_reason_is_kept(server: Server, dest: Path) -> None:
    nobody, missing, cut = unused_address(), f"{server.base}/missing", f"{server.base}/cut"
    result = fetch(dest, archive(nobody, missing, cut, "unknown://address", f"{server.base}/good"))
    assert dest.read_bytes() == ARCHIVE
    assert [reason.partition(": ")[0] for reason in result["reasons"]] == [nobody, missing, cut, "unknown://address"]
    assert "refused" in result["reasons"][0]
    assert "404" in result["reasons"][1]


def test_a_wrong_checksum_stops_everything(server: Server, dest: Path) -> None:
    with pytest.raises(fetch_source.SourceError, match=f"{server.base}/bad serves sha256 .* catalogue says {SHA256}"):
        fetch(dest, archive(f"{server.base}/bad", f"{server.base}/good"))
    assert server.asked == ["/bad"]
    assert list(dest.parent.iterdir()) == []


def test_a_wrong_checksum_is_not_answered_with_the_fallback(server: Server, dest: Path) -> None:
    catalogue = {"2.0": [archive(f"{server.base}/bad")], "1.0": [archive(f"{server.base}/good")]}
    with pytest.raises(fetch_source.SourceError):
        fetch(dest, catalogue=catalogue, versions=["2.0", "1.0"])
    assert not dest.exists()


def test_when_no_address_is_left_every_reason_and_the_choice_are_told(server: Server, dest: Path) -> None:
    nobody = unused_address()
    with pytest.raises(fetch_source.SourceError) as failure:
        fetch(dest, archive(nobody, f"{server.base}/missing"))
    heading, *reasons, advice = str(failure.value).splitlines()
    assert heading == "nginx 2.0 can be had from none of its addresses; nothing was installed."
    assert reasons[0].startswith(f"- {nobody}: ")
    assert reasons[1].startswith(f"- {server.base}/missing: ")
    assert reasons[2].startswith("- the distribution's mirror: ")
    assert advice == "Choose."
    assert list(dest.parent.iterdir()) == []


def test_a_silent_address_costs_the_timeout_and_no_more(server: Server, dest: Path) -> None:
    started = time.monotonic()
    fetch(dest, archive(f"{server.base}/slow", f"{server.base}/good"))
    assert 0.9 < time.monotonic() - started < 3
    assert dest.read_bytes() == ARCHIVE


def test_the_operators_mirrors_come_first_and_hold_the_upstream_file_name(server: Server, dest: Path) -> None:
    fetch(dest, archive(f"{server.base}/good"), mirrors=[f"{server.base}/empty", f"{server.base}/own/"])
    assert server.asked == ["/empty/good.tar.gz", "/own/good.tar.gz"]


def test_a_path_is_looked_up_in_each_mirror_of_the_distribution(server: Server, dest: Path) -> None:
    bases = (f"{server.base}/empty/", f"{server.base}/debian/")
    result = fetch(dest, archive(unused_address(), "pool/good"), distribution=bases)
    assert result["url"] == f"{server.base}/debian/pool/good"


def test_the_fallback_is_fetched_only_when_it_is_accepted(server: Server, dest: Path) -> None:
    catalogue = {"2.0": [archive(unused_address())], "1.0": [archive(f"{server.base}/good")]}
    with pytest.raises(fetch_source.SourceError):
        fetch(dest, catalogue=catalogue, versions=["2.0"])
    assert fetch(dest, catalogue=catalogue, versions=["2.0", "1.0"])["version"] == "1.0"


def test_an_endless_answer_does_not_fill_the_disk(server: Server, dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_source, "LARGEST", 5)
    with pytest.raises(fetch_source.SourceError, match="more than 5 bytes"):
        fetch(dest, archive(f"{server.base}/good"))
    assert list(dest.parent.iterdir()) == []
