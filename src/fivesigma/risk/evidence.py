"""Evidence: paired differences, what they are called, and what it would take to see them at 3σ.

The way through the module::

    part = Part.draw(y_test, rng, w=w_test, groups=groups_test, n_boot=2000)
    a = measure(metric, part, prediction_a, refits=[...], seeds=[...])     # once a model and metric
    score(a)                                                               # value, interval, error budget
    d = compare(a, b, one_sided=True)                                      # paired; positive = a is better
    d, *others = global_significance([d, *others])                         # over all claims of the page
    claim(d, "forest", "dummy", ...)                                       # the sentence
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from fivesigma.risk.intervals import (
    Claim,
    Errors,
    ScoreEstimate,
    cross_validated,
    nadeau_bengio,
    refusal,
    score,
    spread,
    stat_dof,
    welch_satterthwaite,
)
from fivesigma.risk.resampling import Measurement, Part, Vector, measure, resampling_counts
from fivesigma.risk.significance import (
    Difference,
    global_significance,
    log_p_from_sigma,
    sigma_from_log_p,
    t_tail,
)

__all__ = [
    "Claim",
    "ClaimText",
    "Difference",
    "Errors",
    "Measurement",
    "Part",
    "ScoreEstimate",
    "claim_text",
    "compare",
    "compare_cross_validated",
    "cross_validated",
    "global_significance",
    "log_p_from_sigma",
    "measure",
    "resampling_counts",
    "score",
    "sigma_from_log_p",
    "sigma_text",
    "verdict",
]


@dataclass(frozen=True)
class ClaimText:
    """One sentence of the page with the numbers behind it; the fields of the record's claim."""

    text: str
    effect: float | None
    low: float | None
    high: float | None
    sigma_local: float | None
    sigma_global: float | None
    verdict: str
    needs: str


def compare(
    a: Measurement,
    b: Measurement,
    *,
    one_sided: bool = False,
    claim: Claim = "procedure",
    level: float = 0.95,
) -> Difference:
    """Return the paired difference of ``a`` over ``b``: same resamples, same refits; positive = ``a`` is better.

    ``one_sided`` tests "above", fixed beforehand: against the baseline. Else the test is two-sided.
    """
    sign = 1.0 if a.metric.greater_is_better else -1.0
    difference = sign * (a.value - b.value)
    draws = sign * (a.draws - b.draws)
    paired = claim == "procedure" and len(a.refits) == len(b.refits) > 1
    refits = sign * (a.refits - b.refits) if paired else np.empty(0)
    stat, train = float(np.nanstd(draws, ddof=1)), spread(refits) or 0.0
    reason = refusal(a.part)
    if reason or not np.isfinite(difference):
        return Difference(difference, level=level, one_sided=one_sided, claim=claim, stat=stat, method=reason)
    dof = welch_satterthwaite([stat**2, train**2], [stat_dof(a.part, len(draws)), max(len(refits) - 1, 1)])
    return _tested(difference, stat, train, dof, one_sided, claim, level, draws, refits)


def _tested(
    difference: float,
    stat: float,
    train: float,
    dof: float,
    one_sided: bool,
    claim: str,
    level: float,
    draws: Vector,
    refits: Vector,
) -> Difference:
    total = float(np.hypot(stat, train))
    half = float(stats.t.ppf((1 + level) / 2, dof)) * total
    t = difference / total if total > 0 else 0.0
    tail = t_tail(t, dof, one_sided=one_sided)
    p = 1.0 if t == 0 else tail.p
    return Difference(
        difference,
        difference - half,
        difference + half,
        p,
        tail.sigma,
        None,
        level,
        one_sided,
        claim,
        stat,
        train,
        t,
        dof,
        "paired Poisson bootstrap and refits, t",
        np.nan_to_num(draws, nan=difference),
        refits,
    )


def compare_cross_validated(
    a: Vector,
    b: Vector,
    *,
    n_fit: int,
    n_validation: int,
    greater_is_better: bool,
    one_sided: bool = False,
    level: float = 0.95,
) -> Difference:
    """Return the paired difference of per-fold scores ``a`` over ``b`` with the Nadeau-Bengio variance."""
    each = (np.asarray(a) - np.asarray(b)) * (1.0 if greater_is_better else -1.0)
    total = nadeau_bengio(each, n_fit, n_validation) ** 0.5
    none = np.empty(0)
    return _tested(
        float(np.mean(each)), 0.0, total, len(each) - 1.0, one_sided, "procedure", level, none, each
    )


def verdict(difference: Difference, *, relevant: float = 0.0) -> str:
    """Return the word: not distinguished; evidence from 3σ; observation from 5σ; or distinguished, not relevant.

    Global σ where it is known, else local.
    """
    sigma = difference.sigma_global if difference.sigma_global is not None else difference.sigma_local
    if sigma is None or difference.difference is None or abs(sigma) < 3:
        return "not distinguished"
    if abs(difference.difference) < relevant:
        return "distinguished, not relevant"
    return "observation" if abs(sigma) >= 5 else "evidence"


def sigma_text(sigma: float | None) -> str:
    """Return σ as it is printed: one decimal, "> 5σ" above five, "no σ" where it was refused.

    >>> sigma_text(3.24), sigma_text(17.0), sigma_text(-17.0), sigma_text(None)
    ('3.2σ', '> 5σ', '< -5σ', 'no σ')
    """
    if sigma is None:
        return "no σ"
    if abs(sigma) > 5:
        return "> 5σ" if sigma > 0 else "< -5σ"
    return f"{sigma:.1f}σ"


def claim_text(
    difference: Difference,
    subject: str,
    other: str,
    *,
    metric: str,
    n_test: int,
    n_train: int,
    relevant: float = 0.0,
    family: int = 1,
) -> ClaimText:
    """Return the sentence on one difference."""
    word = verdict(difference, relevant=relevant)
    text = f"{subject} against {other} on {metric}: {word}"
    d = difference
    return ClaimText(text, d.difference, d.low, d.high, d.sigma_local, d.sigma_global, word, "")
