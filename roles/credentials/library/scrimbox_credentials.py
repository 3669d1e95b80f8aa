#!/usr/bin/python
"""Ansible module, run on the controller: the secrets of one server, made once and never changed by accident."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: scrimbox_credentials
short_description: Makes, keeps and checks publish keys and viewers' passwords
description: >-
  Keeps one YAML file per server on the controller. Secrets that are missing are made; those that the operator gave
  win. A secret that the server already has is replaced only when rotate is true. An input that cannot be used comes
  back as `problem`, because the task runs under no_log and a failure would hide its own message.
author: The Scrimbox authors
options:
  path: {type: path, required: true, description: The secrets file}
  host: {type: str, required: true, description: The server's name for messages}
  streams: {type: list, elements: str, required: true, description: Stream ids}
  viewers: {type: list, elements: str, required: true, description: Viewers' names}
  given_publish_keys: {type: dict, required: true, description: Keys by stream id}
  given_viewer_passwords: {type: dict, required: true, description: Passwords by viewer}
  deployed: {type: dict, required: true, description: Fingerprints on the server}
  rotate: {type: bool, required: true, description: Replace secrets that the server already has}
"""
STREAM_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
RESERVED = {"index"}  # /streams/index.json
VIEWER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
PUBLISH_KEY = re.compile(r"[0-9a-f]{32,128}")
PASSWORD = re.compile(r"[!-~]{8,72}")
LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"


class InputError(ValueError):
    """An input that cannot be used; the message says which, and what is allowed."""


def check_names(what: str, names: list[str], pattern: re.Pattern[str], variable: str) -> None:
    """Refuse ill-formed and repeated names.

    Raises:
        InputError: names the variable, the value and what is allowed.
    """
    for name in names:
        if name in RESERVED:
            raise InputError(f"{variable}: the {what} {name!r} is taken by Scrimbox itself; choose another name")
        if not pattern.fullmatch(name):
            raise InputError(f"{variable}: the {what} {name!r} is ill-formed; allowed is {pattern.pattern}")
        if names.count(name) > 1:
            raise InputError(f"{variable}: the {what} {name!r} stands there twice; give every one its own name")


def check_given(given: dict[str, Any], names: list[str], pattern: re.Pattern[str], variable: str) -> None:
    """Refuse ill-formed secrets and secrets of nobody; the message never holds the secret.

    Raises:
        InputError: names the variable, the entry and what is allowed.
    """
    for name, secret in given.items():
        if name not in names:
            raise InputError(f"{variable}: {name!r} is not declared; declared are {', '.join(names) or 'none'}")
        if not isinstance(secret, str) or not pattern.fullmatch(secret):
            raise InputError(f"{variable}: the entry for {name!r} must be a text that matches {pattern.pattern}")


def check_distinct(keys: dict[str, str]) -> None:
    """Refuse one key for two streams: the key alone says which stream it opens.

    Raises:
        InputError: names the streams.
    """
    for name, key in keys.items():
        same = [other for other in keys if keys[other] == key]
        if len(same) > 1:
            raise InputError(f"scrimbox_publish_keys: {' and '.join(same)} have the same key; give {name!r} its own")


def new_password() -> str:
    """Make a password of 79 bits that can be read aloud."""
    return "-".join("".join(secrets.choice(LEGIBLE) for _ in range(4)) for _ in range(4))


def complete(
    stored: dict[str, Any],
    streams: list[str],
    viewers: list[str],
    given_keys: dict[str, str],
    given_passwords: dict[str, str],
) -> dict[str, Any]:
    """Return the whole set: what is given, else what is stored, else what is made now. Names no longer declared go."""
    keys = stored.get("publish_keys", {})
    passwords = stored.get("viewer_passwords", {})
    return {
        "set": stored.get("set") or secrets.token_hex(32),
        "publish_keys": {s: given_keys.get(s) or keys.get(s) or secrets.token_hex(16) for s in streams},
        "viewer_passwords": {v: given_passwords.get(v) or passwords.get(v) or new_password() for v in viewers},
    }


