"""The publisher of the tests: one pre-encoded pattern, how to push it, and how to measure what came out.

Every frame carries its own number in sixteen black or white blocks along the top edge, so that "nothing is lost" can be
asserted in frames, from a file as well as from a browser's canvas. A white flash and a 1 kHz beep start together at
every full second.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import time as now
from typing import Any

FPS = 30
GOP_SECONDS = 1.0
"""Seconds from one key frame of the pattern to the next."""
_COLUMNS, _ROWS, _SCALE = 64, 36, 20
_BITS, _BLOCK = 16, 4
_FLASH_FRAMES = 3
_FLASH_ROWS = range(8, 28)
_BARS = ((180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198), (65, 100, 212), (35, 212, 114))
_BLACK, _WHITE, _GREY = 16, 235, 128


def _picture(number: int) -> bytes:
    """Return one small yuv420p frame with its number, a moving bar, colour bars and the flash."""
    flash = number % FPS < _FLASH_FRAMES
    luma = bytearray()
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            if row < _BLOCK:
                bit = number >> (_BITS - 1 - column // _BLOCK) & 1
                luma.append(_WHITE if bit else _BLACK)
            elif row in _FLASH_ROWS:
                luma.append(_WHITE if flash else _BARS[column * len(_BARS) // _COLUMNS][0])
            elif column == number % _COLUMNS:
                luma.append(_WHITE)
            else:
                luma.append(40 + 2 * column)
    planes = [bytes(luma)]
    for plane in (1, 2):
        coloured = bytes(_BARS[column * 2 * len(_BARS) // _COLUMNS][plane] for column in range(_COLUMNS // 2))
        grey = bytes([_GREY]) * (_COLUMNS // 2)
        rows = (row for row in range(0, _ROWS, 2))
        planes.append(b"".join(coloured if row in _FLASH_ROWS and not flash else grey for row in rows))
    return b"".join(planes)


def pattern(
    folder: Path,
    seconds: int = 150,
    *,
    first: int = 0,
    scale: int = _SCALE,
    rate: int = 48000,
    b_frames: int = 0,
    kbits: int = 0,
    gop: float = GOP_SECONDS,
    wander: float = 0.0,
) -> Path:
    """Encode the pattern once and return its file: H.264 1280x720 at 30 fps, key frame every second, AAC.

    Args:
        folder: where finished patterns are kept, one per recipe.
        seconds: length; a push may stop earlier.
        first: number of the first frame, on a full second.
        scale: the picture is 64 x 36 times this.
        rate: the sound's samples per second.
        b_frames: B-frames between two others.
        kbits: the picture's kilobits per second, padding included; by default 2500 at full size.
        gop: seconds from one key frame to the next.
        wander: by what part of that a key frame may come sooner or later, at most.
    """
    kbits = kbits or 2500 * scale**2 // _SCALE**2
    profile = ["-profile:v", "main", "-bf", str(b_frames)] if b_frames else ["-profile:v", "baseline"]
    keys = ["-g", str(int(FPS * gop)), "-keyint_min", str(int(FPS * gop)), "-sc_threshold", "0"]
    if wander:
        uneven = f"expr:gte(t,{gop}*(n_forced+{wander}*sin(2.4*n_forced)))"
        keys = ["-g", str(10 * FPS), "-force_key_frames", uneven, "-sc_threshold", "0"]
    command = [
        *("ffmpeg", "-nostdin", "-v", "error", "-y"),
        *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{_COLUMNS}x{_ROWS}", "-r", str(FPS), "-i", "pipe:0"),
        *("-f", "lavfi", "-i", f"aevalsrc=0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1):s={rate}:c=stereo"),
        *("-vf", f"scale=iw*{scale}:ih*{scale}:flags=neighbor", "-t", str(seconds)),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *profile),
        *keys,
        *("-b:v", f"{kbits}k", "-maxrate", f"{kbits}k", "-bufsize", f"{kbits}k"),
        *("-x264-params", "nal-hrd=cbr:force-cfr=1"),
        *("-c:a", "aac", "-b:a", "128k", "-f", "flv"),
    ]
    recipe = sha256(repr((command, first, _picture(1), _picture(77))).encode()).hexdigest()[:12]
    target = folder / f"pattern-{recipe}.flv"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    with subprocess.Popen([*command, str(unfinished)], stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for number in range(first, first + seconds * FPS):
            encoder.stdin.write(_picture(number))
        encoder.stdin.close()
    if encoder.returncode != 0:
        msg = f"ffmpeg could not encode the test pattern (exit {encoder.returncode})"
        raise RuntimeError(msg)
    return unfinished.rename(target)


@dataclass(frozen=True)
class Pushed:
    """What the publisher says that it sent."""

    frames: int
    seconds: float
    exit_code: int
    stderr: str


class Publisher:
    """A real push in the background: `ffmpeg -re -c copy` to an RTMP address, as fast as a camera would be."""

    def __init__(self, url: str, media: Path, *, seconds: float | None = None, clock: float = 1.0) -> None:
        """Start pushing.

        Args:
            url: where to, `rtmp://HOST:PORT/live/ID?key=KEY`.
            media: the file to send.
            seconds: stop by itself after so much; otherwise at the end of the file or at `stop`.
            clock: how fast the PC's clock is: its times are so many times what has passed.
        """
        limit = [] if seconds is None else ["-t", str(seconds)]
        drift = [] if clock == 1.0 else ["-bsf", f"setts=ts=TS*{clock}"]
        command = ["ffmpeg", "-nostdin", "-v", "error", "-re", "-i", str(media), *limit, "-c", "copy", *drift]
        self._process = subprocess.Popen(
            [*command, "-progress", "pipe:1", "-stats_period", "0.2", "-f", "flv", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._progress: dict[str, str] = {}
        self._stderr = ""
        self._began = float("inf")
        self._readers = [
            threading.Thread(target=read, daemon=True) for read in (self._read_progress, self._read_stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read_progress(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, _, value = line.strip().partition("=")
            self._progress[name] = value
            if name == "frame" and int(value) > 0:
                self._began = min(self._began, now() - int(value) / FPS)

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        self._stderr = self._process.stderr.read()

    @property
    def running(self) -> bool:
        """Whether ffmpeg is still connected and sending."""
        return self._process.poll() is None

    @property
    def frames(self) -> int:
        """Frames sent so far."""
        return int(self._progress.get("frame", "0"))

    def sent_at(self, number: int) -> float:
        """When a frame went out, in epoch seconds, to a fifth of one: ffmpeg sends them evenly."""
        return self._began + number / FPS

    def wait(self, timeout: float = 60) -> Pushed:
        """Wait until ffmpeg has ended by itself (seconds), and say what it sent."""
        exit_code = self._process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        microseconds = self._progress.get("out_time_us", "0")
        seconds = 0.0 if microseconds == "N/A" else int(microseconds) / 1e6
        return Pushed(self.frames, seconds, exit_code, self._stderr)

    def stop(self) -> Pushed:
        """End the push as OBS does, with a goodbye, and say what was sent."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """Drop the connection without a goodbye."""
        self._process.kill()
        self._process.wait()


# --------------------------------------------------------------------------------------------------- measuring


def ffprobe(source: str | Path, *switches: str) -> dict[str, Any]:
    """Return ffprobe's JSON for the given switches."""
    command = ["ffprobe", "-v", "error", "-of", "json", *switches, str(source)]
    document: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return document


