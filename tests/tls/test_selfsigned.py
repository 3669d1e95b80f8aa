"""A server with a certificate of its own making: nothing leaves it in the clear that needs not."""

from __future__ import annotations

import ssl
import time

import pytest

from tests.site import Site
from tests.tls.certificates import NAME, Authority
from tests.tls.conftest import HSTS, Secured, careless
from tools import container


@pytest.fixture
def plain(secured: Secured) -> Site:
    return Site(container.LOOPBACK, secured.variant.ports[80])


@pytest.mark.parametrize("path", ["/", "/player?id=match123&t=12", "/in?token=0123456789abcdef0123&id=match123"])
def test_plain_http_leads_to_https_with_path_and_arguments(plain: Site, path: str) -> None:
    answer = plain.get(path)
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}{path}")
    assert "Strict-Transport-Security" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_what_is_sent_in_the_clear_is_not_sent_on_nor_logged(secured: Secured, plain: Site) -> None:
    token = "feedfacefeedface"
    assert plain.get(f"/in?token={token}", method="POST", body="x").status == 405
    assert plain.get(f"/in?token={token}").status == 301
    assert token not in secured.variant.check("journalctl --no-pager -b")


def test_health_is_answered_in_the_clear(plain: Site) -> None:
    assert plain.get("/healthz").text == "ok\n"


def test_site_is_served_to_who_trusts_the_certificate_and_asks_for_its_name(secured: Secured) -> None:
    answer = secured.get("/player?id=match123", secured.trusting())
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == f"max-age={HSTS}"


def test_certificate_is_no_authority_and_holds_for_years(secured: Secured) -> None:
    shown = secured.variant.check("openssl x509 -in /etc/scrimbox/tls/live/fullchain.pem -noout -text")
    assert "CA:FALSE" in shown
    assert f"DNS:{NAME}" in shown
    secured.variant.check("openssl x509 -in /etc/scrimbox/tls/live/fullchain.pem -noout -checkend $((800*86400))")


def test_browsers_get_http_2_and_tls_1_3(secured: Secured) -> None:
    context = careless()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with secured.handshake(443, context) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() == "TLSv1.3"


