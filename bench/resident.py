"""What the services of a server hold in memory, measured every ten seconds from within."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from tests.variants import Variant

EVERY_S = 10

# A service's own processes: the one that systemd started and, of the same program, those that this one started.
_LOOP = """
while :; do
  for service in {services}; do
    main=$(systemctl show -p MainPID --value scrimbox-$service)
    name=$(cat /proc/$main/comm)
    total=0
    for pid in $main $(cat /proc/$main/task/$main/children); do
      [ "$(cat /proc/$pid/comm 2>/dev/null)" = "$name" ] || continue
      kb=$(awk '$1 == "VmRSS:" {{print $2}}' /proc/$pid/status 2>/dev/null)
      total=$((total + ${{kb:-0}}))
    done
    echo "$(date +%s) $service $main $total"
  done
  sleep {every}
done
"""


@dataclass(frozen=True)
class Sample:
    """One look: epoch seconds, the service, its main process, MB (10^6 bytes) resident."""

    time: float
    service: str
    pid: int
    mb: float


class Resident:
    """Watches services of a server that is thrown away afterwards, in the background."""

    def __init__(self, server: Variant, services: Sequence[str]) -> None:
        """Begin."""
        loop = _LOOP.format(services=" ".join(services), every=EVERY_S)
        command = ["docker", "exec", server.name, "sh", "-c", loop]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.samples: list[Sample] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            time, service, pid, kilobytes = line.split()
            self.samples.append(Sample(int(time), service, int(pid), int(kilobytes) * 1024 / 1e6))

    def of(self, service: str) -> list[Sample]:
        """What was seen of one service."""
        return [sample for sample in self.samples if sample.service == service]

    def close(self) -> None:
        """Look no more."""
        self._process.kill()
        self._process.wait()
        self._reader.join(5)
