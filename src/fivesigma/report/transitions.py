"""How a place that a study found is written beside what is known of it."""

from __future__ import annotations

from fivesigma.report.rounding import DASH, decimals_of, fixed, signed


def value_text(value: float | None, error: float | None) -> str:
    """Return a value with its error, both to the digits that the error leaves.

    >>> value_text(2.26712, 0.01234), value_text(2.26712, None), value_text(None, None)
    ('2.267 ± 0.012', '2.267', '—')
    """
    if value is None:
        return DASH
    if not error:
        return f"{value:.4g}"
    decimals = decimals_of(error)
    return f"{fixed(value, decimals)} ± {fixed(error, decimals)}"


def off_text(value: float | None, error: float | None, expected: float | None) -> str:
    """Return how far off what is known a value is, in per cent and in its errors.

    >>> off_text(2.29, 0.01, 2.27), off_text(2.29, None, 2.27)
    ('+0.9 %, +2.0 errors', '—')
    """
    if value is None or not error or not expected:
        return DASH
    return f"{signed(100 * (value / expected - 1), 1)} %, {signed((value - expected) / error, 1)} errors"
