"""What weights of either sign are worth, what training makes of them, and which other weights the events have."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """The training events of one class, or all of them: as they are weighted, and as they are trained with.

    Attributes
    ----------
    name : of the class; "all events" of a regression.
    n, n_negative : events, and those of negative weight.
    sum_w, error : Σw and sqrt(Σw²); ``n_effective`` : (Σw)²/Σw².
    n_trained, sum_trained, error_trained : the same of the weights that a fit is given.
    pull : (sum_trained - sum_w) / error: what the policy costs in yield.
    shift, feature : how far the mean of a feature moves, in its errors, and which moves most; None without features.
    n_lost, sum_lost : events whose expected weight is 0 or less, and their Σw.
    """

    name: str
    n: int
    n_negative: int
    sum_w: float
    error: float
    n_effective: float
    n_trained: int
    sum_trained: float
    error_trained: float
    pull: float
    shift: float | None
    feature: str | None
    n_lost: int
    sum_lost: float


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Other weights of the same events: their Σ, and the ratio to that of the nominal ones."""

    name: str
    sum_w: float
    ratio: float


@dataclass(frozen=True, kw_only=True)
class Unscored:
    """A metric that has no score with negative weights, and why."""

    metric: str
    why: str


@dataclass(frozen=True, kw_only=True)
class WeightsRecord(Section):
    """Weights that are negative, or made yields, and other ones.

    Attributes
    ----------
    policy : what training does with negative weights.
    samples : the classes; ``failed`` says why no fit to all training events can have weights, "" where it can.
    unscored : the metrics that have no score with negative weights.
    alternatives : other weights of all events.
    """

    key, of = "weights", "results"

    policy: str
    samples: tuple[Weighed, ...]
    failed: str
    unscored: tuple[Unscored, ...]
    alternatives: tuple[Alternative, ...]
