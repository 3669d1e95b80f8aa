"""The recorder's configuration: read, checked, typed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .names import STREAM_ID

DEFAULT_PATH = Path("/etc/scrimbox/recorder.json")


class ConfigError(ValueError):
    """A setting is missing or not allowed; the message names key, value and what is allowed."""


@dataclass(frozen=True)
class Stream:
    """A declared stream; `offset_ms` is the encoder's delay, taken off the wall clock.

    Sessions that overlap of streams with the same `group` form a match; an empty one stands for none. `resolution` in
    pixels ("1920x1080"), `fps` and `bitrate_kbps` are what its publisher shall send; empty or 0 where nothing is said.
    """

    id: str
    title: str
    offset_ms: int
    group: str = ""
    resolution: str = ""
    fps: float = 0
    bitrate_kbps: int = 0


@dataclass(frozen=True)
class Config:
    """All settings. Times are in seconds, sizes in bytes unless the name says otherwise; 0 switches a limit off.

    `run` is the recorder's own folder for what the auth service asks, `control` ingest's socket for `rtmp_control`,
    `review` the folder of what viewers write.
    """

    hls: Path
    recordings: Path
    state: Path
    streams: tuple[Stream, ...]
    grace_seconds: float = 120
    idle_seconds: float = 10
    pass_seconds: float = 1.5
    dvr_seconds: int = 14400
    dvr_keep_seconds: float = 900
    retention_days: float = 30
    retention_bytes: float = 0
    retention_free_bytes: float = 0
    keep_replays: int = 5
    reserve_bytes: float = 5e9
    reserve_hours: float = 2
    floor_bytes: float = 1e9
    delete_when_low: bool = False
    finalizer_bytes_per_second: float = 40e6
    vod: Path = Path("/srv/vod")
    run: Path = Path("/run/scrimbox-recorder")
    control: Path = Path("/run/scrimbox-ingest/control.sock")
    review: Path = Path("/srv/review")

    @property
    def incoming(self) -> Path:
        """Raw recordings as nginx writes them."""
        return self.recordings / "incoming"

    @property
    def finalizing(self) -> Path:
        """One folder per ended session."""
        return self.recordings / "finalizing"

    @property
    def set_aside(self) -> Path:
        """What could not be remuxed; never deleted by software."""
        return self.recordings / "set-aside"

    @property
    def clips(self) -> Path:
        """What was cut out of recordings; never deleted by software on its own."""
        return self.vod / "clips"

    @property
    def cutting(self) -> Path:
        """Clips that are wanted, one file each, and what they are made of meanwhile."""
        return self.vod / "cutting"

    @property
    def inbox(self) -> Path:
        """Notes of viewers as the write service has taken them: AUTHOR.ID.json."""
        return self.review / "inbox"

    @property
    def notes(self) -> Path:
        """The notes that count: VIEW/ID.json."""
        return self.review / "notes"

    @property
    def refused(self) -> Path:
        """The newest notes that do not, with the reason."""
        return self.review / "refused"

    @property
    def shown(self) -> Path:
        """Review documents: FILE.json."""
        return self.review / "shown"

    @property
    def refuse_publish(self) -> Path:
        """While this file exists, the auth service refuses whoever wants to publish; it holds the reason."""
        return self.run / "refuse-publish"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder without which nothing can be recorded: it must exist and be writable."""
        return (self.hls, self.state, self.recordings, self.incoming, self.finalizing, self.set_aside)

    def stream(self, stream_id: str) -> Stream:
        """The declared stream, or a plain one for an id that is no longer declared."""
        for stream in self.streams:
            if stream.id == stream_id:
                return stream
        return Stream(stream_id, stream_id, 0)


_NUMBERS: dict[str, tuple[float, float, str]] = {
    "grace_seconds": (0, 86400, "how long a publisher may be gone within one session"),
    "idle_seconds": (1, 3600, "how long without data until a stream counts as interrupted"),
    "pass_seconds": (0.2, 60, "time between two passes"),
    "dvr_seconds": (60, 604800, "length of the DVR window"),
    "dvr_keep_seconds": (0, 604800, "how long a closed DVR playlist outlives the making of its MP4"),
    "retention_days": (0, 36500, "age at which replays are deleted, 0 = never"),
    "retention_bytes": (0, 1e18, "total size of all replays beyond which the oldest are deleted, 0 = no limit"),
    "retention_free_bytes": (0, 1e18, "free space below which the oldest replays are deleted, 0 = never"),
    "keep_replays": (0, 100000, "how many of the newest replays are never deleted for size or space"),
    "reserve_bytes": (0, 1e18, "free space below which nobody new may publish"),
    "reserve_hours": (0, 168, "the same as hours of what is arriving now; the larger of both counts"),
    "floor_bytes": (0, 1e18, "free space below which live publishers are ended, so that nothing is cut"),
    "finalizer_bytes_per_second": (0, 1e12, "how fast replays are made while somebody publishes, 0 = no limit"),
}
_WHOLE = ("keep_replays",)
_SWITCHES = ("delete_when_low",)
_PATHS = ("hls", "recordings", "state")
_OPTIONAL_PATHS = ("vod", "run", "control", "review")
_STREAM = ("id", "title", "offset_ms", "group", "resolution", "fps", "bitrate_kbps")
_RESOLUTION = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")
FPS = (24, 25, 29.97, 30, 48, 50, 59.94, 60, 120)
"""Frame rates that can be declared."""


