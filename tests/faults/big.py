"""Recordings of many megabytes, made in seconds: a short pattern, padded, again and again."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests import media
from tests.faults.conftest import Stage
from tests.faults.evidence import document
from tests.variants import Variant

SOURCE_SECONDS = 20
KBITS = 60000


def looped(times: int) -> list[int]:
    """The numbers of the pictures in it."""
    return list(range(SOURCE_SECONDS * media.FPS)) * times


def put_big(stage: Stage, server: Variant, stream: str, size: int) -> int:
    """Put an ended session of so many bytes among the raw recordings; how often the pattern is in it."""
    source = stage.pattern(kbits=KBITS, seconds=SOURCE_SECONDS, first=0)
    subprocess.run(["docker", "cp", str(source), f"{server.name}:/srv/source.flv"], check=True, capture_output=True)
    target = f"/srv/recordings/incoming/{stream}-{int(time.time()) - 3600}.flv"
    script = Path(__file__).with_name("loop_flv.py").read_text()
    made = subprocess.run(
        ["docker", "exec", "-i", server.name, "python3", "-", "/srv/source.flv", target, str(size)],
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(made.stdout)


def numbers_of(server: Variant, stream: str) -> list[int]:
    """The pictures of a replay too big to be copied."""
    (entry,) = document(server, stream)["replays"]
    password = server.credentials.viewer_passwords["alice"]
    return [
        frame.number for frame in media.frames(f"http://alice:{password}@127.0.0.1:{server.ports[80]}{entry['url']}")
    ]
