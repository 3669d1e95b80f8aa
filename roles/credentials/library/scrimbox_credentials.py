#!/usr/bin/python
"""Ansible module, run on the controller: the secrets of one server, made once and never changed by accident."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: scrimbox_credentials
short_description: Makes, keeps, checks and renews publish keys, viewers' passwords and viewers' tokens
description: >-
  Keeps one YAML file per server on the controller. Secrets that are missing are made; those that the operator gave
  win. A secret that the server already has is replaced only when rotate is true or when this clone has renewed it. An
  input that cannot be used comes back as `problem`, because the task runs under no_log and a failure would hide its
  own message.
author: The Scrimbox authors
options:
  path: {type: path, required: true, description: The secrets file}
  host: {type: str, required: true, description: The server's name for messages}
  streams: {type: list, elements: dict, required: true, description: Streams with id and perhaps publishers' names}
  viewers: {type: list, elements: str, required: true, description: Viewers' names}
  given_publish_keys: {type: dict, required: true, description: Keys by stream id}
  given_viewer_passwords: {type: dict, required: true, description: Passwords by viewer}
  given_viewer_tokens: {type: dict, required: true, description: Tokens of personal links by viewer}
  deployed: {type: dict, required: true, description: Fingerprints on the server}
  rotate: {type: bool, required: true, description: Replace secrets that the server already has}
  renew_keys: {type: list, elements: str, required: true, description: Keys to make anew, ID/NAME, ID or all}
  renew_viewers: {type: list, elements: str, required: true, description: Viewers to give new secrets, or all}
  renew_all: {type: bool, required: true, description: Make every secret anew}
"""
STREAM_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# /streams/index.json, and what `make rotate` calls all of them
RESERVED = {"index", "all"}
VIEWER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
PUBLISH_KEY = re.compile(r"[0-9a-f]{32,128}")
TOKEN = PUBLISH_KEY
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


def key_names(streams: list[dict[str, Any]]) -> list[str]:
    """Name the keys: `ID/NAME` for each publisher of a stream, or `ID` where none are declared.

    Raises:
        InputError: an id or a publisher's name is ill-formed, reserved or there twice.
    """
    check_names("stream id", [str(stream.get("id", "")) for stream in streams], STREAM_ID, "scrimbox_streams")
    names: list[str] = []
    for stream in streams:
        publishers = stream.get("publishers")
        if publishers is None:
            names.append(stream["id"])
            continue
        if not isinstance(publishers, list):
            raise InputError(
                f"scrimbox_streams: publishers of {stream['id']!r} is {publishers!r}; allowed is a list of names"
            )
        check_names(f"publisher of {stream['id']}", [str(name) for name in publishers], VIEWER_NAME, "scrimbox_streams")
        names += [f"{stream['id']}/{name}" for name in publishers]
    return names


def check_distinct(secrets_by_name: dict[str, str], variable: str) -> None:
    """Refuse one secret for two names: the secret alone says whose it is.

    Raises:
        InputError: names the names.
    """
    for name, secret in secrets_by_name.items():
        same = [other for other in secrets_by_name if secrets_by_name[other] == secret]
        if len(same) > 1:
            raise InputError(f"{variable}: {' and '.join(same)} have the same; give {name!r} its own")


def new_key() -> str:
    """Make a publish key of 128 bits."""
    return secrets.token_hex(16)


def new_token() -> str:
    """Make the token of a personal link, of 192 bits."""
    return secrets.token_hex(24)


def new_password() -> str:
    """Make a password of 79 bits that can be read aloud."""
    return "-".join("".join(secrets.choice(LEGIBLE) for _ in range(4)) for _ in range(4))


def complete(
    stored: dict[str, Any], keys: list[str], viewers: list[str], given: dict[str, dict[str, str]]
) -> dict[str, Any]:
    """Return the whole set: what is given, else what is stored, else what is made now. Names no longer declared go."""
    makers: dict[str, tuple[list[str], Callable[[], str]]] = {
        "publish_keys": (keys, new_key),
        "viewer_passwords": (viewers, new_password),
        "viewer_tokens": (viewers, new_token),
    }
    whole = {"set": stored.get("set") or secrets.token_hex(32)}
    for group, (names, make) in makers.items():
        known = {**stored.get(group, {}), **given[group]}
        whole[group] = {name: known.get(name) or make() for name in names}
    return whole | ({"renewed": stored["renewed"]} if stored.get("renewed") else {})


def derive(whole: dict[str, Any], purpose: str, *parts: str) -> str:
    """Derive a value in lower-case hex (64 digits) from the set's own secret; it changes when a part changes."""
    message = "\0".join((purpose, *parts)).encode()
    return hmac.new(bytes.fromhex(whole["set"]), message, hashlib.sha256).hexdigest()


def fingerprints(whole: dict[str, Any]) -> dict[str, str]:
    """Fingerprint every secret under the set's secret, so that the server's copy helps nobody to guess one."""
    kinds = {"stream": "publish_keys", "viewer": "viewer_passwords", "link": "viewer_tokens"}
    return {
        f"{kind} {name}": derive(whole, "print", secret)
        for kind, group in kinds.items()
        for name, secret in whole[group].items()
    }


