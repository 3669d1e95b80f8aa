"""Carries out the orders of clips, some at a time. May be killed after every step and run again."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

from . import clip_sources, clips, flv_range, mp4
from .clip_sources import Raw, Stretch
from .clip_tools import ClipTools
from .clips import CUTTING, FAILED, Order, Orders
from .config import Config
from .crew import Crew
from .disk import Disk, lock, read_json, share
from .documents import Document
from .media import MediaError, NotNowError
from .names import iso
from .replays import Replays

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Tries before a clip is given up."""
PAUSE, SOON = 3.0, 0.4
"""Seconds before the next try; before the next look at what is still being recorded."""
PATIENCE = 30.0
"""Seconds after its end until a clip of which nothing was recorded is given up: a recorder may lag behind."""
LOOK = 0.2
"""Seconds after which new orders are looked for while others are being carried out."""
LEAD, TRAIL = 0.5, 0.25
"""Seconds that are read of a raw recording before the first frame and behind the last: B-frames lie elsewhere."""
SLACK = 0.1
"""Seconds that a replay may lack of a clip and still be all that there is."""
REST = 30 * 86400.0
"""Seconds after which an order that failed is forgotten."""


@dataclass(frozen=True)
class _Source:
    """An MP4 that has the clip: between which of its seconds, its parts, and what it is a part of."""

    path: Path
    between: tuple[float, float]
    parts: Sequence[Stretch]
    match: str
    replay: str | None


class _NotYetError(Exception):
    """What the clip is to hold has not been written yet."""


