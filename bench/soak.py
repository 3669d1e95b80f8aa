"""Three publishers come and go for an hour, in a fixed schedule, and ten viewers watch.

Each time a publisher sends pictures for 40 to 80 seconds; then the connection breaks off, or it says goodbye. It is
back after 12 seconds, within the grace (30 seconds here), or after 45, when the session is over. The viewers do as
hls.js does: the playlist once a second, each segment once, the state document, logged in by cookie. Replays older than
ten minutes are deleted, every minute instead of every night. Every picture carries its number; every replay is fetched
as soon as it is there, decoded, and compared with what was sent. A segment is late if it has not arrived two seconds
after its last picture. The server is a copy of the converged one, thrown away afterwards; memory is what its services
hold resident, without the programs that they run.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from bench.audience import Viewer
from bench.figures import Curves, Figure, Result, at_least, at_most
from bench.resident import Resident
from tests import media, rtmp
from tests.conftest import BUILD
from tests.faults.camera import Camera, Connection
from tests.faults.evidence import document, epoch, fetch
from tests.variants import File, Variant, Variants
from tools.terminal import say

LIMITS = ""
MINUTES = 60
STREAMS = ("match123", "bravo", "charlie")
VIEWERS = 10
WATCHED = ("ingest", "web", "recorder", "finalizer")
PATTERN_S, SCALE, KBITS = 300, 5, 400
PART_S = 100
"""Each push of a session sends pictures of its own: it begins so many seconds further on."""
KEPT_MINUTES = 10
SETTINGS = {"grace_seconds": 30, "retention_days": KEPT_MINUTES / 1440}
CLEAN_UP = "* * * * * scrimbox-ingest systemd-cat -t scrimbox-cleanup /usr/local/bin/scrimbox-recorder cleanup\n"
FLAT = 1.05
"""Memory that grows by no more than this, from minutes 10 to 20 to the last ten, does not grow."""
APART_S = 37
"""Seconds between the first pictures of one publisher and of the next."""
READY_S = 240
"""A replay that is not listed so long after its session has ended is missing."""


@dataclass(frozen=True)
class Push:
    """One connection of the schedule: seconds of pictures, how it ends, seconds until the publisher is back."""

    seconds: int
    goodbye: Callable[[rtmp.Client], None]
    away: int


UNDER_WAY = media.FPS
"""At most so many pictures go with a connection that breaks off; any more are lost."""
BREAK, GOODBYE = rtmp.Client.reset, rtmp.Client.finish
SESSIONS = (
    (Push(80, BREAK, 12), Push(50, GOODBYE, 45)),
    (Push(60, GOODBYE, 12), Push(40, BREAK, 12), Push(70, BREAK, 45)),
)
"""What a publisher does, again and again: a session continues within the grace, and is over after it."""


@dataclass
class Session:
    """What was sent, and what became of it."""

    stream: str
    pushes: tuple[Push, ...]
    connections: list[Connection] = field(default_factory=list)
    lost: int = 0
    """Pictures that are missing though nothing broke off there."""
    cut: int = 0
    """Pictures at the end of a connection that broke off: they had left, and did not arrive."""
    ready_s: float = 0.0
    """Seconds from the last picture to the replay."""


def compare(session: Session, numbers: Sequence[int]) -> None:
    """Count the pictures that a replay lacks; what is there twice, or was never sent, counts as well."""
    kept, known = set(numbers), 0
    for number, push in enumerate(session.pushes):
        sent = pictures(number, push)
        missing = [picture for picture in sent if picture not in kept]
        cut = 0
        while push.goodbye is BREAK and cut < min(len(missing), UNDER_WAY) and missing[-1 - cut] == sent[-1 - cut]:
            cut += 1
        session.cut += cut
        session.lost += len(missing) - cut
        known += len(sent) - len(missing)
    session.lost += len(numbers) - known + (list(numbers) != sorted(numbers))


def pictures(number: int, push: Push) -> range:
    """The pictures of one push of a session."""
    first = number * PART_S * media.FPS
    return range(first, first + push.seconds * media.FPS)


class Show:
    """The publishers of one run."""

    def __init__(self, server: Variant, seconds: float) -> None:
        self._server = server
        self._path = media.pattern(BUILD / "media", PATTERN_S, scale=SCALE, kbits=KBITS)
        self._until = time.monotonic() + seconds
        self.sessions: list[Session] = []
        self.judged: list[Future[None]] = []
        self._judges = ThreadPoolExecutor(len(STREAMS) * 4)
        self._decoding = threading.Lock()

    def publish(self, stream: str, wait: float) -> None:
        """Come and go; the session that is on when the time is over is the last."""
        time.sleep(wait)
        for pushes in itertools.cycle(SESSIONS):
            if time.monotonic() > self._until:
                return
            session = Session(stream, pushes)
            self.sessions.append(session)
            for number, push in enumerate(pushes):
                session.connections += Camera(
                    self._server.inner_rtmp_address,
                    self._server.publish_name(stream),
                    self._path,
                    start=pictures(number, push).start,
                    frames=len(pictures(number, push)),
                    goodbye=push.goodbye,
                ).wait(push.seconds + 60)
                if number + 1 == len(pushes):
                    self.judged.append(self._judges.submit(self.judge, session))
                time.sleep(push.away)

    def judge(self, session: Session) -> None:
        """Wait for the replay of a session and compare it with what was sent."""
        deadline = time.monotonic() + READY_S
        while not (entries := self.entries(session)) and time.monotonic() < deadline:
            time.sleep(1)
        session.ready_s = time.time() - session.connections[-1].ended
        numbers: list[int] = []
        for entry in entries:
            replay = fetch(self._server, entry)
            # One after the other: decoding must not take the machine from the server.
            with self._decoding:
                numbers += replay.numbers
            replay.mp4.unlink()
        compare(session, numbers)

    def entries(self, session: Session) -> list[dict[str, Any]]:
        """The listed replays that began while a session lasted."""
        first, last = session.connections[0].began - 5, session.connections[-1].ended
        found = document(self._server, session.stream)["replays"]
        return [entry for entry in found if first <= epoch(entry["started"]) <= last]


class Listed(threading.Thread):
    """Looks every few seconds at the replays that the index lists, and remembers them."""

    EVERY_S = 5

    def __init__(self, server: Variant) -> None:
        super().__init__(daemon=True)
        self._server, self._stop_asked = server, threading.Event()
        self.ever: set[str] = set()
        self.now: set[str] = set()
        self.start()

    def run(self) -> None:
        """Look until it is stopped, and once more then."""
        while True:
            last = self._stop_asked.wait(self.EVERY_S)
            with contextlib.suppress(OSError):
                index = self._server.alice.get("/streams/index.json").json()
                self.now = {entry["file"] for entry in index["replays"]}
            self.ever |= self.now
            if last:
                return

    def close(self) -> None:
        """Stop looking."""
        self._stop_asked.set()
        self.join()


def memory(resident: Resident, began: float, minutes: float) -> Iterator[Figure]:
    """Each service's memory in the last sixth of the time beside the second sixth: when it had warmed up."""
    sixth = minutes * 10
    for service in WATCHED:
        samples = resident.of(service)
        early = [one.mb for one in samples if sixth <= one.time - began < 2 * sixth]
        late = [one.mb for one in samples if 5 * sixth <= one.time - began < 6 * sixth]
        words = f"resident memory of {service}, minutes {minutes * 5 / 6:.0f} to {minutes:.0f}"
        beside = f"minutes {minutes / 6:.0f} to {minutes / 3:.0f}"
        yield Figure(words, "MB", late, beside=(beside, early), goals=[at_most(FLAT, "ratio")])


