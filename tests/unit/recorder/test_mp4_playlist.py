"""The byte-range playlist (RFC 8216)."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrimbox_recorder.mp4 import Range, Segment, Span, Wrapped, playlist

WRAPPED = Wrapped(
    12.1,
    (Span(0, 7.0), Span(7.0, 5.1)),
    Range(2000, 700),
    (
        Segment(2700, 1000, 1.0, 0),
        Segment(3700, 2000, 2.000021, 0),
        Segment(5700, 4000, 3.999979, 0),
        Segment(9700, 1000, 1.0, 1),
        Segment(10700, 4000, 4.1, 1),
    ),
)


def test_a_playlist_says_where_everything_is() -> None:
    assert playlist(WRAPPED, "cup-20261122T190000Z.mp4", [1e9, 1e9 + 100.0256]).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-TARGETDURATION:5",
        '#EXT-X-MAP:URI="cup-20261122T190000Z.mp4",BYTERANGE="700@2000"',
        "#EXT-X-PROGRAM-DATE-TIME:2001-09-09T01:46:40.000Z",
        *("#EXTINF:1.000000,", "#EXT-X-BYTERANGE:1000@2700", "cup-20261122T190000Z.mp4"),
        *("#EXTINF:2.000021,", "#EXT-X-BYTERANGE:2000@3700", "cup-20261122T190000Z.mp4"),
        *("#EXTINF:3.999979,", "#EXT-X-BYTERANGE:4000@5700", "cup-20261122T190000Z.mp4"),
        "#EXT-X-PROGRAM-DATE-TIME:2001-09-09T01:48:20.026Z",
        *("#EXTINF:1.000000,", "#EXT-X-BYTERANGE:1000@9700", "cup-20261122T190000Z.mp4"),
        *("#EXTINF:4.100000,", "#EXT-X-BYTERANGE:4000@10700", "cup-20261122T190000Z.mp4"),
        "#EXT-X-ENDLIST",
    ]


@pytest.mark.parametrize(("epoch", "date"), [(0, "1970-01-01T00:00:00.000Z"), (1.9996, "1970-01-01T00:00:02.000Z")])
def test_dates_are_utc_and_rounded_to_milliseconds(epoch: float, date: str) -> None:
    assert f"#EXT-X-PROGRAM-DATE-TIME:{date}" in playlist(WRAPPED, "x.mp4", [epoch, epoch])


def test_no_segment_is_longer_than_the_target_duration() -> None:
    exact = Wrapped(4.0, (Span(0, 4.0),), Range(0, 1), (Segment(1, 1, 4.0, 0),))
    assert "#EXT-X-TARGETDURATION:4" in playlist(exact, "x.mp4", [0])


def test_the_package_needs_nothing_else_of_the_recorder() -> None:
    """It can be taken elsewhere as it is."""
    folder = Path(__file__).parents[3] / "roles/recorder/files/scrimbox_recorder/mp4"
    for module in folder.glob("*.py"):
        assert "from .." not in module.read_text(encoding="utf-8")
