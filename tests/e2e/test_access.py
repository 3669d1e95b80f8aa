"""Who may watch: every address of the site with every kind of credentials, and every mode of access.

The modes are tried with further web services inside the container: the same binary and files, the template rendered
with other choices, ports of their own.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import scrimbox_credentials
import yaml

from tests import media, rtmp
from tests.conftest import BUILD, INSTANCE, Credentials
from tests.e2e import browsers
from tests.e2e.conftest import STREAM, TWIN, Live, bridge_address
from tests.render.renderer import TEMPLATES, render
from tests.site import Answer, Site, basic

if TYPE_CHECKING:
    from testinfra.host import Host

LINK = f"/player?id={STREAM}&t=1h2m3s"
PAGES = ["/", "/player", LINK, "/player?id=nosuch", "/studio", f"/studio?id={STREAM}"]
FILES = [
    "/login",
    "/streams/index.json",
    f"/streams/{STREAM}.json",
    "/streams/nosuch.json",
    f"/hls/{STREAM}.m3u8",
    "/hls/nosuch.ts",
    "/vod/recordings/x.mp4",
    "/vod/recordings/x.m3u8",
    "/assets/player.js",
    "/assets/vendor/hls.js",
]
ELSEWHERE = ["/nowhere", "/sign-in.html", "/refused.html", "/ask.html", "/player.html", "/studio.html", "/login/none"]


def logins() -> dict[str, dict[str, str]]:
    """Every viewer's password, token, salt and cookie, as the deploy derives them."""
    whole = yaml.safe_load((BUILD / "credentials.yml").read_text())
    return scrimbox_credentials.viewer_logins({"viewer_tokens": {}, **whole})


def wrong_credentials() -> dict[str, Callable[[Credentials], dict[str, str]]]:
    """What opens nothing, as the headers of a request; `?` is put into the address."""
    whole = yaml.safe_load((BUILD / "credentials.yml").read_text())

    def cookie(name: str, password: str, token: str) -> str:
        return "scrimbox=" + scrimbox_credentials.derive(whole, "cookie", name, password, token)

    return {
        "nothing": lambda _: {},
        "a wrong password": lambda _: {"Authorization": basic("alice", "wrong-password")},
        "another viewer's password": lambda c: {"Authorization": basic("alice", c.viewer_passwords["bob"])},
        "a token as the password": lambda c: {"Authorization": basic("alice", c.viewer_tokens["alice"])},
        "a wrong token": lambda _: {"?": "token=" + "0" * 48},
        "an empty token": lambda _: {"?": "token="},
        "part of a token": lambda c: {"?": "token=" + c.viewer_tokens["alice"][:-1]},
        "a publish key as the token": lambda c: {"?": "token=" + c.publish_keys[STREAM]},
        "a cookie as the token": lambda _: {"?": "token=" + logins()["alice"]["cookie"]},
        "a token as the cookie": lambda c: {"Cookie": "scrimbox=" + c.viewer_tokens["alice"]},
        "a removed viewer's cookie": lambda _: {"Cookie": cookie("carol", "her-password", "1" * 48)},
        "a cookie from before the password was rotated": lambda c: {
            "Cookie": cookie("alice", "before", c.viewer_tokens["alice"])
        },
        "a cookie from before the token was rotated": lambda c: {
            "Cookie": cookie("alice", c.viewer_passwords["alice"], "1" * 48)
        },
    }


WRONG = list(wrong_credentials()) if (BUILD / "credentials.yml").exists() else []


def ask(site: Site, path: str, given: dict[str, str], **more: Any) -> Answer:
    """Ask for a path with credentials."""
    headers = {name: value for name, value in given.items() if name != "?"}
    if "?" in given:
        path += ("&" if "?" in path else "?") + given["?"]
    return site.get(path, {**headers, **more.pop("headers", {})}, **more)


