"""Deploying onto the converged server again, as an operator would after changing the inventory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import BUILD, INSTANCE, PROJECT

TOOLS = Path(sys.executable).parent
"""Where the virtual environment keeps ansible-playbook, node and npm."""


def environment() -> dict[str, str]:
    """The environment for Ansible: our settings, no colours, the venv's tools first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    return kept | {
        "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{TOOLS}:{os.environ['PATH']}",
    }


def inventory(instance: str = INSTANCE) -> Path:
    """Write an inventory that holds one container alone, with the scenario's variables."""
    folder = BUILD / ("inventory" if instance == INSTANCE else f"inventory-{instance}")
    folder.mkdir(parents=True, exist_ok=True)
    hosts = {"all": {"hosts": {instance: {"ansible_connection": "community.docker.docker"}}}}
    (folder / "hosts.yml").write_text(json.dumps(hosts))
    (folder / "host_vars").mkdir(exist_ok=True)
    links = {
        folder / "group_vars": PROJECT / "inventory" / "group_vars",
        folder / "host_vars" / f"{instance}.yml": PROJECT / "molecule/shared/host_vars/scrimbox-default.yml",
    }
    for link, source in links.items():
        link.unlink(missing_ok=True)
        link.symlink_to(source)
    return folder


def playbook(name: str, *arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the project against the converged server, with variables that stand above the inventory."""
    return play(PROJECT / "playbooks" / f"{name}.yml", INSTANCE, *arguments, **variables)


def play(book: Path, instance: str, *arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run any playbook against a container that is set up like the converged server."""
    return subprocess.run(
        [
            *(str(TOOLS / "ansible-playbook"), "-i", str(inventory(instance)), str(book)),
            *("-e", json.dumps(variables), *arguments),
        ],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