def curve(resident: Resident, began: float) -> Curves:
    """Memory over time."""
    lines = {service: [((one.time - began) / 60, one.mb) for one in resident.of(service)] for service in WATCHED}
    return Curves("soak-memory", "Resident memory over an hour of coming and going", "minutes", "MB", lines)


def run(server: Variant, minutes: float) -> Result:
    """Let them come and go on a server, which is theirs alone."""
    resident, listed = Resident(server, WATCHED), Listed(server)
    ended = threading.Event()
    address = (server.alice.host, server.alice.port)
    viewers = [Viewer(address, STREAMS[number % len(STREAMS)], server.alice.cookie, ended) for number in range(VIEWERS)]
    show, began = Show(server, minutes * 60), time.time()
    try:
        with ThreadPoolExecutor(len(STREAMS)) as publishers:
            waits = [number * APART_S for number in range(len(STREAMS))]
            list(publishers.map(show.publish, STREAMS, waits))
        for judged in show.judged:
            judged.result(2 * READY_S)
    finally:
        ended.set()
        resident.close()
        listed.close()
    for viewer in viewers:
        viewer.join(15)
    return Result(
        [*memory(resident, began, minutes), *recordings(show, listed), *audience(viewers)],
        [curve(resident, began)],
        remarks(server, show, viewers, resident),
    )


