"""Write the profiles that a streamer imports into OBS: server, key and the settings that fit the stream.

Usage: make obs-profile STREAM=match123 | STREAM=match123/alice [HOST=…] [DOMAIN=…]
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import vault
from tools.credentials import Secrets, Site, obs_key, read_secrets, read_site, site_variables
from tools.project import SECRETS, shown
from tools.target import Target, resolve
from tools.terminal import Trouble, main, say

FOLDER = SECRETS / "obs"
FPS: dict[float, tuple[int, int]] = {
    24: (24, 1),
    25: (25, 1),
    29.97: (30000, 1001),
    30: (30, 1),
    48: (48, 1),
    50: (50, 1),
    59.94: (60000, 1001),
    60: (60, 1),
    120: (120, 1),
}
"""Frame rates that can be declared, as OBS counts them: numerator and denominator."""
RESOLUTION, RATE, BITRATE = "1920x1080", 30.0, 6000
"""What a stream is that declares nothing: 1080p30 at 6 Mbit/s."""
SOUND = 160
"""kbit/s."""
_DATE = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Picture:
    """What a stream shall look like: pixels, pictures per second, kbit/s."""

    width: int
    height: int
    fps: float
    kbps: int


@dataclass(frozen=True)
class Encoder:
    """An encoder of OBS 28 and younger: name for people, id, and settings besides rate, key frames and profile."""

    name: str
    id: str
    settings: Mapping[str, Any]


ENCODERS = (
    # Without its own key frames where the scene changes: one in the middle of a second makes a segment of nearly two.
    Encoder("x264", "obs_x264", {"preset": "veryfast", "tune": "", "use_bufsize": False, "x264opts": "scenecut=0"}),
    # This id is NVENC H.264 in OBS 28 to 30, and stands for its successor in 31.
    Encoder("NVENC", "jim_nvenc", {"preset2": "p5", "multipass": "qres", "tune": "hq", "bf": 2, "psycho_aq": True}),
)


def picture(stream: Mapping[str, Any]) -> Picture:
    """What a stream declares, or what is usual."""
    width, height = str(stream.get("resolution") or RESOLUTION).split("x")
    return Picture(
        int(width), int(height), float(stream.get("fps") or RATE), int(stream.get("bitrate_kbps") or BITRATE)
    )


def basic(name: str, wanted: Picture, encoder: Encoder) -> str:
    """The file basic.ini of a profile. The canvas is as large as what is sent, so that nothing is stretched."""
    numerator, denominator = FPS[wanted.fps]
    sections: dict[str, dict[str, Any]] = {
        "General": {"Name": name},
        "Output": {"Mode": "Advanced", "Reconnect": "true", "RetryDelay": 2, "MaxRetries": 60},
        "AdvOut": {
            "Encoder": encoder.id,
            "AudioEncoder": "ffmpeg_aac",
            "TrackIndex": 1,
            "Track1Bitrate": SOUND,
            "ApplyServiceSettings": "false",
            "Rescale": "false",
        },
        "Video": {
            "BaseCX": wanted.width,
            "BaseCY": wanted.height,
            "OutputCX": wanted.width,
            "OutputCY": wanted.height,
            # 2: as a fraction, which alone says 29.97 exactly.
            "FPSType": 2,
            "FPSNum": numerator,
            "FPSDen": denominator,
            "ScaleType": "bicubic",
            "ColorFormat": "NV12",
            "ColorSpace": "709",
            "ColorRange": "Partial",
        },
        "Audio": {"SampleRate": 48000, "ChannelSetup": "Stereo"},
    }
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{key}={value}" for key, value in values.items()), ""]
    return "\n".join(lines)


def service(server: str, key: str) -> dict[str, Any]:
    """The file service.json: where to push to (FACTS 32)."""
    return {"settings": {"bwtest": False, "key": key, "server": server, "use_auth": False}, "type": "rtmp_custom"}


def encoding(wanted: Picture, encoder: Encoder) -> dict[str, Any]:
    """The file streamEncoder.json: a key frame every second, or viewers are 20 s behind (FACTS 33)."""
    return {
        "rate_control": "CBR",
        "bitrate": wanted.kbps,
        "keyint_sec": 1,
        "profile": "high",
        **encoder.settings,
    }


def readme(label: str, link: str, wanted: Picture) -> str:
    """What the streamer reads who opens the archive."""
    return f"""OBS profiles for {label}. They hold the stream key: hand them to nobody.

