"""The engines that only `make test-all` drives: WebKitGTK and Electron, from live to the replay on one link."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import m3u8
import pytest

from tests import media
from tests.e2e import browsers, displays
from tests.e2e.conftest import when_quiet
from tests.e2e.expectations import (
    assert_links_agree,
    assert_live,
    assert_looks_back,
    assert_mends,
    assert_no_freeze,
    assert_no_seam,
)
from tests.site import Site

BEHIND = 25
"""How many seconds the viewers pause before the stream ends: the replay is made in less than that and ten more."""
LATE = 12
"""How many seconds of the stream there are when the viewers join."""
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("engine", displays.PLANS)]


@dataclass(frozen=True)
class Evening:
    """One stream, and a viewer in each engine."""

    publisher: media.Publisher
    viewers: dict[str, browsers.Visit]


@pytest.fixture(scope="module")
def evening(
    alice: Site,
    alice_cookie: Site,
    push: Callable[..., media.Publisher],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Evening]:
    """The viewers join late, look back, lose the network, and look back when the stream ends."""
    browsers.install()
    when_quiet(alice_cookie, "charlie")
    publisher = push("charlie")
    deadline = time.monotonic() + 3 * LATE
    while len(m3u8.loads(alice_cookie.get("/hls/charlie.m3u8").text).segments) < LATE:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    environment = {"XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config"))}
    url = f"{alice.url}/player?id=charlie"
    viewers = {
        engine: browsers.Visit(
            engine,
            "seam.mjs",
            browser=engine,
            environment=environment,
            url=url,
            login=alice.login,
            by="pause",
            thorough=True,
        )
        for engine in displays.PLANS
    }
    yield Evening(publisher, viewers)
    for viewer in viewers.values():
        viewer.close()
    publisher.kill()


def test_a_late_joiner_watches_live(evening: Evening, engine: str) -> None:
    assert_live(evening.viewers[engine], evening.publisher)


def test_ten_seconds_back_is_what_was_ten_seconds_ago(evening: Evening, engine: str) -> None:
    assert_looks_back(evening.viewers[engine])


def test_after_a_loss_of_the_network_live_is_live_again(evening: Evening, engine: str) -> None:
    assert_mends(evening.viewers[engine], evening.publisher)


@pytest.fixture(scope="module")
def over(evening: Evening) -> Evening:
    """The stream ends when everybody has seen what there is while it is live."""
    for viewer in evening.viewers.values():
        # Who has failed says so in tests of its own, and keeps nobody waiting.
        with contextlib.suppress(AssertionError):
            viewer.wait_for("copied", 180)
    time.sleep(BEHIND)
    evening.publisher.stop()
    return evening


def test_the_replay_takes_over_without_a_seam(over: Evening, engine: str) -> None:
    assert_no_seam(over.viewers[engine])
    assert_no_freeze(over.viewers[engine])
    assert_links_agree(over.viewers[engine])
