"""How long somebody who opens a link looks at a page without a picture.

Chromium opens the player with a login and with nothing in its cache, each time in a profile of its own, and notes
when the video shows its first picture, counted from the start of the navigation. So it comes to a stream that is
live, 6 Mbit/s with key frames every second, and to replays of a minute, an hour and three hours, in turn, over the
loopback interface and over a link of 20 Mbit/s on which every request takes 30 ms longer (Chromium's own emulation).
The server has made the replays of long raw recordings, with a key frame every second, as a real evening has them.
They have fewer bits per picture than OBS sends, the same in all three: it is their length that is compared.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench import leave, raw
from bench.figures import Figure, Result, at_most
from tests import media
from tests.conftest import BUILD
from tests.e2e import browsers
from tests.faults.camera import Camera
from tests.variants import Variant

LIMITS = """\
What the browser says of each visit: on loopback the page's scripts take a third of the time, and what follows the
playlist (Media Source, hls.js's worker, the first segment, the decoder) half. Over the link the scripts take more
than half of a replay's time: 243 kB in some 45 files over six connections, since modules are served as they are
written. State document, playlist and first segment follow one another, as each is named by the one before; of what
is live at 6 Mbit/s, a segment of one second alone takes 0.3 s at 20 Mbit/s. The length of a replay adds only to its
playlist, tens of kilobytes for three hours."""

RUNS = int(os.environ.get("SCRIMBOX_BENCH_RUNS", "7"))
LIVE = "delta"
REPLAYS = {"1 min": ("fault-spare", 60), "1 h": ("fault-rate", 3600), "3 h": ("fault-sound", 3 * 3600)}
"""Stream and seconds of each replay."""
REPLAY_KBITS = 500
LIVE_KBITS = 6000
LINKS: dict[str, dict[str, float] | None] = {
    "loopback": None,
    "20 Mbit/s and 30 ms": {"latency": 30, "bytes": 20e6 / 8},
}
PATIENCE_S = 120

Shown = dict[str, list[dict[str, Any]]]
"""By what was opened: the stages of the way to the first picture, in ms from the start of the navigation."""


def open_pages(server: Variant, addresses: dict[str, str], link: str) -> Shown:
    """Open addresses of the site in turn, several times each.

    Args:
        server: what is measured.
        addresses: behind the site's own, by the name of what is there.
        link: which of LINKS.
    """
    plan: dict[str, Any] = {
        "cookie": server.alice.cookie.split("=", 1),
        "visits": [{"name": name, "url": server.alice.url + address} for name, address in addresses.items()],
        "runs": RUNS,
        "link": LINKS[link],
    }
    with contextlib.closing(browsers.Visit("first-frame", "../../../bench/first_frame.mjs", **plan)) as visit:
        visit.wait_for("done", RUNS * len(addresses) * 30)
        found: Shown = defaultdict(list)
        for event in visit.all_of("shown"):
            found[event["name"]].append(event)
        return found


def open_live(server: Variant) -> dict[str, Shown]:
    """Open what is live over every link."""
    pattern = media.pattern(BUILD / "media", raw.LOOP_S, kbits=LIVE_KBITS)
    with leave.as_found(server, LIVE), contextlib.ExitStack() as closing:
        camera = Camera(server.rtmp_address, server.publish_name(LIVE), pattern, loop=True)
        closing.callback(camera.stop)
        camera.wait_sent(10 * media.FPS)
        return {link: open_pages(server, {"live": f"/player?id={LIVE}"}, link) for link in LINKS}


def wait_pictures(server: Variant, stream: str) -> None:
    """Wait until poster and thumbnails of a replay are drawn, so that nothing else goes on.

    Raises:
        TimeoutError: they are not after two minutes.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not server.alice.get(f"/streams/{stream}.json").json()["replays"][0]["thumbnails"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the replay of {stream} has no thumbnails")
        time.sleep(0.5)


def open_replays(server: Variant) -> dict[str, Shown]:
    """Open replays of several lengths over every link."""
    pattern = media.pattern(BUILD / "media", raw.LOOP_S, kbits=REPLAY_KBITS)
    streams = {name: stream for name, (stream, _) in REPLAYS.items()}
    with leave.as_found(server, *streams.values()):
        with ThreadPoolExecutor(len(REPLAYS)) as pool:
            for made in [
                pool.submit(raw.long_replay, server, stream, seconds, pattern) for stream, seconds in REPLAYS.values()
            ]:
                made.result()
        for stream in streams.values():
            wait_pictures(server, stream)
        addresses = {name: f"/player?id={stream}" for name, stream in streams.items()}
        return {link: open_pages(server, addresses, link) for link in LINKS}


def seconds_to(stage: str, visits: list[dict[str, Any]]) -> list[float]:
    """Seconds to a stage, of each visit."""
    return [visit[stage] / 1000 for visit in visits]


def figures(live: dict[str, Shown], replays: dict[str, Shown]) -> list[Figure]:
    """What came of it."""
    shortest, *longer = REPLAYS
    out = []
    for link, slow in LINKS.items():
        goals = [] if slow else [at_most(1.0)]
        out.append(Figure(f"live, {link}", "s", seconds_to("picture", live[link]["live"]), goals=goals))
    for link in LINKS:
        least = seconds_to("picture", replays[link][shortest])
        out.append(Figure(f"replay of {shortest}, {link}", "s", least))
        for name in longer:
            runs = seconds_to("picture", replays[link][name])
            goals = [at_most(1.25, "ratio")] if name == longer[-1] else []
            beside = (f"replay of {shortest}", least)
            out.append(Figure(f"replay of {name}, {link}", "s", runs, beside=beside, goals=goals))
    return out


def measure(server: Variant) -> Result:
    """Measure live first, then the replays, which take a while to be made."""
    browsers.install()
    live = open_live(server)
    replays = open_replays(server)
    return Result(figures(live, replays))
