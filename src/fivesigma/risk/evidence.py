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

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fivesigma._core import laws
from fivesigma._core.rounding import MINUS, fixed, interval_decimals
from fivesigma.risk.findings import Claim, ErrorBudget, Score
from fivesigma.risk.intervals import (
    About,
    cross_validated,
    few_passing,
    folds_dof,
    nadeau_bengio,
    refusal,
    score,
    stat_dof,
    total_dof,
    train_dof,
    welch_satterthwaite,
    with_known,
)
from fivesigma.risk.metric import Metric
from fivesigma.risk.needs import needs
from fivesigma.risk.resampling import (
    N_REFIT_DRAWS,
    Measurement,
    Part,
    Refits,
    Vector,
    departure,
    measure,
    resampling_counts,
)
from fivesigma.risk.significance import (
    Difference,
    global_significance,
    log_p_from_sigma,
    sigma_from_log_p,
    t_tail,
)

__all__ = [
    "About",
    "Claim",
    "Difference",
    "ErrorBudget",
    "Measurement",
    "Part",
    "Score",
    "claim_text",
    "compare",
    "compare_cross_validated",
    "cross_validated",
    "global_significance",
    "log_p_from_sigma",
    "measure",
    "needs",
    "not_blind",
    "refusal",
    "resampling_counts",
    "score",
    "sigma_from_log_p",
    "sigma_text",
    "verdict",
]

SMALLEST_RELATIVE_ERROR = 1e-3
"""Floor of the error of folds that all agree, relative to their difference."""


def compare(
    a: Measurement,
    b: Measurement,
    *,
    one_sided: bool = False,
    claim: About = "procedure",
    level: float = 0.95,
    paired_refits: bool = True,
) -> Difference:
    """Return the paired difference of ``a`` over ``b``: same resamples, same refits; positive favours ``a``.

    Unequal numbers of refits are not paired, nor are those of other resamples, which ``paired_refits`` knows: the
    variances of the two training sets add.
    ``t = d / sqrt(stat² + train²)`` at Welch-Satterthwaite's degrees of freedom, where train² is at least what the
    seeds show of it (`fivesigma.risk.resampling.departure`); for the claim "fitted" the test events alone.
    ``one_sided`` tests "above", fixed beforehand: against the baseline. Else the test is
    two-sided. A metric that is best at 0 (the median bias) is compared by its size.
    """
    metric = a.metric
    value = float(metric.merit(a.value) - metric.merit(b.value))
    draws = np.asarray(metric.merit(a.draws) - metric.merit(b.draws), float)
    paired = paired_refits and _are_paired(a.refits, b.refits)
    spreads = _spreads(a, b, paired=paired) if claim == "procedure" else ()
    reason = refusal(a.part) or refusal(b.part) or few_passing(a) or few_passing(b)
    if not metric.interval:
        reason = f"no test: {metric.name} is biased at finite size"
    if not all(np.isfinite(refits.values).all() for refits in spreads):
        reason = reason or f"no test: {metric.name} is not defined in every refit"
    if reason or not np.isfinite(value):
        known = value if np.isfinite(value) else None
        return Difference(
            known, level=level, one_sided=one_sided, claim=claim, method=reason or "not defined"
        )
    alone = departure(value, _seeds(a, b)) if spreads else 0.0
    error = _errors(value, draws, spreads, min(a, b, key=stat_dof), alone=alone)
    found = _tested(value, error, one_sided=one_sided, level=level)
    draws = np.where(np.isfinite(draws), draws, value)
    train_draws = spreads[0].values if spreads and paired else np.empty(0)
    how = _how(spreads, paired=paired)
    found = replace(found, claim=claim, method=how, stat_draws=draws, train_draws=train_draws)
    return found.within(metric.reach)


def drop(
    first: Measurement, other: Measurement, *, claim: About = "procedure", level: float = 0.95
) -> Difference:
    """Return how much better one model is on the ``first`` test than on another, of other events; two-sided.

    The variances that the events of either bring add; the refits are scored on both, so that what a training set does
    to both alike is no part of the drop.
    """
    found = compare(first, other, claim=claim, level=level)
    return replace(found, method=found.method.replace("paired resamples", "resamples of either test"))


