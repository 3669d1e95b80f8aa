"""Parts of one session on one timeline."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from mp4_yard import Sample, Stream, audio, doors, parse, stsd, video, write
from scrimbox_recorder.mp4 import FRAGMENTED, Mp4Error, Wrapped, read_back, wrap


def joined(folder: Path, *parts: tuple[Stream, ...]) -> tuple[Wrapped, dict[str, list[Sample]]]:
    paths = [write(folder / f"part{number}.mp4", *streams, fill=10 * number) for number, streams in enumerate(parts)]
    made = wrap(paths, folder / "made.mp4")
    through, streamed = doors(folder / "made.mp4", made)
    assert through == streamed
    return made, through


def lead(samples: dict[str, list[Sample]], video_frame: int, audio_frame: int) -> Fraction:
    """By how much the picture is behind the sound."""
    return samples["video"][video_frame].shown - samples["audio"][audio_frame].shown


@pytest.mark.parametrize(
    ("start", "later"), [((0, 0), (0, 0)), ((336, 0), (0, 1440)), ((0, 24000), (8000, 0)), ((-192, 480), (-16, 0))]
)
def test_sound_and_picture_keep_their_distance_before_and_after_a_joint(
    tmp_path: Path, start: tuple[int, int], later: tuple[int, int]
) -> None:
    one = (video(3, start=start[0]), audio(3, start=start[1]))
    two = (video(2, start=later[0]), audio(2, start=later[1]))
    made, samples = joined(tmp_path, one, two)
    assert lead(samples, 0, 0) == lead(samples, 74, 148) == Fraction(start[0], 16000) - Fraction(start[1], 48000)
    assert lead(samples, 75, 150) == lead(samples, 124, 248) == Fraction(later[0], 16000) - Fraction(later[1], 48000)
    second = min(samples["video"][75].shown, samples["audio"][150].shown)
    ended = max(samples["video"][74].shown + Fraction(1, 25), samples["audio"][149].shown + Fraction(1, 50))
    assert second == ended
    assert made.spans[1].offset == pytest.approx(float(second))
    assert made.spans[0].duration == pytest.approx(float(second))
    assert made.duration == pytest.approx(sum(span.duration for span in made.spans))


def test_at_44100_hz_the_distance_is_kept_to_a_tick(tmp_path: Path) -> None:
    sound = Stream("audio", [[(1024, 20, True, 0)] * 43] * 3, timescale=44100)
    parts = [(video(3), sound)] * 3
    _, samples = joined(tmp_path, *parts)
    for part in range(3):
        assert abs(lead(samples, 75 * part, 129 * part)) <= Fraction(1, 16000)


def test_joined_fragments_are_numbered_in_order_and_their_samples_are_untouched(tmp_path: Path) -> None:
    made, samples = joined(tmp_path, (video(2), audio(2)), (video(3), audio(3)), (video(1), audio(1)))
    data = (tmp_path / "made.mp4").read_bytes()
    nodes = parse(data, made.init.offset + made.init.size)
    assert [node.one("mfhd").words()[1] for node in nodes if node.kind == "moof"] == [1, 2, 3, 4, 5, 6]
    marks = [data[sample.offset] for sample in samples["video"]]
    assert marks == [1] * 50 + [11] * 75 + [21] * 25
    decoded = [sample.decoded for sample in samples["audio"]]
    assert decoded == sorted(set(decoded))
    read_back(tmp_path / "made.mp4")


def test_times_of_32_bits_are_written_with_64(tmp_path: Path) -> None:
    one, two = (video(2, wide=False), audio(2)), (video(2, wide=False), audio(2, wide=False))
    made, samples = joined(tmp_path, one, two)
    assert made.duration == 4
    assert lead(samples, 50, 100) == 0
    data = (tmp_path / "made.mp4").read_bytes()
    assert {data[sample.offset] for sample in samples["video"]} == {1, 11}
    read_back(tmp_path / "made.mp4")


def test_a_timeline_longer_than_32_bits_is_exact(tmp_path: Path) -> None:
    """74 hours at 16 kHz are 2^32 ticks; the gap stands for what lies between."""
    long = Stream("video", [[(640, 10, True, 0)] * 25] * 2, gaps={1: 2**32 - 32000})
    made, samples = joined(tmp_path, (long,), (video(2, wide=False),))
    assert samples["video"][50].decoded == Fraction(2**32, 16000)
    assert made.duration == pytest.approx(2**32 / 16000 + 2)


def test_picture_that_is_decoded_before_it_is_shown_never_overlaps_the_part_before(tmp_path: Path) -> None:
    """Without negative_cts_offsets decoding begins before the first frame is shown."""
    gop = [(640, 10, number == 0, 1280) for number in range(25)]
    late = Stream("video", [gop] * 2)
    _, samples = joined(tmp_path, (late,), (late,), (late,))
    decoded = [sample.decoded for sample in samples["video"]]
    assert decoded == sorted(set(decoded))


def test_a_part_ends_with_the_presentation_of_its_last_frame_not_with_its_decoding(tmp_path: Path) -> None:
    gop = [(640, 10, True, 0), (640, 10, False, 1280), (640, 10, False, -640), (1000, 10, False, -640)]
    part = (Stream("video", [gop]),)
    made, samples = joined(tmp_path, part, part)
    assert made.spans[0].duration == pytest.approx(2560 / 16000)
    # Decoding goes on in order all the same, by a tick if need be.
    decoded = [sample.decoded for sample in samples["video"]]
    assert decoded == sorted(set(decoded))


def test_bit_rates_in_the_sample_description_may_differ(tmp_path: Path) -> None:
    quiet = Stream("audio", [[(960, 20, True, 0)] * 50], timescale=48000, description=stsd("audio", 64000))
    made, _ = joined(tmp_path, (video(1), audio(1)), (video(1), quiet))
    assert made.duration == 2


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ((video(1, description=stsd("video", width=640)), audio(1)), "its video is not described as in part0"),
        ((video(1, timescale=15360), audio(1)), "its video is not described"),
        ((video(1),), "its tracks are not those of part0"),
        ((audio(1), video(1)), "is not described"),
        ((video(1), Stream("audio", [[]], timescale=48000)), "it has no audio, though its moov promises some"),
    ],
    ids=["size", "timescale", "no sound", "order", "sound promised"],
)
def test_what_cannot_be_joined_is_refused_by_name(tmp_path: Path, other: tuple[Stream, ...], reason: str) -> None:
    with pytest.raises(Mp4Error, match=f"part1.mp4: .*{reason}"):
        joined(tmp_path, (video(1), audio(1)), other)


def test_segments_begin_with_a_key_frame_and_never_cross_a_joint(tmp_path: Path) -> None:
    made, samples = joined(tmp_path, (video(9), audio(9)), (video(4), audio(4)))
    keys = {sample.shown for sample in samples["video"] if sample.sync}
    position = Fraction(0)
    for segment in made.segments:
        assert position in keys
        position += Fraction(segment.duration)
    assert position == 13
    assert [(segment.part, segment.duration) for segment in made.segments] == [
        *[(0, 1), (0, 2), (0, 2), (0, 2), (0, 2)],
        *[(1, 1), (1, 3)],
    ]


def test_a_segment_never_begins_between_key_frames(tmp_path: Path) -> None:
    """A fragment is cut after a time, key frame or not."""
    inner = [(640, 10, False, 0)] * 25
    keyed = [(640, 10, True, 0), *inner[1:]]
    made, _ = joined(tmp_path, (Stream("video", [keyed, inner, inner, inner, keyed, inner, keyed, inner]),))
    assert [segment.duration for segment in made.segments] == [4, 2, 2]


def test_sound_before_the_first_picture_is_part_of_the_first_segment(tmp_path: Path) -> None:
    picture = Stream("video", [[], *video(3).fragments], start=16000)
    made, _ = joined(tmp_path, (picture, audio(4)))
    assert [segment.duration for segment in made.segments] == [4] or made.segments[0].duration >= 2


def test_sound_alone_makes_segments_too(tmp_path: Path) -> None:
    made, _ = joined(tmp_path, (audio(5),))
    assert [segment.duration for segment in made.segments] == [1, 2, 2]


def test_the_options_for_ffmpeg_are_pairs_of_names_and_values() -> None:
    assert [name for name in FRAGMENTED[::2] if not name.startswith("-")] == []
    assert "frag_discont" in FRAGMENTED[1]
