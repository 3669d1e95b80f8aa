"""One evening on the converged server, shared by all tests: a push with viewers, a redeploy in its middle, its end.

The fixtures `live`, `redeployed`, `ended` and `clone` are points in time. A test asks for the one at which it makes
sense; tests are sorted by it, so that the file they stand in does not matter.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
import yaml

from tests import deploy, media
from tests.conftest import BUILD, INSTANCE, PROJECT
from tests.e2e import browsers
from tests.site import Site

if TYPE_CHECKING:
    from testinfra.host import Host

STREAM = "match123"
TWIN = "match123-1"
POINTS_IN_TIME = ("live", "redeployed", "ended", "clone")
LEAST_SECONDS = 30
LONGEST = 300
"""How long a push lasts at least and at most, in seconds; between them it ends when the tests of `live` have."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run first what needs no stream, then what happens while live, and so on."""
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]

    def point(item: pytest.Item) -> int:
        names = getattr(item, "fixturenames", ())
        return max((number for number, name in enumerate(POINTS_IN_TIME, 1) if name in names), default=0)

    ordered = iter(sorted(ours, key=point))
    items[:] = [next(ordered) if here in item.path.parents else item for item in items]


@dataclass(frozen=True)
class Moment:
    """What the state document said at one moment, and whether what it offered could be had."""

    time: float
    document: dict[str, Any]
    playable: str
    answer: int


