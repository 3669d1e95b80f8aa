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

from tools import vault
from tools.project import ROOT, SECRETS, VENV_BIN, child_environment, shown
from tools.target import Target, ansible_arguments, demo_variables, resolve
from tools.terminal import Trouble, main, say

NOT_YET = "none yet; the next deploy makes it"


@dataclass(frozen=True)
class Site:
    """What the inventory says about one server: public addresses, streams, viewers, and what lets a viewer in.

    `rtmp` names every way to push, for people; `obs_server` is the one that OBS takes.
    """

    url: str
    rtmp: str
    streams: list[dict[str, Any]]
    viewers: list[dict[str, Any]]
    access_mode: list[str]
    obs_server: str = ""

    def link(self, stream: str) -> str:
        """The one link of a stream."""
        return f"{self.url}/player?id={stream}"

    def studio(self, stream: str) -> str:
        """The page of its streamer."""
        return f"{self.url}/studio?id={stream}"

    def personal_link(self, token: str) -> str:
        """A viewer's own link."""
        return f"{self.url}/in?token={token}"


@dataclass(frozen=True)
class Secrets:
    """The secrets of one server: publish key by stream id or ID/PUBLISHER, password and token by viewer."""

    publish_keys: dict[str, str]
    viewer_passwords: dict[str, str]
    viewer_tokens: dict[str, str]

    def key_of(self, stream: str) -> str:
        """A key that opens a stream: its own, or its first publisher's.

        Raises:
            Trouble: nobody may publish it.
        """
        for name, key in self.publish_keys.items():
            if name.partition("/")[0] == stream:
                return key
        raise Trouble(f"nobody may publish {stream}: its list of publishers is empty.")


def secrets_file(target: Target) -> Path:
    """Where the secrets of a server are kept on this machine."""
    return SECRETS / f"{target.name}.yml"


def parse_secrets(text: str) -> Secrets:
    """Read a secrets file."""
    stored = yaml.safe_load(text) or {}
    return Secrets(*(dict(stored.get(group) or {}) for group in ("publish_keys", "viewer_passwords", "viewer_tokens")))


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
    names = {"url": "public_url", "rtmp": "public_push", "obs_server": "public_obs_server"}
    names |= {name: name for name in ("streams", "viewers", "access_mode")}
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


def key_lines(stream: dict[str, Any], keys: dict[str, str]) -> list[str]:
    """What goes into OBS as the stream key, one line for each who may publish."""
    name, publishers = stream["id"], stream.get("publishers")
    if publishers is None:
        return [f"    OBS key     {obs_key(name, keys.get(name))}"]
    return [f"    OBS key     {obs_key(name, keys.get(f'{name}/{one}'))}   (for {one})" for one in publishers]


def obs_key(stream: str, key: str | None) -> str:
    """The stream key as OBS wants it."""
    return f"{stream}?key={key}" if key else NOT_YET


def viewer_line(viewer: str, site: Site, secrets: Secrets) -> str:
    """What one viewer needs."""
    parts = [f"  viewer {viewer}"]
    if "password" in site.access_mode:
        parts.append(f"password {secrets.viewer_passwords.get(viewer, NOT_YET)}")
    if "link" in site.access_mode:
        token = secrets.viewer_tokens.get(viewer)
        parts.append(f"personal link {site.personal_link(token) if token else NOT_YET}")
    return "   ".join(parts)


def sheet(target: Target, site: Site, secrets: Secrets) -> str:
    """Everything that streamers and viewers of one server need."""
    lines = [target.name]
    for stream in site.streams:
        name = stream["id"]
        lines += [
            f"  stream {name}" + (f" ({stream['title']})" if stream.get("title") else ""),
            f"    link        {site.link(name)}",
            f"    studio      {site.studio(name)}",
            f"    OBS server  {site.rtmp}",
            *key_lines(stream, secrets.publish_keys),
        ]
    lines += [viewer_line(viewer["name"], site, secrets) for viewer in site.viewers]
    return "\n".join(lines)


def cli() -> None:
    """Command-line entry."""
    with vault.unlocked():
        for target in resolve(os.environ.get("HOST", "")):
            site = read_site(target, site_variables(target, os.environ.get("DOMAIN", "")))
            say(sheet(target, site, read_secrets(target)))


if __name__ == "__main__":
    main(cli)
