"""Sérsic profiles and their derivatives on a grid of pixels, compiled.

``I(r) = F / (2π n R² e^{−2n ln b + ln Γ(2n)}) exp(−b (r/R)^{1/n})`` with the circularised radius R that holds half the
flux F, and ``r² = ((1 + g²)(x² + y²) − 2 g₁(x² − y²) − 4 g₂ x y)/(1 − g²)``, a shear g that keeps areas. ``b(n)`` is
the expansion of Ciotti & Bertin (1999, A&A 352 447, eq. 18), good to 1e-5 for n ≥ 0.36.
"""

from __future__ import annotations

import math

import numpy as np

from fivesigma._core.compiled import njit
from fivesigma.features.images.family import Floats

N_PARAMETERS = 7
"""Of a profile: ln F, ln R, ln n, x, y, g₁, g₂; lengths in pixels from the first one."""
NODES = tuple(tuple(part / 2 for part in np.polynomial.legendre.leggauss(k)) for k in (1, 2, 4, 10))
"""Gauss–Legendre rules on [−½, ½]: the pixels are integrated, the finer the nearer to the centre."""


@njit(cache=True, error_model="numpy")
def _b(n):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    return 2 * n - 1 / 3 + 4 / (405 * n) + 46 / (25515 * n**2) + 131 / (1148175 * n**3)


@njit(cache=True, error_model="numpy")
def _log_norm(n):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """``ln`` of the surface brightness at the centre for F = R = 1."""
    return 2 * n * math.log(_b(n)) - math.log(2 * math.pi * n) - math.lgamma(2 * n)


@njit(cache=True, error_model="numpy")
def _add(out, row, column, dx, dy, weight, p, shape):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add value and derivatives at one point, weighted, to ``out[:, row, column]``."""
    n, b, db, R, height, dheight, g1, g2 = shape
    g = 1.0 / (1.0 - g1 * g1 - g2 * g2)
    s, d, c = dx * dx + dy * dy, dx * dx - dy * dy, dx * dy
    top = (1.0 + g1 * g1 + g2 * g2) * s - 2.0 * g1 * d - 4.0 * g2 * c
    r2 = max(top * g, 1e-8)
    log_r = 0.5 * math.log(r2) - math.log(R)
    t = math.exp(log_r / n)
    value = weight * height * math.exp(-b * t)
    slope = -b * t / n  # d ln I / d ln r
    out[0, row, column] += value
    out[1, row, column] += value * (-2.0 - slope)
    out[2, row, column] += value * (dheight - db * t + b * t * log_r / n)
    per_r2 = 0.5 * slope / r2 * value
    out[3, row, column] -= per_r2 * g * (2 * (1 + g1 * g1 + g2 * g2) * dx - 4 * g1 * dx - 4 * g2 * dy)
    out[4, row, column] -= per_r2 * g * (2 * (1 + g1 * g1 + g2 * g2) * dy + 4 * g1 * dy - 4 * g2 * dx)
    out[5, row, column] += per_r2 * (g * (2 * g1 * s - 2 * d) + 2 * g1 * g * g * top)
    out[6, row, column] += per_r2 * (g * (2 * g2 * s - 4 * c) + 2 * g2 * g * g * top)


@njit(cache=True, error_model="numpy", nogil=True)  # type: ignore[untyped-decorator]
def profiles(parameters: Floats, out: Floats, nodes: tuple[tuple[Floats, Floats], ...]) -> None:
    """Fill profiles and their derivatives, (n, 7, height, width), at ``parameters`` (n, 7): value first, by ln F."""
    first, second, fourth, fine = nodes
    for i in range(len(parameters)):
        p = parameters[i]
        n, R, x0, y0, g1, g2 = math.exp(p[2]), math.exp(p[1]), p[3], p[4], p[5], p[6]
        b, step = _b(n), 1e-4
        up, down = n * math.exp(step), n * math.exp(-step)
        db, dheight = (_b(up) - _b(down)) / (2 * step), (_log_norm(up) - _log_norm(down)) / (2 * step)
        shape = (n, b, db, R, math.exp(p[0] - 2 * p[1] + _log_norm(n)), dheight, g1, g2)
        out[i] = 0.0
        for row in range(out.shape[2]):
            for column in range(out.shape[3]):
                dx, dy = column - x0, row - y0
                r = math.sqrt(dx * dx + dy * dy)
                if r < 1.6:
                    at, weights = fine
                elif r < 4.0:
                    at, weights = fourth
                elif r < 2.0 + 2.0 * R:
                    at, weights = second
                else:
                    at, weights = first
                for k in range(len(at)):
                    for m in range(len(at)):
                        _add(out[i], row, column, dx + at[m], dy + at[k], weights[k] * weights[m], p, shape)
