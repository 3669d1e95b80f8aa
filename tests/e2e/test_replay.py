"""After the end: the replay is what was pushed, and no moment was without a picture."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING

import m3u8
import pytest

from tests import media
from tests.conftest import Credentials
from tests.e2e.conftest import STREAM, TWIN, Ended, Live
from tests.site import Site

if TYPE_CHECKING:
    from testinfra.host import Host

SYNC = 0.040
"""A flash and its beep may be this far apart, in seconds."""


def replay(ended: Ended) -> dict[str, object]:
    """The newest replay in the state document."""
    newest: dict[str, object] = ended.document["replays"][0]
    return newest


def test_the_states_follow_one_another_as_designed(live: Live, ended: Ended) -> None:
    assert ended.document
    assert live.course.states in (["live", "interrupted", "processing", "replay"], ["live", "interrupted", "replay"])


def test_states_are_true_within_five_seconds_of_their_rule(live: Live, ended: Ended) -> None:
    """Interrupted after 10 s without data, over after the grace period, which is 15 s here."""
    assert 10 - 1 < live.course.since("interrupted") - ended.stopped < 10 + 5
    assert 15 - 1 < live.course.since("processing", "replay") - ended.stopped < 15 + 5


def test_at_no_moment_nothing_could_be_played(live: Live, ended: Ended) -> None:
    assert ended.document
    gaps = [(m.time - live.started, m.document["state"], m.playable, m.answer) for m in live.course.session]
    assert len(gaps) > 50
    assert [gap for gap in gaps if gap[3] != 200] == []


def test_the_live_playlist_adds_up_to_what_was_pushed(ended: Ended) -> None:
    total = sum(segment.duration for segment in ended.live_playlist.segments)
    assert total == pytest.approx(ended.pushed.seconds, abs=media.GOP_SECONDS)


def test_live_carried_every_frame(ended: Ended) -> None:
    numbers = [frame.number for frame in media.frames(ended.live_copy)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= ended.pushed.frames - media.FPS * media.GOP_SECONDS


def test_the_replay_is_as_long_as_the_push(ended: Ended) -> None:
    found = media.durations(ended.mp4)
    for length in (found["format"], found["video"], found["audio"], replay(ended)["duration"]):
        assert length == pytest.approx(ended.pushed.seconds, abs=media.GOP_SECONDS)


def test_the_replay_has_every_frame_from_the_first(ended: Ended) -> None:
    numbers = [frame.number for frame in media.frames(ended.mp4)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= ended.pushed.frames - 2


def test_the_replay_starts_without_its_end(ended: Ended) -> None:
    kinds = media.boxes(ended.mp4)
    assert kinds[0] == "ftyp"
    assert kinds.index("moov") < kinds.index("mdat")


def test_picture_and_sound_are_together_live(ended: Ended) -> None:
    assert media.worst_offset(ended.live_copy) < SYNC


def test_picture_and_sound_are_together_in_the_replay(ended: Ended) -> None:
    assert media.worst_offset(ended.mp4) < SYNC


def test_the_state_document_describes_the_replay(ended: Ended, live: Live) -> None:
    found = ended.document["replays"][0]
    assert ended.document["live"] is None
    files = {"file", "url", "playlist", "poster", "thumbnails", "review"}
    told = files | {"title", "started", "duration", "size", "parts", "alignment_ms"}
    assert set(found) == told
    assert re.fullmatch(rf"{STREAM}-\d{{8}}T\d{{6}}Z", found["file"])
    assert found["url"] == f"/vod/recordings/{found['file']}.mp4"
    assert found["playlist"] == f"/vod/recordings/{found['file']}.m3u8"
    assert found["size"] == ended.mp4.stat().st_size
    (part,) = found["parts"]
    assert set(part) == {"started", "offset", "duration", "clock"}
    assert part["offset"] == 0
    assert part["started"] == found["started"]
    assert part["clock"]
    assert live.started


def test_the_wall_clock_of_the_replay_is_right(ended: Ended, live: Live) -> None:
    """The first frame left this machine, whose clock the server shares, when the push began."""
    part = ended.document["replays"][0]["parts"][0]
    started = datetime.fromisoformat(part["started"].replace("Z", "+00:00")).timestamp()
    assert 0 <= started - live.started < 2
    first, *_ = part["clock"]
    assert datetime.fromisoformat(first[1].replace("Z", "+00:00")).timestamp() - first[0] == pytest.approx(
        started, abs=0.1
    )


def test_recordings_have_ranges_a_type_and_may_be_kept(ended: Ended, alice_cookie: Site) -> None:
    url = str(replay(ended)["url"])
    answer = alice_cookie.get(url, {"Range": "bytes=100-199"})
    assert answer.status == 206
    assert answer.body == ended.mp4.read_bytes()[100:200]
    assert answer.headers["Content-Range"] == f"bytes 100-199/{ended.mp4.stat().st_size}"
    assert answer.headers.get_content_type() == "video/mp4"
    assert "immutable" in answer.headers["Cache-Control"]
    assert alice_cookie.get(url, {"Range": f"bytes={10**12}-"}).status == 416
    assert alice_cookie.get(url, method="HEAD").headers["Accept-Ranges"] == "bytes"


def test_the_other_door_shows_every_frame_too_and_begins_with_the_wall_clock(ended: Ended, alice_cookie: Site) -> None:
    found = ended.document["replays"][0]
    answer = alice_cookie.get(found["playlist"])
    assert answer.headers.get_content_type() == "application/vnd.apple.mpegurl"
    folder = ended.mp4.parent / "doors"
    folder.mkdir(exist_ok=True)
    (folder / f"{found['file']}.mp4").write_bytes(ended.mp4.read_bytes())
    copy = folder / f"{found['file']}.m3u8"
    copy.write_bytes(answer.body)
    playlist = m3u8.loads(answer.text)
    assert playlist.is_endlist
    assert playlist.segments[0].program_date_time == datetime.fromisoformat(found["started"].replace("Z", "+00:00"))
    assert {segment.uri for segment in playlist.segments} == {f"{found['file']}.mp4"}
    assert [frame.number for frame in media.frames(copy)] == [frame.number for frame in media.frames(ended.mp4)]
    assert media.worst_offset(copy) < SYNC


def test_the_playlist_of_a_replay_travels_compressed_and_may_be_kept(ended: Ended, alice_cookie: Site) -> None:
    answer = alice_cookie.get(str(replay(ended)["playlist"]), {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_replay_gets_a_poster_and_thumbnails_that_show_their_moment(ended: Ended, alice_cookie: Site) -> None:
    deadline = time.monotonic() + 60
    while not (found := alice_cookie.get(f"/streams/{STREAM}.json").json()["replays"][0])["thumbnails"]:
        assert time.monotonic() < deadline, found
        time.sleep(1)
    poster = alice_cookie.get(found["poster"])
    assert (poster.status, poster.headers.get_content_type()) == (200, "image/jpeg")
    listing = alice_cookie.get(found["thumbnails"])
    assert listing.headers.get_content_type() == "text/vtt"
    cues = re.findall(r"(\d+):(\d+):([\d.]+) --> .*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)", listing.text)
    assert len(cues) == pytest.approx(found["duration"] / 2, abs=2)
    sheet = ended.mp4.parent / "sheet.jpg"
    sheet.write_bytes(alice_cookie.get(f"/vod/recordings/{cues[0][3]}").body)
    for hours, minutes, seconds, _, x, y, width, height in cues[:90]:
        second = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        number = media.frames(sheet, crop=f"{width}:{height}:{x}:{y}")[0].number
        assert number / media.FPS == pytest.approx(second, abs=0.2)


def test_a_dead_stream_is_not_served_as_live(ended: Ended, alice_cookie: Site) -> None:
    assert ended.document["state"] == "replay"
    answer = alice_cookie.get(f"/hls/{STREAM}.m3u8")
    assert answer.status == 404


def test_the_closed_playlist_says_that_it_is_closed_and_holds_it_all(live: Live, ended: Ended) -> None:
    closed = [m.document["live"]["playlist"] for m in live.course.session if m.document["state"] == "processing"]
    if not closed:
        pytest.skip("the replay was ready before anybody could see the closed playlist")
    assert re.fullmatch(rf"/hls/{STREAM}\.\d{{8}}T\d{{6}}Z\.m3u8", closed[0])
    assert set(closed) == {closed[0]}
    assert ended.live_playlist.segments


def test_nothing_raw_is_left_and_the_replay_is_private(server: Host, ended: Ended) -> None:
    left = server.check_output("find /srv/recordings/incoming /srv/recordings/finalizing -mindepth 1").splitlines()
    assert [name for name in left if re.search(rf"/{STREAM}-\d{{8,}}", name)] == []
    file = server.file(f"/srv/recordings/{replay(ended)['url'].rpartition('/')[2]}")  # type: ignore[attr-defined]
    assert (file.user, file.group, file.mode) == ("scrimbox-ingest", "scrimbox-web", 0o640)


def test_segments_go_once_no_playlist_lists_them(server: Host, ended: Ended) -> None:
    """The twin's session ended long before: its closed playlist has had its time, and two sweeps have passed."""
    assert ended.twin_document["state"] == "replay"
    deadline = time.monotonic() + 100
    while left := server.check_output(f"find /srv/hls -name '{TWIN}[-.]*'").splitlines():
        assert time.monotonic() < deadline, left
        time.sleep(2)


