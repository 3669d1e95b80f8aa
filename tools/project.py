"""Where things are in this clone, and the environment in which its tools run."""

from __future__ import annotations

import locale
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
# Programs that were fetched rather than installed.
FETCHED_BIN = BUILD / "bin"
SECRETS = ROOT / "secrets"
INVENTORY = ROOT / "inventory"
PLAYBOOKS = ROOT / "playbooks"
VENV = ROOT / ".venv"
VENV_BIN = VENV / "bin"


def child_environment() -> dict[str, str]:
    """The environment for programs of the virtual environment (Ansible, Molecule, pytest, npm).

    ANSIBLE_CONFIG is named because Ansible ignores an ansible.cfg in a folder that everybody may write to, and a
    UTF-8 locale is set where there is none because Ansible refuses to start without one.
    """
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(VENV_BIN), str(FETCHED_BIN), environment.get("PATH", os.defpath)])
    environment["VIRTUAL_ENV"] = str(VENV)
    environment["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
    environment["PYTHONUNBUFFERED"] = "1"
    if locale.getpreferredencoding(False).lower().replace("-", "") != "utf8":
        environment["LC_ALL"] = "C.UTF-8"
    return environment


def log_file(name: str) -> Path:
    """An empty, private log file build/NAME.log."""
    BUILD.mkdir(exist_ok=True)
    path = BUILD / f"{name}.log"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return path


def shown(path: Path) -> str:
    """A path as it is shown to a person: relative to the clone where it lies in it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
