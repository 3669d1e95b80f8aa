"""How often one address may try, and that nobody behind the same address has to suffer for it."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.conftest import Credentials
from tests.site import Site, basic
from tests.variants import Variant, Variants

RATE, BURST = 20, 50
"""Passwords per second and at once, roles/web/defaults/main.yml: the tests' server has a larger burst."""

ASK = """
import http.client, json, sys
def ask(query):
    client = http.client.HTTPConnection("127.0.0.1", 8935, timeout=5)
    client.request("GET", "/publish?" + query)
    return client.getresponse().status
print(json.dumps([ask(query) for query in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def limited(variants: Variants) -> Iterator[Variant]:
    """A server with the limits of a server."""
    with variants.start("limits") as server:
        server.check(
            f"sed -i 's/burst=5000/burst={BURST}/' /etc/scrimbox/web/nginx.conf && systemctl reload scrimbox-web"
        )
        assert f"burst={BURST} nodelay" in server.check("cat /etc/scrimbox/web/nginx.conf")
        time.sleep(2)
        yield server


def site(server: Variant) -> Site:
    """The site without a login."""
    return Site("127.0.0.1", server.ports[80])


def pipelined(viewer: Site, path: str, number: int) -> Counter[int]:
    """Ask for a path so often over one connection without waiting for answers; what came back, by status."""
    request = f"HEAD {path} HTTP/1.1\r\nHost: x\r\nCookie: {viewer.cookie}\r\n\r\n".encode()
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    received = b""
    with socket.create_connection((viewer.host, viewer.port), 30) as connection:
        connection.sendall(request * (number - 1) + last)
        while chunk := connection.recv(1 << 20):
            received += chunk
    lines = [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return Counter(int(line.split()[1]) for line in lines)


def test_guesses_at_a_password_are_limited_and_nobody_else_notices(limited: Variant, credentials: Credentials) -> None:
    nobody, viewer = site(limited), limited.alice
    logged = "login refused: viewer=alice address="
    before = limited.journal().count(logged)
    began, guesses = time.monotonic(), 400
    answers = [
        nobody.get("/streams/index.json", {"Authorization": basic("alice", f"guess-5ec2e7-{number}")})
        for number in range(guesses)
    ]
    took = time.monotonic() - began
    tried = [answer for answer in answers if answer.status == 401]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(tried) + len(refused) == guesses
    assert len(tried) <= BURST + 1 + RATE * took
    if took < (guesses - BURST) / RATE:
        assert refused
        assert len(refused[0].body) < 300
    assert viewer.get("/streams/index.json").status == 200
    bob = Site(nobody.host, nobody.port, ("bob", credentials.viewer_passwords["bob"]))
    assert bob.get("/streams/index.json").status == 200
    journal = limited.journal()
    assert 0 < journal.count(logged) - before <= len(tried)
    assert "guess-5ec2e7" not in journal
    time.sleep(1)
    alice = Site(nobody.host, nobody.port, ("alice", credentials.viewer_passwords["alice"]))
    assert alice.get("/streams/index.json").status == 200


def test_ten_players_that_send_the_password_each_time_meet_no_limit(limited: Variant, credentials: Credentials) -> None:
    """VLC asks for a playlist and a segment a second. Two minutes would be ten times as long and show no more."""
    time.sleep(3)
    player = Site("127.0.0.1", limited.ports[80], ("alice", credentials.viewer_passwords["alice"]))
    began = time.monotonic()
    seen: Counter[int] = Counter()
    for tick in range(6):
        for _ in range(20):
            seen[player.get("/streams/index.json").status] += 1
        time.sleep(max(0.0, began + tick + 1 - time.monotonic()))
    assert seen == {200: 120}


def test_what_ten_viewers_with_nine_points_of_view_ask_at_once_is_served(limited: Variant) -> None:
    assert pipelined(limited.alice, "/streams/index.json", 900) == {200: 900}


def test_a_flood_from_one_address_is_refused_in_part_and_its_log_quotes_no_request(limited: Variant) -> None:
    viewer = limited.alice
    seen: Counter[int] = Counter()
    for _ in range(6):
        seen += pipelined(viewer, "/streams/index.json?token=5ec2e75ec2e7", 900)
    assert set(seen) == {200, 429}
    time.sleep(3)
    assert viewer.get("/streams/index.json").status == 200
    assert "5ec2e75ec2e7" not in limited.journal("-10min")


def ask(server: Variant, *queries: str) -> list[int]:
    """Ask the auth service as ingest does."""
    given = json.dumps(list(queries)).replace("'", "")
    return list(json.loads(server.check(f"echo '{given}' | python3 -c '{ASK}'")))


def test_a_flood_of_wrong_keys_fills_no_log_and_keeps_no_right_key_out(
    limited: Variant, credentials: Credentials
) -> None:
    key = credentials.publish_keys["delta"]
    answers = ask(limited, *["name=delta&key=wrong&addr=203.0.113.9"] * 300)
    assert set(answers) == {403}
    assert ask(limited, f"name=delta&key={key}&addr=203.0.113.9") == [204]
    assert ask(limited, "name=delta&key=wrong&addr=203.0.113.10") == [403]
    deadline = time.monotonic() + 30
    # A journal that has much to write is behind; what was asked last is in it last.
    while "address=203.0.113.10" not in (journal := limited.journal("-10min")) and time.monotonic() < deadline:
        time.sleep(0.2)
    refused = [line for line in journal.splitlines() if "refused, wrong key" in line and "address=203.0.113.9" in line]
    assert 30 <= len(refused) <= 60
    assert len([line for line in journal.splitlines() if "accepted" in line and "address=203.0.113.9" in line]) == 1
    assert "address=203.0.113.10" in journal
    assert key not in journal


def test_answers_carry_the_headers_that_fence_a_page_in(limited: Variant) -> None:
    for path, status in (("/player?id=match123", 200), ("/nowhere", 404), ("/streams/match123.json", 200)):
        answer = limited.alice.get(path)
        assert answer.status == status
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-site"
        policy = dict(item.split("=") for item in answer.headers["Permissions-Policy"].split(", "))
        assert policy["camera"] == policy["microphone"] == policy["geolocation"] == "()"
        assert policy["fullscreen"] == policy["picture-in-picture"] == policy["autoplay"] == "(self)"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