1. Unpack this archive.
2. OBS: Profile -> Import, and choose ONE of the folders:
   {" or ".join(f"{folder(label, encoder)} ({words})" for encoder, words in _WORDS)}
   If OBS says that the profile exists, remove the old one first (Profile -> Remove).
3. Choose the profile in the menu Profile, then Start Streaming.

It sends {wanted.width}x{wanted.height} at {wanted.fps:g} pictures a second and {wanted.kbps} kbit/s. Your upload should
carry half as much again. If a scene does not fill the canvas, select it and press Ctrl+F.
Viewers watch at {link}
"""


_WORDS = ((ENCODERS[0], "the processor encodes"), (ENCODERS[1], "a graphics card of NVIDIA encodes"))


def folder(label: str, encoder: Encoder) -> str:
    """Name of a profile's folder; OBS names its copy after it."""
    return f"Scrimbox-{label.replace('/', '-')}-{encoder.name}"


def archive(label: str, stream: Mapping[str, Any], site: Site, key: str) -> bytes:
    """The zip archive: a folder for each encoder, and what to do with them."""
    wanted = picture(stream)
    files = {"README.txt": readme(label, site.link(stream["id"]), wanted).replace("\n", "\r\n")}
    for encoder in ENCODERS:
        name = folder(label, encoder)
        files[f"{name}/basic.ini"] = basic(name, wanted, encoder)
        files[f"{name}/service.json"] = json.dumps(service(site.obs_server, key), indent=4)
        files[f"{name}/streamEncoder.json"] = json.dumps(encoding(wanted, encoder), indent=4)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            packed.writestr(entry, text)
    return target.getvalue()


def wanted_keys(site: Site, secrets: Secrets, given: str) -> dict[str, tuple[dict[str, Any], str]]:
    """What STREAM means: stream and stream key by label (ID, or ID-PUBLISHER for each who may publish it).

    Raises:
        Trouble: there is no such stream or publisher, or no key yet.
    """
    stream_id, _, publisher = given.partition("/")
    stream = next((stream for stream in site.streams if stream["id"] == stream_id), None)
    if stream is None:
        ids = ", ".join(stream["id"] for stream in site.streams) or "none"
        raise Trouble(f"STREAM={given or ''} is no stream; declared are: {ids}.\n  make obs-profile STREAM=match123")
    declared = stream.get("publishers")
    if publisher and publisher not in (declared or []):
        raise Trouble(
            f"STREAM={given}: {stream_id} has no such publisher; declared are: {', '.join(declared or ['none'])}."
        )
    names = [stream_id] if declared is None else [f"{stream_id}/{one}" for one in declared if publisher in ("", one)]
    missing = [name for name in names if name not in secrets.publish_keys]
    if missing or not names:
        raise Trouble(
            f"there is no key of {', '.join(missing)} yet; the next deploy makes it."
            if missing
            else f"nobody may publish {stream_id}: its list of publishers is empty."
        )
    return {name: (stream, obs_key(stream_id, secrets.publish_keys[name])) for name in names}


def store(content: bytes, path: Path) -> None:
    """Write a file that only its owner may read, in one piece."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    temporary.replace(path)


def make(target: Target, site: Site, secrets: Secrets, given: str, where: Path = FOLDER) -> list[Path]:
    """Write the archives that STREAM means.

    Raises:
        Trouble: there is no such stream, or its server cannot be reached by OBS.
    """
    written = []
    for label, (stream, key) in wanted_keys(site, secrets, given).items():
        path = where / f"{target.name}-{label.replace('/', '-')}.zip"
        store(archive(label, stream, site, key), path)
        written.append(path)
    return written


def cli() -> None:
    """Command-line entry."""
    given = os.environ.get("STREAM", "")
    with vault.unlocked():
        targets = resolve(os.environ.get("HOST", ""))
        if len(targets) != 1:
            raise Trouble("of which server? make obs-profile HOST=vod.example.com STREAM=match123")
        (target,) = targets
        site = read_site(target, site_variables(target, os.environ.get("DOMAIN", "")))
        for path in make(target, site, read_secrets(target), given):
            say(f"{shown(path)}   holds the key: hand it to the streamer alone (OBS: unpack, Profile → Import)")


if __name__ == "__main__":
    main(cli)
