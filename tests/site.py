"""A client for the site that sends what it is told, without a browser's good manners."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def cookie(self) -> str:
        """`NAME=VALUE` of the cookie that was set, or nothing."""
        return str(self.headers.get("Set-Cookie", "")).partition(";")[0]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Site:
    """One web site on a published port, seen by one viewer or by nobody."""

    host: str
    port: int
    login: tuple[str, str] | None = field(default=None, repr=False)
    cookie: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The address without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def url_with_login(self) -> str:
        """The address for players such as VLC, which take the login in it."""
        assert self.login is not None
        return f"http://{self.login[0]}:{self.login[1]}@{self.host}:{self.port}"

    def get(self, path: str, headers: dict[str, str] | None = None, *, method: str = "GET", body: str = "") -> Answer:
        """Ask for a path, which goes out as it stands."""
        sent = dict(headers or {})
        if self.login is not None:
            sent.setdefault("Authorization", basic(*self.login))
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def raw(self, request: bytes, timeout: float = 5.0) -> bytes:
        """Send bytes and return whatever comes back until the server closes or `timeout` seconds pass."""
        received = b""
        with socket.create_connection((self.host, self.port), timeout) as connection:
            connection.sendall(request)
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except (TimeoutError, ConnectionResetError):
                pass
        return received


def basic(name: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
