"""What is left of a stream in the end, compared frame by frame with what was sent."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests import media
from tests.conftest import BUILD
from tests.faults.camera import Connection
from tests.variants import Variant

SYNC = 0.040
"""A flash and its beep may be this far apart, in seconds."""


@dataclass
class Replay:
    """A finished replay: its entry in the state document, and a copy of its MP4."""

    entry: dict[str, Any]
    mp4: Path

    @functools.cached_property
    def frames(self) -> list[media.Frame]:
        """Every picture."""
        return media.frames(self.mp4)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the pictures in the order of showing."""
        return [frame.number for frame in self.frames]

    @property
    def audio_packets(self) -> int:
        """How many packets of sound it holds."""
        asked = ("-select_streams", "a:0", "-count_packets", "-show_entries", "stream=nb_read_packets")
        return int(media.ffprobe(self.mp4, *asked)["streams"][0]["nb_read_packets"])

    @functools.cached_property
    def offsets(self) -> list[tuple[float, float]]:
        """When a flash starts, and how far its beep is from it, in seconds; flashes without a beep nearby have none."""
        sounds = media.beeps(self.mp4)
        lights = media.flashes(self.frames)
        nearest = [(light, min((sound - light for sound in sounds), key=abs)) for light in lights if sounds]
        return [(light, offset) for light, offset in nearest if abs(offset) < 0.4]

    @property
    def starts(self) -> list[float]:
        """When its parts began, epoch seconds."""
        return [epoch(part["started"]) for part in self.entry["parts"]]


@dataclass
class Evidence:
    """What a scenario leaves for its test."""

    stream: str
    connections: list[Connection]
    replays: list[Replay] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    journal: str = ""
    seen: dict[str, Any] = field(default_factory=dict)

    def report(self) -> str:
        """Everything, for a failed test."""
        lines = [f"{self.stream}: {len(self.connections)} connections, {len(self.replays)} replays"]
        lines += [f"  sent {c.first}..{c.first + c.sent - 1} audio {c.audio} {c.codes}" for c in self.connections]
        lines += [f"  kept {r.entry['file']} {runs(r.numbers)} {r.entry['parts']}" for r in self.replays]
        lines += [f"  set aside {name}" for name in self.aside]
        return "\n".join([*lines, *(f"  {key}: {value}" for key, value in self.seen.items()), self.journal[-6000:]])

    def assert_kept(self, *, cut: int = 0, replays: int = 1) -> None:
        """Every picture is there but for at most `cut` at the end of every connection; nothing twice, all in order."""
        assert len(self.replays) == replays, self.report()
        assert self.aside == [], self.report()
        kept = [run for replay in self.replays for run in runs(replay.numbers)]
        sent = [connection.numbers for connection in self.connections if connection.accepted and connection.sent]
        assert len(kept) == len(sent), self.report()
        for (first, last), numbers in zip(kept, sent, strict=True):
            assert first == numbers[0], self.report()
            assert numbers[-1] - cut <= last <= numbers[-1], f"{numbers[-1] - last} are missing\n{self.report()}"

    def assert_one_timeline(self) -> None:
        """The parts say when they began, by the clock and in the MP4; sound and picture stay together across joints."""
        (replay,) = self.replays
        parts = replay.entry["parts"]
        sent = [connection for connection in self.connections if connection.sent]
        assert len(parts) == len(sent), self.report()
        starts = {frame.number: frame.time for frame in replay.frames}
        for part, began, connection in zip(parts, replay.starts, sent, strict=True):
            assert abs(part["offset"] - starts[connection.first]) < 0.1, self.report()
            assert abs(began - connection.began) < 0.3, f"{began - connection.began:.3f} s off\n{self.report()}"
            inside = [
                offset for light, offset in replay.offsets if 0 <= light - part["offset"] < part["duration"] - 0.3
            ]
            assert len(inside) >= 2, f"{replay.offsets}\n{self.report()}"
            assert max(map(abs, inside)) < SYNC, f"{replay.offsets}\n{self.report()}"
        times = [frame.time for frame in replay.frames]
        assert times == sorted(times), self.report()


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Unbroken runs of numbers, first and last of each.

    >>> runs([0, 1, 2, 7, 8, 3])
    [(0, 2), (7, 8), (3, 3)]
    """
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def epoch(stamp: str) -> float:
    """Epoch seconds of a time in a state document."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def document(server: Variant, stream: str) -> dict[str, Any]:
    """The state document as a viewer gets it."""
    found: dict[str, Any] = server.alice.get(f"/streams/{stream}.json").json()
    return found


def wait_state(server: Variant, stream: str, states: Sequence[str], timeout: float = 60) -> dict[str, Any]:
    """Wait until a stream is in one of these states."""
    deadline = time.monotonic() + timeout
    while (found := document(server, stream))["state"] not in states:
        assert time.monotonic() < deadline, f"{stream} is {found['state']} after {timeout} s, not {states}: {found}"
        time.sleep(0.3)
    return found


def unfinished(server: Variant, stream: str) -> list[str]:
    """Raw recordings and jobs of a stream."""
    folders = "/srv/recordings/incoming /srv/recordings/finalizing"
    # Without a look at its exit: folders go while it looks.
    return server.run(f"find {folders} -mindepth 1 -name '{stream}-[0-9]*'").stdout.splitlines()


def wait_finalised(server: Variant, stream: str, timeout: float = 90) -> None:
    """Wait until nothing raw of a stream is left and its replays are listed."""
    deadline = time.monotonic() + timeout
    time.sleep(1)
    while left := unfinished(server, stream):
        assert time.monotonic() < deadline, (
            f"{stream}: {left} is not finalised after {timeout} s\n{server.journal('-3min')[-6000:]}"
        )
        time.sleep(0.5)
    # The replay is listed by the recorder's next pass.
    time.sleep(2.5)


def gather(server: Variant, stream: str, connections: list[Connection], timeout: float = 90) -> Evidence:
    """Wait until everything of a stream has been finalised, and fetch it."""
    wait_finalised(server, stream, timeout)
    found = document(server, stream)
    return Evidence(
        stream,
        connections,
        [fetch(server, entry) for entry in sorted(found["replays"], key=lambda entry: entry["started"])],
        server.check(f"find /srv/recordings/set-aside -name '{stream}-*.flv*' -printf '%f\\n'").splitlines(),
        "\n".join(line for line in server.journal().splitlines() if stream in line),
        {"state": found["state"]},
    )


def fetch(server: Variant, entry: dict[str, Any]) -> Replay:
    """Download a replay."""
    folder = BUILD / "faults" / server.name
    folder.mkdir(parents=True, exist_ok=True)
    mp4 = folder / entry["url"].rpartition("/")[2]
    mp4.write_bytes(server.alice.get(entry["url"]).body)
    return Replay(entry, mp4)
