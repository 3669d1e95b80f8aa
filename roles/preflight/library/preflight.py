#!/usr/bin/python
"""Ansible module: everything that must hold on a server before Scrimbox changes it."""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: preflight
short_description: Checks a server before it is changed and reports what later roles must know
description: Reads only. Fails with every problem found and what to do about each.
author: The Scrimbox authors
options:
  supported: {type: list, elements: str, required: true, description: Allowed "ID VERSION_ID" pairs of /etc/os-release}
  min_memory_mb: {type: int, required: true, description: Least memory in MiB}
  min_free_gb: {type: int, required: true, description: Least free space under /srv in GiB}
  ports: {type: list, elements: int, required: true, description: TCP ports that must be free or ours}
  apt_wait: {type: int, required: true, description: Seconds to wait for another apt}
  groups: {type: list, elements: str, required: true, description: Names of groups of streams}
  streams: {type: list, elements: raw, required: true, description: Streams with what their publishers shall send}
  reserve_gb: {type: float, required: true, description: Free space in GB below which nobody new may publish}
  floor_gb: {type: float, required: true, description: Free space in GB below which live publishers are ended}
  webhook: {type: str, required: true, description: Address that is told when the disk gets short}
  webhook_form: {type: str, required: true, description: What is posted there}
  webhook_events: {type: list, elements: str, required: true, description: What it hears}
  host: {type: str, required: true, description: The server's public host name or IP address}
  found: {type: list, elements: str, required: true, description: Problems that others have found already}
  origins: {type: list, elements: str, required: true, description: Other sites that may embed something}
  viewers: {type: list, elements: raw, required: true, description: Who may watch, with name and perhaps write}
  access_mode: {type: list, elements: str, required: true, description: What lets a viewer in}
  access_networks: {type: list, elements: str, required: true, description: Networks that let a viewer in}
  access_satisfy: {type: str, required: true, description: Whether any or all of it is needed}
  firewall: {type: bool, required: true, description: Whether the server shall be closed but for declared ports}
  extra_ports: {type: list, elements: str, required: true, description: Further ports that stay open}
"""
GROUP = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
STREAM = ("id", "title", "offset_ms", "publishers", "group", "resolution", "fps", "bitrate_kbps")
RESOLUTION = re.compile(r"[1-9][0-9]{1,3}x[1-9][0-9]{1,3}")
FPS = (24, 25, 29.97, 30, 48, 50, 59.94, 60, 120)
WEBHOOK = re.compile(r"https?://[^\s/?#]+[!-~]*")
FORMS = ("json", "chat")
EVENTS = ("disk", "recording", "live", "replay", "clip")
ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
VIEWER = ("name", "write")
ACCESS_MODES = ("password", "link", "network")
EXTRA_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(?:tcp|udp))?")
FOLDERS = ("/srv/hls", "/srv/recordings", "/srv/recordings/incoming", "/srv/streams")
DEPLOYED_SECRETS = Path("/etc/scrimbox/secrets.json")
APT_LOCK = Path("/var/lib/dpkg/lock-frontend")


def os_problem(os_release: str, supported: list[str]) -> str | None:
    """Say what is wrong with the distribution, given the text of /etc/os-release."""
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', os_release, re.M))
    found = f"{fields.get('ID', '?')} {fields.get('VERSION_ID', '?')}"
    if found in supported:
        return None
    return f"The system is {found}; supported are {', '.join(supported)}. Install one of these, Ubuntu 22.04 by choice."


def memory_problem(meminfo: str, least_mb: int) -> str | None:
    """Say what is wrong with the memory, given the text of /proc/meminfo (kB)."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", meminfo, re.M)
    megabytes = int(match.group(1)) // 1024 if match else 0
    if megabytes >= least_mb:
        return None
    return f"The server has {megabytes} MiB of memory, {least_mb} are needed. Choose a larger server."


def port_problem(port: int, listeners: str, our_uids: set[int]) -> str | None:
    """Say who else listens on a port, given `ss -Hltnpe` output for it and the user ids of Scrimbox's services."""
    for line in filter(None, listeners.splitlines()):
        uid = re.search(r"\buid:(\d+)", line)
        if uid and int(uid.group(1)) in our_uids:
            continue
        who = ", ".join(sorted({f"{name} (process {pid})" for name, pid in re.findall(r'"([^"]+)",pid=(\d+)', line)}))
        return (
            f"Port {port} is taken by {who or 'another program'}. Stop and disable that service, "
            "or choose another port (scrimbox_http_port, scrimbox_https_port, scrimbox_rtmp_port, scrimbox_rtmps_port)."
        )
    return None


