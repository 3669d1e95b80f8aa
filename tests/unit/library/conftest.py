"""Runs a module as Ansible does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils import basic

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a module with these parameters; what it returns."""

    def run(module: ModuleType, *, check: bool = False, diff: bool = True, **parameters: object) -> dict[str, Any]:
        asked = {"ANSIBLE_MODULE_ARGS": {**parameters, "_ansible_check_mode": check, "_ansible_diff": diff}}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(asked).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(SystemExit):
            module.main()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return run
