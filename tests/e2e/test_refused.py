"""Who may not publish, and who may not play, while a stream is live. Nothing of theirs reaches the disk."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests import media, rtmp
from tests.conftest import BUILD, Credentials
from tests.e2e.conftest import LONGEST, STREAM, TWIN, Live
from tests.site import Site

if TYPE_CHECKING:
    from testinfra.host import Host

VICTIM, ATTACKER = "delta", "bravo"
"""A stream that is not live, and one whose key the attacker has by right."""


LEGITIMATE = re.compile(
    rf"({STREAM}|{TWIN}|{ATTACKER}|charlie|shared)"
    r"(\.m3u8|\.m3u8\.bak|-\d{13}\.ts|-\d{10}\.flv|\.\d{8}T\d{6}Z\.m3u8|-\d{8}T\d{6}Z\.\w+)"
)
"""Well-formed files of the streams that this and other tests do push."""


def trace(server: Host) -> set[str]:
    """Every file under /srv that belongs to none of the streams that are or were live."""
    found = server.check_output("find /srv -type f -not -name '.*' -not -name '*.json*' | cat -v").splitlines()
    return {path for path in found if not LEGITIMATE.fullmatch(path.rpartition("/")[2])}


def live_files(server: Host) -> set[str]:
    """The raw recordings of the two live streams: a second publisher would open another."""
    return set(server.check_output(f"find /srv/recordings/incoming -name '{STREAM}-*'").splitlines())


REFUSED: dict[str, Callable[[dict[str, str]], str]] = {
    "wrong key": lambda keys: f"{STREAM}?key={'0' * 32}",
    "missing key": lambda keys: STREAM,
    "empty key": lambda keys: f"{STREAM}?key=",
    "another stream's key": lambda keys: f"{STREAM}?key={keys[TWIN]}",
    "part of the key": lambda keys: f"{STREAM}?key={keys[STREAM][:-1]}",
    "more than the key": lambda keys: f"{STREAM}?key={keys[STREAM]}0",
    "key in the wrong case": lambda keys: f"{STREAM}?key={keys[STREAM].upper()}",
    "id in the wrong case": lambda keys: f"{STREAM.upper()}?key={keys[STREAM]}",
    "unknown id": lambda keys: f"nosuch?key={keys[STREAM]}",
    "key as the id": lambda keys: f"{keys[STREAM]}?key={keys[STREAM]}",
    "no id": lambda keys: f"?key={keys[STREAM]}",
    "id that climbs": lambda keys: f"../{STREAM}?key={keys[STREAM]}",
    "id that climbs and returns": lambda keys: f"x/../{STREAM}?key={keys[STREAM]}",
    "id with a dot": lambda keys: f"{STREAM}.m3u8?key={keys[STREAM]}",
    "id with a slash": lambda keys: f"{STREAM}/?key={keys[STREAM]}",
    "id with a space": lambda keys: f"{STREAM} ?key={keys[STREAM]}",
    "id with NUL": lambda keys: f"{STREAM}\0?key={keys[STREAM]}",
    "id of 300 letters": lambda keys: f"{'m' * 300}?key={keys[STREAM]}",
    "percent-encoded id": lambda keys: f"m%61tch123?key={keys[STREAM]}",
    "percent-encoded key": lambda keys: f"{STREAM}?key=%{ord(keys[STREAM][0]):02x}{keys[STREAM][1:]}",
    "key under another name": lambda keys: f"{STREAM}?Xkey={keys[STREAM]}&keyy={keys[STREAM]}",
    "wrong key before the right one": lambda keys: f"{STREAM}?key=0&key={keys[STREAM]}",
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_publisher_without_the_right_is_refused_and_leaves_no_trace(
    server: Host, live: Live, rtmp_address: tuple[str, int], credentials: Credentials, case: str
) -> None:
    before, recordings = trace(server), live_files(server)
    outcome = rtmp.publish(rtmp_address, REFUSED[case](credentials.publish_keys))
    assert outcome.refused, outcome
    assert outcome.seconds < 2, outcome
    assert trace(server) == before
    assert live_files(server) == recordings
    assert live.publisher.running


SMUGGLED: dict[str, Callable[[str], dict[str, object]]] = {
    # The attacker's own, valid pair goes where it might be read instead of the victim's name.
    "second name after the key": lambda key: {"name": f"{VICTIM}?key={key}&name={ATTACKER}"},
    "second name before the key": lambda key: {"name": f"{VICTIM}?name={ATTACKER}&key={key}"},
    "name in the path": lambda key: {"name": f"{VICTIM}&name={ATTACKER}?key={key}"},
    "encoded question mark": lambda key: {"name": f"{VICTIM}%3Fkey={key}&name={ATTACKER}"},
    "application's arguments": lambda key: {"name": VICTIM, "app": f"live?name={ATTACKER}&key={key}"},
    "application's arguments, key apart": lambda key: {"name": f"{VICTIM}?key={key}", "app": f"live?name={ATTACKER}"},
    "application's name": lambda key: {"name": f"{VICTIM}?key={key}", "app": f"live&name={ATTACKER}"},
    "flash version": lambda key: {"name": VICTIM, "flashVer": f"x&name={ATTACKER}&key={key}&"},
    "player's address": lambda key: {"name": VICTIM, "swfUrl": f"x&name={ATTACKER}&key={key}&"},
    "tcUrl": lambda key: {"name": VICTIM, "tcUrl": f"rtmp://x/live?name={ATTACKER}&key={key}&x="},
    "page's address": lambda key: {"name": VICTIM, "pageUrl": f"http://x/?name={ATTACKER}&key={key}&"},
    "line break, second request": lambda key: {
        "name": f"{VICTIM}?x HTTP/1.0\r\nHost: x\r\n\r\nGET /publish?name={ATTACKER}&key={key} HTTP/1.0\r\n\r\n"
    },
    "line break, absolute": lambda key: {
        "name": f"{VICTIM}?\r\nGET /publish?name={ATTACKER}&key={key} HTTP/1.0\r\n\r\n"
    },
    "line break, 204": lambda key: {"name": f"{VICTIM}?x HTTP/1.0\r\n\r\nHTTP/1.0 204 No Content\r\n\r\n"},
    "line break in the name": lambda key: {"name": f"{VICTIM}\r\n?key={key}&name={ATTACKER}"},
    "line break in the application": lambda key: {"name": VICTIM, "app": f"live?x\r\nX: y&name={ATTACKER}&key={key}"},
    "another path": lambda key: {"name": f"{VICTIM}/../../healthz?key={key}"},
    "10 kB of key": lambda key: {"name": f"{VICTIM}?key={key * 320}"},
    "10 kB of name": lambda key: {"name": f"{VICTIM * 2048}?key={key}"},
    "100 kB of arguments": lambda key: {"name": f"{VICTIM}?key={key}&x={'y' * 100_000}"},
    "arguments up to the limit": lambda key: {"name": f"{VICTIM}?{'x' * 230}&name={ATTACKER}&key={key}"},
    "NUL before the arguments": lambda key: {"name": f"{VICTIM}\0?name={ATTACKER}&key={key}"},
    "NUL in the arguments": lambda key: {"name": f"{VICTIM}?key={key}\0&name={ATTACKER}"},
    "fragment": lambda key: {"name": f"{VICTIM}?#&name={ATTACKER}&key={key}"},
    "not UTF-8": lambda key: {"name": b"\xff\xfe" + VICTIM.encode() + b"?key=" + key.encode()},
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_a_key_never_opens_another_stream_wherever_it_is_smuggled_in(
    server: Host, live: Live, rtmp_address: tuple[str, int], credentials: Credentials, case: str
) -> None:
    before = trace(server)
    fields = SMUGGLED[case](credentials.publish_keys[ATTACKER])
    outcome = rtmp.publish(rtmp_address, **fields)  # type: ignore[arg-type]
    assert outcome.refused, outcome
    assert trace(server) == before
    assert live.publisher.running


def test_ffmpeg_is_told_no_within_two_seconds(live: Live, rtmp_address: tuple[str, int]) -> None:
    """An honest client with a wrong key does not hang."""
    host, port = rtmp_address
    started = time.monotonic()
    wrong = f"rtmp://{host}:{port}/live/{STREAM}?key={'0' * 32}"
    pushed = media.Publisher(wrong, media.pattern(BUILD / "media", LONGEST), seconds=5).wait()
    assert pushed.exit_code != 0
    assert time.monotonic() - started < 3
    assert live.publisher.running


def test_a_second_publisher_with_the_right_key_leaves_the_first_alone(
    server: Host, live: Live, rtmp_address: tuple[str, int], credentials: Credentials
) -> None:
    recordings = live_files(server)
    outcome = rtmp.publish(rtmp_address, f"{STREAM}?key={credentials.publish_keys[STREAM]}")
    assert outcome.refused, outcome
    assert live_files(server) == recordings
    assert live.publisher.running


def refusal(site: Site, codes: set[str]) -> str:
    """The state document of the live stream as soon as the last refusal in it is one of these."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        answer = site.get(f"/streams/{STREAM}.json")
        if (answer.json()["refused"] or {}).get("code") in codes:
            return answer.text
        time.sleep(0.5)
    raise AssertionError(answer.text)


