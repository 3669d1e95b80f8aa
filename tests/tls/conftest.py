"""One copy of the converged server that speaks TLS, and what looks at it from outside."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import deploy, media
from tests.conftest import BUILD
from tests.site import Answer, basic
from tests.tls.certificates import NAME, Authority
from tests.variants import Variant, Variants
from tools import container

HSTS = 300
BOOK = Path(__file__).with_name("declare.yml")
INSTALL = "/usr/local/sbin/scrimbox-tls-install"


@dataclass
class Secured:
    """A variant with TLS."""

    variant: Variant

    def declare(self, **variables: object) -> str:
        """Deploy what of a server has to do with TLS and return what was said.

        Raises:
            RuntimeError: the deploy failed; holds its words.
        """
        done = deploy.play(
            BOOK, self.variant.name, **{"scrimbox_domain": NAME, "scrimbox_hsts_seconds": HSTS, **variables}
        )
        if done.returncode:
            raise RuntimeError(done.stdout[-4000:] + done.stderr[-2000:])
        return done.stdout

    def handshake(self, port: int, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Connect to a port of the server and shake hands, by default without asking who it is."""
        plain = socket.create_connection((container.LOOPBACK, self.variant.ports[port]), 10)
        return (context or careless()).wrap_socket(plain, server_hostname=NAME)

    def serial(self, port: int) -> str:
        """The serial number of the certificate that a port shows now, in hex."""
        with self.handshake(port) as connection:
            shown = connection.getpeercert(binary_form=True)
        assert shown is not None
        said = subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-noout", "-serial"], input=shown, capture_output=True, check=True
        )
        return said.stdout.decode().partition("=")[2].strip()

    def get(self, path: str, context: ssl.SSLContext | None = None, viewer: str = "alice") -> Answer:
        """Ask for a page over https, as a viewer with a password."""
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self.handshake(443, context)
        login = {"Authorization": basic(viewer, self.variant.credentials.viewer_passwords[viewer])}
        connection.request("GET", path, headers=login)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def trusting(self) -> ssl.SSLContext:
        """A client that trusts the server's own certificate and asks for its name."""
        shown = self.variant.read("/etc/scrimbox/tls/live/fullchain.pem").decode()
        return ssl.create_default_context(cadata=shown)

    def push(self, stream: str, seconds: float | None = None) -> media.Publisher:
        """Push the pattern over RTMPS."""
        host = f"{container.LOOPBACK}:{self.variant.ports[1936]}"
        url = f"rtmps://{host}/live/{self.variant.publish_name(stream)}"
        return media.Publisher(url, media.pattern(BUILD / "media", 150, scale=10), seconds=seconds)

    def state(self, stream: str) -> dict[str, Any]:
        """A stream's state document."""
        found: dict[str, Any] = json.loads(self.variant.read(f"/srv/streams/{stream}.json"))
        return found

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
        """Wait until something holds.

        Raises:
            AssertionError: it does not after so many seconds.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
            time.sleep(0.3)

    def wait_live(self, stream: str) -> None:
        """Wait until a stream is live."""
        self.wait_for(lambda: self.state(stream)["state"] == "live", f"{stream} is live")

    def put(self, path: Path) -> str:
        """Copy a file into the server and return where it is."""
        there = f"/root/{path.name}"
        subprocess.run(["docker", "cp", "-q", str(path), f"{self.variant.name}:{there}"], check=True)
        return there

    def process(self, service: str) -> str:
        """Which process a service is, and since when."""
        return self.variant.check(f"systemctl show scrimbox-{service} -p MainPID,ActiveEnterTimestampMonotonic")


def careless() -> ssl.SSLContext:
    """A client that does not ask who answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who issues the certificates of these tests."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def secured(variants: Variants) -> Iterator[Secured]:
    """A server with scrimbox_tls_mode selfsigned."""
    with variants.start("tls") as variant:
        server = Secured(variant)
        server.declare(scrimbox_tls_mode="selfsigned")
        yield server
