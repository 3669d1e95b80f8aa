"""Nobody notices when the replay takes the place of what was live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import media
from tests.e2e import browsers
from tests.e2e.conftest import STREAM, Ended, Live, when_quiet
from tests.site import Site

FREEZE, SAME_MOMENT = 100, 100
"""The longest still picture at the change, and how far the match may jump over it, in milliseconds."""
ON_LINK = 0.15
"""How far a copied link may be from the picture that it was copied at, in seconds."""


def watcher(name: str, site: Site, stream: str, *, by: str, browser: str) -> browsers.Visit:
    """A viewer who looks back into the session when it ends."""
    assert site.login is not None
    url = f"{site.url}/player?id={stream}"
    return browsers.Visit(name, "seam.mjs", browser=browser, url=url, login=site.login, by=by)


def wall_clock(copied: dict[str, str]) -> float:
    """The moment that a copied link names, in epoch seconds."""
    moment = parse_qs(urlsplit(copied["address"]).query)["t"][0]
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def assert_no_seam(viewer: browsers.Visit) -> None:
    """The viewer saw the closed playlist as long as it played, then the replay, and no seam between them."""
    waiting = viewer.wait_for("waiting", 400)
    assert (waiting["still"]["state"], waiting["still"]["source"]) == ("replay", "dvr"), "not while playing"
    seen = viewer.wait_for("changed", 60)
    changed, controls = seen["changed"], seen["controls"]
    assert changed.get("blacks") == 0
    # A busy machine draws nothing for a while by itself: the change adds nothing to that.
    assert changed["freeze"] <= max(FREEZE, changed["usual"])
    assert abs(changed["jump"]) <= SAME_MOMENT
    assert seen["after"]["door"] == "playlist"
    assert controls == {"follows": True, "paused": False, "videos": 2}
    done = viewer.wait_for("done", 30)
    assert (done["violations"], done["errors"], done["challenges"], done["stuck"]) == ([], [], [], [])


def assert_links_agree(viewer: browsers.Visit) -> None:
    """A link copied while live and one copied in the replay are on the same clock."""
    first, second = viewer.wait_for("live", 60)["copied"], viewer.wait_for("changed", 60)["copied"]
    shown = (second["number"] - first["number"]) / media.FPS
    assert wall_clock(second) - wall_clock(first) == pytest.approx(shown, abs=ON_LINK)


def test_a_moment_of_what_is_live_has_a_link(live: Live, carol_looks_back: browsers.Visit) -> None:
    assert f"id={STREAM}&t=" in carol_looks_back.wait_for("live", 60)["copied"]["address"]
    assert live.publisher.running


def test_the_replay_takes_over_without_a_seam(live: Live, carol_looks_back: browsers.Visit, ended: Ended) -> None:
    assert ended.document["state"] == "replay"
    assert live.course.states[-1] == "replay"
    assert_no_seam(carol_looks_back)
    assert_links_agree(carol_looks_back)


@pytest.fixture(scope="session")
def carol_looks_back(live: Live, alice: Site) -> Iterator[browsers.Visit]:
    """A second browser of Alice's before the evening's stream, opened while it is live."""
    assert live.publisher.running
    viewer = watcher("carol", alice, STREAM, by="seek", browser="chromium")
    yield viewer
    viewer.close()


@pytest.fixture
def firefox_looks_back(
    alice: Site, alice_cookie: Site, push: Callable[..., media.Publisher]
) -> Iterator[browsers.Visit]:
    """Firefox before a stream of its own."""
    browsers.install()
    when_quiet(alice_cookie, "bravo")
    publisher = push("bravo", seconds=45)
    viewer = watcher("firefox-seam", alice, "bravo", by="pause", browser="firefox")
    yield viewer
    viewer.close()
    publisher.kill()


@pytest.mark.slow
def test_firefox_sees_no_seam_either(firefox_looks_back: browsers.Visit) -> None:
    assert_no_seam(firefox_looks_back)
    assert_links_agree(firefox_looks_back)