def clock_problem(timedatectl: str, in_container: bool) -> str | None:
    """Say whether the clock is kept, given `timedatectl show`; a container's clock is its host's affair."""
    if in_container or "NTPSynchronized=yes" in timedatectl:
        return None
    return (
        "The clock is not synchronised, and everything here is ordered by it. Run: "
        "apt-get install systemd-timesyncd && timedatectl set-ntp true; then wait until "
        "`timedatectl` says 'System clock synchronized: yes'."
    )


def apt_problem(wait: int) -> str | None:
    """Wait up to `wait` seconds for the package lock; say so if somebody else still holds it."""
    if not APT_LOCK.exists():
        return None
    deadline = time.monotonic() + wait
    with APT_LOCK.open("r+") as lock:
        while True:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() >= deadline:
                    return (
                        f"Another package manager has held {APT_LOCK} for {wait} s. Wait for it to end, then run again."
                    )
                time.sleep(1)
            else:
                return None


def group_problem(groups: list[str]) -> str | None:
    """Say which names of groups cannot be used."""
    bad = sorted({group for group in groups if group and not GROUP.fullmatch(group)})
    if not bad:
        return None
    return f"scrimbox_streams: the group {', '.join(map(repr, bad))} is ill-formed; allowed is {GROUP.pattern}."


def stream_problem(streams: list[object]) -> str | None:
    """Say which stream is not declared as one; ids and publishers' names are checked where their keys are made."""
    for stream in streams:
        if not isinstance(stream, dict) or not set(stream) <= set(STREAM):
            return f"scrimbox_streams: {stream!r} is no stream; allowed is an id and any of {', '.join(STREAM[1:])}."
        where, value = f"scrimbox_streams: of {stream.get('id')}", stream.get("resolution", "1920x1080")
        if not (isinstance(value, str) and RESOLUTION.fullmatch(value)):
            return f"{where} resolution is {value!r}; allowed is WIDTHxHEIGHT in pixels, for example 1920x1080."
        value = stream.get("fps", 30)
        if isinstance(value, bool) or value not in FPS:
            return f"{where} fps is {value!r}; allowed is one of {', '.join(map(str, FPS))}."
        value = stream.get("bitrate_kbps", 6000)
        if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 100000:
            return f"{where} bitrate_kbps is {value!r}; allowed is a whole number from 200 to 100000, in kbit/s."
    return None


def reserve_problem(reserve_gb: float, floor_gb: float, total_gb: float) -> str | None:
    """Say what is wrong with the disk guard's settings, given the size of the disk (all in GB of 10^9 bytes)."""
    if not 0 <= floor_gb <= reserve_gb:
        return (
            f"scrimbox_disk_floor_gb is {floor_gb:g}; allowed is 0 to scrimbox_disk_reserve_gb ({reserve_gb:g}), "
            "so that new publishers are refused before live ones are ended."
        )
    if reserve_gb >= total_gb:
        return (
            f"scrimbox_disk_reserve_gb is {reserve_gb:g}, but the disk under /srv has only {total_gb:.1f} GB: nobody "
            "could ever publish. Set it lower, or add a disk."
        )
    return None


def webhook_problem(webhook: str) -> str | None:
    """Say that the webhook's address cannot be used, without showing it: it is a secret."""
    if not webhook or WEBHOOK.fullmatch(webhook):
        return None
    return "scrimbox_alert_webhook is no address; allowed is https://… or http://… without spaces, or nothing."


def news_problem(form: str, events: list[str]) -> str | None:
    """Say which choice of what the webhook hears is none."""
    if form not in FORMS:
        return f"scrimbox_alert_webhook_form is {form!r}; allowed is {' or '.join(FORMS)}."
    wrong = [event for event in events if event not in EVENTS]
    if wrong:
        return (
            f"scrimbox_alert_webhook_events names {', '.join(map(repr, wrong))}; allowed is a list of "
            f"{', '.join(EVENTS)}."
        )
    return None


def origin_problem(origins: list[str]) -> str | None:
    """Say which site is not named as browsers name it; another character would change the headers that it goes into."""
    wrong = [origin for origin in origins if not ORIGIN.fullmatch(origin)]
    if not wrong:
        return None
    return (
        f"scrimbox_cors_origins or scrimbox_embed_origins names {wrong[0]!r}; allowed is https://HOST or "
        "https://HOST:PORT in lower case, without a slash at the end."
    )


