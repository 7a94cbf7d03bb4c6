"""The share of events that have something, and how many independent events its error rests on.

Events of a group are not independent: what counts is how the share varies from group to group. An event of weight k is
k events of its group, and without groups `kish` counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.weights import kish
from fivesigma.risk.intervals import clopper_pearson

Floats = NDArray[np.float64]

FEWEST_GROUPS = 10
"""Groups below which a share has no limits."""


@dataclass(frozen=True)
class Share:
    """A share of events.

    Attributes
    ----------
    value : Σ w x / Σ w
    events : effective number of independent events at the level asked for
    groups : those that carry weight; None where events are independent
    """

    value: float
    events: float
    groups: int | None = None

    @classmethod
    def of(
        cls, has: NDArray[np.bool_], w: Floats, groups: NDArray[Any] | None = None, *, level: float = 0.95
    ) -> Share:
        """Return the share of those that ``has`` (n,) is true of, by weight ``w`` (n,).

        With groups the events are ``p (1 - p) / v``, v the variance between groups, scaled by the squared ratio of
        the quantiles of a normal and of Student's t at G - 1 (Korn & Graubard 1998, Survey Methodology 24, 193).
        Where few groups hold all that fails, what they show of v is too little: it counts for as many groups as show
        it, ``F = (Σ_g z_g²)² / Σ_g z_g⁴`` with ``z_g = S_g - p W_g``, and one more is added whose events are all alike.

        >>> has, groups = np.array([1, 1, 0, 1, 1, 1], dtype=bool), np.array([0, 0, 1, 1, 2, 2])
        >>> float(round(Share.of(has, np.ones(6), groups).events, 2)), Share.of(has, np.ones(6)).events
        (0.85, 6.0)
        """
        p = float(np.average(has, weights=w))
        if groups is None:
            return cls(p, kish(w))
        _, of_row = np.unique(groups, return_inverse=True)
        W, S = (np.asarray(np.bincount(of_row, each), dtype=np.float64) for each in (w, w * has))
        G, effective = int(np.count_nonzero(W)), kish(W)
        if G < 2 or not 0.0 < p < 1.0:
            return cls(p, effective, G)
        z = S - p * W
        F = kish(z**2)
        between = G / (G - 1) * float(z @ z) / W.sum() ** 2
        v = (F * between + p * (1 - p) / effective) / (F + 1)
        return cls(p, float(p * (1 - p) / v * narrowed(G, level)), G)

    def at(self, level: float, before: float) -> Share:
        """Return the share as it is made for a ``level``, of one that was made for another ``before``.

        >>> has, groups = np.array([1, 1, 0, 1, 1, 1], dtype=bool), np.array([0, 0, 1, 1, 2, 2])
        >>> one, other = (Share.of(has, np.ones(6), groups, level=level) for level in (0.95, 0.68))
        >>> bool(np.isclose(one.at(0.68, before=0.95).events, other.events))
        True
        """
        if self.groups is None or self.groups < 2 or not 0.0 < self.value < 1.0:
            return self
        by = narrowed(self.groups, level) / narrowed(self.groups, before)
        return Share(self.value, self.events * by, self.groups)

    @property
    def too_few(self) -> bool:
        """Whether there are too few groups for limits."""
        return self.groups is not None and self.groups < FEWEST_GROUPS

    def limits(self, level: float = 0.95) -> tuple[float, float] | None:
        """Return the exact limits of the share (Clopper & Pearson 1934), for the level it was made for.

        None where there are too few groups.
        """
        return None if self.too_few else clopper_pearson(self.value, self.events, level)


def narrowed(groups: int, level: float) -> float:
    """Return the squared ratio of the quantiles of a normal and of Student's t at G - 1."""
    return float((laws.norm_ppf((1 + level) / 2) / laws.t_ppf((1 + level) / 2, groups - 1)) ** 2)


def flat_error(index: NDArray[np.intp], bins: int, w: Floats, groups: NDArray[Any] | None = None) -> float:
    """Return the standard error of the density, 1 where it is flat, in each of ``bins`` equal bins of [0, 1].

    ``index`` (n,) is the bin of each event. ``sqrt((bins - 1) / n)`` on effective events; with groups
    ``bins sqrt(mean_b v_b)``, v_b the variance of the share of bin b between groups.

    >>> index = np.arange(400) % 4
    >>> round(flat_error(index, 4, np.ones(400)), 4), round(flat_error(index, 4, np.ones(400), index), 4)
    (0.0866, 1.0)
    """
    if groups is None:
        return float(((bins - 1) / kish(w)) ** 0.5)
    _, of_row = np.unique(groups, return_inverse=True)
    G = int(of_row.max()) + 1
    if G < 2:
        return float((bins - 1) ** 0.5)
    held = np.bincount(of_row * bins + index, w, G * bins).reshape(G, bins)
    W = held.sum(axis=1, keepdims=True)
    off = held - held.sum(axis=0) / W.sum() * W
    v = G / (G - 1) * (off**2).sum(axis=0) / W.sum() ** 2
    return float(bins * v.mean() ** 0.5)
