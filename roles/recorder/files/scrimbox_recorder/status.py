"""What `scrimbox-recorder status` prints: streams, disk, work under way, faults."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from . import cleanup, guard
from .aside import Aside
from .clips import READY, Clips
from .config import Config
from .disk import Disk, read_json
from .jobs import NAME, Jobs
from .names import recording
from .replays import Replays

RECENT = 10
"""Replays from which the rate is taken while nothing is live."""
FRESH = 15.0
"""Seconds since its last change within which a raw recording counts towards the current rate."""


def report(config: Config) -> str:
    """The whole report, one fact a line."""
    fault = guard.fault_of(config)
    if fault:
        return "\n".join(["Disk", f"  {fault}; `make deploy` makes folders and sets owner and mode", *_failed()])
    replays = Replays(config.recordings).newest_first()
    lines = ["Streams", *_streams(config, replays), "Disk", *_disk(config, replays)]
    lines += ["Being made", *([*_jobs(config), *_clips(config)] or ["  nothing"])]
    lines += ["Set aside", *(_aside(config) or ["  nothing"])]
    return "\n".join([*lines, *_failed()])


def _streams(config: Config, replays: tuple[dict[str, Any], ...]) -> list[str]:
    lines = []
    for stream in config.streams:
        document = read_json(config.state / f"{stream.id}.json")
        state = document.get("state", "?") if isinstance(document, dict) else "unknown: no state document"
        live = document.get("live") if isinstance(document, dict) else None
        since = f" since {live['started']}" if live else ""
        count = sum(1 for sidecar in replays if sidecar["id"] == stream.id)
        lines.append(f"  {stream.id}: {state}{since}, {count} replay(s)")
        lines += _arriving(document.get("ingest") if isinstance(document, dict) else None)
        lines += _refused(document.get("refused") if isinstance(document, dict) else None)
    index = read_json(config.state / "index.json")
    lines += _refused(index.get("refused") if isinstance(index, dict) else None)
    return lines or ["  none declared"]


def _arriving(ingest: dict[str, Any] | None) -> list[str]:
    """What a publisher sends, and what the streamer should change."""
    if not ingest:
        return []
    video, audio, bits = ingest["video"], ingest["audio"], ingest["bitrate"]
    said = []
    if video:
        size = f" {video['width']}x{video['height']}" if video["width"] else ""
        fps = f", {video['fps']:g} pictures a second" if video["fps"] else ""
        keys = f", key frames every {video['key_interval']:g} s" if video["key_interval"] else ""
        said.append(f"{video['codec']}{size}{fps}{keys}")
    if audio:
        said.append(audio["codec"] + (f" {audio['rate'] / 1000:g} kHz" if audio["rate"] else ""))
    if bits:
        said.append(f"{bits['now'] / 1e6:.1f} Mbit/s")
    if ingest["late"]:
        said.append(f"{ingest['late']:g} s late")
    lines = [f"    {'; '.join(said)}"] if said else []
    for advice in ingest["advice"]:
        lines += [f"    {advice['text']}", f"      {advice['setting']}"]
    return lines


def _refused(refused: dict[str, Any] | None) -> list[str]:
    """The last publisher who was refused."""
    return [f"    a publisher was refused at {refused['time']}: {refused['text']}"] if refused else []


def _disk(config: Config, replays: tuple[dict[str, Any], ...]) -> list[str]:
    usage = shutil.disk_usage(config.recordings)
    made = sum(sidecar["size"] for sidecar in replays)
    cut, raw = _folder(config.clips), _folder(config.incoming) + _folder(config.finalizing)
    pinned = sum(replay.pinned for replay in cleanup.replays(config))
    rate, whose = _live_rate(config.incoming), "the current rate"
    lines = [
        _level(config),
        f"  {_size(usage.free)} free of {_size(usage.total)}; replays {_size(made)}, clips {_size(cut)}, "
        f"raw {_size(raw)}, HLS {_size(_folder(config.hls))}, set aside {_size(_folder(config.set_aside))}",
        f"  reserve {_size(guard.reserve_of(config, rate, _copies(config)))}, floor {_size(config.floor_bytes)}; "
        f"{pinned} pinned replay(s)",
    ]
    if not rate and replays:
        recent, whose = replays[:RECENT], "the rate of the last replays"
        rate = sum(sidecar["size"] for sidecar in recent) / max(1.0, sum(sidecar["duration"] for sidecar in recent))
    if rate:
        # What comes in is written twice: into the recording and into the segments.
        hours = usage.free / (2 * rate) / 3600
        lines.append(f"  {hours:.0f} hours left at {whose} ({rate * 8 / 1e6:.1f} Mbit/s)")
    return lines


def _level(config: Config) -> str:
    """What the guard says, and whether the auth service is told to refuse."""
    index = read_json(config.state / "index.json")
    told = index.get("disk") if isinstance(index, dict) else None
    level = told.get("level", "?") if isinstance(told, dict) else "unknown"
    try:
        refused = config.refuse_publish.read_text(encoding="utf-8").strip()
    except OSError:
        return f"  {level}: publishing is allowed"
    since = f" since {told['since']}" if isinstance(told, dict) and told.get("since") else ""
    return f"  {level}{since}: new publishes are refused: {refused}"


def _copies(config: Config) -> int:
    return 2 if config.hls.stat().st_dev == config.recordings.stat().st_dev else 1


def _live_rate(incoming: Path) -> float:
    """Bytes per second that all publishers together send, from the raw recordings that grow."""
    rate, now = 0.0, time.time()
    for path in _walk(incoming):
        name, status = recording(path.name), path.stat()
        if name and now - status.st_mtime < FRESH:
            rate += status.st_size / max(1.0, status.st_mtime - name.number)
    return rate


def _jobs(config: Config) -> list[str]:
    progress = _systemctl("show", "scrimbox-finalizer.service", "--property=StatusText", "--value")
    lines = [f"  at work: {progress.strip()}"] if progress and progress.strip() else []
    for job in Jobs(config.finalizing).all():
        folder = config.finalizing / job.file
        raw = sum((folder / part).stat().st_size for part in job.parts if (folder / part).exists())
        made = sum(path.stat().st_size for path in folder.glob("*.mp4"))
        tries = f", {job.attempts} failed tries" if job.attempts else ""
        lines.append(f"  {job.file}: {_size(raw)} in {len(job.parts)} part(s), {_size(made)} written{tries}")
    for folder in _walk(config.finalizing):
        if folder.is_dir() and not (folder / NAME).exists() and any(folder.iterdir()):
            lines.append(f"  {folder}: no {NAME}; move its FLV files to {config.incoming} to have them finalised")
    return lines


def _clips(config: Config) -> list[str]:
    """Clips that are not there yet, or will never be."""
    return [
        f"  {clip['file']}: clip of {clip['author']}, {clip['state']}{': ' + clip['reason'] if clip['reason'] else ''}"
        for clip in Clips(config, Disk()).all()
        if clip["state"] != READY
    ]


def _aside(config: Config) -> list[str]:
    return [f"  {config.set_aside / report['name']}: {report['reason']}" for report in Aside(config.set_aside).all()]


def _failed() -> list[str]:
    told = _systemctl("list-units", "--failed", "--plain", "--no-legend", "--no-pager")
    if told is None:
        return ["Failed units", "  unknown: systemctl did not answer"]
    return ["Failed units", *([f"  {line.split()[0]}" for line in told.splitlines() if line.strip()] or ["  none"])]


def _systemctl(*arguments: str) -> str | None:
    """What systemctl prints; None where it does not answer."""
    try:
        done = subprocess.run(
            ["systemctl", *arguments], capture_output=True, text=True, timeout=10, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _folder(folder: Path) -> int:
    paths = [Path(top) / name for top, _, names in os.walk(folder) for name in names]
    return sum(path.stat().st_size for path in paths if path.exists())


def _walk(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
