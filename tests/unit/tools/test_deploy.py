"""What an operator's options become, and what never reaches a command line."""

from __future__ import annotations

import base64
import io
import json
import os
import stat
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import deploy, playbook, vault
from tools.credentials import Secrets, Site, parse_answer, parse_secrets, sheet
from tools.project import VENV_BIN, child_environment
from tools.target import Target
from tools.terminal import Trouble

SITE = Site(
    "https://vod.example.com",
    "rtmp://vod.example.com/live",
    [{"id": "match123", "title": "Match 123"}, {"id": "bravo"}],
    [{"name": "viewer"}],
    ["password"],
)


def test_options_become_variables() -> None:
    given = {"DOMAIN": "vod.example.com", "NGINX": "1.26.3", "ROTATE": "yes", "INGEST": "force"}
    assert deploy.extra_variables(given) == {
        "scrimbox_domain": "vod.example.com",
        "nginx_version": "1.26.3",
        "credentials_rotate": True,
        "ingest_restart": "force",
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"KEY": "match123/alice"}, {"credentials_renew_keys": ["match123/alice"]}),
        ({"KEY": "all", "VIEWER": "bob"}, {"credentials_renew_keys": ["all"], "credentials_renew_viewers": ["bob"]}),
        ({"ALL": "yes"}, {"credentials_renew_all": True}),
    ],
)
def test_a_rotation_names_what_is_replaced(given: dict[str, str], expected: dict[str, object]) -> None:
    assert deploy.named_variables("rotate", given) == expected
    assert deploy.book_of("rotate") == deploy.book_of("access") == "access"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["KEY=match123/alice", "VIEWER=alice", "ALL=yes"]),
        ({"ALL": "yes", "KEY": "all"}, ["ALL=yes alone"]),
        ({"ALL": "no"}, ["ALL=no", "allowed is ALL=yes"]),
        ({"KEY": "Match123"}, ["KEY=Match123", "KEY=all"]),
        ({"KEY": "match123/alice/bob"}, ["KEY=match123/alice/bob"]),
        ({"VIEWER": "{{ x }}"}, ["VIEWER={{ x }}"]),
    ],
)
def test_a_rotation_of_nothing_or_of_a_name_that_cannot_be_is_refused(given: dict[str, str], words: list[str]) -> None:
    with pytest.raises(Trouble) as refused:
        deploy.named_variables("rotate", given)
    assert all(word in str(refused.value) for word in words)


def test_a_deploy_rotates_nothing_whatever_the_environment_holds() -> None:
    for name in ("deploy", "access", "status"):
        assert deploy.named_variables(name, {"KEY": "all", "VIEWER": "all", "ALL": "yes"}) == {}


def test_an_encrypted_inventory_wants_a_password_and_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    monkeypatch.setattr(vault, "encrypted", lambda: [tmp_path / "secrets.yml"])
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Trouble, match="ANSIBLE_VAULT_PASSWORD_FILE"), vault.unlocked():
        pass
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "/somewhere")
    with vault.unlocked():
        assert os.environ["ANSIBLE_VAULT_PASSWORD_FILE"] == "/somewhere"


def test_ansible_reads_an_encrypted_secrets_file_with_the_password_that_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password, secrets = tmp_path / "password", tmp_path / "group_vars" / "all" / "secrets.yml"
    password.write_text("open sesame")
    secrets.parent.mkdir(parents=True)
    secrets.write_text(f"scrimbox_viewer_tokens: {{alice: {'ab' * 16}}}\n")
    (tmp_path / "hosts").write_text("server\n")
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE", raising=False)
    tool = str(VENV_BIN / "ansible-vault")
    subprocess.run(
        [tool, "encrypt", "--vault-password-file", str(password), str(secrets)], check=True, capture_output=True
    )
    assert vault.encrypted(tmp_path) == [secrets]
    monkeypatch.setattr(vault, "encrypted", lambda: [secrets])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", lambda question: "open sesame")
    with vault.unlocked():
        kept = Path(os.environ["ANSIBLE_VAULT_PASSWORD_FILE"])
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        command = [str(VENV_BIN / "ansible-inventory"), "-i", str(tmp_path / "hosts"), "--host", "server"]
        shown = subprocess.run(command, env=child_environment(), check=True, capture_output=True, text=True)
    assert json.loads(shown.stdout) == {"scrimbox_viewer_tokens": {"alice": "ab" * 16}}
    assert not kept.exists()
    assert "ANSIBLE_VAULT_PASSWORD_FILE" not in os.environ


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
    shown = sheet(Target("vod.example.com"), SITE, Secrets({"match123": "ab" * 16}, {"viewer": "secret-word"}, {}))
    assert "https://vod.example.com/player?id=match123" in shown
    assert f"match123?key={'ab' * 16}" in shown
    assert "viewer viewer   password secret-word" in shown
    assert shown.count("none yet") == 1


def test_the_sheet_holds_each_publisher_s_key_and_each_viewer_s_personal_link() -> None:
    streams = [{"id": "match123", "publishers": ["alice", "pc2"]}]
    site = Site(SITE.url, SITE.rtmp, streams, [{"name": "viewer"}], ["link"])
    keys = {"match123/alice": "ab" * 16, "match123/pc2": "cd" * 16}
    shown = sheet(Target("vod.example.com"), site, Secrets(keys, {"viewer": "secret-word"}, {"viewer": "ef" * 24}))
    assert f"match123?key={'ab' * 16}   (for alice)" in shown
    assert f"match123?key={'cd' * 16}   (for pc2)" in shown
    assert f"https://vod.example.com/in?token={'ef' * 24}" in shown
    assert "secret-word" not in shown


