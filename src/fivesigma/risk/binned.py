"""Observed counts against the yields of a simulation of finite size, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.errors import InputError

Floats = NDArray[np.float64]

FEWEST_EXPECTED = 10.0
"""Expected events, and effective simulated ones, from which a bin is near enough to a Gaussian to be tested."""


@dataclass(frozen=True)
class Agreement:
    """A χ² test of counts against yields; ``p`` is None where fewer than one degree of freedom is left."""

    chi2: float
    dof: int
    p: float | None


def agreement(counts: Floats, yields: Floats, variance: Floats, *, scaled: bool = False) -> Agreement:
    """Test observed ``counts`` against expected ``yields``.

    ``χ² = Σ (n - s)² / (s + v)``: the Poisson variance of the expectation, and the simulation's own (Pearson; for the
    second term see Gagunashvili 2010, NIM A 614, 287). Neighbouring bins are put together until each has
    `FEWEST_EXPECTED` expected and effective simulated events.

    Parameters
    ----------
    counts, yields, variance : (n_bins,)
        Observed events; Σw and Σw² of the simulated ones.
    scaled : bool
        Whether the yields are first scaled to the sum of the counts, which takes a degree of freedom.

    Raises
    ------
    InputError
        If the lengths differ.

    >>> found = agreement(np.array([110.0, 190.0]), np.array([100.0, 200.0]), np.array([1.0, 2.0]))
    >>> round(found.chi2, 4), found.dof, round(found.p, 3)
    (1.4851, 2, 0.476)
    """
    n, s, v = (np.asarray(each, dtype=np.float64) for each in (counts, yields, variance))
    if not n.shape == s.shape == v.shape:
        raise InputError(
            f"counts, yields and variances of {n.shape}, {s.shape} and {v.shape} bins; give as many of each."
        )
    factor = n.sum() / s.sum() if scaled and s.sum() > 0 else 1.0
    n, s, v = _together(n, factor * s, factor**2 * v)
    dof = len(n) - int(scaled)
    chi2 = float(((n - s) ** 2 / (s + v)).sum()) if len(n) else 0.0
    return Agreement(chi2, max(dof, 0), float(laws.chi2_sf(chi2, dof)) if dof > 0 else None)


def _together(n: Floats, s: Floats, v: Floats) -> tuple[Floats, Floats, Floats]:
    """Return bins with enough in each, neighbours put together; what is left over goes to the last."""
    made: list[Floats] = []
    rest = np.zeros(3)
    for one in np.column_stack([n, s, v]):
        rest = rest + one
        if rest[1] >= FEWEST_EXPECTED and rest[1] ** 2 >= FEWEST_EXPECTED * rest[2]:
            made.append(rest)
            rest = np.zeros(3)
    if made:
        made[-1] = made[-1] + rest
    table = np.array(made).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def among(ps: list[float | None]) -> list[float | None]:
    """Return each p as it is among all of them (Holm 1979), None where it is None.

    >>> [round(p, 3) for p in among([0.01, 0.5, 0.02])]
    [0.03, 0.5, 0.04]
    """
    known = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    largest = 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        found[i] = largest
    return found
