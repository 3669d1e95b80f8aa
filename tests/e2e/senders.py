"""Publishers of all kinds: what OBS, ffmpeg, phones and capture cards send, rightly and wrongly set up."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tests import rtmp
from tests.faults.camera import VIDEO, Tag, tags

SECONDS = 60
PLAIN = ("-preset", "ultrafast", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0")
SOUND = ("-c:a", "aac", "-b:a", "96k", "-ar", "48000", "-ac", "2")
LEGACY_HEVC = 12
"""The codec number that some senders use for HEVC in FLV."""


def clip(
    folder: Path,
    *options: str,
    picture: str = "testsrc2=s=320x180:r=30",
    video: Sequence[str] = PLAIN,
    audio: Sequence[str] = SOUND,
) -> Path:
    """Encode a minute once and return its FLV.

    Args:
        folder: where finished clips are kept, one per recipe.
        options: further options of ffmpeg's.
        picture: where the pictures come from; "" for sound alone.
        video: settings of x264.
        audio: settings of the sound; none for pictures alone.
    """
    inputs = ["-f", "lavfi", "-i", picture] if picture else []
    inputs += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"] if audio else []
    pictures = ["-c:v", "libx264", "-pix_fmt", "yuv420p", *video] if picture else []
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, *pictures, *audio, *options, "-t", str(SECONDS)]
    target = folder / f"clip-{sha256(repr(command).encode()).hexdigest()[:12]}.flv"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".part")
        subprocess.run([*command, "-f", "flv", str(unfinished)], check=True, timeout=120)
        unfinished.rename(target)
    return target


def enhanced(tag: Tag, codec: bytes) -> Tag:
    """The same picture as enhanced RTMP would carry it in another codec (`hvc1`, `av01`)."""
    if tag.kind != VIDEO:
        return tag
    return Tag(tag.kind, tag.ms, bytes([0x80 | tag.body[0] & 0x70 | tag.body[1]]) + codec + tag.body[2:])


def numbered(tag: Tag, codec: int) -> Tag:
    """The same picture under another codec number."""
    return Tag(tag.kind, tag.ms, bytes([tag.body[0] & 0xF0 | codec]) + tag.body[1:]) if tag.kind == VIDEO else tag


class TagPublisher:
    """Sends tags in real time, whatever is in them: what ffmpeg here is too old to send."""

    def __init__(self, address: tuple[str, int], name: str, sent: Sequence[Tag]) -> None:
        """Start pushing; `name` is `ID?key=KEY`."""
        self._stop = threading.Event()
        self._arguments = (address, name, sent)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up."""
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        address, name, sent = self._arguments
        with contextlib.suppress(OSError):
            client = rtmp.Client(address)
            client.connect()
            client.command("publish", 3, None, name, "live", stream=1)
            next(command for command in client.commands() if command[0] in {"onStatus", "_error"})
            begun = time.monotonic()
            for tag in sent:
                if self._stop.wait(max(0.0, begun + tag.ms / 1000 - time.monotonic())):
                    break
                client.send(tag.kind, tag.body, channel=4, stream=1, ms=tag.ms)
            client.finish()


def sent(path: Path, codec: bytes | int, *, sound: bool = True) -> list[Tag]:
    """What is in an FLV, its pictures said to be of another codec."""
    return [
        numbered(tag, codec) if isinstance(codec, int) else enhanced(tag, codec)
        for tag in tags(path)
        if tag.kind == VIDEO or (sound and tag.kind == 8)
    ]
