"""`make deploy` from a clone of the project, timed as an operator waits for it, on a bare system in a container.

First a cold deploy over SSH: everything is installed, nginx is compiled, the services run. Beside it a second container
of the same system: the packages that the first one got, installed by one `apt-get install`, then the same sources of
nginx and of the RTMP module with the same patches and switches, `configure && make -j2 && make install`. Then the same
command again with nothing changed, over SSH and over the engine's connection, and `make access` with one viewer more or
less, over SSH, while a publisher is live: its replay is compared picture by picture with what was sent. Tasks are
counted by a callback in Ansible: those that reach the server and are not skipped, a loop as one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from bench.figures import Figure, Result, at_most
from tests import media
from tests.conftest import BUILD, Credentials
from tests.e2e.clones import Clone, choose_as_the_first_clone_did, copy_of_the_project
from tests.faults.camera import Camera
from tests.faults.evidence import gather
from tests.variants import Variant
from tools import container, image
from tools.engine import docker
from tools.project import ROOT, VENV_BIN, child_environment

LIMITS = """Profiled task by task: for every task, and for every item of a loop, Ansible starts a Python on the server.
When nothing has changed these are all that is waited for. A cold deploy waits for the compiler, which shares the
processor with the packages that are unpacked meanwhile."""
STREAM = "match123"
TIMES, BY_ENGINE = 3, 2
PUSH_S = 300
CALLBACKS = Path(__file__).parent / "callbacks"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60"
NGINX = "/opt/scrimbox/nginx/current/sbin/nginx"


@dataclass
class Run:
    """One `make`: seconds, and what the callback counted."""

    seconds: float
    tasks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def remote(self) -> int:
        """Tasks that reached the server."""
        return sum(task["remote"] for task in self.tasks)


def counting(file: Path) -> dict[str, str]:
    """The environment in which Ansible writes down its tasks in a file."""
    return {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "tally",
        "TALLY_FILE": str(file),
    }


@contextlib.contextmanager
def bare_system(name: str) -> Iterator[Variant]:
    """A container of the bare system, removed afterwards."""
    container.remove(name)
    ports = {port: container.free_port(20000 + port) for port in (80, 1935)}
    container.create(name, image.ensure(), ports, {})
    try:
        container.wait_booted(name)
        yield Variant(name, ports, Credentials({}, {}, {}))
    finally:
        container.remove(name)


class Operator:
    """A clone of the project, and who runs `make` in it."""

    def __init__(self, server: Variant) -> None:
        """Make the clone.

        Args:
            server: the bare system that it deploys to.
        """
        self._server = server
        self._folder = BUILD / "deploying"
        self._tally = BUILD / "deploying.json"
        self._key = BUILD / "deploying-key"
        copy_of_the_project(self._folder)
        options = f"-o UserKnownHostsFile={self._key}.hosts -o StrictHostKeyChecking=accept-new -o IdentityAgent=none"
        address, _ = server.inner_rtmp_address
        over_ssh = {"ansible_host": address, "ansible_user": "root", "ansible_ssh_private_key_file": str(self._key)}
        hosts = {
            server.name: {"ansible_connection": "community.docker.docker", "ansible_user": "root"},
            f"{server.name}-ssh": {**over_ssh, "ansible_ssh_common_args": options},
        }
        secrets = self._folder / "secrets" / f"{server.name}.yml"
        settings = counting(self._tally)
        choose_as_the_first_clone_did(self._folder, hosts)
        # One server by two names has one file of secrets.
        self._choose(credentials_file=str(secrets))
        self._docker = Clone(self._folder, server.name, secrets, settings)
        self._ssh = Clone(self._folder, f"{server.name}-ssh", secrets, settings)

    def make(self, target: str, *, ssh: bool = True) -> Run:
        """Run `make TARGET`.

        Raises:
            RuntimeError: it failed; holds the end of what it said.
        """
        self._tally.unlink(missing_ok=True)
        began = time.monotonic()
        done = (self._ssh if ssh else self._docker).make(target, password="")
        seconds = time.monotonic() - began
        if done.returncode:
            raise RuntimeError(f"make {target}: {(done.stdout + done.stderr)[-2000:]}")
        return Run(seconds, json.loads(self._tally.read_text(encoding="utf-8")))

    @cached_property
    def credentials(self) -> Credentials:
        """The secrets that the first deploy made."""
        stored = yaml.safe_load(self._docker.secrets.read_text(encoding="utf-8"))
        return Credentials(stored["publish_keys"], stored["viewer_passwords"], stored["viewer_tokens"])

    def viewers(self, names: Sequence[str]) -> None:
        """Declare who may watch."""
        self._choose(scrimbox_viewers=[{"name": name} for name in names])

    def open_ssh(self) -> None:
        """Let the server take our key, as a hoster's has taken it, and forget what apt knows."""
        for old in (self._key, Path(f"{self._key}.pub"), Path(f"{self._key}.hosts")):
            old.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)], check=True)
        public = Path(f"{self._key}.pub").read_text(encoding="ascii").strip()
        self._server.check(
            f"{APT} update && {APT} install --no-install-recommends openssh-server >/dev/null", timeout=300
        )
        self._server.check(f"install -d -m 700 /root/.ssh && echo '{public}' >/root/.ssh/authorized_keys")
        self._server.check("systemctl start ssh && apt-get clean && rm -rf /var/lib/apt/lists/*")

    def _choose(self, **choices: object) -> None:
        file = self._folder / "inventory/group_vars/all/scrimbox.yml"
        known = yaml.safe_load(file.read_text(encoding="utf-8"))
        file.write_text(yaml.safe_dump({**known, **choices}, allow_unicode=True), encoding="utf-8")