class Clipper:
    """Cuts as many clips at a time as there are processors, in the order in which they were asked for."""

    def __init__(
        self,
        config: Config,
        disk: Disk,
        tools: ClipTools,
        wall: Callable[[], float] = time.time,
        most: int = os.cpu_count() or 1,
    ) -> None:
        """`most` clips are cut at the same time."""
        self._config = config
        self._disk = disk
        self._tools = tools
        self._wall = wall
        self._orders = Orders(config)
        self._replays = Replays(config.recordings)
        self._crew = Crew(most)
        self._not_before: dict[str, float] = {}
        self._unpainted: set[str] = set()
        self._swept = False

    def step(self, steady: float) -> bool:
        """Begin what is due at the steady second `steady` and hear what became of the rest; False if nothing is."""
        self._sweep()
        orders = {order.file: order for order in self._orders.all()}
        did = False
        for file, order in orders.items():
            if self._crew.full:
                break
            if file not in self._crew and steady >= self._not_before.get(file, 0) and self._is_due(order):
                try:
                    did |= self._begin(order)
                except Exception as fault:
                    did |= self._settle(order, fault, steady)
        if self._unpainted and not self._crew.full:
            self._begin_to_paint(self._unpainted.pop())
            did = True
        heard = self._crew.hear(LOOK)
        if heard:
            self._settle(orders.get(heard[0]), heard[1], steady)
        return did or bool(heard) or self._crew.busy

    def _settle(self, order: Order | None, fault: BaseException | None, steady: float) -> bool:
        """Write down what became of an order, None if it has been withdrawn; False if it has not even begun."""
        if fault and not isinstance(fault, (_NotYetError, NotNowError, FileNotFoundError, MediaError)):
            raise fault
        if order is None:
            return True
        if fault is None:
            self._not_before.pop(order.file, None)
        elif isinstance(fault, _NotYetError):
            self._not_before[order.file] = steady + SOON
            return False
        elif isinstance(fault, NotNowError):
            self._not_before[order.file] = steady + PAUSE
            log.warning("%s: the clip %s has to wait: %s", order.view, order.file, fault)
            self._note(replace(order, state=clips.WAITING, reason=str(fault)))
        elif isinstance(fault, FileNotFoundError):
            # A recording has become a replay meanwhile.
            self._not_before[order.file] = steady + SOON
            log.info("%s: the clip %s is cut anew: %s", order.view, order.file, fault)
        else:
            self._not_before[order.file] = steady + PAUSE
            self._failed(order, str(fault))
        return True

    def _is_due(self, order: Order) -> bool:
        """Whether it is worth a try: neither given up, nor is its end still to come."""
        if order.state == FAILED:
            if self._wall() - order.asked > REST:
                with self._locked():
                    clips.delete(self._disk, self._config, order.file)
            return False
        return self._wall() >= order.end

    def _begin(self, order: Order) -> bool:
        """Have an order carried out; False if there is nothing more to do for it.

        What is recorded is asked here and not beside: only the main thread can ask whether a file is being written.
        """
        if self._is_published(order):
            self._end(order)
            return True
        self._check_space()
        found = self._find(order)
        if found is None:
            return True
        tools = self._tools.beside()
        tools.work_on(order.file)
        self._crew.begin(order.file, lambda: self._carry_out(order, found, tools))
        return True

    def _carry_out(self, order: Order, found: Document | list[Raw], tools: ClipTools) -> None:
        began = time.monotonic()
        folder = self._folder(order)
        if not self._note(replace(order, state=CUTTING, reason="")):
            return
        shutil.rmtree(folder, ignore_errors=True)
        self._disk.make_folder(folder)
        if isinstance(found, list):
            source = self._of_raws(order, folder, found, tools)
        else:
            source = self._of_replay(order, found)
        made = tools.cut(source.path, folder / "clip.mp4", source.between)
        self._disk.did("cut clip.mp4")
        self._publish(order, folder, source, made)
        took = time.monotonic() - began
        log.info("%s: the clip %s of %.1f s is ready after %.1f s", order.view, order.file, made.duration, took)
        self._end(order)
        self._unpainted.add(order.file)

    def _end(self, order: Order) -> None:
        """Take away the order of a clip that is there."""
        with self._locked():
            self._disk.remove(self._config.cutting / f"{order.file}.json")
        shutil.rmtree(self._folder(order), ignore_errors=True)

    def _find(self, order: Order) -> Document | list[Raw] | None:
        """The replay that has the clip, or the raw recordings; None where it has been given up.

        Raises:
            _NotYetError: the end of the clip has not been written yet.
        """
        replay, held = clip_sources.replay_of(self._replays, order.view, order.start, order.end)
        if replay and held >= order.end - order.start - SLACK:
            return replay
        found = clip_sources.raws(self._config, order.view, order.start, order.end)
        if any(raw.open and raw.stretch.wall(raw.stretch.ends) < order.end + TRAIL for raw in found):
            raise _NotYetError
        if found and sum(raw.stretch.overlap(order.start, order.end) for raw in found) > held:
            return found
        if replay:
            return replay
        if self._wall() < max(order.end, order.asked) + PATIENCE:
            raise _NotYetError
        self._failed(replace(order, attempts=ATTEMPTS), "nothing was recorded at that time")
        return None

    def _of_replay(self, order: Order, replay: Document) -> _Source:
        parts = clip_sources.stretches(replay)
        placed = clip_sources.place(parts, order.start, order.end)
        if placed is None:
            raise MediaError("the replay has nothing of that time")
        path = self._config.recordings / f"{replay['file']}.mp4"
        return _Source(path, placed, parts, replay.get("match", ""), replay["file"])

    def _of_raws(self, order: Order, folder: Path, found: Sequence[Raw], tools: ClipTools) -> _Source:
        """Make a small replay of what the raw recordings have of that time."""
        made = [piece for raw in found if (piece := self._piece(order, folder, raw, tools))]
        if not made:
            raise MediaError("the recording has nothing of that time")
        target = folder / "source.mp4"
        try:
            wrapped = tools.wrap([path for path, _, _ in made], target)
        except MediaError as reason:
            log.warning("%s: the clip %s gets one part only: %s", order.view, order.file, reason)
            made = [max(made, key=lambda piece: piece[1].stretch.overlap(order.start, order.end))]
            wrapped = tools.wrap([path for path, _, _ in made], target)
        self._disk.did(f"wrap {target.name}")
        parts = [
            Stretch([(second - zero + span.offset, wall) for second, wall in raw.stretch.points], span.offset, span.end)
            for (_, raw, zero), span in zip(made, wrapped.spans)
        ]
        placed = clip_sources.place(parts, order.start, order.end)
        if placed is None:
            raise MediaError("the recording has nothing of that time")
        return _Source(target, placed, parts, "", None)

    def _piece(self, order: Order, folder: Path, raw: Raw, tools: ClipTools) -> tuple[Path, Raw, float] | None:
        """What a raw recording has of a clip as an MP4, and the second of the recording at which that begins."""
        begin, end = raw.stretch.second(order.start) - LEAD, raw.stretch.second(order.end) + TRAIL
        found = flv_range.find(raw.path, round(begin * 1000), round(end * 1000))
        if found is None:
            return None
        target = folder / f"{raw.path.stem}.mp4"
        held = tools.fragment_range(raw.path, found, target)
        self._disk.did(f"ffmpeg {target.name}")
        return (target, raw, held.start / 1000) if held.frames else None

    def _publish(self, order: Order, folder: Path, source: _Source, made: mp4.Excerpt) -> None:
        """Show the clip: the MP4, and last the sidecar, from which on it counts."""
        with (folder / "clip.mp4").open("rb") as stream:
            share(stream.fileno(), self._config.clips, 0o640)
            os.fsync(stream.fileno())
        with self._locked():
            if not (self._config.cutting / f"{order.file}.json").exists():
                log.info("%s: the clip %s is not wanted any more", order.view, order.file)
                return
            size = (folder / "clip.mp4").stat().st_size
            self._disk.rename(folder / "clip.mp4", self._config.clips / f"{order.file}.mp4")
            sidecar = describe(order, source.parts, made) | {"size": size, "poster": None}
            sidecar |= {"match": order.match or source.match, "source": source.replay, "made": iso(self._wall())}
            self._disk.write_json(self._config.clips / f"{order.file}.json", sidecar, durable=True)

    def _begin_to_paint(self, file: str) -> None:
        """Have the picture of a clip drawn. Nobody waits for it: what is still to be cut comes first."""
        tools = self._tools.beside()
        tools.work_on(file)
        self._crew.begin(f"{file}.jpg", lambda: self._paint(file, tools))

    def _paint(self, file: str, tools: ClipTools) -> None:
        folder = self._config.cutting / f".{file}.jpg.work"
        self._disk.make_folder(folder)
        drawn = folder / "clip.jpg"
        try:
            tools.picture(self._config.clips / f"{file}.mp4", drawn)
            self._disk.did("ffmpeg clip.jpg")
            with drawn.open("rb") as stream:
                share(stream.fileno(), self._config.clips, 0o640)
            with self._locked():
                sidecar = read_json(self._config.clips / f"{file}.json")
                if sidecar:
                    self._disk.rename(drawn, self._config.clips / f"{file}.jpg")
                    changed = {**sidecar, "poster": f"{file}.jpg"}
                    self._disk.write_json(self._config.clips / f"{file}.json", changed, durable=True)
        except (MediaError, NotNowError, FileNotFoundError) as reason:
            log.info("the clip %s has no picture: %s", file, reason)
        shutil.rmtree(folder, ignore_errors=True)

    def _failed(self, order: Order, reason: str) -> None:
        attempts = min(ATTEMPTS, order.attempts + 1)
        state = FAILED if attempts == ATTEMPTS else clips.WAITING
        log.warning("%s: the clip %s, try %d of %d: %s", order.view, order.file, attempts, ATTEMPTS, reason)
        self._note(replace(order, state=state, reason=reason, attempts=attempts))
        shutil.rmtree(self._folder(order), ignore_errors=True)

    def _note(self, order: Order) -> bool:
        """Write down what has become of an order; False if it has been withdrawn."""
        with self._locked():
            return clips.note(self._disk, self._config, order)

    def _is_published(self, order: Order) -> bool:
        return all((self._config.clips / f"{order.file}.{kind}").exists() for kind in ("mp4", "json"))

    def _check_space(self) -> None:
        """Clips must not take the room that new recordings need."""
        if self._config.refuse_publish.exists():
            raise NotNowError("the disk is full")
        if shutil.disk_usage(self._config.cutting).free < self._config.reserve_bytes:
            raise NotNowError(f"{self._config.reserve_bytes / 1e6:.0f} MB must be free")

    def _sweep(self) -> None:
        """At first, remove what an earlier process was making, and draw what it did not come to."""
        if not self._swept:
            self._swept = True
            for folder in self._config.cutting.glob(".*.work"):
                shutil.rmtree(folder, ignore_errors=True)
            made = {path.stem: read_json(path) for path in self._config.clips.glob("*.json")}
            self._unpainted = {file for file, sidecar in made.items() if sidecar and not sidecar.get("poster")}

    def _folder(self, order: Order) -> Path:
        return self._config.cutting / f".{order.file}.work"

    def _locked(self) -> AbstractContextManager[None]:
        return lock(self._config.incoming / ".lock")


def describe(order: Order, parts: Sequence[Stretch], made: mp4.Excerpt) -> Document:
    """The sidecar of a clip: what was asked for, and what it really holds."""
    return {
        "id": order.note,
        "file": order.file,
        "author": order.author,
        "title": order.title,
        "view": order.view,
        "from": iso(_wall(parts, made.first)),
        "to": iso(_wall(parts, made.last)),
        "duration": round(made.duration, 3),
        "frames": made.frames,
        "encoded": made.encoded,
    }


def _wall(parts: Sequence[Stretch], second: float) -> float:
    """Wall clock of a second of the source."""
    before = [part for part in parts if part.begins <= second]
    return (before[-1] if before else parts[0]).wall(second)
