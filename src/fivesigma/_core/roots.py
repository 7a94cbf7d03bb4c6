"""Where a function of one number is zero, by Brent's method.

SciPy's own is one name of `scipy.optimize`, whose import takes as long as fifty of the fits of a small study.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from fivesigma._core.errors import InputError

_FINEST = 4 * 2.0**-52


def brent(
    of: Callable[[float], float], low: float, high: float, *, xtol: float, rtol: float = _FINEST
) -> float:
    """Return a root of a continuous function between two ends at which its signs differ.

    Brent (1973), Algorithms for Minimization without Derivatives, ch. 4: steps by a line, or by a parabola of x through
    three points, and halves where those do not come nearer. Steps and digits are those of `scipy.optimize.brentq`.

    Parameters
    ----------
    of : the function
    low, high : the ends
    xtol, rtol : how far the root may be, at all and as a share of its size

    Raises
    ------
    InputError
        If the signs at the ends are the same.

    Examples
    --------
    >>> brent(lambda x: x**2 - 2, 0.0, 2.0, xtol=1e-12)
    1.4142135623731364
    """
    before, now, across = float(low), float(high), 0.0
    f_before, f_now, f_across = float(of(before)), float(of(now)), 0.0
    step = last = 0.0
    if f_before == 0 or f_now == 0:
        return before if f_before == 0 else now
    if (f_before < 0) == (f_now < 0):
        raise InputError(f"f({low}) = {f_before} and f({high}) = {f_now} have one sign; expected two.")
    while True:
        if (f_before < 0) != (f_now < 0):
            across, f_across, last = before, f_before, now - before
            step = last
        if abs(f_across) < abs(f_now):
            before, now, across = now, across, now
            f_before, f_now, f_across = f_now, f_across, f_now
        near, half = (xtol + rtol * abs(now)) / 2, (across - now) / 2
        if f_now == 0 or abs(half) < near:
            return now
        tried = math.inf
        if abs(last) > near and abs(f_now) < abs(f_before):
            tried = _tried((before, now, across), (f_before, f_now, f_across))
        fine = 2 * abs(tried) < min(abs(last), 3 * abs(half) - near)
        last, step = (step, tried) if fine else (half, half)
        before, f_before = now, f_now
        now += step if abs(step) > near else math.copysign(near, half)
        f_now = float(of(now))


def _tried(at: tuple[float, float, float], values: tuple[float, float, float]) -> float:
    """Return the step from the second of three points to where a line, or a parabola of x, is zero; else infinity."""
    (x, here, z), (f, f_here, g) = at, values
    try:
        if x == z:
            return -f_here * (here - x) / (f_here - f)
        of_x, of_z = (f - f_here) / (x - here), (g - f_here) / (z - here)
        return -f_here * (g * of_z - f * of_x) / (of_z * of_x * (g - f))
    except ZeroDivisionError:  # of values too small, or that are the same
        return math.inf