def packages(server: Variant) -> set[str]:
    """What is installed on a system."""
    return set(server.check("dpkg-query -W -f '${binary:Package}\\n'").split())


def timed(server: Variant, command: str) -> float:
    """Seconds that a command takes as root."""
    began = time.monotonic()
    server.check(command, timeout=600)
    return time.monotonic() - began


def fetch_sources(server: Variant, version: str) -> None:
    """Bring nginx and the RTMP module to a bare system, as the role does, with our patches."""
    role = ROOT / "roles/nginx"
    known = yaml.safe_load((role / "vars/main.yml").read_text(encoding="utf-8"))
    module = known["__nginx_module_version"]
    for name, number, catalogue in (
        ("nginx", version, "__nginx_catalogue"),
        ("module", module, "__nginx_module_catalogue"),
    ):
        folder = f"/build/{name}"
        server.check(f"mkdir -p {folder}")
        asked = {"name": name, "dest": f"{folder}.tar", "versions": [number], "catalogue": known[catalogue]}
        login = ["-i", f"{server.name},", "-c", "community.docker.docker", "-u", "root", server.name]
        task = ["-M", str(role / "library"), "-m", "fetch_source", "-a", json.dumps(asked)]
        command = [str(VENV_BIN / "ansible"), *login, *task]
        subprocess.run(command, check=True, capture_output=True, env=child_environment(), timeout=300)
        server.check(f"tar -xf {folder}.tar -C {folder} --strip-components=1")
    docker("cp", str(role / "files/patches"), f"{server.name}:/build/patches")
    server.check("cd /build/module && for one in ../patches/*.patch; do patch --quiet --strip=1 --input=$one; done")


def without_us(server: Variant, added: set[str], built: str) -> tuple[float, float]:
    """Seconds for the packages, and for the same build by hand.

    Args:
        server: a bare system.
        added: the packages that a deploy has added.
        built: what `nginx -V` says of the build.
    """
    version, flags = re.search(r"nginx/(\S+)", built), re.search(r"configure arguments: (.*)", built)
    assert version is not None
    assert flags is not None
    names = " ".join(sorted(added))
    installing = timed(server, f"{APT} update && {APT} install --no-install-recommends {names} >/dev/null")
    fetch_sources(server, version[1])
    build = f"cd /build/nginx && ./configure {flags[1]} >/dev/null && make --silent -j2 && make --silent install"
    return installing, timed(server, f"({build}) >/dev/null")


