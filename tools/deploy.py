"""Run one of the operator's commands against the named servers: a playbook, or a choice for one recording.

Usage: python -m tools.deploy deploy|access|rotate|status|cleanup-plan|rollback|pin|unpin|title|unclip|notes|unnote
The environment holds the options (HOST, DOMAIN, ROTATE, INGEST, NGINX, CHECK, FILE, TITLE, NOTE, KEY, VIEWER,
ALL; the Makefile explains them), and SCRIMBOX_SUDO_PASSWORD and ANSIBLE_VAULT_PASSWORD_FILE where nobody can be asked.
"""

from __future__ import annotations

import base64
import contextlib
import getpass
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools import build_player, playbook, vault
from tools.project import ROOT
from tools.target import Target, demo_variables, resolve
from tools.terminal import Trouble, main

DOMAIN = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
RECORDING = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}-\d{8}T\d{6}Z")
CLIP = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}-[0-9]{8}-[0-9]{6}-[0-9a-f]{16}")
NOTE = re.compile(r"[0-9a-f]{16}")
TITLE_LENGTH = 200
CHOICES = ("pin", "unpin", "title", "unclip", "notes", "unnote")
ACCESS = ("access", "rotate")
ONE_SERVER = {"rollback": "a rollback is", "rotate": "a rotation is", **dict.fromkeys(CHOICES, "a recording is")}
QUIET = ("status", "cleanup-plan", *CHOICES)
VERSION = re.compile(r"\d+\.\d+\.\d+")
RENEWABLE = {
    "KEY": re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(/[a-z0-9][a-z0-9_-]{0,31})?"),
    "VIEWER": re.compile(r"[a-z0-9][a-z0-9_-]{0,31}"),
}
SUDO_PASSWORD = "SCRIMBOX_SUDO_PASSWORD"  # noqa: S105 - a name, not a password
SUDO_IN_INVENTORY = ("ansible_become_password", "ansible_become_pass", "ansible_sudo_pass")
PROBE = "id -u; sudo -n true 2>/dev/null && echo sudo; true"


def option(environment: Mapping[str, str], name: str, word: str) -> bool:
    """Whether a switch such as ROTATE=yes is given.

    Raises:
        Trouble: it has another value than its one word.
    """
    value = environment.get(name, "")
    if value not in ("", word):
        raise Trouble(f"{name}={value} is not known; allowed is {name}={word}, or leaving it away.")
    return value == word


def extra_variables(environment: Mapping[str, str]) -> dict[str, Any]:
    """The variables that the options set, above the inventory's.

    Raises:
        Trouble: an option is ill-formed; names it, its value and what is allowed.
    """
    variables: dict[str, Any] = {}
    domain, version = environment.get("DOMAIN", ""), environment.get("NGINX", "")
    if domain:
        if not DOMAIN.fullmatch(domain):
            raise Trouble(
                f"DOMAIN={domain} is not a host name; allowed is a name such as vod.example.com, in lower case."
            )
        variables["scrimbox_domain"] = domain
    if version:
        if not VERSION.fullmatch(version):
            raise Trouble(f"NGINX={version} is not a version; allowed is one of the role's catalogue, such as 1.26.3.")
        variables["nginx_version"] = version
    if option(environment, "ROTATE", "yes"):
        variables["credentials_rotate"] = True
    if option(environment, "INGEST", "force"):
        variables["ingest_restart"] = "force"
    return variables


