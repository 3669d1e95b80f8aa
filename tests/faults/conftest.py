"""All faults at once: what the chosen tests need to have happened is begun together, and looked at one by one later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import media
from tests.conftest import BUILD
from tests.faults.camera import Camera
from tests.faults.evidence import Evidence
from tests.variants import Variant, Variants

SECONDS = 150
OTHER = 1800
"""Number of the first picture of patterns with other settings."""
LIMIT = 1800.0
"""Seconds that a scenario may take."""
WORKERS = 32


class Stage:
    """Where faults happen."""

    def __init__(self, variants: Variants, held: ExitStack) -> None:
        self.variants = variants
        self._held = held
        self._lock = threading.Lock()
        self._common: Variant | None = None
        self.scratch = BUILD / "faults"
        self.scratch.mkdir(parents=True, exist_ok=True)

    @property
    def common(self) -> Variant:
        """A server for faults that harm only their own stream."""
        with self._lock:
            if self._common is None:
                self._common = self._held.enter_context(self.variants.start("faults"))
            return self._common

    def pattern(self, **options: Any) -> Path:
        """A pattern; those with other settings begin with picture number OTHER and are short."""
        with self._lock:
            if options:
                return media.pattern(BUILD / "media", **{"seconds": 12, "first": OTHER, "scale": 10, **options})
            return media.pattern(BUILD / "media", SECONDS, scale=10)

    def camera(self, stream: str, server: Variant | None = None, **options: Any) -> Camera:
        """Start a push: straight to a server whose stream alone breaks, else through the port that outlives it."""
        path = options.pop("path", None) or self.pattern()
        if server is None:
            return Camera(self.common.inner_rtmp_address, self.common.publish_name(stream), path, **options)
        return Camera(server.rtmp_address, server.publish_name(stream), path, **options)


Scenario = Callable[[Stage], Evidence]


ALONE: set[Scenario] = set()
"""Scenarios that need the machine for themselves."""


def alone(scenario: Scenario) -> Scenario:
    """Let a scenario begin when all others are over."""
    ALONE.add(scenario)
    return scenario


class Evening:
    """Runs scenarios beside one another, then those that need to be alone."""

    def __init__(self, stage: Stage, scenarios: list[Scenario]) -> None:
        self._pool = ThreadPoolExecutor(WORKERS)
        self._happening: dict[Scenario, Future[Evidence]] = {}
        for scenario in sorted(dict.fromkeys(scenarios), key=ALONE.__contains__):
            earlier = list(self._happening.values()) if scenario in ALONE else []
            self._happening[scenario] = self._pool.submit(self._run, scenario, stage, earlier)

    @staticmethod
    def _run(scenario: Scenario, stage: Stage, earlier: list[Future[Evidence]]) -> Evidence:
        wait(earlier)
        return scenario(stage)

    def __getitem__(self, scenario: Scenario) -> Evidence:
        """What a scenario left, when it is over."""
        return self._happening[scenario].result(LIMIT)

    def close(self) -> None:
        """Wait for all of them."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def after(scenario: Scenario) -> pytest.MarkDecorator:
    """Mark a test that looks at what a scenario left (a plain mark takes a function for the test)."""
    return pytest.mark.fault.with_args(scenario)


def _scenario(item: pytest.Item) -> Scenario | None:
    marker = item.get_closest_marker("fault")
    return marker.args[0] if marker else None


@pytest.fixture(scope="session")
def evening(request: pytest.FixtureRequest, variants: Variants) -> Iterator[Evening]:
    """Everything that the chosen tests need, under way."""
    variants.snapshot()
    with ExitStack() as held:
        stage = Stage(variants, held)
        chosen = [scenario for item in request.session.items if (scenario := _scenario(item))]
        shared = Evening(stage, chosen)
        yield shared
        shared.close()


@pytest.fixture
def left(request: pytest.FixtureRequest, evening: Evening) -> Evidence:
    """What the scenario of a test's `fault` marker left."""
    scenario = _scenario(request.node)
    assert scenario is not None
    return evening[scenario]
