"""The demo: one server in a container, a test pattern live in it, and the link to watch it.

Usage: python -m tools.demo
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import container, engine, image
from tools.credentials import Secrets, Site, read_secrets, read_site
from tools.playbook import play
from tools.project import ROOT
from tools.target import CLONE, DEMO, HTTP_PORT, RTMP_PORT, Target, demo_variables
from tools.terminal import Step, Trouble, duration, main, say

TARGET = Target(DEMO, "docker")
PUBLISHER = "scrimbox-demo-publisher"
FOLDER = "/etc/scrimbox-demo"
SCRIPT = Path(__file__).parent / "demo_publisher.sh"
USUAL_HTTP_PORT = 8080
PLAY_SECONDS = 90.0
SYNC_BYTE = 0x47
PACKET = 188


@dataclass(frozen=True)
class Viewer:
    """One viewer's login on a site."""

    url: str
    name: str
    password: str

    def get(self, path: str) -> bytes:
        """Fetch a path.

        Raises:
            OSError: it could not be fetched, or the answer is not 2xx.
        """
        token = base64.b64encode(f"{self.name}:{self.password}".encode()).decode()
        request = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": f"Basic {token}"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - always the demo's http address
            return bytes(answer.read())


def segments(playlist: str) -> list[str]:
    """The segments that a playlist lists."""
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def is_transport_stream(data: bytes) -> bool:
    """Whether data begins with two packets of an MPEG transport stream."""
    return len(data) > PACKET and data[0] == data[PACKET] == SYNC_BYTE


def missing(viewer: Viewer, stream: str, pause: float = 2.5) -> str:
    """What keeps the link from playing, in words; empty when it plays.

    Args:
        viewer: who looks.
        stream: stream id.
        pause: seconds in which a live playlist must have grown.
    """
    try:
        viewer.get(f"/player?id={stream}")
        state: dict[str, Any] = json.loads(viewer.get(f"/streams/{stream}.json"))
        if state["state"] != "live" or not state["live"]:
            return f"the stream is {state['state']}"
        playlist = state["live"]["playlist"]
        before = segments(viewer.get(playlist).decode())
        time.sleep(pause)
        after = segments(viewer.get(playlist).decode())
        if not after or after[-1] in before:
            return "the playlist does not grow"
        if not is_transport_stream(viewer.get(f"{playlist.rpartition('/')[0]}/{after[-1]}")):
            return "the newest segment is not a transport stream"
    except urllib.error.HTTPError as error:
        return f"{error.url} answers {error.code}"
    except (OSError, ValueError, KeyError) as error:
        return str(error) or type(error).__name__
    return ""


def wait_playing(viewer: Viewer, stream: str, seconds: float = PLAY_SECONDS) -> None:
    """Wait until the link plays.

    Raises:
        Trouble: it does not after that many seconds; says what is missing and where to look.
    """
    deadline = time.monotonic() + seconds
    with Step("demo: waiting until the link plays") as step:
        while why := missing(viewer, stream):
            if time.monotonic() > deadline:
                raise Trouble(
                    f"the demo's link does not play after {seconds:.0f} s: {why}.\n  Look at: make status HOST=demo, "
                    f"docker exec {DEMO} journalctl -b -u {PUBLISHER} -u 'scrimbox-*'"
                )
            step.note(why)
            time.sleep(1)
        step.result = "it plays"


def ensure_container() -> None:
    """Make sure that the demo's server is up.

    Raises:
        Trouble: there is one of another clone, or it cannot be started.
    """
    found = container.state(DEMO)
    if found:
        owner = container.label(DEMO, CLONE)
        if owner != str(ROOT):
            raise Trouble(f"there is a demo of another clone already: {owner}. End it: make -C {owner} demo-down")
        if found != "running":
            engine.docker("start", DEMO)
        say(f"container: {DEMO} {'is running' if found == 'running' else 'started again'}")
    else:
        base = image.ensure()
        http = container.free_port(USUAL_HTTP_PORT)
        rtmp = container.free_port(RTMP_PORT)
        container.create(DEMO, base, {HTTP_PORT: http, RTMP_PORT: rtmp}, {CLONE: str(ROOT)})
        say(f"container: {DEMO} started, ports {http} (web) and {rtmp} (RTMP) on {container.LOOPBACK}")
    container.wait_booted(DEMO)


