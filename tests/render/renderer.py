"""Renders a template as the template module would, with the role's real defaults and one scenario above them."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.vars import combine_vars

from tests.conftest import PROJECT

ROLES = PROJECT / "roles"
TEMPLATES = PROJECT / "templates"
_LOADER = DataLoader()


def _trusted(text: str) -> str:
    """Mark text as a template of ours, which ansible-core asks for from 2.19 on."""
    try:
        from ansible.template import trust_as_template  # noqa: PLC0415
    except ImportError:
        return text
    return trust_as_template(text)


def load(path: Path) -> dict[str, Any]:
    """Read a YAML file of variables; a missing one is empty."""
    if not path.exists():
        return {}
    options = {"trusted_as_template": True}
    known = inspect.signature(_LOADER.load_from_file).parameters
    found: dict[str, Any] | None = _LOADER.load_from_file(
        str(path), **{name: value for name, value in options.items() if name in known}
    )
    return found or {}


def variables(role: str, **scenario: object) -> dict[str, Any]:
    """Return the variables that a template of a role sees, dictionaries merged all the way down."""
    known = {"role_path": str(ROLES / role), "inventory_hostname": "server", "ansible_check_mode": False}
    for layer in (load(ROLES / role / "defaults" / "main.yml"), load(ROLES / role / "vars" / "main.yml"), scenario):
        known = combine_vars(known, layer, merge=True)
    return known


def render(template: Path, role: str, **scenario: object) -> str:
    """Render a template; an undefined variable is an error."""
    # What a template includes is looked for beside it.
    loader = DataLoader()
    loader.set_basedir(str(template.parent))
    templar = Templar(loader=loader, variables=variables(role, **scenario))
    text = templar.template(
        _trusted(template.read_text()),
        preserve_trailing_newlines=True,
        escape_backslashes=False,
        overrides={"trim_blocks": True, "lstrip_blocks": False},
    )
    return str(text)


def directives(configuration: str, name: str) -> list[str]:
    """Return the arguments of every directive of a name in a configuration of nginx, comments left aside."""
    lines = (line.strip() for line in configuration.splitlines())
    return [line.removeprefix(name).strip(" ;") for line in lines if line.startswith(f"{name} ")]