def ingest_process(server: Variant) -> str:
    """The main process of ingest, when it began, and every message of systemd about it."""
    shown = server.check("systemctl show scrimbox-ingest -p MainPID,ExecMainStartTimestampMonotonic")
    return shown + server.check("journalctl -q --no-pager -o cat UNIT=scrimbox-ingest.service")


def changing_viewers(server: Variant, operator: Operator) -> tuple[list[Run], int, int]:
    """`make access` while somebody publishes: its runs, what touched ingest, and the pictures lost."""
    camera = Camera(
        server.inner_rtmp_address,
        server.publish_name(STREAM),
        media.pattern(BUILD / "media", PUSH_S, scale=5, kbits=400),
    )
    camera.wait_sent(5 * media.FPS)
    before, runs, touched = ingest_process(server), [], 0
    for number in range(TIMES):
        operator.viewers(("alice", "bob", "carol") if number % 2 == 0 else ("alice", "bob"))
        runs.append(operator.make("access"))
        touched += ingest_process(server) != before
    connections = camera.stop()
    numbers = {picture for replay in gather(server, STREAM, connections).replays for picture in replay.numbers}
    return runs, touched, len({picture for one in connections for picture in one.numbers} - numbers)


def measure(server: Variant) -> Result:
    """Deploy to a new system, again and again."""
    with bare_system(f"{server.name}-deploy") as fresh:
        operator = Operator(fresh)
        operator.open_ssh()
        had = packages(fresh)
        cold = operator.make("deploy")
        added = packages(fresh) - had
        built = fresh.check(f"{NGINX} -V 2>&1")
        by_ssh = [operator.make("deploy") for _ in range(TIMES)]
        by_engine = [operator.make("deploy", ssh=False) for _ in range(BY_ENGINE)]
        known = dataclasses.replace(fresh, credentials=operator.credentials)
        access, touched, lost = changing_viewers(known, operator)
    with bare_system(f"{server.name}-bare") as other:
        installing, building = without_us(other, added, built)
    beyond = cold.seconds - installing
    return Result(
        [
            Figure(
                "cold deploy, beyond installing packages",
                "s",
                [beyond],
                beside=("configure && make -j2 && make install", [building]),
                goals=[at_most(1.8, "ratio")],
            ),
            Figure("cold deploy", "s", [cold.seconds], beside=("packages and build by hand", [installing + building])),
            Figure("nothing changed, over SSH", "s", [one.seconds for one in by_ssh], goals=[at_most(20)]),
            Figure("nothing changed, over docker", "s", [one.seconds for one in by_engine], goals=[at_most(30)]),
            Figure("nothing changed: tasks on the server", "", [by_ssh[-1].remote], goals=[at_most(45)]),
            Figure("cold deploy: tasks on the server", "", [cold.remote]),
            Figure("one viewer more or less", "s", [one.seconds for one in access], goals=[at_most(12)]),
            Figure("one viewer more or less: tasks on the server", "", [access[-1].remote]),
            Figure("restarts and reloads of ingest by it", "", [touched], goals=[at_most(0, "most")]),
            Figure("pictures lost by it", "", [lost], goals=[at_most(0, "most")]),
        ],
        remarks=[
            f"{len(added)} packages are installed, in {installing:.0f} s; the longest tasks of the cold deploy: "
            f"{longest(cold)}."
        ],
    )


def longest(run: Run, count: int = 5) -> str:
    """The tasks that took longest."""
    tasks = sorted(run.tasks, key=lambda task: -task["seconds"])[:count]
    return ", ".join(f"{task['name']} ({task['seconds']:.1f} s)" for task in tasks)
