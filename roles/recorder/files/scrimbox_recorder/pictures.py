"""Poster and hover thumbnails of a replay, drawn from key frames alone: a replay of any length costs little memory."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Callable, NamedTuple

from .config import Config
from .disk import Disk, share
from .documents import Document
from .media import MediaError, NotNowError, Tools
from .names import split_file
from .replays import Replays

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Tries, counted before each: drawing that ends this process would otherwise be tried for ever."""
PAUSE = 60.0
"""Seconds before the next try."""
SHORTEST, LONGEST, WANTED = 2.0, 10.0, 360
"""Seconds from one thumbnail to the next, at least and at most, and how many a replay has between these limits."""
WIDTH, COLUMNS, ROWS = 160, 10, 10
"""Pixels of a thumbnail, and thumbnails of a sheet."""
POSTER_WIDTH = 1280
WORK = ".pictures"
"""Folder under finalizing/ in which pictures are drawn."""


class Frame(NamedTuple):
    """A key frame: second of the replay, place and bytes in the MP4."""

    time: float
    offset: int
    size: int


class Painter:
    """Draws the pictures of finished replays, one replay at a time, when nothing else is to be done."""

    def __init__(
        self, config: Config, disk: Disk, tools: Tools, published: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """`published` is held while a sidecar is rewritten, so that no clean-up deletes the replay meanwhile."""
        self._config = config
        self._disk = disk
        self._tools = tools
        self._published = published
        self._replays = Replays(config.recordings)
        self._seen: tuple[Document, ...] | None = None
        self._due: list[str] = []
        self._not_before = float("-inf")

    def step(self, steady: float) -> bool:
        """Draw the pictures of one replay, the newest first; False if there is none without, or it is too early."""
        if self._seen is None:
            shutil.rmtree(self._config.finalizing / WORK, ignore_errors=True)
        if steady < self._not_before:
            return False
        found = self._replays.newest_first()
        if found is not self._seen:
            self._seen = found
            self._due = [replay["file"] for replay in found if _is_due(replay)]
        if not self._due:
            return False
        file = self._due.pop(0)
        if not self._draw(file):
            self._due.insert(0, file)
            self._not_before = steady + PAUSE
        return True

    def _draw(self, file: str) -> bool:
        """Draw the pictures of FILE; False if that is to be tried again."""
        stream = split_file(file)[0]
        sidecar = self._replays.sidecar(file)
        if sidecar is None or not _is_due(sidecar):
            return True
        self._note(file, attempts=sidecar["pictures"]["attempts"] + 1)
        folder = self._config.finalizing / WORK
        shutil.rmtree(folder, ignore_errors=True)
        self._disk.make_folder(folder)
        self._tools.work_on(file)
        try:
            made = self._pictures(file, float(sidecar["duration"]), folder)
        except NotNowError as reason:
            log.warning("%s: the pictures of %s have to wait: %s", stream, file, reason)
            self._note(file, attempts=sidecar["pictures"]["attempts"])
            return False
        except MediaError as reason:
            log.warning("%s: %s has no pictures: %s", stream, file, reason)
            self._note(file, reason=str(reason))
            return False
        except FileNotFoundError:
            if (self._config.recordings / f"{file}.mp4").exists():
                raise
            made = {}
        self._show(file, folder, made)
        return True

    def _pictures(self, file: str, duration: float, folder: Path) -> dict[str, str]:
        """Draw everything into `folder`; the names of poster and thumbnails."""
        source = self._config.recordings / f"{file}.mp4"
        frames = self._tools.key_frames(source)
        chosen = choose([Frame(*frame) for frame in frames.frames])
        # The key frame that needs most bytes shows most: no black, no loading screen.
        best = max(chosen, key=lambda frame: frame.size)
        self._tools.draw(
            annex_b(source, frames.avcc, [best]),
            best.size,
            f"scale='min({POSTER_WIDTH},iw)':-2",
            folder / f"{file}.jpg",
        )
        self._disk.did(f"ffmpeg {file}.jpg")
        height = max(2, round(WIDTH * frames.height / frames.width / 2) * 2)
        layout = f"scale={WIDTH}:{height},tile={COLUMNS}x{ROWS}"
        total = sum(frame.size for frame in chosen)
        pieces = annex_b(source, frames.avcc, chosen)
        self._tools.draw(pieces, total, layout, folder / f"{file}.thumbs-%d.jpg")
        self._disk.did(f"ffmpeg {file}.thumbs")
        self._disk.write(folder / f"{file}.vtt", vtt(file, [frame.time for frame in chosen], duration, height))
        for name in sheets(file, len(chosen)):
            if not (folder / name).exists():
                raise MediaError(f"ffmpeg drew no {name}")
        return {"poster": f"{file}.jpg", "thumbnails": f"{file}.vtt"}

    def _show(self, file: str, folder: Path, made: dict[str, str]) -> None:
        # The thumbnails' list names the sheets: they come first.
        names = sorted((path.name for path in folder.iterdir()), key=lambda name: (name.endswith(".vtt"), name))
        with self._published():
            if (self._config.recordings / f"{file}.json").exists():
                for name in names:
                    with (folder / name).open("rb") as stream:
                        share(stream.fileno(), self._config.recordings, 0o640)
                    self._disk.rename(folder / name, self._config.recordings / name)
                self._rewrite(file, made, {"made": True, "reason": None})
        shutil.rmtree(folder, ignore_errors=True)

    def _note(self, file: str, **state: object) -> None:
        with self._published():
            self._rewrite(file, {}, state)

    def _rewrite(self, file: str, names: dict[str, str], state: Mapping[str, object]) -> None:
        """Put names and the state of the pictures into the sidecar, unless it has gone."""
        sidecar = self._replays.sidecar(file)
        if sidecar is not None:
            changed = {**sidecar, **names, "pictures": {**sidecar["pictures"], **state}}
            self._disk.write_json(self._config.recordings / f"{file}.json", changed, durable=True)


def choose(frames: Sequence[Frame]) -> list[Frame]:
    """The key frames that become thumbnails: the first, and then the next one when the interval has passed."""
    length = frames[-1].time - frames[0].time
    interval = min(LONGEST, max(SHORTEST, length / WANTED))
    chosen = [frames[0]]
    for frame in frames[1:]:
        # A key frame that comes a moment early is the one that is meant.
        if frame.time - chosen[-1].time >= interval - 0.5:
            chosen.append(frame)
    return chosen


def annex_b(source: Path, avcc: bytes, frames: Sequence[Frame]) -> Iterator[bytes]:
    """Key frames as a raw H.264 stream, each with the parameter sets before it (ISO 14496-15, 5.3.3).

    Raises:
        MediaError: the MP4 does not hold what its tables say.
    """
    length, sets = parameter_sets(avcc)
    with source.open("rb") as stream:
        for frame in frames:
            stream.seek(frame.offset)
            data = stream.read(frame.size)
            units, position = [sets], 0
            while position + length <= len(data):
                size = int.from_bytes(data[position : position + length], "big")
                position += length
                units += [START, data[position : position + size]]
                position += size
            if position != frame.size:
                raise MediaError(f"the key frame at {frame.time:.3f} s is damaged")
            yield b"".join(units)


START = b"\0\0\0\1"


def parameter_sets(avcc: bytes) -> tuple[int, bytes]:
    """From an avcC box: bytes of a unit's length field, and the parameter sets with start codes."""
    try:
        length = (avcc[4] & 3) + 1
        position, sets = 5, b""
        for mask in (0x1F, 0xFF):
            count = avcc[position] & mask
            position += 1
            for _ in range(count):
                size = int.from_bytes(avcc[position : position + 2], "big")
                sets += START + avcc[position + 2 : position + 2 + size]
                position += 2 + size
    except IndexError as error:
        raise MediaError("the parameter sets of the video are damaged") from error
    return length, sets


def sheets(file: str, thumbnails: int) -> list[str]:
    """Names of the sheets that hold so many thumbnails."""
    return [f"{file}.thumbs-{number + 1}.jpg" for number in range(-(-thumbnails // (COLUMNS * ROWS)))]


def vtt(file: str, times: Sequence[float], duration: float, height: int) -> str:
    """The WebVTT that says which part of which sheet is shown when; `height` in pixels."""
    lines = ["WEBVTT", ""]
    begins = [0.0, *times[1:]]
    for number, (begin, end) in enumerate(zip(begins, [*begins[1:], max(duration, begins[-1] + 0.001)])):
        sheet, place = divmod(number, COLUMNS * ROWS)
        row, column = divmod(place, COLUMNS)
        lines.append(f"{_clock(begin)} --> {_clock(end)}")
        lines.append(f"{file}.thumbs-{sheet + 1}.jpg#xywh={column * WIDTH},{row * height},{WIDTH},{height}")
        lines.append("")
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02}:{whole // 60000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"


def _is_due(replay: Document) -> bool:
    state = replay.get("pictures")
    if not isinstance(state, dict) or state.get("made") or not replay.get("video"):
        return False
    return int(state.get("attempts", 0)) < ATTEMPTS
