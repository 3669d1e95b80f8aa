"""A viewer in a real browser who opens the link once and stays on the page from live to replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests import media
from tests.e2e import browsers
from tests.e2e.conftest import Ended, Live, when_quiet
from tests.e2e.expectations import assert_live, assert_looks_back, assert_mends, assert_moves
from tests.site import Site

OTHER_SECONDS = 60
"""How long Firefox's stream lasts: it joins some seconds late, looks back eleven, loses the network for eight."""


def assert_course(viewer: browsers.Visit, publisher: media.Publisher) -> None:
    """Everything that one viewer reported is as it should be."""
    assert_live(viewer, publisher)
    assert_looks_back(viewer)
    assert_mends(viewer, publisher)
    ended = viewer.wait_for("replay", 120)
    assert ended["arrived"]["source"] == "mp4"
    assert ended["first"]["state"] == "replay"
    assert ended["first"]["door"] == "playlist"
    assert_moves(ended["first"], ended["second"], 2)
    done = viewer.wait_for("done", 30)
    assert done["violations"] == []
    assert done["errors"] == []
    assert done["challenges"] == []
    assert done["stuck"] == []


def test_the_page_opens_and_plays_live(live: Live) -> None:
    assert live.watching.wait_for("opened", 30)["status"] == 200
    assert_live(live.watching, live.publisher)


def test_seeking_back_ten_seconds_shows_what_was_ten_seconds_ago(live: Live) -> None:
    assert_looks_back(live.watching)


def test_after_a_loss_of_the_network_live_is_live_again(live: Live) -> None:
    assert_mends(live.watching, live.publisher)


def test_the_viewer_stays_from_live_to_replay_and_never_meets_an_error(live: Live, ended: Ended) -> None:
    assert ended.viewer["event"] == "replay"
    assert_course(live.watching, live.publisher)
    course = ended.viewer["course"]
    assert [seen["source"] for seen in course if seen["source"] == "none"] == []
    assert [seen["problem"] for seen in course if seen["problem"]] == []


@dataclass(frozen=True)
class Elsewhere:
    """Another browser before a stream of its own."""

    viewer: browsers.Visit
    publisher: media.Publisher


@pytest.fixture(scope="session")
def dora(live: Live, alice: Site, alice_cookie: Site, push: Callable[..., media.Publisher]) -> Iterator[Elsewhere]:
    """Firefox before a short stream, which begins and ends while the evening's is live."""
    browsers.require("firefox")
    assert alice.login is not None
    assert live.publisher.running
    when_quiet(alice_cookie, "bravo")
    publisher = push("bravo", seconds=OTHER_SECONDS)
    viewer = browsers.viewer("dora", f"{alice.url}/player?id=bravo", alice.login, until="replay", browser="firefox")
    yield Elsewhere(viewer, publisher)
    viewer.close()
    publisher.kill()


def test_firefox_plays_live_too(dora: Elsewhere) -> None:
    assert dora.viewer.wait_for("opened", 30)["status"] == 200
    assert_live(dora.viewer, dora.publisher)


def test_in_firefox_too_the_viewer_stays_from_live_to_replay(ended: Ended, dora: Elsewhere) -> None:
    assert ended.document["state"] == "replay"
    assert_course(dora.viewer, dora.publisher)
