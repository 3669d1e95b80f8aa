"""A working Docker engine: the running one, or one that root installs and starts.

Usage: python3 -m tools.engine
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tools import apt
from tools.terminal import Step, Trouble, main, quoted, say

SYSTEMD = Path("/run/systemd/system")
RECORD = Path("/run/scrimbox-engine.json")
LOG = Path("/var/log/scrimbox-dockerd.log")
START_SECONDS = 60.0
STOP_SECONDS = 30.0


def docker(*arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
    """Run the docker client and return what it prints.

    Raises:
        Trouble: the client is missing, failed or took longer than the timeout (seconds).
    """
    try:
        done = subprocess.run(
            ["docker", *arguments], input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError as error:
        raise Trouble("the docker client is not installed. Run: make demo (as root), or install Docker.") from error
    except subprocess.TimeoutExpired as error:
        raise Trouble(f"docker {arguments[0]} took longer than {timeout:.0f} s.") from error
    if done.returncode != 0:
        raise Trouble(f"docker {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def succeeds(*arguments: str, timeout: float = 60) -> bool:
    """Whether a docker command ends with exit status 0."""
    try:
        docker(*arguments, timeout=timeout)
    except Trouble:
        return False
    return True


def version() -> str | None:
    """The version of the running engine, or None where none answers."""
    try:
        return docker("version", "--format", "{{.Server.Version}}", timeout=20) or None
    except Trouble:
        return None


def advice(problem: str, *, root: bool, on_apt: bool) -> str:
    """What to run where the engine cannot be started from here.

    Args:
        problem: what the docker client said.
        root: whether this process is root.
        on_apt: whether the system has apt.
    """
    if "permission denied" in problem.lower():
        return "Docker runs, but you may not use it. Run: sudo usermod -aG docker $USER, log in again; or be root."
    if on_apt and not root:
        return (
            "no Docker engine answers. Run: sudo apt-get install docker.io && sudo systemctl start docker; or be root."
        )
    return "no Docker engine answers. Install and start Docker (elsewhere than on Linux: Docker Desktop)."


def client_problem() -> str:
    """What the docker client says when it is asked for the engine."""
    try:
        docker("version", timeout=20)
    except Trouble as trouble:
        return str(trouble)
    return ""


def install() -> None:
    """Install engine and client as far as they are missing; a client alone is common and is kept."""
    missing = []
    if shutil.which("dockerd") is None:
        missing += ["docker.io", "iptables"]
    # From Debian 13 on, the client is a package of its own.
    if shutil.which("docker") is None and apt.known("docker-cli"):
        missing.append("docker-cli")
    if missing:
        apt.install(missing, "container engine")


def start() -> None:
    """Start the engine and leave a record, so that the demo can stop the one that it started.

    Raises:
        Trouble: the engine ended or did not answer in time; holds the end of its log.
    """
    if SYSTEMD.is_dir():
        subprocess.run(["systemctl", "start", "docker"], check=False)
        record: dict[str, object] = {"by": "systemd"}
        process = None
    else:
        with LOG.open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        record = {"by": "us", "pid": process.pid, "started": started(process.pid)}
    RECORD.write_text(json.dumps(record), encoding="utf-8")
    deadline = time.monotonic() + START_SECONDS
    while version() is None:
        if (process is not None and process.poll() is not None) or time.monotonic() > deadline:
            RECORD.unlink()
            why = f"The end of {LOG}:\n{quoted(LOG)}" if process is not None else "Look at: journalctl -u docker"
            raise Trouble(f"the Docker engine did not start. {why}")
        time.sleep(0.5)


def started(pid: int) -> str:
    """When a process began, in the kernel's ticks; with the pid it names one process for ever."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def ensure() -> None:
    """Make sure that an engine answers.

    Raises:
        Trouble: none does and none can be started from here; says what to run.
    """
    running = version()
    if running is None:
        problem = client_problem()
        if not apt.usable() or "permission denied" in problem.lower():
            on_apt = shutil.which("apt-get") is not None
            raise Trouble(advice(problem, root=os.geteuid() == 0, on_apt=on_apt))
        install()
        # On a systemd system the package has started it by now; it is ours to stop all the same.
        with Step("engine: starting Docker"):
            start()
        running = version()
        say(f"engine: Docker {running}, installed or started for this; make demo-down stops it")
    else:
        say(f"engine: Docker {running} is running")


def stop_ours() -> str:
    """Stop the engine if it was started for the demo and holds nothing else; returns what happened, in words."""
    running = version() is not None
    if not RECORD.exists() or not running:
        if os.geteuid() == 0:
            RECORD.unlink(missing_ok=True)
        return "engine: left running, it was there before" if running else "engine: not running"
    if os.geteuid() != 0:
        return "engine: left running, root started it"
    others = docker("ps", "--all", "--format", "{{.Names}}").split()
    if others:
        return f"engine: left running, it holds {', '.join(others)}"
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    if record["by"] == "systemd":
        subprocess.run(["systemctl", "stop", "docker.socket", "docker"], check=False)
    elif started(record["pid"]) == record["started"]:
        end(record["pid"])
    RECORD.unlink()
    return "engine: stopped"


def end(pid: int) -> None:
    """End the engine by SIGTERM and wait until it is gone.

    Raises:
        Trouble: it is still there after STOP_SECONDS.
    """
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while state(pid) not in ("", "Z"):
        if time.monotonic() > deadline:
            raise Trouble(f"the Docker engine (process {pid}) is still running after {STOP_SECONDS:.0f} s. See {LOG}")
        time.sleep(0.2)


def state(pid: int) -> str:
    """A process's state letter; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def lines(*arguments: str) -> Sequence[str]:
    """What a docker command prints, as lines without empty ones."""
    return [line for line in docker(*arguments).splitlines() if line]


if __name__ == "__main__":
    main(ensure)
