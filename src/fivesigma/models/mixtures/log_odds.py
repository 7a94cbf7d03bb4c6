"""Log odds of many numbers at once, in plain arithmetic of which a compiler makes vectors: the same bits anywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import compiled

Array = NDArray[np.float64]

_HALF_ROOT = np.int64(0x3FE6A09E667F3BCD)
"""The bits of √½: mantissas are taken from there to √2."""
_EXPONENT = np.int64(-(1 << 52))
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_A1, _A2, _A3, _A4 = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
)
_A5, _A6, _A7 = 1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01


@compiled
def log_odds(u: Array, exponents: Array) -> None:
    """Put ``ln u / (1 − u)`` in the place of each u from 0 to below 1, to a unit in the last place of the logarithm.

    ``ln(2^k (1 + f)) = k ln 2 + f − s (f − P(s²))`` with ``s = f / (2 + f)`` and fdlibm's polynomial P. Zero, which has
    none, becomes −709, below all that matter. ``exponents`` is room for as many numbers.
    """
    for i in range(u.size):
        u[i] = u[i] / (1.0 - u[i])
    bits = u.view(np.int64)
    for i in range(u.size):
        above = bits[i] - _HALF_ROOT
        exponents[i] = float(above >> 52)
        bits[i] -= above & _EXPONENT
    for i in range(u.size):
        f = u[i] - 1.0
        s = f / (2.0 + f)
        z = s * s
        w = z * z
        P = w * (_A2 + w * (_A4 + w * _A6)) + z * (_A1 + w * (_A3 + w * (_A5 + w * _A7)))
        half = 0.5 * f * f
        k = exponents[i]
        u[i] = k * _LN2_HIGH - ((half - (s * (half + P) + k * _LN2_LOW)) - f)
