"""What the tools make of the machine that they run on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import bootstrap, container, engine, image, test_prerequisites
from tools.terminal import ADDRESS, Trouble, duration, run_logged


def test_an_old_python_is_refused_with_the_way_to_name_another() -> None:
    with pytest.raises(Trouble, match=r"Python 3\.9; 3\.10 or newer is needed.*PYTHON="):
        bootstrap.check_python((3, 9))


def test_the_stamp_changes_with_the_requirements_the_python_and_the_place(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("a==1\n")
    base = bootstrap.home("3.11.2", Path("/srv/clone/.venv"))
    stamp = bootstrap.stamp(base, [file])
    assert stamp == bootstrap.stamp(base, [file])
    assert stamp != bootstrap.stamp(bootstrap.home("3.12.1", Path("/srv/clone/.venv")), [file])
    assert stamp != bootstrap.stamp(bootstrap.home("3.11.2", Path("/srv/moved/.venv")), [file])
    file.write_text("a==2\n")
    assert stamp != bootstrap.stamp(base, [file])


def test_the_next_free_port_is_taken() -> None:
    assert container.free_port(8080, lambda port: port not in (8080, 8081)) == 8082


def test_no_free_port_says_what_to_look_at() -> None:
    with pytest.raises(Trouble, match="no port from 8080 to 8082 is free"):
        container.free_port(8080, lambda _: False, tries=3)


def test_published_ports_are_read_and_other_addresses_left_out() -> None:
    listing = ["80/tcp -> 127.0.0.1:8080", "1935/tcp -> 127.0.0.1:1936", "22/tcp -> 0.0.0.0:22", "80/tcp -> [::1]:8080"]
    assert container.parse_ports(listing) == {80: 8080, 1935: 1936}


def test_another_suite_comes_from_the_same_mirrors_with_security_and_updates() -> None:
    listing = (
        "Debian|http://mirror/debian|bookworm|main\n"
        "Debian|http://mirror/debian|bookworm|main\n"
        "Debian|http://mirror/debian|bookworm-updates|main\n"
        "Debian|http://mirror/security|bookworm-security|main\n"
        "Debian|http://mirror/debian|bookworm-backports|main\n"
        ". nodistro|http://vendor/x|nodistro|main\n"
    )
    assert image.source_lines(image.parse_sources(listing), "bookworm", "trixie") == [
        "deb http://mirror/debian trixie main",
        "deb http://mirror/debian trixie-updates main",
        "deb http://mirror/security trixie-security main",
    ]


def test_ubuntus_components_stay_together() -> None:
    listing = "Ubuntu|http://mirror/ubuntu|jammy|main\nUbuntu|http://mirror/ubuntu|jammy|universe\n"
    assert image.source_lines(image.parse_sources(listing), "jammy", "jammy") == [
        "deb http://mirror/ubuntu jammy main universe"
    ]


def test_a_changed_recipe_makes_another_image() -> None:
    assert image.tag("jammy", b"FROM a") != image.tag("jammy", b"FROM b")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("dial tcp: lookup registry.example: no such host", "no registry can be found"),
        ("net/http: TLS handshake timeout", "does not answer"),
        ("docker pull took longer than 300 s.", "does not answer"),
        ("toomanyrequests: You have reached your pull rate limit", "refuses more downloads"),
        ("denied", "refuses"),
    ],
)
def test_why_a_pull_failed_is_said_without_an_address(said: str, why: str) -> None:
    assert why in image.reason(said)
    assert "registry.example" not in image.reason(said)


def use(monkeypatch: pytest.MonkeyPatch, *, have: str, registry: str) -> list[str]:
    """Let the image tool run on a Debian 12 that has an image already, with a registry that answers with a reason."""
    made: list[str] = []
    monkeypatch.setattr(image.engine, "succeeds", lambda *arguments: bool(have) and have in arguments[-1])
    monkeypatch.setattr(image, "from_registry", lambda suite, _: made.append(f"registry {suite}") or registry)
    monkeypatch.setattr(image, "bootstrap", lambda suite, _: made.append(f"bootstrap {suite}"))
    monkeypatch.setattr(image, "build", lambda *_, **__: None)
    monkeypatch.setattr(image, "host_suite", lambda _: "bookworm")
    return made


def test_ubuntu_is_taken_where_a_registry_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    made = use(monkeypatch, have="", registry="")
    assert image.ensure().startswith("scrimbox-systemd:jammy-")
    assert made == ["registry jammy"]


def test_the_machines_own_suite_is_bootstrapped_where_none_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = use(monkeypatch, have="", registry="no registry can be found from here")
    assert image.ensure().startswith("scrimbox-systemd:bookworm-")
    assert made == ["registry jammy", "bootstrap bookworm"]
    assert capsys.readouterr().out.strip() == (
        "image: bookworm from this machine's own apt sources, because no registry can be found from here"
    )


def test_an_image_that_is_here_is_used_without_asking_anyone(monkeypatch: pytest.MonkeyPatch) -> None:
    made = use(monkeypatch, have=":bookworm-", registry="")
    assert image.ensure().startswith("scrimbox-systemd:bookworm-")
    assert made == []


def test_a_named_suite_is_made_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    made = use(monkeypatch, have="", registry="refused")
    assert image.ensure("trixie").startswith("scrimbox-systemd:trixie-")
    assert made == ["registry trixie", "bootstrap trixie"]


def test_who_may_not_use_docker_is_told_how() -> None:
    said = "Got permission denied while trying to connect to the Docker daemon socket"
    assert "usermod -aG docker" in engine.advice(said, root=False, on_apt=True)


def test_who_has_no_docker_and_is_not_root_is_told_what_to_install() -> None:
    assert "apt-get install docker.io" in engine.advice("Cannot connect", root=False, on_apt=True)
    assert "apt-get" not in engine.advice("Cannot connect", root=True, on_apt=False)


def test_a_failed_program_shows_its_last_words_and_where_the_log_is(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    with pytest.raises(Trouble, match=r"sh failed \(exit status 3\).*\n.*\| reason\ndo this") as failed:
        run_logged(["sh", "-c", "echo reason; exit 3"], log, advice="do this")
    assert str(log) in str(failed.value)


def test_addresses_of_package_sources_stay_out_of_logs(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    run_logged(["echo", "Get:1 http://mirror.example:3142/debian bookworm"], log, mask=ADDRESS)
    assert log.read_text() == "Get:1 …/debian bookworm\n"


def test_durations_are_read_by_people() -> None:
    assert [duration(0.2), duration(59.4), duration(60), duration(3601)] == ["0 s", "59 s", "1 min 00 s", "60 min 01 s"]


def test_a_fetched_browser_is_found_among_folders_of_its_name(tmp_path: Path) -> None:
    for version in ("linux-140.0.1", "linux-141.0.2"):
        binary = (
            tmp_path / "chrome-headless-shell" / version / "chrome-headless-shell-linux64" / "chrome-headless-shell"
        )
        binary.parent.mkdir(parents=True)
        binary.touch()
    assert test_prerequisites.newest_binary(tmp_path) == binary
    assert test_prerequisites.newest_binary(tmp_path / "nothing") is None
