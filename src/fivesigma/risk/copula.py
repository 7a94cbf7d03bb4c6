"""How often a family of correlated t statistics looks as extreme: draws of a multivariate t, a block at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.later import special

N_COPULA = 50_000
"""Monte-Carlo draws of the multivariate t; its seed is fixed, so equal families give equal numbers."""
AT_ONCE = 2**21
"""Normal numbers that are held at once: the family of all pairs of 48 models asks for 27 times as many."""
LARGEST_DOF = 1e6
_GRID = (np.arange(2000) + 0.5) / 2000

Vector = NDArray[np.float64]
Counts = NDArray[np.int64]


def familywise_p(correlation: Vector, dofs: Vector, sided: Counts, p: Vector) -> Vector:
    """Return how often ``min_k p_k`` is at most each ``p``, the study's own draw counted: never 0.

    ``T_k = Z_k / sqrt(W_k)``, ``Z ~ N(0, ρ)``, ``W_k ~ χ²(ν_k) / ν_k``.
    One uniform number drives all W_k, as one variance estimate drives all members of a classical
    multivariate t. A singular ρ is welcome.

    Parameters
    ----------
    correlation : (J, J), ρ of the errors.
    dofs, sided : (J,), degrees of freedom of each member, and on how many sides its p counts.
    p : (m,), what is asked about; not only those of members.

    Examples
    --------
    Two that are the same look as extreme as one, two that are independent nearly twice as often:

    >>> dofs, sided, p = np.full(2, 1e6), np.array([2, 2]), np.array([0.05])
    >>> same, apart = (familywise_p(rho, dofs, sided, p)[0] for rho in (np.ones((2, 2)), np.eye(2)))
    >>> round(float(same), 2), round(float(apart), 2)
    (0.05, 0.1)
    """
    members = _Members.of(dofs, sided, np.unique(p))
    rng = np.random.default_rng(2008)
    values, root = np.linalg.eigh(correlation)
    root *= np.sqrt(np.clip(values, 0, None))
    levels, at_once = rng.random(N_COPULA), max(AT_ONCE // len(root), 1)
    n_first = np.zeros(len(members.limits) + 1, np.int64)
    for start in range(0, N_COPULA, at_once):
        some = levels[start : start + at_once]
        first = members.first(rng.standard_normal((len(some), len(root))) @ root.T, some)
        n_first += np.bincount(first, minlength=len(n_first))
    counts = np.cumsum(n_first)[np.searchsorted(members.limits, p)]
    return np.asarray((1 + counts) / (1 + N_COPULA), float)


@dataclass(frozen=True, eq=False)
class _Members:
    """What is known of a family before it is drawn: W by its level, and where p stands among the limits."""

    dofs: Vector
    limits: Vector
    w: dict[float, Vector]
    places: list[Places]

    @classmethod
    def of(cls, dofs: Vector, sided: Counts, limits: Vector) -> _Members:
        known = np.minimum(dofs, LARGEST_DOF)
        kinds = [(float(dof), int(side)) for dof, side in zip(known, sided, strict=True)]
        places = {kind: Places.of(*kind, limits) for kind in dict.fromkeys(kinds)}
        w = {float(dof): laws.chi2_ppf(_GRID, dof) / dof for dof in np.unique(known)}
        return cls(known, limits, w, [places[kind] for kind in kinds])

    def first(self, z: Vector, levels: Vector) -> Counts:
        """Return of each draw (n,) the place of the first limit that the smallest p does not exceed."""
        order = np.argsort(levels)  # neighbours are looked up one after the other
        rank, ordered = np.argsort(order), levels[order]
        first = np.full(len(levels), len(self.limits))
        for dof, values in self.w.items():
            root_w = np.sqrt(np.interp(ordered, _GRID, values))[rank]
            for k in np.flatnonzero(self.dofs == dof):
                np.minimum(first, self.places[k].first(z[:, k] / root_w), out=first)
        return first


@dataclass(frozen=True, eq=False)
class Places:
    """Where p of a t statistic stands among ascending limits.

    p falls as t grows, so the quantiles of the limits tell; p itself is asked where ``t`` is next to one, and
    where a quantile does not give its limit back.

    >>> Places.of(9.0, 2, np.array([0.01, 0.05])).first(np.array([-4.0, 2.5, 1.0])).tolist()
    [0, 1, 2]
    """

    dof: float
    sided: int
    limits: Vector
    edges: Vector
    places: NDArray[np.int32]
    asked: NDArray[np.bool_]

    @classmethod
    def of(cls, dof: float, sided: int, limits: Vector) -> Places:
        """Look the quantiles of the limits up, once for all t of so many degrees of freedom."""
        quantiles = -special.stdtrit(dof, limits / sided)
        with np.errstate(invalid="ignore"):  # the quantile of a p that underflowed
            margin = 1e-9 * (1 + np.abs(quantiles))
            low, high = quantiles - margin, quantiles + margin
        low[~((p_of(low, sided, dof) > limits) | ((sided == 2) & (low < 0)))] = -np.inf
        high[~(p_of(high, sided, dof) < limits)] = np.inf
        low, high = np.maximum.accumulate(low[::-1]), np.maximum.accumulate(high[::-1])  # ascending in t
        edges = np.sort(np.concatenate([low, high]))
        surely = len(limits) - np.searchsorted(low, edges, side="right")
        perhaps = len(limits) - np.searchsorted(high, edges, side="right")
        places = np.append(len(limits), surely).astype(np.int32)
        return cls(dof, sided, limits, edges, places, np.append(False, surely != perhaps))

    def first(self, t: Vector) -> Counts:
        """Return the place of the first of the limits that p of each ``t`` does not exceed, their number for none."""
        x = np.abs(t) if self.sided == 2 else t
        place = np.searchsorted(self.edges, x, side="right")
        first, asked = self.places[place].astype(np.int64), self.asked[place]
        first[asked] = np.searchsorted(self.limits, p_of(t[asked], self.sided, self.dof))
        return first


def p_of(t: Vector, sided: int, dof: float) -> Vector:
    """Return p of t statistics, one-sided upwards or two-sided.

    >>> p_of(np.array([0.0, 1e3]), 2, 9.0).round(6).tolist()
    [1.0, 0.0]
    """
    tail: Vector = special.stdtr(dof, -np.abs(t)) * 2 if sided == 2 else special.stdtr(dof, -t)
    return tail
