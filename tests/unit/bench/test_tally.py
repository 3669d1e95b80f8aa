"""Which tasks the deploying experiment counts as tasks on the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import deploy

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: here, ansible.builtin.debug: {msg: here}}
    - {name: there, ansible.builtin.command: {argv: ["true"]}}
    - {name: several, ansible.builtin.command: {argv: [echo, "{{ item }}"]}, loop: [1, 2, 3]}
    - {name: skipped, ansible.builtin.command: {argv: ["true"]}, when: false}
    - {name: delegated, ansible.builtin.command: {argv: ["true"]}, delegate_to: localhost}
    - {name: included, ansible.builtin.include_tasks: more.yml}
    - {name: written, ansible.builtin.copy: {content: a, dest: "{{ playbook_dir }}/written"}}
"""


def tally(folder: Path) -> list[dict[str, Any]]:
    (folder / "play.yml").write_text(PLAY, encoding="utf-8")
    (folder / "more.yml").write_text("- {name: inside, ansible.builtin.command: {argv: ['true']}}", encoding="utf-8")
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        "server,",
        "-c",
        "local",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
    ]
    environment = {**os.environ, **deploy.counting(folder / "tally.json"), "ANSIBLE_LOCALHOST_WARNING": "no"}
    subprocess.run([*command, str(folder / "play.yml")], check=True, env=environment, capture_output=True)
    found: list[dict[str, Any]] = json.loads((folder / "tally.json").read_text(encoding="utf-8"))
    return found


def test_tasks_that_reach_the_server_count_and_what_is_said_skipped_or_done_here_does_not(tmp_path: Path) -> None:
    found = tally(tmp_path)
    assert [task["name"] for task in found if task["remote"]] == ["there", "several", "inside", "written"]
    assert [task["name"] for task in found if not task["remote"]] == ["here", "delegated", "included"]
    assert all(0 < task["seconds"] < 60 for task in found)


def test_a_loop_is_one_task_of_several_items(tmp_path: Path) -> None:
    assert [task["items"] for task in tally(tmp_path) if task["remote"]] == [1, 3, 1, 1]
