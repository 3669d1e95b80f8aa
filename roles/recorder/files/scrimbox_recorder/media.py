"""ffmpeg and ffprobe, the only programs that the finalizer runs, and our own packing of what they make."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Callable

from . import flv, mp4
from .pace import Pace

_START = ("-nostdin", "-hide_banner", "-loglevel", "warning", "-y")
TRACKS = ("-map", "0:v:0?", "-map", "0:a:0?", "-dn", "-sn", "-map_metadata", "-1", "-c", "copy")
# A track that begins late is still found: the default looks at 5 MB only.
RAW = ("-f", "flv", "-probesize", "50M", "-i", "pipe:0")
_FASTSTART = ("-movflags", "+faststart")
_VIDEO = ("codec_name", "extradata_hash", "has_b_frames", "width", "height", "time_base")
_AUDIO = ("codec_name", "extradata_hash", "sample_rate", "channels", "time_base")
PATIENCE = 120.0
"""Seconds without any progress after which a program is stopped."""
SLOWEST = 1e6
"""Bytes per second that a program makes at least where its progress cannot be seen."""
FLUSH = 32 * 2**20
"""Bytes after which what was written is brought to the disk, so that it never comes in one burst."""
_PIPE = 1 << 16


class MediaError(Exception):
    """It could not be done with this recording; the message says why."""


class NotNowError(Exception):
    """It cannot be done at the moment, through no fault of the recording: no space, no ffmpeg."""


@dataclass(frozen=True)
class Probe:
    """What ffprobe says of an MP4. Duration in seconds; parts of equal `signature` can be joined (FACTS 8b).

    Frames are 0 in a fragmented MP4, which has no tables.
    """

    duration: float
    video_frames: int
    audio_frames: int
    video: dict[str, Any] | None
    audio: dict[str, Any] | None
    signature: tuple[Any, ...]


class Tools:
    """Runs the programs, at the pace that it is given."""

    def __init__(self, pace: Pace | None = None, patience: float = PATIENCE) -> None:
        self._pace = pace or Pace()
        self._patience = patience

    def work_on(self, file: str) -> None:
        """Say what the next steps are for."""
        self._pace.subject = file

    def fragment(self, source: Path, target: Path) -> flv.Contents:
        """Put the whole frames of an FLV into a fragmented MP4; what they were.

        Raises:
            MediaError: ffmpeg failed or stood still.
            NotNowError: no space, or no ffmpeg.
        """
        reader = flv.Reader()
        self._pace.begin("reading the recording,", source.stat().st_size)
        self._ffmpeg([*RAW, *TRACKS, *mp4.FRAGMENTED, target.name], target, reader.read(source))
        return reader.contents

    def wrap(self, parts: Sequence[Path], target: Path) -> mp4.Wrapped:
        """Make the one file with two doors of fragmented MP4s (FACTS 15).

        Raises:
            MediaError: they do not fit together, or are not as expected.
            NotNowError: no space.
        """
        self._pace.begin("writing the replay,", sum(part.stat().st_size for part in parts))
        with in_words():
            return mp4.wrap(parts, target, self._flushing(target))

    def read_back(self, path: Path, splits: Mapping[str, Sequence[int]]) -> mp4.ReadBack:
        """Read a finished MP4 from its first to its last byte; `splits` says how many frames each part has, by track.

        Raises:
            MediaError: its tables are wrong.
        """
        self._pace.begin("checking the replay,", path.stat().st_size)
        with in_words():
            return mp4.read_back(path, splits, self._pace)

    def classic(self, source: Path, target: Path) -> None:
        """Make a plain MP4, its moov first, of a fragmented one.

        Raises:
            MediaError: ffmpeg failed or took too long.
            NotNowError: no space, or no ffmpeg.
        """
        self._pace.begin("writing a plain MP4")
        self._ffmpeg(["-i", source.name, *TRACKS, *_FASTSTART, target.name], target, size=source.stat().st_size)

    def join(self, parts: Sequence[Path], target: Path) -> None:
        """Put plain MP4s of equal settings one behind the other; all lie in the same folder as `target`.

        Raises:
            MediaError: ffmpeg failed or took too long.
            NotNowError: no space, or no ffmpeg.
        """
        listing = target.with_suffix(".txt")
        listing.write_text("".join(f"file '{part.name}'\n" for part in parts), encoding="ascii")
        size = sum(part.stat().st_size for part in parts)
        self._pace.begin("joining plain MP4s")
        concat = ["-f", "concat", "-safe", "0", "-i", listing.name]
        self._ffmpeg([*concat, *TRACKS, *_FASTSTART, target.name], target, size=size)

    def key_frames(self, path: Path) -> mp4.KeyFrames:
        """Where the key frames of a finished MP4 lie.

        Raises:
            MediaError: it has no H.264 video.
        """
        with in_words():
            return mp4.key_frames(path)

    def draw(self, pictures: Iterable[bytes], total: int, filters: str, target: Path) -> None:
        """Decode key frames (Annex B) and write what `filters` make of them as JPEG; `%d` in a name counts from 1.

        Raises:
            MediaError: ffmpeg failed or stood still.
            NotNowError: no space, or no ffmpeg.
        """
        self._pace.begin("drawing thumbnails,", total)
        # One thread holds one picture; a key frame that is no IDR is shown all the same.
        decode = ["-threads", "1", "-flags", "output_corrupt", "-flags2", "showall", "-f", "h264", "-framerate", "1"]
        encode = ["-vf", filters, "-vsync", "0", "-threads", "1", "-q:v", "4", "-f", "image2", target.name]
        self._ffmpeg([*decode, "-i", "pipe:0", *encode], target, (memoryview(picture) for picture in pictures))

    def probe(self, path: Path) -> Probe:
        """Look into an MP4.

        Raises:
            MediaError: it cannot be read as one.
            NotNowError: no ffprobe.
        """
        asked = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-show_data_hash", "md5", "-of", "json"]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            self._run([*asked, path.name], path.parent, output, size=path.stat().st_size)
            output.seek(0)
            return parse_probe(output.read())

    def _ffmpeg(
        self, arguments: Sequence[str], target: Path, fed: Iterator[memoryview] | None = None, size: int = 0
    ) -> None:
        done = self._flushing(target)
        self._run(["ffmpeg", *_START, *arguments], target.parent, None, fed=fed, done=done, size=size)

    def _flushing(self, target: Path) -> Callable[[int], None]:
        return _Flushing(self._pace, target)

    def _run(
        self,
        command: Sequence[str],
        folder: Path,
        output: IO[str] | None,
        *,
        fed: Iterator[memoryview] | None = None,
        done: Callable[[int], None] = lambda count: None,
        size: int = 0,
    ) -> None:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            try:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
                    stdout=output or subprocess.DEVNULL,
                    stderr=said,
                )
            except (FileNotFoundError, PermissionError) as error:
                raise NotNowError(f"{command[0]} cannot be run; `make deploy` installs it") from error
            try:
                whole = self._feed(process.stdin, fed, done) if fed and process.stdin else True
                code = self._wait(process, self._patience + size / SLOWEST if whole else 1.0)
            finally:
                _end(process)
            said.seek(0)
            complaint = said.read()
        if "No space left on device" in complaint:
            raise NotNowError("no space left on the device")
        if code is None:
            raise MediaError(f"{command[0]} was stopped: it stood still for {self._patience:g} s")
        if code:
            last = complaint.strip().splitlines()[-1:] or ["(no message)"]
            raise MediaError(f"{command[0]} ended with {code}: {last[0][:300]}")
        if not whole:
            raise MediaError(f"{command[0]} did not read to the end")

    def _feed(self, stdin: IO[bytes], pieces: Iterator[memoryview], done: Callable[[int], None]) -> bool:
        """Hand a program its input; False if it stopped reading."""
        pipe = stdin.fileno()
        os.set_blocking(pipe, False)
        waiting = select.poll()
        waiting.register(pipe, select.POLLOUT)
        moved = time.monotonic()
        for piece in pieces:
            rest = piece
            while rest:
                try:
                    written = os.write(pipe, rest[:_PIPE])
                except BlockingIOError:
                    if time.monotonic() - moved >= self._patience:
                        return False
                    waiting.poll(1000)
                    self._pace.tick()
                    continue
                except BrokenPipeError:
                    return False
                rest = rest[written:]
                done(written)
                moved = time.monotonic()
        stdin.close()
        return True

    def _wait(self, process: subprocess.Popen[bytes], patience: float) -> int | None:
        """The exit code; None if the program does not end."""
        deadline = time.monotonic() + patience
        while True:
            self._pace.tick()
            try:
                return process.wait(timeout=max(0.0, min(1.0, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                if time.monotonic() >= deadline:
                    return None


class _Flushing:
    """A pace that also brings a growing file to the disk now and then."""

    def __init__(self, pace: Pace, target: Path) -> None:
        self._pace = pace
        self._target = target
        self._dirty = 0

    def __call__(self, count: int) -> None:
        self._pace(count)
        self._dirty += count
        if self._dirty >= FLUSH:
            self._dirty = 0
            with contextlib.suppress(FileNotFoundError), self._target.open("rb") as written:
                os.fdatasync(written.fileno())


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Turn what our own packing finds wrong into what the finalizer understands."""
    try:
        yield
    except mp4.Mp4Error as error:
        raise MediaError(str(error)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise NotNowError("no space left on the device") from error
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    if process.poll() is None:
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
        duration = float(data["format"].get("duration", 0))
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


def _frames(stream: dict[str, Any] | None) -> int:
    return int(stream.get("nb_frames", 0)) if stream else 0


def _pick(stream: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: stream[key] for key in keys if key in stream}
