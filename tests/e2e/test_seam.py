"""Nobody notices when the replay takes the place of what was live."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests import media
from tests.e2e import browsers
from tests.e2e.conftest import STREAM, Ended, Live, when_quiet
from tests.e2e.expectations import assert_links_agree, assert_no_freeze, assert_no_seam
from tests.site import Site

UNSEEN = 0.5
"""How far the match may jump while nobody sees it, in seconds: a tab in the background counts in full seconds."""


def watcher(name: str, site: Site, *, by: str, browser: str, stream: str = STREAM) -> browsers.Visit:
    """A viewer who looks back into the session when it ends."""
    assert site.login is not None
    url = f"{site.url}/player?id={stream}"
    return browsers.Visit(name, "seam.mjs", browser=browser, url=url, login=site.login, by=by)


def test_a_moment_of_what_is_live_has_a_link(live: Live, carol_looks_back: browsers.Visit) -> None:
    assert f"id={STREAM}&t=" in carol_looks_back.wait_for("copied", 60)["address"]
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
    viewer = watcher("carol", alice, by="seek", browser="chromium")
    yield viewer
    viewer.close()


@pytest.fixture(scope="module")
def erin_looks_back(alice: Site, alice_cookie: Site, push: Callable[..., media.Publisher]) -> Iterator[browsers.Visit]:
    """Firefox before a short stream, with nobody else on the machine: two cores draw one browser smoothly, not four."""
    browsers.require("firefox")
    browsers.install()
    when_quiet(alice_cookie, "charlie")
    publisher = push("charlie", seconds=40)
    viewer = watcher("erin", alice, stream="charlie", by="pause", browser="firefox")
    yield viewer
    viewer.close()
    publisher.kill()


def test_in_firefox_too_a_moment_has_a_link(erin_looks_back: browsers.Visit) -> None:
    assert "id=charlie&t=" in erin_looks_back.wait_for("copied", 60)["address"]


def test_firefox_sees_no_seam_either(erin_looks_back: browsers.Visit) -> None:
    assert_no_seam(erin_looks_back)
    assert_links_agree(erin_looks_back)


@pytest.mark.slow
@pytest.mark.parametrize("viewer", ["carol_looks_back", "erin_looks_back"])
def test_the_picture_does_not_stand_still_when_the_replay_takes_over(
    ended: Ended, viewer: str, request: pytest.FixtureRequest
) -> None:
    assert ended.document["state"] == "replay"
    assert_no_freeze(request.getfixturevalue(viewer))


@pytest.fixture(scope="module")
def elsewhere(
    alice: Site, alice_cookie: Site, push: Callable[..., media.Publisher]
) -> Iterator[dict[str, browsers.Visit]]:
    """Two who do not look at the page when the replay of a short stream is there."""
    browsers.install()
    when_quiet(alice_cookie, "charlie")
    publisher = push("charlie", seconds=50)
    viewers = {
        by: watcher(f"seam-{by}", alice, stream="charlie", by=by, browser="chromium") for by in ("tab", "window")
    }
    yield viewers
    for viewer in viewers.values():
        viewer.close()
    publisher.kill()


@pytest.mark.slow
def test_who_looks_at_another_tab_comes_back_to_the_replay_where_the_match_has_got_to(
    elsewhere: dict[str, browsers.Visit],
) -> None:
    changed = elsewhere["tab"].wait_for("changed", 400)["changed"]
    assert changed["hidden"]
    assert abs(changed["drift"]) <= UNSEEN


@pytest.mark.slow
def test_a_picture_in_a_window_of_its_own_stays_there(elsewhere: dict[str, browsers.Visit]) -> None:
    assert_no_seam(elsewhere["window"])
    assert_no_freeze(elsewhere["window"])
    assert elsewhere["window"].wait_for("changed", 1)["controls"]["window"] == "raised"
