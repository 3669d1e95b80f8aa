"""A second nginx of the same binary beside the server's own, with a configuration that holds nothing of Scrimbox."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench import processes
from tests.variants import File, Variant

UNIT = "scrimbox-bench"
STATE = f"/var/lib/{UNIT}"
"""Where it may write: on the disk on which the server records."""
_FILE = f"/etc/{UNIT}.conf"
_HEAD = "daemon off;\nerror_log stderr;\npid nginx.pid;\n"


@contextlib.contextmanager
def nginx(server: Variant, user: str, configuration: str, *properties: str) -> Iterator[list[int]]:
    """Run it, and take it away with all that it wrote.

    Args:
        server: where.
        user: the account whose files it may read.
        configuration: all but where it logs.
        properties: further ones of its unit.

    Yields:
        its processes.
    """
    binary = "/opt/scrimbox/nginx/current/sbin/nginx"
    granted = [f"User={user}", f"RuntimeDirectory={UNIT}", f"StateDirectory={UNIT}", "LimitNOFILE=8192", *properties]
    options = " ".join(f"-p {one}" for one in granted)
    server.write(_FILE, File(_HEAD + configuration))
    try:
        server.check(f"systemd-run -q --unit={UNIT} --service-type=exec {options} {binary} -p /run/{UNIT}/ -c {_FILE}")
        server.check(f"for i in $(seq 100); do [ -s /run/{UNIT}/nginx.pid ] && exit; sleep 0.1; done; exit 1")
        yield processes.of_unit(server, UNIT)
    finally:
        server.run(f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}; rm -rf {_FILE} {STATE}")
