"""Publishing without the right to: messages that no encoder sends, and what is left of them on the server.

tests/e2e/test_refused.py tries wrong and smuggled keys while a stream is live. Here the messages themselves are odd.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests import rtmp
from tests.attacks import processes

if TYPE_CHECKING:
    from testinfra.host import Host

    from tests.conftest import Credentials
    from tests.variants import Variants

VICTIM, OWN = "delta", "charlie"
"""The stream that is attacked, and one whose key the attacker has by right."""
COMMAND, AMF3_COMMAND, DATA = 20, 17, 18


@dataclass
class Heard:
    """What a server said until it hung up or fell silent."""

    codes: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether somebody may publish."""
        return "NetStream.Publish.Start" in self.codes


def listen(client: rtmp.Client) -> Heard:
    """Read until the server hangs up or says nothing for the client's timeout."""
    heard = Heard()
    try:
        for command in client.commands():
            if command[0] in {"onStatus", "_error"} and isinstance(command[-1], dict):
                heard.codes.append(str(command[-1].get("code")))
    except (OSError, ValueError, IndexError):
        pass
    finally:
        client.close()
    return heard


def publish(client: rtmp.Client, name: object, *rest: object) -> None:
    """Ask to publish and send frames at once."""
    client.command("publish", 3, None, name, *(rest or ("live",)), stream=1)
    for number in range(5):
        client.frame(number)


def raw_string(text: str) -> bytes:
    """A string as AMF0 has it in a body."""
    return rtmp.encode(text)


def without_connect(client: rtmp.Client, key: str) -> None:
    publish(client, f"{OWN}?key={key}")


def without_stream(client: rtmp.Client, key: str) -> None:
    client.command("connect", 1, {"app": "live", "tcUrl": "rtmp://x/live"})
    client.command("publish", 3, None, f"{VICTIM}?key={key}", "live", stream=7)
    client.frame(0)


def metadata_before_connect(client: rtmp.Client, key: str) -> None:
    """The module as shipped crashes of it (patch 0004), which cuts everybody."""
    client.send(DATA, b"".join(map(rtmp.encode, ("@setDataFrame", "onMetaData", {"width": 1.0}))))
    client.command("onMetaData", {"width": 1.0})
    client.frame(0)


def frames_alone(client: rtmp.Client, key: str) -> None:
    client.connect()
    for number in range(20):
        client.frame(number)


def connected(name: object, *rest: object, app: bytes | str = "live") -> Callable[[rtmp.Client, str], None]:
    """A publish with this name after a well-formed connect."""

    def attack(client: rtmp.Client, key: str) -> None:
        client.connect(app)
        given = name(key) if callable(name) else name
        publish(client, given, *rest)

    return attack


def two_connects(client: rtmp.Client, key: str) -> None:
    client.connect("live")
    client.command("connect", 4, {"app": f"live?key={key}&name={OWN}", "tcUrl": "rtmp://x/live"})
    publish(client, f"{VICTIM}?key={key}")


def other_commands(client: rtmp.Client, key: str) -> None:
    client.connect("live")
    for command in ("releaseStream", "FCPublish", "onFCPublish", "NetStream.Publish.Start", "_result", "startTransmit"):
        client.command(command, 2, None, f"{OWN}?key={key}")
    publish(client, VICTIM)


def amf3(client: rtmp.Client, key: str) -> None:
    client.connect("live")
    body = b"\x00" + b"".join(map(rtmp.encode, ("publish", 3, None, f"{VICTIM}?key={key}", "live")))
    client.send(AMF3_COMMAND, body, stream=1)
    client.frame(0)
    client.frame(1)


def aggregated(client: rtmp.Client, key: str) -> None:
    """A publish inside an aggregate message, which holds media by right."""
    body = b"".join(map(rtmp.encode, ("publish", 3, None, f"{VICTIM}?key={key}", "live")))
    client.connect("live")
    client.send(22, bytes([COMMAND]) + len(body).to_bytes(3, "big") + bytes(7) + body + bytes(4), stream=1)
    client.frame(0)


def lying_length(client: rtmp.Client, key: str) -> None:
    """A name that says that it is longer than the message."""
    client.connect("live")
    name = f"{VICTIM}?key={key}".encode()
    body = rtmp.encode("publish") + rtmp.encode(3) + b"\x05\x02" + struct.pack(">H", 60000) + name
    client.send(COMMAND, body, stream=1)
    client.frame(0)


