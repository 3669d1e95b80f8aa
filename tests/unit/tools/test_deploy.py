"""What an operator's options become, and what never reaches a command line."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest

from tools import deploy, playbook
from tools.credentials import Secrets, Site, parse_answer, parse_secrets, sheet
from tools.target import Target
from tools.terminal import Trouble

SITE = Site(
    "https://vod.example.com",
    "rtmp://vod.example.com/live",
    [{"id": "match123", "title": "Match 123"}, {"id": "bravo"}],
    [{"name": "viewer"}],
)


def test_options_become_variables() -> None:
    given = {"DOMAIN": "vod.example.com", "NGINX": "1.26.3", "ROTATE": "yes", "INGEST": "force"}
    assert deploy.extra_variables(given) == {
        "scrimbox_domain": "vod.example.com",
        "nginx_version": "1.26.3",
        "credentials_rotate": True,
        "ingest_restart": "force",
    }


def test_no_option_sets_nothing() -> None:
    assert deploy.extra_variables({"DOMAIN": "", "ROTATE": ""}) == {}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("ROTATE", "no", "ROTATE=yes"),
        ("INGEST", "yes", "INGEST=force"),
        ("DOMAIN", "http://vod.example.com/", "vod.example.com"),
        ("DOMAIN", "Vod.example.com", "lower case"),
        ("DOMAIN", "-x.example", "vod.example.com"),
        ("NGINX", "latest", "1.26.3"),
    ],
)
def test_an_ill_formed_option_is_refused_with_its_value_and_what_is_allowed(
    name: str, value: str, allowed: str
) -> None:
    with pytest.raises(Trouble, match=allowed) as refused:
        deploy.extra_variables({name: value})
    assert f"{name}={value} " in str(refused.value)


def test_ssh_goes_where_the_inventory_says() -> None:
    variables = {"ansible_host": "192.0.2.7", "ansible_user": "alice", "ansible_port": 2222}
    assert deploy.ssh_login(Target("vod", variables=variables, listed=True)) == ["-p", "2222", "alice@192.0.2.7"]


def test_host_wins_over_the_inventory() -> None:
    target = Target("vod", user="root", variables={"ansible_user": "alice"}, listed=True)
    assert deploy.ssh_login(target) == ["root@vod"]


def test_the_sudo_password_goes_by_a_private_file_that_is_removed() -> None:
    with deploy.password_arguments("s3cret") as (option, name):
        path = Path(name)
        assert option == "--become-password-file"
        assert path.read_text() == "s3cret"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


def test_ansible_does_not_get_the_sudo_password_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(deploy.SUDO_PASSWORD, "s3cret")
    assert "s3cret" not in playbook.environment().values()


def test_nobody_is_asked_for_a_password_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "sudo_wants_password", lambda _: True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.delenv(deploy.SUDO_PASSWORD, raising=False)
    with pytest.raises(Trouble, match=f"sudo on vod wants a password.*{deploy.SUDO_PASSWORD}"):
        deploy.sudo_password([Target("vod")])


def test_a_password_in_the_inventory_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "sudo_wants_password", lambda _: pytest.fail("asked"))
    assert deploy.sudo_password([Target("vod", variables={"ansible_become_password": "x"}, listed=True)]) is None


def test_the_sheet_holds_every_link_key_and_login() -> None:
    shown = sheet(Target("vod.example.com"), SITE, Secrets({"match123": "ab" * 16}, {"viewer": "secret-word"}))
    assert "https://vod.example.com/player?id=match123" in shown
    assert f"match123?key={'ab' * 16}" in shown
    assert "viewer viewer   password secret-word" in shown
    assert shown.count("none yet") == 1


def test_secrets_are_read_even_when_a_part_is_empty() -> None:
    assert parse_secrets("set: ab\npublish_keys: {a: b}\nviewer_passwords:\n") == Secrets({"a": "b"}, {})


@pytest.mark.parametrize("message", ['{"url": "http://x"}', {"url": "http://x"}])
def test_ansibles_answer_is_read_whether_it_is_text_or_data(message: object) -> None:
    output = f"[WARNING]: something\nvod | SUCCESS => {json.dumps({'changed': False, 'msg': message})}\n"
    assert parse_answer(output) == {"url": "http://x"}
