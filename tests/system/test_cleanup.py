"""The cron entry, run now: what is too old goes and is logged, everything else stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host

DAY = 86400
OLD, YOUNG = "delta-20200101T000000Z", "delta-20200102T000000Z"


def test_old_replays_go_and_young_set_aside_and_unknown_files_stay(server: Host) -> None:
    folder = "/srv/recordings"
    now = int(time.time())
    kept = [f"{folder}/{YOUNG}.mp4", f"{folder}/{YOUNG}.json", f"{folder}/set-aside/{OLD}.flv", f"{folder}/notes.txt"]
    gone = [f"{folder}/{OLD}.mp4", f"{folder}/{OLD}.json"]
    for path in [*kept, *gone]:
        age = (20 if path in kept[:2] else 40) * DAY
        server.check_output(f"echo {{}} >{path} && chown scrimbox-ingest {path} && touch -d @{now - age} {path}")
    try:
        # Exactly as cron does, with its user, shell and path.
        server.check_output(
            "entry=$(grep -E '^[0-9*]' /etc/cron.d/scrimbox | head -1); set -f; set -- $entry; user=$6; shift 6;"
            ' runuser -u "$user" -- env -i PATH=/usr/local/bin:/usr/bin:/bin sh -c "$*"'
        )
        assert [path for path in gone if server.file(path).exists] == []
        assert [path for path in kept if not server.file(path).exists] == []
        assert f"removed {folder}/{OLD}.mp4" in server.check_output("journalctl --no-pager -o cat -t scrimbox-cleanup")
    finally:
        server.check_output(f"rm -f {' '.join([*kept, *gone])}")