def test_secrets_are_read_even_when_a_part_is_empty() -> None:
    assert parse_secrets("set: ab\npublish_keys: {a: b}\nviewer_passwords:\n") == Secrets({"a": "b"}, {}, {})


@pytest.mark.parametrize("message", ['{"url": "http://x"}', {"url": "http://x"}])
def test_ansibles_answer_is_read_whether_it_is_text_or_data(message: object) -> None:
    output = f"[WARNING]: something\nvod | SUCCESS => {json.dumps({'changed': False, 'msg': message})}\n"
    assert parse_answer(output) == {"url": "http://x"}


FILE = "match123-20260101T200000Z"


def texts(variables: dict[str, object]) -> list[str]:
    """What the playbook decodes."""
    arguments = variables["choose_arguments"]
    assert isinstance(arguments, list)
    return [base64.b64decode(text).decode() for text in arguments]


@pytest.mark.parametrize("name", ["pin", "unpin", "notes"])
@pytest.mark.parametrize("given", [FILE, f"{FILE}.mp4", f"https://vod.example.com/vod/recordings/{FILE}.mp4"])
def test_a_recording_is_named_by_itself_or_by_its_link(name: str, given: str) -> None:
    variables = deploy.choice(name, {"FILE": given})
    assert variables["choose_command"] == name
    assert texts(variables) == [FILE]


CLIP = "match123-20260101-201530-0123456789abcdef"


@pytest.mark.parametrize("given", [CLIP, f"https://vod.example.com/vod/clips/{CLIP}.mp4"])
def test_a_clip_is_named_by_itself_or_by_its_link(given: str) -> None:
    variables = deploy.choice("unclip", {"FILE": given})
    assert (variables["choose_command"], texts(variables)) == ("unclip", [CLIP])


@pytest.mark.parametrize(("name", "given"), [("unclip", FILE), ("pin", CLIP)])
def test_a_clip_is_no_recording_and_a_recording_no_clip(name: str, given: str) -> None:
    with pytest.raises(Trouble, match="allowed"):
        deploy.choice(name, {"FILE": given})


def test_a_note_is_named_by_its_id() -> None:
    variables = deploy.choice("unnote", {"NOTE": "0123456789abcdef"})
    assert (variables["choose_command"], texts(variables)) == ("unnote", ["0123456789abcdef"])


@pytest.mark.parametrize("given", ["", "0123456789ABCDEF", "0123456789abcde", "../x", "0123456789abcdef;id"])
def test_what_is_no_id_of_a_note_is_refused_before_anything_is_connected(given: str) -> None:
    with pytest.raises(Trouble, match="make notes") as refused:
        deploy.choice("unnote", {"NOTE": given, "FILE": FILE})
    assert f"NOTE={given} " in str(refused.value)


@pytest.mark.parametrize("title", ["", "Finale: »Zug« \"A\" 'B' $5 {{ x }} \\ #1", "決勝"])
def test_a_title_arrives_as_it_was_typed_and_ansible_sees_nothing_of_its_own_in_it(title: str) -> None:
    variables = deploy.choice("title", {"FILE": FILE, "TITLE": title})
    assert texts(variables) == [FILE, title]
    assert "{{" not in json.dumps(variables)


@pytest.mark.parametrize("given", ["", "match123", "match123-1600000000", "../etc", f"{FILE};reboot"])
def test_what_is_no_recording_is_refused_before_anything_is_connected(given: str) -> None:
    with pytest.raises(Trouble, match="match123-20260101T200000Z") as refused:
        deploy.choice("pin", {"FILE": given})
    assert f"FILE={given} " in str(refused.value)


@pytest.mark.parametrize(("name", "title"), [("pin", "x"), ("title", "x" * 201), ("title", "two\nlines")])
def test_a_title_that_cannot_be_shown_or_has_no_place_is_refused(name: str, title: str) -> None:
    with pytest.raises(Trouble, match="allowed"):
        deploy.choice(name, {"FILE": FILE, "TITLE": title})


def made(folder: Path, *arguments: str, **environment: str) -> str:
    """TITLE as a recipe sees it, with the Makefile's own lines about it."""
    lines = (deploy.ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    start = lines.index("ifeq ($(origin TITLE),command line)")
    block = lines[start : lines.index("endif", start) + 1]
    (folder / "Makefile").write_text("\n".join([*block, "x:", "\t@printenv TITLE || echo none", ""]), encoding="utf-8")
    command = ["make", "-s", "-C", str(folder), "x", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize("word", ["'", '"', "$", "$$", "$5", "$(HOME)", "#", "\\", "%", "é決", "{{ x }}", "`id`"])
def test_make_hands_a_title_on_as_it_was_typed(tmp_path: Path, word: str) -> None:
    assert made(tmp_path, f"TITLE=a {word} b {word}") == f"a {word} b {word}"


def test_a_title_that_the_shell_happens_to_export_is_not_taken(tmp_path: Path) -> None:
    assert made(tmp_path, TITLE="bash") == "none"
