"""Which server is meant: HOST=user@server:port, localhost, demo, or the hosts of the inventory."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools import container
from tools.project import INVENTORY, ROOT, VENV_BIN, child_environment
from tools.terminal import Trouble

DEMO = "scrimbox-demo"
CLONE = "scrimbox.clone"
HTTP_PORT = 80
RTMP_PORT = 1935
HOST = re.compile(
    r"(?:(?P<user>[A-Za-z_][\w.-]{0,31})@)?(?P<name>\w(?:[\w.-]{0,252}\w)?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d+))?"
)
ALLOWED = (
    "allowed is user@server, server:port, user@[IPv6 address]:port, a host of inventory/hosts.yml, localhost or demo"
)
NO_HOST = """no server is named, and inventory/hosts.yml lists none.
  To provision a server over SSH:     make deploy HOST=user@server
  To provision this machine:          make deploy HOST=localhost
  To see it all in a container first: make demo"""


@dataclass(frozen=True)
class Target:
    """One server.

    Attributes:
        name: its name in the inventory, and of its file in secrets/.
        connection: "ssh", "local" or "docker".
        user: the login name given with HOST, or None.
        port: the SSH port given with HOST, or None.
        variables: what the inventory says about it.
        listed: whether it stands in the inventory.
    """

    name: str
    connection: str = "ssh"
    user: str | None = None
    port: int | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    listed: bool = False


def parse_host(text: str) -> Target:
    """Read HOST.

    Raises:
        Trouble: it is ill-formed; names the value and what is allowed.
    """
    match = HOST.fullmatch(text)
    port = int(match["port"]) if match and match["port"] else None
    if match is None or (port is not None and not 1 <= port <= 65535):
        raise Trouble(f"HOST={text} is not a server; {ALLOWED}.")
    name = match["name"].strip("[]")
    if text in ("demo", DEMO):
        return Target(DEMO, "docker")
    return Target(name, "local" if text == "localhost" else "ssh", match["user"], port)


def parse_inventory(listing: str) -> dict[str, dict[str, Any]]:
    """Read `ansible-inventory --list`: every host with its variables."""
    groups = json.loads(listing)
    variables = groups.get("_meta", {}).get("hostvars", {})
    names = [name for group in groups.values() for name in group.get("hosts", []) if isinstance(group, dict)]
    return {name: variables.get(name, {}) for name in dict.fromkeys(names)}


def inventory_hosts() -> dict[str, dict[str, Any]]:
    """The hosts of the inventory with their variables.

    Raises:
        Trouble: the inventory cannot be read; holds Ansible's words.
    """
    command = [str(VENV_BIN / "ansible-inventory"), "-i", str(INVENTORY), "--list"]
    done = subprocess.run(command, cwd=ROOT, env=child_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"the inventory cannot be read:\n{done.stderr.strip()}")
    return parse_inventory(done.stdout)


def resolve(text: str) -> list[Target]:
    """The servers that HOST names; every host of the inventory when it is empty.

    Raises:
        Trouble: HOST is ill-formed, or there is no host at all.
    """
    wanted = parse_host(text) if text else None
    if wanted is not None and wanted.connection == "docker":
        return [wanted]
    listed = inventory_hosts()
    if wanted is not None and wanted.name not in listed:
        return [wanted]
    names = [wanted.name] if wanted else list(listed)
    if not names:
        raise Trouble(NO_HOST)
    user, port = (wanted.user, wanted.port) if wanted else (None, None)
    return [
        Target(name, listed[name].get("ansible_connection", "ssh"), user, port, listed[name], listed=True)
        for name in names
    ]


def ansible_arguments(targets: Sequence[Target]) -> list[str]:
    """How Ansible reaches these servers. Holds no secret: every process of the machine can see arguments."""
    first = targets[0]
    arguments = ["-i", str(INVENTORY)]
    if first.connection == "docker":
        # As root by name, or Ansible on an ordinary account would look for sudo in the container.
        return [
            *arguments,
            "-i",
            f"{first.name},",
            "--limit",
            first.name,
            "-c",
            "community.docker.docker",
            "-u",
            "root",
        ]
    for target in targets:
        if not target.listed:
            bracketed = f"[{target.name}]" if ":" in target.name else target.name
            arguments += ["-i", f"{bracketed},", *(["-c", "local"] if target.connection == "local" else [])]
    arguments += ["--limit", ",".join(target.name for target in targets)]
    login = {"ansible_user": first.user, "ansible_port": first.port}
    given = {key: value for key, value in login.items() if value is not None}
    return [*arguments, "-e", json.dumps(given)] if given else arguments


def demo_variables() -> dict[str, Any]:
    """What is special about the demo's server: its published ports, and that it may fall back to an older nginx.

    Raises:
        Trouble: there is no running demo.
    """
    if container.state(DEMO) != "running":
        raise Trouble("the demo is not running. Run: make demo")
    ports = container.published(DEMO)
    return {
        "nginx_fallback_version": "1.26.3",
        "scrimbox_domain": "",
        "scrimbox_access_mode": ["password"],
        "scrimbox_access_networks": [],
        "scrimbox_access_satisfy": "any",
        "scrimbox_http_port": HTTP_PORT,
        "scrimbox_rtmp_port": RTMP_PORT,
        "scrimbox_tls_mode": "off",
        "scrimbox_public_url": f"http://{container.LOOPBACK}:{ports[HTTP_PORT]}",
        "scrimbox_public_rtmp": f"rtmp://{container.LOOPBACK}:{ports[RTMP_PORT]}/live",
    }
