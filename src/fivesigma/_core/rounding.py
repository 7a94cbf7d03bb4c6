"""Digits worth writing: by the Particle Data Group's rounding rule."""

from __future__ import annotations

import math

DASH = "—"
MINUS = "\u2212"
_MOST_DECIMALS = 12
ROUNDING = 1e-10  # errors below this share of the value are those of the arithmetic
_NOUGHT = 1e-10  # values below this share of the last digit that is written are those of the arithmetic
_MOST_NOUGHTS = 4  # so many more decimals are written out; beyond them stands a power of ten
_MOST_DIGITS = 6
_LARGE = 1e7


def decimals_of(error: float) -> int:
    """Return the number of decimals at which ``error``, and the value it belongs to, are written.

    The three leading digits of the error decide: 100 to 354 keep two digits, 355 to 949 keep one, 950 to 999
    are rounded up to 1000 and keep two. Particle Data Group, Review of Particle Physics, Introduction, 5.3.

    >>> decimals_of(0.00312), decimals_of(0.0078), decimals_of(0.0096), decimals_of(827.0)
    (4, 3, 3, -2)
    """
    exponent = math.floor(math.log10(error))
    leading = round(error / 10.0 ** (exponent - 2))
    if leading >= 950:
        return -exponent
    return 1 - exponent if leading <= 354 else -exponent


def fixed(value: float | None, decimals: int) -> str:
    """Return ``value`` with ``decimals`` digits after the point; negative decimals round to tens, hundreds.

    What those digits would make nothing of is written as an error is: however wide its interval, no value but zero
    reads as zero. From ten million on, and beyond the last decimal that is written, with a power of ten:

    >>> fixed(0.86124, 4), fixed(12345.0, -2), fixed(-0.00046, 3), fixed(12.3, -2), fixed(0.0, 2)
    ('0.8612', '12300', '−0.0005', '12', '0.00')
    >>> fixed(-3.2e-9, 2), fixed(1e-17, 2)
    ('−3.2e−09', '0.00')
    >>> fixed(1.0743e13, -11), fixed(3.14e-20, 21)
    ('1.07e+13', '3.1e−20')
    """
    if value is None:
        return DASH
    rounded = round(value, decimals)
    if not rounded and abs(value) > _NOUGHT * 10.0**-decimals:
        return _small(value, decimals)
    if rounded and (abs(rounded) >= _LARGE or decimals > _MOST_DECIMALS):
        digits = math.floor(math.log10(abs(rounded))) + decimals
        return f"{rounded:.{max(0, min(digits, _MOST_DIGITS))}e}".replace("-", MINUS)
    text = f"{rounded:.{max(0, min(decimals, _MOST_DECIMALS))}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def _small(value: float, decimals: int) -> str:
    """Return a value of which ``decimals`` leave nothing, to the digits of an error of its size, less its last noughts.

    >>> _small(1.0, -2), _small(0.00046, 3), _small(1842.0, -5)
    ('1', '0.0005', '1800')
    """
    finest = decimals_of(abs(value))
    exact = round(value, finest)
    if finest > max(decimals, 0) + _MOST_NOUGHTS:
        return f"{exact:.2g}".replace("-", MINUS)
    coarsest = next(d for d in range(decimals, finest + 1) if round(exact, d) == exact)
    return f"{exact:.{max(0, coarsest)}f}".replace("-", MINUS)


def decimals_within(error: float, size: float) -> int:
    """Return the decimals of ``error``, but no more than a number of this ``size`` is worth writing with.

    >>> decimals_within(0.0031, 0.86), decimals_within(1e-15, 3e5)
    (4, 12)
    """
    most = _MOST_DIGITS - math.floor(math.log10(size)) if size > 0 else 0
    return min(decimals_of(error), max(most, _MOST_DECIMALS))


def interval_decimals(low: float | None, high: float | None) -> int:
    """Return the decimals at which an interval is written: its half width by the rule of `decimals_of`.

    >>> interval_decimals(0.855, 0.867), interval_decimals(0.5, 0.5 + 1e-15)
    (4, 4)
    """
    if low is None or high is None or high - low <= ROUNDING * max(abs(low), abs(high)):
        return 4
    return decimals_within((high - low) / 4.0, max(abs(low), abs(high)))
