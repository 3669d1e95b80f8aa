"""Whether a link really plays, by the looks of a viewer."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tools.terminal import Step, Trouble

PLAY_SECONDS = 90.0
SYNC_BYTE = 0x47
PACKET = 188


@dataclass(frozen=True)
class Viewer:
    """One viewer's login on a site."""

    url: str
    name: str
    password: str

    def get(self, path: str) -> bytes:
        """Fetch a path.

        Raises:
            OSError: it could not be fetched, or the answer is not 2xx.
        """
        token = base64.b64encode(f"{self.name}:{self.password}".encode()).decode()
        request = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": f"Basic {token}"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - always the demo's http address
            return bytes(answer.read())


def segments(playlist: str) -> list[str]:
    """The segments that a playlist lists."""
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def is_transport_stream(data: bytes) -> bool:
    """Whether data begins with two packets of an MPEG transport stream."""
    return len(data) > PACKET and data[0] == data[PACKET] == SYNC_BYTE


def missing(viewer: Viewer, stream: str, pause: float = 2.5) -> str:
    """What keeps the link from playing, in words; empty when it plays.

    Args:
        viewer: who looks.
        stream: stream id.
        pause: seconds in which a live playlist must have grown.
    """
    try:
        viewer.get(f"/player?id={stream}")
        state: dict[str, Any] = json.loads(viewer.get(f"/streams/{stream}.json"))
        if state["state"] != "live" or not state["live"]:
            return f"the stream is {state['state']}"
        playlist = state["live"]["playlist"]
        before = segments(viewer.get(playlist).decode())
        time.sleep(pause)
        after = segments(viewer.get(playlist).decode())
        if not after or after[-1] in before:
            return "the playlist does not grow"
        if not is_transport_stream(viewer.get(f"{playlist.rpartition('/')[0]}/{after[-1]}")):
            return "the newest segment is not a transport stream"
    except urllib.error.HTTPError as error:
        return f"{error.url} answers {error.code}"
    except (OSError, ValueError, KeyError) as error:
        return str(error) or type(error).__name__
    return ""


def wait_playing(viewer: Viewer, stream: str, advice: str, seconds: float = PLAY_SECONDS) -> None:
    """Wait until the link plays.

    Args:
        viewer: who looks.
        stream: stream id.
        advice: where to look when it does not.
        seconds: how long to wait.

    Raises:
        Trouble: it does not after that many seconds; says what is missing and where to look.
    """
    deadline = time.monotonic() + seconds
    with Step("link: waiting until the link plays") as step:
        while why := missing(viewer, stream):
            if time.monotonic() > deadline:
                raise Trouble(f"the link does not play after {seconds:.0f} s: {why}.\n  {advice}")
            step.note(why)
            time.sleep(1)
        step.result = "it plays"
