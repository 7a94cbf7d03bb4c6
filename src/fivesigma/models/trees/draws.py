"""Random numbers inside compiled loops: SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195)."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import njit

_GOLDEN, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
_STREAM = np.uint64(0xD1B54A32D192ED03)
_HALF = np.uint64(32)


@njit(inline="always")  # type: ignore[untyped-decorator]
def begun(seed: Any, number: Any) -> Any:
    """Return the state with which the draws number ``number`` of a ``seed`` begin, whatever was drawn before."""
    return np.uint64(seed) + np.uint64(number + 1) * _STREAM


@njit(inline="always")  # type: ignore[untyped-decorator]
def drawn(state: Any) -> Any:
    """Return the next state, and 64 random bits."""
    state += _GOLDEN
    z = (state ^ (state >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return state, z ^ (z >> np.uint64(31))


@njit(inline="always")  # type: ignore[untyped-decorator]
def below(bits: Any, n: Any) -> Any:
    """Return a whole number from 0 to n - 1 by random ``bits``; n is below 2³²."""
    return np.int64(((bits >> _HALF) * np.uint64(n)) >> _HALF)


@njit(inline="always")  # type: ignore[untyped-decorator]
def draw_to(order: Any, at: Any, state: Any) -> Any:
    """Bring one of ``order[at:]``, drawn at random, to ``at`` (Fisher & Yates 1938); return the next state."""
    state, bits = drawn(state)
    other = at + below(bits, len(order) - at)
    order[at], order[other] = order[other], order[at]
    return state
