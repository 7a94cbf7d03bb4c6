"""Numbers as a physicist writes them: value ± error by the Particle Data Group's rounding rule, and σ."""

from __future__ import annotations

import math

from fivesigma.record.results import Score

DASH = "—"
MINUS = "\u2212"
_MOST_DECIMALS = 12
_ROUNDING = 1e-10  # errors below this share of the value are those of the arithmetic
_NOUGHT = 1e-9  # values below this share of the last digit that is written are those of the arithmetic
_MOST_NOUGHTS = 4  # so many more decimals are written out; beyond them stands a power of ten
_MOST_DIGITS = 6
_LARGE = 1e7
_PLAIN_BELOW = 1e6


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
    return total if total > _ROUNDING * abs(score.value or 0.0) else None


def decimals_for(score: Score) -> int:
    """Return the decimals of ``score``: by its error, else by its interval, else four."""
    error = total_error(score)
    if error is None:
        return interval_decimals(score.low, score.high)
    return _decimals_within(error, abs(score.value or 0.0))


def _decimals_within(error: float, size: float) -> int:
    """The decimals of ``error``, but no more than a number of this ``size`` is worth writing with."""
    most = _MOST_DIGITS - math.floor(math.log10(size)) if size > 0 else 0
    return min(decimals_of(error), max(most, _MOST_DECIMALS))


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
    decimals = _decimals_within(error, abs(value))
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


def interval_decimals(low: float | None, high: float | None) -> int:
    """Return the decimals at which an interval is written: its half width by the rule of `decimals_of`.

    >>> interval_decimals(0.855, 0.867), interval_decimals(0.5, 0.5 + 1e-15)
    (4, 4)
    """
    if low is None or high is None or high - low <= _ROUNDING * max(abs(low), abs(high)):
        return 4
    return _decimals_within((high - low) / 4.0, max(abs(low), abs(high)))


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
