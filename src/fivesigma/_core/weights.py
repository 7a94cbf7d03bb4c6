"""Weights of events, of either sign: whether some are negative, and how many equal events they are worth."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def signed(w: NDArray[np.float64] | None) -> bool:
    """Whether some weights are negative; None is one for each.

    >>> signed(None), signed(np.array([1.0, -0.5]))
    (False, True)
    """
    return w is not None and bool((np.asarray(w) < 0).any())


def kish(w: Vector) -> float:
    """Return ``N_eff = (Σw)² / Σw²``, 0 for no weight at all. Kish (1965), §11.7.

    >>> kish(np.array([1.0, 1.0, 0.0])), kish(np.array([1.0, 1.0, 1.0, -1.0])), kish(np.array([]))
    (2.0, 1.0, 0.0)
    """
    top = float(np.abs(w).max(initial=0.0))
    share = w / (2.0 ** math.frexp(top)[1] if top > 0 else 1.0)  # a power of two rounds nothing
    squares = float(np.sum(share**2))
    return float(np.sum(share)) ** 2 / squares if squares > 0 else 0.0
