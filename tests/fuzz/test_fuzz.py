"""A short run with a fixed seed; `make fuzz` is the long one."""

from __future__ import annotations

import pytest

from tests.fuzz.run import case
from tests.fuzz.targets import TARGETS

CASES = 150


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_damaged_input_gives_our_own_errors_and_no_others(target):
    for number in range(CASES):
        case(target, 20261120, number)
