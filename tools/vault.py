"""Files of the inventory that are encrypted with ansible-vault: the password is asked for once, for all of Ansible."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.project import INVENTORY, shown
from tools.terminal import Trouble

HEADER = b"$ANSIBLE_VAULT;"
SETTINGS = ("ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST")


def encrypted(folder: Path = INVENTORY) -> list[Path]:
    """The files below a folder that are encrypted, or hold a value that is."""
    return [path for path in sorted(folder.rglob("*.y*ml")) if HEADER in path.read_bytes()]


@contextlib.contextmanager
def unlocked() -> Iterator[None]:
    """Let Ansible read what is encrypted: by a private file with the password, which is removed afterwards.

    Raises:
        Trouble: a password is needed and there is nobody to ask.
    """
    locked = encrypted()
    if not locked or any(os.environ.get(name) for name in SETTINGS):
        yield
        return
    names = ", ".join(shown(path) for path in locked)
    if not sys.stdin.isatty():
        raise Trouble(
            f"{names} is encrypted with ansible-vault. Run it on a terminal, or set ANSIBLE_VAULT_PASSWORD_FILE to a "
            "file that holds the password."
        )
    with tempfile.TemporaryDirectory(prefix="scrimbox-") as folder:
        path = Path(folder, "vault")
        path.touch(mode=0o600)
        path.write_text(getpass.getpass(f"vault password of {names}: "), encoding="utf-8")
        os.environ[SETTINGS[0]] = str(path)
        try:
            yield
        finally:
            del os.environ[SETTINGS[0]]
