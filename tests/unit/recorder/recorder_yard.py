"""A server's folders made small: files as nginx writes them, clocks that stand still, a disk on which one can die."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from scrimbox_recorder.config import Config, Stream
from scrimbox_recorder.disk import Disk
from scrimbox_recorder.finalize import Finalizer
from scrimbox_recorder.flv import Contents, contents
from scrimbox_recorder.media import MediaError, Probe
from scrimbox_recorder.mp4 import KeyFrames, Range, ReadBack, Segment, Span, Track, Wrapped
from scrimbox_recorder.reconcile import Recorder, World

EPOCH = 1_600_000_000
"""Wall clock at which the tests' steady clock shows 0: long before the files' own times, so that nothing looks old."""


class PowerCutError(BaseException):
    """The process dies here; nothing may catch it."""


def tag(kind: int, time: int, body: bytes) -> bytes:
    """One FLV tag with its trailing size."""
    head = (
        bytes([kind])
        + len(body).to_bytes(3, "big")
        + (time & 0xFFFFFF).to_bytes(3, "big")
        + bytes([time >> 24, 0, 0, 0])
    )
    return head + body + (len(head) + len(body)).to_bytes(4, "big")


def flv(frames: int = 30, start: int = 0, *, audio: bool = True, video: bool = True) -> bytes:
    """An FLV of one frame every 40 ms, a key frame every tenth, preceded by its sequence headers."""
    data = b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + tag(9, start, b"\x17\0\0\0\0avcC") + tag(8, start, b"\xaf\0\x12\x10")
    for number in range(frames):
        if video:
            data += tag(9, start + 40 * number, (b"\x17" if number % 10 == 0 else b"\x27") + b"\x01\0\0\0" + b"v" * 40)
        if audio:
            data += tag(8, start + 40 * number, b"\xaf\x01" + b"a" * 10)
    return data


def pes(stream_id: int, pts_ms: int) -> bytes:
    """One transport stream packet that begins a frame, as nginx-rtmp writes it."""
    pts = (pts_ms + 700) * 90
    field = bytes(
        [
            0x21 | (pts >> 29 & 0x0E),
            pts >> 22 & 0xFF,
            0x01 | (pts >> 14 & 0xFE),
            pts >> 7 & 0xFF,
            0x01 | (pts << 1 & 0xFE),
        ]
    )
    payload = b"\0\0\x01" + bytes([stream_id]) + b"\0\0\x80\x80\x05" + field
    return b"\x47\x41\x00\x10" + payload.ljust(184, b"\xff")


class FakeTools:
    """Stands in for ffmpeg: an MP4 is a text that names the frames it holds. `fail` makes it refuse a file."""

    def __init__(self) -> None:
        self.fail: Callable[[Path], Exception | None] = lambda source: None
        self.fail_wrap: Callable[[], Exception | None] = lambda: None
        self.fail_draw: Callable[[], Exception | None] = lambda: None
        self.settings: Callable[[Path], str] = lambda source: "equal"
        self.lose = 0
        self.runs = 0

    def work_on(self, file: str) -> None:
        pass

    def fragment(self, source: Path, target: Path) -> Contents:
        self.runs += 1
        fault = self.fail(source)
        if fault:
            target.write_text("half", encoding="ascii")
            raise fault
        held = contents(source)
        self._write(
            target, max(0, held.video_frames - self.lose), self.settings(source), [held.video_digest, held.audio_digest]
        )
        return held

    def wrap(self, parts: list[Path], target: Path) -> Wrapped:
        fault = self.fail_wrap()
        if fault:
            target.write_text("half", encoding="ascii")
            raise fault
        held = self._together(parts, target)
        ends = list(itertools.accumulate(part["frames"] * 0.04 for part in held))
        spans = tuple(
            Span(end - part["frames"] * 0.04, part["frames"] * 0.04) for end, part in zip(ends, held, strict=True)
        )
        segments = tuple(Segment(100 + number, 1, span.duration, number) for number, span in enumerate(spans))
        return Wrapped(ends[-1], spans, Range(32, 68), segments)

    def classic(self, source: Path, target: Path) -> None:
        self.runs += 1
        target.write_bytes(source.read_bytes())

    def join(self, parts: list[Path], target: Path) -> None:
        self.runs += 1
        self._together(parts, target)

    def read_back(self, path: Path, splits: dict[str, list[int]]) -> ReadBack:
        held = self._read(path)
        tracks = {
            "video": Track(held["frames"], tuple(video for video, _ in held["digests"])),
            "audio": Track(sum(splits["audio"]), tuple(audio for _, audio in held["digests"])),
        }
        return ReadBack("f" * 64, held["frames"] * 0.04, tracks)

    def probe(self, path: Path) -> Probe:
        held = self._read(path)
        frames = held["frames"]
        return Probe(frames * 0.04, frames, frames, {"codec_name": "h264"}, {"codec_name": "aac"}, (held["settings"],))

    def key_frames(self, path: Path) -> KeyFrames:
        seconds = max(1, self._read(path)["frames"] // 25)
        return KeyFrames(AVCC, 1280, 720, [(float(second), 0, 0) for second in range(seconds)])

    def draw(self, pictures: Iterator[bytes], total: int, filters: str, target: Path) -> None:
        count = sum(1 for _ in pictures)
        fault = self.fail_draw()
        if fault:
            raise fault
        for number in range(-(-count // 100)):
            target.with_name(target.name.replace("%d", str(number + 1))).write_text(filters, encoding="ascii")

    def _together(self, parts: list[Path], target: Path) -> list[dict[str, Any]]:
        held = [self._read(part) for part in parts]
        frames = sum(part["frames"] for part in held)
        self._write(target, frames, "equal", *(digest for part in held for digest in part["digests"]))
        return held

    def _write(self, target: Path, frames: int, settings: str, *digests: list[str]) -> None:
        held = {"frames": frames, "settings": settings, "digests": digests}
        target.write_text(json.dumps(held), encoding="ascii")

    def _read(self, path: Path) -> Any:
        try:
            return json.loads(path.read_text(encoding="ascii"))
        except ValueError as error:
            raise MediaError("no MP4") from error


AVCC = b"\x01\x42\x00\x1e\xff\xe1\x00\x01s\x01\x00\x01p"
"""An avcC box with the parameter sets "s" and "p"."""


class Yard:
    """Folders, clocks and the two programs."""

    def __init__(self, root: Path, **settings: Any) -> None:
        streams = settings.pop("streams", (Stream("cup", "The cup", 0),))
        # The machine that tests may have a full disk of its own.
        room = {"reserve_bytes": 0, "floor_bytes": 0, "reserve_hours": 0, "finalizer_bytes_per_second": 0}
        own = {name: root / name for name in ("vod", "run", "review")}
        settings = {"grace_seconds": 120, **own, "control": root / "control.sock", **room, **settings}
        self.config = Config(root / "hls", root / "recordings", root / "streams", streams, **settings)
        others = (self.config.clips, self.config.cutting, self.config.run)
        reviewed = (self.config.inbox, self.config.notes, self.config.refused, self.config.shown)
        for folder in (*self.config.folders, *others, *reviewed):
            folder.mkdir(parents=True)
        self.now = 0.0
        self.wall_shift = 0.0
        self.tools = FakeTools()
        self.steps: list[str] = []
        self.at_step: Callable[[int, str], None] = lambda number, step: None
        self.disk = Disk(self._step)
        self.recorder = self.new_recorder()
        self.finalizer = self.new_finalizer()
        self._writers: dict[str, IO[bytes]] = {}

    @property
    def wall(self) -> float:
        """The wall clock."""
        return EPOCH + self.now + self.wall_shift

    def _step(self, step: str) -> None:
        self.steps.append(step)
        self.at_step(len(self.steps), step)

    def new_recorder(self) -> Recorder:
        """A recorder that remembers nothing, as after a restart."""
        return Recorder(self.config, self.disk, World(lambda: self.now, lambda: self.wall, lambda seconds: None))

    def new_finalizer(self) -> Finalizer:
        """A finalizer that remembers nothing."""
        return Finalizer(self.config, self.disk, self.tools)  # type: ignore[arg-type]

    def restart(self) -> None:
        """Both programs begin anew."""
        self.recorder, self.finalizer = self.new_recorder(), self.new_finalizer()

    def later(self, seconds: float, *, every: float = 1.5) -> None:
        """Let time pass, with a pass now and then."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + every)
            self.recorder.run()

    def finalise(self) -> None:
        """Make all replays that are due."""
        while self.finalizer.step(self.now):
            pass

    def publish(self, stream: str = "cup", data: bytes | None = None, label: int | None = None) -> str:
        """A publisher connects and sends `data`; nginx keeps the recording open. Its name."""
        name = f"{stream}-{int(self.wall) if label is None else label}.flv"
        self._writers[name] = (self.config.incoming / name).open("wb", buffering=0)
        self.send(name, flv() if data is None else data)
        return name

    def send(self, name: str, data: bytes) -> None:
        """More data arrives."""
        self._writers[name].write(data)
        os.utime(self.config.incoming / name, (self.wall, self.wall))

    def hang_up(self, name: str) -> None:
        """The publisher goes; nginx closes the recording."""
        self._writers.pop(name).close()

    def segment(self, stream: str = "cup", *, pts_ms: int = 0, wall_ms: int | None = None, fresh: bool = False) -> str:
        """Nginx finishes a segment of one second and lists it."""
        name = f"{stream}-{int(self.wall * 1000) if wall_ms is None else wall_ms}.ts"
        (self.config.hls / name).write_bytes(pes(0xC0, pts_ms) + pes(0xE0, pts_ms))
        playlist = self.config.hls / f"{stream}.m3u8"
        text = playlist.read_text(encoding="ascii") if playlist.exists() else playlist_head()
        if fresh or not playlist.exists():
            text += "#EXT-X-DISCONTINUITY\n"
        playlist.write_text(f"{text}#EXTINF:1.000,\n{name}\n", encoding="ascii")
        os.utime(playlist, (self.wall, self.wall))
        os.utime(self.config.hls / name, (self.wall, self.wall))
        return name

    def document(self, stream: str = "cup") -> dict[str, Any]:
        """A state document."""
        document: dict[str, Any] = json.loads((self.config.state / f"{stream}.json").read_text(encoding="utf-8"))
        return document

    def state(self, stream: str = "cup") -> str:
        """The state that viewers see."""
        return str(self.document(stream)["state"])

    def playable(self, stream: str = "cup") -> bool:
        """Whether what the state document names is there."""
        document = self.document(stream)
        files = [self.config.hls.parent / document["live"]["playlist"].lstrip("/")] if document["live"] else []
        files += [self.config.recordings / f"{replay['file']}.mp4" for replay in document["replays"]]
        return bool(files) and all(file.exists() for file in files)

    @contextlib.contextmanager
    def dying_at(self, step: int) -> Iterator[None]:
        """The process dies right after the step of this number, counted from now."""
        self.steps.clear()

        def die(number: int, name: str) -> None:
            if number == step:
                raise PowerCutError(name)

        self.at_step = die
        try:
            with contextlib.suppress(PowerCutError):
                yield
        finally:
            self.at_step = lambda number, name: None

    def tree(self) -> dict[str, str]:
        """Everything on the disk but locks; documents without the time of their writing, and tries at pictures."""
        found = {}
        root = self.config.hls.parent
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.name != ".lock":
                content = path.read_bytes()
                if path.suffix == ".json":
                    content = re.sub(
                        rb'"(updated|since|expires)":"[^"]+"|"pictures":[{]"made":true,"attempts":[0-9]', b"", content
                    )
                found[str(path.relative_to(root))] = content.hex()
        return found


def playlist_head() -> str:
    """What a playlist of nginx-rtmp begins with."""
    return "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TARGETDURATION:1\n"
