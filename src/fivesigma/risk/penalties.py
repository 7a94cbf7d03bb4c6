"""Penalties Ω(θ): what coefficients cost, with their proximal map, conjugate and optimality conditions.

Coefficients lie along the last axis; leading axes (one entry for each λ, say) are carried along.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState

Array = NDArray[np.float64]


class Penalty(ABC):
    """Ω(θ), convex, zero at zero."""

    @abstractmethod
    def value(self, coef: Array) -> Array:
        """Return Ω(θ)."""

    @abstractmethod
    def prox(self, point: Array, step: ArrayLike) -> Array:
        """Return the θ that minimises ``½‖θ − point‖² + step · Ω(θ)``."""

    @abstractmethod
    def distance(self, gradient: Array, coef: Array, lam: ArrayLike) -> Array:
        """Return, coordinate by coordinate, how far ``−gradient`` is from the subdifferential of λΩ at θ."""

    @abstractmethod
    def shrink(self, dual: Array, lam: ArrayLike) -> Array:
        """Return the largest factor t <= 1 for which ``t · dual`` lies in the domain of (λΩ)*."""

    @abstractmethod
    def conjugate(self, dual: Array, lam: ArrayLike) -> Array:
        """Return (λΩ)*(v) = max over θ of vᵀθ − λΩ(θ), for v in its domain."""

    def tiled(self, repeats: int) -> Penalty:
        """Return the penalty of ``repeats`` coefficient vectors written one after the other."""
        return self

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.constructed()


@final
@dataclass(frozen=True)
class NoPenalty(Penalty):
    """``Ω = 0``.

    >>> NoPenalty().value(np.ones(3))
    array(0.)
    """

    @override
    def value(self, coef: Array) -> Array:
        return np.zeros(coef.shape[:-1])

    @override
    def prox(self, point: Array, step: ArrayLike) -> Array:
        return point

    @override
    def distance(self, gradient: Array, coef: Array, lam: ArrayLike) -> Array:
        return np.abs(gradient)

    def shrink(self, dual: Array, lam: ArrayLike) -> Array:
        """Return 0: only the zero vector is in the domain."""
        return np.zeros(dual.shape[:-1])

    @override
    def conjugate(self, dual: Array, lam: ArrayLike) -> Array:
        return np.zeros(dual.shape[:-1])


@final
@dataclass(frozen=True)
class L1(Penalty):
    """``Ω = Σ |θ_j|``. Tibshirani (1996), doi:10.1111/j.2517-6161.1996.tb02080.x.

    >>> L1().prox(np.array([3.0, -0.5]), 1.0)
    array([ 2., -0.])
    """

    @override
    def value(self, coef: Array) -> Array:
        result: Array = np.abs(coef).sum(axis=-1)
        return result

    @override
    def prox(self, point: Array, step: ArrayLike) -> Array:
        return soft(point, np.asarray(step)[..., None])

    @override
    def distance(self, gradient: Array, coef: Array, lam: ArrayLike) -> Array:
        lam = np.asarray(lam)[..., None]
        inside = np.maximum(np.abs(gradient) - lam, 0.0)
        result: Array = np.where(coef == 0, inside, np.abs(gradient + lam * np.sign(coef)))
        return result

    @override
    def shrink(self, dual: Array, lam: ArrayLike) -> Array:
        return _factor(np.abs(dual).max(axis=-1, initial=0.0), lam)

    @override
    def conjugate(self, dual: Array, lam: ArrayLike) -> Array:
        return np.zeros(dual.shape[:-1])


@final
@dataclass(frozen=True)
class L2(Penalty):
    """``Ω = ½ Σ θ_j²``. Hoerl & Kennard (1970), doi:10.1080/00401706.1970.10488634.

    >>> L2().prox(np.array([3.0]), 0.5)
    array([2.])
    """

    @override
    def value(self, coef: Array) -> Array:
        result: Array = 0.5 * (coef**2).sum(axis=-1)
        return result

    @override
    def prox(self, point: Array, step: ArrayLike) -> Array:
        return point / (1.0 + np.asarray(step)[..., None])

    @override
    def distance(self, gradient: Array, coef: Array, lam: ArrayLike) -> Array:
        return np.abs(gradient + np.asarray(lam)[..., None] * coef)

    @override
    def shrink(self, dual: Array, lam: ArrayLike) -> Array:
        return np.ones(dual.shape[:-1])

    @override
    def conjugate(self, dual: Array, lam: ArrayLike) -> Array:
        result: Array = 0.5 * (dual**2).sum(axis=-1) / np.asarray(lam)
        return result


@final
@dataclass(frozen=True)
class ElasticNet(Penalty):
    """``Ω = ratio Σ |θ_j| + (1 − ratio) ½ Σ θ_j²``.

    Zou & Hastie (2005), doi:10.1111/j.1467-9868.2005.00503.x.

    Parameters
    ----------
    ratio : float
        Share of the L1 norm, strictly between 0 and 1 (the ends are `L2` and `L1`).

    Raises
    ------
    InputError
        If ``ratio`` is not strictly between 0 and 1.

    >>> ElasticNet(0.5).value(np.array([2.0]))
    np.float64(2.0)
    """

    ratio: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.ratio < 1:
            raise InputError(f"the elastic net's ratio is {self.ratio}; it must lie strictly between 0 and 1")

    @override
    def value(self, coef: Array) -> Array:
        result: Array = self.ratio * np.abs(coef).sum(axis=-1) + (1 - self.ratio) * 0.5 * (coef**2).sum(
            axis=-1
        )
        return result

    @override
    def prox(self, point: Array, step: ArrayLike) -> Array:
        step = np.asarray(step)[..., None]
        return soft(point, step * self.ratio) / (1.0 + step * (1 - self.ratio))

    @override
    def distance(self, gradient: Array, coef: Array, lam: ArrayLike) -> Array:
        ridge = np.asarray(lam)[..., None] * (1 - self.ratio) * coef
        return L1().distance(gradient + ridge, coef, np.asarray(lam) * self.ratio)

    @override
    def shrink(self, dual: Array, lam: ArrayLike) -> Array:
        return np.ones(dual.shape[:-1])

    def conjugate(self, dual: Array, lam: ArrayLike) -> Array:
        """Return ``Σ max(|v| − λ ratio, 0)² / (2 λ (1 − ratio))``."""
        lam = np.asarray(lam)
        beyond = np.maximum(np.abs(dual) - (lam * self.ratio)[..., None], 0.0)
        result: Array = 0.5 * (beyond**2).sum(axis=-1) / (lam * (1 - self.ratio))
        return result


@final
@dataclass(frozen=True, init=False)
class GroupL1(Penalty):
    """``Ω = Σ_g c_g ‖θ_g‖₂``: whole groups of coefficients are zero or not.

    Yuan & Lin (2006), doi:10.1111/j.1467-9868.2005.00532.x.

    Parameters
    ----------
    groups : sequence
        The group of each feature, one label a feature, ``(n_features,)``.
    weights : sequence of floats, optional
        ``c_g`` for each label in sorted order; 1 by default (Yuan & Lin take the root of the group's size).

    Raises
    ------
    InputError
        If there is no feature, or a weight is missing or not positive.

    >>> GroupL1([0, 0, 1]).value(np.array([3.0, 4.0, -2.0]))
    np.float64(7.0)
    """

    groups: tuple[int, ...]
    weights: tuple[float, ...]

    def __init__(self, groups: Sequence[Any], weights: Sequence[float] | None = None) -> None:
        labels, codes = np.unique(np.asarray(groups), return_inverse=True)
        if not len(labels):
            raise InputError("GroupL1 was given no groups; expected one label for each feature")
        c: Array = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=float)
        if c.shape != labels.shape or not np.all((c > 0) & np.isfinite(c)):
            raise InputError(
                f"GroupL1 has {len(labels)} groups; expected as many positive weights, got {weights}"
            )
        object.__setattr__(self, "groups", tuple(int(code) for code in codes))
        object.__setattr__(self, "weights", tuple(float(weight) for weight in c))

    def members(self) -> list[NDArray[np.int64]]:
        """Return the positions of each group's coefficients."""
        codes = np.asarray(self.groups)
        return [np.flatnonzero(codes == g) for g in range(len(self.weights))]

    def norms(self, coef: Array) -> Array:
        """Return ‖θ_g‖₂ for each group, along the last axis."""
        return np.stack([np.sqrt((coef[..., m] ** 2).sum(axis=-1)) for m in self.members()], axis=-1)

    @override
    def value(self, coef: Array) -> Array:
        result: Array = self.norms(coef) @ np.asarray(self.weights)
        return result

    def prox(self, point: Array, step: ArrayLike) -> Array:
        """Return each group shortened by ``step · c_g``, or zero where it is shorter than that."""
        norms = self.norms(point)
        cut = np.asarray(step)[..., None] * np.asarray(self.weights)
        factor = np.maximum(1.0 - cut / np.where(norms > 0, norms, 1.0), 0.0)
        result: Array = point * factor[..., np.asarray(self.groups)]
        return result

    def distance(self, gradient: Array, coef: Array, lam: ArrayLike) -> Array:
        """Return ``|g + λ c θ/‖θ_g‖|`` in live groups; in dead ones, g shortened by λ c."""
        norms = self.norms(coef)
        codes = np.asarray(self.groups)
        pull = np.asarray(lam)[..., None] * np.asarray(self.weights)
        live = coef * (pull / np.where(norms > 0, norms, 1.0))[..., codes] + gradient
        dead = GroupL1(self.groups, self.weights).prox(gradient, lam)
        return np.abs(np.where((norms > 0)[..., codes], live, dead))

    @override
    def shrink(self, dual: Array, lam: ArrayLike) -> Array:
        return _factor((self.norms(dual) / np.asarray(self.weights)).max(axis=-1), lam)

    @override
    def conjugate(self, dual: Array, lam: ArrayLike) -> Array:
        return np.zeros(dual.shape[:-1])

    def tiled(self, repeats: int) -> GroupL1:
        """Return the groups of stacked vectors: a feature's coefficients of all classes belong together."""
        return GroupL1(self.groups * repeats, self.weights)


def soft(point: Array, cut: ArrayLike) -> Array:
    """Return ``sign(v) max(|v| − cut, 0)``, the soft threshold.

    >>> soft(np.array([2.0, -3.0, 0.5]), 1.0)
    array([ 1., -2.,  0.])
    """
    return np.sign(point) * np.maximum(np.abs(point) - cut, 0.0)


def _factor(size: Array, lam: ArrayLike) -> Array:
    """``min(1, λ/size)``, 1 where the size is zero."""
    lam = np.asarray(lam, dtype=float)
    return np.minimum(1.0, lam / np.maximum(size, np.finfo(float).tiny))