def only(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that knows one version alone, and whose library lets it."""
    context = careless()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = version
    context.maximum_version = version
    return context


@pytest.mark.parametrize("port", [443, 1936])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=lambda version: version.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_server_refuses_old_protocols(secured: Secured, port: int, version: ssl.TLSVersion) -> None:
    # The alert is the server's word: a client that cannot even ask would say something else.
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        secured.handshake(port, only(version))


@pytest.mark.parametrize("port", [443, 1936])
@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"])
def test_server_refuses_ciphers_without_forward_secrecy_or_authentication(
    secured: Secured, port: int, cipher: str
) -> None:
    context = only(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match=r"(?i)alert handshake failure"):
        secured.handshake(port, context)


def test_only_the_ports_of_the_site_and_of_publishers_are_open(secured: Secured) -> None:
    listening = secured.variant.check("ss -Hltn | awk '{print $4}'").split()
    public = {int(place.rpartition(":")[2]) for place in listening if not place.startswith(("127.", "[::1]"))}
    assert public == {80, 443, 1935, 1936}


@pytest.mark.parametrize("user", ["scrimbox-auth", "scrimbox-ingest", "scrimbox-web", "nobody"])
def test_key_is_read_by_the_services_that_need_it_and_by_no_user(secured: Secured, user: str) -> None:
    as_user = f"setpriv --reuid {user} --regid $(id -g {user}) --init-groups"
    attempt = secured.variant.run(f"{as_user} cat /etc/scrimbox/tls/live/key.pem")
    assert attempt.returncode != 0
    assert "ermission denied" in attempt.stderr


def test_declaring_the_same_again_changes_nothing(secured: Secured) -> None:
    before = secured.serial(443)
    said = secured.declare(scrimbox_tls_mode="selfsigned")
    assert " changed=0 " in said
    assert "In use: certificate for vod.example.com, self-signed" in said
    assert secured.serial(443) == before


@pytest.fixture(scope="module")
def replaced_mid_push(secured: Secured, authority: Authority) -> dict[str, object]:
    """A push over RTMPS in whose middle the certificate is replaced, and what was seen before and after."""
    issued = authority.issue("replaced")
    chain, key = secured.put(issued.chain), secured.put(issued.key)
    publisher = secured.push("bravo")
    secured.wait_live("bravo")
    before = secured.process("ingest")
    said = secured.variant.check(f"/usr/local/sbin/scrimbox-tls-install {chain} {key}")
    sent = publisher.frames
    secured.wait_for(lambda: secured.serial(443) == issued.serial, "web shows the new certificate", 10)
    shown = secured.serial(1936)
    # An ingest that is out of date is not restarted under a publisher who came by TLS.
    secured.variant.check("echo '# changed' >>/etc/scrimbox/ingest/nginx.conf")
    applied = secured.variant.check("scrimbox-apply ingest 1935,1936")
    secured.variant.check("sed -i '$d' /etc/scrimbox/ingest/nginx.conf")
    secured.wait_for(lambda: publisher.frames > sent + 90, "three more seconds of the push")
    running, pushed = publisher.running, publisher.stop()
    return {
        "said": said,
        "issued": issued.serial,
        "shown": shown,
        "running": running,
        "complaints": pushed.stderr,
        "process": (before, secured.process("ingest")),
        "applied": applied,
        "frames": pushed.frames,
    }


def test_a_new_certificate_is_shown_at_the_next_handshake_of_both_services(
    replaced_mid_push: dict[str, object],
) -> None:
    assert str(replaced_mid_push["said"]).startswith(
        "installed: certificate for vod.example.com, issued by CN=Test root"
    )
    assert replaced_mid_push["shown"] == replaced_mid_push["issued"]


def test_a_new_certificate_drops_no_publisher_and_leaves_ingest_alone(replaced_mid_push: dict[str, object]) -> None:
    assert replaced_mid_push["running"]
    assert replaced_mid_push["complaints"] == ""
    before, after = replaced_mid_push["process"]  # type: ignore[misc]
    assert before == after


def test_a_publisher_over_rtmps_keeps_a_deploy_from_restarting_ingest(replaced_mid_push: dict[str, object]) -> None:
    assert str(replaced_mid_push["applied"]).startswith("postponed: scrimbox-ingest.service")


def test_the_push_s_recording_has_every_frame(secured: Secured, replaced_mid_push: dict[str, object]) -> None:
    secured.wait_for(lambda: bool(secured.state("bravo")["replays"]), "the replay is there", 90)
    (replay,) = secured.state("bravo")["replays"]
    answer = secured.get(replay["url"])
    assert answer.status == 200
    assert abs(replay["duration"] * 30 - int(str(replaced_mid_push["frames"]))) <= 3


@pytest.mark.usefixtures("replaced_mid_push")
def test_callback_sees_the_publisher_s_own_address(secured: Secured) -> None:
    said = secured.variant.check("journalctl -t scrimbox_auth -o cat --no-pager | grep bravo | tail -1")
    address = said.rpartition("address=")[2]
    assert said.startswith("publish accepted")
    assert address
    assert not address.startswith("127.")


@pytest.mark.parametrize(
    ("label", "change", "reason"),
    [
        ("name", {"name": "other.example.com"}, "is not made out to vod.example.com"),
        ("ended", {"days": -1}, "ended on"),
        ("weak", {"bits": 1024}, "key too small"),
    ],
)
@pytest.mark.usefixtures("replaced_mid_push")
def test_a_certificate_that_would_harm_is_refused_and_the_old_one_stays(
    secured: Secured, authority: Authority, label: str, change: dict[str, object], reason: str
) -> None:
    before = secured.serial(443), secured.serial(1936)
    issued = authority.issue(label, **change)
    attempt = secured.variant.run(
        f"/usr/local/sbin/scrimbox-tls-install {secured.put(issued.chain)} {secured.put(issued.key)}"
    )
    assert attempt.returncode == 1
    assert reason in attempt.stderr
    assert (secured.serial(443), secured.serial(1936)) == before
    assert secured.variant.check("find /etc/scrimbox/tls -name '.new.*'") == ""


@pytest.mark.usefixtures("replaced_mid_push")
def test_a_key_of_another_certificate_and_a_chain_in_disorder_are_refused(
    secured: Secured, authority: Authority
) -> None:
    one, other = (authority.issue(label) for label in ("one", "other"))
    disorder = one.chain.with_name("disorder.pem")
    disorder.write_text(one.chain.with_suffix(".crt").read_text() * 2)
    for chain, key, reason in (
        (one.chain, other.key, "is not that of the first certificate"),
        (disorder, one.key, "is not issued by the one that follows it"),
    ):
        attempt = secured.variant.run(f"/usr/local/sbin/scrimbox-tls-install {secured.put(chain)} {secured.put(key)}")
        assert attempt.returncode == 1
        assert reason in attempt.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("replaced_mid_push")
def test_plain_rtmp_can_be_closed_while_rtmps_stays(secured: Secured) -> None:
    said = secured.declare(scrimbox_tls_mode="selfsigned", scrimbox_rtmp_port=0)
    assert "Publishers push to rtmps://vod.example.com:1936/live" in said
    listening = secured.variant.check("ss -Hltn | awk '{print $4}'").split()
    assert not [place for place in listening if place.endswith(":1935")]
    publisher = secured.push("charlie")
    try:
        secured.wait_live("charlie")
    finally:
        publisher.stop()
    time.sleep(1)
