"""One physics in many units: tables whose columns and target are told again as ``a x + b`` and ``c y + d``.

Columns are multiples of 2⁻²⁰ of their spread, so that an offset of 2³⁰ spreads rounds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GRID = 2.0**20


@dataclass(frozen=True)
class Units:
    """Factors and offsets of four columns, and of the target."""

    a: tuple[float, ...]
    b: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    c: float = 1.0
    d: float = 0.0

    def columns(self, X: Array) -> Array:
        """Return the columns (n, 4) in these units."""
        return np.array(self.a) * X + np.array(self.b)

    def target(self, y: Array) -> Array:
        """Return the target (n,) in its unit."""
        return self.c * y + self.d

    def told(self, predicted: Array) -> Array:
        """Return predictions in the plain unit."""
        return (predicted - self.d) / self.c

    @property
    def rounding(self) -> float:
        """What float64 cannot tell of a target this far from zero: some hundred units in the last place."""
        return 1e-9 + 200 * float(np.finfo(float).eps) * abs(self.d / self.c)

    @property
    def log_volume(self) -> float:
        """``Σ ln a``."""
        return float(np.log(self.a).sum())


FAR = 2.0**30
UNITS = {
    "powers of two": Units((2.0**-70, 2.0**-199, 8.0, 2.0**120), c=2.0**-90),
    "large": Units((1e60, 1e44, 1e10, 1e33), c=1e60),
    "tiny": Units((1e-60, 1e-21, 1e-10, 1e-40), c=1e-60),
    "far from zero": Units((1.0, 2.0, 1.0, 4.0), (FAR, -FAR, 1.2e9, 2 * FAR), 2.0, 1.2e9),
    "ordinary": Units((3.0, 1e14, 0.1, 7.0), (2.0, 5e14, 0.0, -30.0), 0.3, 11.0),
}
ONE = {  # of all columns: what an estimator that measures distances in one unit can keep
    "power of two": Units((2.0**-70,) * 4),
    "large": Units((1e60,) * 4),
    "tiny": Units((1e-60,) * 4),
    "far from zero": Units((2.0,) * 4, (FAR, -FAR, 1.2e9, 2 * FAR)),
}


def on_grid(values: Array) -> Array:
    """Return ``values`` rounded to multiples of 2⁻²⁰."""
    return np.round(values * GRID) / GRID


def table(n: int = 120, seed: int = 3) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return columns (n, 4), values (n,) and labels (n,) of two classes."""
    rng = np.random.default_rng(seed)
    X = on_grid(rng.normal(size=(n, 4)))
    f = X[:, 0] + 0.8 * X[:, 1] * (X[:, 2] > 0) + 0.4 * X[:, 3] ** 2
    value = on_grid(f + 0.4 * rng.normal(size=n))
    return X, value, (f + 0.8 * rng.normal(size=n) > 0.4).astype(np.int64)
