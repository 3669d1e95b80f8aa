"""A bare RTMP client that says exactly what a test tells it to say, well-formed or not.

ffmpeg is the honest publisher (see `media`); this one is for everything that ffmpeg would refuse to send.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_HANDSHAKE = 1536
_CHUNK = 65536
_SET_CHUNK_SIZE, _AUDIO, _VIDEO, _COMMAND = 1, 8, 9, 20
_COMMAND_CHANNEL, _DATA_CHANNEL = 3, 4


@dataclass
class Outcome:
    """What the server answered to a publish or a play."""

    accepted: bool = False
    closed: bool = False
    seconds: float = 0.0
    codes: list[str] = field(default_factory=list)
    media_bytes: int = 0

    @property
    def refused(self) -> bool:
        """The server said no, or hung up, and never said yes."""
        return not self.accepted and (self.closed or any("Start" not in code for code in self.codes))


def encode(value: object) -> bytes:
    """Return one value in AMF0. `bytes` go out as a string, whatever they hold."""
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, dict):
        items = (struct.pack(">H", len(key)) + key.encode() + encode(item) for key, item in value.items())
        return b"\x03" + b"".join(items) + b"\x00\x00\x09"
    if value is None:
        return b"\x05"
    raw = value if isinstance(value, bytes) else str(value).encode()
    if len(raw) > 0xFFFF:
        return b"\x0c" + struct.pack(">I", len(raw)) + raw
    return b"\x02" + struct.pack(">H", len(raw)) + raw


def decode(data: bytes) -> list[Any]:
    """Return the AMF0 values of a command message."""
    values, position = [], 0
    while position < len(data):
        value, position = _decode_one(data, position)
        values.append(value)
    return values


def _decode_one(data: bytes, at: int) -> tuple[Any, int]:
    kind, at = data[at], at + 1
    if kind == 0:
        return struct.unpack_from(">d", data, at)[0], at + 8
    if kind == 1:
        return bool(data[at]), at + 1
    if kind == 2:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        return data[at + 2 : end].decode("utf-8", "replace"), end
    if kind in {3, 8}:
        at += 4 if kind == 8 else 0
        found = {}
        while data[at : at + 3] != b"\x00\x00\x09":
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            found[data[at + 2 : end].decode()], at = _decode_one(data, end)
        return found, at + 3
    if kind in {5, 6}:
        return None, at
    msg = f"AMF0 type {kind} at {at - 1} is none that a server sends here"
    raise ValueError(msg)


class Client:
    """One RTMP connection."""

    def __init__(self, address: tuple[str, int], timeout: float = 10.0) -> None:
        """Connect and shake hands. `timeout` (seconds) holds for every read after that."""
        self._socket = socket.create_connection(address, timeout)
        self._buffer = b""
        self._chunk_size = 128
        self._partial: dict[int, tuple[int, int, bytes]] = {}
        self._socket.sendall(b"\x03" + bytes(8) + os.urandom(_HANDSHAKE - 8))
        answer = self._take(1 + 2 * _HANDSHAKE)
        self._socket.sendall(answer[1 : 1 + _HANDSHAKE])
        self.send(_SET_CHUNK_SIZE, struct.pack(">I", _CHUNK), channel=2)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def reset(self) -> None:
        """Go without a goodbye: TCP reset, and what was not sent yet is lost."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def finish(self) -> None:
        """Say that nothing more comes, and wait until the server has read it all and hangs up."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(65536):
                pass
        except OSError:
            pass
        self._socket.close()

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            received = self._socket.recv(65536)
            if not received:
                raise ConnectionResetError
            self._buffer += received
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def send(self, kind: int, payload: bytes, *, channel: int = _COMMAND_CHANNEL, stream: int = 0, ms: int = 0) -> None:
        """Send one message in chunks."""
        header = bytes([channel]) + ms.to_bytes(3, "big") + len(payload).to_bytes(3, "big") + bytes([kind])
        header += struct.pack("<I", stream)
        parts = [payload[start : start + _CHUNK] for start in range(0, len(payload), _CHUNK)] or [b""]
        self._socket.sendall(header + bytes([0xC0 | channel]).join(parts))

    def command(self, *values: object, stream: int = 0) -> None:
        """Send one command message."""
        self.send(_COMMAND, b"".join(encode(value) for value in values), stream=stream)

    def messages(self) -> Iterator[tuple[int, bytes]]:
        """Yield (type, payload) of what the server sends, until it hangs up."""
        while True:
            first = self._take(1)[0]
            header, channel = first >> 6, first & 0x3F
            if channel < 2:
                channel = int.from_bytes(self._take(channel + 1), "little") + 64
            length, kind, payload = self._partial.get(channel, (0, 0, b""))
            extended = False
            if header < 3:
                stamp = self._take(3)
                extended = stamp == b"\xff\xff\xff"
            if header < 2:
                fields = self._take(4)
                length, kind = int.from_bytes(fields[:3], "big"), fields[3]
            if header == 0:
                self._take(4)
            if extended:
                self._take(4)
            payload += self._take(min(self._chunk_size, length - len(payload)))
            complete = len(payload) >= length
            self._partial[channel] = (length, kind, b"" if complete else payload)
            if complete:
                if kind == _SET_CHUNK_SIZE:
                    self._chunk_size = int.from_bytes(payload, "big")
                yield kind, payload

    def commands(self) -> Iterator[list[Any]]:
        """Yield the command messages that the server sends."""
        for kind, payload in self.messages():
            if kind == _COMMAND:
                yield decode(payload)

    def connect(self, app: bytes | str = "live", **fields: object) -> None:
        """Open the application and a stream in it."""
        self.command("connect", 1, {"app": app, "type": "nonprivate", "tcUrl": "rtmp://server/live", **fields})
        self._await_result(1)
        self.command("createStream", 2, None)
        self._await_result(2)

    def _await_result(self, transaction: int) -> None:
        for name, number, *rest in self.commands():
            if number == transaction and name == "_result":
                return
            if name == "_error":
                raise ConnectionRefusedError(rest)

    def frame(self, number: int) -> None:
        """Send one audio and one video message that the module takes for AVC and AAC."""
        if number == 0:
            avcc = bytes.fromhex("0142c00bffe100086742c00bda0f0a68010004 68ce3c80".replace(" ", ""))
            self.send(_VIDEO, b"\x17\x00\x00\x00\x00" + avcc, channel=_DATA_CHANNEL, stream=1)
            self.send(_AUDIO, b"\xaf\x00\x11\x90", channel=_DATA_CHANNEL, stream=1)
            return
        picture = bytes([0x65]) + os.urandom(64)
        body = b"\x17\x01\x00\x00\x00" + struct.pack(">I", len(picture)) + picture
        self.send(_VIDEO, body, channel=_DATA_CHANNEL, stream=1, ms=number * 33)


def publish(
    address: tuple[str, int],
    name: bytes | str,
    *,
    app: bytes | str = "live",
    frames: int = 5,
    wait: float = 5.0,
    **fields: object,
) -> Outcome:
    """Try to publish, sending frames without waiting for the answer, and hang up.

    Args:
        address: host and port.
        name: what goes into the publish command, arguments and all.
        app: what goes into connect as the application.
        frames: how many frames to send at once after the command.
        wait: seconds to wait for the answer.
        fields: further fields of the connect command.
    """
    return _attempt(address, ["publish", 3, None, name, "live"], frames, wait, {"app": app, **fields})


def play(address: tuple[str, int], name: bytes | str, *, wait: float = 5.0) -> Outcome:
    """Try to play a stream over RTMP for `wait` seconds, and hang up."""
    return _attempt(address, ["play", 3, None, name, -2000], 0, wait, {})


def _attempt(
    address: tuple[str, int], command: list[object], frames: int, wait: float, fields: dict[str, object]
) -> Outcome:
    outcome = Outcome()
    started = time.monotonic()
    try:
        client = Client(address, wait)
    except OSError:
        outcome.closed = True
        return outcome
    try:
        client.connect(**fields)  # type: ignore[arg-type]
        started = time.monotonic()
        client.command(*command, stream=1)
        for number in range(frames):
            client.frame(number)
        for kind, payload in client.messages():
            outcome.media_bytes += len(payload) if kind in {_AUDIO, _VIDEO} else 0
            if kind == _COMMAND:
                _note(outcome, decode(payload))
            if outcome.codes and not outcome.media_bytes and command[0] == "publish":
                break
            if time.monotonic() - started > wait:
                break
    except TimeoutError:
        pass
    except (ConnectionError, BrokenPipeError):
        outcome.closed = True
    finally:
        outcome.seconds = time.monotonic() - started
        client.close()
    return outcome


def _note(outcome: Outcome, command: list[Any]) -> None:
    if command[0] in {"onStatus", "_error"}:
        code = str(command[-1].get("code", "?") if isinstance(command[-1], dict) else command[-1])
        outcome.codes.append(code)
        outcome.accepted |= code in {"NetStream.Publish.Start", "NetStream.Play.Start"}
