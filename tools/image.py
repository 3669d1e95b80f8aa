"""The image that the demo and the tests provision: a bare system that boots systemd.

It comes from `ubuntu:22.04` where a registry answers; otherwise it is bootstrapped from this machine's own apt sources.

Usage: python3 -m tools.image [SUITE]   (default: Ubuntu 22.04, or this machine's own suite; else bullseye, trixie …)
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools import apt, engine
from tools.project import ROOT, log_file
from tools.terminal import ADDRESS, Step, Trouble, main, run_logged, say

NAME = "scrimbox-systemd"
# /tmp is often a small or noexec tmpfs.
ROOMY = "/var/tmp"  # noqa: S108
LABEL = "scrimbox.image"
PULLED = "scrimbox.pulled"
ROOTFS = "scrimbox-rootfs"
RECIPE = ROOT / "images"
TARGET = "jammy"
OFFICIAL = {
    "jammy": "ubuntu:22.04",
    "bullseye": "debian:11-slim",
    "bookworm": "debian:12-slim",
    "trixie": "debian:13-slim",
}
PULL_SECONDS = 300.0
ARCHIVES = ("Debian", "Ubuntu")


@dataclass(frozen=True)
class Source:
    """One line of the machine's apt sources: address, release and component."""

    site: str
    release: str
    component: str


def tag(suite: str, recipe: bytes) -> str:
    """The image's name; a changed recipe makes another image.

    >>> tag("bookworm", b"FROM x")
    'scrimbox-systemd:bookworm-18c3b6c9'
    """
    return f"{NAME}:{suite}-{hashlib.sha256(recipe).hexdigest()[:8]}"


def host_suite(os_release: str) -> str:
    r"""The machine's own suite by its os-release, or an empty string.

    >>> host_suite('ID=debian\nVERSION_CODENAME=bookworm\n')
    'bookworm'
    """
    for line in os_release.splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip().strip('"')
    return ""


def parse_sources(listing: str) -> list[Source]:
    """Read `apt-get indextargets` lines `ORIGIN|SITE|RELEASE|COMPONENT`; only the system's own archives count."""
    sources = []
    for line in listing.splitlines():
        origin, site, release, component = line.split("|")
        source = Source(site, release, component)
        if origin in ARCHIVES and source not in sources:
            sources.append(source)
    return sources


def source_lines(sources: Iterable[Source], own: str, suite: str) -> list[str]:
    """The sources.list of another suite from the same mirrors.

    Args:
        sources: the machine's own.
        own: the machine's suite.
        suite: the suite to bootstrap; security and updates follow it.
    """
    components: dict[tuple[str, str], list[str]] = {}
    for source in sources:
        name, dash, pocket = source.release.partition("-")
        if name == own and pocket in ("", "updates", "security"):
            components.setdefault((source.site, f"{suite}{dash}{pocket}"), []).append(source.component)
    return [f"deb {site} {release} {' '.join(parts)}" for (site, release), parts in components.items()]


def reason(output: str) -> str:
    """Why a pull failed, in a few words and without addresses."""
    text = output.lower()
    if "no such host" in text or "name resolution" in text:
        return "no registry can be found from here"
    if "timeout" in text or "deadline" in text or "took longer" in text:
        return "the registry does not answer"
    if "toomanyrequests" in text or "rate limit" in text:
        return "the registry refuses more downloads for now"
    return "the registry refuses"


def apt_sources() -> list[Source]:
    """The machine's own apt sources, as apt sees them."""
    form = "$(ORIGIN)|$(SITE)|$(RELEASE)|$(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if not listing and apt.usable():
        apt.update()
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return parse_sources(listing)


