"""The folder of raw recordings is missing or cannot be written: loud, at once, and mended without a restart."""

from __future__ import annotations

import time

import pytest

from tests import deploy
from tests.faults.conftest import Scenario, Stage, after
from tests.faults.evidence import Evidence, gather
from tests.variants import Variant

INCOMING = "/srv/recordings/incoming"
ROOM = 8 * 2**30
SOON = 5.0
"""Seconds in which the journal says it and new publishers are refused."""


def spoiled(name: str, spoil: str, mend: str) -> Scenario:
    """A publisher is live when the folder is spoiled; another comes, is refused, and comes again when it is mended."""

    def scenario(stage: Stage) -> Evidence:
        # Of a file system of its own, as overlayfs copies a folder that is renamed; with the room that the guard wants.
        with stage.variants.start(name, srv_bytes=ROOM) as server:
            live = stage.camera("fault-returns", server)
            live.wait_sent(60)
            server.check(spoil)
            complaint = _complaint(server)
            time.sleep(SOON)
            refused = stage.camera("fault-spare", server, frames=30).wait()
            server.check(mend)
            time.sleep(SOON)
            welcome = stage.camera("fault-spare", server, frames=165).wait()
            live.wait_sent(300)
            left = gather(server, "fault-returns", live.stop())
            left.seen |= {
                "complaint": complaint,
                "refused": refused,
                "welcome": gather(server, "fault-spare", welcome),
                "restarts": server.check("systemctl show -P NRestarts scrimbox-ingest scrimbox-recorder").split(),
            }
            return left

    return scenario


def _complaint(server: Variant) -> str:
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        found = [line for line in server.journal("-1min", "-p err").splitlines() if INCOMING in line]
        if found:
            return found[0]
        time.sleep(0.3)
    return ""


unwritable = spoiled("unwritable", f"chmod 0 {INCOMING}", f"chmod 0700 {INCOMING}")
missing = spoiled("missing", f"mv {INCOMING} {INCOMING}.gone", f"mv {INCOMING}.gone {INCOMING}")


def assert_loud(left: Evidence) -> None:
    """An error names the folder; who was live loses nothing."""
    left.assert_kept()
    assert INCOMING in left.seen["complaint"], left.report()
    assert left.seen["restarts"] == ["0", "0"], left.report()


def assert_closed(left: Evidence) -> None:
    """New publishers were refused rather than not recorded, and welcome afterwards."""
    assert not any(connection.accepted for connection in left.seen["refused"]), left.report()
    left.seen["welcome"].assert_kept()


@after(unwritable)
def test_a_folder_that_cannot_be_written_is_an_error_at_once(left: Evidence) -> None:
    assert_loud(left)


@after(missing)
def test_a_folder_that_is_missing_is_an_error_at_once(left: Evidence) -> None:
    assert_loud(left)


@after(unwritable)
def test_nobody_new_may_publish_into_a_folder_that_cannot_be_written(left: Evidence) -> None:
    assert_closed(left)


@after(missing)
def test_nobody_new_may_publish_into_a_folder_that_is_missing(left: Evidence) -> None:
    assert_closed(left)


def deployed(stage: Stage) -> Evidence:
    """A deploy onto a server whose folder is missing, then one onto a disk that is read-only; both have 5 GB free."""
    with stage.variants.start("deployed", srv_bytes=ROOM) as server:
        there = {"ansible_host": server.name, "credentials_file": str(stage.variants.secrets_file)}
        server.check(f"systemctl stop scrimbox-recorder && rm -r {INCOMING}")
        made = deploy.playbook("deploy", **there)
        assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-2000:]
        folder = server.check(f"stat -c '%U %G %a' {INCOMING}")
        up = server.check("systemctl is-active scrimbox-recorder")
        for _ in range(20):
            if server.run("mount -o remount,ro /small").returncode == 0:
                break
            time.sleep(0.3)
        refused = deploy.playbook("deploy", **there)
        seen = {"made": made, "folder": folder, "up": up, "refused": refused}
        return Evidence("", [], seen=seen)


@pytest.mark.slow
@after(deployed)
def test_a_deploy_makes_a_missing_folder_again(left: Evidence) -> None:
    assert left.seen["made"].returncode == 0, left.seen["made"].stdout[-3000:]
    assert left.seen["folder"] == "scrimbox-ingest scrimbox-ingest 700"
    assert left.seen["up"] == "active"


@pytest.mark.slow
@after(deployed)
def test_a_deploy_onto_a_disk_that_cannot_be_written_fails_and_says_so(left: Evidence) -> None:
    refused = left.seen["refused"]
    assert refused.returncode != 0
    assert "/srv" in refused.stdout + refused.stderr
