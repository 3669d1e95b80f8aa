"""A real push, seen by real clients and real browsers."""

import pytest

pytest.register_assert_rewrite("tests.e2e.expectations")