def _spreads(a: Measurement, b: Measurement, *, paired: bool) -> tuple[Refits, ...]:
    """Return what shows how a difference varies with the training set: paired refits, or those of each by themselves.

    One refit shows no spread, and is left out.
    """
    ours, theirs = (_merit(each.metric, each.refits) for each in (a, b))
    if paired:
        return (ours.minus(theirs),) if len(ours) > 1 else ()
    return tuple(each for each in (ours, theirs) if len(each) > 1)


def _seeds(a: Measurement, b: Measurement) -> Refits:
    """Return the differences of the fits with other seeds; of one that has none it is the fit itself that it is."""
    n = min((len(each.seeds) for each in (a, b) if len(each.seeds)), default=0)
    ours, theirs = (_merit(each.metric, _first(each, n)) for each in (a, b))
    return ours.minus(theirs)


def _first(m: Measurement, n: int) -> Refits:
    """Return the first ``n`` fits with other seeds, as often the fit itself where no seed enters it."""
    seeds = m.seeds if len(m.seeds) else Refits(np.full(n, m.value), np.tile(_followed(m), (n, 1)))
    return Refits(seeds.values[:n], seeds.draws[:n])


def _followed(m: Measurement) -> Vector:
    """Return the score of the fit on the resamples on which refits are followed too."""
    return m.draws[:N_REFIT_DRAWS]


def _are_paired(ours: Refits, theirs: Refits) -> bool:
    """Whether two models were fitted again to the same samples of the training set."""
    return (len(ours), ours.share) == (len(theirs), theirs.share)


def _how(spreads: Sequence[Refits], *, paired: bool) -> str:
    """Return how a difference was tested."""
    if not spreads:
        return "paired resamples, t"
    refits = " and ".join(str(len(each)) for each in spreads)
    return f"paired resamples and {refits} {'paired refits' if paired else 'refits, not paired'}, t"


def _merit(metric: Metric, refits: Refits) -> Refits:
    return Refits(metric.merit(refits.values), metric.merit(refits.draws), refits.share)


@dataclass(frozen=True)
class _Error:
    """The two standard errors of a difference and the degrees of freedom of their sum.

    ``spread`` and ``dofs`` as a `Difference` has them.
    """

    stat: float
    train: float
    dof: float
    spread: float | None = None
    dofs: tuple[float, float] | None = None


def _errors(
    value: float, draws: Vector, spreads: Sequence[Refits], a: Measurement, *, alone: float
) -> _Error:
    """Return the errors of a difference ``value``; the training set's variance is at least ``alone``.

    No finite sample is certain: where every resample agrees (two rankings, one of them perfect) the error is
    that of a proportion with two pseudo-counts a side, ``|d| sqrt(2) / (n + 4)`` (Agresti & Coull 1998).
    """
    known = draws[np.isfinite(draws)]
    stat = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    stat = max(stat, abs(value) * 2**0.5 / (a.units + 4))
    train = max(sum(refits.main_effect for refits in spreads), alone)
    spread, dof = _added(spreads)
    spread = max(spread, alone)
    dofs = (stat_dof(a), dof)
    total = max(total_dof(stat**2, train, spread=spread, dofs=dofs), 1.0)
    return _Error(stat, train**0.5, total, spread, dofs)


def _added(spreads: Sequence[Refits]) -> tuple[float, float]:
    """Return the sum of the variances over refits and its degrees of freedom, by Welch-Satterthwaite."""
    variances, dofs = [each.variance for each in spreads], [train_dof(each) for each in spreads]
    if len(spreads) == 1:
        return variances[0], dofs[0]
    total = sum(variances)
    return total, welch_satterthwaite(variances, dofs) if total > 0 else min(dofs, default=1.0)


