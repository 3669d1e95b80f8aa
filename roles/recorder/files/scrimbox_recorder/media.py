"""ffmpeg and ffprobe: the only programs that the finalizer runs."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Callable

_START = ("-nostdin", "-hide_banner", "-loglevel", "warning", "-y")
_TRACKS = ("-map", "0:v:0?", "-map", "0:a:0?", "-dn", "-sn", "-map_metadata", "-1")
_COPY = (*_TRACKS, "-c", "copy", "-movflags", "+faststart")
_VIDEO = ("codec_name", "extradata_hash", "has_b_frames", "width", "height")
_AUDIO = ("codec_name", "extradata_hash", "sample_rate", "channels")
PATIENCE = 120.0
"""Seconds that any run may take, plus a second per megabyte."""


class MediaError(Exception):
    """ffmpeg or ffprobe could not do it; the message is its own."""


class NotNowError(Exception):
    """It cannot be done at the moment, through no fault of the recording: no space, no ffmpeg."""


@dataclass(frozen=True)
class Probe:
    """What an MP4 holds. Duration in seconds; parts of equal `signature` can be joined."""

    duration: float
    video_frames: int
    audio_frames: int
    video: dict[str, Any] | None
    audio: dict[str, Any] | None
    signature: tuple[Any, ...]


class Tools:
    """Runs the programs; `tick` is called about every second meanwhile."""

    def __init__(self, tick: Callable[[], None] = lambda: None, patience: float = PATIENCE) -> None:
        self._tick = tick
        self._patience = patience

    def remux(self, source: Path, target: Path) -> None:
        """Put the whole frames of an FLV into an MP4 whose moov comes first.

        Raises:
            MediaError: ffmpeg failed or took too long.
            NotNowError: no space, or no ffmpeg.
        """
        size = source.stat().st_size
        self._ffmpeg(["-fflags", "+discardcorrupt", "-i", source.name, *_COPY, target.name], source.parent, size)

    def join(self, parts: Sequence[Path], target: Path) -> None:
        """Put MP4s of equal settings one behind the other; all lie in the same folder as `target`.

        Raises:
            MediaError: ffmpeg failed or took too long.
            NotNowError: no space, or no ffmpeg.
        """
        listing = target.with_suffix(".txt")
        listing.write_text("".join(f"file '{part.name}'\n" for part in parts), encoding="ascii")
        size = sum(part.stat().st_size for part in parts)
        self._ffmpeg(["-f", "concat", "-safe", "0", "-i", listing.name, *_COPY, target.name], target.parent, size)

    def probe(self, path: Path) -> Probe:
        """Look into an MP4.

        Raises:
            MediaError: it cannot be read as one.
            NotNowError: no ffprobe.
        """
        asked = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-show_data_hash", "md5", "-of", "json"]
        return parse_probe(self._run([*asked, path.name], path.parent, path.stat().st_size))

    def _ffmpeg(self, arguments: Sequence[str], folder: Path, size: int) -> None:
        self._run(["ffmpeg", *_START, *arguments], folder, size)

    def _run(self, command: Sequence[str], folder: Path, size: int) -> str:
        limit = self._patience + size / 1e6
        with _scratch() as output, _scratch() as said:
            try:
                process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=said)
            except (FileNotFoundError, PermissionError) as error:
                raise NotNowError(f"{command[0]} cannot be run; `make deploy` installs it") from error
            code = self._wait(process, limit)
            said.seek(0)
            complaint = said.read()
            if code is None:
                raise MediaError(f"{command[0]} was stopped after {limit:.0f} s")
            if code:
                if "No space left on device" in complaint:
                    raise NotNowError("no space left on the device")
                last = complaint.strip().splitlines()[-1:] or ["(no message)"]
                raise MediaError(f"{command[0]} ended with {code}: {last[0][:300]}")
            output.seek(0)
            return output.read()

    def _wait(self, process: subprocess.Popen[bytes], limit: float) -> int | None:
        deadline = time.monotonic() + limit
        try:
            while time.monotonic() < deadline:
                self._tick()
                try:
                    return process.wait(timeout=1)
                except subprocess.TimeoutExpired:
                    continue
            return None
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()


def parse_probe(text: str) -> Probe:
    """Read ffprobe's JSON.

    Raises:
        MediaError: it lacks what every MP4 of ours has.
    """
    try:
        data = json.loads(text)
        streams = {stream["codec_type"]: stream for stream in data["streams"]}
        duration = float(data["format"]["duration"])
    except (ValueError, KeyError) as error:
        raise MediaError(f"ffprobe's answer lacks {error}") from error
    video, audio = streams.get("video"), streams.get("audio")
    return Probe(
        duration,
        _frames(video),
        _frames(audio),
        video and _pick(video, "codec_name", "profile", "width", "height", "avg_frame_rate"),
        audio and _pick(audio, "codec_name", "profile", "sample_rate", "channels"),
        (
            video and tuple(video.get(key) for key in _VIDEO),
            audio and tuple(audio.get(key) for key in _AUDIO),
        ),
    )


def _scratch() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _frames(stream: dict[str, Any] | None) -> int:
    return int(stream.get("nb_frames", 0)) if stream else 0


def _pick(stream: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: stream[key] for key in keys if key in stream}
