#!/usr/bin/python
"""Write whole files with their owners, groups and modes: many in one task, which costs the server what one does."""

from __future__ import annotations

import contextlib
import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]

DOCUMENTATION = r"""
---
module: files
short_description: Write whole files with their owners, groups and modes
description:
  - Writes what is missing or differs, in the order of the list. Each file is complete, validated and owned before it
    takes its place, in one step.
options:
  files:
    description: The files. Their folders exist.
    type: list
    elements: dict
    required: true
    suboptions:
      path: {description: An absolute path., type: path, required: true}
      content: {description: All of the file; never shown but in a difference., type: str, required: true}
      owner: {description: A user's name., type: str, default: root}
      group: {description: A group's name., type: str, default: root}
      mode: {description: Octal digits, quoted., type: str, default: "0644"}
      validate: {description: A command that refuses a bad file; %s is its path., type: str, default: ""}
author: Scrimbox
"""

EXAMPLES = r"""
- name: Write a unit
  files:
    files:
      - path: /etc/systemd/system/example.service
        content: "{{ lookup('ansible.builtin.template', 'example.service.j2') }}"
"""

RETURN = r"""
written: {description: Files that were missing or held something else., type: list, elements: str, returned: success}
corrected: {description: Files with another owner, group or mode., type: list, elements: str, returned: success}
"""

FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0644"},
    "validate": {"type": "str", "default": ""},
}


class FileError(Exception):
    """A file cannot be written; the message is for the operator."""


def attributes(module: AnsibleModule, file: dict[str, Any], path: Path) -> dict[str, Any]:
    """What Ansible calls the attributes of a file, here of one that stands at `path`."""
    known = {key: file[key] for key in ("owner", "group", "mode")}
    found: dict[str, Any] = module.load_file_common_arguments(known, path=str(path))
    return found


def replace(module: AnsibleModule, file: dict[str, Any], content: bytes) -> None:
    """Put a new file into its place.

    Raises:
        FileError: it is not valid; holds what was said.
        OSError: it cannot be written.
    """
    path = Path(file["path"])
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(content)
        if file["validate"]:
            status, said, complained = module.run_command(shlex.split(file["validate"] % shlex.quote(name)))
            if status:
                raise FileError(
                    f"{path} is not valid and was not written: {complained or said}".replace(name, str(path))
                )
        module.set_fs_attributes_if_different(attributes(module, file, Path(name)), False)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def apply(module: AnsibleModule, files: list[dict[str, Any]]) -> dict[str, Any]:
    """Write and correct the files; the module's result."""
    written, corrected, differences = [], [], []
    for file in files:
        path, content = Path(file["path"]), file["content"].encode()
        before = path.read_bytes() if path.is_file() else None
        if before != content:
            if not module.check_mode:
                replace(module, file, content)
            written.append(str(path))
            differences.append(
                {
                    "before_header": str(path),
                    "after_header": str(path),
                    "before": (before or b"").decode(errors="replace"),
                    "after": file["content"],
                }
            )
        # Who owns a new file may be as missing as the file, where nothing is to be changed.
        elif module.set_fs_attributes_if_different(attributes(module, file, path), False):
            corrected.append(str(path))
    result = {"changed": bool(written or corrected), "written": written, "corrected": corrected}
    return {**result, "diff": differences} if module._diff else result


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        # Modules write their parameters to the journal (FACTS 41), as they came: of these only that there were some.
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True, "options": FILE, "no_log": True}
        },
        supports_check_mode=True,
    )
    # Whether a difference may be shown is the task's affair, and a path is no secret.
    module.no_log_values.clear()
    files = [dict(file) for file in module.params["files"]]
    for file in module.params["files"]:
        # Results repeat the parameters where everything is shown: contents may be secret.
        file["content"] = f"{len(file['content'])} characters"
    try:
        result = apply(module, files)
    except OSError as error:
        module.fail_json(msg=f"{error.filename or 'a file'} cannot be written: {error.strerror}")
    except FileError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
