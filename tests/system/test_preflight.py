"""A deploy that cannot succeed says everything that is wrong, and what to do, before it changes anything."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import deploy
from tests.conftest import INSTANCE

if TYPE_CHECKING:
    from testinfra.host import Host

SQUATTER = 9999
HOLD_APT = """
import fcntl, sys, time
lock = open("/var/lib/dpkg/lock-frontend", "r+")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def state_of(server: Host) -> str:
    """A fingerprint of everything that a deploy may touch."""
    return server.check_output(
        "find /etc /opt /usr/local /srv -xdev -type f -printf '%p %s %m %u\\n' | sort | sha256sum"
    )


@pytest.fixture
def trouble(server: Host) -> Iterator[None]:
    """Somebody else listens on a port, and another package manager is at work."""
    command = ["docker", "exec", INSTANCE, "python3", "-u"]
    with (
        subprocess.Popen([*command, "-m", "http.server", str(SQUATTER)], stdout=subprocess.PIPE) as squatter,
        subprocess.Popen([*command, "-c", HOLD_APT], stdout=subprocess.PIPE) as holder,
    ):
        for process in (squatter, holder):
            assert process.stdout is not None
            process.stdout.readline()
        yield
        server.check_output("kill $(grep -lE '[h]ttp.server|[l]ock-frontend' /proc/[0-9]*/cmdline | cut -d/ -f3)")


@pytest.mark.usefixtures("trouble")
def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_changed(server: Host) -> None:
    before = state_of(server)
    run = deploy.playbook(
        "deploy",
        scrimbox_http_port=SQUATTER,
        preflight_min_memory_mb=10**9,
        preflight_min_free_gb=10**6,
        preflight_apt_wait=1,
    )
    assert run.returncode != 0
    said = run.stdout + run.stderr
    for part in (
        "Nothing was changed",
        f"Port {SQUATTER} is taken by python3",
        "1000000000 are needed",
        "1000000 are needed",
        "Another package manager",
    ):
        assert part in said, part
    assert state_of(server) == before


@pytest.mark.parametrize(
    ("variables", "parts"),
    [
        ({"scrimbox_steams": []}, ["scrimbox_steams", "typing error"]),
        ({"scrimbox_streams": [{"id": "Bad Id"}]}, ["scrimbox_streams", "Bad Id", "[a-z0-9]"]),
        ({"scrimbox_viewers": [{"name": "bob"}, {"name": "bob"}]}, ["scrimbox_viewers", "twice"]),
        ({"scrimbox_publish_keys": {"match123": "short"}}, ["scrimbox_publish_keys", "match123", "[0-9a-f]"]),
        (
            {
                "scrimbox_streams": [{"id": "match123", "group": "The Final"}],
                "scrimbox_disk_reserve_gb": 1,
                "scrimbox_disk_floor_gb": 2,
                "scrimbox_alert_webhook": "hooks.example/s3cret",
            },
            ["'The Final'", "scrimbox_disk_floor_gb is 2; allowed is 0 to", "scrimbox_alert_webhook is no address"],
        ),
    ],
    ids=["unknown variable", "ill-formed id", "viewer twice", "short key", "disk guard"],
)
def test_an_input_that_cannot_be_used_is_named_with_what_is_allowed(
    server: Host, variables: dict[str, object], parts: list[str]
) -> None:
    before = state_of(server)
    run = deploy.playbook("deploy", **variables)
    assert run.returncode != 0
    said = run.stdout + run.stderr
    for part in parts:
        assert part in said, part
    assert "s3cret" not in said
    assert state_of(server) == before
