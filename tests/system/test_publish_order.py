"""Our patches to the RTMP module: nothing is written for a publisher who is not accepted.

A second nginx runs beside the services, from the same binary, on loopback ports of its own inside the container, with a
callback that can be slow. The services are not touched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import pytest

from tests.conftest import INSTANCE, PROJECT

BINARY = os.environ.get("SCRIMBOX_TEST_NGINX", "/opt/scrimbox/nginx/current/sbin/nginx")
FPS = 30
SECONDS = 7

CONFIGURATION = """
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 64; }}

rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{rtmp};
        notify_method get;
        netcall_timeout 5s;
        record all;
        record_unique on;
        record_path {folder}/flv;
        hls on;
        hls_path {folder}/hls;
        hls_fragment 900ms;
        hls_playlist_length 1h;
        hls_fragment_naming system;
        hls_cleanup off;

        application live {{ live on; on_publish http://127.0.0.1:{callback}/publish; }}
        application down {{ live on; on_publish http://127.0.0.1:1/publish; }}
        application closed {{ live on; record_unique off; deny publish all; }}
    }}
}}
"""

# Answers by the name that wants to publish: accepted-MILLISECONDS-LABEL or refused-MILLISECONDS-LABEL.
CALLBACK = """
import http.server, os, pathlib, sys, time, urllib.parse
folder = pathlib.Path(sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["name"][0]
        verdict, delay, _ = name.split("-", 2)
        (folder / f"asked-{name}").touch()
        time.sleep(int(delay) / 1000)
        self.send_response(204 if verdict == "accepted" else 403)
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
(folder / "callback.pid").write_text(str(os.getpid()))
server.serve_forever()
"""

# A publisher who waits for no answer: asks for each name in turn, sends frames at once, and stays until it is cut off.
STUBBORN = """
import json, socket, sys, rtmp
port, names, frames, patience = json.loads(sys.argv[1])
client, codes, closed = rtmp.Client(("127.0.0.1", port), patience), [], False
client.connect("live")
try:
    for name in names:
        client.command("publish", 3, None, name, "live", stream=1)
        for number in range(frames):
            client.frame(number)
        for command in client.commands():
            codes += [command[-1]["code"]] if command[0] == "onStatus" else []
            if name != names[-1] and "NetStream.Publish.Start" in codes:
                break
except ConnectionError:
    closed = True
except socket.timeout:
    pass
print(json.dumps({"codes": codes, "closed": closed}))
"""


@dataclass(frozen=True)
class Told:
    """What the server told a publisher, and whether it hung up on it."""

    codes: list[str]
    closed: bool


@dataclass(frozen=True)
class Bench:
    """An nginx of our own inside the container, and a folder with all that it writes."""

    folder: PurePosixPath
    rtmp: int

    def push(self, app: str, name: str, media: str = "video.flv", *, paced: bool = False) -> subprocess.Popen[bytes]:
        """Start ffmpeg on a file; it waits for the server's answer before it sends frames."""
        pace = ["-re"] if paced else []
        where = f"rtmp://127.0.0.1:{self.rtmp}/{app}/{name}"
        return subprocess.Popen(
            [
                *("docker", "exec", INSTANCE, "ffmpeg", "-nostdin", "-v", "error", *pace),
                *("-i", str(self.folder / media), "-c", "copy", "-f", "flv", where),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stubborn(self, *names: str) -> Told:
        """Publish without waiting for answers, and stay until cut off or until nothing was said for 6 seconds."""
        return heard(self.start_stubborn(*names))

    def start_stubborn(self, *names: str) -> subprocess.Popen[str]:
        """Start what `stubborn` waits for."""
        arguments = json.dumps([self.rtmp, names, 2 * FPS, 6])
        command = ["docker", "exec", INSTANCE, "python3", f"{self.folder}/stubborn.py", arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def files(self, label: str) -> list[str]:
        """Everything that was written for a name, in any folder."""
        found = inside("find", f"{self.folder}/flv", f"{self.folder}/hls", "-name", f"*{label}*", "-type", "f")
        return sorted(found.split())

    def recordings(self, label: str) -> list[str]:
        """The FLVs of a name, oldest first."""
        return [path for path in self.files(label) if path.endswith(".flv")]

    def packets(self, path: str | PurePosixPath, kind: str = "v") -> int:
        """How many video (`v`) or audio (`a`) packets a file holds."""
        shown = inside(
            *("ffprobe", "-v", "error", "-count_packets", "-select_streams", kind),
            *("-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", str(path)),
        )
        return int(shown.split()[0].strip(",")) if shown.strip() else 0

    def playlist(self, name: str) -> tuple[list[str], int]:
        """The segments that the live playlist of a name lists, and how often it starts anew."""
        lines = inside("cat", str(self.folder / "hls" / f"{name}.m3u8")).splitlines()
        return [line for line in lines if line.endswith(".ts")], lines.count("#EXT-X-DISCONTINUITY")


def heard(publisher: subprocess.Popen[str]) -> Told:
    """Wait for a stubborn publisher and read what it met with."""
    return Told(**json.loads(publisher.communicate(timeout=30)[0]))


def inside(*command: str, timeout: float = 60) -> str:
    """Run a command in the container and return its output; its errors are part of a failure's message."""
    done = subprocess.run(
        ["docker", "exec", INSTANCE, *command], capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{command[:4]} ended with {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


def wait_for(what: str, *command: str, seconds: float = 10) -> None:
    """Run a command until it succeeds."""
    deadline = time.monotonic() + seconds
    while subprocess.run(["docker", "exec", INSTANCE, *command], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s"
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Find loopback ports of the container that nobody uses."""
    script = (
        f"import socket; found = [socket.create_server(('127.0.0.1', 0)) for _ in range({count})]; "
        "print(*(one.getsockname()[1] for one in found))"
    )
    return [int(port) for port in inside("python3", "-c", script).split()]


def encode(folder: PurePosixPath) -> None:
    """Make the three files that are pushed: picture and sound, a short picture, sound alone."""
    picture = ("-f", "lavfi", "-i", f"testsrc=size=320x180:rate={FPS}")
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100")
    aac = ("-c:a", "aac")
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", str(FPS), "-pix_fmt", "yuv420p")
    for options in (
        (*picture, *sound, *h264, *aac, "-t", str(SECONDS), f"{folder}/video.flv"),
        (*picture, *h264, "-frames:v", "36", f"{folder}/short.flv"),
        (*sound, *aac, "-t", "3", f"{folder}/audio.flv"),
    ):
        inside("ffmpeg", "-nostdin", "-v", "error", *options)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Start our nginx and its callback, and remove both with all their files at the end."""
    folder = PurePosixPath(inside("mktemp", "-d", "/var/tmp/publish-order-XXXXXX").strip())
    rtmp, callback = free_ports(2)
    here = tmp_path_factory.mktemp("bench")
    (here / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, rtmp=rtmp, callback=callback))
    (here / "callback.py").write_text(CALLBACK)
    (here / "stubborn.py").write_text(STUBBORN)
    shutil.copy(PROJECT / "tests" / "rtmp.py", here)
    try:
        subprocess.run(["docker", "cp", f"{here}/.", f"{INSTANCE}:{folder}"], check=True, capture_output=True)
        inside("mkdir", f"{folder}/flv", f"{folder}/hls")
        encode(folder)
        serve = ["docker", "exec", "-d", INSTANCE, "python3", f"{folder}/callback.py", str(callback), str(folder)]
        subprocess.run(serve, check=True)
        wait_for("the callback", "test", "-s", f"{folder}/callback.pid")
        inside(BINARY, "-p", str(folder), "-c", f"{folder}/nginx.conf")
        wait_for("nginx", "test", "-s", f"{folder}/nginx.pid")
        yield Bench(folder, rtmp)
    finally:
        inside("sh", "-c", f"for pid in {folder}/*.pid; do test ! -s $pid || kill $(cat $pid); done; rm -rf {folder}")


@pytest.mark.parametrize(("verdict", "recordings"), [("refused", 0), ("accepted", 1)])
def test_frames_sent_before_the_answer_leave_no_file(bench: Bench, verdict: str, recordings: int) -> None:
    publisher = bench.start_stubborn(f"{verdict}-3000-slow")
    wait_for("the callback's turn", "test", "-e", f"{bench.folder}/asked-{verdict}-3000-slow")
    time.sleep(1.5)
    assert bench.files(f"{verdict}-3000-slow") == []
    assert heard(publisher).closed == (verdict == "refused")
    assert len(bench.files(f"{verdict}-3000-slow")) == recordings


def test_three_duplicates_leave_one_recording_with_every_frame_of_the_first(bench: Bench) -> None:
    first = bench.push("live", "accepted-0-taken", paced=True)
    wait_for("the first recording", "sh", "-c", f"ls {bench.folder}/flv/accepted-0-taken-*.flv")
    for _ in range(3):
        assert bench.stubborn("accepted-0-taken") == Told(["NetStream.Publish.BadName"], closed=True)
        time.sleep(1)  # or a second recording would have the name of the first
    assert first.wait(30) == 0
    (recording,) = bench.recordings("taken")
    assert bench.packets(recording) == SECONDS * FPS
    segments, starts = bench.playlist("accepted-0-taken")
    assert sum(bench.packets(bench.folder / "hls" / name) for name in segments) == SECONDS * FPS
    assert starts == 1


@pytest.mark.parametrize("delay", [0, 5, 20, 1000])
def test_every_frame_from_the_first_is_recorded_however_slow_the_acceptance(bench: Bench, delay: int) -> None:
    name = f"accepted-{delay}-whole"
    assert bench.push("live", name, "short.flv").wait(30) == 0
    (recording,) = bench.recordings(name)
    assert bench.packets(recording) == 36


def test_audio_without_video_is_recorded_and_segmented(bench: Bench) -> None:
    assert bench.push("live", "accepted-0-audio", "audio.flv", paced=True).wait(30) == 0
    (recording,) = bench.recordings("audio")
    assert bench.packets(recording, "a") == bench.packets(bench.folder / "audio.flv", "a")
    assert bench.playlist("accepted-0-audio")[0] != []


def test_a_publisher_who_returns_continues_the_playlist_in_a_second_recording(bench: Bench) -> None:
    assert bench.push("live", "accepted-5-again", "short.flv", paced=True).wait(30) == 0
    before, _ = bench.playlist("accepted-5-again")
    assert bench.push("live", "accepted-5-again", "short.flv", paced=True).wait(30) == 0
    after, starts = bench.playlist("accepted-5-again")
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert starts == 2
    assert [bench.packets(path) for path in bench.recordings("again")] == [36, 36]


def test_a_second_publish_in_one_session_ends_it_and_opens_no_file(bench: Bench) -> None:
    told = bench.stubborn("accepted-0-one", "accepted-0-two")
    assert told == Told(["NetStream.Publish.Start"], closed=True)
    assert len(bench.recordings("one")) == 1
    assert bench.files("two") == []


def test_an_address_that_may_not_publish_does_not_touch_an_older_recording(bench: Bench) -> None:
    inside("cp", f"{bench.folder}/short.flv", f"{bench.folder}/flv/older.flv")
    assert bench.push("closed", "older").wait(30) != 0
    assert bench.packets(bench.folder / "flv" / "older.flv") == 36


def test_without_a_callback_to_ask_every_publisher_is_refused_at_once(bench: Bench) -> None:
    started = time.monotonic()
    assert bench.push("down", "nobody?key=right", "short.flv").wait(30) != 0
    assert time.monotonic() - started < 3
    assert bench.files("nobody") == []