def assert_signs_in(answer: Answer, path: str) -> None:
    """The page that leads on to the login and says nothing."""
    asked = path.partition("&token")[0].partition("?token")[0]
    if asked.startswith("/studio"):
        asked += "&page=studio" if "?" in asked else "?page=studio"
    asked = asked.removeprefix("/player").removeprefix("/studio").removeprefix("/")
    assert answer.status == 200
    assert answer.headers["Refresh"] == f"0; url=/login{asked}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in answer.headers
    assert "<script" not in answer.text
    assert STREAM not in answer.text


@pytest.mark.parametrize("case", WRONG)
def test_wrong_credentials_open_nothing_at_any_address(nobody: Site, credentials: Credentials, case: str) -> None:
    given = wrong_credentials()[case](credentials)
    for path in FILES:
        answer = ask(nobody, path, given)
        assert answer.status == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm="), path
        fetched = ask(nobody, path, given, headers={"Sec-Fetch-Mode": "cors"})
        assert fetched.status == 403, path
        assert "Set-Cookie" not in {**answer.headers, **fetched.headers}, path
    for path in PAGES:
        answer = ask(nobody, path, given)
        assert "Set-Cookie" not in answer.headers, path
        if "Authorization" in given:
            assert answer.status == 401, path
        else:
            assert_signs_in(answer, path)
        assert ask(nobody, path, given, headers={"Sec-Fetch-Mode": "cors"}).status == 403, path
    for path in ELSEWHERE:
        assert ask(nobody, path, given).status in {401, 404}, path
    answer = ask(nobody, "/in", given)
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


def right_credentials(credentials: Credentials) -> dict[str, dict[str, str]]:
    """What opens everything."""
    return {
        "password": {"Authorization": basic("alice", credentials.viewer_passwords["alice"])},
        "token": {"?": "token=" + credentials.viewer_tokens["alice"]},
        "cookie": {"Cookie": "scrimbox=" + logins()["alice"]["cookie"]},
    }


@pytest.mark.parametrize("kind", ["password", "token", "cookie"])
def test_the_right_credentials_open_every_address(nobody: Site, credentials: Credentials, kind: str) -> None:
    given = right_credentials(credentials)[kind]
    for path in [*PAGES, "/streams/index.json", f"/streams/{STREAM}.json", "/assets/player.js"]:
        answer = ask(nobody, path, given)
        assert answer.status == 200, path
        assert "Refresh" not in answer.headers, path
    for path in ["/hls/nosuch.ts", "/vod/recordings/x.mp4", "/streams/nosuch.json", *ELSEWHERE]:
        assert ask(nobody, path, given).status == 404, path
    assert ask(nobody, "/login", given).status == 303


METHODS = ["POST", "PUT", "DELETE", "PATCH", "MKCOL", "COPY", "MOVE", "PROPFIND", "LOCK", "TRACE", "BREW"]


@pytest.mark.parametrize("path", [*PAGES, *FILES, *ELSEWHERE, "/in", "/healthz"])
def test_nobody_can_write_anything_anywhere(nobody: Site, alice: Site, credentials: Credentials, path: str) -> None:
    by_token = f"{path}{'&' if '?' in path else '?'}token={credentials.viewer_tokens['alice']}"
    for method in METHODS:
        for site, address in ((nobody, path), (alice, path), (nobody, by_token)):
            answer = site.get(address, method=method, body="x")
            assert answer.status == 405, (method, address)
            assert len(answer.body) < 1000
            assert "Set-Cookie" not in answer.headers


