"""The converged server that is measured."""

from __future__ import annotations

from tests.conftest import INSTANCE, read_credentials
from tests.variants import Variant
from tools import container, rings
from tools.terminal import Trouble


def converged() -> Variant:
    """The tests' container: the running one, or a new one.

    Raises:
        Trouble: it cannot be provisioned.
    """
    if container.state(INSTANCE) != "running":
        rings.go("destroy")
        if not rings.go("converge").ok:
            raise Trouble("the server could not be provisioned. Look at: build/ring-converge.log")
    return Variant(INSTANCE, container.published(INSTANCE), read_credentials())