def viewer_problem(viewers: list[object]) -> str | None:
    """Say which viewer is not declared as one. Their names are checked where their secrets are made."""
    for viewer in viewers:
        if not isinstance(viewer, dict) or "name" not in viewer or not set(viewer) <= set(VIEWER):
            return (
                f"scrimbox_viewers: {viewer!r} is no viewer; allowed is a name and perhaps write, for example "
                "{name: anna, write: true}."
            )
        if not isinstance(viewer.get("write", False), bool):
            return f"scrimbox_viewers: write of {viewer['name']} is {viewer['write']!r}; allowed is true or false."
    return None


def access_problem(modes: list[str], networks: list[str], satisfy: str) -> str | None:
    """Say what is wrong with the choice of who may watch."""
    unknown = [mode for mode in modes if mode not in ACCESS_MODES]
    if unknown or not modes or len(set(modes)) < len(modes):
        return (
            f"scrimbox_access_mode is [{', '.join(modes)}]; allowed is a list of one or more of "
            f"{', '.join(ACCESS_MODES)}, each once."
        )
    if satisfy not in ("any", "all"):
        return f"scrimbox_access_satisfy is {satisfy!r}; allowed is any or all."
    if satisfy == "all" and (modes == ["network"] or "network" not in modes):
        return (
            "scrimbox_access_satisfy is 'all', which means: from the networks and logged in. Put network and one of "
            "password and link into scrimbox_access_mode, or set it to any."
        )
    if ("network" in modes) != bool(networks):
        return (
            f"scrimbox_access_networks is [{', '.join(networks)}] and scrimbox_access_mode [{', '.join(modes)}]; "
            "give the networks with the mode network, and only then."
        )
    return network_problem(networks)


def network_problem(networks: list[str]) -> str | None:
    """Say which networks cannot be used."""
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            return (
                f"scrimbox_access_networks: {network!r} is no network ({error}); allowed is for example 192.0.2.0/24, "
                "198.51.100.7 or 2001:db8::/32."
            )
    return None


def extra_ports_problem(ports: list[str]) -> str | None:
    """Say which further ports the firewall could not open."""
    bad = []
    for port in ports:
        match = EXTRA_PORT.fullmatch(port)
        if not match or not 1 <= int(match[1]) <= int(match[2] or 65535) <= 65535:
            bad.append(port)
    if not bad:
        return None
    return (
        f"scrimbox_firewall_extra_ports: {', '.join(map(repr, bad))} is no port; allowed is a number from 1 to 65535 "
        "or a range (6000-6010), for UDP with /udp behind it (51820/udp)."
    )


def firewall_problem(ufw: str, firewalld: str) -> str | None:
    """Say which other firewall is at work, given `ufw status` and `firewall-cmd --state`."""
    active = "Status: active" in ufw.splitlines()
    if not active and firewalld.strip() != "running":
        return None
    name, off, open_ = ("ufw", "ufw disable", "ufw allow 80,1935/tcp")
    if not active:
        name, off = "firewalld", "systemctl disable --now firewalld"
        open_ = "firewall-cmd --permanent --add-port=80/tcp --add-port=1935/tcp && firewall-cmd --reload"
    return (
        f"scrimbox_firewall is true, but {name} is at work on this server; what either of the two closes is closed. "
        f"Keep {name}: set scrimbox_firewall to false and open the ports there (such as: {open_}). "
        f"Or switch it off: {off}"
    )


def folder_problem(path: str) -> str | None:
    """Say why a folder that is there already could not take a recording."""
    place = Path(path)
    if not place.exists() and not place.is_symlink():
        return None
    if not place.is_dir():
        return f"{path} is no folder that can be entered. Move it away, or mount the disk that belongs there."
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return (
            f"{path} is mounted read-only: nothing could be recorded. `mount -o remount,rw` it, or look after its disk."
        )
    return None


def free_gb(path: str) -> float:
    """Free space in GiB at a path, or at its nearest parent that exists."""
    return shutil.disk_usage(str(nearest(path))).free / 2**30


def nearest(path: str) -> Path:
    """A path, or its nearest parent that exists."""
    place = Path(path)
    while not place.exists():
        place = place.parent
    return place


def output_of(*command: str) -> str:
    """Output of a command, empty when it cannot be run."""
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode()


def is_public(addresses: list[str]) -> bool:
    """Whether one of these IP addresses can be reached from the whole internet."""
    return any(ipaddress.ip_address(address).is_global for address in addresses)