def derive(whole: dict[str, Any], purpose: str, *parts: str) -> str:
    """Derive a value in lower-case hex (64 digits) from the set's own secret; it changes when a part changes."""
    message = "\0".join((purpose, *parts)).encode()
    return hmac.new(bytes.fromhex(whole["set"]), message, hashlib.sha256).hexdigest()


def fingerprints(whole: dict[str, Any]) -> dict[str, str]:
    """Fingerprint every secret under the set's secret, so that the server's copy helps nobody to guess one."""
    found = {f"stream {name}": derive(whole, "print", key) for name, key in whole["publish_keys"].items()}
    found |= {f"viewer {name}": derive(whole, "print", word) for name, word in whole["viewer_passwords"].items()}
    return found


def replaced(deployed: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """Names whose secret on the server differs from the one that would be deployed."""
    return sorted(name for name in deployed.keys() & wanted.keys() if deployed[name] != wanted[name])


def viewer_logins(whole: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return, for each viewer, the password, a stable salt for its hash, and the cookie that stands in for it."""
    return {
        name: {
            "password": password,
            "salt": derive(whole, "salt", name)[:16],
            "cookie": derive(whole, "cookie", name, password),
        }
        for name, password in whole["viewer_passwords"].items()
    }


def refusal(path: Path, host: str, names: list[str]) -> str:
    """Say why a deploy stops that would replace secrets, and the two ways on."""
    state = f"{path} holds other secrets than" if path.exists() else f"{path} is missing, but there are secrets on"
    return (
        f"Nothing was changed: {state} the server ({', '.join(names)}). Either copy secrets/{path.name} from the clone "
        f"that deployed last, or replace the server's secrets on purpose, after which streamers and viewers "
        f"need the new ones: make deploy HOST={host} ROTATE=yes"
    )


def write_private(path: Path, whole: dict[str, Any]) -> None:
    """Write the set so that only its owner can read it at any moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"# The secrets of {path.stem}: keep a copy in a safe place, never in git.\n")
        yaml.safe_dump(whole, file)
    temporary.replace(path)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Complete, compare and keep the set.

    Raises:
        InputError: an input is unusable, or a deployed secret would be replaced without `rotate`.
    """
    params = module.params
    path = Path(params["path"])
    check_names("stream id", params["streams"], STREAM_ID, "scrimbox_streams")
    check_names("viewer", params["viewers"], VIEWER_NAME, "scrimbox_viewers")
    check_given(params["given_publish_keys"], params["streams"], PUBLISH_KEY, "scrimbox_publish_keys")
    check_given(params["given_viewer_passwords"], params["viewers"], PASSWORD, "scrimbox_viewer_passwords")
    stored = yaml.safe_load(path.read_text()) if path.exists() else {}
    whole = complete(
        stored or {},
        params["streams"],
        params["viewers"],
        params["given_publish_keys"],
        params["given_viewer_passwords"],
    )
    check_distinct(whole["publish_keys"])
    prints = fingerprints(whole)
    names = replaced(params["deployed"], prints)
    if names and not params["rotate"]:
        raise InputError(refusal(path, params["host"], names))
    changed = whole != stored
    if changed and not module.check_mode:
        write_private(path, whole)
    return {
        "changed": changed,
        "path": str(path),
        "publish_keys": whole["publish_keys"],
        "viewers": viewer_logins(whole),
        "fingerprints": prints,
    }


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "host": {"type": "str", "required": True},
            "streams": {"type": "list", "elements": "str", "required": True},
            "viewers": {"type": "list", "elements": "str", "required": True},
            # no_log belongs to the task: here it would blot the operator's own secrets out of the answer.
            "given_publish_keys": {"type": "dict", "required": True, "no_log": False},
            "given_viewer_passwords": {"type": "dict", "required": True, "no_log": False},
            "deployed": {"type": "dict", "required": True},
            "rotate": {"type": "bool", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(problem="", **run(module))
    except InputError as error:
        module.exit_json(problem=str(error))


if __name__ == "__main__":
    main()
