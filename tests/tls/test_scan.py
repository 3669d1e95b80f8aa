"""A scanner of the field finds nothing weak at either port."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tls.conftest import Secured
from tools import container

pytestmark = pytest.mark.slow

REFUSED = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1")
GOOD = {
    "tls_compression": {"supports_compression": False},
    "openssl_ccs_injection": {"is_vulnerable_to_ccs_injection": False},
    "tls_fallback_scsv": {"supports_fallback_scsv": True},
    "heartbleed": {"is_vulnerable_to_heartbleed": False},
    "robot": {"robot_result": "NOT_VULNERABLE_RSA_NOT_SUPPORTED"},
    "session_renegotiation": {
        "supports_secure_renegotiation": True,
        "is_vulnerable_to_client_renegotiation_dos": False,
    },
    "tls_extended_master_secret": {"supports_ems_extension": True},
}


@pytest.fixture(scope="module", params=[443, 1936])
def scan(secured: Secured, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What sslyze found at a port."""
    report = tmp_path_factory.mktemp("sslyze") / f"{request.param}.json"
    place = f"{container.LOOPBACK}:{secured.variant.ports[request.param]}"
    # It exits 1 for a certificate that no authority vouches for.
    command = [sys.executable, "-m", "sslyze", "--quiet", f"--json_out={report}", place]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert Path(report).exists(), done.stderr
    (server,) = json.loads(report.read_text())["server_scan_results"]
    found: dict[str, Any] = server["scan_result"]
    return found


@pytest.mark.parametrize("protocol", REFUSED)
def test_no_cipher_of_an_old_protocol_is_accepted(scan: dict[str, Any], protocol: str) -> None:
    found = scan[f"{protocol}_cipher_suites"]["result"]
    assert found["accepted_cipher_suites"] == []
    assert found["rejected_cipher_suites"], "nothing was tried"


def test_every_cipher_of_tls_1_2_has_forward_secrecy_and_authenticates(scan: dict[str, Any]) -> None:
    found = scan["tls_1_2_cipher_suites"]["result"]["accepted_cipher_suites"]
    accepted = [one["cipher_suite"]["openssl_name"] for one in found]
    assert accepted
    assert all(name.startswith("ECDHE-") and ("GCM" in name or "CHACHA20" in name) for name in accepted), accepted


@pytest.mark.parametrize("check", GOOD)
def test_no_known_attack_works(scan: dict[str, Any], check: str) -> None:
    assert scan[check]["status"] == "COMPLETED"
    found = scan[check]["result"]
    assert {name: found[name] for name in GOOD[check]} == GOOD[check]