def deep(client: rtmp.Client, key: str) -> None:
    """Objects in objects, a thousand deep, in front of the name."""
    client.connect("live")
    body = rtmp.encode("publish") + rtmp.encode(3) + b"\x03\x00\x01a" * 1000 + b"\x05" + b"\x00\x00\x09" * 1000
    client.send(COMMAND, body + raw_string(f"{VICTIM}?key={key}"), stream=1)
    client.frame(0)


def in_every_field(client: rtmp.Client, key: str) -> None:
    smuggled = f"x&name={OWN}&key={key}&"
    fields = ("flashVer", "swfUrl", "tcUrl", "pageUrl", "type", "fpad", "capabilities", "audioCodecs", "name", "key")
    client.connect(f"live?name={OWN}&key={key}", **dict.fromkeys(fields, smuggled))
    publish(client, VICTIM, f"live&name={OWN}&key={key}")


ATTACKS: dict[str, Callable[[rtmp.Client, str], None]] = {
    "before connect": without_connect,
    "on a stream that was not made": without_stream,
    "metadata before connect": metadata_before_connect,
    "frames and nothing else": frames_alone,
    "two connects": two_connects,
    "commands of other servers": other_commands,
    "AMF3": amf3,
    "inside an aggregate": aggregated,
    "a name longer than its message": lying_length,
    "a thousand nested objects": deep,
    "smuggled in every field at once": in_every_field,
    "name is a number": connected(123),
    "name is null": connected(None),
    "name is true": connected(True),
    "name is an object": connected(lambda key: {"name": OWN, "key": key}),
    "no name": connected(b""),
    "name is a question mark": connected("?"),
    "name is dots": connected(lambda key: f"..?key={key}"),
    "name climbs": connected(lambda key: f"../../../../tmp/evil?key={key}"),
    "name is absolute": connected(lambda key: f"/etc/cron.d/evil?key={key}"),
    "name is a backslash": connected(lambda key: f"..\\{VICTIM}?key={key}"),
    "name ends in NUL and a path": connected(lambda key: f"{OWN}\0/../../x?key={key}"),
    "name with a percent sign": connected(lambda key: f"{OWN}%00?key={key}"),
    "name with format letters": connected(lambda key: f"%s%n%x?key={key}"),
    "name with a shell's letters": connected(lambda key: f"$(touch /tmp/evil)`id`;|&?key={key}"),
    "name with a line break": connected(lambda key: f"{OWN}\r\nX: y?key={key}"),
    "name in full-width letters": connected(lambda key: f"ｄｅｌｔａ?key={key}"),
    "name as a long string": connected(lambda key: f"{VICTIM}{'x' * 70_000}?key={key}"),
    "arguments as a long string": connected(lambda key: f"{VICTIM}?{'x' * 70_000}&key={key}"),
    "key of another stream": connected(lambda key: f"{VICTIM}?key={key}"),
    "key of another stream, record": connected(lambda key: f"{VICTIM}?key={key}", "record"),
    "key of another stream, append": connected(lambda key: f"{VICTIM}?key={key}", "append"),
    "key in upper case": connected(lambda key: f"{OWN}?key={key.upper()}"),
    "key and a space": connected(lambda key: f"{OWN}?key={key}%20"),
    "key and a plus": connected(lambda key: f"{OWN}?key={key}+"),
    "two keys": connected(lambda key: f"{VICTIM}?key={key}&key={key}"),
    "key and a semicolon": connected(lambda key: f"{VICTIM};name={OWN}?key={key}"),
    "key in the mode": connected(VICTIM, f"live?name={OWN}"),
    "other address": connected(lambda key: f"{VICTIM}?key={key}&addr=127.0.0.1"),
    "other call": connected(lambda key: f"{VICTIM}?key={key}&call=play&name={OWN}"),
    "application elsewhere": connected(lambda key: f"{OWN}?key={key}", app="vod"),
    "application that climbs": connected(lambda key: f"{OWN}?key={key}", app="../live"),
    "application in upper case": connected(lambda key: f"{OWN}?key={key}", app="LIVE"),
    "application with NUL": connected(lambda key: f"{OWN}?key={key}", app=b"li\x00ve"),
    "application of 10 kB": connected(lambda key: f"{OWN}?key={key}", app="live" * 2_500),
}


