"""Thousands of spoilt sessions against ingest while a stream is live: nothing crashes and no frame of it is lost."""

from __future__ import annotations

import collections
import os
import random
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests import media
from tests.attacks import fuzz, processes
from tests.conftest import BUILD

if TYPE_CHECKING:
    from tests.variants import Variant, Variants

SEED = int(os.environ.get("SCRIMBOX_FUZZ_SEED", "20260101"))
CONNECTIONS = int(os.environ.get("SCRIMBOX_FUZZ_CONNECTIONS", "6000"))
SECONDS = 90.0
THREADS = 4
LIVE, ATTACKED = "charlie", "bravo"


@dataclass
class Tally:
    """What was tried; every connection can be made again from the seed and its number."""

    done: collections.Counter[str] = field(default_factory=collections.Counter)
    unanswered: list[int] = field(default_factory=list)


def session(number: int, key: str) -> tuple[str, bytes]:
    """The spoilt session of this number: every second one may publish, so that it gets as far as the media."""
    dice = random.Random(SEED * 1_000_003 + number)
    name = f"{ATTACKED}?key={key if number % 2 else '0' * 32}"
    kind = dice.choice(list(fuzz.SPOILERS))
    return kind, fuzz.SPOILERS[kind](dice, fuzz.publisher(dice, name))


def send(address: tuple[str, int], wire: bytes, number: int) -> None:
    """Say it all, listen for a moment, and go: with a goodbye or without.

    Raises:
        OSError: nobody listens any more.
    """
    with socket.create_connection(address, 5) as connection:
        connection.settimeout(0.1)
        try:
            connection.sendall(wire)
            while connection.recv(65536):
                pass
        except (TimeoutError, ConnectionError):
            pass
        if number % 3 == 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def fuzz_all(server: Variant, tally: Tally) -> None:
    """Send the sessions from a few threads until all are sent or the time is over."""
    numbers = iter(range(CONNECTIONS))
    deadline = time.monotonic() + SECONDS
    lock = threading.Lock()
    key = server.credentials.publish_keys[ATTACKED]
    address = server.inner_rtmp_address

    def work() -> None:
        while time.monotonic() < deadline:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            kind, wire = session(number, key)
            try:
                send(address, wire, number)
            except OSError:
                tally.unanswered.append(number)
            tally.done[kind] += 1

    workers = [threading.Thread(target=work) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def test_a_spoilt_session_can_be_made_again_by_its_number() -> None:
    assert {session(number, "0" * 32)[0] for number in range(100)} == set(fuzz.SPOILERS)
    assert session(7, "0" * 32) == session(7, "0" * 32) != session(9, "0" * 32)


@pytest.mark.slow
def test_6000_spoilt_sessions_crash_nothing_and_cost_a_live_stream_no_frame(
    variants: Variants,
) -> None:
    tally = Tally()
    with variants.start("fuzz") as server:
        before = processes(server.check, "ingest")
        earlier = len(server.journal())
        publisher = media.Publisher(server.publish_url(LIVE), media.pattern(BUILD / "media", 300))
        try:
            time.sleep(3)
            fuzz_all(server, tally)
            time.sleep(3)
            assert publisher.running
            pushed = publisher.stop()
        finally:
            publisher.kill()
        journal = server.journal()[earlier:]
        accepted = journal.count(f"publish accepted: stream={ATTACKED} ")
        tried = f"{sum(tally.done.values())} sessions {dict(tally.done)}, {accepted} accepted"
        print(f"seed {SEED}: {tried}, {pushed.frames} frames of the live stream")
        assert tally.unanswered == []
        assert sum(tally.done.values()) > CONNECTIONS / 4
        assert accepted > sum(tally.done.values()) / 10, "hardly any session got as far as the media"
        assert processes(server.check, "ingest") == before
        assert "exited on signal" not in journal
        assert server.run("find / -xdev -name 'core*' -type f -newer /variant -not -path '/proc/*'").stdout == ""
        assert recorded(server) == pushed.frames
        assert server.run("systemctl list-units --failed --plain --no-legend").stdout == ""
        for service in ("recorder", "finalizer", "auth", "write", "web"):
            assert server.check(f"systemctl show -P NRestarts scrimbox-{service}") == "0", service


def recorded(server: Variant) -> int:
    """Frames of the live stream on the disk, in the raw recording or the replay made of it."""
    listed = f"ls /srv/recordings/incoming/{LIVE}-*.flv /srv/recordings/{LIVE}-*.mp4 2>/dev/null"
    count = "ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0"
    files = server.run(listed).stdout.split()
    assert files
    return max(int(server.check(f"{count} {path}").strip(",") or 0) for path in files)
