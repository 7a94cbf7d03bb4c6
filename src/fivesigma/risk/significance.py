"""Significances in σ: from log p and back, local of one paired difference, global over the family of all claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.later import special
from fivesigma.risk.copula import LARGEST_DOF, familywise_p
from fivesigma.risk.resampling import Vector

SIDAK_FROM = 2.5
"""Global σ from which Šidák's bound with the full number of comparisons replaces the multivariate t."""
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(120)


def sigma_from_log_p(log_p: float) -> float:
    """Return σ with ``log Φ(-σ) = log_p``: one-sided, finite however small p is.

    >>> round(sigma_from_log_p(np.log(2.866515718791939e-7)), 9)
    5.0
    >>> round(sigma_from_log_p(-5000.0), 2)
    99.94
    """
    return float(-special.ndtri_exp(log_p))


def log_p_from_sigma(sigma: float) -> float:
    """Return ``log Φ(-σ)``, the one-sided log p of ``sigma``.

    >>> round(float(np.exp(log_p_from_sigma(3.0))), 6)
    0.00135
    """
    return float(special.log_ndtr(-sigma))


def log_t_tail(t: float, dof: float) -> float:
    """Return ``log P(T_ν > t)`` for ``t ≥ 0``, where scipy's tail has long underflowed too.

    ``P(T > t) = f(t) ∫₀^∞ f(t + u) / f(t) du`` by Gauss-Legendre in ``v``, ``u = h v / (1 - v)`` with ``h``
    the length over which the density falls by e.

    >>> abs(log_t_tail(3.0, 9.0) - float(np.log(laws.t_sf(3.0, 9.0)))) < 1e-12
    True
    >>> log_t_tail(1000.0, 1e6) < -1e5
    True
    """
    tail = float(laws.t_sf(t, dof))
    if tail > 1e-250:
        return float(np.log(tail))
    v, dv = (_NODES + 1) / 2, _NODE_WEIGHTS / 2
    h = (dof + t**2) / ((dof + 1) * t)
    u = h * v / (1 - v)
    ratio = np.exp(-(dof + 1) / 2 * np.log1p((2 * t * u + u**2) / (dof + t**2)))
    return float(laws.t_logpdf(t, dof) + np.log(np.sum(ratio * h / (1 - v) ** 2 * dv)))


@dataclass(frozen=True, eq=False)
class Difference:
    """A paired difference of one metric, oriented so that positive is in favour of the first model.

    Attributes
    ----------
    difference, low, high : the effect and its interval at ``level``; None where refused.
    p : local p, one-sided ("above") or two-sided; 1 for identical predictions.
    sigma_local, sigma_global : σ with the sign of the difference; ``sigma_global`` is None until
        `global_significance` has seen the family.
    stat, train : standard errors of the difference (test events; training set and seed).
    t, dof : the statistic and its degrees of freedom.
    spread, dofs : the variance over refits of which ``train`` is a part, and the degrees of freedom of stat and of it;
        None where the error is one.
    method : how it was done, or why it was refused.
    stat_draws, train_draws : the errors behind it, from which the family's correlation is estimated.
    """

    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    sigma_local: float | None = None
    sigma_global: float | None = None
    level: float = 0.95
    one_sided: bool = False
    claim: str = "procedure"
    stat: float | None = None
    train: float | None = None
    t: float | None = None
    dof: float | None = None
    spread: float | None = None
    dofs: tuple[float, float] | None = None
    method: str = ""
    stat_draws: Vector = field(default_factory=lambda: np.empty(0), repr=False)
    train_draws: Vector = field(default_factory=lambda: np.empty(0), repr=False)

    def within(self, reach: float) -> Difference:
        """Return the difference with an interval that goes no further than two scores can be apart.

        >>> Difference(0.9, 0.7, 1.1).within(1.0).high
        1.0
        """
        if self.low is None or self.high is None:
            return self
        return replace(self, low=max(self.low, -reach), high=min(self.high, reach))


@dataclass(frozen=True)
class Tail:
    """The local result of one t statistic."""

    p: float
    sigma: float


def t_tail(t: float, dof: float, *, one_sided: bool) -> Tail:
    """Return p and σ of ``t``: σ carries the sign of ``t`` and always satisfies ``Φ(-|σ|) = P(T > |t|)``.

    So 3σ is p = 1.35e-3 one-sided and 2.70e-3 two-sided.

    >>> t_tail(0.0, 9.0, one_sided=False)
    Tail(p=1.0, sigma=0.0)
    >>> round(t_tail(-3.0, 1e6, one_sided=True).p, 5), round(t_tail(-3.0, 1e6, one_sided=True).sigma, 3)
    (0.99865, -3.0)
    """
    log_tail = log_t_tail(abs(t), dof)
    sigma = float(np.sign(t)) * max(sigma_from_log_p(log_tail), 0.0) + 0.0
    tail = float(np.exp(log_tail))
    if not one_sided:
        return Tail(min(2 * tail, 1.0), sigma)
    return Tail(tail if t >= 0 else 1 - tail, sigma)


