"""Sessions of a publisher as lists of messages, and ways to spoil them: field by field, and byte by byte."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.rtmp import encode

CHUNK = 65536
SIZES = (0, 1, 2, 127, 128, 255, 256, 65535, 65536, 0x7FFFFF, 0xFFFFFE, 0xFFFFFF)
NUMBERS = (0, 1, 2, 63, 64, 127, 128, 319, 320, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


@dataclass(frozen=True)
class Message:
    """One RTMP message, and how its header is to look."""

    kind: int
    payload: bytes
    channel: int = 3
    stream: int = 0
    ms: int = 0
    length: int | None = None
    """What the header says; None: the truth."""
    shape: int = 0
    """0: full header … 3: none."""
    chunk: int = CHUNK

    def bytes(self) -> bytes:
        """The message in chunks, right or wrong as its fields say."""
        length = len(self.payload) if self.length is None else self.length
        stamp = min(self.ms, 0xFFFFFF)
        extended = struct.pack(">I", self.ms & 0xFFFFFFFF) if stamp == 0xFFFFFF else b""
        full = stamp.to_bytes(3, "big") + (length & 0xFFFFFF).to_bytes(3, "big") + bytes([self.kind & 0xFF])
        full += struct.pack("<I", self.stream & 0xFFFFFFFF)
        head = basic(self.shape, self.channel) + full[: (11, 7, 3, 0)[self.shape]]
        head += extended if self.shape < 3 else b""
        size = max(1, self.chunk)
        parts = [self.payload[start : start + size] for start in range(0, len(self.payload), size)] or [b""]
        return head + (basic(3, self.channel) + extended).join(parts)


def basic(shape: int, channel: int) -> bytes:
    """The first one to three bytes of a chunk."""
    if channel < 64:
        return bytes([shape << 6 | channel])
    if channel < 320:
        return bytes([shape << 6, channel - 64])
    return bytes([shape << 6 | 1]) + struct.pack("<H", (channel - 64) & 0xFFFF)


@dataclass
class Session:
    """A publisher's side of a connection, all that it says."""

    hello: bytes = b"\x03" + bytes(8) + bytes(1528)
    answer: bytes = bytes(1536)
    messages: list[Message] = field(default_factory=list)

    def bytes(self) -> bytes:
        """What goes over the wire."""
        return self.hello + self.answer + b"".join(message.bytes() for message in self.messages)


def command(*values: object, stream: int = 0) -> Message:
    """A command message."""
    return Message(20, b"".join(encode(value) for value in values), stream=stream)


def publisher(dice: random.Random, name: str, frames: int = 20) -> Session:
    """What an encoder says that publishes a picture and sound, with metadata and goodbye."""
    avcc = bytes.fromhex("0142c00bffe100086742c00bda0f0a6801000468ce3c80")
    fields = {"app": "live", "type": "nonprivate", "flashVer": "FMLE/3.0", "tcUrl": "rtmp://server/live"}
    told = {"width": 1280.0, "height": 720.0, "framerate": 30.0, "videocodecid": 7.0, "audiocodecid": 10.0, "x": True}
    messages = [
        Message(1, struct.pack(">I", CHUNK), channel=2),
        Message(5, struct.pack(">I", 2500000), channel=2),
        command("connect", 1, fields),
        command("releaseStream", 2, None, name),
        command("FCPublish", 3, None, name),
        command("createStream", 4, None),
        command("publish", 5, None, name, "live", stream=1),
        Message(18, encode("@setDataFrame") + encode("onMetaData") + encode(told), channel=4, stream=1),
        Message(9, b"\x17\x00\x00\x00\x00" + avcc, channel=4, stream=1),
        Message(8, b"\xaf\x00\x11\x90", channel=4, stream=1),
    ]
    for number in range(frames):
        key = number % 10 == 0
        picture = bytes([0x65 if key else 0x41]) + dice.randbytes(200)
        body = bytes([0x17 if key else 0x27, 1, 0, 0, 0]) + struct.pack(">I", len(picture)) + picture
        messages.append(Message(9, body, channel=4, stream=1, ms=number * 33))
        messages.append(Message(8, b"\xaf\x01" + dice.randbytes(60), channel=4, stream=1, ms=number * 33))
    messages.append(Message(4, struct.pack(">HI", 3, 1) + b"\x00\x00\x00\x64", channel=2))
    messages += [command("FCUnpublish", 6, None, name), command("deleteStream", 7, None, 1.0)]
    return Session(messages=messages)


# ---------------------------------------------------------------------------------------------- ways to spoil a session


def flipped(dice: random.Random, payload: bytes) -> bytes:
    """Some bytes are others, by preference such as mean something in AMF."""
    changed = bytearray(payload or b"\0")
    for _ in range(dice.randint(1, 8)):
        changed[dice.randrange(len(changed))] = dice.choice([0, 1, 2, 3, 5, 8, 9, 10, 12, 17, 0x7F, 0x80, 0xFF])
    return bytes(changed)


