"""What every ring shares: where the converged server is, its secrets, and its journal when something fails."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.site import Site
from tests.variants import SERVICES, Variants

if TYPE_CHECKING:
    from testinfra.host import Host

PROJECT = Path(__file__).resolve().parents[1]
BUILD = PROJECT / "build" / "test"
ARTEFACTS = PROJECT / "artefacts"
INSTANCE = os.environ.get("SCRIMBOX_INSTANCE", "scrimbox-default")
"""The container of the converged server; by another name, clones of it can be tested side by side."""
RINGS = ("unit", "render", "system", "tls", "e2e", "attacks", "faults")


def pytest_configure(config: pytest.Config) -> None:
    """Name our markers and keep JUnit's folder."""
    config.addinivalue_line("markers", "slow: takes more than half a minute; `make test-all` only")
    config.addinivalue_line("markers", "fault(scenario): what has to have happened, see tests/faults")
    ARTEFACTS.mkdir(exist_ok=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the quick rings first, and leave out what is slow, unless SCRIMBOX_SLOW=yes."""
    items.sort(key=lambda item: next((i for i, ring in enumerate(RINGS) if f"/tests/{ring}/" in str(item.path)), 0))
    if os.environ.get("SCRIMBOX_SLOW") == "yes":
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@dataclass(frozen=True)
class Credentials:
    """The secrets of the converged server, as the controller keeps them."""

    publish_keys: dict[str, str] = field(repr=False)
    viewer_passwords: dict[str, str] = field(repr=False)
    viewer_tokens: dict[str, str] = field(repr=False)

    def all(self) -> list[str]:
        """Every secret in it."""
        return [*self.publish_keys.values(), *self.viewer_passwords.values(), *self.viewer_tokens.values()]


def read_credentials() -> Credentials:
    """Read the secrets file as it is now."""
    stored = yaml.safe_load((BUILD / "credentials.yml").read_text())
    # The container may have been converged before there were tokens.
    return Credentials(stored["publish_keys"], stored["viewer_passwords"], stored.get("viewer_tokens", {}))


def published(port: int) -> tuple[str, int]:
    """Where on this machine a port of the server can be reached."""
    shown = subprocess.run(["docker", "port", INSTANCE, f"{port}/tcp"], capture_output=True, text=True, check=True)
    host, _, number = shown.stdout.split()[0].rpartition(":")
    return host, int(number)


@pytest.fixture(scope="session")
def server() -> Host:
    """The converged server, reached straight through the engine."""
    import testinfra  # noqa: PLC0415  (unit tests come without it)

    running = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Running}}", INSTANCE], capture_output=True, check=False
    )
    if running.stdout.strip() != b"true":
        pytest.exit(f"There is no running container {INSTANCE}. Run: molecule converge", returncode=2)
    return testinfra.get_host(f"docker://{INSTANCE}")


@pytest.fixture(scope="session")
def credentials() -> Credentials:
    """The secrets of the converged server."""
    return read_credentials()


@pytest.fixture(scope="session")
def rtmp_address(server: Host) -> tuple[str, int]:
    """Where publishers push to."""
    return published(1935)


@pytest.fixture(scope="session")
def publish_url(rtmp_address: tuple[str, int], credentials: Credentials) -> Callable[[str], str]:
    """The address for a stream id, with its key."""
    host, port = rtmp_address
    return lambda stream: f"rtmp://{host}:{port}/live/{stream}?key={credentials.publish_keys[stream]}"


@pytest.fixture(scope="session")
def nobody(server: Host) -> Site:
    """The site without a login."""
    return Site(*published(80))


@pytest.fixture(scope="session")
def alice(nobody: Site, credentials: Credentials) -> Site:
    """The site with Alice's password."""
    return Site(nobody.host, nobody.port, ("alice", credentials.viewer_passwords["alice"]))


@pytest.fixture(scope="session")
def bob(nobody: Site, credentials: Credentials) -> Site:
    """The site with Bob's password."""
    return Site(nobody.host, nobody.port, ("bob", credentials.viewer_passwords["bob"]))


@pytest.fixture(scope="session")
def variants(server: Host, credentials: Credentials) -> Iterator[Variants]:
    """Servers like the converged one, for what would spoil it."""
    makers = Variants(INSTANCE, credentials, BUILD / "credentials.yml")
    yield makers
    makers.close()


# ----------------------------------------------------------------------------------------- when something fails


def masked(text: str) -> str:
    """Blot out secrets and everything that looks like one."""
    if (BUILD / "credentials.yml").exists():
        for secret in read_credentials().all():
            text = text.replace(secret, "<secret>")
    text = re.sub(r"\b[0-9a-f]{32,}\b", "<hex>", text)
    return re.sub(r"\$6\$\S+", "<hash>", text)


def _in_container(command: str) -> str:
    shown = subprocess.run(
        ["docker", "exec", INSTANCE, "sh", "-c", command], capture_output=True, check=False, timeout=30
    )
    return masked((shown.stdout + shown.stderr).decode(errors="replace"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Put the services' last words under the report of a failed test on the server."""
    report: Any = yield
    if report.failed and "variants" in getattr(item, "funcargs", ()):
        for variant in item.funcargs["variants"].running:  # type: ignore[attr-defined]
            report.sections.append((f"journal of {variant.name}", masked(variant.journal("-5min", "-n 80"))))
    elif report.failed and "server" in getattr(item, "fixturenames", ()):
        units = " ".join(f"-u scrimbox-{service}" for service in SERVICES)
        report.sections.append(
            ("journal of the server", _in_container(f"journalctl --no-pager -o short-iso -n 60 {units}"))
        )
        for service in ("ingest", "auth", "write", "web"):
            # Not by `nginx -T`: as root it gives the service's folders away, and notes are answered 500 from then on.
            (ARTEFACTS / f"nginx-{service}.txt").write_text(_in_container(f"cat /etc/scrimbox/{service}/nginx.conf"))
        (ARTEFACTS / "journal.txt").write_text(_in_container("journalctl --no-pager -o short-iso -b"))
    return report