def _tested(value: float, error: _Error, *, one_sided: bool, level: float) -> Difference:
    """Return the difference with its t test and its interval."""
    total = float(np.hypot(error.stat, error.train))
    half = float(laws.t_ppf((1 + level) / 2, error.dof)) * total
    t = value / total if total > 0 else 0.0
    tail = t_tail(t, error.dof, one_sided=one_sided)
    return Difference(
        value,
        value - half,
        value + half,
        p=1.0 if t == 0 else tail.p,
        sigma_local=tail.sigma,
        level=level,
        one_sided=one_sided,
        stat=error.stat,
        train=error.train,
        t=t,
        dof=error.dof,
        spread=error.spread,
        dofs=error.dofs,
    )


def compare_cross_validated(  # noqa: PLR0913 keywords of a public function
    a: Vector,
    b: Vector,
    *,
    n_fit: int,
    n_validation: int,
    greater_is_better: bool,
    units: float = np.inf,
    one_sided: bool = False,
    level: float = 0.95,
    value: float | None = None,
    between: float = 0.0,
) -> Difference:
    """Return the paired difference of fold scores ``a`` over ``b`` by the corrected t test, positive favours ``a``.

    ``t = d / sqrt((1/k + n_val/n_fit) s²)`` at ``R (k - 1)`` for ``a`` and ``b`` (k,), or (R, k) of R repeats: Nadeau &
    Bengio (2003), eq. 9, and `fivesigma.risk.intervals.nadeau_bengio`. It is about the procedure. ``units``
    independent events in all folds: as no finite sample is certain, the error is at least ``|d| sqrt(2) / (units +
    4)``, as with a test set, and there are at most ``units`` - 1 degrees of freedom. ``value`` is d where it is not
    the mean over folds; a fold where either is NaN is left out. ``between`` is the variance that the classes' numbers
    bring to the difference, which stratified folds do not show (`fivesigma.risk.prevalence`).
    """
    each = (np.asarray(a, float) - np.asarray(b, float)) * (1.0 if greater_is_better else -1.0)
    known = each[np.isfinite(each)]
    if folds_dof(each) < 1 or not len(known):
        return Difference(None, level=level, one_sided=one_sided, method="no test: fewer than two folds")
    d = float(np.mean(known)) if value is None else value
    spread = nadeau_bengio(each, n_fit, n_validation)
    floor = (max(SMALLEST_RELATIVE_ERROR, 2**0.5 / (units + 4)) * d) ** 2
    ways = [
        _Error(0.0, max(variance, floor) ** 0.5, dof)
        for variance, dof in with_known(spread, folds_dof(each, units), between)
    ]
    each_way = [_tested(d, error, one_sided=one_sided, level=level) for error in ways]
    found = min(each_way, key=lambda difference: abs(difference.sigma_local or 0.0))
    return replace(found, method="paired folds, Nadeau-Bengio t", train_draws=each.ravel())


def verdict(difference: Difference, *, relevant: float = 0.0) -> str:
    """Return the word: not distinguished; from 3σ evidence, from 5σ observation; or distinguished, not relevant.

    By the global σ where it is known, else the local one. A one-sided test asks for "above" and shows
    nothing else: what lies below by 3σ is "not above".
    """
    sigma = difference.sigma_global if difference.sigma_global is not None else difference.sigma_local
    if sigma is None or difference.difference is None or abs(sigma) < 3:
        return "not distinguished"
    if difference.one_sided and sigma < 0:
        return "not above"
    if abs(difference.difference) < relevant:
        return "distinguished, not relevant"
    return "observation" if abs(sigma) >= 5 else "evidence"


