"""What somebody with bad intentions would try, against the converged server and servers like it."""

from __future__ import annotations

from collections.abc import Callable


def processes(run: Callable[[str], str], *services: str) -> str:
    """The processes of services, and how often systemd restarted these: the same as before if nothing crashed.

    Args:
        run: runs a shell command on the server and returns its output.
        services: names without `scrimbox-`.
    """
    units = " ".join(f"scrimbox-{service}.service" for service in services)
    wanted = "|".join(services)
    of_units = f"grep -lsE '/scrimbox-({wanted}).service$' /proc/[0-9]*/cgroup | sort"
    found = run(f"systemctl show -p Id -p MainPID -p NRestarts {units}; {of_units}")
    assert found.count("/proc/") >= len(services), found
    return found
