#!/usr/bin/python
"""Ansible module for the controller: can the choices about TLS be carried out, and does the certificate fit?"""

from __future__ import annotations

import datetime
import ipaddress
import itertools
import re
from collections.abc import Mapping

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: preflight_tls
short_description: Checks the choices about TLS and ports, and a certificate of the operator's
description: Reads only. Returns the problems that it finds, for preflight to say together with its own.
author: The Scrimbox authors
options:
  choices: {type: dict, required: true, description: The choices, see CHOICES}
  certificate: {type: str, required: true, description: The certificate with those of its issuers (PEM, mode files)}
  key: {type: str, required: true, description: Its private key (PEM, mode files)}
"""
CHOICES = {
    "mode": "scrimbox_tls_mode",
    "host": "scrimbox_domain",
    "http_port": "scrimbox_http_port",
    "https_port": "scrimbox_https_port",
    "rtmp_port": "scrimbox_rtmp_port",
    "rtmps_port": "scrimbox_rtmps_port",
    "hsts_seconds": "scrimbox_hsts_seconds",
    "certificate_file": "scrimbox_tls_certificate",
    "key_file": "scrimbox_tls_key",
    "acme_email": "scrimbox_acme_email",
    "acme_directory": "scrimbox_acme_directory",
}
"""The choices by key, as the operator calls them."""
MODES = ("off", "selfsigned", "files", "acme")
MAY_BE_CLOSED = ("rtmp_port", "rtmps_port")
INNER_PORTS = {1937: "ingest (behind RTMPS)", 8935: "the auth service"}
HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.I)
EMAIL = re.compile(r"[^\s@,]+@[^\s@,]+")
DIRECTORY = re.compile(r"https://[^\s/]+/\S*")
LONGEST_HSTS = 63_072_000


def is_address(host: str) -> bool:
    """Whether a host is written as an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def port_problems(choices: Mapping[str, str]) -> list[str]:
    """Say which ports cannot be used, alone or together."""
    tls = choices["mode"] != "off"
    found, taken = [], dict(INNER_PORTS)
    for key in ("http_port", "rtmp_port", *(("https_port", "rtmps_port") if tls else ())):
        name, value = CHOICES[key], choices[key]
        least = 0 if key in MAY_BE_CLOSED else 1
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= 65535:
            closed = ", 0 for none" if key in MAY_BE_CLOSED else ""
            found.append(f"{name} is {value!r}; allowed is a TCP port, 1 to 65535{closed}.")
        elif int(value) in taken:
            found.append(f"{name} is {value}, but {taken[int(value)]} has that port already. Choose another one.")
        elif int(value):
            taken[int(value)] = name
    if choices["rtmp_port"] == "0" and (not tls or choices["rtmps_port"] == "0"):
        found.append(
            "scrimbox_rtmp_port is 0 and there is no RTMPS: nobody could publish. "
            "Set scrimbox_rtmp_port to 1935, or scrimbox_tls_mode and scrimbox_rtmps_port as well."
        )
    return found


def acme_problems(choices: Mapping[str, str]) -> list[str]:
    """Say why an authority would issue no certificate."""
    found = []
    host, email, directory = choices["host"], choices["acme_email"], choices["acme_directory"]
    if is_address(host) or "." not in host:
        found.append(
            f"scrimbox_tls_mode is acme, but the server's public name is {host!r}; an authority wants a DNS name that "
            "leads here, such as vod.example.com. Set scrimbox_domain, or scrimbox_tls_mode to selfsigned."
        )
    if choices["http_port"] != "80":
        found.append(
            f"scrimbox_http_port is {choices['http_port']}; with scrimbox_tls_mode acme only 80 is allowed: "
            "the authority asks there."
        )
    if email and not EMAIL.fullmatch(email):
        found.append(f"scrimbox_acme_email is {email!r}; allowed is one address such as you@example.com, or nothing.")
    if directory and not DIRECTORY.fullmatch(directory):
        found.append(f"scrimbox_acme_directory is {directory!r}; allowed is an https address, or nothing.")
    return found


