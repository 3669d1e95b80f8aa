"""Certificates as an operator would bring them, made with openssl on this machine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "vod.example.com"
"""What the server is called in these tests."""


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key as files on this machine."""

    chain: Path
    key: Path

    @property
    def serial(self) -> str:
        """Its serial number in hex."""
        return openssl("x509", "-in", str(self.chain), "-noout", "-serial").partition("=")[2].strip()


def openssl(*arguments: str) -> str:
    """Run openssl and return what it printed."""
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True).stdout


class Authority:
    """Issues certificates, directly under its root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.root = folder / "root.pem"
        self._key = folder / "root.key"
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"),
            *("-subj", "/CN=Test root", "-keyout", str(self._key), "-out", str(self.root)),
        )

    def issue(self, label: str, name: str = NAME, days: int = 60, bits: int = 0) -> Certificate:
        """Issue a certificate for a host name, its issuer's after it.

        Args:
            label: what its files are called.
            name: the host name.
            days: how long it holds from now on; negative: so long ago it began, and it has ended.
            bits: length of an RSA key; 0: elliptic.
        """
        paths = {ending: self._folder / f"{label}.{ending}" for ending in ("key", "csr", "crt", "pem", "ext")}
        kind = ["rsa", "-pkeyopt", f"rsa_keygen_bits:{bits}"] if bits else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl(
            *("req", "-new", "-newkey", *kind, "-nodes", "-subj", f"/CN={label}"),
            *("-keyout", str(paths["key"]), "-out", str(paths["csr"])),
        )
        paths["ext"].write_text(f"subjectAltName = DNS:{name}\n")
        openssl(
            *("x509", "-req", "-in", str(paths["csr"]), "-CA", str(self.root), "-CAkey", str(self._key)),
            *("-CAcreateserial", "-days", str(days), "-extfile", str(paths["ext"]), "-out", str(paths["crt"])),
        )
        paths["pem"].write_text(paths["crt"].read_text() + self.root.read_text())
        return Certificate(paths["pem"], paths["key"])