def renewal(environment: Mapping[str, str]) -> dict[str, Any]:
    """The variables of a rotation: which secrets are made anew.

    Raises:
        Trouble: nothing is named, or it is ill-formed; says what is allowed.
    """
    everything = option(environment, "ALL", "yes")
    named = {name: environment.get(name, "") for name in ("KEY", "VIEWER")}
    for name, value in named.items():
        if value and not RENEWABLE[name].fullmatch(value):
            raise Trouble(f"{name}={value} cannot be a name; allowed is {RENEWABLE[name].pattern}, or {name}=all.")
    if everything == any(named.values()):
        raise Trouble(
            "a rotation must be told what: KEY=match123/alice (or match123, or all), VIEWER=alice (or all), or both of "
            "these, or ALL=yes alone for every key and viewer: make rotate HOST=… KEY=… VIEWER=…"
        )
    found: dict[str, Any] = {"credentials_renew_all": True} if everything else {}
    if named["KEY"]:
        found["credentials_renew_keys"] = [named["KEY"]]
    if named["VIEWER"]:
        found["credentials_renew_viewers"] = [named["VIEWER"]]
    return found


def choice(name: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The variables of playbooks/choose.yml. Texts go encoded: Ansible takes {{ for its own.

    Raises:
        Trouble: FILE, TITLE or NOTE is missing or ill-formed; names it, its value and what is allowed.
    """
    if name == "unnote":
        return _chosen(name, [_note(environment.get("NOTE", ""))])
    given, title = environment.get("FILE", ""), environment.get("TITLE", "")
    file = given.rpartition("/")[2].partition(".")[0]
    if name == "unclip":
        if not CLIP.fullmatch(file):
            raise Trouble(
                f"FILE={given} is not a clip; allowed is its name or its link, such as "
                "match123-20260101-201530-0123456789abcdef: make unclip HOST=… FILE=…"
            )
    elif not RECORDING.fullmatch(file):
        raise Trouble(
            f"FILE={given} is not a recording; allowed is its name or its link, such as match123-20260101T200000Z: "
            f"make {name} HOST=… FILE=…"
        )
    if title and name != "title":
        raise Trouble(f"TITLE={title} says nothing here; allowed is make title HOST=… FILE=… TITLE='…'")
    if len(title) > TITLE_LENGTH or not title.isprintable():
        raise Trouble(f"TITLE={title} cannot be shown; allowed are at most {TITLE_LENGTH} printable characters.")
    return _chosen(name, [file, title] if name == "title" else [file])


def _note(given: str) -> str:
    if not NOTE.fullmatch(given):
        raise Trouble(
            f"NOTE={given} is not the ID of a note; allowed is 16 of 0-9 a-f, as make notes HOST=… FILE=… lists them: "
            "make unnote HOST=… NOTE=…"
        )
    return given


def _chosen(name: str, texts: Sequence[str]) -> dict[str, Any]:
    return {
        "choose_command": name,
        "choose_arguments": [base64.b64encode(text.encode()).decode() for text in texts],
    }


def ssh_login(target: Target) -> list[str]:
    """The arguments with which ssh reaches a server."""
    known = target.variables
    user = target.user or known.get("ansible_user")
    port = target.port or known.get("ansible_port")
    key = known.get("ansible_ssh_private_key_file")
    common = shlex.split(str(known.get("ansible_ssh_common_args", "")))
    address = str(known.get("ansible_host", target.name))
    return [
        *(["-p", str(port)] if port else []),
        *(["-i", str(key)] if key else []),
        *common,
        f"{user}@{address}" if user else address,
    ]


def probe_command(target: Target) -> list[str]:
    """What asks a server who we are there and whether sudo wants a password."""
    if target.connection == "local":
        return ["sh", "-c", PROBE]
    by_key = ["-o", "PasswordAuthentication=no", "-o", "KbdInteractiveAuthentication=no"]
    return ["ssh", "-o", "ConnectTimeout=15", *by_key, *ssh_login(target), PROBE]


def sudo_wants_password(target: Target) -> bool:
    """Ask a server; this is also the test whether it can be reached at all.

    Raises:
        Trouble: it cannot; holds what ssh said and what to try.
    """
    # ssh asks on the terminal itself for an unknown host key or a key's passphrase.
    done = subprocess.run(probe_command(target), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["no answer"]
        login = shlex.join(ssh_login(target))
        raise Trouble(
            f"cannot log in to {target.name}: {said[0]}\n  Try: ssh {login}\n"
            f"  The login must work with a key and without a password: ssh-copy-id {login}"
        )
    answer = done.stdout.split()
    return answer[:1] != ["0"] and "sudo" not in answer


def sudo_password(targets: Sequence[Target]) -> str | None:
    """The password for sudo, where one is needed: from the environment, else asked for.

    Raises:
        Trouble: one is needed and there is nobody to ask.
    """
    unknown = [
        target
        for target in targets
        if target.connection in ("ssh", "local") and not any(key in target.variables for key in SUDO_IN_INVENTORY)
    ]
    needing = [target.name for target in unknown if sudo_wants_password(target)]
    if not needing:
        return None
    names = ", ".join(needing)
    given = os.environ.get(SUDO_PASSWORD)
    if given:
        return given
    if not sys.stdin.isatty():
        raise Trouble(f"sudo on {names} wants a password. Run it on a terminal, or set {SUDO_PASSWORD}.")
    return getpass.getpass(f"sudo password on {names}: ")


@contextlib.contextmanager
def password_arguments(password: str | None) -> Iterator[list[str]]:
    """Hand a sudo password to Ansible by a private file, which is removed afterwards."""
    if password is None:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="scrimbox-") as folder:
        path = Path(folder, "sudo")
        path.touch(mode=0o600)
        path.write_text(password, encoding="utf-8")
        yield ["--become-password-file", str(path)]


def preview(name: str, targets: Sequence[Target], variables: Mapping[str, Any], arguments: Sequence[str]) -> int:
    """Show on this terminal, with differences, what a playbook would change."""
    parts = [*playbook.command(name, targets, variables), *arguments, "--check", "--diff"]
    return subprocess.run(
        parts, cwd=ROOT, env=playbook.environment(ANSIBLE_DISPLAY_OK_HOSTS="no"), check=False
    ).returncode


def named_variables(name: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The variables of a command, from its options.

    Raises:
        Trouble: an option is ill-formed or missing; names it, its value and what is allowed.
    """
    if name in CHOICES:
        return choice(name, environment)
    return {**extra_variables(environment), **(renewal(environment) if name == "rotate" else {})}


def book_of(name: str) -> str:
    """The playbook of a command."""
    return "choose" if name in CHOICES else "access" if name in ACCESS else name


def cli() -> int:
    """Command-line entry."""
    name = sys.argv[1]
    check = option(os.environ, "CHECK", "yes")
    variables = named_variables(name, os.environ)
    # An interrupted run still removes the password files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with vault.unlocked():
        return run(name, variables, check=check)


def run(name: str, variables: dict[str, Any], *, check: bool) -> int:
    """Run a command on the servers that HOST names; returns the exit code.

    Raises:
        Trouble: it cannot be run there, or has failed.
    """
    targets = resolve(os.environ.get("HOST", ""))
    if name in ONE_SERVER and len(targets) > 1:
        names = ", ".join(target.name for target in targets)
        raise Trouble(f"{ONE_SERVER[name]} for one server at a time. Run: make {name} HOST=… with one of {names}")
    if len(targets) > 1 and "scrimbox_domain" in variables:
        raise Trouble("DOMAIN is one server's name: name the server too (HOST=…), or set scrimbox_domain per host.")
    if targets[0].connection == "docker":
        variables = {**demo_variables(), **variables}
    if name in ACCESS:
        # The site's policy is made with the player; a clone that has never deployed has none yet.
        try:
            build_player.build()
        except build_player.BuildError as error:
            raise Trouble(str(error)) from error
    with password_arguments(sudo_password(targets)) as arguments:
        book = book_of(name)
        if check:
            return preview(book, targets, variables, arguments)
        playbook.play(book, targets, variables, arguments=arguments, quiet=name in QUIET)
    return 0


if __name__ == "__main__":
    main(cli)
