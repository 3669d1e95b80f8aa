"""A deploy while a stream is live: access changes at once, ingest is left alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import m3u8

from tests import media, rtmp
from tests.conftest import BUILD, Credentials
from tests.e2e.conftest import STREAM, Ended, Live, Redeployed, download, ingest_process
from tests.site import Site

if TYPE_CHECKING:
    from testinfra.host import Host


def test_ingest_is_neither_restarted_nor_reloaded_and_the_play_says_so(redeployed: Redeployed) -> None:
    assert redeployed.ingest_before == redeployed.ingest_after
    assert re.search(r"postponed: scrimbox-ingest", redeployed.output)
    assert "INGEST=force" in redeployed.output


def test_the_stream_loses_no_frame_by_it(live: Live, redeployed: Redeployed, alice_cookie: Site) -> None:
    copy = download(alice_cookie, f"/hls/{STREAM}.m3u8", BUILD / "redeployed")
    numbers = [frame.number for frame in media.frames(copy)]
    assert numbers == list(range(len(numbers)))
    assert not [segment for segment in m3u8.loads(copy.read_text()).segments[1:] if segment.discontinuity]
    assert live.publisher.running
    assert redeployed.output


def test_every_recording_is_still_there(redeployed: Redeployed) -> None:
    assert redeployed.recordings_before
    kept = {name.rpartition("/")[2].rpartition(".")[0] for name in redeployed.recordings_after}
    gone = {n for n in redeployed.recordings_before if n.rpartition("/")[2].rpartition(".")[0] not in kept}
    assert not {name for name in gone if name.endswith(".mp4")}


def test_a_removed_viewer_is_out_with_password_cookie_and_personal_link(
    redeployed: Redeployed, live: Live, bob: Site, credentials: Credentials
) -> None:
    assert redeployed.output
    assert bob.get(f"/player?id={STREAM}").status == 401
    assert bob.get(f"/hls/{STREAM}.m3u8", {"Sec-Fetch-Mode": "cors"}).status == 403
    left = f"/hls/{STREAM}.m3u8?token={credentials.viewer_tokens['bob']}"
    assert Site(bob.host, bob.port).get(left).status == 401
    assert Site(bob.host, bob.port).get(f"/in?token={credentials.viewer_tokens['bob']}").status == 403
    kept = f"/hls/{STREAM}.m3u8?token={credentials.viewer_tokens['alice']}"
    assert Site(bob.host, bob.port).get(kept).status == 200
    assert live.publisher.running


def test_a_removed_publisher_s_key_opens_nothing_and_the_other_s_still_does(
    redeployed: Redeployed, live: Live, rtmp_address: tuple[str, int], credentials: Credentials
) -> None:
    assert redeployed.output
    removed, kept = (credentials.publish_keys[f"shared/{name}"] for name in ("alice", "pc2"))
    assert rtmp.publish(rtmp_address, f"shared?key={removed}").refused
    assert rtmp.publish(rtmp_address, f"shared?key={kept}", frames=0).accepted
    assert live.publisher.running


def test_no_secret_is_in_the_output_of_a_deploy_that_shows_all_it_can(
    server: Host, redeployed: Redeployed, credentials: Credentials
) -> None:
    configuration = server.file("/etc/scrimbox/web/nginx.conf").content_string
    hashes = re.findall(r"\$6\$\S+", server.file("/etc/scrimbox/web/viewers").content_string)
    cookies = re.findall(r'"([0-9a-f]{64})"', configuration)
    assert hashes
    assert cookies
    assert "+++ after" in redeployed.output, "the deploy was to show differences"
    for secret in (*credentials.all(), *hashes, *cookies):
        assert secret not in redeployed.output


def test_a_removed_viewer_s_page_says_log_in_again_and_the_browser_asks_nothing(
    redeployed: Redeployed, live: Live
) -> None:
    assert redeployed.output
    forgotten = live.leaving.wait_for("forgotten", 45)
    done = live.leaving.wait_for("done", 20)
    assert "log in" in forgotten["seen"]["buttons"]["log-in"].lower()
    assert forgotten["href"] == f"/player?id={STREAM}"
    assert forgotten["later"]["problem"] == "login"
    assert done["challenges"] == []
    assert done["stuck"] == []
    assert done["violations"] == []
    assert done["errors"] == []


def test_what_was_postponed_is_done_once_nobody_is_live(server: Host, ended: Ended) -> None:
    """The next run notices by itself, although nothing is left to change on disk."""
    assert ended.document["state"] == "replay"
    before = ingest_process(server)
    assert "restarted" in server.check_output("/usr/local/sbin/scrimbox-apply ingest 1935")
    assert ingest_process(server) != before
    assert "unchanged" in server.check_output("/usr/local/sbin/scrimbox-apply ingest 1935")
