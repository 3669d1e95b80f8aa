"""The real OBS on a display that nobody sees, with an imported profile, showing the numbered pattern (FACTS 32)."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

XVFB = ("xvfb-run", "-a", "-s", "-screen 0 1280x800x24 +extension GLX")
COLLECTION = "Pattern"
_GLOBAL = """[General]
FirstRun=true
EnableAutoUpdates=false
LastVersion=486539266

[Basic]
Profile={profile}
ProfileDir={profile}
SceneCollection={collection}
SceneCollectionFile={collection}
"""


def is_here() -> bool:
    """Whether OBS is installed."""
    return shutil.which("obs") is not None


def scene(media: Path) -> dict[str, object]:
    """A scene collection that plays a file again and again."""
    item = {"name": "Media", "id": 1, "visible": True, "pos": {"x": 0.0, "y": 0.0}, "scale": {"x": 1.0, "y": 1.0}}
    playing = {"is_local_file": True, "local_file": str(media), "looping": True, "hw_decode": False}
    sources = [
        {"id": "ffmpeg_source", "name": "Media", "settings": playing, "mixers": 255, "volume": 1.0, "enabled": True},
        {"id": "scene", "name": "Scene", "settings": {"id_counter": 1, "items": [item], "custom_size": False}},
    ]
    return {
        "name": COLLECTION,
        "current_scene": "Scene",
        "current_program_scene": "Scene",
        "scene_order": [{"name": "Scene"}],
        "sources": sources,
    }


def imported(archive: bytes, ending: str, profiles: Path) -> str:
    """Unpack the profile whose folder ends so, as a streamer does and OBS's import; its name."""
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        chosen = [name for name in packed.namelist() if name.partition("/")[0].endswith(ending)]
        packed.extractall(profiles, chosen)
    return chosen[0].partition("/")[0]


class Obs:
    """OBS that streams from the moment at which it starts."""

    def __init__(self, home: Path, archive: bytes, media: Path, changed: Mapping[str, object]) -> None:
        """Import the x264 profile of an archive of `make obs-profile` and start streaming.

        Args:
            home: OBS's own home, empty.
            archive: the archive.
            media: what is shown.
            changed: settings of the encoder that the streamer has changed afterwards.
        """
        settings = home / ".config" / "obs-studio"
        (settings / "basic" / "scenes").mkdir(parents=True)
        name = imported(archive, "x264", settings / "basic" / "profiles")
        encoder = settings / "basic" / "profiles" / name / "streamEncoder.json"
        encoder.write_text(json.dumps({**json.loads(encoder.read_text()), **changed}))
        (settings / "global.ini").write_text(_GLOBAL.format(profile=name, collection=COLLECTION))
        (settings / "basic" / "scenes" / f"{COLLECTION}.json").write_text(json.dumps(scene(media)))
        self._logs = settings / "logs"
        own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "XDG_RUNTIME_DIR": str(home)}
        own |= {"QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}
        command = [*XVFB, "obs", "--multi", "--startstreaming", "--minimize-to-tray", "--disable-updater"]
        command += ["--disable-shutdown-check", "--profile", name, "--collection", COLLECTION]
        self._process = subprocess.Popen(
            command,
            env=os.environ | own,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def log(self) -> str:
        """The end of what OBS says of itself."""
        return "".join(path.read_text(errors="replace") for path in sorted(self._logs.glob("*.txt")))[-4000:]

    @property
    def running(self) -> bool:
        """Whether it has not gone."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it and its display."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.running:
                os.killpg(self._process.pid, number)
                try:
                    self._process.wait(5)
                except subprocess.TimeoutExpired:
                    continue
