"""Each choice about TLS that cannot be carried out is named with its value, what is allowed and what mends it."""

from __future__ import annotations

import datetime
import ipaddress
from typing import Any

import preflight
import preflight_tls
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
SOUND = {
    "mode": "off",
    "host": "vod.example.com",
    "http_port": "80",
    "https_port": "443",
    "rtmp_port": "1935",
    "rtmps_port": "1936",
    "hsts_seconds": "0",
    "certificate_file": "site.pem",
    "key_file": "site.key",
    "acme_email": "",
    "acme_directory": "",
}


def problems(certificate: str = "", key: str = "", **changed: str) -> list[str]:
    return preflight_tls.problems_of(SOUND | changed, certificate, key, NOW)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> str:
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


def certificate(key: Any, *names: str, issuer: str = "ca", subject: str = "us", start: int = -1, end: int = 90) -> str:
    """A certificate in PEM from `start` to `end` days after NOW."""
    common = x509.oid.NameOID.COMMON_NAME
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(common, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(common, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + start * DAY)
        .not_valid_after(NOW + end * DAY)
    )
    if names:
        known = [
            x509.IPAddress(ipaddress.ip_address(name)) if preflight_tls.is_address(name) else x509.DNSName(name)
            for name in names
        ]
        built = built.add_extension(x509.SubjectAlternativeName(known), critical=False)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


KEY = new_key()
CHAIN = certificate(KEY, "vod.example.com") + certificate(new_key(), issuer="root", subject="ca")


@pytest.mark.parametrize("mode", ["off", "selfsigned", "acme"])
def test_the_defaults_can_be_carried_out(mode: str) -> None:
    assert problems(mode=mode) == []


def test_a_certificate_that_fits_passes() -> None:
    assert problems(CHAIN, pem(KEY), mode="files") == []


def test_an_unknown_mode_is_refused_with_the_known_ones() -> None:
    (said,) = problems(mode="on")
    assert "'on'" in said
    assert "off, selfsigned, files, acme" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"http_port": "0"}, "scrimbox_http_port is '0'; allowed is a TCP port, 1 to 65535."),
        ({"mode": "selfsigned", "https_port": "https"}, "scrimbox_https_port is 'https'"),
        ({"rtmp_port": "65536"}, "scrimbox_rtmp_port is '65536'; allowed is a TCP port, 1 to 65535, 0 for none."),
        ({"mode": "selfsigned", "https_port": "80"}, "scrimbox_https_port is 80, but scrimbox_http_port has that"),
        ({"mode": "selfsigned", "rtmps_port": "1937"}, "scrimbox_rtmps_port is 1937, but ingest (behind RTMPS) has"),
        ({"rtmp_port": "0"}, "scrimbox_rtmp_port is 0 and there is no RTMPS: nobody could publish"),
        ({"mode": "selfsigned", "rtmp_port": "0", "rtmps_port": "0"}, "nobody could publish"),
        ({"hsts_seconds": "a year"}, "scrimbox_hsts_seconds is 'a year'; allowed is 0 to"),
        ({"mode": "selfsigned", "host": "vod_!.example"}, "'vod_!.example', which is no host name"),
        ({"mode": "acme", "host": "192.0.2.7"}, "the server's public name is '192.0.2.7'; an authority wants a DNS"),
        ({"mode": "acme", "http_port": "8080"}, "scrimbox_http_port is 8080; with scrimbox_tls_mode acme only 80"),
        ({"mode": "acme", "acme_email": "me"}, "scrimbox_acme_email is 'me'; allowed is one address"),
        ({"mode": "acme", "acme_directory": "http://ca.test"}, "scrimbox_acme_directory is 'http://ca.test'; allowed"),
    ],
    ids=lambda value: " ".join(f"{key}={item}" for key, item in value.items()) if isinstance(value, dict) else "",
)
def test_a_choice_that_cannot_be_used_is_named_with_what_is_allowed(changed: dict[str, str], said: str) -> None:
    found = problems(**changed)
    assert len(found) == 1
    assert said in found[0]


def test_ports_of_tls_do_not_matter_without_tls() -> None:
    assert problems(mode="off", https_port="80", rtmps_port="1935") == []


def test_plain_rtmp_may_be_closed_where_there_is_rtmps() -> None:
    assert problems(mode="selfsigned", rtmp_port="0") == []


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("", pem(KEY), "scrimbox_tls_certificate is 'site.pem'; that file does not exist or is empty"),
        ("-----BEGIN NOTHING-----", pem(KEY), "site.pem holds no certificate that can be read"),
        (CHAIN, "", "scrimbox_tls_key is 'site.key'; that file does not exist or is empty"),
        (CHAIN, pem(KEY, b"secret"), "site.key holds no private key that can be read"),
        (CHAIN, pem(new_key()), "site.key is not the key of site.pem"),
        (certificate(KEY, "vod.example.com", end=0), pem(KEY), "holds from 2026-05-31 to 2026-06-01, not today"),
        (certificate(KEY, "vod.example.com", start=1), pem(KEY), "holds from 2026-06-02"),
        (certificate(KEY, "other.example.com"), pem(KEY), "made out to other.example.com, not to vod.example.com"),
        (certificate(KEY), pem(KEY), "made out to nobody, not to vod.example.com"),
        (CHAIN + certificate(KEY, "x.example", issuer="else"), pem(KEY), "certificate 2 in site.pem is not issued by"),
    ],
    ids=[
        *("no certificate", "no PEM", "no key", "locked key", "other key", "ended", "not yet", "other name", "no name"),
        "order",
    ],
)
def test_a_certificate_that_would_fail_viewers_is_refused_before_it_lands(text: str, key: str, said: str) -> None:
    found = problems(text, key, mode="files")
    assert len(found) == 1
    assert said in found[0]


def test_no_message_shows_the_key() -> None:
    secret = pem(new_key())
    told = " ".join(problems(CHAIN, secret, mode="files"))
    assert not any(line in told for line in secret.splitlines()[1:-1])


@pytest.mark.parametrize(
    ("host", "names", "fits"),
    [
        ("vod.example.com", ["VOD.example.com"], True),
        ("vod.example.com", ["*.example.com"], True),
        ("a.vod.example.com", ["*.example.com"], False),
        ("example.com", ["*.example.com"], False),
        ("192.0.2.7", ["192.0.2.7"], True),
        ("192.0.2.7", ["*.0.2.7"], False),
        ("2001:db8:0::7", ["2001:db8::7"], True),
    ],
)
def test_a_star_stands_for_one_label_and_for_no_address(host: str, names: list[str], fits: bool) -> None:
    assert preflight_tls.fits(host, names) is fits


@pytest.mark.parametrize(
    ("addresses", "public"),
    [
        (["127.0.0.1", "10.1.2.3", "192.168.1.2", "172.17.0.2", "169.254.1.1", "::1", "fe80::1", "fd00::1"], False),
        (["127.0.0.1", "9.9.9.9"], True),
        (["2620:fe::9"], True),
        ([], False),
    ],
)
def test_a_public_address_is_told_from_private_ones(addresses: list[str], public: bool) -> None:
    assert preflight.is_public(addresses) is public
