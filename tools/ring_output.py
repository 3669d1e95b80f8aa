"""What of a ring's output a person reads: what runs, the tests, what fails. The whole of it is in the ring's log."""

from __future__ import annotations

import re

TASK = re.compile(r"(?:TASK|RUNNING HANDLER) \[(?:([\w.-]+) : )?")
# Ansible's results that went well, and what is said around them; node's tests that passed.
CHATTER = re.compile(r"(?:ok|changed|skipping|included): |PLAY \[|FAILED - RETRYING|\[WARNING\]|\s*✔ ")
FAILED_TEST = re.compile(r"(?:FAILED|ERROR) (?:\.\./)*(\S+\.py\b.*)|✖ (.+?)(?: \([\d.]+ms\))?$")


class RingOutput:
    """Reads the output of one ring, line by line.

    Attributes:
        failed: the tests that failed, by name, with the reason where it is given.
    """

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._task = ""
        self._role = ""
        self._hidden = False

    def read(self, line: str) -> list[str]:
        """What to show of the next line, which has no line end."""
        test = FAILED_TEST.match(line)
        if test:
            self.failed += [name for name in test.groups() if name and name not in self.failed]
        task = TASK.match(line)
        if task:
            self._task, self._hidden = line.rstrip("* "), True
            return self._reached(task[1] or "")
        if CHATTER.match(line):
            self._hidden = True
            return []
        if self._hidden and (not line or line.startswith(" ")):
            return []
        self._hidden = False
        return [self._task, line] if line.startswith(("fatal: ", "failed: ")) else [line]

    def _reached(self, role: str) -> list[str]:
        if role in ("", self._role):
            return []
        self._role = role
        return [f"  {role}"]
