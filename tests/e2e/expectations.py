"""What every engine's visits have to show."""

from __future__ import annotations

import statistics
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import media
from tests.e2e.browsers import Visit

BRIGHTNESS, CONTRAST = 40, 100
"""Least mean and range of the picture's levels, of 255: a black or a grey frame has neither."""
LATENCY = 4.0
"""From the publisher to the screen, in seconds, with a key frame each second and several browsers on two cores."""
RECOVERY = 15.0
"""Until the picture is back after the network is, in seconds."""
FREEZE, SAME_MOMENT = 100, 100
"""The longest still picture at the change, and how far the match may jump over it, in milliseconds."""
ON_LINK = 0.15
"""How far a copied link may be from the picture that it was copied at, in seconds."""


def assert_moves(first: dict[str, Any], second: dict[str, Any], seconds: float) -> None:
    """The picture went on between two looks, in the video's time and in what it shows."""
    for seen in (first, second):
        assert seen["size"] == [1280, 720]
        assert seen["brightness"] > BRIGHTNESS
        assert seen["contrast"] > CONTRAST
        assert not seen["paused"]
    advanced = second["time"] - first["time"]
    shown = (second["number"] - first["number"]) / media.FPS
    assert advanced == pytest.approx(seconds, abs=0.5 * seconds)
    assert shown == pytest.approx(advanced, abs=0.4)


def latency(samples: list[dict[str, Any]], publisher: media.Publisher) -> float:
    """How long the picture took from the publisher to the screen, in seconds."""
    return statistics.median(one["now"] - publisher.sent_at(one["number"]) for one in samples)


def assert_live(visit: Visit, publisher: media.Publisher) -> None:
    """The picture of the live stream goes on, and is not late."""
    seen = visit.wait_for("live", 90)
    assert seen["first"]["state"] == "live"
    assert_moves(seen["first"], seen["second"], 3)
    assert latency(seen["samples"], publisher) < LATENCY


def assert_looks_back(visit: Visit) -> None:
    """Who joined late saw what was ten seconds ago, was told so, and returned."""
    sought = visit.wait_for("seeked", 90)
    before, after, back = sought["before"], sought["after"], sought["back"]
    assert after["source"] == "hls"
    assert (after["number"] - before["number"]) / media.FPS == pytest.approx(3 - 10, abs=1.5)
    assert after["buttons"]["live"].startswith("−"), "the live button says how far behind the viewer is"
    assert back["number"] > before["number"]


def assert_mends(visit: Visit, publisher: media.Publisher) -> None:
    """The network was away until the picture stood still; then it was live again, without a reload."""
    seen = visit.wait_for("mended", 120)
    during = seen["during"]["number"]
    assert during is None or during - seen["before"]["number"] < 6 * media.FPS
    assert seen["took"] < RECOVERY
    assert seen["sameVisit"]
    assert seen["samples"][-1]["problem"] in {"", None}
    assert latency(seen["samples"], publisher) < LATENCY + 2


def wall_clock(copied: dict[str, Any]) -> float:
    """The moment that a copied link names, in epoch seconds."""
    moment = parse_qs(urlsplit(copied["address"]).query)["t"][0]
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def assert_no_seam(viewer: Visit) -> None:
    """The viewer saw the closed playlist as long as it played, then the replay, and no seam between them."""
    waiting = viewer.wait_for("waiting", 400)
    assert (waiting["still"]["state"], waiting["still"]["source"]) == ("replay", "dvr"), "not while playing"
    seen = viewer.wait_for("changed", 60)
    changed, controls = seen["changed"], seen["controls"]
    assert changed.get("blacks") == 0
    assert abs(changed["jump"]) <= SAME_MOMENT
    assert seen["after"]["door"] == "playlist"
    assert (controls["follows"], controls["paused"], controls["videos"]) == (True, False, 2)
    done = viewer.wait_for("done", 30)
    assert (done["violations"], done["errors"], done["challenges"], done["stuck"]) == ([], [], [], [])


def assert_no_freeze(viewer: Visit) -> None:
    """The picture stood still for 100 ms at most, or for as long as it does on this machine without a change."""
    changed = viewer.wait_for("changed", 400)["changed"]
    assert changed["freeze"] <= max(FREEZE, changed["usual"])


def assert_links_agree(viewer: Visit) -> None:
    """A link copied while live and one copied in the replay are on the same clock."""
    first, second = viewer.wait_for("copied", 60), viewer.wait_for("changed", 60)["copied"]
    shown = (second["number"] - first["number"]) / media.FPS
    assert wall_clock(second) - wall_clock(first) == pytest.approx(shown, abs=ON_LINK)
