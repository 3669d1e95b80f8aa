"""What a declared certificate changes in the configurations, and what it does not."""

from __future__ import annotations

import re

import pytest

from tests.render.renderer import ROLES, TEMPLATES, directives, render


def ingest(**scenario: object) -> str:
    return render(TEMPLATES / "ingest" / "nginx.conf.j2", "ingest", ingest_rtmps_port=1936, **scenario)


def web(**scenario: object) -> str:
    known = {"web_tls": True, "web_public_url": "https://vod.example.com", **scenario}
    return render(TEMPLATES / "web" / "nginx.conf.j2", "web", **known)


def servers(text: str) -> list[str]:
    """The server blocks of a configuration."""
    return re.findall(r"^    server {\n.*?^    }\n", text, re.M | re.S)


@pytest.mark.parametrize("text", [ingest(), web(), web(web_acme_webroot="/x")], ids=["ingest", "web", "web with ACME"])
def test_configuration_is_complete(text: str) -> None:
    assert text.count("{") == text.count("}")
    assert not re.search(r"\b(True|False|None|AnsibleUndefined)\b|{{|{%", text)


@pytest.mark.parametrize(
    "text",
    [
        render(TEMPLATES / "ingest" / "nginx.conf.j2", "ingest"),
        render(TEMPLATES / "web" / "nginx.conf.j2", "web", web_hsts_seconds=300, web_acme_webroot="/x"),
    ],
    ids=["ingest", "web"],
)
def test_without_tls_there_is_no_trace_of_it(text: str) -> None:
    assert not re.search(r"ssl|stream {|Strict-Transport|acme|443|193[67]", text)


def test_both_services_speak_the_same_tls() -> None:
    for name in ("ssl_protocols", "ssl_ciphers", "ssl_session_tickets"):
        (one,), (other,) = directives(ingest(), name), directives(web(), name)
        assert one == other
    assert directives(web(), "ssl_protocols") == ["TLSv1.2 TLSv1.3"]
    (ciphers,) = directives(web(), "ssl_ciphers")
    assert all(re.fullmatch("ECDHE-(RSA|ECDSA)-(AES(128|256)-GCM|CHACHA20)-.*", each) for each in ciphers.split(":"))


def test_ingest_reads_the_certificate_at_each_handshake() -> None:
    """A name without a variable is read once, at the start."""
    text = ingest()
    for name in ("ssl_certificate", "ssl_certificate_key"):
        (path,) = directives(text, name)
        assert path.startswith("$")
    assert "default /etc/scrimbox/tls/live;" in text


def test_rtmps_enters_on_loopback_alone_with_the_publisher_s_address() -> None:
    text = ingest()
    assert directives(text, "proxy_protocol") == ["on"]
    (target,) = directives(text, "proxy_pass")
    rtmp = text[text.index("rtmp {") : text.index("stream {")]
    assert f"{target} proxy_protocol" in directives(rtmp, "listen")
    assert target.startswith("127.0.0.1:")


def test_plain_rtmp_can_be_closed() -> None:
    text = ingest(ingest_rtmp_port=0)
    rtmp = text[text.index("rtmp {") : text.index("stream {")]
    assert directives(rtmp, "listen") == ["127.0.0.1:1937 proxy_protocol"]


def test_plain_http_leads_to_the_site_and_serves_nothing() -> None:
    redirect, site = servers(web())
    assert directives(redirect, "listen") == ["80 default_server", "[::]:80 default_server ipv6only=on"]
    assert directives(redirect, "return") == ["405", "301 https://vod.example.com$request_uri", '200 "ok\\n"']
    assert "root" not in redirect
    assert all(" ssl " in place for place in directives(site, "listen"))


def test_plain_http_logs_nothing() -> None:
    """The token of a personal link may stand in the address."""
    redirect, _ = servers(web())
    assert directives(redirect, "access_log") == ["off"]
    assert directives(redirect, "error_log") == ["stderr alert"]


def test_an_authority_sees_its_folder_only_and_only_when_there_is_one() -> None:
    redirect, site = servers(web(web_acme_webroot="/var/lib/acme"))
    assert directives(redirect, "root") == ["/var/lib/acme"]
    assert "acme" not in site
    assert "acme" not in web()


def test_https_is_insisted_on_only_if_declared_and_never_in_the_clear() -> None:
    assert "Strict-Transport-Security" not in web()
    redirect, site = servers(web(web_hsts_seconds=31536000))
    assert "Strict-Transport-Security max-age=31536000 always;" in site
    assert "Strict-Transport-Security" not in redirect


@pytest.mark.parametrize(
    ("name", "kind"), [("vod.example.com", "DNS"), ("192.0.2.7", "IP"), ("2001:db8::7", "IP"), ("1and1.com", "DNS")]
)
def test_the_certificate_is_made_out_to_a_name_or_to_an_address(name: str, kind: str) -> None:
    script = render(ROLES / "tls" / "templates" / "scrimbox-tls-install.j2", "tls", tls_name=name)
    assert f"kind={kind} by={'-checkip' if kind == 'IP' else '-checkhost'}\n" in script


def test_certbot_s_hook_is_the_script_that_checks() -> None:
    text = render(ROLES / "acme" / "templates" / "acme.ini.j2", "acme", acme_name="vod.example.com")
    assert "deploy-hook = /usr/local/sbin/scrimbox-tls-install --renewed\n" in text
    assert "register-unsafely-without-email = True" in text
    assert "server =" not in text