@dataclass
class Course:
    """Follows a stream's state document from the outside, a few times a second."""

    site: Site
    stream: str
    moments: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin to look."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.3):
            now = time.time()
            try:
                document = self.site.get(f"/streams/{self.stream}.json").json()
                live, replays = document["live"], document["replays"]
                playable = live["playlist"] if live else replays[0]["url"] if replays else ""
                answer = self.site.get(playable, method="HEAD").status if playable else 0
            except (OSError, ValueError, KeyError):
                continue
            self.moments.append(Moment(now, document, playable, answer))

    @property
    def session(self) -> list[Moment]:
        """The moments of this session: what an earlier run left is none of them."""
        first = next(
            (i for i, moment in enumerate(self.moments) if moment.document["state"] == "live"), len(self.moments)
        )
        return self.moments[first:]

    @property
    def states(self) -> list[str]:
        """The states of this session, each once per stay."""
        found = [moment.document["state"] for moment in self.session]
        return [state for before, state in zip([None, *found], found, strict=False) if state != before]

    def since(self, *states: str) -> float:
        """When one of these states was first seen, in epoch seconds."""
        for moment in self.session:
            if moment.document["state"] in states:
                return moment.time
        raise AssertionError(f"{self.stream} was never {' or '.join(states)} but {self.states}")

    def wait_for(self, state: str, timeout: float) -> dict[str, Any]:
        """Return the first document of this session in a state, waiting for it up to `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for moment in self.session:
                if moment.document["state"] == state:
                    return moment.document
            time.sleep(0.2)
        raise AssertionError(f"{self.stream} was not {state!r} within {timeout} s but {self.states}")

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()


@pytest.fixture(scope="session")
def push(publish_url: Callable[[str], str]) -> Callable[..., media.Publisher]:
    """Start pushing the pattern to a stream: `push("match123", seconds=12)`."""
    pattern = media.pattern(BUILD / "media", LONGEST)
    return lambda stream, **options: media.Publisher(publish_url(stream), pattern, **options)


@pytest.fixture(scope="session")
def alice_cookie(alice: Site) -> Site:
    """Alice after her login: no password any more, only the cookie."""
    return Site(alice.host, alice.port, cookie=alice.get("/player?id=match123").cookie)


def when_quiet(site: Site, stream: str) -> None:
    """Wait until a session that an earlier run may have left has ended."""
    deadline = time.monotonic() + 90
    while site.get(f"/streams/{stream}.json").json()["state"] not in {"offline", "replay"}:
        assert time.monotonic() < deadline, f"{stream} is still busy with an earlier session"
        time.sleep(0.5)


@dataclass
class Live:
    """A push that goes on, and what watches it."""

    publisher: media.Publisher
    twin: media.Publisher
    started: float
    course: Course
    twin_course: Course
    watching: browsers.Visit
    leaving: browsers.Visit


def bridge_address() -> str:
    """The server's own address in the engine's network: plain HTTP that no browser calls a secure context."""
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    shown = subprocess.run(["docker", "inspect", "-f", template, INSTANCE], capture_output=True, text=True, check=True)
    return shown.stdout.split()[0]


@pytest.fixture(scope="session")
def live(alice: Site, bob: Site, alice_cookie: Site, push: Callable[..., media.Publisher]) -> Iterator[Live]:
    """A stream has been live for some seconds; Alice and Bob watch it, a second stream runs beside it for a while."""
    assert alice.login is not None
    assert bob.login is not None
    browsers.install()
    for stream in (STREAM, TWIN):
        when_quiet(alice_cookie, stream)
    started = time.time()
    publisher = push(STREAM)
    twin = push(TWIN, seconds=12)
    link = f"/player?id={STREAM}"
    evening = Live(
        publisher,
        twin,
        started,
        Course(alice_cookie, STREAM),
        Course(alice_cookie, TWIN),
        browsers.viewer("alice", alice.url + link, alice.login, until="replay"),
        browsers.viewer("bob", f"http://{bridge_address()}{link}", bob.login, until="login"),
    )
    try:
        evening.course.wait_for("live", 15)
        evening.twin_course.wait_for("live", 15)
        while len(m3u8.loads(alice_cookie.get(f"/hls/{STREAM}.m3u8").text).segments) < 5:
            assert time.time() - started < 40, "five segments took more than 40 s"
            time.sleep(0.3)
        yield evening
    finally:
        evening.watching.close()
        evening.leaving.close()
        for pushing in (publisher, twin):
            pushing.kill()
        for course in (evening.course, evening.twin_course):
            course.stop()


@dataclass(frozen=True)
class Redeployed:
    """A deploy while a stream was live: Bob and a publisher are taken away, and a setting of ingest is changed."""

    output: str
    ingest_before: str
    ingest_after: str
    recordings_before: set[str]
    recordings_after: set[str]


def ingest_process(server: Host) -> str:
    """The main process of ingest and when it began."""
    return server.check_output("systemctl show scrimbox-ingest -p MainPID,ExecMainStartTimestampMonotonic")


def declared_streams() -> list[dict[str, Any]]:
    """The streams of the converged server, as its inventory declares them."""
    choices = yaml.safe_load((PROJECT / "molecule/shared/host_vars/scrimbox-default.yml").read_text())
    streams: list[dict[str, Any]] = choices["scrimbox_streams"]
    return streams


def recordings(server: Host) -> set[str]:
    """Every finished or raw recording on the server."""
    return set(server.check_output("find /srv/recordings -name '*.mp4' -o -name '*.flv'").splitlines())


CHANGED = {
    "scrimbox_viewers": [{"name": "alice", "write": True}],
    "scrimbox_streams": [
        {**stream, "publishers": ["pc2"]} if "publishers" in stream else stream for stream in declared_streams()
    ],
    "scrimbox_dvr_hours": 3,
}


@pytest.fixture(scope="session")
def redeployed(server: Host, live: Live) -> Redeployed:
    """The server after such a deploy, the stream still live."""
    live.watching.wait_for("seeked", 90)
    live.leaving.wait_for("live", 60)
    before, kept = ingest_process(server), recordings(server)
    started = time.monotonic()
    run = deploy.playbook("deploy", "-vv", "--diff", **CHANGED)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    took = time.monotonic() - started
    assert live.publisher.running, f"the push ended while a deploy took {took:.0f} s: {live.publisher.wait()}"
    return Redeployed(run.stdout + run.stderr, before, ingest_process(server), kept, recordings(server))


@dataclass(frozen=True)
class Ended:
    """Everything that is left of the push."""

    pushed: media.Pushed
    stopped: float
    live_playlist: m3u8.M3U8
    live_copy: Path
    document: dict[str, Any]
    mp4: Path
    twin_pushed: media.Pushed
    twin_document: dict[str, Any]
    viewer: dict[str, Any]


def download(site: Site, playlist_path: str, folder: Path) -> Path:
    """Fetch a playlist with its segments and return the local copy, closed so that players read it to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    text = site.get(playlist_path).text
    for segment in m3u8.loads(text).segments:
        (folder / segment.uri).write_bytes(site.get(f"/hls/{segment.uri}").body)
    local = folder / "copy.m3u8"
    local.write_text(text if "#EXT-X-ENDLIST" in text else text + "#EXT-X-ENDLIST\n")
    return local


@pytest.fixture(scope="session")
def ended(live: Live, redeployed: Redeployed, alice_cookie: Site) -> Ended:
    """The push has ended, the grace period is over, the replay is there, and Alice has been switched to it."""
    live.watching.wait_for("seeked", 90)
    while live.publisher.frames < LEAST_SECONDS * media.FPS and live.publisher.running:
        time.sleep(0.2)
    pushed = live.publisher.stop()
    stopped = time.time()
    time.sleep(1)
    copy = download(alice_cookie, f"/hls/{STREAM}.m3u8", BUILD / "live")
    playlist = m3u8.loads(copy.read_text())
    document = live.course.wait_for("replay", 90)
    mp4 = BUILD / "replay.mp4"
    mp4.write_bytes(alice_cookie.get(document["replays"][0]["url"]).body)
    viewer = live.watching.wait_for("replay", 60)
    live.course.stop()
    return Ended(
        pushed,
        stopped,
        playlist,
        copy,
        document,
        mp4,
        live.twin.wait(),
        live.twin_course.wait_for("replay", 60),
        viewer,
    )
