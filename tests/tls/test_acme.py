"""An authority issues, renews and refuses: pebble, which really asks on port 80 and has a DNS of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests import media
from tests.site import Site
from tests.tls.certificates import NAME, Authority
from tests.tls.conftest import Secured
from tests.variants import Variants
from tools import container

pytestmark = pytest.mark.slow

DIRECTORY = "https://localhost:14000/dir"
CONFIG = {
    "pebble": {
        "listenAddress": "127.0.0.1:14000",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": "/root/pebble.pem",
        "privateKey": "/root/pebble.key",
        "httpPort": 80,
        "tlsPort": 443,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
}
PREPARE = """
set -eu
apt-get update -qq && apt-get install -y -qq --no-install-recommends pebble ca-certificates
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout /root/pebble.key -out /root/pebble.pem
cp /root/pebble.pem /usr/local/share/ca-certificates/pebble.crt
update-ca-certificates
address=$(hostname -I | cut -d' ' -f1)
systemd-run --unit=names pebble-challtestsrv -defaultIPv4 "$address" -defaultIPv6 '' -http01 '' -https01 '' \
    -tlsalpn01 '' -dns01 127.0.0.1:8053 -management 127.0.0.1:8055
systemd-run --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 pebble -config /root/pebble.json -dnsserver 127.0.0.1:8053
"""
"""certbot takes the machine's own list of authorities: pebble stands on it, so nothing of the product is bent."""


@dataclass
class Evening:
    """What was seen, in order: first without an authority, then with one, then at a renewal under a live stream."""

    server: Secured
    without: str
    placeholder: str
    issued: str
    again: str
    serial: str
    renewed: str
    renewed_serial: str
    ingest: tuple[str, str]
    pushed: media.Pushed
    running: bool


@pytest.fixture(scope="module")
def evening(variants: Variants, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    with variants.start("acme") as variant:
        server = Secured(variant)
        choices = {"scrimbox_tls_mode": "acme", "scrimbox_acme_directory": DIRECTORY}
        without = server.declare(**choices)
        placeholder = variant.check("openssl x509 -in /etc/scrimbox/tls/live/fullchain.pem -noout -issuer")
        config = tmp_path_factory.mktemp("pebble") / "pebble.json"
        config.write_text(json.dumps(CONFIG))
        server.put(config)
        variant.check(PREPARE, timeout=300)
        server.wait_for(lambda: variant.run("ss -Hltn | grep -q 127.0.0.1:14000").returncode == 0, "pebble listens")
        issued = server.declare(**choices)
        serial = server.serial(443)
        again = server.declare(**choices)
        publisher = server.push("bravo")
        server.wait_live("bravo")
        before = server.process("ingest")
        renewed = variant.check(
            "certbot renew --force-renewal --cert-name scrimbox --no-random-sleep-on-renew 2>&1", timeout=120
        )
        sent = publisher.frames
        server.wait_for(lambda: server.serial(443) != serial, "web shows the renewed certificate", 10)
        server.wait_for(lambda: publisher.frames > sent + 60, "two more seconds of the push")
        running = publisher.running
        yield Evening(
            *(server, without, placeholder, issued, again, serial, renewed, server.serial(1936)),
            (before, server.process("ingest")),
            publisher.stop(),
            running,
        )


def test_an_authority_that_cannot_be_asked_stops_no_deploy_and_says_what_to_check(evening: Evening) -> None:
    assert "The authority issued no certificate for vod.example.com. It said:" in evening.without
    assert "port 80 is open" in evening.without
    assert "failed=0" in evening.without
    assert "Scrimbox, self-signed" in evening.placeholder


def test_an_authority_that_asks_on_port_80_issues_the_certificate(evening: Evening) -> None:
    assert "In use: certificate for vod.example.com, issued by CN=Pebble Intermediate CA" in evening.issued
    lineage = evening.server.variant.check("cat /etc/letsencrypt/renewal/scrimbox.conf")
    assert DIRECTORY in lineage


def test_deploying_again_asks_nobody_and_changes_nothing(evening: Evening) -> None:
    assert " changed=0 " in evening.again


def test_certbot_s_own_timer_renews(evening: Evening) -> None:
    assert evening.server.variant.check("systemctl is-enabled certbot.timer") == "enabled"
    assert evening.server.variant.check("systemctl is-active certbot.timer") == "active"


def test_a_renewal_reaches_both_services_and_no_publisher_notices(evening: Evening) -> None:
    assert "installed: certificate for vod.example.com" in evening.renewed
    assert evening.renewed_serial == evening.server.serial(443) != evening.serial
    assert evening.running
    assert evening.pushed.stderr == ""
    assert evening.ingest[0] == evening.ingest[1]


def test_a_broken_renewal_is_refused_and_the_old_certificate_stays(evening: Evening, authority: Authority) -> None:
    server = evening.server
    before = server.serial(443), server.serial(1936)
    wrong = authority.issue("wrong", name="other.example.com")
    chain, key = server.put(wrong.chain), server.put(wrong.key)
    attempt = server.variant.run(
        f"mkdir -p /root/broken && cp {chain} /root/broken/fullchain.pem && cp {key} /root/broken/privkey.pem"
        " && RENEWED_LINEAGE=/root/broken /usr/local/sbin/scrimbox-tls-install --renewed"
    )
    assert attempt.returncode == 1
    assert f"is not made out to {NAME}" in attempt.stderr
    assert (server.serial(443), server.serial(1936)) == before


def test_plain_http_shows_what_certbot_put_there_and_nothing_beside(evening: Evening) -> None:
    variant = evening.server.variant
    folder = "/var/lib/scrimbox-acme"
    variant.check(f"mkdir -p {folder}/.well-known/acme-challenge && echo proof >{folder}/.well-known/acme-challenge/x")
    variant.check(f"echo hidden >{folder}/beside")
    plain = Site(container.LOOPBACK, variant.ports[80])
    assert plain.get("/.well-known/acme-challenge/x").text == "proof\n"
    assert plain.get("/.well-known/acme-challenge/../../beside").status in {301, 400, 404}
    assert plain.get("/.well-known/acme-challenge/").status in {403, 404}


def test_another_mode_forgets_the_issued_certificate(evening: Evening) -> None:
    said = evening.server.declare(scrimbox_tls_mode="selfsigned")
    assert "In use: certificate for vod.example.com, self-signed" in said
    assert evening.server.variant.run("test -e /etc/letsencrypt/renewal/scrimbox.conf").returncode == 1