def grown(dice: random.Random, payload: bytes) -> bytes:
    """Something strange stands in the middle."""
    where = dice.randint(0, len(payload))
    return payload[:where] + dice.randbytes(dice.choice(SIZES[:8])) + payload[where:]


FIELDS: list[Callable[[random.Random, Message], dict[str, Any]]] = [
    lambda dice, message: {"length": dice.choice([*SIZES, max(0, len(message.payload) + dice.randint(-9, 9))])},
    lambda dice, _: {"kind": dice.choice([*range(10), 15, 16, 17, 18, 19, 20, 22, dice.randrange(256)])},
    lambda dice, _: {"ms": dice.choice([*NUMBERS, 0xFFFFFF])},
    lambda dice, _: {"channel": dice.choice([2, 3, 4, 5, 63, 64, 319, 320, 65598, dice.randrange(2, 65599)])},
    lambda dice, _: {"stream": dice.choice(NUMBERS)},
    lambda dice, _: {"shape": dice.randrange(4)},
    lambda dice, _: {"chunk": dice.choice([1, 2, 100, 127, 128, 129, 4096])},
    lambda dice, message: {"payload": message.payload[: dice.randint(0, len(message.payload))]},
    lambda dice, message: {"payload": flipped(dice, message.payload)},
    lambda dice, message: {"payload": grown(dice, message.payload)},
    lambda dice, _: {"kind": dice.randint(1, 6), "payload": struct.pack(">I", dice.choice(NUMBERS)), "channel": 2},
]


def spoil_message(dice: random.Random, message: Message) -> Message:
    """One field of one message is another."""
    return replace(message, **dice.choice(FIELDS)(dice, message))


def spoil_fields(dice: random.Random, session: Session) -> bytes:
    """Some messages are wrong, missing, doubled or out of order."""
    messages = list(session.messages)
    for _ in range(dice.randint(1, 6)):
        where = dice.randrange(len(messages))
        choice = dice.randrange(8)
        if choice < 5:
            messages[where] = spoil_message(dice, messages[where])
        elif choice == 5:
            messages.insert(where, dice.choice(messages))
        elif choice == 6 and len(messages) > 1:
            del messages[where]
        else:
            dice.shuffle(messages)
    return Session(session.hello, session.answer, messages).bytes()


def spoil_bits(dice: random.Random, session: Session) -> bytes:
    """Some bits are turned after the handshake."""
    wire = bytearray(session.bytes())
    start = len(session.hello) + len(session.answer)
    for _ in range(dice.choice([1, 2, 5, 20, 100])):
        wire[dice.randrange(start, len(wire))] ^= 1 << dice.randrange(8)
    return bytes(wire)


def spoil_handshake(dice: random.Random, session: Session) -> bytes:
    """The handshake is of another version, another length, of the digest kind or noise."""
    hello = dice.choice(
        [
            bytes([dice.randrange(256)]) + session.hello[1:],
            b"\x03" + dice.randbytes(4) + b"\x80\x00\x07\x02" + dice.randbytes(1528),
            b"\x06" + dice.randbytes(1536),
            session.hello[: dice.randrange(1537)],
            dice.randbytes(dice.randrange(4000)),
        ]
    )
    answer = dice.choice([session.answer, dice.randbytes(1536), b"", session.answer[: dice.randrange(1536)]])
    return Session(hello, answer, session.messages).bytes()


def cut_off(dice: random.Random, session: Session) -> bytes:
    """The connection ends somewhere, with perhaps something else appended or a piece missing."""
    wire = session.bytes()
    end = dice.randrange(len(wire))
    if dice.randrange(2):
        return wire[:end]
    skipped = min(len(wire), end + dice.randint(1, 64))
    return wire[:end] + dice.randbytes(dice.choice([0, 1, 7, 64])) + wire[skipped:]


def change_size(dice: random.Random, session: Session) -> bytes:
    """A chunk size is announced, kept or not, perhaps in the middle of a message."""
    messages = list(session.messages)
    size = dice.choice(NUMBERS)
    chunk = min(max(1, size & 0x7FFFFFFF), CHUNK) if dice.randrange(2) else CHUNK
    where = dice.randrange(len(messages))
    later = [replace(message, chunk=max(chunk, 4)) for message in messages[where:]]
    announced = Message(1, struct.pack(">I", size), channel=dice.choice([2, 4]))
    return Session(session.hello, session.answer, [*messages[:where], announced, *later]).bytes()


SPOILERS: dict[str, Callable[[random.Random, Session], bytes]] = {
    "fields": spoil_fields,
    "bits": spoil_bits,
    "handshake": spoil_handshake,
    "cut": cut_off,
    "chunk size": change_size,
}
