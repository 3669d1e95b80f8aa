"""Each preflight check says what is wrong and what to do about it."""

from __future__ import annotations

import preflight
import pytest

SUPPORTED = ["ubuntu 22.04", "debian 12"]
JAMMY = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\n'


def test_a_supported_system_passes() -> None:
    assert preflight.os_problem(JAMMY, SUPPORTED) is None


@pytest.mark.parametrize("text", [JAMMY.replace("22.04", "20.04"), "ID=fedora\nVERSION_ID=40\n", ""])
def test_another_system_is_refused_with_the_supported_ones(text: str) -> None:
    assert "ubuntu 22.04, debian 12" in (preflight.os_problem(text, SUPPORTED) or "")


def test_memory_is_compared_in_mebibytes() -> None:
    assert preflight.memory_problem("MemTotal:  921600 kB\n", 900) is None
    assert "899 MiB" in (preflight.memory_problem("MemTotal:  921599 kB\n", 900) or "")


LISTENER = 'LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=10,fd=6),("nginx",pid=9,fd=6)) uid:33 ino:7 sk:1\n'


def test_a_free_port_passes() -> None:
    assert preflight.port_problem(80, "", {997}) is None


def test_a_port_of_our_own_service_passes() -> None:
    assert preflight.port_problem(80, LISTENER, {33}) is None


def test_a_port_of_another_program_is_named_with_its_owner() -> None:
    problem = preflight.port_problem(80, LISTENER, {997}) or ""
    assert "Port 80" in problem
    assert "nginx (process 9)" in problem


def test_a_port_whose_owner_is_hidden_or_root_is_refused() -> None:
    assert preflight.port_problem(80, "LISTEN 0 5 *:80 *:* ino:7 sk:1\n", {997}) is not None


def test_an_unsynchronised_clock_is_refused_with_the_command() -> None:
    assert "timedatectl set-ntp true" in (preflight.clock_problem("NTPSynchronized=no\n", in_container=False) or "")
    assert preflight.clock_problem("NTPSynchronized=yes\n", in_container=False) is None


def test_a_container_leaves_the_clock_to_its_host() -> None:
    assert preflight.clock_problem("NTPSynchronized=no\n", in_container=True) is None
