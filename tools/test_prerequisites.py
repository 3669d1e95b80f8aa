"""What the tests need on this machine besides the virtual environment: ffmpeg, ssh, browsers and OBS.

Usage: python3 -m tools.test_prerequisites
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

from tools import apt
from tools.project import BUILD, FETCHED_BIN, VENV_BIN, child_environment, log_file
from tools.terminal import Step, Trouble, main, run_logged, say

BROWSERS = ("chromium", "google-chrome")
SECOND_BROWSERS = ("firefox-esr", "firefox")
BROWSER_FOLDER = BUILD / "browser"

WEBKIT = (
    "webkit2gtk-driver",
    *(f"gstreamer1.0-{part}" for part in ("libav", "plugins-base", "plugins-good", "plugins-bad")),
)

OBS = ("obs-studio", "libgl1-mesa-dri")
"""OBS, and what draws for it where there is no graphics card."""

PROGRAMS = {"ffmpeg": "ffmpeg", "ssh": "openssh-client"}
# The driver that fetches a browser where the distribution packages none.
FETCHER = "@puppeteer/browsers@3.2.6"


def on_path(program: str) -> bool:
    """Whether a program is installed."""
    return shutil.which(program) is not None


def works(browser: str) -> bool:
    """Whether a browser starts; a snap stub does not where snaps cannot run."""
    found = shutil.which(browser, path=child_environment()["PATH"])
    if found is None:
        return False
    try:
        done = subprocess.run([found, "--version"], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def browser() -> str | None:
    """The first browser that works."""
    return next((name for name in BROWSERS if works(name)), None)


def packaged() -> bool:
    """Whether apt's chromium is the browser itself; Ubuntu's is a stub for a snap."""
    done = subprocess.run(["apt-cache", "show", "chromium"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "snap" not in done.stdout.lower()


def webkit() -> bool:
    """Whether WebKitGTK can be driven, and plays H.264."""
    return on_path("WebKitWebDriver") and any(Path("/usr/lib").glob("*/gstreamer-1.0/libgstlibav.so"))


def fetch_browser() -> None:
    """Fetch a headless Chromium and put it on the tests' PATH under the name `chromium`.

    Raises:
        Trouble: it could not be fetched; says what else helps.
    """
    advice = "A Chromium or Google Chrome on the PATH serves as well."
    command = [str(VENV_BIN / "npx"), "--yes", FETCHER, "install", "chrome-headless-shell@stable"]
    with Step("browser: fetching chrome-headless-shell"):
        run_logged(
            [*command, "--path", str(BROWSER_FOLDER), *(["--install-deps"] if apt.usable() else [])],
            log_file("browser"),
            env=child_environment(),
            advice=advice,
        )
    binary = newest_binary(BROWSER_FOLDER)
    if binary is None:
        raise Trouble(f"no browser was fetched into {BROWSER_FOLDER}. {advice}")
    FETCHED_BIN.mkdir(parents=True, exist_ok=True)
    link = FETCHED_BIN / "chromium"
    link.unlink(missing_ok=True)
    link.symlink_to(binary)


def newest_binary(folder: Path) -> Path | None:
    """The browser of the highest version below a folder; folders around it have its name too."""
    return max((path for path in folder.rglob("chrome-headless-shell") if path.is_file()), default=None)


def ensure() -> None:
    """Make sure that everything is there.

    Raises:
        Trouble: something is missing and cannot be installed from here; says what to run.
    """
    for program, package in PROGRAMS.items():
        apt.require(partial(on_path, program), [package], "the tests use it")
    if browser() is None:
        if apt.usable() and apt.known("chromium") and packaged():
            apt.install(["chromium", "fonts-dejavu-core"], "the tests drive it")
        else:
            fetch_browser()
    # It decodes H.264 with the libraries that came with ffmpeg. Where there is only a snap, its tests are skipped.
    if not any(map(works, SECOND_BROWSERS)) and apt.usable() and apt.known("firefox-esr"):
        apt.require(partial(works, "firefox-esr"), ["firefox-esr"], "the tests drive it")
    if os.environ.get("SCRIMBOX_SLOW") == "yes":
        apt.require(partial(on_path, "xvfb-run"), ["xvfb", "xauth"], "the slow tests show browsers on it")
        apt.require(webkit, WEBKIT, "the slow tests drive it")
        # Its tests are skipped where there is none.
        if not on_path("obs") and apt.usable() and apt.known(OBS[0]):
            apt.install(OBS, "the slow tests push with it")
    name = browser()
    if name is None:
        raise Trouble(
            "no browser for the tests works. Install Chromium or Google Chrome so that `chromium --version` answers."
        )
    where = Path(shutil.which(name, path=child_environment()["PATH"]) or name)
    say(f"tests: {', '.join(PROGRAMS)} and {where.name} are here")


if __name__ == "__main__":
    main(ensure)
