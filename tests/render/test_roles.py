"""What holds for every role: inputs declared once and typed again, and nothing written without a name on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT
from tests.render.renderer import ROLES

NAMES = sorted(path.name for path in ROLES.iterdir() if (path / "tasks").is_dir())
EVERY_TEMPLATE = sorted([*(PROJECT / "templates").rglob("*.j2"), *ROLES.glob("*/templates/**/*.j2")])
PARTIALS = set(re.findall(r"{%-? include '([^']+)'", "".join(path.read_text() for path in EVERY_TEMPLATE)))
# JSON has no comments to say it in.
TEMPLATES = [path for path in EVERY_TEMPLATE if path.name not in PARTIALS and not path.name.endswith(".json.j2")]
YAML_FILES = sorted(
    path for folder in ("roles", "playbooks", "inventory", "molecule") for path in (PROJECT / folder).rglob("*.yml")
)


def read(path: Path) -> dict[str, object]:
    found: dict[str, object] | None = yaml.safe_load(path.read_text()) if path.exists() else None
    return found or {}


def defaults(role: str) -> dict[str, object]:
    return read(ROLES / role / "defaults" / "main.yml")


def options(role: str) -> dict[str, dict[str, object]]:
    specs = read(ROLES / role / "meta" / "argument_specs.yml")
    found: dict[str, dict[str, object]] = specs["argument_specs"]["main"].get("options", {})  # type: ignore[index]
    return found


@pytest.mark.parametrize("role", NAMES)
def test_inputs_are_the_same_in_defaults_and_specification(role: str) -> None:
    assert defaults(role) == {name: option.get("default") for name, option in options(role).items()}


@pytest.mark.parametrize("role", NAMES)
def test_every_input_has_a_type_and_a_meaning(role: str) -> None:
    incomplete = [
        name for name, option in options(role).items() if not option.get("type") or not option.get("description")
    ]
    assert incomplete == []


@pytest.mark.parametrize("role", NAMES)
def test_inputs_carry_the_role_s_name(role: str) -> None:
    assert [name for name in defaults(role) if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", NAMES)
def test_every_input_is_explained_where_it_stands(role: str) -> None:
    """A comment stands above each input, or above the block of inputs that it belongs to."""
    lines = (ROLES / role / "defaults" / "main.yml").read_text().splitlines() if defaults(role) else []
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("#") and blocks[-1] and not blocks[-1][-1].startswith("#"):
            blocks.append([])
        blocks[-1].append(line)
    for block in blocks:
        inputs = [line for line in block if re.match(r"\w+:", line)]
        assert not inputs or any(line.startswith("# ") for line in block), inputs


@pytest.mark.parametrize("role", NAMES)
def test_a_role_reads_no_other_role_s_inputs(role: str) -> None:
    others = {name for other in NAMES if other != role for name in defaults(other)} - set(defaults(role))
    files = [path for part in ("tasks", "handlers", "templates", "vars") for path in (ROLES / role / part).rglob("*.*")]
    found = {
        (path.name, name)
        for path in files
        for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", path.read_text())
        if name in others
    }
    # A role that another one is made of gets its inputs from it, by name.
    called = {name for path in files for name in re.findall(r"include_role:\s+name: (\w+)", path.read_text())}
    assert {(file, name) for file, name in found if not any(name in defaults(other) for other in called)} == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_template_says_that_its_file_is_managed_and_where_it_comes_from(template: Path) -> None:
    where = template.relative_to(PROJECT)
    named = (str(where), "/".join(where.parts[:2]))
    head = "\n".join(template.read_text().splitlines()[:3])
    assert any(f"Managed by Scrimbox ({name})" in head for name in named)


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_nothing_is_ignored_and_nothing_of_ours_is_edited_by_line(path: Path) -> None:
    text = path.read_text()
    for shortcut in ("ignore_errors", "failed_when: false", "lineinfile", "blockinfile"):
        assert shortcut not in text, shortcut


@pytest.mark.parametrize("name", ["group_vars/all/scrimbox.yml", "group_vars/all/secrets.yml"])
def test_the_operator_s_files_hold_choices_and_no_expressions(name: str) -> None:
    text = (PROJECT / "inventory" / name).read_text()
    assert "{{" not in text
    assert all(key.startswith("scrimbox_") for key in read(PROJECT / "inventory" / name))


def test_wiring_sets_inputs_that_exist() -> None:
    wired = [name for name in read(PROJECT / "inventory/group_vars/all/wiring.yml") if not name.startswith("scrimbox_")]
    known = {name for role in NAMES for name in defaults(role)}
    assert [name for name in wired if name not in known] == []


def test_wiring_and_scenario_know_the_same_choices() -> None:
    """A choice that is added without a value for the tests would make them depend on the operator's inventory."""
    folder = PROJECT / "inventory" / "group_vars" / "all"
    choices = {*read(folder / "scrimbox.yml"), *read(folder / "secrets.yml")}
    scenario = read(PROJECT / "molecule/shared/host_vars/scrimbox-default.yml")
    assert choices - set(scenario) == set()
