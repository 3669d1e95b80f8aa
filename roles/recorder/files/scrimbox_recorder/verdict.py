"""Whether an MP4 holds what its raw recordings hold, and which parts may be joined. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .flv import Contents
from .media import Probe
from .mp4 import ReadBack

SECONDS_SLACK = 1.0
"""Seconds by which durations may differ: an FLV does not say how long its last frame is shown."""


def shortfall(parts: Sequence[Contents], made: ReadBack) -> str:
    """Say what of its recordings an MP4 lacks, as it was read back; empty if every byte of every frame is there."""
    for kind in ("video", "audio"):
        track = made.tracks.get(kind)
        expected = [part.video_frames if kind == "video" else part.audio_frames for part in parts]
        found = track.frames if track else 0
        if found != sum(expected):
            return f"the MP4 has {found} of {sum(expected)} {kind} frames"
        digests = [part.video_digest if kind == "video" else part.audio_digest for part in parts]
        if track and list(track.digests) != digests:
            return f"the MP4's {kind} frames are not those of the recording"
    seconds = sum(part.seconds for part in parts)
    if abs(seconds - made.duration) > SECONDS_SLACK * len(parts):
        return f"the MP4 lasts {made.duration:.3f} s, the recording {seconds:.3f} s"
    return ""


def splits(parts: Sequence[Contents]) -> dict[str, list[int]]:
    """Frames of every part by track: where the digests of an MP4 that is read back begin anew."""
    return {
        "video": [part.video_frames for part in parts],
        "audio": [part.audio_frames for part in parts],
    }


def joint_fault(parts: Sequence[Probe], joined: Probe) -> str:
    """Say why a joined MP4 is not the sum of its parts; empty if it is."""
    video, audio = sum(part.video_frames for part in parts), sum(part.audio_frames for part in parts)
    if (joined.video_frames, joined.audio_frames) != (video, audio):
        return f"{joined.video_frames} + {joined.audio_frames} frames instead of {video} + {audio}"
    seconds = sum(part.duration for part in parts)
    if abs(seconds - joined.duration) > SECONDS_SLACK:
        return f"{joined.duration:.3f} s instead of {seconds:.3f} s"
    return ""


def joinable(parts: Sequence[Probe]) -> list[list[int]]:
    """Group neighbouring parts that can be joined without transcoding: the numbers of the parts of each group."""
    groups: list[list[int]] = []
    for number, part in enumerate(parts):
        if groups and parts[groups[-1][-1]].signature == part.signature:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups
