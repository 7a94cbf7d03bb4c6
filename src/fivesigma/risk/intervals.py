"""Intervals of a score: of this fitted model (test events) or of the procedure (test events and training set)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import stats

from fivesigma.risk.resampling import Measurement, Part, Vector

Claim = Literal["procedure", "fitted"]

FEWEST_EVENTS = 30
FEWEST_PER_CLASS = 10
FEWEST_GROUPS = 10


@dataclass(frozen=True)
class Errors:
    """Standard errors of a score: finite test set, finite training set, and the seed's part of the latter."""

    stat: float | None = None
    train: float | None = None
    seed: float | None = None


@dataclass(frozen=True)
class ScoreEstimate:
    """A score with its interval ``[low, high]`` at ``level``; None where an interval is refused, ``method`` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    error: Errors = field(default_factory=Errors)


def refusal(part: Part) -> str:
    """Return why ``part`` is too small for an interval, or an empty string."""
    if part.n_groups is not None and part.n_groups < FEWEST_GROUPS:
        return f"no interval: {part.n_groups} groups, fewer than {FEWEST_GROUPS}"
    n = int(np.count_nonzero(part.weights))
    if n < FEWEST_EVENTS:
        return f"no interval: {n} events, fewer than {FEWEST_EVENTS}"
    fewest = min(part.n_effective_per_class)
    if fewest < FEWEST_PER_CLASS:
        return (
            f"no interval: {fewest:.1f} effective events in the rarest class, fewer than {FEWEST_PER_CLASS}"
        )
    return ""


def welch_satterthwaite(variances: Sequence[float], dofs: Sequence[float]) -> float:
    """Return ``ν = (Σ v_i)² / Σ (v_i² / ν_i)``. Satterthwaite (1946), Biometrics Bull. 2, 110; Welch (1947).

    >>> welch_satterthwaite([1.0, 0.0], [20.0, 9.0])
    20.0
    """
    total = sum(variances)
    spread = sum(v**2 / dof for v, dof in zip(variances, dofs, strict=True))
    return total**2 / spread if spread > 0 else float(dofs[0])


def spread(values: Vector) -> float | None:
    """Return the standard deviation of refits, None where there are fewer than two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def stat_dof(part: Part, n_draws: int) -> float:
    """Degrees of freedom of the resampled variance: G - 1 or N_eff - 1, and never more than the draws give."""
    units = part.n_effective if part.n_groups is None else float(part.n_groups)
    return max(min(units - 1, n_draws - 1.0), 1.0)


def score(measurement: Measurement, *, claim: Claim = "procedure", level: float = 0.95) -> ScoreEstimate:
    """Return the value with its interval and its error budget."""
    m = measurement
    stat = float(np.nanstd(m.draws, ddof=1))
    train = spread(m.refits)
    errors = Errors(stat, train, spread(m.seeds))
    reason = refusal(m.part)
    if reason:
        return ScoreEstimate(m.value, None, None, level, reason, errors)
    used = (train or 0.0) if claim == "procedure" else 0.0
    dof = welch_satterthwaite([stat**2, used**2], [stat_dof(m.part, len(m.draws)), max(len(m.refits) - 1, 1)])
    half = float(stats.t.ppf((1 + level) / 2, dof)) * float(np.hypot(stat, used))
    return ScoreEstimate(
        m.value, m.value - half, m.value + half, level, f"{claim}: Poisson bootstrap, t", errors
    )


def cross_validated(values: Vector, *, n_fit: int, n_validation: int, level: float = 0.95) -> ScoreEstimate:
    """Return the mean over folds with the variance of Nadeau & Bengio: ``(1/k + n_val/n_fit) s²``, t at k - 1."""
    variance = nadeau_bengio(values, n_fit, n_validation)
    value = float(np.mean(values))
    half = float(stats.t.ppf((1 + level) / 2, len(values) - 1)) * variance**0.5
    return ScoreEstimate(value, value - half, value + half, level, "cross-validation, Nadeau-Bengio t")


def nadeau_bengio(values: Vector, n_fit: int, n_validation: int) -> float:
    """Return ``(1/k + n_val / n_fit) s²``. Nadeau & Bengio (2003), Machine Learning 52, 239, eq. 9.

    >>> nadeau_bengio(np.array([1.0, 3.0]), 40, 10)
    1.5
    """
    return float((1 / len(values) + n_validation / n_fit) * np.var(values, ddof=1))