# ------------------------------------------------------------------------------------------------- personal links


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("", "/"),
        ("&id=match123", "/player?id=match123"),
        ("&id=match123&t=2026-11-22T19:00:00.000Z", "/player?id=match123&t=2026-11-22T19:00:00.000Z"),
        ("&t=1h2m3s&id=match123&rec=match123-20260101T200000Z", None),
        ("&match=night&t=5", "/player?match=night&t=5"),
        ("&t=1h", "/"),
        ("&id=a%20b%26token%3Dx%0d%0aSet-Cookie:%20x=y", "/player?id=a%20b%26token%3Dx%0d%0aSet-Cookie:%20x=y"),
        ("&id=//evil.example", "/player?id=//evil.example"),
        ("&url=https://evil.example&next=/x", "/"),
    ],
)
def test_a_personal_link_logs_in_and_leads_to_the_clean_address(
    nobody: Site, credentials: Credentials, asked: str, location: str | None
) -> None:
    token = credentials.viewer_tokens["alice"]
    answer = nobody.get(f"/in?token={token}{asked}")
    assert answer.status == 303
    assert answer.headers["Location"] == (location or "/player?id=match123&rec=match123-20260101T200000Z&t=1h2m3s")
    assert answer.cookie == "scrimbox=" + logins()["alice"]["cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert token not in answer.text
    assert Site(nobody.host, nobody.port, cookie=answer.cookie).get("/streams/index.json").status == 200


def test_a_link_that_is_none_any_more_says_to_ask_for_a_new_one_whoever_opens_it(nobody: Site, alice: Site) -> None:
    for site in (nobody, alice):
        answer = site.get(f"/in?token={'0' * 48}&id={STREAM}")
        assert answer.status == 403
        assert answer.headers.get_content_type() == "text/html"
        assert "ask the person who sent it for a new one" in answer.text
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers


def test_a_personal_link_changes_viewers_on_a_shared_computer(nobody: Site, credentials: Credentials) -> None:
    alice = Site(nobody.host, nobody.port, cookie="scrimbox=" + logins()["alice"]["cookie"])
    answer = alice.get(f"/in?token={credentials.viewer_tokens['bob']}")
    assert answer.cookie == "scrimbox=" + logins()["bob"]["cookie"]


def test_a_playlist_sets_the_cookie_for_the_segments_and_only_after_a_check(
    nobody: Site, credentials: Credentials
) -> None:
    path, cookies = f"/streams/{STREAM}.json", {name: login["cookie"] for name, login in logins().items()}
    for kind in ("password", "token"):
        assert ask(nobody, path, right_credentials(credentials)[kind]).cookie == f"scrimbox={cookies['alice']}", kind
    by_cookie = {"Cookie": f"scrimbox={cookies['alice']}"}
    for claim in (basic("bob", ""), basic("bob", "wrong"), "Basic Ym9i"):
        for case in (by_cookie, {"?": "token=" + credentials.viewer_tokens["alice"]}):
            answer = ask(nobody, path, {**case, "Authorization": claim})
            assert answer.status == 200
            assert cookies["bob"] not in str(answer.headers)


# ------------------------------------------------------------------------------------------------- the login page


def test_a_robot_gets_a_card_that_says_nothing(nobody: Site) -> None:
    for path in PAGES:
        answer = nobody.get(path, {"User-Agent": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"})
        assert_signs_in(answer, path)
        assert answer.headers["X-Robots-Tag"] == "noindex"
        card = re.findall(r'<meta (?:property="og:|name=")(\w+)" content="([^"]*)"', answer.text)
        assert dict(card)["title"] == "Scrimbox"
        assert dict(card)["description"] == "A private recording or live stream"
        assert "image" not in dict(card)


def test_the_card_is_the_same_for_every_stream_declared_or_not(nobody: Site) -> None:
    assert nobody.get(LINK).body == nobody.get("/player?id=nosuch").body == nobody.get("/").body


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("", "/"),
        ("?id=a%22b&t=1h&x=y", "/player?id=a%22b&t=1h"),
        ("?t=1h", "/"),
        ("?id=a%0d%0ab&page=studio", "/studio?id=a%0d%0ab"),
        ("?page=studio", "/studio"),
        ("?id=a&page=//evil.example", "/player?id=a"),
    ],
)
def test_a_login_leads_back_to_what_was_asked_for(nobody: Site, alice: Site, asked: str, location: str) -> None:
    refused = nobody.get(f"/login{asked}")
    assert refused.status == 401
    assert 'href=""' in refused.text, "who dismisses the question may ask again for the same page"
    answer = alice.get(f"/login{asked}")
    assert (answer.status, answer.headers["Location"]) == (303, location)
    assert answer.cookie == "scrimbox=" + logins()["alice"]["cookie"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["password", "link"])
def test_a_browser_logs_in_once_shows_the_clean_address_and_can_go_back(
    nobody: Site, credentials: Credentials, kind: str
) -> None:
    browsers.install()
    assert_visit("chromium", kind, nobody, credentials)


@pytest.mark.parametrize("kind", ["password", "link"])
def test_firefox_logs_in_the_same_way(nobody: Site, credentials: Credentials, kind: str) -> None:
    browsers.require("firefox")
    browsers.install()
    assert_visit("firefox", kind, nobody, credentials)


def assert_visit(browser: str, kind: str, nobody: Site, credentials: Credentials) -> None:
    """A newcomer comes from another page, logs in, goes back, forward, and comes again."""
    clean = "/player?id=cam_2-20260101&t=1h2m"
    link, login = clean, ("alice", credentials.viewer_passwords["alice"])
    if kind == "link":
        link, login = clean.replace("/player?", f"/in?token={credentials.viewer_tokens['alice']}&"), None
    plan = {"url": nobody.url, "before": "/healthz", "link": link, "again": "/", "login": login}
    visit = browsers.Visit(f"login-{browser}-{kind}", "login.mjs", browser=browser, **plan)
    try:
        done = visit.wait_for("done", 120)
    finally:
        visit.close()
    for moment in ("first", "forward"):
        assert done[moment]["address"] == nobody.url + clean, moment
        assert "Not live" in done[moment]["words"]
    assert done["back"]["address"] == nobody.url + "/healthz"
    assert done["again"]["address"] == nobody.url + "/"
    assert "Scrimbox" in done["again"]["words"]
    assert (done["challenges"], done["errors"], done["violations"], done["stuck"]) == ([], [], [], [])


# ------------------------------------------------------------------------------------------------------- the logs


def journal(server: Host, tag: str) -> str:
    """The last lines of a log."""
    return server.check_output(f"journalctl --no-pager -q -t {tag} -n 400 -o cat")


def refusals(server: Host) -> list[str]:
    """The names of the logins that were refused since the server booted."""
    lines = server.check_output(
        "journalctl --no-pager -q -t scrimbox_web -b -o cat | grep 'login refused' || true"
    ).splitlines()
    found = [re.fullmatch(r"login refused: viewer=(\S+) address=[0-9a-f.:]+", line) for line in lines]
    assert all(found), lines
    return [match[1] for match in found if match]


def test_a_refused_login_is_one_line_with_a_declared_name_or_none(server: Host, nobody: Site) -> None:
    before = len(refusals(server))
    nobody.get("/streams/index.json", {"Authorization": basic("bob", "not-his-password")})
    nobody.get("/streams/index.json", {"Authorization": basic("my-secret-passphrase", "alice")})
    nobody.get("/in?token=" + "0" * 48)
    nobody.get("/streams/index.json")
    deadline = time.monotonic() + 5
    while len(refusals(server)) < before + 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sorted(refusals(server)[before:]) == ["-", "-", "bob"]
    assert "my-secret-passphrase" not in server.check_output("journalctl --no-pager -q -b -o cat | tail -n 3000")


def test_tokens_in_addresses_are_in_no_log_whatever_goes_wrong(
    server: Host, nobody: Site, credentials: Credentials
) -> None:
    right, wrong = credentials.viewer_tokens["alice"], "badbad" * 8
    for token in (right, wrong):
        for path in ("/in", LINK, "/hls/", "/hls/nosuch.ts", "/vod/recordings/incoming/x", "/nowhere", "/assets/x%00"):
            ask(nobody, path, {"?": f"token={token}"})
            ask(nobody, path, {"?": f"token={token}", "Authorization": basic("alice", wrong)})
        nobody.raw(f"GET /in?token={token} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n".encode(), 1)
        nobody.raw(f"GET /in?token={token}&{'x' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 1)
        nobody.raw(f"GET /in?token={token} HTTP/1.1\r\nHost: x\r\nX: {'y' * 40000}\r\n\r\n".encode(), 1)
        nobody.raw(f"GET  /in?token={token} x HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 1)
    everything = server.check_output("journalctl --no-pager -q -b -o cat | tail -n 5000")
    assert "404 GET /nowhere" in everything
    for secret in (right, wrong):
        assert secret not in everything


# --------------------------------------------------------------------------------------------- other programs


@pytest.mark.parametrize("how", ["token", "password"])
def test_ffmpeg_plays_a_live_playlist_to_its_segments(
    live: Live, nobody: Site, alice: Site, credentials: Credentials, how: str
) -> None:
    path = f"/hls/{STREAM}.m3u8"
    token = f"{nobody.url}{path}?token={credentials.viewer_tokens['alice']}"
    address = {"token": token, "password": alice.url_with_login() + path}[how]
    command = ["ffmpeg", "-hide_banner", "-loglevel", "info", "-i", address, "-t", "2", "-f", "null", "-"]
    played = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert played.returncode == 0, played.stderr[-2000:]
    frames = [int(number) for number in re.findall(r"frame=\s*(\d+)", played.stderr)]
    # More than the one segment that the playlist's own credentials might open.
    assert frames[-1] > 1.5 * media.FPS
    assert "HTTP error" not in played.stderr
    assert live.publisher.running


def test_curl_keeps_what_a_token_gave_it(nobody: Site, credentials: Credentials, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cookie-jar", str(jar), "--cookie", str(jar)]
    index = f"{nobody.url}/streams/index.json"
    for address, expected in (
        (index, "401"),
        (f"{index}?token={credentials.viewer_tokens['bob']}", "200"),
        (index, "200"),
    ):
        done = subprocess.run([*command, address], capture_output=True, text=True, check=True, timeout=20)
        assert done.stdout == expected


# ------------------------------------------------------------------------------------------------- publishers


def test_each_publisher_of_a_stream_has_a_key_and_the_log_names_who_used_it(
    server: Host, rtmp_address: tuple[str, int], credentials: Credentials
) -> None:
    keys = {name: credentials.publish_keys[f"shared/{name}"] for name in ("alice", "pc2")}
    for name, key in keys.items():
        assert rtmp.publish(rtmp_address, f"shared?key={key}", frames=0).accepted, name
        assert f"publish accepted: stream=shared publisher={name} address=" in journal(server, "scrimbox_auth")
        assert rtmp.publish(rtmp_address, f"{TWIN}?key={key}").refused, name
        assert rtmp.publish(rtmp_address, f"shared/{name}?key={key}").refused, name
    for key in keys.values():
        assert key not in journal(server, "scrimbox_auth")


# ----------------------------------------------------------------------------------------------------- the modes


def engine(*words: str, given: str = "") -> str:
    """Run a command of the engine."""
    done = subprocess.run(["docker", *words], input=given, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@contextlib.contextmanager
def house(port: int, **choices: object) -> Iterator[Site]:
    """The same site with other choices, beside the converged one."""
    folder = f"/run/access-{port}"
    text = render(
        TEMPLATES / "web" / "nginx.conf.j2",
        "web",
        web_viewers=logins(),
        web_http_port=port,
        web_ipv6=False,
        web_content_security_policy="default-src 'none'",
        **choices,
    )
    start = (
        f"set -e; install -d -o scrimbox-web -g scrimbox-web -m 700 {folder}; umask 077; cat >{folder}/nginx.conf;"
        f" chown scrimbox-web {folder}/nginx.conf; cd {folder}; setpriv --reuid scrimbox-web --regid scrimbox-web"
        f" --init-groups /opt/scrimbox/nginx/current/sbin/nginx -p {folder}/ -c {folder}/nginx.conf"
        " >/dev/null 2>log &"
        f" for i in $(seq 100); do [ -s {folder}/nginx.pid ] && exit 0; sleep 0.1; done; cat log >&2; exit 1"
    )
    engine("exec", "-i", INSTANCE, "sh", "-c", start, given=text)
    try:
        yield Site(bridge_address(), port)
    finally:
        engine("exec", INSTANCE, "sh", "-c", f"kill $(cat {folder}/nginx.pid); sleep 0.2; rm -rf {folder}")


def gateway() -> str:
    """The address from which the container sees us."""
    return engine("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", INSTANCE)


OURS, OTHERS = "ours", "192.0.2.0/24"


class Case(NamedTuple):
    """A choice of who may watch, and who among us is let in by what."""

    port: int
    modes: list[str]
    network: str
    satisfy: str
    open_to: set[str]

    @property
    def shut(self) -> bool:
        """Whether nobody may even try from here."""
        return self.satisfy == "all" and self.network == OTHERS

    @property
    def asks(self) -> bool:
        """Whether there is a password to be asked for."""
        return "password" in self.modes and not self.shut

    def __str__(self) -> str:
        """As the test's name."""
        return f"{'+'.join(self.modes)} from {self.network.partition('/')[0]} {self.satisfy}"


CASES = [
    Case(8101, ["password"], OTHERS, "any", {"password", "cookie"}),
    Case(8102, ["link"], OTHERS, "any", {"token", "cookie"}),
    Case(8103, ["password", "link"], OTHERS, "any", {"password", "token", "cookie"}),
    Case(8104, ["network"], OURS, "any", {"nothing", "password", "token", "cookie"}),
    Case(8105, ["network"], OTHERS, "any", set()),
    Case(8106, ["password", "network"], OURS, "any", {"nothing", "password", "token", "cookie"}),
    Case(8107, ["password", "network"], OTHERS, "any", {"password", "cookie"}),
    Case(8108, ["link", "network"], OTHERS, "any", {"token", "cookie"}),
    Case(8109, ["password", "link", "network"], OURS, "all", {"password", "token", "cookie"}),
    Case(8110, ["password", "network"], OURS, "all", {"password", "cookie"}),
    Case(8111, ["link", "network"], OURS, "all", {"token", "cookie"}),
    Case(8112, ["password", "link", "network"], OTHERS, "all", set()),
]


def assert_let_in(site: Site, given: dict[str, str], kind: str) -> None:
    """This viewer sees everything and is asked nothing."""
    for mode in ({}, {"Sec-Fetch-Mode": "cors"}):
        assert ask(site, "/streams/index.json", given, headers=mode).status == 200, kind
    page = ask(site, LINK, given)
    assert (page.status, "Refresh" in page.headers) == (200, False), kind
    assert ask(site, "/login?id=x", given).headers["Location"] == "/player?id=x"


def assert_kept_out(site: Site, given: dict[str, str], kind: str, case: Case) -> None:
    """This viewer sees nothing, and is asked for a password where there is one."""
    refused = 401 if case.asks else 403
    answers = [ask(site, path, given) for path in ("/streams/index.json", "/login?id=x")]
    assert [answer.status for answer in answers] == [refused, refused], kind
    fetched = ask(site, "/streams/index.json", given, headers={"Sec-Fetch-Mode": "cors"})
    assert fetched.status == 403, kind
    page = ask(site, LINK, given)
    if case.shut:
        assert page.status == 403, kind
    elif case.asks and kind == "password":
        assert page.status == 401, kind
    else:
        assert_signs_in(page, LINK)
    for answer in (*answers, fetched, page):
        assert "Set-Cookie" not in answer.headers, kind
        assert ("WWW-Authenticate" in answer.headers) == (answer.status == 401), kind


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_mode_lets_in_whom_it_says_and_nobody_else(server: Host, credentials: Credentials, case: Case) -> None:
    assert server
    networks = [f"{gateway()}/32" if case.network == OURS else case.network, "2001:db8::/32"]
    choices = {"web_access_mode": case.modes, "web_access_networks": networks, "web_access_satisfy": case.satisfy}
    with house(case.port, **choices) as site:
        for kind, given in {"nothing": {}, **right_credentials(credentials)}.items():
            if kind in case.open_to:
                assert_let_in(site, given, kind)
            else:
                assert_kept_out(site, given, kind, case)
        link = site.get(f"/in?token={credentials.viewer_tokens['alice']}&id={STREAM}")
        assert link.status == (303 if "link" in case.modes and not case.shut else 403)
        assert site.get("/healthz").status == 200
