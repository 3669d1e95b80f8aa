"""What is shown of a playbook's run."""

from __future__ import annotations

from tools.playbook import Reader, fault

OUTPUT = """
PLAY [Provision a Scrimbox server] *********************************************

TASK [storage : Make the folders] **********************************************
changed: [vod] => (item=/srv/hls)
changed: [vod] => (item=/srv/streams)

TASK [storage : Make sure that nothing else is there] **************************
ok: [vod]

TASK [nginx : Say that the fallback is built] **********************************
ok: [vod] =>
    msg: 'nginx 1.30.6 cannot be fetched from here: building 1.26.3 instead, as nginx_fallback_version
        allows.'

TASK [ingest : Read] ***********************************************************
ok: [vod -> localhost]
[WARNING]: Something is odd

TASK [report : Say where the links are] ****************************************
ok: [vod] =>
    msg:
    - http://vod/player?id=match123
    - ''

RUNNING HANDLER [web : Reload] *************************************************
changed: [vod]

PLAY RECAP *********************************************************************
vod                        : ok=5    changed=2    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
"""


def read(output: str, *, several: bool = False) -> tuple[Reader, list[str]]:
    reader = Reader(several=several)
    notes: list[str] = []
    for line in output.splitlines():
        reader.feed(line)
        notes += reader.notes
    return reader, notes


def test_changes_messages_and_warnings_are_shown_and_nothing_else() -> None:
    assert read(OUTPUT)[1] == [
        "changed  storage : Make the folders",
        "nginx 1.30.6 cannot be fetched from here: building 1.26.3 instead, as nginx_fallback_version allows.",
        "[WARNING]: Something is odd",
        "http://vod/player?id=match123",
        "",
        "changed  web : Reload",
    ]


def test_of_several_servers_each_message_names_its_own() -> None:
    notes = read(OUTPUT, several=True)[1]
    assert "vod: http://vod/player?id=match123" in notes
    assert "vod: changed  web : Reload" in notes


def test_tasks_and_changes_are_counted() -> None:
    reader = read(OUTPUT)[0]
    assert (reader.tasks, reader.changed) == (6, 2)


def test_a_failure_is_shown_in_the_tasks_own_words_and_without_what_comes_after() -> None:
    log = """
TASK [nginx : Build] ***
[ERROR]: Task failed: no
Origin: x

fatal: [vod -> localhost]: FAILED! =>
    assertion: a
    msg: 'Nothing was changed: it is
        missing.'
    stderr: |-
        one

        two

TASK [nginx : Remove] ***
changed: [vod]
"""
    assert fault(log.splitlines()) == [
        "TASK [nginx : Build]",
        "vod:",
        "Nothing was changed: it is missing.",
        "one",
        "",
        "two",
    ]


def test_a_failure_that_says_nothing_is_shown_as_it_is() -> None:
    log = ["TASK [a : b] ***", "fatal: [vod]: UNREACHABLE! => x", "    changed: false"]
    assert fault(log) == ["TASK [a : b]", "fatal: [vod]: UNREACHABLE! => x", "    changed: false"]


def test_a_failure_before_any_task_is_shown_in_ansibles_words() -> None:
    assert fault(["", "[ERROR]: the role 'x' was not found", "Origin: y"]) == ["[ERROR]: the role 'x' was not found"]


def test_a_failure_without_a_word_shows_the_end() -> None:
    assert fault([str(number) for number in range(100)])[-1] == "99"
