"""Whether an MP4 holds what its raw recordings hold, and which parts may be joined. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .flv import Contents
from .media import Probe

VIDEO_SLACK = 1
"""Video frames that may be missing: a frame that was cut off is not always recognised as such."""
AUDIO_SLACK = 2
SECONDS_SLACK = 1.0


def shortfall(held: Contents, made: Probe) -> str:
    """Say what of a raw recording is missing in its MP4; empty if nothing is."""
    if held.video_frames - made.video_frames > VIDEO_SLACK:
        return f"the MP4 has {made.video_frames} of {held.video_frames} video frames"
    if held.audio_frames - made.audio_frames > AUDIO_SLACK:
        return f"the MP4 has {made.audio_frames} of {held.audio_frames} audio frames"
    if abs(held.seconds - made.duration) > SECONDS_SLACK:
        return f"the MP4 lasts {made.duration:.3f} s, the recording {held.seconds:.3f} s"
    return ""


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
