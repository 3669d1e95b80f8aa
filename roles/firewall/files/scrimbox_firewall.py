#!/usr/bin/python3
# Managed by Scrimbox (roles/firewall); changes made here are lost.
"""Load the rules of /etc/scrimbox/firewall.nft without locking the operator out.

Usage: scrimbox-firewall apply SECONDS          load the rules; they are taken back after SECONDS
       scrimbox-firewall confirm remote|local   keep them, said over a new SSH connection (or from the server itself)
       scrimbox-firewall load                   load what was confirmed last (at boot, and when sshd's settings change)
       scrimbox-firewall unload                 let everybody in
       scrimbox-firewall rollback               back to what was confirmed last (called by apply's timer)
       scrimbox-firewall remove                 take everything away that the role has installed

Until they are confirmed the rules are in the kernel alone: a reboot takes them back too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

DECLARED = Path("/etc/scrimbox/firewall.nft")
STATE = Path("/var/lib/scrimbox-firewall")
CONFIRMED = STATE / "confirmed.json"
RUN = Path("/run/scrimbox-firewall")
PENDING = RUN / "pending.json"
UNIT = "scrimbox-firewall.service"
TIMER = "scrimbox-firewall-rollback"
INSTALLED = (
    *(f"/etc/systemd/system/{unit}" for unit in (UNIT, "scrimbox-firewall-ssh.path", "scrimbox-firewall-ssh.service")),
    str(DECLARED),
    "/usr/local/sbin/scrimbox-firewall",
)
UNLOAD = "add table inet scrimbox\ndelete table inet scrimbox\n"
"""Right whether there is a table or not."""


class FirewallError(Exception):
    """What a person can mend; its text says how."""


# ------------------------------------------------------------------------------------------ what is known (pure)


def loopback(address: str) -> bool:
    """Whether an address, perhaps in brackets, can be reached from the server alone."""
    return address.strip("[]").startswith(("127.", "::1", "::ffff:127."))


def configured_ports(settings: str) -> set[int]:
    """The ports that sshd will listen on, given `sshd -T`."""
    found = re.findall(r"^listenaddress (\S+):(\d+)$", settings, re.M)
    return {int(port) for address, port in found if not loopback(address)}


def sshd_processes(sockets: str) -> list[int]:
    """The processes called sshd in what `ss -p` prints."""
    return [int(pid) for pid in re.findall(r'\("sshd[^"]*",pid=(\d+)', sockets)]


def listening_ports(sockets: str, daemons: set[int]) -> set[int]:
    """The ports that sshd listens on, given `ss -Hltnp` and the processes that are sshd itself.

    Sessions listen too, for `ssh -R`; these ports are nobody's way in.
    """
    found = set()
    for line in sockets.splitlines():
        address, _, port = line.split()[3].rpartition(":")
        if set(sshd_processes(line)) & daemons and not loopback(address):
            found.add(int(port))
    return found


def socket_ports(properties: str) -> set[int]:
    """The ports on which systemd waits for sshd, given `systemctl show ssh.socket`; none when it is switched off."""
    if "ActiveState=active" not in properties and "UnitFileState=enabled" not in properties:
        return set()
    found = re.findall(r"^Listen=(\S*?):?(\d+) \(Stream\)$", properties, re.M)
    return {int(port) for address, port in found if not loopback(address)}


def connection_ports(connection: str) -> set[int]:
    """The port that an SSH connection goes to, given SSH_CONNECTION; none where there is none."""
    parts = connection.split()
    return {int(parts[3])} if len(parts) == 4 else set()


def transaction(rules: str, ssh_ports: Iterable[int]) -> str:
    """What nft is told, to be done as a whole or not at all."""
    ports = ", ".join(map(str, sorted(ssh_ports)))
    return f"{UNLOAD}{rules}\n" + (f"add element inet scrimbox ssh_ports {{ {ports} }}\n" if ports else "")


def proof_problem(applied_over: str, now_over: str, where: str) -> str | None:
    """Say why a confirmation proves nothing.

    Args:
        applied_over: SSH_CONNECTION when the rules were loaded; empty when that was not over SSH.
        now_over: SSH_CONNECTION now.
        where: "local" when the deploy runs on the server itself, which cannot log in anew.
    """
    if where == "local" or not applied_over:
        return None
    if now_over in ("", applied_over):
        return (
            "this is still the connection over which the rules were loaded, which proves nothing. "
            "Close it (ssh -O exit) and deploy again; until then the rules are taken back."
        )
    return None


# --------------------------------------------------------------------------------------------- looking at the server


def output_of(*command: str) -> str:
    """Output of a command, empty when it cannot be run or fails."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def parent(pid: int) -> int:
    """The parent of a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def ssh_connection() -> str:
    """SSH_CONNECTION of the session that this runs in, which sudo has hidden; empty when it is none."""
    pid = os.getpid()
    while pid > 1:
        with contextlib.suppress(OSError):
            for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                if entry.startswith(b"SSH_CONNECTION="):
                    return entry.decode(errors="replace").partition("=")[2]
        pid = parent(pid)
    return ""


def ssh_ports() -> set[int]:
    """Every port by which somebody may log in."""
    # sshd -T wants the folder that its unit makes, which has not begun yet when the server boots.
    if shutil.which("sshd"):
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    sockets = output_of("ss", "-Hltnp")
    daemons = {pid for pid in sshd_processes(sockets) if parent(pid) == 1}
    show = ("systemctl", "show", "ssh.socket", "--property=Listen,ActiveState,UnitFileState")
    return (
        configured_ports(output_of("sshd", "-T"))
        | listening_ports(sockets, daemons)
        | socket_ports(output_of(*show))
        | connection_ports(ssh_connection())
    )


def loaded() -> bool:
    """Whether our table is in the kernel."""
    return bool(output_of("nft", "list", "table", "inet", "scrimbox"))


# -------------------------------------------------------------------------------------------------------- changing it


def read(path: Path) -> dict:
    """A file of ours; empty when it is not there."""
    return json.loads(path.read_text()) if path.exists() else {}


def write(path: Path, content: dict) -> None:
    """Write a file of ours, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with temporary.open("w") as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def nft(text: str) -> None:
    """Have the kernel do it.

    Raises:
        FirewallError: it refuses; holds nft's words.
    """
    done = subprocess.run(["nft", "-f", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FirewallError(f"nft refuses the rules, nothing is changed: {done.stderr.strip()}")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One at a time: the timer may fire while somebody confirms."""
    RUN.mkdir(mode=0o700, exist_ok=True)
    with (RUN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def disarm() -> None:
    """Stop the timer."""
    subprocess.run(["systemctl", "stop", f"{TIMER}.timer"], stderr=subprocess.DEVNULL, check=False)


def arm(seconds: int) -> None:
    """Start the timer that takes the rules back.

    Raises:
        FirewallError: it cannot be started, and nothing must be loaded without it.
    """
    disarm()
    delay = [f"--on-active={seconds}", "--timer-property=AccuracySec=200ms"]
    command = ["systemd-run", "--quiet", "--collect", f"--unit={TIMER}", *delay, sys.argv[0], "rollback"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FirewallError(f"the timer for the way back does not start, nothing is changed: {done.stderr.strip()}")


def apply(seconds: int) -> str:
    """Load the declared rules for so many seconds, unless they are loaded and confirmed already."""
    wanted = {"rules": DECLARED.read_text(), "ssh_ports": sorted(ssh_ports())}
    with alone():
        if wanted == read(CONFIRMED) and loaded() and not PENDING.exists():
            return "unchanged"
        arm(seconds)
        write(PENDING, {**wanted, "connection": ssh_connection()})
        try:
            nft(transaction(wanted["rules"], wanted["ssh_ports"]))
        except FirewallError:
            PENDING.unlink()
            disarm()
            raise
    ports = ", ".join(map(str, wanted["ssh_ports"])) or "none, no sshd was found"
    return f"applied for {seconds} seconds; ports of SSH: {ports}"


def confirm(where: str) -> str:
    """Keep the rules that apply has loaded.

    Raises:
        FirewallError: they have been taken back, or the confirmation proves nothing.
    """
    with alone():
        pending = read(PENDING)
        if not pending:
            raise FirewallError("the rules have been taken back, because nobody confirmed them in time. Deploy again.")
        problem = proof_problem(pending.pop("connection"), ssh_connection(), where)
        if problem:
            raise FirewallError(problem)
        write(CONFIRMED, pending)
        PENDING.unlink()
        disarm()
    # Loads them once more, for the unit to know.
    subprocess.run(["systemctl", "reload-or-restart", UNIT], check=True)
    return "confirmed"


def load() -> str:
    """Load what was confirmed last, and open what sshd uses by now besides."""
    confirmed = read(CONFIRMED)
    if not confirmed:
        return "no rules have been confirmed yet; everything is open"
    ports = ssh_ports() | set(confirmed["ssh_ports"])
    nft(transaction(confirmed["rules"], ports))
    return f"loaded; ports of SSH: {', '.join(map(str, sorted(ports)))}"


def unload() -> str:
    """Let everybody in."""
    nft(UNLOAD)
    return "unloaded; everything is open"


def rollback() -> str:
    """Take back what nobody has confirmed."""
    with alone():
        if not PENDING.exists():
            return "nothing to take back"
        try:
            said = load() if CONFIRMED.exists() else unload()
        except FirewallError as trouble:
            said = f"{trouble} {unload()}"
        PENDING.unlink()
    return f"nobody confirmed the new rules over a new connection: taken back. {said}"


def remove() -> str:
    """Take everything away that the role has installed."""
    disarm()
    subprocess.run(["systemctl", "disable", "--now", "--quiet", UNIT], check=True)
    unload()
    shutil.rmtree(STATE, ignore_errors=True)
    shutil.rmtree(RUN, ignore_errors=True)
    for path in INSTALLED:
        with contextlib.suppress(FileNotFoundError):
            Path(path).unlink()
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    return "removed"


def main(arguments: list[str]) -> str:
    """Do what the arguments say and return what there is to say about it.

    Raises:
        FirewallError: it cannot be done.
    """
    commands = {"load": load, "unload": unload, "rollback": rollback, "remove": remove}
    if len(arguments) == 1 and arguments[0] in commands:
        return commands[arguments[0]]()
    if len(arguments) == 2 and arguments[0] == "apply" and arguments[1].isdecimal():
        return apply(int(arguments[1]))
    if len(arguments) == 2 and arguments[0] == "confirm" and arguments[1] in ("remote", "local"):
        return confirm(arguments[1])
    raise FirewallError(f"{' '.join(arguments) or 'no command'}: not known.\n{__doc__}")


if __name__ == "__main__":
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    try:
        print(main(sys.argv[1:]))
    except FirewallError as trouble:
        sys.exit(f"scrimbox-firewall: {trouble}")
