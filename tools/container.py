"""A container that boots systemd, with ports published on the loopback address."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping

from tools.engine import docker, lines
from tools.terminal import Trouble

LOOPBACK = "127.0.0.1"
BOOT_SECONDS = 60.0
FLAGS = [
    # systemd manages cgroups and mounts, the tests and the firewall manage interfaces.
    *("--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--cgroupns", "host"),
    *("--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"),  # noqa: S108
    # Without this every Ubuntu laptop denies the mounts of sandboxed units.
    *("--security-opt", "apparmor=unconfined"),
    *("--stop-signal", "SIGRTMIN+3"),
]
# Shared mounts, or credentials and late tmpfs mounts do not reach sandboxed units.
COMMAND = ["sh", "-c", "mount --make-rshared / && exec /lib/systemd/systemd"]


def bindable(port: int) -> bool:
    """Whether nothing listens on a port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(usual: int, free: Callable[[int], bool] = bindable, tries: int = 100) -> int:
    """The usual port, or the next free one above it.

    Raises:
        Trouble: none of the tried ports is free.
    """
    for port in range(usual, usual + tries):
        if free(port):
            return port
    raise Trouble(f"no port from {usual} to {usual + tries - 1} is free on {LOOPBACK}. What listens there: ss -ltnp")


def parse_ports(listing: Iterable[str]) -> dict[int, int]:
    """Read the lines of `docker port`, such as `80/tcp -> 127.0.0.1:8080`: container port to published port."""
    found = (re.fullmatch(r"(\d+)/tcp -> 127\.0\.0\.1:(\d+)", line.strip()) for line in listing)
    return {int(match[1]): int(match[2]) for match in found if match}


def state(name: str) -> str:
    """The container's state (`running`, `exited`, …), empty when there is none."""
    return "".join(lines("ps", "--all", "--filter", f"name=^{name}$", "--format", "{{.State}}"))


def label(name: str, key: str) -> str:
    """A label of a container, empty when it has none."""
    return docker("inspect", "--format", f'{{{{index .Config.Labels "{key}"}}}}', name)


def published(name: str) -> dict[int, int]:
    """Container port to published port on the loopback address."""
    return parse_ports(lines("port", name))


def create(name: str, image: str, ports: Mapping[int, int], labels: Mapping[str, str]) -> None:
    """Create and start a container.

    Args:
        name: its name and host name.
        image: an image that holds systemd.
        ports: container port to published port.
        labels: what to write on it.
    """
    publish = [f"--publish={LOOPBACK}:{outside}:{inside}" for inside, outside in ports.items()]
    marks = [f"--label={key}={value}" for key, value in labels.items()]
    docker("run", "--detach", "--name", name, "--hostname", name, *FLAGS, *publish, *marks, image, *COMMAND)


def wait_booted(name: str, seconds: float = BOOT_SECONDS) -> None:
    """Wait until systemd has finished booting; failed units do not matter here.

    Raises:
        Trouble: it has not after that many seconds, or the container ended.
    """
    deadline = time.monotonic() + seconds
    while (said := boot_state(name)).split(maxsplit=1)[:1] not in (["running"], ["degraded"]):
        if state(name) != "running" or time.monotonic() > deadline:
            found = state(name) or "gone"
            where = f"systemd did not boot in container {name} (state: {found})."
            raise Trouble(f"{where} It says: {said}\nLook at: docker logs {name}")
        time.sleep(0.3)


def boot_state(name: str) -> str:
    """What systemd says of its boot, with the jobs that it waits for; or why it cannot be asked."""
    try:
        return docker("exec", name, "sh", "-c", "systemctl is-system-running; systemctl list-jobs --no-pager; true")
    except Trouble as trouble:
        return str(trouble)


def remove(name: str) -> bool:
    """Remove a container with its volumes; tells whether there was one."""
    if not state(name):
        return False
    docker("rm", "--force", "--volumes", name)
    return True
