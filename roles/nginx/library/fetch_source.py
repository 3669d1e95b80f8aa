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
from ansible.module_utils.urls import open_url  # type: ignore[import-untyped]

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


class ChecksumError(Exception):
    """An address served an archive whose sha256 is not the catalogue's."""


class UnreachableError(Exception):
    """No address served the archive; the argument is the list of reasons."""


def download(url: str, dest: Path, timeout: int) -> str:
    """Write what `url` serves to `dest` and return its sha256.

    Raises OSError, HTTPException or ansible's own ConnectionError when it cannot be had, ValueError for an impossible
    address or more than LARGEST bytes.
    """
    digest = hashlib.sha256()
    size = 0
    with contextlib.closing(open_url(url, timeout=timeout, http_agent="scrimbox")) as answer, dest.open("wb") as out:
        while block := answer.read(65536):
            size += len(block)
            if size > LARGEST:
                raise ValueError(f"more than {LARGEST} bytes")
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def addresses(archive: dict[str, Any], mirrors: list[str], distribution: list[str]) -> list[str]:
    """List the full addresses of an archive in the order in which they are tried."""
    found = [f"{base.rstrip('/')}/{archive['file']}" for base in mirrors]
    for url in archive["urls"]:
        if "://" in url:
            found.append(url)
        else:
            found += [f"{base.rstrip('/')}/{url}" for base in distribution]
    return found


def fetch(
    archives: list[tuple[str, dict[str, Any]]], dest: Path, mirrors: list[str], distribution: list[str], timeout: int
) -> tuple[str, str, list[str]]:
    """Fetch the first archive that an address serves.

    Returns its version, the address and the reasons why earlier addresses were passed over. Raises ChecksumError at
    the first wrong checksum and UnreachableError when no address is left; then `dest` does not exist.
    """
    reasons: list[str] = []
    part = dest.with_name(dest.name + ".part")
    try:
        for version, archive in archives:
            for url in addresses(archive, mirrors, distribution):
                try:
                    found = download(url, part, timeout)
                except (OSError, ValueError, http.client.HTTPException, UrlConnectionError) as error:
                    reasons.append(f"{url}: {error}")
                    continue
                if found != archive["sha256"]:
                    raise ChecksumError(f"{url} serves sha256 {found}, the catalogue says {archive['sha256']}")
                part.replace(dest)
                return version, url, reasons
        raise UnreachableError(reasons)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def distribution_mirrors(module: AnsibleModule) -> tuple[list[str], str | None]:
    """Ask apt for the base addresses of the target's own mirrors; the second value says why there is none."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    code, out, err = module.run_command(command)
    bases = [base for base in dict.fromkeys(out.split()) if base.startswith(("http://", "https://"))]
    if code != 0 or not bases:
        return [], f"the distribution's mirror: apt names none over http ({err.strip() or 'is it set up?'})"
    return bases, None


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
    name, versions = module.params["name"], module.params["versions"]
    if module.check_mode:
        module.exit_json(changed=True, version=versions[0], url="", reasons=[])

    distribution, missing = distribution_mirrors(module)
    archives = [(version, archive) for version in versions for archive in module.params["catalogue"][version]]
    try:
        version, url, reasons = fetch(
            archives, Path(module.params["dest"]), module.params["mirrors"], distribution, module.params["timeout"]
        )
    except ChecksumError as error:
        module.fail_json(
            msg=f"{name}: {error}. Nothing was installed. Either the address serves something else (a proxy's page?) "
            "or the archive was tampered with: compare with the publisher's checksum before you change the catalogue."
        )
    except UnreachableError as error:
        reasons = error.args[0] + ([missing] if missing else [])
        module.fail_json(
            msg="\n".join(
                [f"{name} {' or '.join(versions)} can be had from none of its addresses; nothing was installed."]
                + [f"- {reason}" for reason in reasons]
                + [module.params["advice"]]
            ),
            reasons=reasons,
        )
    module.exit_json(changed=True, version=version, url=url, reasons=reasons)


if __name__ == "__main__":
    main()