def test_who_is_refused_finds_the_reason_in_the_stream_s_document_and_never_the_key(
    live: Live, alice: Site, rtmp_address: tuple[str, int], credentials: Credentials
) -> None:
    wrong = "5ec2e8" * 5 + "00"
    rtmp.publish(rtmp_address, f"{STREAM}?key={wrong}")
    # A flood of refusals, which other tests make, is not told one by one.
    told = refusal(alice, {"wrong-key", "no-key", "unknown-id", "other-id"})
    assert wrong not in told
    rtmp.publish(rtmp_address, f"{STREAM}?key={credentials.publish_keys[STREAM]}")
    assert credentials.publish_keys[STREAM] not in refusal(alice, {"already-live"})
    assert live.publisher.running


@pytest.mark.parametrize("arguments", ["", "?key=KEY"])
def test_rtmp_play_is_denied_to_everyone(
    live: Live, rtmp_address: tuple[str, int], credentials: Credentials, arguments: str
) -> None:
    outcome = rtmp.play(rtmp_address, STREAM + arguments.replace("KEY", credentials.publish_keys[STREAM]), wait=3)
    assert not outcome.accepted, outcome
    assert outcome.media_bytes == 0
    assert live.publisher.running


def test_refusals_are_logged_in_one_line_each_without_the_key(
    server: Host, live: Live, rtmp_address: tuple[str, int]
) -> None:
    wrong = "5ec2e7" * 5 + "00"
    rtmp.publish(rtmp_address, f"{STREAM}?key={wrong}")
    rtmp.publish(rtmp_address, f"{wrong}?key={wrong}")
    rtmp.publish(rtmp_address, f"nosuch\r\nforged line?key={wrong}\r\nforged line")
    assert live.publisher.running
    journal = server.check_output("journalctl --no-pager -b -o cat | tail -n 3000")
    assert f"refused, wrong key: stream={STREAM} publisher=- address=" in journal
    assert "refused, unknown stream id" in journal
    assert wrong not in journal
    assert not [line for line in journal.splitlines() if line.startswith("forged")]
