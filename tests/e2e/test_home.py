"""The home page in a real browser, after an evening: what it lists and how it is searched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import browsers
from tests.e2e.conftest import STREAM, Ended
from tests.site import Site

Seen = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=browsers.ENGINES)
def home(ended: Ended, alice: Site, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """What the page showed, searched and not, with what is on the server and with a thousand replays."""
    browsers.require(request.param)
    assert ended.document["replays"]
    name = f"home-{request.param}"
    visit = browsers.Visit(name, "home.mjs", browser=request.param, url=alice.url, login=alice.login, stream=STREAM)
    try:
        visit.wait_for("done", 90)
        yield {name: visit.wait_for(name, 1) for name in ("shown", "searched", "many", "done")}
    finally:
        visit.close()


def test_each_replay_is_a_card_with_its_link_poster_length_and_download(home: Seen, ended: Ended) -> None:
    replay = ended.document["replays"][0]
    link = f"/player?id={STREAM}&rec={replay['file']}"
    (card,) = [card for card in home["shown"]["cards"] if card["href"] == link]
    assert card["title"] == replay["title"]
    assert card["poster"]
    assert min(card["poster"]) > 0
    assert re.fullmatch(r"\d+:\d\d", card["length"])
    assert re.search(r"(?i)deleted|pinned|^$", card["facts"][1])
    address, name = card["download"]
    assert address == replay["url"]
    assert re.fullmatch(r"[^/:]+ \d{4}-\d\d-\d\d \d\d-\d\d\.mp4", name)


def test_the_address_says_what_is_searched_and_the_back_button_takes_it_back(home: Seen) -> None:
    searched = home["searched"]
    assert searched["found"]["query"] == f"?q={STREAM}"
    assert searched["found"]["cards"]
    assert searched["nothing"]["query"] == f"?q={STREAM}+nowhere"
    assert searched["nothing"]["cards"] == []
    assert "No recording is like that" in searched["nothing"]["empty"]
    assert searched["narrowed"]["query"] == f"?q={STREAM}+nowhere&stream={STREAM}"
    assert searched["back"]["query"] == searched["nothing"]["query"]
    assert searched["back"]["searched"] == searched["nothing"]["searched"]
    assert searched["all"]["query"] == ""
    assert len(searched["all"]["cards"]) == len(home["shown"]["cards"])


def test_a_thousand_replays_are_searched_while_one_types(home: Seen) -> None:
    assert home["many"]["shown"]["count"] == "1,000 in all"
    timed = home["many"]["timed"]
    assert [found["count"].split()[0] for found in timed] == ["1,000", "1,000", "19", "10"]
    assert max(found["took"] for found in timed) < 500, timed


def test_nothing_moves_while_the_page_fills_and_no_policy_is_violated(home: Seen) -> None:
    assert home["shown"]["shift"] < 0.01
    assert home["many"]["shown"]["shift"] < 0.01
    done = home["done"]
    assert (done["violations"], done["errors"], done["failures"], done["stuck"]) == ([], [], [], [])
