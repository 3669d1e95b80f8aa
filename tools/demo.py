"""The demo: one server in a container, a test pattern live in it, and the link to watch it.

Usage: python -m tools.demo
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from tools import container, demo_pattern, engine, image
from tools.credentials import Secrets, Site, read_secrets, read_site, secrets_file
from tools.playbook import play
from tools.playing import Viewer, wait_playing
from tools.project import ROOT
from tools.target import CLONE, DEMO, HTTP_PORT, RTMP_PORT, Target, demo_variables
from tools.terminal import Trouble, duration, main, say

TARGET = Target(DEMO, "docker")
DEPLOYED = f"{demo_pattern.FOLDER}/deployed"
IGNORED = {"node_modules", "__pycache__"}
USUAL_HTTP_PORT = 8080
ADVICE = f"Look at: make status HOST=demo; docker exec {DEMO} journalctl -b -u {demo_pattern.UNIT} -u 'scrimbox-*'"


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


def welcome(site: Site, secrets: Secrets) -> str:
    """What the demo says at the end."""
    first, *others = (stream["id"] for stream in site.streams)
    free = others[0] if others else first
    viewer = site.viewers[0]["name"]
    return f"""
  Watch        {site.link(first)}
  Login        {viewer}   password {secrets.viewer_passwords[viewer]}
  OBS server   {site.rtmp}
  OBS key      {free}?key={secrets.key_of(free)}

  End the test pattern, to see the replay at the same link or to push from OBS instead:
               {demo_pattern.STOP}
  Start it again with make demo. Take everything away with make demo-down."""


def inputs() -> str:
    """A digest of everything that shapes the demo's server."""
    digest = hashlib.sha256()
    files = [path for path in (ROOT / "ansible.cfg", secrets_file(TARGET)) if path.exists()]
    for folder in ("inventory", "library", "playbooks", "roles", "templates", "player", "tools"):
        files += (path for path in (ROOT / folder).rglob("*") if path.is_file() and not IGNORED & set(path.parts))
    for path in sorted(files):
        digest.update(f"{path}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def provision(variables: Mapping[str, Any]) -> None:
    """Run the playbook of production against the container, unless nothing has changed since it was run there.

    Raises:
        Trouble: it failed.
    """
    if demo_pattern.read(DEPLOYED) == inputs():
        say("deploy: nothing has changed since the last one (make deploy HOST=demo runs it all the same)")
        return
    play("deploy", [TARGET], variables, quiet=True, mute="report")
    # Afterwards, because the first deploy makes the secrets.
    demo_pattern.write(DEPLOYED, "0644", inputs())


def up() -> None:
    """Bring the demo up, or confirm that it is."""
    began = time.monotonic()
    engine.ensure()
    ensure_container()
    variables = demo_variables()
    provision(variables)
    site = read_site(TARGET, variables)
    if not site.streams or not site.viewers:
        raise Trouble("the demo needs a stream and a viewer. Declare them in inventory/group_vars/all/scrimbox.yml.")
    secrets = read_secrets(TARGET)
    stream, viewer = site.streams[0]["id"], site.viewers[0]["name"]
    demo_pattern.ensure(stream, secrets.key_of(stream))
    wait_playing(Viewer(site.url, viewer, secrets.viewer_passwords[viewer]), stream, ADVICE)
    say(f"demo: ready after {duration(time.monotonic() - began)}")
    say(welcome(site, secrets))


if __name__ == "__main__":
    main(up)