def recordings(show: Show, listed: Listed) -> Iterator[Figure]:
    """What became of what was sent."""
    exact = [at_least(1, "ratio"), at_most(1, "ratio")]
    yield Figure("replays", "", [len(listed.ever)], beside=("sessions", [len(show.sessions)]), goals=exact)
    lost = [session.lost for session in show.sessions]
    yield Figure("pictures lost beyond the drops, per session", "", lost, goals=[at_most(0, "most")])
    cut = [session.cut for session in show.sessions]
    yield Figure("pictures under way when a connection broke off, per session", "", cut)
    yield Figure("from a session's last picture to its replay", "s", [session.ready_s for session in show.sessions])
    yield Figure("replays deleted by retention", "", [len(listed.ever - listed.now)], goals=[at_least(1)])


def audience(viewers: Sequence[Viewer]) -> Iterator[Figure]:
    """What the viewers met."""
    delays = [delay for viewer in viewers for delay in viewer.seen.delays]
    yield Figure("a segment at a viewer after its last picture", "s", delays)
    yield Figure("late segments, per viewer", "", [len(one.seen.late) for one in viewers], goals=[at_most(0, "most")])
    yield Figure("errors, per viewer", "", [len(one.seen.errors) for one in viewers], goals=[at_most(0, "most")])


def remarks(server: Variant, show: Show, viewers: Sequence[Viewer], resident: Resident) -> list[str]:
    """What a reader has to know of this very run."""
    drops = sum(push.goodbye is BREAK for session in show.sessions for push in session.pushes)
    pushes = sum(len(session.connections) for session in show.sessions)
    sent = sum(connection.sent for session in show.sessions for connection in session.connections)
    fetched = sum(len(one.seen.delays) for one in viewers)
    found = [
        f"{len(show.sessions)} sessions in {pushes} connections, of which {drops} broke off; {sent:,} pictures sent and"
        f" compared; {fetched:,} segments fetched while they were new."
    ]
    restarted = [service for service in WATCHED if len({one.pid for one in resident.of(service)}) > 1]
    if restarted:
        found.append(f"Restarted meanwhile: {', '.join(restarted)}.")
    late = [what for one in viewers for what in one.seen.late]
    wrong = [what for one in viewers for what in one.seen.errors]
    for name, things in (("Late", late), ("Errors", wrong)):
        if things:
            found.append(f"{name}: {'; '.join(sorted(things)[:10])}.")
    warnings = server.journal("-2h", "-p warning").splitlines()
    if warnings:
        say("\n".join(warnings[-40:]))
    found.append(f"The services wrote {len(warnings)} warnings into the journal.")
    return found


def measure(server: Variant, minutes: float = MINUTES) -> Result:
    """The hour, on a copy of the converged server."""
    makers = Variants(server.name, server.credentials, BUILD / "credentials.yml")
    try:
        with makers.start("soak", settings=SETTINGS, files={"/etc/cron.d/scrimbox": File(CLEAN_UP)}) as copy:
            return run(copy, minutes)
    finally:
        makers.close()