@dataclass(frozen=True)
class Guard:
    """Sees what has changed on the server's disk and in its processes."""

    server: Host
    mark: str

    def start(self) -> str:
        """Set the mark; return the processes of ingest and auth, and how often these were restarted."""
        self.server.check_output(f"touch {self.mark}")
        return self.processes()

    def processes(self) -> str:
        """The processes of ingest and auth, and how often these were restarted."""
        return processes(self.server.check_output, "ingest", "auth")

    def new_files(self, places: str = "/etc /opt /srv /tmp /usr/local /var/tmp /run/scrimbox-*") -> list[str]:
        """Files that appeared or changed since the mark, but for what the server writes by itself."""
        own = r"^(/srv/streams/|/srv/recordings/incoming/\.ingest|/var/log/journal/)"
        command = f"find {places} -xdev -type f -newer {self.mark} | grep -Ev '{own}'"
        return sorted(self.server.run(command).stdout.splitlines())


@pytest.fixture(scope="module")
def guard(server: Host) -> Iterator[Guard]:
    """A mark in time on the server's disk."""
    mark = server.check_output("mktemp /var/tmp/attack-XXXXXX")
    yield Guard(server, mark)
    server.check_output(f"rm -f {mark}")


@pytest.mark.parametrize("name", ATTACKS)
def test_nobody_gets_in_by_an_odd_message_and_nothing_is_written(
    guard: Guard, rtmp_address: tuple[str, int], credentials: Credentials, name: str
) -> None:
    before = guard.start()
    client = rtmp.Client(rtmp_address, 1.0)
    with contextlib.suppress(OSError):
        ATTACKS[name](client, credentials.publish_keys[OWN])
    assert not listen(client).accepted
    assert guard.new_files() == []
    assert guard.processes() == before


def test_the_attacker_s_own_stream_is_open_to_the_same_client(variants: Variants, credentials: Credentials) -> None:
    """Or the cases above would prove nothing; and a publisher who was taken away stays out with the same key."""
    with variants.start("removed") as server:
        key = credentials.publish_keys[OWN]
        assert rtmp.publish(server.rtmp_address, f"{OWN}?key={key}").accepted
        server.check(f"sed -i '/{key}/d' /etc/scrimbox/auth/nginx.conf && systemctl reload scrimbox-auth")
        time.sleep(1)
        assert rtmp.publish(server.rtmp_address, f"{OWN}?key={key}").refused
        assert rtmp.publish(server.rtmp_address, f"{VICTIM}?key={credentials.publish_keys[VICTIM]}").accepted


def test_no_key_reaches_a_log_a_process_list_or_a_file_that_others_read(
    server: Host, credentials: Credentials, rtmp_address: tuple[str, int]
) -> None:
    for case in ("{0}?key={1}", "{1}?key={1}", "{0}/{1}", "{0}?key={1}\r\n{1}", "x\n{1}?key={1}"):
        rtmp.publish(rtmp_address, case.format(VICTIM, credentials.publish_keys[OWN]), wait=2)
    needles = "\n".join(credentials.publish_keys.values())
    server.check_output(f"umask 077; cat >/run/needles <<'END'\n{needles}\nEND")
    try:
        assert server.run("journalctl --no-pager -b -a -o json | grep -c -F -f /run/needles").stdout.strip() == "0"
        assert server.run("cat /proc/[0-9]*/cmdline | grep -c -a -F -f /run/needles").stdout.strip() == "0"
        readable = "find /etc /opt /srv /run /tmp /var/tmp /var/lib -xdev -type f -perm -o=r"
        found = server.run(f"{readable} -print0 | xargs -0 -r grep -l -a -F -f /run/needles").stdout.split()
        assert found == []
        shown = server.run("grep -rl -a -F -f /run/needles /etc/scrimbox /srv /var/log").stdout.split()
        assert shown == ["/etc/scrimbox/auth/nginx.conf"]
    finally:
        server.check_output("rm -f /run/needles")


@pytest.mark.parametrize("path", ["/", "/stat", "/control/drop/publisher?name=bravo", "/publish/", "/publish/x"])
def test_the_callback_answers_callbacks_and_nothing_else(server: Host, path: str) -> None:
    script = (
        "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8935, timeout=3); "
        f"c.request('GET', {path!r}); print(c.getresponse().status)"
    )
    assert server.check_output(f'python3 -c "{script}"') in {"403", "404"}


def test_400_connections_that_say_nothing_keep_no_publisher_out_and_are_closed(variants: Variants) -> None:
    with variants.start("silent") as server:
        held = [socket.create_connection(server.inner_rtmp_address, 5) for _ in range(400)]
        try:
            for number, one in enumerate(held):
                one.sendall(b"\x03" * (number % 3))
            assert rtmp.publish(server.inner_rtmp_address, server.publish_name(VICTIM)).accepted
            time.sleep(18)
            left = server.check("ss -Htn state established 'sport = :1935' | wc -l")
        finally:
            for one in held:
                one.close()
        assert left == "0"