def durations(source: str | Path) -> dict[str, float]:
    """Return seconds by `format`, `video` and `audio`, as far as the file tells."""
    document = ffprobe(source, "-show_format", "-show_streams")
    found = {"format": float(document["format"]["duration"])}
    found |= {stream["codec_type"]: float(stream["duration"]) for stream in document["streams"] if "duration" in stream}
    return found


def first_video_frame_is_key(source: str | Path) -> bool:
    """Tell whether the first video packet of a segment is a key frame."""
    switches = ["-select_streams", "v:0", "-show_entries", "packet=flags", "-read_intervals", "%+#1"]
    packets = ffprobe(source, *switches)["packets"]
    return bool(packets) and packets[0]["flags"].startswith("K")


def boxes(mp4: Path) -> list[str]:
    """Return the types of the top-level boxes of an MP4, in order."""
    found = []
    with mp4.open("rb") as file:
        end = mp4.stat().st_size
        position = 0
        while position < end:
            file.seek(position)
            header = file.read(16)
            size, kind = int.from_bytes(header[:4], "big"), header[4:8].decode("latin-1")
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            elif size == 0:
                size = end - position
            if size < 8:
                msg = f"{mp4}: box {kind!r} at {position} says that it is {size} bytes long"
                raise ValueError(msg)
            found.append(kind)
            position += size
    return found


