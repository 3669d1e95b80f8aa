"""What tests of clips share: a recording whose frames carry their numbers, and what a clip really shows."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrimbox_recorder.clip_tools import ClipTools
from scrimbox_recorder.mp4 import Excerpt

from tests import media

MIDDLE = 0.5 / media.FPS
"""Seconds from the beginning of a frame to its middle."""


@dataclass(frozen=True)
class Recording:
    """A replay as the finalizer makes it; `times` are those of its frames."""

    path: Path
    flv: Path
    times: list[float]

    def middle(self, number: int) -> float:
        """A moment at which this frame is on the screen."""
        return self.times[number] + MIDDLE


def record(folder: Path, *, seconds: int = 8, b_frames: int = 0, gop: int = 30) -> Recording:
    """Encode the pattern and make a replay of it."""
    flv = folder / f"b{b_frames}-g{gop}.flv"
    plain = media.pattern(folder, seconds, scale=2, b_frames=b_frames)
    if gop == media.FPS * media.GOP_SECONDS:
        flv.write_bytes(plain.read_bytes())
    else:
        encode(
            plain, flv, "-c:v", "libx264", "-preset", "ultrafast", "-g", str(gop), "-bf", str(b_frames), "-c:a", "copy"
        )
    tools, path = ClipTools(), flv.with_suffix(".mp4")
    tools.fragment(flv, folder / "part.mp4")
    tools.wrap([folder / "part.mp4"], path)
    return Recording(path, flv, [frame.time for frame in media.frames(path)])


def encode(source: Path, target: Path, *switches: str) -> Path:
    """Encode with ffmpeg."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source), *switches, str(target)], check=True)
    return target


def clip(recording: Recording, target: Path, first: int, last: int) -> Excerpt:
    """Cut the frames from one number to another."""
    return ClipTools().cut(recording.path, target, (recording.middle(first), recording.middle(last)))


def numbers(path: Path) -> list[int]:
    """The numbers of the frames that a player shows, in their order."""
    return [frame.number for frame in media.frames(path)]


def packets(path: Path, kind: str) -> list[dict[str, Any]]:
    """Packets of a track ("v" or "a") with times and a digest of their bytes, in the order of the file."""
    asked = [
        "-select_streams",
        kind,
        "-show_data_hash",
        "md5",
        "-show_entries",
        "packet=pts_time,dts_time,flags,data_hash",
    ]
    found: list[dict[str, Any]] = media.ffprobe(path, *asked)["packets"]
    return found


def warnings(path: Path) -> str:
    """What ffmpeg has to complain of when it decodes all of a file."""
    command = ["ffmpeg", "-nostdin", "-v", "warning", "-i", str(path), "-f", "null", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def write_json(path: Path, data: object) -> None:
    """Write JSON."""
    path.write_text(json.dumps(data), encoding="utf-8")