def replaced(deployed: dict[str, str], wanted: dict[str, str], renewed: dict[str, str]) -> list[str]:
    """Names whose secret on the server is neither the one to be deployed nor the one that this clone has renewed."""
    both = deployed.keys() & wanted.keys()
    return sorted(name for name in both if deployed[name] not in (wanted[name], renewed.get(name)))


def chosen(what: str, wanted: list[str], names: list[str]) -> list[str]:
    """Find what a person has named: a name, the part of it before the slash, or all.

    Raises:
        InputError: there is no such name.
    """
    found: list[str] = []
    for word in wanted:
        meant = [name for name in names if word in ("all", name, name.partition("/")[0])]
        if not meant:
            raise InputError(f"{what}={word} is not declared; allowed is all, {', '.join(names) or 'nothing else'}")
        found += meant
    return found


def refuse_given(names: list[str], given: dict[str, str], variable: str) -> None:
    """Refuse to renew what the operator has chosen.

    Raises:
        InputError: names the variable and the names.
    """
    own = sorted(set(names) & given.keys())
    if own:
        raise InputError(
            f"Nothing was changed: {', '.join(own)} cannot be made anew, because you chose the secret yourself. "
            f"Change or remove it in {variable} (inventory/group_vars/all/secrets.yml), then deploy with ROTATE=yes"
        )


def renew(whole: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Return the set with the secrets made anew that were asked for, and what the server has of them until then.

    What the server has is kept by its fingerprint ("renewed"): a deploy that is interrupted after this may be repeated.

    Raises:
        InputError: an unknown name, or a secret that the operator has chosen.
    """
    everything = ["all"] if params["renew_all"] else []
    keys = chosen("KEY", params["renew_keys"] or everything[: len(whole["publish_keys"])], list(whole["publish_keys"]))
    viewers = list(whole["viewer_passwords"])
    viewers = chosen("VIEWER", params["renew_viewers"] or everything[: len(viewers)], viewers)
    if not (keys or viewers):
        return whole
    refuse_given(keys, params["given_publish_keys"], "scrimbox_publish_keys")
    refuse_given(viewers, params["given_viewer_passwords"], "scrimbox_viewer_passwords")
    refuse_given(viewers, params["given_viewer_tokens"], "scrimbox_viewer_tokens")
    anew = {
        **whole,
        "set": secrets.token_hex(32) if params["renew_all"] else whole["set"],
        "publish_keys": whole["publish_keys"] | {name: new_key() for name in keys},
        "viewer_passwords": whole["viewer_passwords"] | {name: new_password() for name in viewers},
        "viewer_tokens": whole["viewer_tokens"] | {name: new_token() for name in viewers},
    }
    deployed, prints = params["deployed"], fingerprints(anew)
    old = {name: deployed[name] for name in sorted(deployed.keys() & prints.keys()) if deployed[name] != prints[name]}
    return {**anew, "renewed": old} if old else anew


def viewer_logins(whole: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return, for each viewer, password, token, a stable salt for the hash, and the cookie that stands in for both."""
    tokens = whole["viewer_tokens"]
    return {
        name: {
            "password": password,
            "token": tokens[name],
            "salt": derive(whole, "salt", name)[:16],
            "cookie": derive(whole, "cookie", name, password, tokens[name]),
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
    keys = key_names(params["streams"])
    check_names("viewer", params["viewers"], VIEWER_NAME, "scrimbox_viewers")
    check_given(params["given_publish_keys"], keys, PUBLISH_KEY, "scrimbox_publish_keys")
    check_given(params["given_viewer_passwords"], params["viewers"], PASSWORD, "scrimbox_viewer_passwords")
    check_given(params["given_viewer_tokens"], params["viewers"], TOKEN, "scrimbox_viewer_tokens")
    stored = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
    given = {group: params[f"given_{group}"] for group in ("publish_keys", "viewer_passwords", "viewer_tokens")}
    whole = complete(stored, keys, params["viewers"], given)
    check_distinct(whole["publish_keys"], "scrimbox_publish_keys")
    check_distinct(whole["viewer_tokens"], "scrimbox_viewer_tokens")
    names = replaced(params["deployed"], fingerprints(whole), whole.get("renewed", {}))
    if names and not params["rotate"]:
        raise InputError(refusal(path, params["host"], names))
    whole = renew(whole, params)
    changed = whole != stored
    if changed and not module.check_mode:
        write_private(path, whole)
    return {
        "changed": changed,
        "path": str(path),
        "publish_keys": whole["publish_keys"],
        "viewers": viewer_logins(whole),
        "fingerprints": fingerprints(whole),
    }


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "host": {"type": "str", "required": True},
            "streams": {"type": "list", "elements": "dict", "required": True},
            "viewers": {"type": "list", "elements": "str", "required": True},
            # no_log belongs to the task: here it would blot the operator's own secrets out of the answer.
            "given_publish_keys": {"type": "dict", "required": True, "no_log": False},
            "given_viewer_passwords": {"type": "dict", "required": True, "no_log": False},
            "given_viewer_tokens": {"type": "dict", "required": True, "no_log": False},
            "deployed": {"type": "dict", "required": True},
            "rotate": {"type": "bool", "required": True},
            "renew_keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
            "renew_viewers": {"type": "list", "elements": "str", "required": True},
            "renew_all": {"type": "bool", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(problem="", **run(module))
    except InputError as error:
        module.exit_json(problem=str(error))


if __name__ == "__main__":
    main()
