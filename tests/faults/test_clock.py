"""The server's clock is set back by an hour during a stream: libfaketime in the services, never the machine's clock."""

from __future__ import annotations

import time

import pytest

from tests.faults.conftest import Stage, after
from tests.faults.evidence import SYNC, Evidence, document, gather
from tests.variants import File, Variant

RC = "/etc/faketimerc"
DROP_IN = File(
    f"""[Service]
Environment=LD_PRELOAD=/usr/lib/faketime.so FAKETIME_TIMESTAMP_FILE={RC} FAKETIME_NO_CACHE=1
Environment=FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1
"""
)
SERVICES = ("ingest", "recorder", "finalizer")


def install(server: Variant) -> None:
    """Let the services' clocks follow a file."""
    server.check("apt-get update -qq && apt-get install -qq -y --no-install-recommends libfaketime", timeout=240)
    server.check("ln -s /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/faketime.so")
    server.write(RC, File("+0\n"))
    for service in SERVICES:
        server.write(f"/etc/systemd/system/scrimbox-{service}.service.d/clock.conf", DROP_IN)
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
        server.write(RC, File("-3600\n"))
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
        left = gather(server, stream, connections + second.wait(), timeout=240)
        left.seen |= {"states": states, "names": server.check("ls /srv/hls")}
        return left


@pytest.mark.slow
@after(set_back)
def test_a_clock_that_is_set_back_loses_no_frame_and_keeps_the_order(left: Evidence) -> None:
    left.assert_kept()
    (replay,) = left.replays
    assert [round(part["duration"]) for part in replay.entry["parts"]] == [11, 5], left.report()
    assert max(abs(offset) for _, offset in replay.offsets) < SYNC, left.report()
    began = [connection.began for connection in left.connections]
    assert abs(replay.starts[0] - began[0]) < 0.3, left.report()
    assert abs(replay.starts[1] + 3600 - began[1]) < 0.3, left.report()


@pytest.mark.slow
@after(set_back)
def test_a_clock_that_is_set_back_changes_no_state(left: Evidence) -> None:
    assert left.seen["states"] == {"live"}, left.report()