def publisher_environment(stream: str, key: str) -> str:
    """The publisher's environment file."""
    return f"SERVER=rtmp://{container.LOOPBACK}:{RTMP_PORT}/live\nSTREAM={stream}\nKEY={key}\n"


def ensure_publisher(stream: str, key: str) -> None:
    """Make sure that the test pattern is pushed; one that runs with these settings is kept."""
    place, script = f"{FOLDER}/publisher.env", f"{FOLDER}/publisher.sh"
    wanted = publisher_environment(stream, key)
    present = "".join(engine.lines("exec", DEMO, "sh", "-c", f"cat {place} 2>/dev/null || true"))
    if present == wanted.replace("\n", "") and engine.succeeds("exec", DEMO, "systemctl", "is-active", "-q", PUBLISHER):
        say("publisher: the test pattern is being pushed")
        return
    # By standard input: nothing that holds the key is ever an argument here.
    private = f"umask 077; mkdir -p {FOLDER}; cat > {place}"
    engine.docker("exec", "-i", DEMO, "sh", "-c", private, stdin=wanted)
    readable = f"chmod 0755 {FOLDER}; cat > {script}"
    engine.docker("exec", "-i", DEMO, "sh", "-c", readable, stdin=SCRIPT.read_text(encoding="utf-8"))
    engine.docker(
        "exec",
        DEMO,
        "sh",
        "-c",
        f"systemctl stop {PUBLISHER} 2>/dev/null; systemctl reset-failed {PUBLISHER} 2>/dev/null; chmod 0644 {script}",
    )
    settings = ["User=nobody", "Restart=always", "RestartSec=2", f"EnvironmentFile={place}"]
    properties = [f"--property={setting}" for setting in settings]
    engine.docker("exec", DEMO, "systemd-run", "--quiet", f"--unit={PUBLISHER}", *properties, "/bin/sh", script)
    say(f"publisher: pushing a test pattern as {stream}")


def welcome(site: Site, secrets: Secrets) -> str:
    """What the demo says at the end."""
    first, *others = (stream["id"] for stream in site.streams)
    free = others[0] if others else first
    viewer = site.viewers[0]["name"]
    stop = f"docker exec {DEMO} systemctl stop {PUBLISHER}"
    rows = [
        ("Watch", site.link(first)),
        ("Login", f"{viewer}   password {secrets.viewer_passwords[viewer]}"),
        ("OBS server", site.rtmp),
        ("OBS key", f"{free}?key={secrets.publish_keys[free]}"),
        ("End the pattern", f"{stop}   (the link then becomes the replay; OBS may take its place)"),
        ("Stop the demo", "make demo-down"),
    ]
    return "\n".join(["", *(f"  {name:<16} {value}" for name, value in rows)])


def up() -> None:
    """Bring the demo up, or confirm that it is."""
    began = time.monotonic()
    engine.ensure()
    ensure_container()
    variables = demo_variables()
    play("deploy", [TARGET], variables, quiet=True, mute="report")
    site = read_site(TARGET, variables)
    if not site.streams or not site.viewers:
        raise Trouble("the demo needs a stream and a viewer. Declare them in inventory/group_vars/all/scrimbox.yml.")
    secrets = read_secrets(TARGET)
    stream, viewer = site.streams[0]["id"], site.viewers[0]["name"]
    ensure_publisher(stream, secrets.publish_keys[stream])
    wait_playing(Viewer(site.url, viewer, secrets.viewer_passwords[viewer]), stream)
    say(f"demo: ready after {duration(time.monotonic() - began)}")
    say(welcome(site, secrets))


if __name__ == "__main__":
    main(up)
