"""What a long live stream costs those who watch it: every viewer fetches its playlist again with every segment.

The server's part: playlists as ingest writes them, of ten minutes to twelve hours, lie where it writes them and are
fetched as the player does over one connection: the first time whole and compressed, then the two ends of it, or the
whole again where it is short. The names of their segments are moments to a millisecond, uneven as those of real pushes
over loopback were. Counted are the bytes that come and the processor time of the web service. The browser's part:
Chromium watches a stream of one-second segments that has been live for so long, from a small server of the bench (it
has the real player, and real segments of 720p with 6 Mbit/s for every second of the window): processor time of all the
browser's processes, the picture's decoding included, which software does here, and the memory of the page after a
collection of garbage. Then the viewer of the four hours looks back to random places; a seek lasts until the picture of
that place, which its number proves, is on the screen.
"""

from __future__ import annotations

import contextlib
import http
import http.client
import random
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from bench import endless, processes
from bench.figures import Curves, Figure, Result, at_most
from tests.conftest import BUILD
from tests.e2e import browsers
from tests.variants import File, Variant
from tools import build_player
from tools.container import LOOPBACK

LIMITS = """The first read brings all that can be seen: 3.5 bytes of a segment when it is compressed, 43 before."""

LENGTHS = {"10 min": 600, "1 h": 3600, "4 h": 4 * 3600, "12 h": 12 * 3600}
LOOKED_BACK = "4 h"
SEGMENTS_S = (1, 2)
LIMITS_KB = {1: 40, 2: 22}
"""For LOOKED_BACK, by the length of segments."""
SEEK_LIMIT_S = 0.5
STREAM = "fault-mute"
JITTER_MS = (*[0] * 63, *[-1] * 10, *[1] * 8, *(2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 7, 8, 9, 13, 20, 32, 47))
"""By what the names of a hundred segments, the moments in which they began to arrive, are off an even pace: as found
in 326 segments of pushes over loopback."""
BATCHES, FETCHES = 5, 20
WHOLE = {"Accept-Encoding": "gzip"}
LONG, ENDS = 8192, {"Range": "bytes=0-383,-1024"}
"""How many bytes make a playlist long, and what the player asks for then (player/site/assets/playlist-ranges.js)."""
KBITS = 6000
WATCH_S, WATCHES, SETTLE_S, SEEKS = 5, 3, 1.5, 20
SEED = 8


def playlist(seconds: int, segment_s: int) -> str:
    """A playlist as ingest writes it, its window full, its last segment of now."""
    chance = random.Random(SEED)
    count = seconds // segment_s
    first = int(time.time() * 1000) - seconds * 1000
    head = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:{count}\n#EXT-X-TARGETDURATION:{segment_s}\n"
    lines = (
        f"#EXTINF:{segment_s:.3f},\n{STREAM}-{first + number * segment_s * 1000 + chance.choice(JITTER_MS)}.ts\n"
        for number in range(count)
    )
    return head + "".join(lines)


@contextlib.contextmanager
def listed(server: Variant, text: str) -> Iterator[None]:
    """Have a playlist lie on the server."""
    path = f"/srv/hls/{STREAM}.m3u8"
    server.write(path, File(text))
    try:
        yield
    finally:
        server.check(f"rm -f {path}")


def fetch(server: Variant, asked: Mapping[str, str], wanted: http.HTTPStatus) -> tuple[int, list[float]]:
    """Fetch the playlist again and again; the body's bytes as they came, and milliseconds of the web service for each.

    Raises:
        RuntimeError: it was not delivered as wanted.
    """
    web = processes.of_unit(server, "scrimbox-web")
    connection = http.client.HTTPConnection(LOOPBACK, server.ports[80], timeout=10)
    size, spent = 0, []
    with contextlib.closing(connection):
        for _ in range(BATCHES):
            before = processes.seconds(web)
            for _ in range(FETCHES):
                headers = {"Cookie": server.alice.cookie, **asked}
                connection.request("GET", f"/hls/{STREAM}.m3u8", headers=headers)
                answer = connection.getresponse()
                size = len(answer.read())
                if answer.status != wanted:
                    raise RuntimeError(f"the playlist came with {answer.status}, {dict(answer.headers)}")
            spent.append((processes.seconds(web) - before) / FETCHES * 1000)
    return size, spent