def addresses_of(host: str) -> list[str]:
    """What a name stands for as this server sees it, and this server's own addresses."""
    own = re.findall(r"inet6? ([0-9a-f.:]+)", output_of("ip", "-oneline", "address"))
    try:
        return own + [str(found[4][0]).partition("%")[0] for found in socket.getaddrinfo(host, None)]
    except OSError:
        return own


def other_firewall_problem() -> str | None:
    """Check whether another firewall is at work."""
    return firewall_problem(output_of("ufw", "status"), output_of("firewall-cmd", "--state"))


def port_problems(ports: list[int]) -> list[str | None]:
    """Check every port against the listening sockets."""
    ours = {user.pw_uid for user in pwd.getpwall() if user.pw_name.startswith("scrimbox-")}
    return [port_problem(port, output_of("ss", "-Hltnpe", f"sport = :{port}"), ours) for port in ports]


def problems_of(params: dict) -> list[str]:
    """Run every check that can be run; systemd and the distribution decide whether the rest makes sense."""
    first = os_problem(Path("/etc/os-release").read_text(), params["supported"])
    if first:
        return [first]
    if Path("/proc/1/comm").read_text().strip() != "systemd":
        return ["PID 1 is not systemd, which runs the services. Use a virtual machine, a server, or `make demo`."]
    free = free_gb("/srv")
    total = shutil.disk_usage(str(nearest("/srv"))).total / 1e9
    disk = f"{free:.1f} GiB are free under /srv, {params['min_free_gb']} are needed. Free some or add a disk."
    # systemd 247 does not know Docker by its mark.
    detected = output_of("systemd-detect-virt", "--container").strip() not in ("", "none")
    in_container = detected or Path("/.dockerenv").exists()
    found = [
        memory_problem(Path("/proc/meminfo").read_text(), params["min_memory_mb"]),
        disk if free < params["min_free_gb"] else None,
        clock_problem(output_of("timedatectl", "show"), in_container=in_container),
        group_problem(params["groups"]),
        stream_problem(params["streams"]),
        reserve_problem(params["reserve_gb"], params["floor_gb"], total),
        webhook_problem(params["webhook"]),
        news_problem(params["webhook_form"], params["webhook_events"]),
        origin_problem(params["origins"]),
        viewer_problem(params["viewers"]),
        access_problem(params["access_mode"], params["access_networks"], params["access_satisfy"]),
        extra_ports_problem(params["extra_ports"]),
        other_firewall_problem() if params["firewall"] else None,
        *(folder_problem(folder) for folder in FOLDERS),
        *port_problems(params["ports"]),
        apt_problem(params["apt_wait"]),
    ]
    return [problem for problem in found if problem]


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "supported": {"type": "list", "elements": "str", "required": True},
            "min_memory_mb": {"type": "int", "required": True},
            "min_free_gb": {"type": "int", "required": True},
            "ports": {"type": "list", "elements": "int", "required": True},
            "apt_wait": {"type": "int", "required": True},
            "groups": {"type": "list", "elements": "str", "required": True},
            "streams": {"type": "list", "elements": "raw", "required": True},
            "reserve_gb": {"type": "float", "required": True},
            "floor_gb": {"type": "float", "required": True},
            "webhook": {"type": "str", "required": True, "no_log": True},
            "webhook_form": {"type": "str", "required": True},
            "webhook_events": {"type": "list", "elements": "str", "required": True},
            "host": {"type": "str", "required": True},
            "found": {"type": "list", "elements": "str", "required": True},
            "origins": {"type": "list", "elements": "str", "required": True},
            "viewers": {"type": "list", "elements": "raw", "required": True},
            "access_mode": {"type": "list", "elements": "str", "required": True},
            "access_networks": {"type": "list", "elements": "str", "required": True},
            "access_satisfy": {"type": "str", "required": True},
            "firewall": {"type": "bool", "required": True},
            "extra_ports": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    problems = [*module.params["found"], *problems_of(module.params)]
    if problems:
        module.fail_json(msg="Nothing was changed. Before Scrimbox can be installed:\n- " + "\n- ".join(problems))
    deployed = json.loads(DEPLOYED_SECRETS.read_text()) if DEPLOYED_SECRETS.exists() else {}
    module.exit_json(
        changed=False,
        ipv6=Path("/proc/net/if_inet6").exists(),
        deployed_secrets=deployed,
        public=is_public(addresses_of(module.params["host"])),
    )


if __name__ == "__main__":
    main()
