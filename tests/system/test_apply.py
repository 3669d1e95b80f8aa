"""What scrimbox-apply makes of a service whose files have changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.variants import Variant, Variants

UNIT = "/etc/systemd/system/scrimbox-write.service"
APPLY = "/usr/local/sbin/scrimbox-apply write"


@pytest.fixture(scope="module")
def changed(variants: Variants) -> Iterator[Variant]:
    """A server of which files are changed by hand."""
    with variants.start("applying") as server:
        yield server


def test_a_service_that_is_as_declared_is_left_alone(changed: Variant) -> None:
    assert changed.check(APPLY) == "unchanged scrimbox-write.service"


def test_a_service_that_would_not_start_at_the_next_boot_is_enabled_again(changed: Variant) -> None:
    changed.check("systemctl --quiet disable scrimbox-write")
    assert changed.check(APPLY).splitlines() == ["enabled scrimbox-write.service", "unchanged scrimbox-write.service"]
    assert changed.check("systemctl is-enabled scrimbox-write") == "enabled"


def test_a_unit_that_has_changed_on_disk_is_what_runs_afterwards(changed: Variant) -> None:
    changed.check(f"sed -i 's/^LimitNOFILE=.*/LimitNOFILE=4321/' {UNIT}")
    assert changed.check(APPLY) == "restarted scrimbox-write.service"
    assert changed.check("systemctl show -p LimitNOFILE --value scrimbox-write") == "4321"
    assert changed.check(APPLY) == "unchanged scrimbox-write.service"


def test_what_was_started_before_systemd_knew_of_its_new_unit_is_started_again(changed: Variant) -> None:
    changed.check(f"sed -i 's/^LimitNOFILE=.*/LimitNOFILE=4322/' {UNIT} && systemctl restart scrimbox-write")
    assert changed.check(APPLY) == "restarted scrimbox-write.service"
    assert changed.check("systemctl show -p LimitNOFILE --value scrimbox-write") == "4322"
