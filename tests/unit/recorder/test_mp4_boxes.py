"""The boxes of a wrapped file, one by one, read by a parser of the tests' own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from mp4_yard import Node, Stream, audio, doors, init, parse, stsd, video, write
from scrimbox_recorder.mp4 import Wrapped, wrap


def wrapped(folder: Path, *streams: Stream) -> tuple[list[Node], bytes, Wrapped]:
    made = wrap([write(folder / "part.mp4", *streams)], folder / "made.mp4")
    data = (folder / "made.mp4").read_bytes()
    return parse(data), data, made


def trak(nodes: list[Node], kind: int = 0) -> Node:
    return nodes[1].all("trak")[kind]


def stbl(nodes: list[Node], kind: int = 0) -> Node:
    return trak(nodes, kind).one("mdia/minf/stbl")


def b_frames(start: int = 0) -> Stream:
    """I P B B with a decoding order of its own, and offsets below zero as negative_cts_offsets makes them."""
    gop = [(640, 90, True, 0), (640, 80, False, 1280), (640, 30, False, -640), (640, 31, False, -640)]
    return Stream("video", [gop] * 3, start=start)


def test_the_moov_lies_before_the_mdat_which_holds_init_segment_and_fragments_as_they_were(tmp_path: Path) -> None:
    nodes, data, made = wrapped(tmp_path, video(3), audio(3))
    assert [node.kind for node in nodes] == ["ftyp", "moov", "mdat"]
    part = (tmp_path / "part.mp4").read_bytes()
    assert nodes[2].body == part
    opening = init(video(3), audio(3))
    assert data[made.init.offset : made.init.offset + made.init.size] == opening


def test_ftyp_names_the_brand_of_negative_offsets(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, b_frames())
    assert nodes[0].body[:4] == b"isom"
    assert b"iso4" in nodes[0].body[8:]


def test_mvhd_and_tkhd_and_mdhd_tell_the_length(tmp_path: Path) -> None:
    nodes, _, made = wrapped(tmp_path, video(3), audio(2, start=48000 * 2))
    mvhd = nodes[1].one("mvhd").words()
    assert mvhd[4] / mvhd[3] == 4 == made.duration
    assert mvhd[-1] == 3
    assert trak(nodes).one("tkhd").words()[5] / mvhd[3] == 3
    assert trak(nodes, 1).one("tkhd").words()[5] / mvhd[3] == 4
    assert trak(nodes).one("mdia/mdhd").words()[3:5] == [16000, 48000]
    assert trak(nodes, 1).one("mdia/mdhd").words()[3:5] == [48000, 96000]


def test_tkhd_keeps_size_volume_and_flags(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, video(1), audio(1))
    assert trak(nodes).one("tkhd").words()[-2:] == [320 << 16, 180 << 16]
    assert trak(nodes, 1).one("tkhd").body[36:38] == b"\1\0"
    assert [node.one("tkhd").words()[0] for node in nodes[1].all("trak")] == [3, 3]


def test_hdlr_and_media_headers_and_sample_description_are_the_part_s_own(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, video(1), audio(1))
    source = parse((tmp_path / "part.mp4").read_bytes())
    for path in ("mdia/hdlr", "mdia/minf/dinf", "mdia/minf/stbl/stsd"):
        for kind in (0, 1):
            assert trak(nodes, kind).one(path).body == trak(source, kind).one(path).body
    assert trak(nodes).one("mdia/minf/vmhd").body == trak(source).one("mdia/minf/vmhd").body
    assert trak(nodes, 1).one("mdia/minf/smhd").body == trak(source, 1).one("mdia/minf/smhd").body


def test_stts_is_run_length_encoded_and_follows_the_times_of_the_fragments(tmp_path: Path) -> None:
    """The last sample of a fragment lasts until the next one begins, whatever its trun guessed."""
    frames = [[(640, 10, True, 0), (640, 10, False, 0), (9, 10, False, 0)], [(640, 10, True, 0)]]
    nodes, _, _ = wrapped(tmp_path, Stream("video", frames, gaps={1: 631}))
    assert stbl(nodes).one("stts").words()[1:] == [2, 3, 640, 1, 640]


def test_ctts_of_version_1_has_offsets_below_zero(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, b_frames())
    ctts = stbl(nodes).one("ctts")
    assert ctts.body[0] == 1
    assert ctts.words()[1:8] == [9, 1, 0, 1, 1280, 2, 2**32 - 640]


def test_ctts_is_left_out_where_frames_are_shown_in_the_order_of_decoding(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, video(1), audio(1))
    assert not stbl(nodes).all("ctts")
    assert not stbl(nodes, 1).all("ctts")


def test_stss_counts_key_frames_from_one_and_is_left_out_for_sound(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, video(3), audio(3))
    assert stbl(nodes).one("stss").words()[1:] == [3, 1, 26, 51]
    assert not stbl(nodes, 1).all("stss")


def test_stsz_holds_every_size(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, video(2), audio(2))
    assert stbl(nodes).one("stsz").words()[1:] == [0, 50, *[100 + number % 7 for number in range(25)] * 2]
    assert stbl(nodes, 1).one("stsz").words()[1:] == [0, 100, *[20] * 100]


def test_there_is_one_chunk_per_track_and_fragment(tmp_path: Path) -> None:
    short = Stream("video", [[(640, 10, True, 0)] * 25, [(640, 10, True, 0)] * 25, [(640, 10, True, 0)] * 5])
    nodes, data, _ = wrapped(tmp_path, short, audio(3))
    assert stbl(nodes).one("stsc").words()[1:] == [2, 1, 25, 1, 3, 5, 1]
    assert stbl(nodes, 1).one("stsc").words()[1:] == [1, 1, 50, 1]
    for kind, mark in ((0, b"\1"), (1, b"\2")):
        places = stbl(nodes, kind).one("stco").words()[2:]
        assert len(places) == 3
        assert all(data[place : place + 50] == mark * 50 for place in places)


def test_no_edit_list_where_all_begins_at_zero(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, video(1), audio(1))
    assert not trak(nodes).all("edts")
    assert not trak(nodes, 1).all("edts")


def test_elst_delays_a_track_that_begins_later(tmp_path: Path) -> None:
    nodes, _, _ = wrapped(tmp_path, video(2, start=336), audio(2))
    timescale = nodes[1].one("mvhd").words()[3]
    edits = trak(nodes).one("edts/elst").words()[1:]
    assert edits == [2, 336 * timescale // 16000, 2**32 - 1, 0x10000, 2 * timescale, 0, 0x10000]
    assert not trak(nodes, 1).all("edts")


@pytest.mark.parametrize(("late", "timescale"), [(0, 16000), (1, 48000)])
def test_an_empty_edit_is_as_long_in_the_track_s_timescale_as_in_the_movie_s(
    tmp_path: Path, late: int, timescale: int
) -> None:
    """Firefox mixes the two up."""
    starts = [0, 0]
    starts[late] = 336
    nodes, _, _ = wrapped(tmp_path, video(2, start=starts[0]), audio(2, start=starts[1]))
    assert nodes[1].one("mvhd").words()[3] == trak(nodes, late).one("mdia/mdhd").words()[3] == timescale
    assert trak(nodes, late).one("edts/elst").words()[2] == 336


def test_a_part_that_begins_late_begins_at_zero(tmp_path: Path) -> None:
    wrapped(tmp_path, video(2, start=16336), audio(2, start=48000))
    made = wrap([tmp_path / "part.mp4"], tmp_path / "made.mp4")
    through, _ = doors(tmp_path / "made.mp4", made)
    assert through["audio"][0].shown == 0
    assert through["video"][0].shown == Fraction(336, 16000)


@pytest.mark.parametrize(
    "offsets",
    [(0, 1280, -640, -640), (1280, 2560, 640, 640), (640, 1920, 0, 0), (0, 640, -1280, 640)],
    ids=["negative", "positive", "zero", "shown before the first"],
)
@pytest.mark.parametrize("start", [0, 336, 16000])
def test_both_doors_show_every_frame_at_the_same_time(tmp_path: Path, offsets: list[int], start: int) -> None:
    gop = [(640, 90, number == 0, offset) for number, offset in enumerate(offsets)]
    sound = Stream("audio", [[(1024, 20, True, 0)] * 8] * 3, timescale=44100)
    path = write(tmp_path / "part.mp4", Stream("video", [gop] * 3, start=start), sound)
    made = wrap([path], tmp_path / "made.mp4")
    through, streamed = doors(tmp_path / "made.mp4", made)
    assert through == streamed
    first = min(sample.shown for samples in through.values() for sample in samples)
    assert made.spans[0].offset == pytest.approx(float(first), abs=1e-4)
    assert max(made.spans[0].offset, float(first)) == pytest.approx(0, abs=0.081)


def test_a_second_run_of_samples_in_a_fragment_is_a_chunk_of_its_own(tmp_path: Path) -> None:
    part = write(tmp_path / "part.mp4", Stream("video", [[(640, 10, True, 0), (640, 11, False, 0)]]))
    data = part.read_bytes()
    opening = init(video(1))
    (moof,) = [node for node in parse(data) if node.kind == "moof"]
    one = (moof.end - moof.start).to_bytes(4, "big")
    trun = moof.one("traf/trun")
    # Each of the two samples in a trun of its own: a header more, so everything lies 20 bytes later.
    entry, size = trun.body[12:], len(trun.body) + 8
    runs = b"".join(
        (36).to_bytes(4, "big")
        + b"trun"
        + trun.body[:4]
        + (1).to_bytes(4, "big")
        + (int.from_bytes(one, "big") + 20 + 8 + at).to_bytes(4, "big")
        + entry[16 * index : 16 * index + 16]
        for index, at in ((0, 0), (1, 10))
    )
    traf = moof.one("traf")
    before = data[traf.start + 8 : trun.start]
    inner = (traf.end - traf.start - size + len(runs)).to_bytes(4, "big") + b"traf" + before + runs
    head = data[moof.start + 8 : traf.start]
    whole = (8 + len(head) + len(inner)).to_bytes(4, "big") + b"moof" + head + inner
    part.write_bytes(opening[: moof.start] + whole + data[moof.end :])
    made = wrap([part], tmp_path / "made.mp4")
    through, streamed = doors(tmp_path / "made.mp4", made)
    assert through == streamed
    assert [sample.size for sample in through["video"]] == [10, 11]
    assert stbl(parse((tmp_path / "made.mp4").read_bytes())).one("stsc").words()[1:] == [1, 1, 1, 1]


def test_the_sample_description_may_be_any_codec(tmp_path: Path) -> None:
    described = Stream("audio", [[(960, 20, True, 0)] * 50], timescale=48000, description=stsd("audio", 96000))
    nodes, _, _ = wrapped(tmp_path, described)
    assert stbl(nodes).one("stsd").body == stsd("audio", 96000)[8:]
