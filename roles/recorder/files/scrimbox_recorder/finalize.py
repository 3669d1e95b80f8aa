"""The finalizer: makes the replay of an ended session, then deletes what it was made of. Every step may be the last."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from . import aside, flv, jobs, measure, mp4, sidecar, verdict
from .config import Config
from .disk import Disk, lock, share
from .jobs import Job
from .media import MediaError, NotNowError, Probe, Tools
from .mp4 import ReadBack, Span, Wrapped
from .names import file_name, iso, recording, split_file, stamp_seconds
from .pictures import Painter
from .sidecar import Output, Part
from .watch import EMPTY

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Tries before a recording that holds frames is set aside: a fault may be the machine's."""
PAUSE = 10.0
"""Seconds before the next try."""
LONGEST_SEGMENT = 60.0
"""Seconds of a segment at most, as ingest has it: a longer one would be loaded whole before its first frame."""
FRAGMENTED, HYBRID, PLAIN, JOINED = ".fragmented.mp4", ".hybrid.mp4", ".plain.mp4", ".joined.mp4"


class Finalizer:
    """Works through the jobs, oldest first, one at a time. May be killed after every step and run again."""

    def __init__(self, config: Config, disk: Disk, tools: Tools) -> None:
        self._config = config
        self._disk = disk
        self._tools = tools
        self._jobs = jobs.Jobs(config.finalizing)
        self._painter = Painter(config, disk, tools, lambda: lock(config.incoming / ".lock"))
        self._not_before: dict[str, float] = {}

    def step(self, steady: float) -> bool:
        """Finalise one job that is ready at the steady second `steady`, or draw pictures; False if there is nothing."""
        for job in self._jobs.all():
            folder = self._config.finalizing / job.file
            if steady < self._not_before.get(job.file, 0) or not self._is_ready(job, folder):
                continue
            try:
                self._finalise(job, folder)
                self._not_before.pop(job.file, None)
            except NotNowError as reason:
                self._not_before[job.file] = steady + PAUSE
                log.warning("%s: %s has to wait: %s", job.stream, job.file, reason)
            except MediaError as reason:
                self._not_before[job.file] = steady + PAUSE
                log.warning("%s: %s, try %d of %d: %s", job.stream, job.file, job.attempts + 1, ATTEMPTS, reason)
                jobs.save(self._disk, folder, replace(job, attempts=job.attempts + 1))
            return True
        return self._painter.step(steady)

    def _is_ready(self, job: Job, folder: Path) -> bool:
        """The recorder has moved everything here."""
        return not any((self._config.incoming / part).exists() and not (folder / part).exists() for part in job.parts)

    def _finalise(self, job: Job, folder: Path) -> None:
        began = time.monotonic()
        self._tools.work_on(job.file)
        if not (job.files or job.keep) or not all(self._is_published(file) for file in job.files):
            job = self._make(job, folder)
        self._clean(job, folder)
        if job.files:
            took = time.monotonic() - began
            log.info("%s: %s is ready after %.1f s", job.stream, " and ".join(job.files), took)

    def _make(self, job: Job, folder: Path) -> Job:
        self._sweep(folder)
        self._check_space(job, folder)
        keep: dict[str, str] = {}
        parts = [part for name in job.parts if (part := self._part(job, folder, name, keep))]
        outputs = self._pack(job, folder, parts, keep)
        for output in outputs:
            if output.missing:
                keep.update({part.source: output.missing for part in output.parts})
        files = self._names(job, outputs)
        job = replace(job, files=files, keep=keep)
        jobs.save(self._disk, folder, job)
        for file, output in zip(files, outputs):
            self._publish(job, file, output)
        return job

    def _part(self, job: Job, folder: Path, name: str, keep: dict[str, str]) -> Part | None:
        """Make a fragmented MP4 of one recording; None if it holds nothing or cannot be used (then `keep` says why)."""
        source = folder / name
        if not source.exists():
            log.warning("%s: %s of %s is gone", job.stream, name, job.file)
            return None
        status = source.stat()
        if status.st_size <= EMPTY:
            return None
        target = folder / f"{source.stem}{FRAGMENTED}"
        try:
            held = self._tools.fragment(source, target)
            self._disk.did(f"ffmpeg {target.name}")
            looks = self._tools.probe(target) if held.frames else None
        except MediaError as reason:
            held, looks, fault = flv.contents(source), None, reason
            if held.frames and job.attempts + 1 < ATTEMPTS:
                raise
        if held.headers_only:
            return None
        if not looks:
            keep[name] = str(fault) if held.frames else "it holds no whole frame"
            return None
        if held.unread:
            keep[name] = f"{held.unread} bytes behind a damaged place could not be read"
        measured = measure.read(folder / measure.clock_file(name))
        return Part(name, held, target, looks, status.st_mtime, measured)

    def _pack(self, job: Job, folder: Path, parts: Sequence[Part], keep: dict[str, str]) -> list[Output]:
        """One replay for every run of parts that can be joined without transcoding (FACTS 8b)."""
        outputs: list[Output] = []
        for group in verdict.joinable([part.looks for part in parts]):
            own = [parts[number] for number in group]
            output, fault = self._hybrid(folder, own)
            if output:
                outputs.append(output)
                continue
            log.warning("%s: %s becomes a plain MP4 without a playlist: %s", job.stream, job.file, fault)
            try:
                outputs += self._plain(job, folder, own, fault)
            except MediaError as reason:
                if job.attempts + 1 < ATTEMPTS:
                    raise
                keep.update({part.source: str(reason) for part in own})
        return outputs

    def _hybrid(self, folder: Path, own: list[Part]) -> tuple[Output | None, str]:
        """The one file with two doors (FACTS 15), read back; None and the reason where that does not succeed."""
        target = folder / f"{Path(own[0].source).stem}{HYBRID}"
        try:
            wrapped = self._tools.wrap([part.made for part in own], target)
            self._disk.did(f"wrap {target.name}")
            output = self._checked(target, own, wrapped.spans, wrapped)
        except MediaError as reason:
            self._disk.remove(target)
            return None, str(reason)
        if output.missing:
            self._disk.remove(target)
            return None, output.missing
        longest = max(segment.duration for segment in wrapped.segments)
        if longest > LONGEST_SEGMENT:
            fault = f"key frames are too rare for a playlist: up to {longest:.0f} s apart"
            return replace(output, wrapped=None, fault=fault), ""
        return output, ""

    def _plain(self, job: Job, folder: Path, own: list[Part], fault: str) -> list[Output]:
        """Plain MP4s by ffmpeg: joined where that succeeds, else one for every part."""
        made = [folder / f"{Path(part.source).stem}{PLAIN}" for part in own]
        for part, target in zip(own, made):
            self._tools.classic(part.made, target)
            self._disk.did(f"ffmpeg {target.name}")
        looks = [self._tools.probe(path) for path in made]
        joined = self._joined(job, folder, made, looks) if len(own) > 1 else None
        if joined:
            ends = list(itertools.accumulate(look.duration for look in looks))
            spans = [Span(end - look.duration, look.duration) for end, look in zip(ends, looks)]
            return [replace(self._checked(joined, own, spans), fault=fault)]
        return [
            replace(self._checked(path, [part], [Span(0.0, look.duration)]), fault=fault)
            for path, part, look in zip(made, own, looks)
        ]

    def _joined(self, job: Job, folder: Path, made: list[Path], looks: list[Probe]) -> Path | None:
        target = folder / f"{made[0].stem}{JOINED}"
        try:
            self._tools.join(made, target)
            self._disk.did(f"ffmpeg {target.name}")
            reason = verdict.joint_fault(looks, self._tools.probe(target))
        except MediaError as error:
            reason = str(error)
        if reason:
            log.warning("%s: the parts of %s stay apart: %s", job.stream, job.file, reason)
            return None
        return target

    def _checked(
        self, path: Path, own: Sequence[Part], spans: Sequence[Span], wrapped: Wrapped | None = None
    ) -> Output:
        """Read a made MP4 from its first to its last byte and compare it with the recordings."""
        held = [part.held for part in own]
        whole = self._tools.probe(path)
        try:
            read = self._tools.read_back(path, verdict.splits(held))
        except MediaError as reason:
            if wrapped:
                raise
            # ffmpeg's own MP4 is shown whatever we make of it; the recordings are kept beside it.
            unread = ReadBack(sha256="", duration=whole.duration, tracks={})
            return Output(path, own, spans, whole, unread, None, missing=str(reason))
        return Output(path, own, spans, whole, read, wrapped, missing=verdict.shortfall(held, read))

    def _names(self, job: Job, outputs: Sequence[Output]) -> list[str]:
        """FILE of every output: the names planned before, else names that nothing else has."""
        if len(job.files) == len(outputs):
            return job.files
        files: list[str] = []
        for number, output in enumerate(outputs):
            source = recording(output.parts[0].source)
            wanted = job.file if number == 0 or source is None else file_name(source.stream, source.number)
            files.append(free_file(self._config, wanted, files))
        return files

    def _publish(self, job: Job, file: str, output: Output) -> None:
        """Show a replay: MP4, playlist, and last the sidecar, from which on it counts."""
        folder = self._config.recordings
        with output.path.open("rb") as stream:
            share(stream.fileno(), folder, 0o640)
            os.fsync(stream.fileno())
        size = output.path.stat().st_size
        self._disk.rename(output.path, folder / f"{file}.mp4")
        if output.wrapped:
            started = [points[0][1] for points in sidecar.clocks(job, output)]
            text = mp4.playlist(output.wrapped, f"{file}.mp4", started)
            self._disk.write(folder / f"{file}.m3u8", text, durable=True)
        else:
            self._disk.remove(folder / f"{file}.m3u8")
        described = sidecar.build(job, file, output, size)
        self._disk.write_json(folder / f"{file}.json", described, durable=True)

    def _is_published(self, file: str) -> bool:
        return all((self._config.recordings / f"{file}.{kind}").exists() for kind in ("mp4", "json"))

    def _clean(self, job: Job, folder: Path) -> None:
        """Set aside what is to be kept, delete what is in a replay now, then the folder."""
        for name, reason in job.keep.items():
            if (folder / name).exists():
                log.warning("%s: %s is set aside: %s", job.stream, name, reason)
            report = {"id": job.stream, "file": job.file, "reason": reason, "since": iso(time.time())}
            aside.put(self._disk, folder / name, self._config.set_aside, report)
        for name in job.parts:
            self._disk.remove(folder / name)
            self._disk.remove(folder / measure.clock_file(name))
        self._sweep(folder)
        self._disk.remove(folder / jobs.NAME)
        left = [path.name for path in folder.iterdir()]
        if left:
            log.warning("%s: %s stays, it holds %s besides", job.stream, folder, ", ".join(left))
        else:
            self._disk.remove_folder(folder)

    def _sweep(self, folder: Path) -> None:
        """Remove what an earlier try has made."""
        for made in [*folder.glob("*.mp4"), *folder.glob("*.txt")]:
            self._disk.remove(made)

    def _check_space(self, job: Job, folder: Path) -> None:
        """The fragmented MP4s and the replay lie beside the recordings for a while; live streams need room as well."""
        size = sum((folder / name).stat().st_size for name in job.parts if (folder / name).exists())
        needed = 2 * size + self._config.floor_bytes
        if shutil.disk_usage(folder).free < needed:
            raise NotNowError(f"{needed / 1e6:.0f} MB must be free")


def free_file(config: Config, wanted: str, taken: Sequence[str] = ()) -> str:
    """`wanted`, or the same with a later second, so that no replay has that name."""
    stream, stamp = split_file(wanted)
    epoch = stamp_seconds(stamp)
    while wanted in taken or any((config.recordings / f"{wanted}.{kind}").exists() for kind in ("mp4", "json")):
        epoch += 1
        wanted = file_name(stream, epoch)
    return wanted
