r"""Numbers for siunitx: ``\num`` with the uncertainty, both at the digits that the uncertainty allows."""

from __future__ import annotations

import math

from fivesigma.report.latex.text import escaped
from fivesigma.report.rounding import decimals_of

NONE = "---"
_LEAST, _MOST = 1e-4, 1e6  # outside of these a number is written with a power of ten
_ROUNDING = 1e-12


def number(
    value: float | None,
    error: float | None = None,
    *,
    within: tuple[float | None, float | None] = (None, None),
) -> str:
    r"""Return ``value`` as ``\num``, with its error where there is one.

    Without an error it has the digits that the interval ``within`` leaves it, else four.

    >>> number(0.86124, 0.00312), number(0.86124, within=(0.8, 0.9))
    ('\\num{0.8612 \\pm 0.0031}', '\\num{0.861}')
    >>> number(-5872.1, 310.0), number(1.0743e13, 1.31e12), number(None)
    ('\\num{-5870 \\pm 310}', '\\num{1.07 \\pm 0.13 e13}', '---')
    """
    if value is None:
        return NONE
    low, high = within
    reach = error if error or low is None or high is None else (high - low) / 4.0
    if not reach or reach <= _ROUNDING * abs(value):
        return rf"\num{{{value:.4g}}}"
    power = _power(max(abs(value), reach))
    places = decimals_of(reach / 10.0**power)
    given = (value, error) if error else (value,)
    shown = " \\pm ".join(_fixed(each / 10.0**power, places) for each in given)
    return rf"\num{{{shown}{f' e{power}' if power else ''}}}"


def interval(low: float | None, high: float | None) -> str:
    r"""Return two limits, at the digits of a quarter of what lies between them; an open side is said.

    >>> interval(0.1234, 0.2345), interval(None, 0.2)
    ('\\num{0.123} to \\num{0.234}', 'below \\num{0.2}')
    """
    if low is None or high is None:
        given = low if high is None else high
        return NONE if given is None else f"{'above' if high is None else 'below'} {number(given)}"
    width = high - low
    if width <= _ROUNDING * max(abs(low), abs(high)):
        return f"{number(low)} to {number(high)}"
    power = _power(max(abs(low), abs(high)))
    places = decimals_of(width / 4.0 / 10.0**power)
    ends = (f"{_fixed(each / 10.0**power, places)}{f'e{power}' if power else ''}" for each in (low, high))
    return " to ".join(rf"\num{{{each}}}" for each in ends)


def significance(text: str) -> str:
    r"""Return a significance as the page writes it, for a column that is headed by σ.

    >>> significance("> 5σ"), significance("−2.4σ (not blind)")
    ('$>$ 5', '$-$2.4 (not blind)')
    """
    return escaped(text.replace("σ", ""))


def _power(size: float) -> int:
    return 0 if size == 0.0 or _LEAST <= size < _MOST else math.floor(math.log10(size))


def _fixed(value: float, places: int) -> str:
    return f"{round(value, places):.{max(places, 0)}f}"
