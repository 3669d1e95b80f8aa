"""Recordings that are cut off, empty or hold headers only, and jobs whose description is lost."""

from __future__ import annotations

import time

import pytest

from tests import rtmp
from tests.faults.camera import AUDIO, VIDEO, tags
from tests.faults.conftest import Stage, after
from tests.faults.evidence import Evidence, gather

FRAMES = 165


def cut_off(stage: Stage) -> Evidence:
    """Within the grace the end of the raw recording is lost, from the middle of a picture on."""
    server, stream = stage.common, "fault-cut"
    connections = stage.camera(stream, frames=FRAMES).wait()
    time.sleep(1)
    path = server.check(f"ls /srv/recordings/incoming/{stream}-*.flv")
    local = stage.scratch / "cut.flv"
    local.write_bytes(server.read(path))
    whole = tags(local)
    lost = next(number for number, tag in enumerate(whole) if tag.frame == 100)
    # Header, then 15 bytes besides the body of every tag.
    size = 13 + sum(15 + len(body) for body in _bodies(local.read_bytes(), 100)[:-1])
    half = len(whole[lost].body) // 2
    server.check(f"truncate -s {size + 11 + half} {path}")
    connections[0].sent = 100
    connections[0].audio = sum(tag.kind == AUDIO and not tag.header for tag in whole[:lost])
    return gather(server, stream, connections)


def _bodies(data: bytes, frame: int) -> list[memoryview]:
    """Bodies of all tags up to and with the one that holds the picture of that number."""
    bodies, position, seen = [], 13, 0
    while True:
        size = int.from_bytes(data[position + 1 : position + 4], "big")
        body = memoryview(data)[position + 11 : position + 11 + size]
        bodies.append(body)
        if data[position] == VIDEO and size > 5 and body[1] == 1:
            if seen == frame:
                return bodies
            seen += 1
        position += size + 15


@after(cut_off)
def test_of_a_recording_that_was_cut_off_exactly_the_whole_tags_survive(left: Evidence) -> None:
    left.assert_kept()
    assert left.replays[0].audio_packets == left.connections[0].audio, left.report()


def nothing_sent(stage: Stage) -> Evidence:
    server, stream = stage.common, "fault-empty"
    answers = [rtmp.publish(server.inner_rtmp_address, server.publish_name(stream), frames=0, wait=2) for _ in range(3)]
    time.sleep(6)
    left = gather(server, stream, [])
    left.seen["answers"] = answers
    return left


@after(nothing_sent)
def test_connections_that_send_nothing_leave_nothing_and_nobody_is_told(left: Evidence) -> None:
    assert all(answer.accepted for answer in left.seen["answers"]), left.report()
    assert (left.replays, left.aside, left.seen["state"]) == ([], [], "offline"), left.report()
    assert [line for line in left.journal.splitlines() if "scrimbox_auth" not in line] == []


def headers_sent(stage: Stage) -> Evidence:
    stream = "fault-burst"
    connections = [connection for _ in range(3) for connection in stage.camera(stream, frames=0).wait()]
    return gather(stage.common, stream, connections)


@after(headers_sent)
def test_connections_that_send_headers_only_leave_nothing_and_no_warning(left: Evidence) -> None:
    assert all(connection.accepted for connection in left.connections), left.report()
    assert (left.replays, left.aside, left.seen["state"]) == ([], [], "offline"), left.report()
    assert "set aside" not in left.journal, left.report()


def lost_descriptions(stage: Stage) -> Evidence:
    """While the finalizer is down, the descriptions of two jobs are lost: one is cut off, one is gone."""
    with stage.variants.start("jobs") as server:
        server.check("systemctl stop scrimbox-finalizer")
        cameras = {stream: stage.camera(stream, server, frames=FRAMES) for stream in ("fault-cut", "fault-spare")}
        pushed = {stream: camera.wait() for stream, camera in cameras.items()}
        folder = "/srv/recordings/finalizing"
        deadline = time.monotonic() + 40
        while server.run(f"ls {folder}/*/*.flv | wc -l").stdout.strip() != "2":
            assert time.monotonic() < deadline, server.run(f"ls -R {folder}").stdout
            time.sleep(0.3)
        server.check(f"for f in {folder}/fault-cut-*/session.json; do truncate -s 20 $f; done")
        server.check(f"rm {folder}/fault-spare-*/session.json")
        server.check("systemctl start scrimbox-finalizer")
        cut = gather(server, "fault-cut", pushed["fault-cut"])
        cut.seen["gone"] = gather(server, "fault-spare", pushed["fault-spare"])
        return cut


@after(lost_descriptions)
@pytest.mark.parametrize("which", ["cut off", "gone"])
def test_a_job_whose_description_is_lost_is_finalised_all_the_same(left: Evidence, which: str) -> None:
    (left if which == "cut off" else left.seen["gone"]).assert_kept()