def test_the_twin_s_replay_is_its_own(ended: Ended, alice_cookie: Site) -> None:
    found = ended.twin_document["replays"][0]
    assert found["duration"] == pytest.approx(ended.twin_pushed.seconds, abs=media.GOP_SECONDS)
    assert found["url"].startswith(f"/vod/recordings/{TWIN}-2")
    assert alice_cookie.get(found["url"], method="HEAD").status == 200


def test_the_key_is_in_no_file_name_playlist_state_or_log(server: Host, ended: Ended, credentials: Credentials) -> None:
    assert ended.document
    names = server.check_output("find /srv /opt /var/log /run -not -path '/run/systemd/*'")
    texts = server.check_output("find /srv -name '*.m3u8' -o -name '*.json' | xargs cat")
    journal = server.check_output("journalctl --no-pager -b -o json")
    for key in credentials.publish_keys.values():
        for place in (names, texts, journal, ended.live_copy.read_text(), str(ended.document)):
            assert key not in place


def test_services_lived_through_the_evening(server: Host, live: Live, ended: Ended) -> None:
    assert ended.document
    for service in ("ingest", "auth", "write", "web", "recorder", "finalizer"):
        assert server.check_output(f"systemctl show -P NRestarts scrimbox-{service}") == "0"
    complaints = server.check_output(
        f"journalctl -q --no-pager -o cat -p warning --since @{live.started:.0f} -u 'scrimbox-*'"
    )
    assert complaints == ""
