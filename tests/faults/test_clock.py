"""The clock is set back by an hour during a stream: by a library in the services, never the machine's own clock."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.conftest import Stage, after
from tests.faults.evidence import SYNC, Evidence, document, gather
from tests.variants import File, Variant

SHIFT = "/etc/clock-shift"
SERVICES = ("ingest", "recorder", "finalizer", "clips")


def install(server: Variant) -> None:
    """Let the services' clocks follow a file; the compiler is the one that built nginx."""
    server.write("/usr/lib/clock_shim.c", File(Path(__file__).with_name("clock_shim.c").read_text()))
    server.check("gcc -Wall -Werror -O2 -shared -fPIC -o /usr/lib/clock_shim.so /usr/lib/clock_shim.c -ldl")
    server.write(SHIFT, File("0\n"))
    for service in SERVICES:
        drop_in = File("[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock_shim.so\n")
        server.write(f"/etc/systemd/system/scrimbox-{service}.service.d/clock.conf", drop_in)
    units = " ".join(f"scrimbox-{service}" for service in SERVICES)
    server.check(f"systemctl daemon-reload && systemctl restart {units}")
    server.wait_up()


def set_back(stage: Stage) -> Evidence:
    """In the middle of the first part; the recorder restarts between the parts."""
    stream = "fault-returns"
    with stage.variants.start("clock") as server:
        install(server)
        states = set()
        first = stage.camera(stream, server, frames=345)
        first.wait_sent(165)
        server.write(SHIFT, File("-3600\n"))
        while first.sent < 345:
            states.add(document(server, stream)["state"])
            time.sleep(0.5)
        connections = first.wait()
        time.sleep(2)
        server.check("systemctl restart scrimbox-recorder")
        time.sleep(3)
        second = stage.camera(stream, server, start=600, frames=165)
        second.wait_sent(90)
        server.check("systemctl restart scrimbox-recorder")
        second.wait_sent(150)
        states.add(document(server, stream)["state"])
        left = gather(server, stream, connections + second.wait())
        left.seen |= {"states": states, "names": server.check("ls /srv/hls")}
        return left


@after(set_back)
def test_a_clock_that_is_set_back_loses_no_frame_and_keeps_the_order(left: Evidence) -> None:
    left.assert_kept()
    (replay,) = left.replays
    assert [part["duration"] for part in replay.entry["parts"]] == pytest.approx([11.5, 5.5], abs=0.1), left.report()
    assert max(abs(offset) for _, offset in replay.offsets) < SYNC, left.report()
    began = [connection.began for connection in left.connections]
    assert abs(replay.starts[0] - began[0]) < 0.3, left.report()
    assert abs(replay.starts[1] + 3600 - began[1]) < 0.3, left.report()


@after(set_back)
def test_a_clock_that_is_set_back_changes_no_state(left: Evidence) -> None:
    assert left.seen["states"] == {"live"}, left.report()
