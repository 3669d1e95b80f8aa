"""Servers like the converged one, for what would spoil it: made from a snapshot in seconds, thrown away afterwards.

    with variants.start("small", srv_bytes=300 * 2**20, settings={"grace_seconds": 30}) as server:
        media.Publisher(server.publish_url("bravo"), pattern)
        server.check("systemctl is-active scrimbox-ingest")
        server.alice.get("/streams/bravo.json")

A variant has the converged server's configuration, keys and passwords, and an empty /srv. Its ports on this machine
stay the same when it is killed and started again.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tests.site import Site
from tools import container
from tools.engine import docker

if TYPE_CHECKING:
    from testinfra.host import Host

    from tests.conftest import Credentials

SERVICES = ("ingest", "auth", "write", "web", "recorder", "finalizer", "clips")
BOOTS = threading.Semaphore(2)
"""Turns to boot: twelve at once read one another's mounts under one lock of the kernel, 27 s for what takes 10 s so."""
RECORDER_SETTINGS = "/etc/scrimbox/recorder.json"
PORTS = (80, 443, 1935, 1936)

_EMPTY_SRV = "if [ ! -e /variant ]; then find /srv -mindepth 3 -delete; find /srv ! -type d -delete; touch /variant; fi"
"""Only before the first boot: what survives a power cut is what many tests are about."""
_SMALL_SRV = "cp -a /srv/. /small/ && mount --bind /small /srv"


@dataclass(frozen=True)
class File:
    """A file that a variant has from its first boot; `text` is written as root."""

    text: str
    mode: int = 0o644


