"""A second working copy of the project, which deploys as an operator does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import PROJECT

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Clone:
    """Another working copy, and how it reaches the server."""

    folder: Path
    host: str
    secrets: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """Environment variables for Ansible, such as ANSIBLE_CALLBACKS_ENABLED."""

    def deploy(self, password: str = PASSWORD, **options: str) -> subprocess.CompletedProcess[str]:
        """Run `make deploy`."""
        return self.make("deploy", password, **options)

    def make(self, target: str, password: str = PASSWORD, **options: str) -> subprocess.CompletedProcess[str]:
        """Run `make TARGET`; the virtual environment is the one that runs the tests."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "MOLECULE_", "SCRIMBOX_"))}
        environment |= {"ANSIBLE_NOCOLOR": "1", **self.settings}
        if password:
            environment["SCRIMBOX_SUDO_PASSWORD"] = password
        arguments = [f"{name}={value}" for name, value in options.items()]
        return subprocess.run(
            ["make", "--old-file=venv", target, f"HOST={self.host}", *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


def copy_of_the_project(folder: Path) -> None:
    """Copy what git has or would take, which holds no secret and nothing built."""
    shutil.rmtree(folder, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)


def choose_as_the_first_clone_did(folder: Path, host: dict[str, Any]) -> None:
    """Write the same choices into the clone's inventory."""
    chosen = yaml.safe_load((PROJECT / "molecule/shared/host_vars/scrimbox-default.yml").read_text())
    for own in ("credentials_file", "ansible_user"):
        del chosen[own]
    (folder / "inventory/group_vars/all/scrimbox.yml").write_text(yaml.safe_dump(chosen, allow_unicode=True))
    (folder / "inventory/hosts.yml").write_text(json.dumps({"all": {"hosts": host}}))
