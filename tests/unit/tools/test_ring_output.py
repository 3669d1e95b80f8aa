"""What of a ring's output is shown: never that which went well in Ansible, always that which failed."""

from __future__ import annotations

from tools.ring_output import RingOutput

CONVERGE = """\
INFO     [default > converge] Executing

PLAY [Provision] ***************

TASK [storage : Make folders] ***************
changed: [scrimbox-default] => (item=/srv/hls)
ok: [scrimbox-default] =>
    msg: all is well

TASK [storage : Mount it] ***************
FAILED - RETRYING: [scrimbox-default]: Wait (3 retries left).
fatal: [scrimbox-default]: FAILED! =>
    msg: the disk is not there

PLAY RECAP ***************
scrimbox-default : ok=3 changed=1 failed=1
"""


def shown(text: str) -> list[str]:
    output = RingOutput()
    return [line for given in text.splitlines() for line in output.read(given)]


def test_a_converge_shows_its_roles_and_what_failed_with_its_task_and_reason() -> None:
    assert [line for line in shown(CONVERGE) if line] == [
        "INFO     [default > converge] Executing",
        "  storage",
        "TASK [storage : Mount it]",
        "fatal: [scrimbox-default]: FAILED! =>",
        "    msg: the disk is not there",
        "PLAY RECAP ***************",
        "scrimbox-default : ok=3 changed=1 failed=1",
    ]


def test_a_failed_assertion_is_shown_whole_with_its_empty_and_indented_lines() -> None:
    lines = [
        "....F   [100%]",
        "=== FAILURES ===",
        "    def test():",
        "",
        ">       assert 1 == 2",
        "E       assert 1 == 2",
    ]
    assert shown("\n".join(lines)) == lines


def test_nodes_passed_tests_are_not_shown_and_its_failed_ones_are_named() -> None:
    output = RingOutput()
    assert output.read("✔ a clock follows (0.25ms)") == []
    assert output.read("✖ a clock stops (1.5ms)") == ["✖ a clock stops (1.5ms)"]
    assert output.failed == ["a clock stops"]


def test_failed_tests_are_named_once_with_their_reason() -> None:
    output = RingOutput()
    for line in (
        "FAILED ../../tests/e2e/test_live.py::test_a[x - y] - AssertionError: no",
        "ERROR ../../tests/e2e/test_home.py::test_b[firefox]",
        "ERROR ../../tests/e2e/test_home.py::test_b[firefox]",
        "ERROR    Verifier tests failed",
    ):
        output.read(line)
    assert output.failed == [
        "tests/e2e/test_live.py::test_a[x - y] - AssertionError: no",
        "tests/e2e/test_home.py::test_b[firefox]",
    ]