def load(path: Path = DEFAULT_PATH) -> Config:
    """Read and check the configuration.

    Raises:
        ConfigError: the file cannot be read, is no JSON, or a value is not allowed.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); `make deploy` writes it") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is not JSON ({error}); `make deploy` writes it anew") from error
    try:
        return parse(data)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(data: object) -> Config:
    """Turn decoded JSON into a Config.

    Raises:
        ConfigError: a key is unknown or missing, or a value is not allowed.
    """
    if not isinstance(data, dict):
        raise ConfigError(f"expected an object of settings, got {data!r}")
    known = {*_PATHS, *_OPTIONAL_PATHS, *_NUMBERS, *_SWITCHES, "streams"}
    unknown = sorted(set(data) - known)
    if unknown:
        raise ConfigError(f"unknown setting(s) {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    wanted = [*_PATHS, *(key for key in _OPTIONAL_PATHS if key in data)]
    paths: dict[str, Any] = {key: _path(key, data.get(key)) for key in wanted}
    numbers: dict[str, Any] = {key: _number(key, data[key]) for key in _NUMBERS if key in data}
    switches: dict[str, Any] = {key: _switch(key, data[key]) for key in _SWITCHES if key in data}
    config = Config(streams=_streams(data.get("streams")), **paths, **numbers, **switches)
    if config.floor_bytes > config.reserve_bytes:
        raise ConfigError(
            f"floor_bytes: {config.floor_bytes:g} is not allowed; at most reserve_bytes ({config.reserve_bytes:g}), "
            "so that nobody new may publish before those who do are ended"
        )
    return config


def _path(key: str, value: object) -> Path:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ConfigError(f"{key}: {value!r} is not allowed; give an absolute path")
    return Path(value)


def _number(key: str, value: object) -> float:
    low, high, meaning = _NUMBERS[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ConfigError(f"{key}: {value!r} is not allowed; give a number from {low:g} to {high:g} ({meaning})")
    if key in _WHOLE and value != int(value):
        raise ConfigError(f"{key}: {value!r} is not allowed; give a whole number ({meaning})")
    return int(value) if key in _WHOLE else value


def _switch(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{key}: {value!r} is not allowed; give true or false")
    return value


def _streams(value: object) -> tuple[Stream, ...]:
    if not isinstance(value, list):
        raise ConfigError(f"streams: {value!r} is not allowed; give a list of {{{', '.join(_STREAM)}}}")
    streams = tuple(_stream(number, entry) for number, entry in enumerate(value))
    ids = [stream.id for stream in streams]
    for stream_id in ids:
        if ids.count(stream_id) > 1:
            raise ConfigError(f"streams: the id {stream_id!r} stands there more than once; give every stream an id")
    return streams


def _stream(number: int, entry: object) -> Stream:
    where = f"streams[{number}]"
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: {entry!r} is not allowed; give an object {{{', '.join(_STREAM)}}}")
    unknown = sorted(set(entry) - set(_STREAM))
    if unknown:
        raise ConfigError(f"{where}: unknown key(s) {', '.join(unknown)}; known: {', '.join(_STREAM)}")
    stream_id = _name(f"{where}.id", entry.get("id"))
    group = _name(f"{where}.group", entry["group"]) if entry.get("group") else ""
    if stream_id == "index":
        raise ConfigError(f"{where}.id: 'index' is not allowed; /streams/index.json is the list of all streams")
    title = entry.get("title", stream_id)
    if not isinstance(title, str) or len(title) > 200 or not title.isprintable():
        raise ConfigError(f"{where}.title: {title!r} is not allowed; at most 200 printable characters")
    offset = entry.get("offset_ms", 0)
    if isinstance(offset, bool) or not isinstance(offset, int) or abs(offset) > 60000:
        raise ConfigError(f"{where}.offset_ms: {offset!r} is not allowed; whole milliseconds from -60000 to 60000")
    return Stream(stream_id, title or stream_id, offset, group, *_sent(where, entry))


def _sent(where: str, entry: dict[str, Any]) -> tuple[str, float, int]:
    """Resolution, frame rate and bitrate that the publisher shall send."""
    resolution, fps, bitrate = entry.get("resolution", ""), entry.get("fps", 0), entry.get("bitrate_kbps", 0)
    if resolution != "" and not (isinstance(resolution, str) and _RESOLUTION.fullmatch(resolution)):
        raise ConfigError(f"{where}.resolution: {resolution!r} is not allowed; WIDTHxHEIGHT, for example 1920x1080")
    if isinstance(fps, bool) or fps not in (0, *FPS):
        raise ConfigError(f"{where}.fps: {fps!r} is not allowed; one of {', '.join(map(str, FPS))}")
    if isinstance(bitrate, bool) or not isinstance(bitrate, int) or (bitrate and not 200 <= bitrate <= 100000):
        raise ConfigError(f"{where}.bitrate_kbps: {bitrate!r} is not allowed; whole kbit/s from 200 to 100000")
    return resolution, fps, bitrate


def _name(where: str, value: object) -> str:
    if not isinstance(value, str) or not STREAM_ID.fullmatch(value):
        raise ConfigError(
            f"{where}: {value!r} is not allowed; 1 to 64 of a-z 0-9 _ -, beginning with a letter or digit"
        )
    return value
