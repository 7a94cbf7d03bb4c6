"""Counts in words agree with their numbers."""

from __future__ import annotations

import pytest

from fivesigma._core.counts import counted, noun


@pytest.mark.parametrize("n", [0, 1, 2, 11, 21, 1000])
def test_only_one_is_singular(n) -> None:
    assert noun(n, "event") == ("event" if n == 1 else "events")
    assert noun(n, "box", "boxes") == ("box" if n == 1 else "boxes")
    assert counted(n, "event") == f"{n:,} {noun(n, 'event')}"