def certificate_problems(choices: Mapping[str, str], certificate: str, key: str, now: datetime.datetime) -> list[str]:
    """Say what is wrong with a certificate (PEM, the server's first), given its key and the time in UTC."""
    from cryptography import x509  # noqa: PLC0415  (Ansible brings it; only this mode needs it)

    where, place = CHOICES["certificate_file"], choices["certificate_file"]
    if not certificate.strip():
        return [f"{where} is {place!r}; that file does not exist or is empty. Name the PEM file with your certificate."]
    try:
        chain = x509.load_pem_x509_certificates(certificate.encode())
    except ValueError as error:
        return [f"{where}: {place} holds no certificate that can be read ({error}); allowed is PEM text."]
    first = chain[0]
    begins, ends = (moment(first, name) for name in ("not_valid_before", "not_valid_after"))
    found = key_problems(choices, key, first)
    if now < begins or now >= ends:
        found.append(f"{where}: {place} holds from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}, not today. Have it renewed.")
    names = names_of(first)
    if not fits(choices["host"], names):
        said = ", ".join(names) or "nobody"
        found.append(
            f"{where}: {place} is made out to {said}, not to {choices['host']}. Take the certificate of that name, "
            "or correct scrimbox_domain."
        )
    for number, (lower, upper) in enumerate(itertools.pairwise(chain), 1):
        if lower.issuer != upper.subject:
            found.append(
                f"{where}: certificate {number} in {place} is not issued by the one that follows it. "
                "The server's own comes first, then its issuer's, and so on."
            )
    return found


def moment(certificate: object, name: str) -> datetime.datetime:
    """One end of a certificate's time, in UTC; older versions of cryptography do not say the zone."""
    aware = getattr(certificate, f"{name}_utc", None)
    return aware or getattr(certificate, name).replace(tzinfo=datetime.timezone.utc)


def key_problems(choices: Mapping[str, str], key: str, certificate: object) -> list[str]:
    """Say what is wrong with the private key of a certificate, without showing it."""
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

    where, place = CHOICES["key_file"], choices["key_file"]
    if not key.strip():
        return [f"{where} is {place!r}; that file does not exist or is empty. Name the PEM file with the key."]
    try:
        public = form.load_pem_private_key(key.encode(), password=None).public_key()
    except (ValueError, TypeError):
        return [f"{where}: {place} holds no private key that can be read; allowed is PEM text without a passphrase."]
    shape = form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo
    if public.public_bytes(*shape) == certificate.public_key().public_bytes(*shape):
        return []
    return [f"{where}: {place} is not the key of {choices['certificate_file']}. Take the two that belong together."]


def names_of(certificate: object) -> list[str]:
    """The host names and addresses that a certificate is made out to."""
    from cryptography import x509  # noqa: PLC0415

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def fits(host: str, names: list[str]) -> bool:
    """Whether a certificate made out to these names is one for a host; a star stands for one whole label."""
    if is_address(host):
        return str(ipaddress.ip_address(host)) in names
    wanted = host.lower().rstrip(".")
    return any(name.lower() in (wanted, "*." + wanted.partition(".")[2]) for name in names)


def problems_of(choices: Mapping[str, str], certificate: str, key: str, now: datetime.datetime) -> list[str]:
    """Every problem with the choices and the certificate."""
    mode = choices["mode"]
    if mode not in MODES:
        return [f"scrimbox_tls_mode is {mode!r}; allowed is {', '.join(MODES)}."]
    found = port_problems(choices)
    hsts = choices["hsts_seconds"]
    if not hsts.isascii() or not hsts.isdigit() or int(hsts) > LONGEST_HSTS:
        found.append(f"scrimbox_hsts_seconds is {hsts!r}; allowed is 0 to {LONGEST_HSTS} seconds.")
    if mode != "off" and not is_address(choices["host"]) and not HOST.fullmatch(choices["host"]):
        found.append(f"The server's public name is {choices['host']!r}, which is no host name. Set scrimbox_domain.")
    if mode == "acme":
        found += acme_problems(choices)
    if mode == "files":
        found += certificate_problems(choices, certificate, key, now)
    return found


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "choices": {"type": "dict", "required": True},
            "certificate": {"type": "str", "required": True},
            "key": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    choices = {key: str(module.params["choices"].get(key, "")) for key in CHOICES}
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    problems = problems_of(choices, module.params["certificate"], module.params["key"], now)
    module.exit_json(changed=False, problems=problems)


if __name__ == "__main__":
    main()
