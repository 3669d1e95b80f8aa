"""Run a playbook and show what matters of it: what changes, what it says, where it fails. The rest is in the log."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from tools.project import PLAYBOOKS, VENV_BIN, child_environment, log_file
from tools.target import Target, ansible_arguments
from tools.terminal import TAIL_LINES, Step, run_logged

TASK = re.compile(r"TASK \[(?:(?P<role>[\w.-]+) : )?(?P<name>.+?)\] \*+$|RUNNING HANDLER \[(?P<handler>.+?)\] \*+$")
RESULT = re.compile(r"(?P<kind>ok|changed): \[(?P<host>[^\]]+?)(?: -> [^\]]+)?\](?P<block> =>\s*$)?")
CHANGES = re.compile(r"^\S+ +: .*\bchanged=(\d+)")
CHANGED = "changed  "
FAILURE = re.compile(r"(?:fatal|failed): \[([^\]]+?)(?: -> [^\]]+)?\]")
# What a failed result has to say, besides much else.
WORDS = ("msg", "reason", "stderr", "stdout", "module_stderr")


class Reader:
    """Reads the output of Ansible's default callback, line by line.

    Attributes:
        role: the role at work.
        task: the task at work, with its role.
        tasks: how many tasks have begun.
        changed: how many results were changes, by the recap.
        notes: what became known with the last line, for a person to read.
    """

    def __init__(self, *, several: bool = False) -> None:
        """Start before the first line; of several servers, each note names its own."""
        self.role = ""
        self.task = ""
        self.tasks = 0
        self.changed = 0
        self.notes: list[str] = []
        self._shown: set[tuple[str, str]] = set()
        self._block: list[str] | None = None
        self._several = several
        self._host = ""

    def feed(self, line: str) -> None:
        """Take the next line."""
        self.notes = []
        if self._block is not None:
            if belongs(line):
                self._block.append(line)
                return
            self._note(*said("\n".join(self._block)))
            self._block = None
        self._read(line)

    def _note(self, *notes: str) -> None:
        self.notes += [f"{self._host}: {note}" if self._several else note for note in notes]

    def _read(self, line: str) -> None:
        task, result, changes = TASK.match(line), RESULT.match(line), CHANGES.match(line)
        if task:
            self.role = task["role"] or ""
            self.task = task["handler"] or (f"{self.role} : {task['name']}" if self.role else task["name"])
            self.tasks += 1
        elif result:
            self._host = result["host"]
            if result["kind"] == "ok":
                self._block = [] if result["block"] else None
            elif (self._host, self.task) not in self._shown:
                self._shown.add((self._host, self.task))
                self._note(f"{CHANGED}{self.task}")
        elif line.startswith("[WARNING]"):
            self.notes.append(line)
        elif changes:
            self.changed += int(changes[1])


def parsed(block: str) -> dict[str, Any]:
    """A task's result, as the default callback shows it; empty where it is none."""
    try:
        result = yaml.safe_load(block)
    except yaml.YAMLError:
        return {}
    return result if isinstance(result, dict) else {}


def said(block: str) -> list[str]:
    """The message of a debug task's result, as lines; nothing where there is none."""
    message = parsed(block).get("msg", [])
    return [str(part) for part in message] if isinstance(message, list) else str(message).splitlines()


def fault(lines: Sequence[str]) -> list[str]:
    """The part of a log that says why the run failed: each failed task's words, else Ansible's error, else the end."""
    return failures(lines) or errors(lines) or list(lines[-TAIL_LINES:])


def failures(lines: Sequence[str]) -> list[str]:
    """For each failed result its task, its host and what it says."""
    found: list[str] = []
    task = ""
    for number, line in enumerate(lines):
        match = FAILURE.match(line)
        if TASK.match(line):
            task = line.rstrip("* ")
        elif match:
            block = list(takewhile(belongs, lines[number + 1 :]))
            result = parsed("\n".join(block))
            words = [text for key in WORDS for text in str(result.get(key) or "").splitlines()]
            found += [*([] if task in found else [task]), line if not words else f"{match[1]}:", *(words or block)]
    return found


def errors(lines: Sequence[str]) -> list[str]:
    """Ansible's own errors, where no task has failed."""
    return [line for line in lines if line.startswith(("[ERROR]", "ERROR!"))]


def belongs(line: str) -> bool:
    """Whether a line belongs to the result above it."""
    return line.startswith(" ") or not line


def command(name: str, targets: Sequence[Target], variables: Mapping[str, Any]) -> list[str]:
    """The ansible-playbook call; holds no secret."""
    parts = [str(VENV_BIN / "ansible-playbook"), *ansible_arguments(targets), str(PLAYBOOKS / f"{name}.yml")]
    return [*parts, "-e", json.dumps(dict(variables))] if variables else parts


def environment(**settings: str) -> dict[str, str]:
    """The environment for Ansible, without the sudo password."""
    found = {name: value for name, value in child_environment().items() if name != "SCRIMBOX_SUDO_PASSWORD"}
    return {**found, **settings}


def play(
    name: str,
    targets: Sequence[Target],
    variables: Mapping[str, Any],
    *,
    arguments: Sequence[str] = (),
    quiet: bool,
    mute: str = "",
) -> None:
    """Run a playbook.

    Args:
        name: playbooks/NAME.yml; its log is build/NAME.log.
        targets: the servers.
        variables: above the inventory's.
        arguments: further arguments of ansible-playbook.
        quiet: show only what the playbook says, not each change.
        mute: a role whose messages are not shown either.

    Raises:
        Trouble: it failed; holds the reason and the log's path.
    """
    log: Path = log_file(name)
    reader = Reader(several=len(targets) > 1)
    settings = environment(
        ANSIBLE_DISPLAY_OK_HOSTS="yes",
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
        ANSIBLE_CALLBACK_RESULT_FORMAT="yaml",
        ANSIBLE_NOCOLOR="1",
    )
    with Step(f"{name}: {', '.join(target.name for target in targets)}") as step:

        def show(line: str) -> None:
            role = reader.role
            reader.feed(line)
            step.note(f"task {reader.tasks}: {reader.task}")
            if quiet and reader.role not in (role, ""):
                step.mark(reader.role)
            for note in reader.notes:
                if not (quiet and (CHANGED in note or (mute and role == mute))):
                    step.say(note)

        run_logged([*command(name, targets, variables), *arguments], log, env=settings, on_line=show, excerpt=fault)
        step.result = f"{reader.changed} changes in {reader.tasks} tasks"
