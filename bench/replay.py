"""How long a stream that has ended is not yet a replay, and whether its viewers can go on watching meanwhile.

A minute is pushed to the server as a publisher does it, 720p with 6 Mbit/s. Nobody pushes for an hour or three here:
a raw recording of that length, of the same pictures again and again with timestamps that go on, is laid where ingest
leaves them, and a publisher then goes on with the session for ten seconds. When the publisher has ended, a
viewer asks ten times a second, as a player does that is opened this moment, for the state document, the playlist that
it names and the last segment in that, or the MP4. A moment in which one of these is missing is a gap. How long making
the replay may take is measured by `cp` and `sync` of the hour's recording on the same file system; that and the making
read from the page cache. The configuration is the default but for the grace, which the tests' server has shorter;
nobody else publishes.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from dataclasses import dataclass, field

from bench import leave, raw, staged
from bench.figures import Curves, Figure, Result, at_most
from tests import media
from tests.conftest import BUILD
from tests.variants import Variant

LIMITS = """Besides the grace and the making, up to seven seconds go by: a pass sees the end up to 1.5 s late, another
the end of the grace, the finalizer looks for work every 2 s, and a pass tells viewers of the replay up to 1.5 s late.
All of that at once has been tried and took 0.7 s; but then a publisher who came back in the moment of the closing got a
playlist of its own. The making is what the section on making replays says: three
times over the bytes, at about 90 MB/s. Nobody has to wait for it with nothing to watch: the closed DVR window stays
until a quarter of an hour after the replay is there. How fast this disk copies changes a great deal from one run to the
next (300 to 1,400 MB/s were seen), and the goal with it."""

SPARE_S = 2.0
"""What the goal allows besides the grace and the making."""
PUSHED = ("1 min", "fault-spare", 60)
LONG = (("1 h", "fault-rate", 3600), ("3 h", "fault-sound", 3 * 3600))
TAIL_S = 10
EVERY_S = 0.1
PATIENCE_S = 600


@dataclass
class Watching:
    """What somebody who opens a stream could have played; times in epoch seconds."""

    server: Variant
    stream: str
    before: set[str]
    gaps: list[str] = field(default_factory=list)
    looks: int = 0
    ready: float = 0.0
    """When the new replay was there."""
    size: int = 0
    """Bytes of its MP4."""

    def __enter__(self) -> Watching:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def wait(self) -> None:
        """Wait until the new replay can be played.

        Raises:
            TimeoutError: it cannot after ten minutes.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not self.ready:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.stream} has no new replay")
            time.sleep(EVERY_S)

    def _look_on(self) -> None:
        site = self.server.alice
        with contextlib.closing(http.client.HTTPConnection(site.host, site.port, timeout=10)) as line:
            while not self._stopped.wait(EVERY_S):
                now = time.time()
                self.looks += 1
                try:
                    self._look(line, now)
                except (OSError, http.client.HTTPException) as error:
                    self.gaps.append(f"{now:.1f}: {error}")
                    line.close()

    def _look(self, line: http.client.HTTPConnection, now: float) -> None:
        document = json.loads(self._ask(line, "GET", f"/streams/{self.stream}.json")[0])
        fresh = [one for one in document["replays"] if one["file"] not in self.before]
        if document["live"]:
            text = self._ask(line, "GET", document["live"]["playlist"])[0].decode()
            last = [one for one in text.splitlines() if one and not one.startswith("#")][-1]
            self._ask(line, "HEAD", f"/hls/{last}")
        elif fresh:
            self._ask(line, "GET", fresh[0]["playlist"])
            size = self._ask(line, "HEAD", fresh[0]["url"])[1]
            if not self.ready:
                self.ready, self.size = now, size
        else:
            raise http.client.HTTPException(f"the state is {document['state']}, nothing can be played")

    def _ask(self, line: http.client.HTTPConnection, method: str, path: str) -> tuple[bytes, int]:
        line.request(method, path, headers={"Cookie": self.server.alice.cookie})
        answer = line.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"{path} was answered with {answer.status}")
        return body, int(answer.headers["Content-Length"] or 0)


@dataclass(frozen=True)
class Ended:
    """Seconds from the last frame to the replay, bytes of it, what somebody who looked on missed."""

    seconds: float
    size: int
    looks: int
    gaps: list[str]


def push(server: Variant, stream: str, seconds: int) -> Ended:
    """Push for so long, and look on from before the end until the replay can be played."""
    pattern = media.pattern(BUILD / "media", raw.LOOP_S, kbits=staged.KBITS)
    before = leave.recordings(server, stream)
    publisher = media.Publisher(server.publish_url(stream), pattern, seconds=seconds)
    try:
        while server.alice.get(f"/streams/{stream}.json").json()["state"] != "live":
            if not publisher.running:
                raise RuntimeError(f"{stream} was never live: {publisher.wait()}")
            time.sleep(EVERY_S)
        with Watching(server, stream, before) as watching:
            publisher.wait(seconds + 30)
            ended = time.time()
            watching.wait()
    finally:
        publisher.kill()
    return Ended(watching.ready - ended, watching.size, watching.looks, watching.gaps)


def grace(server: Variant) -> float:
    """The grace period, in s."""
    return float(json.loads(server.read("/etc/scrimbox/recorder.json"))["grace_seconds"])


def measure(server: Variant) -> Result:
    """Measure one length after the other; what was recorded is deleted at once."""
    found: dict[str, tuple[Ended, float]] = {}
    name, stream, seconds = PUSHED
    with leave.as_found(server, stream):
        minute = push(server, stream, seconds)
    copied = 0.0
    for length, stream, long in LONG:
        with leave.as_found(server, stream), staged.recording(server, stream, long, copied=copied) as recording:
            recording.give()
            copied = recording.copied
            found[length] = push(server, stream, TAIL_S), copied
    return result({name: (minute, copied), **found}, grace(server))


def result(found: dict[str, tuple[Ended, float]], grace_s: float) -> Result:
    """What came of it."""
    figures, points, limits = [], [], []
    for length, (ended, copied) in found.items():
        limit = grace_s + SPARE_S + ended.size / (copied / 2)
        what = f"{length} ({ended.size / 1e9:.2f} GB), last frame to replay, {grace_s:g} s of them grace"
        figures.append(Figure(what, "s", [ended.seconds], goals=[at_most(round(limit, 1))]))
        points.append((ended.size / 1e9, ended.seconds))
        limits.append((ended.size / 1e9, limit))
    gaps = [f"{length}: {gap}" for length, (ended, _) in found.items() for gap in ended.gaps]
    looks = sum(ended.looks for ended, _ in found.values())
    missing = [float(len(ended.gaps)) for ended, _ in found.values()]
    figures.append(
        Figure(f"moments of {looks:,} without anything to play", "", missing, goals=[at_most(0, "most")]),
    )
    speed = next(iter(found.values()))[1] / 1e6
    figures.append(Figure("`cp` and `sync` of the hour", "MB/s", [speed]))
    drawn = Curves("replay", "End of stream to replay", "GB", "s", {"replay": points, "goal": limits})
    return Result(figures, [drawn], [f"Nothing could be played: {'; '.join(gaps)}."] if gaps else [])
