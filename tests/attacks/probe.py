"""Run in place of a service, behind its walls: tries what nobody broken in should be able to do, and says what worked.

Standard library only, for the server's own Python (3.9 and later); prints one JSON object.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUSER, PTRACE_TRACEME, UNAME26 = 0x00020000, 0x10000000, 0, 0x0020000
OWN = Path(os.environ.get("RUNTIME_DIRECTORY", "/srv/probe"))
"""The one folder that every service may write."""


def call(name: str, *arguments: object) -> None:
    """Call a function of the C library.

    Raises:
        OSError: it failed.
    """
    if getattr(LIBC, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def write(folder: str) -> Callable[[], None]:
    """Attempt: make a file in a folder that anybody may write, as far as its mode goes."""
    return lambda: Path(folder, f"by-{os.getpid()}").write_text("x", encoding="ascii") and None


def read(path: str) -> Callable[[], None]:
    """Attempt: read a file that anybody may read, as far as its mode goes."""
    return lambda: Path(path).read_bytes() and None


def in_child(attempt: Callable[[], None]) -> Callable[[], None]:
    """The same attempt in a process of its own, for what would change this one."""

    def run() -> None:
        child = os.fork()
        if child == 0:
            try:
                attempt()
            except OSError:
                os._exit(1)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise PermissionError

    return run


def unshare(kind: int) -> Callable[[], None]:
    """Attempt: enter namespaces of one's own."""
    return in_child(lambda: call("unshare", kind))


def mount() -> None:
    """Attempt: mount a file system."""
    call("mount", b"none", b"/mnt", b"tmpfs", ctypes.c_ulong(0), None)


def trace() -> None:
    """Attempt: be traced, the simplest call of a debugger."""
    call("ptrace", PTRACE_TRACEME, 0, None, None)


def write_and_execute() -> None:
    """Attempt: memory that can be written and executed."""
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def open_socket(family: int, kind: int, protocol: int = 0) -> Callable[[], None]:
    """Attempt: a socket that no service needs."""
    return lambda: socket.socket(family, kind, protocol).close()


def reach(host: str, port: int) -> Callable[[], None]:
    """Attempt: reach a host; that nobody listens there is an answer too."""

    def run() -> None:
        with socket.socket() as client:
            client.settimeout(0.7)
            answer = client.connect_ex((host, port))
            if answer not in (0, 111) or (answer == 111 and host.startswith("127.")):
                raise OSError(answer, os.strerror(answer))

    return run


def become_root() -> None:
    """Attempt: gain root's rights from a set-user-id program."""
    if os.geteuid() == 0:
        raise PermissionError("who is root already gains nothing")
    shown = subprocess.run(["/opt/probe/id", "-u"], capture_output=True, text=True, check=True)
    if shown.stdout.strip() != "0":
        raise PermissionError


def make_setuid() -> None:
    """Attempt: leave a set-user-id program behind."""
    program = OWN / "setuid"
    program.touch()
    program.chmod(stat.S_ISUID | 0o755)


def dump_core() -> None:
    """Attempt: raise the limit on core dumps as far as it goes."""
    soft = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if soft == 0:
        raise PermissionError


def make_cgroup() -> None:
    """Attempt: manage control groups."""
    folders = [Path(line.split()[1]) for line in Path("/proc/mounts").read_text().splitlines() if " cgroup2 " in line]
    group = folders[0] / f"probe-{os.getpid()}"
    group.mkdir()
    group.rmdir()


ATTEMPTS: dict[str, Callable[[], None]] = {
    **{
        f"write {folder}": write(folder)
        for folder in ("/etc/probe", "/opt/probe", "/usr/local/probe", "/var/lib/probe", "/home/probe")
    },
    **{
        f"write {folder}": write(folder)
        for folder in ("/srv/probe", "/srv/hls", "/srv/recordings", "/srv/recordings/incoming", "/srv/streams")
    },
    **{
        f"write {folder}": write(folder)
        for folder in ("/srv/review/inbox", "/srv/review/notes", "/srv/review/refused", "/srv/review/shown")
    },
    "read the publish keys": read("/etc/scrimbox/auth/nginx.conf"),
    "read the passwords": read("/etc/scrimbox/web/viewers"),
    "read all secrets": read("/etc/scrimbox/secrets.json"),
    "read a file that is new in /etc/scrimbox": read("/etc/scrimbox/new/file"),
    "read a raw recording": read("/srv/recordings/incoming/probe.flv"),
    "read what was set aside": read("/srv/recordings/set-aside/probe.flv"),
    "read a note": read("/srv/review/notes/probe.json"),
    "read /home": read("/home/probe/file"),
    "read others' /tmp": read("/tmp/probe/file"),
    "read others' /var/tmp": read("/var/tmp/probe/file"),
    "see other processes": read("/proc/1/cmdline"),
    "mount": in_child(mount),
    "enter a user namespace": unshare(CLONE_NEWUSER),
    "enter a mount namespace": unshare(CLONE_NEWNS),
    "trace": in_child(trace),
    "write and execute memory": write_and_execute,
    "open a raw socket": open_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "open a packet socket": open_socket(socket.AF_PACKET, socket.SOCK_RAW),
    "open a netlink socket": open_socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "change the personality": in_child(lambda: call("personality", ctypes.c_ulong(UNAME26))),
    "change priorities": in_child(lambda: os.setpriority(os.PRIO_PROCESS, 0, 19)),
    "change the host's name": lambda: socket.sethostname(socket.gethostname()),
    "make a device": lambda: os.mknod(str(OWN / f"device-{os.getpid()}"), stat.S_IFCHR | 0o600, os.makedev(1, 3)),
    "manage control groups": make_cgroup,
    "become root by a set-user-id program": become_root,
    "make a set-user-id program": make_setuid,
    "dump core": dump_core,
    "reach another machine": reach(sys.argv[1], 1),
    "reach this machine": reach("127.0.0.1", int(sys.argv[2])),
}


def tried() -> list[str]:
    """The names of the attempts that worked."""
    worked = []
    for name, attempt in ATTEMPTS.items():
        try:
            attempt()
        except (OSError, ValueError, subprocess.SubprocessError):
            continue
        worked.append(name)
    return worked


def capabilities() -> dict[str, int]:
    """This process's sets of capabilities, as bits."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return {line[:6]: int(line[7:], 16) for line in lines if line.startswith("Cap")}


if __name__ == "__main__":
    signal.alarm(60)
    print(json.dumps({"tried": list(ATTEMPTS), "worked": tried(), "capabilities": capabilities()}))