def sigma_text(sigma: float | None) -> str:
    """Return σ as it is printed: one decimal, "> 5σ" above five, "no σ" where it was refused.

    >>> sigma_text(3.24), sigma_text(17.0), sigma_text(-17.0), sigma_text(None)
    ('3.2σ', '> 5σ', '< -5σ', 'no σ')

    2.97 does not read as the 3.0 that earns a word, and nothing reads as minus zero.

    >>> sigma_text(2.97), sigma_text(-0.04)
    ('2.9σ', '0.0σ')
    """
    if sigma is None:
        return "no σ"
    if abs(sigma) > 5:
        return "> 5σ" if sigma > 0 else "< -5σ"
    tenths = round(sigma, 1)
    if abs(sigma) < 3 <= abs(tenths):
        tenths = math.copysign(2.9, sigma)
    return f"{tenths + 0.0:.1f}σ"


def claim_text(  # noqa: PLR0913 keywords of a public function
    difference: Difference,
    subject: str,
    other: str,
    *,
    metric: str,
    n_test: int | None,
    n_train: int | None,
    relevant: float = 0.0,
    family: int = 1,
    greater_is_better: bool = True,
) -> Claim:
    """Return the sentence on one difference, of ``subject`` over ``other``, and what 3σ would take (`needs`).

    >>> d = Difference(0.02, 0.01, 0.03, 1e-5, 4.3, 4.0, one_sided=True, dof=500.0)
    >>> claim_text(d, "forest", "dummy", metric="roc_auc", n_test=500, n_train=2000).text
    'forest is above dummy on roc_auc by 0.020 [0.010, 0.030]: evidence, 4.0σ, for the procedure.'
    """
    d, word = difference, verdict(difference, relevant=relevant)
    sigma = d.sigma_global if d.sigma_global is not None else d.sigma_local
    what = "the procedure" if d.claim == "procedure" else "these fitted models"
    return Claim(
        f"{_finding(d, subject, other, metric, word, greater_is_better)}, {sigma_text(sigma)}, for {what}."
        if d.sigma_local is not None
        else f"{subject} and {other} are not compared on {metric}: {d.method}.",
        d.difference,
        d.low,
        d.high,
        d.sigma_local,
        d.sigma_global,
        word,
        needs(d, n_test=n_test, n_train=n_train, family=family),
    )


def not_blind(claim: Claim) -> Claim:
    """Return a claim as it is made on events that were open before: its σ says so, and it is no observation.

    >>> d = Difference(0.02, 0.01, 0.03, 1e-9, 6.3, 6.0, one_sided=True, dof=500.0)
    >>> not_blind(claim_text(d, "forest", "dummy", metric="roc_auc", n_test=500, n_train=2000)).text
    'forest is above dummy on roc_auc by 0.020 [0.010, 0.030]: evidence, > 5σ (not blind), for the procedure.'
    """
    text, verdict = claim.text, claim.verdict
    if claim.sigma_local is None:
        return claim
    if verdict == "observation":
        text, verdict = "evidence".join(text.rsplit("observation", 1)), "evidence"
    return replace(claim, text="σ (not blind)".join(text.rsplit("σ", 1)), verdict=verdict)


def _finding(d: Difference, subject: str, other: str, metric: str, word: str, greater_is_better: bool) -> str:
    """The finding without its σ."""
    assert d.difference is not None
    assert d.low is not None
    assert d.high is not None
    if word == "not distinguished":
        value, limits = _numbers(d.difference, d.low, d.high)
        size = f"{value}, {d.level:.0%} limits {limits}"
        return f"{subject} is not distinguished from {other} on {metric}: difference {size}"
    side = "above" if (d.difference > 0) == greater_is_better else "below"
    ends = (d.low, d.high) if d.difference > 0 else (-d.high, -d.low)
    size = " ".join(_numbers(abs(d.difference), *ends))
    if word == "not above":
        return f"{subject} lies {side} {other} on {metric} by {size}, which this test does not claim"
    return f"{subject} is {side} {other} on {metric} by {size}: {word}"


def _numbers(value: float, low: float, high: float) -> tuple[str, str]:
    """Return a difference and its limits with the digits that their width allows."""
    decimals = interval_decimals(low, high)
    shown = [fixed(each, decimals).replace(MINUS, "-") for each in (value, low, high)]
    return shown[0], f"[{shown[1]}, {shown[2]}]"