@dataclass(frozen=True)
class Variant:
    """A running variant."""

    name: str
    ports: Mapping[int, int]
    credentials: Credentials = field(repr=False)

    @property
    def host(self) -> Host:
        """The server for testinfra."""
        import testinfra  # noqa: PLC0415  (unit tests come without it)

        return testinfra.get_host(f"docker://{self.name}")

    @property
    def rtmp_address(self) -> tuple[str, int]:
        """Where publishers push to."""
        return container.LOOPBACK, self.ports[1935]

    @functools.cached_property
    def inner_rtmp_address(self) -> tuple[str, int]:
        """The same without the engine's proxy, which would soften what a publisher does; lost in a power cut."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        return docker("inspect", "--format", template, self.name).split()[0], 1935

    def publish_url(self, stream: str) -> str:
        """The address for a stream id, with its key."""
        host, port = self.rtmp_address
        return f"rtmp://{host}:{port}/live/{self.publish_name(stream)}"

    def publish_name(self, stream: str) -> str:
        """What a publisher asks for: a stream id with its key."""
        return f"{stream}?key={self.credentials.publish_keys[stream]}"

    @functools.cached_property
    def alice(self) -> Site:
        """The site after Alice's login, by cookie (a password costs the server a hash at every request)."""
        site = Site(container.LOOPBACK, self.ports[80], ("alice", self.credentials.viewer_passwords["alice"]))
        return Site(site.host, site.port, cookie=site.get("/player?id=match123").cookie)

    def run(self, command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a shell command in it as root."""
        asked = ["docker", "exec", self.name, "sh", "-c", command]
        return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=timeout, errors="replace")

    def check(self, command: str, timeout: float = 60) -> str:
        """Run a shell command in it as root and return what it printed.

        Raises:
            RuntimeError: it failed; holds what it said.
        """
        done = self.run(command, timeout)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {command}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def read(self, path: str) -> bytes:
        """Read a file in it."""
        return subprocess.run(["docker", "exec", self.name, "cat", path], capture_output=True, check=True).stdout

    def status(self) -> str:
        """What `make status` says about recordings."""
        return self.check("scrimbox-recorder status")

    def kill(self) -> None:
        """Cut the power."""
        docker("kill", self.name)

    def boot(self) -> None:
        """Switch it on (again) in its turn and wait until every service is up."""
        with BOOTS:
            docker("start", self.name)
            self.wait_up()

    def wait_up(self, seconds: float = 60) -> None:
        """Wait until systemd has booted and every service is up.

        Raises:
            RuntimeError: it is not after so many seconds; holds what failed.
        """
        container.wait_booted(self.name, seconds)
        deadline = time.monotonic() + seconds
        units = " ".join(f"scrimbox-{service}" for service in SERVICES)
        while self.run(f"systemctl is-active {units}").returncode:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name}: not every service is up: {self.run('systemctl --failed').stdout}")
            time.sleep(0.2)

    def journal(self, since: str = "-1d", *arguments: str) -> str:
        """The messages of our services since a time that journalctl understands."""
        units = " ".join(f"-u scrimbox-{service}" for service in SERVICES)
        return self.run(
            f"journalctl -q --no-pager -o short-iso-precise --since '{since}' {units} {' '.join(arguments)}"
        ).stdout

    def write(self, path: str, file: File) -> None:
        """Write a file in it, whether it runs or not."""
        _put(self.name, PurePosixPath(path), file.text.encode(), mode=file.mode)


class Variants:
    """Makes variants from one snapshot of the converged server, and removes them and the snapshot in the end."""

    def __init__(self, instance: str, credentials: Credentials, secrets_file: Path) -> None:
        self._instance = instance
        self._credentials = credentials
        self._image = f"scrimbox-variant:{os.getpid()}"
        self._committed = False
        self._secrets_file = secrets_file
        self.secrets_file = secrets_file.with_name("credentials-of-variants.yml")
        """What variants were deployed with, once there is one: the server's own may be rotated later."""
        self.running: list[Variant] = []

    @contextlib.contextmanager
    def start(
        self,
        name: str,
        *,
        srv_bytes: int = 0,
        settings: Mapping[str, Any] | None = None,
        files: Mapping[str, File] | None = None,
        capabilities: Sequence[str] = (),
    ) -> Iterator[Variant]:
        """Start a variant and wait until every service is up; it is removed in the end.

        Args:
            name: its container is called INSTANCE-NAME.
            srv_bytes: size of a file system of its own for /srv, which a power cut empties; 0: as the server's.
            settings: keys of /etc/scrimbox/recorder.json that are different here.
            files: further files by path, there from the first boot (unit drop-ins, programs).
            capabilities: what root may do there besides, such as SYS_PTRACE.
        """
        self.snapshot()
        variant = Variant(f"{self._instance}-{name}", _free_ports(), self._credentials)
        container.remove(variant.name)
        before = ["mount --make-rshared /", _EMPTY_SRV]
        own = [f"--cap-add={capability}" for capability in capabilities]
        if srv_bytes:
            own += ["--tmpfs", f"/small:size={srv_bytes},mode=755"]
            before.append(_SMALL_SRV)
        published = [f"--publish={container.LOOPBACK}:{outside}:{inside}" for inside, outside in variant.ports.items()]
        command = " && ".join([*before, "exec /lib/systemd/systemd"])
        flags = ["--name", variant.name, "--hostname", variant.name, *container.FLAGS, *published, *own]
        docker("create", *flags, self._image, "sh", "-c", command)
        try:
            if settings:
                change_settings(variant.name, settings)
            for path, file in (files or {}).items():
                variant.write(path, file)
            variant.boot()
            self.running.append(variant)
            yield variant
        finally:
            if variant in self.running:
                self.running.remove(variant)
            container.remove(variant.name)

    def snapshot(self) -> None:
        """Take the snapshot, once; it holds no file of /run, /tmp or of a tmpfs."""
        if not self._committed:
            docker("commit", self._instance, self._image, timeout=300)
            shutil.copy2(self._secrets_file, self.secrets_file)
            self._committed = True

    def close(self) -> None:
        """Remove the snapshot."""
        if self._committed:
            docker("rmi", "--force", self._image)
            self.secrets_file.unlink(missing_ok=True)


def change_settings(name: str, settings: Mapping[str, Any], path: str = RECORDER_SETTINGS) -> None:
    """Change keys of a JSON file in a container, which need not run; owner and mode stay."""
    packed = subprocess.run(["docker", "cp", f"{name}:{path}", "-"], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        (member,) = archive.getmembers()
        content = archive.extractfile(member)
        assert content is not None
        changed = json.dumps({**json.load(content), **settings}, indent=2).encode()
    _put(name, PurePosixPath(path), changed, mode=member.mode, uid=member.uid, gid=member.gid)


def _put(name: str, path: PurePosixPath, content: bytes, *, mode: int, uid: int = 0, gid: int = 0) -> None:
    """Put a file into a container with the folders that lead to it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        parent = path.parent
        if parent.name.endswith(".service.d"):
            folder = tarfile.TarInfo(str(parent).lstrip("/"))
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        member = tarfile.TarInfo(str(path).lstrip("/"))
        member.size, member.mode, member.uid, member.gid, member.mtime = len(content), mode, uid, gid, int(time.time())
        archive.addfile(member, io.BytesIO(content))
    subprocess.run(["docker", "cp", "-a", "-", f"{name}:/"], input=packed.getvalue(), check=True, capture_output=True)


def _free_ports() -> dict[int, int]:
    """A port of this machine for every port of a variant; none that an outgoing connection takes before it starts."""
    with contextlib.ExitStack() as held:
        free: list[int] = []
        for port in secrets.SystemRandom().sample(range(20000, 30000), 200):
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind((container.LOOPBACK, port))
                free.append(port)
            if len(free) == len(PORTS):
                break
        return dict(zip(PORTS, free, strict=True))
