"""Viewers by the hundred: h2load asks for what hls.js asks for, from many addresses of the server's own loopback.

Each viewer has a connection that brings the next segment of a stream every second. What browsers ask for on their other
connections, the playlist every second and the state document every two, comes from five viewers by one connection:
the work is the same, and the server's table of connections does not end the count.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.variants import Variant
from tools import apt
from tools.engine import docker
from tools.test_prerequisites import on_path

BEHIND_ONE_ADDRESS = 100
"""Viewers; the server lets each address ask 500 times a second (templates/web), and they ask 250 times."""
SHARED_BY = 5
"""Viewers to a connection for playlists and state documents."""
_ADDRESS = "127.77.{}.{}"
_PROGRAMS = {
    "h2load": "nghttp2-client",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "taskset": "util-linux",
    "nice": "coreutils",
}


def ensure() -> None:
    """Make sure that the programs are there.

    Raises:
        Trouble: one is not, and cannot be installed from here.
    """
    for program, package in _PROGRAMS.items():
        apt.require(functools.partial(on_path, program), [package], "the bench uses it")


@contextlib.contextmanager
def pinned(processes: Sequence[int], core: int) -> Iterator[None]:
    """Let processes run on one core alone, and afterwards on all again."""

    def allow(cores: str) -> None:
        for process in processes:
            subprocess.run(["taskset", "-a", "-p", "-c", cores, str(process)], check=False, capture_output=True)

    allow(str(core))
    try:
        yield
    finally:
        allow("0-1023")


@dataclass(frozen=True)
class Door:
    """How viewers come in: a port of the server, and what each of their requests carries."""

    name: str
    port: int
    headers: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Stream:
    """What is watched: its id, and its segments, oldest first."""

    id: str
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """A line of h2load's log: epoch seconds, HTTP status (-1: none), seconds until the whole answer was there."""

    at: float
    status: int
    took: float


@dataclass(frozen=True)
class Wave:
    """Viewers who come evenly over some seconds, and stay."""

    began: float
    viewers: int
    seconds: float

    def present(self, at: float) -> float:
        """How many have come until a moment (epoch seconds).

        >>> Wave(100, 50, 10).present(102), Wave(100, 50, 10).present(999)
        (10.0, 50)
        """
        return self.viewers * min(max((at - self.began) / self.seconds, 0), 1)


def pictures(stream: Stream, seconds: int) -> list[tuple[int, str]]:
    """What one connection asks for: ms since it was opened, and the path."""
    names = itertools.islice(itertools.cycle(stream.segments[-seconds:]), seconds)
    return [(1000 * second, f"/hls/{name}") for second, name in enumerate(names)]


def lists(stream: Stream, seconds: int) -> list[tuple[int, str]]:
    """What a connection for several viewers asks for."""
    asked = []
    for second, viewer in itertools.product(range(seconds), range(SHARED_BY)):
        ms = 1000 * second + 1000 * viewer // SHARED_BY
        asked.append((ms, f"/hls/{stream.id}.m3u8"))
        if (second + viewer) % 2 == 0:
            asked.append((ms, f"/streams/{stream.id}.json"))
    return asked


class Crowd:
    """All viewers of one server at a time."""

    def __init__(self, server: Variant, door: Door, streams: Sequence[Stream], folder: Path, core: int) -> None:
        """Open the doors; nobody comes yet.

        Args:
            server: the server.
            door: how they come in.
            streams: what they watch, those behind one address the same.
            folder: for what they are told to do, and what they say.
            core: the only one that they may use.
        """
        self._door, self._streams, self._folder = door, streams, folder
        self._inside = ["nsenter", f"--net=/proc/{_first_process(server)}/ns/net"]
        # Whoever watches has a machine of their own: what the crowd costs is taken from nobody.
        self._pinned = ["taskset", "-c", str(core), "nice", "-n", "19"]
        self._running: list[subprocess.Popen[bytes]] = []
        self._addresses: list[str] = []
        self.waves: list[Wave] = []

    def come(self, viewers: int, joining: float, staying: int) -> None:
        """Let viewers come within so many seconds and ask for so many seconds of the stream each."""
        began = time.time()
        for first in range(0, viewers, BEHIND_ONE_ADDRESS):
            number = min(BEHIND_ONE_ADDRESS, viewers - first)
            address = self._new_address()
            stream = self._streams[len(self._addresses) % len(self._streams)]
            name = str(len(self._addresses))
            self._start(f"{name}-pictures", address, pictures(stream, staying), number, joining)
            self._start(f"{name}-lists", address, lists(stream, staying), -(-number // SHARED_BY), joining)
        self.waves.append(Wave(began, viewers, joining))

    def _new_address(self) -> str:
        address = _ADDRESS.format(*divmod(len(self._addresses) + 1, 250))
        # Else all connections within a machine come from 127.0.0.1.
        self._route("replace", address)
        self._addresses.append(address)
        return address

    def _route(self, change: str, address: str) -> None:
        route = ["local", f"{address}/32", "dev", "lo", "src", address, "table", "local"]
        subprocess.run([*self._inside, "ip", "route", change, *route], check=change == "replace", capture_output=True)

    def _start(self, name: str, address: str, script: list[tuple[int, str]], number: int, joining: float) -> None:
        lines = "".join(f"{ms}\thttp://{address}:{self._door.port}{path}\n" for ms, path in script)
        file = self._folder / f"{name}.script"
        file.write_text(lines, encoding="ascii")
        headers = [f"--header={one}" for one in ("accept-encoding: gzip, deflate", *self._door.headers)]
        pace = ["--rate=1", f"--rate-period={max(round(1000 * joining / number), 1)}ms"]
        command = ["h2load", "--h1", f"--timing-script-file={file}", f"--clients={number}", *pace, *headers]
        command.append(f"--log-file={self._folder / name}.log")
        self._running.append(
            subprocess.Popen(
                [*self._inside, *self._pinned, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )

    def fastest(self, seconds: int) -> float:
        """How many segments a second the server gives to those who ask as fast as they get."""
        address = self._new_address()
        urls = [f"http://{address}:{self._door.port}/hls/{name}" for name in self._streams[0].segments]
        headers = [f"--header={one}" for one in self._door.headers]
        command = ["h2load", "--h1", "--clients=16", f"--duration={seconds}", *headers, *urls]
        done = subprocess.run([*self._inside, *self._pinned, *command], check=True, capture_output=True, text=True)
        found = re.search(r"([0-9.]+) req/s", done.stdout)
        assert found is not None
        return float(found[1])

    @property
    def processes(self) -> list[int]:
        """Those that play the viewers."""
        return [one.pid for one in self._running]

    def present(self, at: float) -> int:
        """How many had come until a moment (epoch seconds)."""
        return round(sum(wave.present(at) for wave in self.waves))

    def leave(self) -> None:
        """Let all go at once."""
        for one in self._running:
            one.terminate()
        for one in self._running:
            one.wait()
        for address in self._addresses:
            self._route("del", address)

    def requests(self, kind: str) -> list[Request]:
        """What was asked for and has been answered: `pictures` or `lists`, in the order of asking."""
        found = []
        for file in self._folder.glob(f"*-{kind}.log"):
            # The last line may have been cut.
            for line in file.read_text(encoding="ascii").split("\n")[:-1]:
                at, status, took = line.split("\t")[:3]
                found.append(Request(int(at) / 1e6, int(status), int(took) / 1e6))
        return sorted(found, key=lambda one: one.at)


def _first_process(server: Variant) -> int:
    return int(docker("inspect", "--format", "{{.State.Pid}}", server.name))
