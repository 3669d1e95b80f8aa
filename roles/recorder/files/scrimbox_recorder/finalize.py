"""The finalizer: makes the replay of an ended session, then deletes what it was made of. Every step may be the last."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from . import aside, flv, jobs, measure, sidecar, verdict
from .config import Config
from .disk import Disk, share
from .jobs import Job
from .media import MediaError, NotNowError, Probe, Tools
from .names import file_name, iso, recording, split_file, stamp_seconds
from .sidecar import Part
from .watch import EMPTY

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Tries before a recording that holds frames is set aside: a fault may be the machine's."""
PAUSE = 10.0
"""Seconds before the next try."""
RESERVE = 64 * 2**20
"""Bytes that stay free for the live streams while an MP4 is being made."""


class Finalizer:
    """Works through the jobs, oldest first, one at a time. May be killed after every step and run again."""

    def __init__(self, config: Config, disk: Disk, tools: Tools) -> None:
        self._config = config
        self._disk = disk
        self._tools = tools
        self._jobs = jobs.Jobs(config.finalizing)
        self._not_before: dict[str, float] = {}

    def step(self, steady: float) -> bool:
        """Finalise one job that is ready at the steady second `steady`; False if there is none."""
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
        return False

    def _is_ready(self, job: Job, folder: Path) -> bool:
        """The recorder has moved everything here."""
        return not any((self._config.incoming / part).exists() and not (folder / part).exists() for part in job.parts)

    def _finalise(self, job: Job, folder: Path) -> None:
        began = time.monotonic()
        if not (job.files or job.keep) or not all(self._is_published(file) for file in job.files):
            job = self._make(job, folder)
        self._clean(job, folder)
        if job.files:
            took = time.monotonic() - began
            log.info("%s: %s is ready after %.1f s", job.stream, " and ".join(job.files), took)

    def _make(self, job: Job, folder: Path) -> Job:
        for old in [*folder.glob("*.mp4"), *folder.glob("*.txt")]:
            self._disk.remove(old)
        self._check_space(job, folder)
        keep: dict[str, str] = {}
        parts = [part for name in job.parts if (part := self._part(job, folder, name, keep))]
        outputs = self._join(job, folder, parts)
        files = self._names(job, outputs)
        job = replace(job, files=files, keep=keep)
        jobs.save(self._disk, folder, job)
        for file, (made, own, whole) in zip(files, outputs):
            self._publish(job, file, made, own, whole)
        return job

    def _part(self, job: Job, folder: Path, name: str, keep: dict[str, str]) -> Part | None:
        """Remux one recording; None if it holds nothing or cannot be remuxed (then `keep` says why)."""
        source = folder / name
        if not source.exists():
            log.warning("%s: %s of %s is gone", job.stream, name, job.file)
            return None
        status = source.stat()
        if status.st_size <= EMPTY:
            return None
        held = flv.contents(source)
        if not held.frames:
            keep[name] = "it holds no whole frame"
            return None
        target = folder / f"{source.stem}.mp4"
        try:
            self._tools.remux(source, target)
            self._disk.did(f"ffmpeg {target.name}")
            made = self._tools.probe(target)
        except MediaError as reason:
            if job.attempts + 1 < ATTEMPTS:
                raise
            keep[name] = str(reason)
            return None
        missing = verdict.shortfall(held, made)
        if missing:
            keep[name] = missing
        measured = measure.read(folder / measure.clock_file(name))
        return Part(name, held, made, status.st_mtime, measured)

    def _join(self, job: Job, folder: Path, parts: Sequence[Part]) -> list[tuple[Path, list[Part], Probe]]:
        """One MP4 for every run of parts that can be joined; where joining fails, one for every part."""
        outputs: list[tuple[Path, list[Part], Probe]] = []
        for group in verdict.joinable([part.made for part in parts]):
            own = [parts[number] for number in group]
            single = [(folder / f"{Path(part.source).stem}.mp4", [part], part.made) for part in own]
            joined = self._joined(job, folder, own) if len(own) > 1 else None
            outputs += [joined] if joined else single
        return outputs

    def _joined(self, job: Job, folder: Path, own: list[Part]) -> tuple[Path, list[Part], Probe] | None:
        target = folder / f"joined-{Path(own[0].source).stem}.mp4"
        try:
            self._tools.join([folder / f"{Path(part.source).stem}.mp4" for part in own], target)
            self._disk.did(f"ffmpeg {target.name}")
            whole = self._tools.probe(target)
            fault = verdict.joint_fault([part.made for part in own], whole)
        except MediaError as reason:
            fault = str(reason)
        if fault:
            log.warning("%s: the parts of %s stay apart: %s", job.stream, job.file, fault)
            return None
        return target, own, whole

    def _names(self, job: Job, outputs: Sequence[tuple[Path, list[Part], Probe]]) -> list[str]:
        """FILE of every output: the names planned before, else names that nothing else has."""
        if len(job.files) == len(outputs):
            return job.files
        files: list[str] = []
        for number, (_, own, _) in enumerate(outputs):
            source = recording(own[0].source)
            wanted = job.file if number == 0 or source is None else file_name(source.stream, source.number)
            files.append(free_file(self._config, wanted, files))
        return files

    def _publish(self, job: Job, file: str, made: Path, own: list[Part], whole: Probe) -> None:
        with made.open("rb") as stream:
            share(stream.fileno(), self._config.recordings, 0o640)
            os.fsync(stream.fileno())
        size = made.stat().st_size
        self._disk.rename(made, self._config.recordings / f"{file}.mp4")
        described = sidecar.build(job, file, own, size, whole)
        self._disk.write_json(self._config.recordings / f"{file}.json", described, durable=True)

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
        for made in [*folder.glob("*.mp4"), *folder.glob("*.txt")]:
            self._disk.remove(made)
        self._disk.remove(folder / jobs.NAME)
        left = [path.name for path in folder.iterdir()]
        if left:
            log.warning("%s: %s stays, it holds %s besides", job.stream, folder, ", ".join(left))
        else:
            self._disk.remove_folder(folder)

    def _check_space(self, job: Job, folder: Path) -> None:
        size = sum((folder / name).stat().st_size for name in job.parts if (folder / name).exists())
        needed = size * (2 if len(job.parts) > 1 else 1) + RESERVE
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
