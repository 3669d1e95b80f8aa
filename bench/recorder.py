"""What the recorder costs: processor time by the number of replays and of live segments.

Usage: python -m bench.recorder
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "roles/recorder/files"), str(ROOT / "tests/unit/recorder")]

from recorder_yard import EPOCH, Yard  # noqa: E402
from scrimbox_recorder.names import file_name, iso  # noqa: E402

REPLAYS = (0, 100, 1000, 5000)
SEGMENTS = (100, 7200, 14400)
HOUR = 3600


def processor_ms(work: Callable[[], object], times: int) -> float:
    """Processor time of one call in milliseconds, the mean of several."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1000


def add_replays(yard: Yard, count: int) -> None:
    """Finished replays of three hours as the finalizer leaves them, with the clock points of an uneven drift."""
    for number in range(count):
        began = EPOCH - (count - number) * 4 * HOUR
        file = file_name("cup", began)
        clock = [[60.0 * minute, iso(began + 60 * minute)] for minute in range(0, 180, 9)]
        part = {"source": f"cup-{began}.flv", "started": iso(began), "offset": 0, "duration": 10800, "clock": clock}
        names = {"playlist": f"{file}.m3u8", "poster": f"{file}.jpg", "thumbnails": f"{file}.vtt"}
        sidecar = {"id": "cup", "title": "The cup", "file": file, "started": iso(began), "duration": 10800.0}
        sidecar |= {"size": 8_000_000_000, "parts": [part], "group": "", "match": "", "video": {}, **names}
        (yard.config.recordings / f"{file}.json").write_text(json.dumps(sidecar), encoding="utf-8")
        (yard.config.recordings / f"{file}.mp4").touch()


def passes(folder: Path, count: int) -> tuple[float, float, float]:
    """Milliseconds of the first pass, of an idle one, and of one after a replay has been added."""
    yard = Yard(folder)
    add_replays(yard, count)
    first = processor_ms(yard.recorder.run, 1)
    yard.later(6)
    idle = processor_ms(yard.recorder.run, 300)
    (yard.config.recordings / f"{file_name('cup', EPOCH)}.mp4").touch()
    changed = processor_ms(yard.recorder.run, 1)
    return first, idle, changed


def live(folder: Path, count: int) -> float:
    """Milliseconds of a pass while a stream with so many segments is live and lists another one."""
    yard = Yard(folder)
    name = yard.publish()
    playlist = yard.config.hls / "cup.m3u8"
    yard.segment()
    lines = [f"#EXTINF:1.000,\ncup-{EPOCH * 1000 + 1000 * number}.ts\n" for number in range(1, count)]
    playlist.write_text(playlist.read_text(encoding="ascii") + "".join(lines), encoding="ascii")
    yard.later(6)

    def go_on() -> float:
        yard.now += 1.5
        yard.send(name, b"")
        yard.segment()
        return processor_ms(yard.recorder.run, 1)

    return sum(go_on() for _ in range(50)) / 50


def main() -> None:
    """Print the tables."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        print("replays   first pass   idle pass   pass after a change   (processor time, ms)")
        for count in REPLAYS:
            first, idle, changed = passes(folder / f"replays-{count}", count)
            print(f"{count:7} {first:12.1f} {idle:11.3f} {changed:21.1f}")
        print("\nlive segments   pass with a new one (processor time, ms)")
        for count in SEGMENTS:
            print(f"{count:13} {live(folder / f'segments-{count}', count):8.2f}")


if __name__ == "__main__":
    main()
