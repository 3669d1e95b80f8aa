"""Every state of the pages, on a desktop and on a phone: accessible, nothing too small, nothing overlapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests import media
from tests.e2e import browsers
from tests.e2e.conftest import when_quiet
from tests.site import Site

if TYPE_CHECKING:
    from testinfra.host import Host

STREAM = "charlie"
SIZES = ("desktop", "phone")
STATES = {
    "live": ("live", "hls", ""),
    "dvr": ("live", "hls", ""),
    "interrupted": ("interrupted", "hls", ""),
    "processing": ("processing", "dvr", ""),
    "ready": ("replay", "dvr", ""),
    "replay": ("replay", "mp4", ""),
    "ended": ("replay", "mp4", ""),
    "again": ("live", "mp4", ""),
    "connection": ("live", "mp4", "connection"),
    "login": ("live", "mp4", "login"),
}
"""What is shown in each: the stream's state, what plays, and what is wrong."""
HOMES = ("empty", "full", "login")
OPENED = ("preview", "speeds", "sheet", "link")

Seen = dict[str, dict[str, Any]]


def all_say(viewers: list[browsers.Visit], event: str, seconds: float) -> None:
    """Wait until every viewer has come so far."""
    for viewer in viewers:
        viewer.wait_for(event, seconds)


def evening(
    viewers: list[browsers.Visit], push: Callable[..., media.Publisher], server: Host
) -> Iterator[media.Publisher]:
    """Make one state after the other, whenever all have seen the last; yields what is pushed."""
    all_say(viewers, "waiting", 90)
    publisher = push(STREAM)
    yield publisher
    all_say(viewers, "behind", 120)
    # A short session would be a replay before anybody has seen it being made.
    server.check_output("systemctl stop scrimbox-finalizer")
    publisher.stop()
    all_say(viewers, "processing", 120)
    server.check_output("systemctl start scrimbox-finalizer")
    all_say(viewers, "ended", 120)
    yield push(STREAM)
    all_say(viewers, "done", 180)


@pytest.fixture(scope="module")
def seen(
    server: Host, alice: Site, alice_cookie: Site, push: Callable[..., media.Publisher]
) -> Iterator[dict[str, Seen]]:
    """What two viewers saw, by size and state."""
    browsers.install()
    when_quiet(alice_cookie, STREAM)
    about = {"url": f"{alice.url}/player?id={STREAM}", "cookie": alice_cookie.cookie.split("=", 1)}
    viewers = [browsers.Visit(f"state-{size}", "states.mjs", size=size, **about) for size in SIZES]
    pushed: list[media.Publisher] = []
    try:
        for publisher in evening(viewers, push, server):
            pushed.append(publisher)
        yield {
            size: {one["name"]: one for one in viewer.all_of("seen")}
            | {name: viewer.wait_for(name, 1) for name in ("resumed", "done")}
            for size, viewer in zip(SIZES, viewers, strict=True)
        }
    finally:
        server.run("systemctl start scrimbox-finalizer")
        for viewer in viewers:
            viewer.close()
        for publisher in pushed:
            publisher.kill()


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_in_each_state_the_page_is_accessible_and_nothing_overlaps(
    seen: dict[str, Seen], size: str, state: str
) -> None:
    found = seen[size][state]
    assert (found["state"], found["source"], found["problem"]) == STATES[state]
    assert (found["faults"], found["small"], found["overlaps"]) == ([], [], [])


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("home", HOMES)
def test_whatever_the_home_page_lists_it_is_accessible_and_nothing_overlaps(
    seen: dict[str, Seen], size: str, home: str
) -> None:
    found = seen[size][f"home-{home}"]
    assert (found["faults"], found["small"], found["overlaps"], found["moves"]) == ([], [], [], [])


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("where", ["live", "replay"])
@pytest.mark.parametrize("opened", OPENED)
def test_with_each_menu_open_the_page_is_accessible_and_nothing_overlaps(
    seen: dict[str, Seen], size: str, where: str, opened: str
) -> None:
    found = seen[size][f"{where}-{opened}"]
    assert (found["faults"], found["small"], found["overlaps"]) == ([], [], [])


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_no_control_moves_by_itself_from_one_state_to_the_next(seen: dict[str, Seen], size: str) -> None:
    moved = {name: one["moves"] for name, one in seen[size].items() if one.get("moves")}
    assert moved == {}
    done = seen[size]["done"]
    assert (done["violations"], done["errors"]) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_who_comes_back_to_a_replay_is_told_where_it_goes_on(seen: dict[str, Seen], size: str) -> None:
    assert seen[size]["resumed"]["hint"] == "Going on at 0:15"