def proxies() -> list[str]:
    """The machine's own apt proxy settings, for the bootstrapped system."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    return [f"--aptopt={line}" for line in dump.splitlines() if "::Proxy " in line and '""' not in line]


def bootstrap(suite: str, own: str) -> None:
    """Make the image ROOTFS:suite from the machine's own apt sources.

    Raises:
        Trouble: this is no apt system, mmdebstrap is missing or failed.
    """
    lines = source_lines(apt_sources(), own, suite) if shutil.which("apt-get") else []
    if not lines:
        raise Trouble(
            f"no image can be made: no registry answers, and this machine has no apt sources to make {suite} from. "
            "Run it where Docker can pull ubuntu:22.04, or as root on Debian 12 or Ubuntu 22.04."
        )
    apt.require(lambda: shutil.which("mmdebstrap") is not None, ["mmdebstrap"], "making an image from apt sources")
    log = log_file("image")
    title = f"image: bootstrapping {suite} from this machine's apt sources"
    with Step(title) as step, tempfile.TemporaryDirectory(dir=ROOMY) as folder:
        archive = Path(folder, "rootfs.tar")
        # The mirror's address belongs to this machine: it goes by a file and is kept out of the log.
        sources = Path(folder, "sources.list")
        sources.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        mmdebstrap = ["mmdebstrap", "--quiet", "--variant=minbase", *proxies(), suite, str(archive), str(sources)]
        run_logged(mmdebstrap, log, env={**os.environ, "TMPDIR": ROOMY}, mask=ADDRESS)
        step.note("importing")
        run_logged(["docker", "import", archive, f"{ROOTFS}:{suite}"], log)


def build(base: str, name: str, *, pulled: bool) -> None:
    """Add systemd to a base image."""
    labels = ["--label", f"{LABEL}={base}", "--label", f"{PULLED}={base if pulled else ''}"]
    command = ["docker", "build", "--build-arg", f"BASE={base}", *labels, "--tag", name, str(RECIPE)]
    with Step(f"image: adding systemd to {base}"):
        run_logged(command, log_file("image-build"), mask=ADDRESS)


def pull(base: str) -> str:
    """Pull an image; returns why that failed, or an empty string."""
    try:
        engine.docker("pull", "--quiet", base, timeout=PULL_SECONDS)
    except Trouble as trouble:
        return reason(str(trouble))
    return ""


def from_registry(suite: str, name: str) -> str:
    """Try to make the image from the official one; returns why not, or an empty string."""
    base = OFFICIAL.get(suite)
    if base is None:
        return f"no official image of {suite} is known"
    pulled = not engine.succeeds("image", "inspect", base)
    try:
        if pulled:
            with Step(f"image: asking a registry for {base}") as step:
                why = pull(base)
                step.result = why or "pulled"
            if why:
                return why
        build(base, name, pulled=pulled)
    except Trouble as trouble:
        say(str(trouble))
        return f"{base} could not be used"
    return ""


def ensure(suite: str | None = None) -> str:
    """Make sure that the image is there, and return its name.

    Args:
        suite: for example bullseye; by default Ubuntu 22.04 from a registry, else the machine's own suite.

    Raises:
        Trouble: it could not be made; says what is needed.
    """
    release = Path("/etc/os-release")
    own = host_suite(release.read_text(encoding="utf-8")) if release.exists() else ""
    recipe = (RECIPE / "Dockerfile").read_bytes()
    choices = [suite] if suite else [TARGET, *([own] if own else [])]
    for choice in choices:
        name = tag(choice, recipe)
        if engine.succeeds("image", "inspect", name):
            say(f"image: {name} is here")
            return name
    first = choices[0]
    why = from_registry(first, tag(first, recipe))
    if not why:
        say(f"image: {OFFICIAL[first]} from a registry, with systemd added")
        return tag(first, recipe)
    bootstrapped = choices[-1]
    name = tag(bootstrapped, recipe)
    bootstrap(bootstrapped, own)
    build(f"{ROOTFS}:{bootstrapped}", name, pulled=False)
    say(f"image: {bootstrapped} from this machine's own apt sources, because {why}")
    return name


def remove_ours() -> list[str]:
    """Remove every image that this project made or pulled; returns what is still in use."""
    form = "{{.ID}} {{.Repository}}:{{.Tag}}"
    made = [line.split() for line in engine.lines("image", "ls", "--filter", f"label={LABEL}", "--format", form)]
    pulled_label = f'{{{{index .Config.Labels "{PULLED}"}}}}'
    pulled = {engine.docker("image", "inspect", "--format", pulled_label, image) for image, _ in made} - {""}
    roots = [line.split() for line in engine.lines("image", "ls", ROOTFS, "--format", form)]
    everything = [*made, *roots, *([name, name] for name in sorted(pulled))]
    # By name where there is one: an untagged parent goes with its last child.
    return [
        name
        for image, name in everything
        if not engine.succeeds("image", "rm", image if name.startswith("<") else name)
    ]


def cli() -> None:
    """Command-line entry."""
    engine.ensure()
    ensure(sys.argv[1] if len(sys.argv) > 1 else None)


if __name__ == "__main__":
    main(cli)
