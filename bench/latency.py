"""How far behind the publisher the picture is: the converged server, a real push, one Chromium.

Usage: python -m bench.latency [SECONDS]
The publisher's clock is known to a fifth of a second (`media.Publisher.sent_at`); key frames come every second.
"""

from __future__ import annotations

import contextlib
import statistics
import sys

from tests import media
from tests.conftest import BUILD, published, read_credentials
from tests.e2e import browsers

STREAM = "delta"
SECONDS = 120
SETTLING = 10
"""Seconds after opening that are told apart: who joins begins up to a segment further behind, and catches up."""


def measure(seconds: int) -> tuple[list[float], int]:
    """Seconds from the publisher to the screen, twice a second, and how often the picture stood still."""
    host, port = published(80)
    credentials = read_credentials()
    rtmp = "{}:{}".format(*published(1935))
    pattern = media.pattern(BUILD / "media", seconds + 60)
    publisher = media.Publisher(f"rtmp://{rtmp}/live/{STREAM}?key={credentials.publish_keys[STREAM]}", pattern)
    url = f"http://{host}:{port}/player?id={STREAM}"
    login = ("alice", credentials.viewer_passwords["alice"])
    plan = {"url": url, "login": login, "seconds": seconds}
    with contextlib.closing(browsers.Visit("latency", "../../../bench/latency.mjs", **plan)) as visit:
        done = visit.wait_for("done", seconds + 90)
        samples = visit.all_of("sample")
    publisher.kill()
    return [one["now"] - publisher.sent_at(one["number"]) for one in samples if one["number"]], done["stalls"]


def row(name: str, found: list[float]) -> str:
    """Median, 95th percentile, least and most, in s."""
    p95 = statistics.quantiles(found, n=20)[-1]
    return f"{name:<24} {statistics.median(found):6.2f} {p95:6.2f} {min(found):6.2f} {max(found):6.2f}  ({len(found)})"


def main() -> None:
    """Command-line entry."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    browsers.install()
    found, stalls = measure(seconds)
    print(f"{'s behind the publisher':<24} median    p95  least   most  (samples)")
    print(row(f"the first {SETTLING} s", found[: 2 * SETTLING]))
    print(row("after that", found[2 * SETTLING :]))
    print(f"the picture stood still {stalls} times")


if __name__ == "__main__":
    main()
