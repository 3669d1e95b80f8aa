#!/usr/bin/python
"""Make folders with their owners, groups and modes: many in one task, which costs the server what one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]

DOCUMENTATION = r"""
---
module: folders
short_description: Make folders with their owners, groups and modes
description:
  - Makes what is missing and sets what differs, in the order of the list, so that a folder may stand after its parent.
options:
  folders:
    description: The folders.
    type: list
    elements: dict
    required: true
    suboptions:
      path: {description: An absolute path., type: path, required: true}
      owner: {description: A user's name., type: str, default: root}
      group: {description: A group's name., type: str, default: root}
      mode: {description: Octal digits, quoted., type: str, default: "0755"}
author: Scrimbox
"""

EXAMPLES = r"""
- name: Make the folders
  folders:
    folders:
      - {path: /srv/hls, owner: ingest, group: web, mode: "2750"}
"""

RETURN = r"""
made: {description: Folders that were missing., type: list, elements: str, returned: success}
corrected: {description: Folders with another owner, group or mode., type: list, elements: str, returned: success}
"""

FOLDER = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0755"},
}


def apply(module: AnsibleModule, folders: list[dict[str, Any]]) -> dict[str, Any]:
    """Make and correct the folders; the module's result."""
    made, corrected, differences = [], [], []
    for folder in folders:
        path = folder["path"]
        before: dict[str, Any] = {"path": path}
        after: dict[str, Any] = {"path": path}
        if not Path(path).is_dir():
            before["state"], after["state"] = "absent", "directory"
            made.append(path)
            if not module.check_mode:
                # Closed until its owner is known.
                Path(path).mkdir(mode=0o700, parents=True)
        # Owner and group of a new folder may be as missing as the folder, where nothing is to be changed.
        if Path(path).is_dir():
            # A folder may lie on another disk, behind a link.
            attributes = module.load_file_common_arguments({**folder, "follow": True}, path=path)
            difference: dict[str, Any] = {}
            if module.set_fs_attributes_if_different(attributes, False, difference) and path not in made:
                corrected.append(path)
            before.update(difference.get("before", {}))
            after.update(difference.get("after", {}))
        if path in made or path in corrected:
            differences.append({"before": before, "after": after})
    return {"changed": bool(made or corrected), "made": made, "corrected": corrected, "diff": differences}


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={"folders": {"type": "list", "elements": "dict", "required": True, "options": FOLDER}},
        supports_check_mode=True,
    )
    try:
        result = apply(module, module.params["folders"])
    except OSError as error:
        module.fail_json(msg=f"{error.filename or 'a folder'} cannot be made: {error.strerror}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
