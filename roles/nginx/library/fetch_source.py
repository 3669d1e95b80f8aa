#!/usr/bin/python
"""Fetch a source archive from the first address that answers, and accept it only with its checksum."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]
from ansible.module_utils.urls import ConnectionError as UrlConnectionError  # type: ignore[import-untyped]
from ansible.module_utils.urls import open_url

DOCUMENTATION = r"""
---
module: fetch_source
short_description: Fetch a source archive from the first address that answers
description:
  - Tries the accepted versions in order, each with its archives, each archive with its addresses.
  - An address that does not answer is passed over and the reason is kept.
  - An archive with another checksum than the catalogue's stops everything; nothing is left on the disk.
options:
  name: {description: What is fetched; for messages., type: str, required: true}
  dest: {description: The file to write. Its folder exists., type: path, required: true}
  versions: {description: Accepted versions in order of preference., type: list, elements: str, required: true}
  catalogue:
    description:
      - For each version a list of archives C({sha256, file, urls}).
      - A url without a scheme is a path in the distribution's mirror.
    type: dict
    required: true
  mirrors: {description: Bases that hold the archives as C(file); tried first., type: list, elements: str, default: []}
  timeout: {description: Seconds to wait for an address., type: int, default: 10}
  advice: {description: What the operator can do when no address answers., type: str, default: ""}
author: Scrimbox
"""

EXAMPLES = r"""
- name: Fetch nginx
  fetch_source:
    name: nginx
    dest: /var/lib/build/nginx.tar
    versions: ["1.30.6"]
    catalogue:
      "1.30.6":
        - sha256: 3cf46f5ed7504d460125866b7bea99fb357f31d887e2e63b35503310e9b8b6c8
          file: nginx-1.30.6.tar.gz
          urls: ["https://nginx.org/download/nginx-1.30.6.tar.gz"]
"""

RETURN = r"""
version: {description: The version that was fetched., type: str, returned: success}
url: {description: The address that answered; empty in check mode., type: str, returned: success}
reasons: {description: Why the addresses before it were passed over., type: list, elements: str, returned: success}
"""

LARGEST = 32 * 1024 * 1024  # bytes; a source archive has 1 to 2 MB


class SourceError(Exception):
    """The archive cannot be had; the message is for the operator."""


def download(url: str, dest: Path, timeout: int) -> str:
    """Write what `url` serves to `dest` and return its sha256.

    Raises OSError, HTTPException or ansible's own ConnectionError when it cannot be had, ValueError for an impossible
    address, a cut answer or more than LARGEST bytes. `timeout` (seconds) holds for the connection and for every read.
    """
    digest = hashlib.sha256()
    size = 0
    opened = open_url(url, timeout=timeout, http_agent="scrimbox", decompress=False)
    with contextlib.closing(opened) as answer, dest.open("wb") as out:
        while block := answer.read(65536):
            size += len(block)
            if size > LARGEST:
                raise ValueError(f"more than {LARGEST} bytes")
            digest.update(block)
            out.write(block)
        announced = int(answer.headers.get("Content-Length", size))
    if size != announced:
        raise ValueError(f"the answer ended after {size} of {announced} bytes")
    return digest.hexdigest()


def addresses(archive: dict[str, Any], mirrors: list[str], distribution: list[str]) -> list[str]:
    """List the full addresses of an archive in the order in which they are tried."""
    found = [f"{base.rstrip('/')}/{archive['file']}" for base in mirrors]
    for url in archive["urls"]:
        bases = [""] if "://" in url else [base.rstrip("/") + "/" for base in distribution]
        found += [base + url for base in bases]
    return found


def fetch(params: dict[str, Any], distribution: list[str]) -> dict[str, Any]:
    """Fetch the first archive that an address serves, and return the module's result.

    `distribution` holds the base addresses of the target's own mirrors. Raises SourceError at the first wrong checksum
    or when no address is left; then nothing is left at `dest`.
    """
    name, dest, reasons = params["name"], Path(params["dest"]), []
    part = dest.with_name(dest.name + ".part")
    archives = [(version, archive) for version in params["versions"] for archive in params["catalogue"][version]]
    try:
        for version, archive in archives:
            for url in addresses(archive, params["mirrors"], distribution):
                try:
                    found = download(url, part, params["timeout"])
                except (OSError, ValueError, http.client.HTTPException, UrlConnectionError) as error:
                    reasons.append(f"{url}: {error}")
                    continue
                if found != archive["sha256"]:
                    raise SourceError(
                        f"{name}: {url} serves sha256 {found}, but the catalogue says {archive['sha256']}. Nothing was "
                        "installed. Either the address serves something else (a proxy's page?) or the archive was "
                        "tampered with: compare with the publisher's checksum before you change the catalogue."
                    )
                part.replace(dest)
                return {"changed": True, "version": version, "url": url, "reasons": reasons}
    finally:
        part.unlink(missing_ok=True)
    if not distribution:
        reasons.append("the distribution's mirror: apt names none over http or https")
    heading = f"{name} {' or '.join(params['versions'])} can be had from none of its addresses; nothing was installed."
    raise SourceError("\n".join([heading, *(f"- {reason}" for reason in reasons), params["advice"]]))


def distribution_mirrors(module: AnsibleModule) -> list[str]:
    """Ask apt for the base addresses of the target's own mirrors."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    _, out, _ = module.run_command(command)
    return [base for base in dict.fromkeys(out.split()) if base.startswith(("http://", "https://"))]


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "dest": {"type": "path", "required": True},
            "versions": {"type": "list", "elements": "str", "required": True},
            "catalogue": {"type": "dict", "required": True},
            "mirrors": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 10},
            "advice": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True, version=module.params["versions"][0], url="", reasons=[])
    try:
        result = fetch(module.params, distribution_mirrors(module))
    except SourceError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
