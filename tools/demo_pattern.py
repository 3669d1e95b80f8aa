"""The demo's publisher: a unit in the demo's server that pushes a test pattern."""

from __future__ import annotations

from pathlib import Path

from tools.container import LOOPBACK
from tools.engine import docker, succeeds
from tools.target import DEMO, RTMP_PORT
from tools.terminal import say

UNIT = "scrimbox-demo-publisher"
FOLDER = "/etc/scrimbox-demo"
ENVIRONMENT = f"{FOLDER}/publisher.env"
SCRIPT = f"{FOLDER}/publisher.sh"
SOURCE = Path(__file__).parent / "demo_publisher.sh"
STOP = f"docker exec {DEMO} systemctl stop {UNIT}"
# ffmpeg ends with 255 when it is told to stop.
PROPERTIES = [
    *("User=nobody", "Restart=always", "RestartSec=2", "SuccessExitStatus=255"),
    f"EnvironmentFile={ENVIRONMENT}",
]


def environment(stream: str, key: str) -> str:
    """The publisher's environment file."""
    return f"SERVER=rtmp://{LOOPBACK}:{RTMP_PORT}/live\nSTREAM={stream}\nKEY={key}\n"


def read(path: str) -> str:
    """A file in the demo's server, without white space at its ends; empty when it is not there."""
    return docker("exec", DEMO, "sh", "-c", f"cat {path} 2>/dev/null || true")


def write(path: str, mode: str, content: str) -> None:
    """Write a file into the demo's server; by standard input, so that nothing of it is ever an argument."""
    docker("exec", "-i", DEMO, "install", "-D", "-m", mode, "/dev/stdin", path, stdin=content)


def ensure(stream: str, key: str) -> None:
    """Make sure that the test pattern is pushed; a publisher that does so already is left alone."""
    wanted = {ENVIRONMENT: environment(stream, key), SCRIPT: SOURCE.read_text(encoding="utf-8")}
    same = all(read(path) == content.strip() for path, content in wanted.items())
    if same and succeeds("exec", DEMO, "systemctl", "is-active", "--quiet", UNIT):
        say(f"publisher: the test pattern is being pushed as {stream}")
        return
    for action in ("stop", "reset-failed"):
        # Either fails where there is no such unit, which is as good.
        succeeds("exec", DEMO, "systemctl", action, UNIT)
    write(ENVIRONMENT, "0600", wanted[ENVIRONMENT])
    write(SCRIPT, "0644", wanted[SCRIPT])
    properties = [f"--property={setting}" for setting in PROPERTIES]
    docker("exec", DEMO, "systemd-run", "--quiet", f"--unit={UNIT}", *properties, "/bin/sh", SCRIPT)
    say(f"publisher: pushing a test pattern as {stream}")