@dataclass(frozen=True)
class Frame:
    """One decoded frame of the pattern."""

    time: float
    number: int
    flash: bool


_PTS = re.compile(r"pts_time:\s*(-?[0-9.]+)")


def frames(source: str | Path, crop: str = "") -> list[Frame]:
    """Decode a file or playlist, or its part `crop` (WIDTH:HEIGHT:X:Y); time, number and flash of every frame."""
    size = _COLUMNS * _ROWS
    chain = f"crop={crop}," if crop else ""
    chain += f"scale={_COLUMNS}:{_ROWS}:flags=area,signalstats,"
    chain += "metadata=print:key=lavfi.signalstats.YAVG:file=pipe\\\\:2,format=gray"
    run = subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "fatal", "-i", str(source), "-map", "0:v:0", "-vf", chain),
            *("-vsync", "0", "-f", "rawvideo", "pipe:1"),
        ],
        check=True,
        capture_output=True,
    )
    times = [float(found) for found in _PTS.findall(run.stderr.decode())]
    pictures = [run.stdout[start : start + size] for start in range(0, len(run.stdout), size)]
    return [Frame(time, _number(picture), _is_flash(picture)) for time, picture in zip(times, pictures, strict=True)]


def _number(picture: bytes) -> int:
    number = 0
    for bit in range(_BITS):
        middle = bit * _BLOCK + _BLOCK // 2
        number = number << 1 | (picture[2 * _COLUMNS + middle] > _GREY)
    return number


def _is_flash(picture: bytes) -> bool:
    region = picture[_FLASH_ROWS.start * _COLUMNS : _FLASH_ROWS.stop * _COLUMNS]
    return sum(region) / len(region) > 200


def flashes(decoded: list[Frame]) -> list[float]:
    """Return the times at which a flash starts, in seconds."""
    return [
        frame.time
        for before, frame in zip([None, *decoded], decoded, strict=False)
        if frame.flash and not (before is not None and before.flash)
    ]


_PEAK = re.compile(r"pts_time:\s*(-?[0-9.]+)\s+lavfi\.astats\.Overall\.Peak_level=(\S+)")


def beeps(source: str | Path) -> list[float]:
    """Return the times at which a beep starts, in seconds, to 5 ms."""
    chain = "aresample=8000,asetnsamples=40,"
    chain += "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level,"
    chain += "ametadata=print:key=lavfi.astats.Overall.Peak_level:file=pipe\\\\:1"
    run = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "fatal", "-i", str(source), "-map", "0:a:0", "-af", chain, "-f", "null", "-"],
        check=True,
        capture_output=True,
        text=True,
    )
    return list(_onsets((float(time), float(level)) for time, level in _PEAK.findall(run.stdout)))


def _onsets(levels: Iterator[tuple[float, float]]) -> Iterator[float]:
    quiet = True
    for time, level in levels:
        if quiet and level > -15:
            quiet = False
            yield time
        elif level < -35:
            quiet = True


def worst_offset(source: str | Path) -> float:
    """Return the largest distance between a flash and its beep, in seconds.

    Raises:
        ValueError: too few flashes or beeps, or not as many of the one as of the other.
    """
    lights, sounds = flashes(frames(source)), beeps(source)
    if len(lights) < 2 or abs(len(lights) - len(sounds)) > 1:
        msg = f"{source}: {len(lights)} flashes and {len(sounds)} beeps"
        raise ValueError(msg)
    return max(min(abs(light - sound) for sound in sounds) for light in lights[:-1])