def serve_playlists(server: Variant) -> list[Figure]:
    """What the server delivers, and what that costs it."""
    out = []
    for segment_s in SEGMENTS_S:
        for length, seconds in LENGTHS.items():
            text = playlist(seconds, segment_s)
            goals = [at_most(LIMITS_KB[segment_s])] if length == LOOKED_BACK else []
            what = f"{length} of {segment_s} s segments"
            with listed(server, text):
                whole, for_whole = fetch(server, WHOLE, http.HTTPStatus.OK)
                reload, for_reload = whole, for_whole
                if len(text) >= LONG:
                    reload, for_reload = fetch(server, ENDS, http.HTTPStatus.PARTIAL_CONTENT)
            out.append(Figure(f"{what}, a reload's bytes", "kB", [reload / 1000], goals=goals))
            out.append(Figure(f"{what}, the web service's processor time for it", "ms", for_reload))
            out.append(Figure(f"{what}, the first read's bytes", "kB", [whole / 1000]))
            out.append(Figure(f"{what}, the web service's processor time for that", "ms", for_whole))
    return out


@contextlib.contextmanager
def long_streams() -> Iterator[dict[str, str]]:
    """Streams that have been live for so long: the address of the player by length."""
    build_player.build()
    segments = endless.encode(BUILD / "media", KBITS, scale=20)
    with contextlib.ExitStack() as closing:
        urls = {}
        for length, seconds in LENGTHS.items():
            web = endless.serve(endless.Endless(segments, seconds))
            closing.callback(web.server_close)
            closing.callback(web.shutdown)
            threading.Thread(target=web.serve_forever, daemon=True).start()
            urls[length] = f"http://127.0.0.1:{web.server_port}/player?id={endless.STREAM}"
        yield urls


def watch(urls: dict[str, str]) -> tuple[dict[str, list[float]], dict[str, float], list[float]]:
    """Percent of a core and MB by length, and seconds of seeks."""
    chance = random.Random(SEED)
    shares = [chance.uniform(0, 0.98) for _ in range(SEEKS)]
    visits = [{"name": name, "url": url, "seeks": shares if name == LOOKED_BACK else []} for name, url in urls.items()]
    plan: dict[str, Any] = {"visits": visits, "seconds": WATCH_S, "runs": WATCHES, "settle": SETTLE_S}
    with contextlib.closing(browsers.Visit("dvr", "../../../bench/dvr.mjs", **plan)) as visit:
        visit.wait_for("done", 60 + len(visits) * (30 + WATCH_S * WATCHES) + SEEKS * 10)
        cores: dict[str, list[float]] = defaultdict(list)
        for event in visit.all_of("watched"):
            cores[event["name"]].append(event["cpu"] * 100)
        held = {event["name"]: event["mb"] for event in visit.all_of("held")}
        return cores, held, [event["seconds"] for event in visit.all_of("seeked")]


def measure(server: Variant) -> Result:
    """Measure the server's part, then the browser's."""
    browsers.install()
    figures = serve_playlists(server)
    with long_streams() as urls:
        cores, held, seeks = watch(urls)
    shortest, *longer = LENGTHS
    figures.append(Figure(f"Chromium, live for {shortest}", "% of a core", cores[shortest]))
    for length in longer:
        beside = (f"live for {shortest}", cores[shortest])
        figures.append(Figure(f"Chromium, live for {length}", "% of a core", cores[length], beside=beside))
    figures += [Figure(f"page's memory, live for {length}", "MB", [mb]) for length, mb in held.items()]
    goals = [at_most(SEEK_LIMIT_S, "p95")]
    figures.append(Figure(f"seek to anywhere in {LOOKED_BACK}", "s", seeks, goals=goals))
    return Result(figures, [curves(cores)])


def curves(cores: dict[str, list[float]]) -> Curves:
    """The browser's processor time by the stream's length."""
    points = [(LENGTHS[length] / 3600, statistics.median(runs)) for length, runs in cores.items()]
    return Curves("dvr", "Watching live", "hours that are listed", "% of a core", {"Chromium": points})
