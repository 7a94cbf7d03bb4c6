"""Numbers as a physicist writes them: value ± error by the Particle Data Group's rounding rule, and σ."""

from __future__ import annotations

import math

from fivesigma._core.rounding import (
    DASH,
    MINUS,
    ROUNDING,
    decimals_of,
    decimals_within,
    fixed,
    interval_decimals,
)
from fivesigma.record.results import Score

__all__ = [
    "DASH",
    "MINUS",
    "compact",
    "count",
    "decimals_for",
    "decimals_of",
    "duration",
    "fixed",
    "interval",
    "interval_decimals",
    "interval_text",
    "plain_number",
    "sigma",
    "signed",
    "total_error",
    "value_with_error",
]

_PLAIN_BELOW = 1e6


def signed(value: float | None, decimals: int) -> str:
    """Return ``value`` as `fixed` does, with its sign; zero has none.

    >>> signed(0.012, 3), signed(-0.00046, 3), signed(0.0, 3)
    ('+0.012', '−0.0005', '0.000')
    """
    text = fixed(value, decimals)
    nothing = not any(digit in text.partition("e")[0] for digit in "123456789")
    return text if nothing or text.startswith(MINUS) else f"+{text}"


def plain_number(value: float | None, digits: int = 4) -> str:
    """Return ``value`` to ``digits`` significant digits; below a million without a power of ten.

    >>> plain_number(1234567.0), plain_number(0.00001234), plain_number(None), plain_number(1596.0, 2)
    ('1.235e+06', '1.234e−05', '—', '1600')
    """
    if value is None:
        return DASH
    text = f"{value:.{digits}g}"
    if "e+" in text and abs(float(text)) < _PLAIN_BELOW:
        text = f"{float(text):.0f}"
    return text.replace("-", MINUS)


def total_error(score: Score) -> float | None:
    """Return stat ⊕ train of the error budget, or what there is of it; ``None`` where both are 0, but for rounding."""
    parts = [part for part in (score.error.stat, score.error.train) if part is not None]
    total = math.hypot(*parts) if parts else 0.0
    return total if total > ROUNDING * abs(score.value or 0.0) else None


def decimals_for(score: Score) -> int:
    """Return the decimals of ``score``: by its error, else by its interval, else four."""
    error = total_error(score)
    if error is None:
        return interval_decimals(score.low, score.high)
    return decimals_within(error, abs(score.value or 0.0))


def value_with_error(score: Score | None) -> str:
    """Return ``0.8612 ± 0.0031``, or the value alone where its error was refused.

    >>> from fivesigma.record.results import ErrorBudget
    >>> value_with_error(Score(0.86124, error=ErrorBudget(stat=0.00312)))
    '0.8612 ± 0.0031'
    >>> value_with_error(Score(1.0743e13, error=ErrorBudget(stat=1.31e12)))
    '1.07e+13 ± 1.3e+12'
    >>> value_with_error(Score(4.32e-21, error=ErrorBudget(stat=5.6e-22)))
    '4.3e−21 ± 6e−22'
    """
    if score is None or score.value is None:
        return DASH
    decimals, error = decimals_for(score), total_error(score)
    value = fixed(score.value, decimals)
    return value if error is None else f"{value} ± {fixed(error, decimals)}"


def compact(value: float | None, error: float | None) -> str:
    """Return ``value`` with its error on the last digits in brackets; four digits where there is no error.

    >>> compact(4.9812, 0.1234), compact(-5872.1, 310.0), compact(1.23456, None), compact(0.5, 0.0)
    ('4.98(12)', '−5870(310)', '1.235', '0.5')
    >>> compact(0.3, 120.0)
    '0.3 ± 120'
    """
    if value is None or not error:
        return plain_number(value)
    decimals = decimals_within(error, abs(value))
    text = fixed(value, decimals)
    if "e" in text or (value and not round(value, decimals)):
        return f"{text} ± {fixed(error, decimals)}"
    return f"{text}({round(error * 10.0 ** max(decimals, 0), min(decimals, 0)):.0f})"


def interval(low: float | None, high: float | None, decimals: int) -> str:
    """Return ``0.855 to 0.867``; a side that is open is named.

    >>> interval(0.1, 0.25, 2), interval(None, 0.25, 2)
    ('0.10 to 0.25', 'below 0.25')
    """
    if low is None and high is None:
        return DASH
    if low is None:
        return f"below {fixed(high, decimals)}"
    if high is None:
        return f"above {fixed(low, decimals)}"
    return f"{fixed(low, decimals)} to {fixed(high, decimals)}"


def interval_text(value: float | None, low: float | None, high: float | None) -> str:
    """Return ``0.8612 [0.8551, 0.8673]``, or the value alone where there is no interval.

    >>> interval_text(0.8612, 0.8551, 0.8673), interval_text(0.8612, None, None)
    ('0.8612 [0.8551, 0.8673]', '0.8612')
    """
    decimals = interval_decimals(low, high)
    if low is None or high is None:
        return fixed(value, decimals)
    return f"{fixed(value, decimals)} [{fixed(low, decimals)}, {fixed(high, decimals)}]"


def sigma(value: float | None) -> str:
    """Return a significance in σ; beyond 5 only that it is.

    >>> sigma(2.36), sigma(2.97), sigma(17.0), sigma(-7.0), sigma(None)
    ('2.4σ', '2.9σ', '> 5σ', '< −5σ', '—')
    """
    if value is None:
        return DASH
    if abs(value) >= 5.0:
        return "> 5σ" if value > 0 else f"< {MINUS}5σ"
    tenths = round(value, 1)
    if any(abs(value) < bar <= abs(tenths) for bar in (3.0, 5.0)):
        tenths = math.trunc(value * 10.0) / 10.0  # 2.97 must not read as the 3.0 that earns a word
    return fixed(tenths, 1) + "σ"


def duration(seconds: float | None) -> str:
    """Return a time as ``0.31 s`` or ``2 min 5 s``.

    >>> duration(0.3141), duration(125.0)
    ('0.31 s', '2 min 5 s')
    """
    if seconds is None:
        return DASH
    if seconds < 100.0:
        return f"{seconds:.2g} s" if seconds < 10.0 else f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def count(number: float | None) -> str:
    """Return a whole number with thin spaces between thousands.

    >>> count(12345)
    '12\u202f345'
    """
    if number is None:
        return DASH
    return f"{round(number):,}".replace(",", "\u202f")
