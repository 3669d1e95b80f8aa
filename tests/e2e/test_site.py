"""The web service: who gets in, with what headers, and what it gives away to strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import STREAM
from tests.site import Site, basic

if TYPE_CHECKING:
    from testinfra.host import Host

LINK = f"/player?id={STREAM}"
PAGES = [LINK, "/"]
GUARDED = [
    f"/hls/{STREAM}.m3u8",
    "/hls/",
    "/streams/index.json",
    f"/streams/{STREAM}.json",
    "/vod/recordings/x.mp4",
    "/assets/player.js",
]


@pytest.mark.parametrize("path", GUARDED)
def test_without_a_login_a_simple_client_is_asked_for_a_password(nobody: Site, path: str) -> None:
    answer = nobody.get(path)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", [*GUARDED, *PAGES])
@pytest.mark.parametrize("mode", ["cors", "no-cors", "same-origin", "websocket"])
def test_a_page_s_own_request_never_brings_up_the_browser_s_login(nobody: Site, path: str, mode: str) -> None:
    answer = nobody.get(path, {"Sec-Fetch-Mode": mode})
    assert answer.status == 403
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("path", GUARDED)
def test_a_navigation_to_what_is_no_page_is_asked_for_a_password(nobody: Site, path: str) -> None:
    assert nobody.get(path, {"Sec-Fetch-Mode": "navigate"}).status == 401


def test_over_plain_http_browsers_say_less_and_still_a_page_s_requests_bring_up_no_login(nobody: Site) -> None:
    """Browsers send Sec-Fetch-Mode over TLS and to loopback alone."""
    page = {"Referer": nobody.url + LINK}
    for path in (f"/streams/{STREAM}.json", f"/hls/{STREAM}.m3u8", "/vod/recordings/x.mp4", "/assets/player.js"):
        assert nobody.get(path, page).status == 403, path
    for path in ("/vod/recordings/x.mp4", "/login"):
        assert nobody.get(path, page | {"Upgrade-Insecure-Requests": "1"}).status == 401, path
    assert nobody.get(LINK, page | {"Upgrade-Insecure-Requests": "1"}).headers["Refresh"].startswith("0; url=/login")


@pytest.mark.parametrize(
    ("name", "word"),
    [("alice", "wrong"), ("alice", ""), ("", ""), ("nobody", "wrong"), ("ALICE", None), ("alice\x00", None)],
)
def test_a_wrong_login_is_refused(nobody: Site, alice: Site, name: str, word: str | None) -> None:
    assert alice.login is not None
    wrong = basic(name, alice.login[1] if word is None else word)
    answer = nobody.get(LINK, {"Authorization": wrong})
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("page", ["/", LINK])
def test_a_login_on_a_page_is_kept_in_a_cookie_that_scripts_cannot_read(alice: Site, page: str) -> None:
    answer = alice.get(page)
    assert answer.status == 200
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("scrimbox=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_the_cookie_is_enough(nobody: Site, alice: Site) -> None:
    cookie = alice.get(LINK).cookie
    again = Site(nobody.host, nobody.port, cookie=cookie)
    for path in (LINK, "/", f"/streams/{STREAM}.json"):
        assert again.get(path, {"Sec-Fetch-Mode": "cors"}).status == 200


def test_everybody_has_another_cookie(alice: Site, bob: Site) -> None:
    assert alice.get(LINK).cookie != bob.get(LINK).cookie
    assert alice.get(LINK).cookie == alice.get("/").cookie


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value[:-1],
        lambda value: value + "0",
        lambda value: "0" * len(value),
        lambda value: "",
        lambda value: "off",
        lambda value: "default",
        lambda value: value[:-1] + "\\",
    ],
)
def test_a_wrong_cookie_opens_nothing(nobody: Site, alice: Site, spoil: object) -> None:
    value = alice.get(LINK).cookie.partition("=")[2]
    wrong = Site(nobody.host, nobody.port, cookie="scrimbox=" + spoil(value))  # type: ignore[operator]
    assert wrong.get(LINK).headers["Refresh"].startswith("0; url=/login")
    assert wrong.get(f"/streams/{STREAM}.json").status == 401
    assert wrong.get(f"/streams/{STREAM}.json", {"Sec-Fetch-Mode": "cors"}).status == 403


def test_a_viewer_s_cookie_with_another_s_name_never_yields_the_other_s_cookie(alice: Site, bob: Site) -> None:
    """Neither with a made-up password nor with none: who was let in by a cookie has proved no name."""
    alice_cookie, bob_cookie = alice.get(LINK).cookie, bob.get(LINK).cookie
    assert alice_cookie
    assert bob_cookie
    for claim in (basic("bob", "whatever"), basic("bob", ""), "Basic Ym9i", "Bearer bob", "Basic"):
        for page in (LINK, "/", "/player", "/nowhere"):
            answer = Site(alice.host, alice.port, cookie=alice_cookie).get(page, {"Authorization": claim})
            assert bob_cookie not in str(answer.headers), (claim, page)


def test_healthz_needs_no_login_and_says_no_more_than_ok(nobody: Site) -> None:
    answer = nobody.get("/healthz")
    assert answer.status == 200
    assert answer.text == "ok\n"


def test_an_unknown_id_is_not_found_and_a_declared_one_always_has_a_state(alice: Site) -> None:
    assert alice.get("/streams/nosuch.json").status == 404
    for stream in (STREAM, "bravo", "cam_2-20260101"):
        assert alice.get(f"/streams/{stream}.json").json()["id"] == stream


def test_titles_are_data_whatever_is_in_them(alice: Site) -> None:
    assert alice.get("/streams/cam_2-20260101.json").json()["title"] == "Café <b>\"Zug\"</b> & 'Co'"


@pytest.mark.parametrize(
    "path", ["/hls/", "/streams/", "/vod/recordings/", "/vod/", "/assets/", "/assets/vendor/", "/hls"]
)
def test_no_folder_is_listed(alice: Site, path: str) -> None:
    answer = alice.get(path)
    assert answer.status in {301, 403, 404}
    assert "Index of" not in answer.text


@pytest.mark.parametrize("path", ["/healthz", LINK, "/nowhere", "/%", "/hls/../../etc/passwd"])
def test_no_answer_names_the_version(alice: Site, path: str) -> None:
    answer = alice.get(path)
    assert answer.headers["Server"] in {None, "nginx"}
    assert not re.search(r"nginx/[0-9]", answer.text)


TRAVERSALS = [
    "/hls/../recordings/incoming/",
    "/hls/..%2f..%2fetc%2fscrimbox%2fweb%2fviewers",
    "/hls/../../etc/scrimbox/web/viewers",
    "/hls../streams/index.json",
    "/assets../player.html",
    "/assets../../../etc/passwd",
    "/assets/../../../etc/passwd",
    "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%5c..%5cetc/passwd",
    "/vod/recordings../streams/index.json",
    "/streams../streams/index.json",
    "/vod/recordings/../../etc/passwd",
    "/vod/recordings/%2e%2e/%2e%2e/etc/passwd",
    "/vod/recordings/..%252f..%252fetc/passwd",
    "/vod/recordings/incoming/x.flv",
    "/vod/recordings//incoming/x.flv",
    "/vod/recordings/./incoming/x.flv",
    "/vod/recordings/finalizing/",
    "/vod/recordings/set-aside/",
    "/vod/../../etc/passwd",
    "/streams/../recordings/",
    "//etc/passwd",
    "/player/../../etc/passwd",
    "/player.html.gz%00.html",
    "/hls/x%00.m3u8",
    "/.htpasswd",
    "/assets/.npmrc",
    "/assets/package.json",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_what_is_served(alice: Site, path: str) -> None:
    answer = alice.get(path)
    assert answer.status in {400, 403, 404}, answer.status
    assert b"root:" not in answer.body
    assert b"$6$" not in answer.body


@pytest.fixture
def beside_the_replays(server: Host) -> Iterator[list[str]]:
    """What may lie in the recordings' folder and is nobody's to read, readable for all."""
    names = ["x-20260101T000000Z.choices.json", ".lock", "x.lock", ".x-20260101T000000Z.mp4", "x.tmp"]
    places = " ".join(f"/srv/recordings/{name}" for name in names)
    server.check_output(f"touch {places} && chmod 644 {places}")
    yield names
    server.check_output(f"rm -f {places}")


def test_of_the_recordings_only_what_viewers_need_is_served(alice: Site, beside_the_replays: list[str]) -> None:
    for name in beside_the_replays:
        assert alice.get(f"/vod/recordings/{name}").status == 404, name


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "MKCOL", "MOVE", "PROPFIND", "TRACE", "CONNECT", "BREW"]
)
@pytest.mark.parametrize("path", [f"/streams/{STREAM}.json", "/hls/new.ts", LINK])
def test_nothing_can_be_written_and_odd_methods_get_a_short_error(
    server: Host, alice: Site, method: str, path: str
) -> None:
    answer = alice.get(path, method=method, body="" if method == "CONNECT" else "x")
    assert 400 <= answer.status < 500
    assert len(answer.body) < 1000
    assert not server.file("/srv/hls/new.ts").exists


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"POST /player HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"PUT /hls/x.ts HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
        b"\x03" + b"\x00" * 1536,
    ],
    ids=["headers", "line", "two hosts", "no host", "version", "tls", "smuggling", "body", "rtmp"],
)
def test_malformed_requests_get_a_short_error_and_harm_nobody(nobody: Site, request_bytes: bytes) -> None:
    received = nobody.raw(request_bytes, timeout=2)
    assert received == b"" or re.match(rb"HTTP/1\.1 (4\d\d|505) |<html>", received), received[:80]
    assert len(received) < 2000
    assert nobody.get("/healthz").status == 200


def test_static_files_travel_compressed_and_are_checked_each_time(alice: Site) -> None:
    plain = alice.get("/assets/player.js")
    packed = alice.get("/assets/player.js", {"Accept-Encoding": "gzip"})
    assert plain.status == packed.status == 200
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert len(packed.body) < len(plain.body)
    assert plain.headers["Cache-Control"] == "no-cache"
    again = alice.get("/assets/player.js", {"If-None-Match": plain.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (LINK, "text/html"),
        ("/", "text/html"),
        ("/assets/player.js", "text/javascript"),
        ("/assets/vendor/hls.js", "text/javascript"),
        (f"/streams/{STREAM}.json", "application/json"),
        ("/streams/index.json", "application/json"),
    ],
)
def test_types_are_right_and_nobody_may_guess_others(alice: Site, path: str, kind: str) -> None:
    answer = alice.get(path)
    assert answer.status == 200
    assert answer.headers.get_content_type() == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", [LINK, "/", f"/streams/{STREAM}.json", "/streams/index.json"])
def test_pages_and_states_are_never_taken_from_a_cache_unasked(alice: Site, path: str) -> None:
    assert alice.get(path).headers["Cache-Control"] == "no-cache"


def test_pages_carry_a_policy_that_lets_in_nothing_from_elsewhere(alice: Site) -> None:
    policy = alice.get(LINK).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_declared_origin_may_embed_and_no_other(alice: Site) -> None:
    declared = alice.get(f"/streams/{STREAM}.json", {"Origin": "https://coach.example"})
    assert declared.headers["Access-Control-Allow-Origin"] == "https://coach.example"
    assert declared.headers["Access-Control-Allow-Credentials"] == "true"
    for origin in ("https://evil.example", "https://coach.example.evil.example", "null", "http://coach.example"):
        answer = alice.get(f"/streams/{STREAM}.json", {"Origin": origin})
        assert not [name for name in answer.headers if name.lower().startswith("access-control")], origin
    assert "Origin" in alice.get(f"/streams/{STREAM}.json").headers.get_all("Vary", [])


def test_a_declared_origin_s_preflight_is_answered_without_a_login_and_no_other_s(nobody: Site) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,range"}
    path = f"/hls/{STREAM}.m3u8"
    answer = nobody.get(path, {"Origin": "https://coach.example", **asked}, method="OPTIONS")
    assert answer.status == 204
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed
    assert "range" in allowed
    stranger = nobody.get(path, {"Origin": "https://evil.example", **asked}, method="OPTIONS")
    assert stranger.status in {401, 403, 405}
    assert "Access-Control-Allow-Origin" not in stranger.headers


def test_the_site_s_log_names_neither_passwords_nor_cookies(server: Host, alice: Site) -> None:
    assert alice.login is not None
    cookie = alice.get(LINK).cookie.partition("=")[2]
    Site(alice.host, alice.port, cookie=f"scrimbox={cookie}").get("/nowhere-logged?key=abc123")
    journal = server.check_output("journalctl --no-pager -b -o cat | tail -n 2000")
    assert "/nowhere-logged" in journal
    for secret in (cookie, alice.login[1], "abc123"):
        assert secret not in journal
