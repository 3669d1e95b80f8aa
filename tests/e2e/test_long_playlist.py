"""A long playlist travels compressed, and when it has been read once, only its two ends do."""

from __future__ import annotations

import contextlib
import gzip
from typing import TYPE_CHECKING

import pytest

from tests.e2e import browsers
from tests.site import Site

if TYPE_CHECKING:
    from testinfra.host import Host

STREAM = "fault-mute"
PATH = f"/srv/hls/{STREAM}.m3u8"
ENTRIES, FIRST_S = 14_400, 1_795_398_949
LITTLE = 2048
"""Bytes that the two ends, with what stands around them, are less than."""


def put(server: Host, first: int) -> None:
    """Have a playlist of four hours lie on the server, as ingest writes it, from this segment on."""
    head = rf"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-TARGETDURATION:1\n"
    entry = rf"#EXTINF:1.000,\n{STREAM}-%d%03d.ts\n"
    names = f"""seq {first} {first + ENTRIES - 1} | awk '{{printf "{entry}", {FIRST_S} + $1, $1 * 7919 % 13}}'"""
    server.run_expect([0], f"{{ printf '{head}'; {names}; }} > {PATH}.new && mv {PATH}.new {PATH}")


@pytest.mark.parametrize("browser", browsers.ENGINES)
def test_a_browser_that_has_read_four_hours_fetches_little_to_know_of_the_next_segment(
    server: Host, alice: Site, browser: str
) -> None:
    browsers.install()
    browsers.require(browser)
    put(server, 99)
    plan = {"url": alice.url, "login": alice.login, "path": f"/hls/{STREAM}.m3u8"}
    try:
        with contextlib.closing(browsers.Visit(f"ends-{browser}", "ends.mjs", browser=browser, **plan)) as visit:
            read = visit.wait_for("read", 60)
            packed = alice.get(f"/hls/{STREAM}.m3u8", {"Accept-Encoding": "gzip"})
            put(server, 100)
            grown = visit.wait_for("grown", 30)
        after = server.file(PATH).content_string
    finally:
        server.run(f"rm -f {PATH}")
    assert (read["status"], read["encoding"]) == (200, "gzip")
    assert read["bytes"] > 100 * LITTLE
    assert gzip.decompress(packed.body).startswith(b"#EXTM3U")
    assert "Accept-Encoding" in packed.headers.get_all("Vary", [])
    assert grown["status"] == 206
    assert grown["bytes"] < LITTLE
    assert grown["text"] == after
