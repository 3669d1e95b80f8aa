"""A server with one stream that has been live for hours and goes on: the built player, a full playlist, segments.

One short encoded loop serves for every segment that the playlist lists. Its timestamps are moved on by as many loops as
have passed, so that what a browser gets is continuous over all hours, wherever it seeks.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import mimetypes
import re
import subprocess
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests import media
from tools import build_player

STREAM = "endless"
LOOP_S = 64
"""A whole number of the sound's frames, so that nothing is missing where the loop begins again."""
_PACKET, _SYNC = 188, 0x47
_ENDS = re.compile(r"bytes=0-(\d+),-(\d+)")
_TICKS = 90_000
"""MPEG's clock ticks a second."""


def encode(folder: Path, kbits: int, scale: int = 10) -> list[bytes]:
    """Encode the loop, or take the one of an earlier run, as MPEG-TS segments of one second; `scale` as a pattern's."""
    whole = media.pattern(folder, LOOP_S, scale=scale, kbits=kbits)
    parts = folder / f"{whole.stem}-parts"
    parts.mkdir(exist_ok=True)
    cut = ["-f", "segment", "-segment_time", "1", "-segment_format", "mpegts", str(parts / "%03d.ts")]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-copyts", "-i", str(whole), "-c", "copy", *cut]
    subprocess.run(command, check=True)
    return [path.read_bytes() for path in sorted(parts.glob("*.ts"))[:LOOP_S]]


def _stamp(field: bytes, ticks: int) -> bytes:
    """A PTS or DTS of five bytes, moved on."""
    value = (field[0] >> 1 & 7) << 30 | field[1] << 22 | field[2] >> 1 << 15 | field[3] << 7 | field[4] >> 1
    value = (value + ticks) % (1 << 33)
    first = field[0] & 0xF1 | value >> 29 & 0x0E
    return bytes([first, value >> 22 & 255, value >> 14 & 255 | 1, value >> 7 & 255, value << 1 & 255 | 1])


def _clock(field: bytes, ticks: int) -> bytes:
    """A PCR of six bytes, moved on."""
    value = (int.from_bytes(field[:5], "big") >> 7) + ticks
    tail = int.from_bytes(field[4:6], "big") & 0x7FFF
    return (value % (1 << 33) << 15 | tail).to_bytes(6, "big")


def moved(segment: bytes, ticks: int) -> bytes:
    """A segment with all its timestamps moved on by so many ticks."""
    out = bytearray(segment)
    for at in range(0, len(out), _PACKET):
        if out[at] != _SYNC:
            msg = f"no MPEG-TS packet at byte {at}"
            raise ValueError(msg)
        body = at + 4
        if out[at + 3] & 0x20:
            length = out[body]
            if length and out[body + 1] & 0x10:
                out[body + 2 : body + 8] = _clock(bytes(out[body + 2 : body + 8]), ticks)
            body += 1 + length
        starts, has_data = out[at + 1] & 0x40, out[at + 3] & 0x10
        if starts and has_data and out[body : body + 3] == b"\0\0\1":
            for number in range((0, 0, 1, 2)[out[body + 7] >> 6]):
                field = body + 9 + 5 * number
                out[field : field + 5] = _stamp(bytes(out[field : field + 5]), ticks)
    return bytes(out)


class Endless:
    """The stream: what its playlist and its state document say now."""

    def __init__(self, segments: list[bytes], entries: int) -> None:
        """Begin with a playlist that is full.

        Args:
            segments: one loop of one second each.
            entries: how many seconds the playlist holds.
        """
        self.segments = segments
        self.entries = entries
        self.began = int(time.time()) - entries
        """Epoch seconds of the first segment."""

    def segment(self, name: str) -> bytes:
        """The segment of a name in the playlist."""
        number = int(name.removeprefix(f"{STREAM}-").removesuffix(".ts")) // 1000 - self.began
        loops, index = divmod(number, len(self.segments))
        return moved(self.segments[index], loops * len(self.segments) * _TICKS)

    def playlist(self) -> bytes:
        """The playlist of this second."""
        return self._playlist(int(time.time()) - self.began)

    @lru_cache(maxsize=2)  # noqa: B019  (there is one stream, for as long as the process)
    def _playlist(self, end: int) -> bytes:
        first = end - self.entries
        head = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-TARGETDURATION:1\n"
        names = (f"#EXTINF:1.000,\n{STREAM}-{(self.began + number) * 1000}.ts\n" for number in range(first, end))
        return (head + "".join(names)).encode()

    def state(self) -> bytes:
        """The state document."""
        started, now = (
            datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            for at in (self.began, int(time.time()))
        )
        live = {"playlist": f"/hls/{STREAM}.m3u8", "started": started, "window": self.entries}
        about = {"id": STREAM, "title": "Endless", "state": "live", "updated": now, "live": live, "replays": []}
        return json.dumps(about).encode()


def serve(stream: Endless) -> ThreadingHTTPServer:
    """A server on a free port of loopback; the caller runs and closes it."""
    site = build_player.BUILD / "site"
    policy = (build_player.BUILD / "csp.txt").read_text(encoding="ascii").strip()
    mimetypes.add_type("text/javascript", ".js")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == f"/hls/{STREAM}.m3u8":
                self._playlist(stream.playlist())
            elif path.startswith("/hls/"):
                self._answer(stream.segment(Path(path).name), "video/mp2t")
            elif path == f"/streams/{STREAM}.json":
                self._answer(gzip.compress(stream.state(), 1), "application/json", {"Content-Encoding": "gzip"})
            else:
                self._file(site / {"/player": "player.html"}.get(path, path.lstrip("/")))

        def _file(self, file: Path) -> None:
            if file.is_file() and site in file.resolve().parents:
                self._answer(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _playlist(self, text: bytes) -> None:
            ends = _ENDS.fullmatch(self.headers.get("Range", ""))
            if ends:
                spans = [(0, int(ends[1])), (len(text) - int(ends[2]), len(text) - 1)]
                parts = (
                    f"\r\n--end\r\nContent-Range: bytes {first}-{last}/{len(text)}\r\n\r\n".encode()
                    + text[first : last + 1]
                    for first, last in spans
                )
                kind = "multipart/byteranges; boundary=end"
                self._answer(b"".join(parts) + b"\r\n--end--\r\n", kind, status=HTTPStatus.PARTIAL_CONTENT)
            else:
                packed = {"Content-Encoding": "gzip"}
                self._answer(gzip.compress(text, 1), "application/vnd.apple.mpegurl", packed)

        def _answer(
            self, body: bytes, kind: str, headers: Mapping[str, str] | None = None, status: HTTPStatus = HTTPStatus.OK
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", policy)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            # Who leaves the page does not wait for the end.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
