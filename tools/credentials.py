"""Show what streamers and viewers need: links, publish keys, logins.

Usage: make credentials [HOST=…] [DOMAIN=…]
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.project import ROOT, SECRETS, VENV_BIN, child_environment, shown
from tools.target import Target, ansible_arguments, demo_variables, resolve
from tools.terminal import Trouble, main, say


@dataclass(frozen=True)
class Site:
    """What the inventory says about one server: its public addresses, streams (id, title) and viewers (name)."""

    url: str
    rtmp: str
    streams: list[dict[str, Any]]
    viewers: list[dict[str, Any]]

    def link(self, stream: str) -> str:
        """The one link of a stream."""
        return f"{self.url}/player?id={stream}"


@dataclass(frozen=True)
class Secrets:
    """The secrets of one server: publish key by stream id, password by viewer."""

    publish_keys: dict[str, str]
    viewer_passwords: dict[str, str]


def secrets_file(target: Target) -> Path:
    """Where the secrets of a server are kept on this machine."""
    return SECRETS / f"{target.name}.yml"


def parse_secrets(text: str) -> Secrets:
    """Read a secrets file."""
    stored = yaml.safe_load(text) or {}
    return Secrets(dict(stored.get("publish_keys") or {}), dict(stored.get("viewer_passwords") or {}))


def read_secrets(target: Target) -> Secrets:
    """Read the secrets of a server.

    Raises:
        Trouble: there are none in this clone; says what to do.
    """
    path = secrets_file(target)
    try:
        return parse_secrets(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        command = "make demo" if target.connection == "docker" else f"make deploy HOST={target.name}"
        raise Trouble(
            f"this clone has no secrets of {target.name} ({shown(path)} is missing). The first deploy makes them: "
            f"{command}. Was it deployed from another clone? Then copy that file from there."
        ) from error
    except yaml.YAMLError as error:
        raise Trouble(f"{shown(path)} is not YAML: {error}") from error


def parse_answer(output: str) -> dict[str, Any]:
    """The `msg` of an ad-hoc debug call."""
    match = re.search(r"=> (\{.*)", output, re.DOTALL)
    if match is None:
        raise ValueError(output)
    answer, _ = json.JSONDecoder().raw_decode(match[1])
    message = answer["msg"]
    return dict(json.loads(message) if isinstance(message, str) else message)


def read_site(target: Target, variables: Mapping[str, Any]) -> Site:
    """Ask the inventory about a server; the server itself is not asked.

    Raises:
        Trouble: Ansible cannot answer; holds its words.
    """
    names = {"url": "public_url", "rtmp": "public_rtmp", "streams": "streams", "viewers": "viewers"}
    wanted = ", ".join(f"'{key}': scrimbox_{name}" for key, name in names.items())
    command = [str(VENV_BIN / "ansible"), target.name, *ansible_arguments([target]), "-e", json.dumps(dict(variables))]
    command += ["-m", "ansible.builtin.debug", "-a", f"msg={{{{ {{ {wanted} }} | to_json }}}}"]
    environment = {**child_environment(), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    try:
        return Site(**parse_answer(done.stdout))
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(
            f"the inventory of {target.name} cannot be read:\n{done.stderr.strip() or done.stdout.strip()}"
        ) from error


def site_variables(target: Target, domain: str) -> dict[str, Any]:
    """What stands above the inventory for a server."""
    if target.connection == "docker":
        return demo_variables()
    return {"scrimbox_domain": domain} if domain else {}


def sheet(target: Target, site: Site, secrets: Secrets) -> str:
    """Everything that streamers and viewers of one server need."""
    lines = [target.name]
    for stream in site.streams:
        name = stream["id"]
        key = secrets.publish_keys.get(name)
        lines += [
            f"  stream {name}" + (f" ({stream['title']})" if stream.get("title") else ""),
            f"    link        {site.link(name)}",
            f"    OBS server  {site.rtmp}",
            f"    OBS key     {f'{name}?key={key}' if key else 'none yet; the next deploy makes it'}",
        ]
    for viewer in site.viewers:
        password = secrets.viewer_passwords.get(viewer["name"])
        lines.append(f"  viewer {viewer['name']}   password {password or 'none yet; the next deploy makes it'}")
    return "\n".join(lines)


def cli() -> None:
    """Command-line entry."""
    for target in resolve(os.environ.get("HOST", "")):
        site = read_site(target, site_variables(target, os.environ.get("DOMAIN", "")))
        say(sheet(target, site, read_secrets(target)))


if __name__ == "__main__":
    main(cli)
