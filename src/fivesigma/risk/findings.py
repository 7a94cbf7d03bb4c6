"""What a study finds of its models, as numbers and words: scores with their errors, differences, verdicts, claims.

Plain values that the record keeps as they are: None stands for what is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

VERDICTS = ("not distinguished", "distinguished, not relevant", "evidence", "observation", "not above")


@dataclass(frozen=True)
class ErrorBudget:
    """Standard errors of a score: finite test set, finite training set, and the seed's part of the latter."""

    stat: float | None = None
    train: float | None = None
    seed: float | None = None


@dataclass(frozen=True)
class Score:
    """A score with its interval ``[low, high]`` at ``level``; None where it is refused, and ``method`` says why.

    Of folds, ``pooled`` is the score of all their predictions at once, left out of the record of any other score:
    where the value is a mean over folds (what is ranked is), the two differ.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    error: ErrorBudget = field(default_factory=ErrorBudget)
    pooled: float | None = field(default=None, metadata={"optional": True})


@dataclass(frozen=True)
class Comparison:
    """A paired difference of one metric, oriented so that positive is in favour of the model that carries it."""

    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    sigma_local: float | None = None
    sigma_global: float | None = None


UNTESTED = "not tested"
"""The verdict on flexibility where no less or more flexible setting was fitted."""


@dataclass(frozen=True)
class Generalisation:
    """``gap = R_train - R_validation`` in units of the metric, and the verdict on flexibility with its σ.

    Attributes
    ----------
    gap : score on the training events minus score on held-out folds, oriented as the metric.
    verdict : "overfit", "underfit", "neither shown" or "not tested".
    sigma : σ of the neighbour that is better, or of the better neighbour where neither is shown.
    """

    gap: float | None = None
    verdict: str = UNTESTED
    sigma: float | None = None


@dataclass(frozen=True)
class Claim:
    """One sentence the page makes, with the effect behind it and what 3 sigma would take."""

    text: str
    effect: float | None
    low: float | None
    high: float | None
    sigma_local: float | None
    sigma_global: float | None
    verdict: str
    needs: str = ""


@dataclass(frozen=True)
class Audit:
    """One check of the data or the run: status ok, warning or failed.

    ``columns`` are those that it is about, ``rows`` the numbers in the input of some events that show it, and
    ``advice`` says what to do.
    """

    check: str
    status: str
    message: str
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    advice: str = ""
