"""How far the labels of a spiked mixture can be recovered: state evolution, in the limit n, d → ∞ at α = n/d."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from fivesigma._core.errors import InputError

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(120)
_WEIGHTS = _WEIGHTS / np.sqrt(2.0 * np.pi)


@dataclass(frozen=True)
class Recovery:
    """What theory allows for two components.

    Parameters
    ----------
    sample : float
        Overlap of one draw of the posterior with the truth.
    best : float
        Overlap of the best labels, the sign of the posterior mean of each.
    centres : float
        Overlap of the posterior mean of the centres' difference with the truth, relative to its length.
    """

    sample: float
    best: float
    centres: float


def threshold(alpha: float, n_components: int = 2) -> float:
    """``ρ_c = K/√α``: below, no algorithm that is local does better than chance (for K <= 4 + 2√α none at all).

    Lesieur et al., arXiv:1610.02918, eq. 8.

    >>> threshold(1.0), threshold(4.0, 3)
    (2.0, 1.5)
    """
    _check(alpha, 0.0)
    return n_components / float(np.sqrt(alpha))


def has_hard_phase(alpha: float, n_components: int) -> bool:
    """Whether recovery may be possible yet out of reach of local algorithms: ``K > 4 + 2√α``.

    >>> has_hard_phase(1.0, 2), has_hard_phase(1.0, 7)
    (False, True)
    """
    _check(alpha, 0.0)
    return n_components > 4.0 + 2.0 * float(np.sqrt(alpha))


def blind_overlap(n_samples: int) -> float:
    """``√(2/πn)``: the aligned overlap of random labels of two components, the floor of every measured one.

    >>> round(blind_overlap(300), 3)
    0.046
    """
    if n_samples < 1:
        raise InputError(f"n_samples is {n_samples}; expected at least 1.")
    return float(np.sqrt(2.0 / (np.pi * n_samples)))


def recovery(rho: float, alpha: float) -> Recovery:
    """State evolution for K = 2: a rank-one spike of strength ``λ = ρ/2`` once the common mean is known.

    ``q_u = λα q / (1 + λα q)``, ``γ = λ q_u``, ``q = E tanh(γ + √γ Z)`` from q = 1 down; a draw has overlap q, the
    best labels ``2Φ(√γ) − 1``. Lesieur et al., arXiv:1610.02918, §3.

    Raises
    ------
    InputError
        If ρ is negative or α is not positive.

    >>> found = recovery(3.0, 1.0)
    >>> round(found.sample, 3), round(found.best, 3)
    (0.366, 0.534)
    """
    _check(alpha, rho)
    strength = rho / 2.0
    q, centres = 1.0, 0.0
    for _ in range(100_000):
        centres = strength * alpha * q / (1.0 + strength * alpha * q)
        new = _tanh_mean(strength * centres)
        if abs(new - q) < 1e-13:
            break
        q = new
    if strength**2 * alpha <= 1.0:
        return Recovery(0.0, 0.0, 0.0)
    return Recovery(q, float(2.0 * ndtr(np.sqrt(strength * centres)) - 1.0), centres)


def _tanh_mean(gamma: float) -> float:
    """``E tanh(γ + √γ Z)``."""
    return float(_WEIGHTS @ np.tanh(gamma + np.sqrt(gamma) * _NODES))


def _check(alpha: float, rho: float) -> None:
    if not (np.isfinite(alpha) and alpha > 0 and np.isfinite(rho) and rho >= 0):
        raise InputError(f"alpha = {alpha}, rho = {rho}; expected alpha > 0 and rho >= 0, both finite.")
