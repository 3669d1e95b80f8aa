"""An Ansible callback that writes down what each task was, how long it took, and whether it went to the server."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import action_loader

DOCUMENTATION = """
name: tally
type: aggregate
short_description: counts tasks
description: Writes the tasks of a play as JSON to the file that TALLY_FILE names.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Counts what had a result; skipped tasks and what is only said or compared on this machine stays here."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "tally"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._tasks: list[dict[str, Any]] = []
        self._began = 0.0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task begins."""
        self._began = time.monotonic()

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """A handler begins."""
        self._began = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task has come to an end."""
        task = result._task
        action = action_loader.get(task.action, class_only=True)
        here = not getattr(action, "_requires_connection", True) or task.delegate_to == "localhost"
        here = here or isinstance(task, TaskInclude)
        items = len(result._result.get("results", [])) or 1
        seconds = time.monotonic() - self._began
        self._tasks.append({"name": task.get_name(), "remote": not here, "items": items, "seconds": seconds})

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The play is over."""
        Path(os.environ["TALLY_FILE"]).write_text(json.dumps(self._tasks), encoding="utf-8")
