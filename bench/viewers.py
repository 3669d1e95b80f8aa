"""How many viewers there may be until a segment is late.

Two streams of 6 Mbit/s are pushed, and ever more viewers come: for each, h2load asks for the next segment and the
playlist every second, and for the state document every two; up to a hundred are behind one address. The first segment
that takes longer than the second that it lasts, or is answered by an error, ends the count: so many viewers had come
when it was asked for. nginx has a fifth of one core and the viewers, who cost as much as it does, the other core: for
the server's own web service as for what stands beside it, the same binary, serving the same folders with `sendfile on`
and nothing else. The runs take turns.
The ways in differ: by the cookie that follows a password, by a personal link's cookie, by the network, or by a password
with every request. The last is for programs that keep no cookie, and is compared with a bare nginx that asks for the
same passwords as well: browsers keep theirs, and so did ffmpeg, mpv and VLC, which sent a password once.

What is simpler than life: the streams are minutes old, so that their playlists are short; five viewers share a
connection for playlists and state documents; and no question is asked that "unchanged" would answer.

At last web may use all cores, and is given far more to do than it can, by viewers who send a password with every
request. Meanwhile a third stream is pushed: its replay is compared picture by picture with what was sent, and its
segments tell by their names when they began.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bench import bare, crowd, leave, processes
from bench.crowd import Crowd, Door, Request, Stream
from bench.figures import Curves, Figure, Result, at_least, at_most, p95
from tests import media
from tests.conftest import BUILD
from tests.faults.camera import Camera
from tests.faults.evidence import document, fetch
from tests.site import Site, basic
from tests.variants import Variant

LIMITS = """\
A playlist of 3 kB costs web 21 µs of processor and a state document 20, where the bare nginx spends 14 on each;
a segment of 750 kB costs both about 180. Sampled, the difference is spread thin: the tables that decide who is let in
and what is said to a browser (7 % of a playlist's time), the unit's filter of system calls (3 %), thirteen headers and
two limits. What was found on the way and is mended: the policy for pages, 1.6 kB, went out with every answer and took a
packet of its own; what is asked for every second was compressed each time; and a compressed copy was looked for that is
never there. A password with every request costs its hash, the bare nginx as well."""
WATCHED, WITNESS = ("fault-after", "fault-burst"), "fault-cut"
KBITS, PATTERN_S = 6000, 60
LISTED_S = 12
"""Seconds of the streams that are listed before the first viewer comes."""
SERVER_CORE, VIEWERS_CORE = 0, 1
SEGMENT_S = 1.0
BASE, MOST = 0.5, 2.0
"""A run begins with so many viewers and ends with so many, of those that are expected to be served."""
SHARE = "CPUQuota=20%"
"""What nginx has of its core."""
REQUESTS = 2.5
"""What a viewer asks for each second."""
JOINING_S, CLIMBING_S = 2.0, 9.0
RUNS = {"bare": 3, "cookie": 3, "link": 2, "network": 2}
RELOAD_S = 1.0
STEP = 100
"""Viewers to a point of the plot."""
QUIET_S, SATURATED_S, TOO_MANY = 8.0, 12.0, 1000
CADENCE_S = 1.25
"""Segments of a second that begin at most so far apart are heard of in time by players a segment behind."""
BARE_PORT = 8099
BARE = f"""worker_processes auto;
events {{ worker_connections 3072; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    types {{ video/mp2t ts; application/vnd.apple.mpegurl m3u8; application/json json; }}
    server {{ listen {BARE_PORT}; root /srv; }}
}}
"""
BARE_WITH_PASSWORDS = BARE.replace("root", "auth_basic bench; auth_basic_user_file /etc/scrimbox/web/viewers; root")
WEB, WEB_CONFIGURATION = "scrimbox-web", "/etc/scrimbox/web/nginx.conf"
BY_NETWORK = ("geo $by_network {", "geo $by_network { 127.0.0.0/8 1;")


@dataclass(frozen=True)
class Run:
    """What one run found.

    Args:
        viewers: how many had come when the first segment was late.
        late: whether one was.
        segments: how many were delivered.
        processor: seconds that nginx used.
        crowd: what the viewers used, share of their core.
        refused: answers other than 200 and what was not answered.
    """

    viewers: int
    late: bool
    segments: int
    processor: float
    crowd: float
    refused: int
    times: list[tuple[float, float]] = field(repr=False)
    """What 95 of 100 segments took at most (ms), by the viewers who had come."""

    @property
    def per_thousand(self) -> float:
        """Processor time of nginx in ms for a thousand segments, with the playlists and states that belong to them."""
        return self.processor * 1e6 / self.segments


def is_late(one: Request) -> bool:
    """Whether a viewer's picture stands still for it."""
    return one.took > SEGMENT_S or one.status != HTTPStatus.OK


def times(asked: Sequence[Request], present: Callable[[float], int]) -> list[tuple[float, float]]:
    """What 95 of 100 segments took at most (ms), by the viewers who had come."""
    found = defaultdict(list)
    for one in asked:
        found[present(one.at) // STEP * STEP].append(one.took * 1000)
    return [(viewers, p95(ms)) for viewers, ms in sorted(found.items())]


class Hall:
    """The server with its streams, and room for the notes of crowds."""

    def __init__(self, server: Variant, streams: Sequence[Stream]) -> None:
        """What is watched in all runs."""
        self._server, self._streams = server, streams

    @contextlib.contextmanager
    def crowd(self, door: Door) -> Iterator[Crowd]:
        """A crowd before a door; it goes in the end."""
        with tempfile.TemporaryDirectory() as folder:
            crowd = Crowd(self._server, door, self._streams, Path(folder), VIEWERS_CORE)
            try:
                yield crowd
            finally:
                crowd.leave()

    def fastest(self, door: Door, server: Sequence[int]) -> float:
        """How many segments a second there are for those who ask as fast as they get, in two seconds."""
        with self.crowd(door) as people, crowd.pinned(server, SERVER_CORE):
            return people.fastest(2)

    def run(self, door: Door, server: Sequence[int], expected: float) -> Run:
        """Let ever more viewers come, until a segment is late.

        Args:
            door: how they come in.
            server: nginx's processes.
            expected: how many are likely to be served.
        """
        with self.crowd(door) as people, crowd.pinned(server, SERVER_CORE):
            used, began = processes.seconds(server), time.monotonic()
            people.come(round(BASE * expected), JOINING_S, round(JOINING_S + CLIMBING_S) + 3)
            time.sleep(JOINING_S)
            people.come(round((MOST - BASE) * expected), CLIMBING_S, round(CLIMBING_S) + 3)
            time.sleep(CLIMBING_S)
            used = processes.seconds(server) - used
            own = processes.seconds(people.processes) / (time.monotonic() - began)
            people.leave()
            asked, others = people.requests("pictures"), people.requests("lists")
            late = next(filter(is_late, asked), None)
            good = [one for one in asked if one.status == HTTPStatus.OK]
            refused = sum(one.status != HTTPStatus.OK for one in itertools.chain(asked, others))
            viewers = people.present(late.at if late else time.time())
            return Run(viewers, late is not None, len(good), used, own, refused, times(good, people.present))


@contextlib.contextmanager
def live(server: Variant, streams: Sequence[str]) -> Iterator[list[Stream]]:
    """Push streams for as long as they are needed, and say what is listed after some seconds."""
    pattern = media.pattern(BUILD / "media", PATTERN_S, scale=2, kbits=KBITS)
    address = server.inner_rtmp_address
    cameras = [Camera(address, server.publish_name(stream), pattern, loop=True) for stream in streams]
    try:
        time.sleep(LISTED_S)
        yield [Stream(stream, listed(server, stream)) for stream in streams]
    finally:
        for camera in cameras:
            camera.stop()


def listed(server: Variant, stream: str) -> tuple[str, ...]:
    """The segments in a stream's playlist."""
    return tuple(re.findall(r"^(.+\.ts)$", server.read(f"/srv/hls/{stream}.m3u8").decode(), re.MULTILINE))


@contextlib.contextmanager
def restricted(server: Variant) -> Iterator[None]:
    """Let the web service use its share alone; afterwards all again."""
    server.check(f"systemctl set-property --runtime {WEB} {SHARE}")
    try:
        yield
    finally:
        server.check(f"rm -r /run/systemd/system.control/{WEB}.service.d && systemctl daemon-reload")


@contextlib.contextmanager
def open_to_the_network(server: Variant) -> Iterator[None]:
    """Let this machine's own addresses in, as `scrimbox_access_networks` would; afterwards as before."""
    kept = "/root/bench-web.conf"
    edit = "s|{}|{}|".format(*BY_NETWORK)
    server.check(f"cp -p {WEB_CONFIGURATION} {kept} && sed -i '{edit}' {WEB_CONFIGURATION} && systemctl reload {WEB}")
    try:
        time.sleep(RELOAD_S)
        yield
    finally:
        server.check(f"cat {kept} > {WEB_CONFIGURATION} && rm {kept} && systemctl reload {WEB}")
        time.sleep(RELOAD_S)


def begins(segments: Sequence[str]) -> list[float]:
    """When segments began, in epoch seconds, as their names say."""
    return [int(name.removesuffix(".ts").rpartition("-")[2]) / 1000 for name in segments]


def cadence(segments: Sequence[str], since: float) -> tuple[list[float], list[float]]:
    """Seconds from each segment's beginning to the next one's: of those that ended before a moment, and of the others.

    >>> cadence(["a-1000.ts", "a-2000.ts", "a-3500.ts"], 2.5)
    ([1.0], [1.5])
    """
    pairs = list(itertools.pairwise(begins(segments)))
    return [b - a for a, b in pairs if b < since], [b - a for a, b in pairs if b >= since]


@dataclass(frozen=True)
class Saturated:
    """What a publisher's stream came to while web had more to do than it could.

    Args:
        pushed: what was sent.
        quiet: seconds from a segment's beginning to the next one's, without viewers.
        busy: the same with them.
        late: share of the viewers' segments that were.
        processor: what web used, in cores.
    """

    pushed: media.Pushed
    quiet: list[float]
    busy: list[float]
    late: float
    processor: float


def saturate(hall: Hall, server: Variant, door: Door) -> Saturated:
    """Push a stream, and after some seconds let in more viewers than can be served."""
    host, port = server.inner_rtmp_address
    pattern = media.pattern(BUILD / "media", PATTERN_S, scale=2, kbits=KBITS)
    web = processes.of_unit(server, WEB)
    witness = media.Publisher(f"rtmp://{host}:{port}/live/{server.publish_name(WITNESS)}", pattern)
    try:
        time.sleep(QUIET_S)
        with hall.crowd(door) as people:
            since, used = time.time(), processes.seconds(web)
            people.come(TOO_MANY, JOINING_S, round(SATURATED_S) + 3)
            time.sleep(SATURATED_S)
            used = (processes.seconds(web) - used) / (time.time() - since)
            quiet, busy = cadence(listed(server, WITNESS), since)
            people.leave()
            asked = people.requests("pictures")
    finally:
        pushed = witness.stop()
    return Saturated(pushed, quiet, busy, sum(map(is_late, asked)) / max(len(asked), 1), used)


def lost(server: Variant, pushed: media.Pushed) -> int:
    """How many pictures are not in the replay."""
    leave.wait_quiet(server, WITNESS)
    newest = max(document(server, WITNESS)["replays"], key=lambda entry: entry["started"])
    return pushed.frames - len(set(fetch(server, newest).numbers))


def doors(server: Variant) -> dict[str, Door]:
    """All ways in."""
    nobody, credentials = Site(server.alice.host, server.alice.port), server.credentials
    link = nobody.get(f"/in?token={credentials.viewer_tokens['bob']}").cookie
    password = f"authorization: {basic('bob', credentials.viewer_passwords['bob'])}"
    return {
        "bare": Door("bare nginx", BARE_PORT),
        "cookie": Door("by the cookie after a password", 80, (f"cookie: {server.alice.cookie}",)),
        "link": Door("by a personal link's cookie", 80, (f"cookie: {link}",)),
        "network": Door("by their network", 80),
        "bare password": Door("bare nginx with the same passwords", BARE_PORT, (password,)),
        "password": Door("by a password with every request", 80, (password,)),
    }


def compare(hall: Hall, server: Variant) -> dict[str, list[Run]]:
    """All runs: those without a hash in turns, then those with one."""
    found: dict[str, list[Run]] = defaultdict(list)
    ways = doors(server)

    def ours() -> list[int]:
        return processes.of_unit(server, WEB)

    with bare.nginx(server, "scrimbox-web", BARE, SHARE) as plain:
        expected = hall.fastest(ways["bare"], plain)
        for turn in range(max(RUNS.values())):
            for name in (name for name, runs in RUNS.items() if turn < runs):
                if name == "network":
                    with open_to_the_network(server):
                        found[name].append(hall.run(ways[name], ours(), expected))
                else:
                    found[name].append(hall.run(ways[name], plain if name == "bare" else ours(), expected))
    with bare.nginx(server, "scrimbox-web", BARE_WITH_PASSWORDS, SHARE) as plain:
        name = "bare password"
        expected = hall.fastest(ways[name], plain) / REQUESTS
        found[name].append(hall.run(ways[name], plain, expected))
        found["password"].append(hall.run(ways["password"], ours(), expected))
    return found


def figures(runs: dict[str, list[Run]], names: dict[str, str]) -> list[Figure]:
    """How many viewers, and what they cost, by the way in."""
    found = []

    def pair(name: str, other: str, **more: Any) -> None:
        beside = names[other]
        ours, theirs = runs[name], runs[other]
        counts, costs = [one.viewers for one in ours], [one.per_thousand for one in ours]
        found.append(
            Figure(f"viewers, {names[name]}", "", counts, beside=(beside, [one.viewers for one in theirs]), **more)
        )
        what = f"nginx's processor for 1,000 segments, {names[name]}"
        found.append(Figure(what, "ms", costs, beside=(beside, [one.per_thousand for one in theirs])))

    for name in ("cookie", "link", "network", "password"):
        pair(name, "bare", goals=[at_least(0.9, "ratio")])
    pair("password", "bare password")
    busy = [one.crowd * 100 for name in RUNS for one in runs[name]]
    return [*found, Figure("the viewers' own processor", "% of their core", busy)]


def result(runs: dict[str, list[Run]], names: dict[str, str], witness: Saturated, missing: int) -> Result:
    """All figures, the plot, and what a reader has to know of these runs."""
    found = figures(runs, names)
    found += [
        Figure("pictures lost while web is saturated", "", [missing], goals=[at_most(0, "most")]),
        Figure(
            "from a segment's beginning to the next one's while web is saturated",
            "s",
            witness.busy,
            beside=("without viewers", witness.quiet),
            goals=[at_most(CADENCE_S, "most")],
        ),
    ]
    lines = {names[name]: runs[name][-1].times for name in ("bare", "cookie", "network", "password")}
    curve = Curves("viewers-late", "How long a segment takes", "viewers", "ms, 95 of 100 segments", lines)
    remarks = [
        f"While web was saturated, it used {witness.processor:.1f} cores, {witness.late:.0%} of the segments that it "
        f"delivered were late, and {witness.pushed.frames} pictures were sent to it."
    ]
    for name, ones in runs.items():
        if not all(one.late for one in ones):
            # A ratio of two such counts would say 1 and mean nothing.
            remarks.append(f"{names[name]}: a run ended with everybody served in time, so that its count is too low.")
    return Result(found, [curve], remarks)


def measure(server: Variant) -> Result:
    """All ways in, then a witness of what a web service that cannot keep up does to a publisher."""
    crowd.ensure()
    with leave.as_found(server, *WATCHED, WITNESS):
        with live(server, WATCHED) as streams:
            hall, ways = Hall(server, streams), doors(server)
            with restricted(server):
                runs = compare(hall, server)
            witness = saturate(hall, server, ways["password"])
        missing = lost(server, witness.pushed)
    return result(runs, {name: door.name for name, door in ways.items()}, witness, missing)