def global_significance(family: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return the family with ``sigma_global`` filled in: what each difference is worth among all of them.

    Below 2.5σ the chance that any member of the family looks as extreme, ``P(min_k p_k <= p_j)``, comes from
    a multivariate t with the correlation of the errors, and from the resamples themselves where they resolve
    it (the larger of the two). From 2.5σ on it is Šidák's ``1 - (1 - p)^J`` over all J members. So the
    result never exceeds the local σ, and a larger local σ never has a smaller global one. Members that were
    refused count in J.

    References
    ----------
    Hothorn, Bretz & Westfall (2008), Biometrical J. 50, 346; Šidák (1967), JASA 62, 626.
    """
    tested = [j for j, each in enumerate(family) if each.sigma_local is not None]
    if not tested:
        return tuple(family)
    members = [family[j] for j in tested]
    sigmas = np.array([abs(each.sigma_local or 0.0) for each in members])
    sided = np.array([1 if each.one_sided else 2 for each in members])
    bounds = np.array([_sidak(s, k, len(family)) for s, k in zip(sigmas, sided, strict=True)])
    correlated, below = np.full(len(members), SIDAK_FROM), bounds < SIDAK_FROM
    if below.any():
        correlated[below] = np.minimum(_correlated(members, sigmas, sided, below), SIDAK_FROM)
    values = np.minimum(np.maximum(bounds, correlated), sigmas)
    result = list(family)
    for j, each, value in zip(tested, members, values, strict=True):
        sign = float(np.sign(each.sigma_local or 0.0))
        result[j] = replace(each, sigma_global=sign * float(value))
    return tuple(result)


def among(sigma: float, n: int) -> float:
    """Return what a one-sided ``sigma`` is worth among ``n`` tests (Šidák 1967); below 0 it stays as it is.

    >>> among(4.0, 1) == 4.0, round(among(4.0, 20), 2), among(-1.0, 20)
    (True, 3.22, -1.0)
    """
    return sigma if n < 2 or sigma <= 0 else _sidak(sigma, 1, n)


def _sidak(sigma: float, sided: int, n: int) -> float:
    """σ of ``1 - (1 - p)^n`` in log space, where p is the p of ``sigma`` counted on ``sided`` sides."""
    log_p = min(log_p_from_sigma(sigma) + np.log(sided), 0.0)
    if log_p > -30:
        log_all = np.log(-np.expm1(n * np.log1p(-np.exp(log_p)))) if log_p < 0 else 0.0
    else:
        log_all = log_p + np.log(n)
    return max(sigma_from_log_p(min(log_all - np.log(sided), -1e-300)), 0.0)


def _correlated(
    members: Sequence[Difference], sigmas: Vector, sided: NDArray[np.int64], asked: NDArray[np.bool_]
) -> Vector:
    """Global σ of the members ``asked`` by the multivariate t, and by the resamples where these resolve it."""
    stat, train = _errors(members, "stat"), _errors(members, "train")
    dofs = np.array([each.dof or LARGEST_DOF for each in members])
    sides = sided[asked]
    p = np.array([np.exp(log_p_from_sigma(s)) for s in sigmas[asked]]) * sides.astype(np.float64)
    resampled = _resampled_minima(stat, train, sided)
    p_copula = familywise_p(_correlation(stat, train), dofs, sided, p)
    n_below = np.searchsorted(resampled, p, side="right")
    p_resampled = np.where(n_below >= 10, n_below / max(len(resampled), 1), 0.0)
    p_all = np.clip(np.maximum(p_copula, p_resampled) / sides, 1e-300, 1 - 1e-12)
    return np.maximum([sigma_from_log_p(float(np.log(each))) for each in p_all], 0.0)


def _errors(members: Sequence[Difference], kind: str) -> Vector:
    """Centred errors of one kind, one column a member: ``EᵀE`` is their covariance.

    A member whose draws do not line up with the others' has a column of zeros here and is taken as
    independent; a draw in which its metric was not defined counts as its mean.
    """
    draws = [each.stat_draws if kind == "stat" else each.train_draws for each in members]
    lengths = Counter(len(each) for each in draws if len(each) > 1)
    n_rows = max(lengths, key=lambda length: (lengths[length], length), default=0)
    errors = np.zeros((n_rows, len(members)))
    for j, each in enumerate(draws):
        known = np.isfinite(each)
        if 1 < len(each) == n_rows and known.any():
            errors[:, j] = np.where(known, each - np.mean(each[known]), 0.0) / np.sqrt(n_rows - 1)
    return errors


def _correlation(stat: Vector, train: Vector) -> Vector:
    """Correlation of the total errors; 1 on the diagonal, also of a member without any draws."""
    covariance = stat.T @ stat
    covariance += train.T @ train
    deviations = np.sqrt(np.diag(covariance))
    silent = deviations == 0
    scale = np.where(silent, 1.0, deviations)
    covariance /= np.outer(scale, scale)
    covariance[np.diag_indices(len(scale))] += silent
    return np.asarray(covariance, float)


def _resampled_minima(stat: Vector, train: Vector, sided: NDArray[np.int64]) -> Vector:
    """Sorted ``min_k p_k`` of the resamples: each stat error plus a Gaussian combination of the refits' errors."""
    rng = np.random.default_rng(2009)
    mixed = rng.standard_normal((len(stat), len(train))) @ train
    errors = stat * np.sqrt(max(len(stat) - 1, 1)) + mixed
    deviations = np.sqrt(np.sum(stat**2, axis=0) + np.sum(train**2, axis=0))
    z = np.delete(errors / np.where(deviations > 0, deviations, 1.0), deviations == 0, axis=1)
    if z.size == 0:
        return np.empty(0)
    sides = sided[deviations > 0]
    p = np.where(sides == 2, 2 * special.ndtr(-np.abs(z)), special.ndtr(-z))
    return np.asarray(np.sort(p.min(axis=1)), float)
