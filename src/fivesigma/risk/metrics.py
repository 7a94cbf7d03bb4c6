"""The metrics by name: what a study file may ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.outputs import Output
from fivesigma._core.outside import outside
from fivesigma.risk.classification import (
    Accuracy,
    BalancedAccuracy,
    Brier,
    CalibrationError,
    LogLoss,
    RocAuc,
)
from fivesigma.risk.clustering import CLUSTERING_METRICS
from fivesigma.risk.confusion import F1, Matthews
from fivesigma.risk.cuts import Ams, Asimov, Rejection
from fivesigma.risk.fidelity import Fidelity, LogFidelity
from fivesigma.risk.metric import Metric
from fivesigma.risk.precision_recall import AveragePrecision
from fivesigma.risk.predictive import ContinuousRankedProbability, NegativeLogLikelihood
from fivesigma.risk.regression import R2, Mae, MedianBias, PearsonR, Rmse, Scatter

__all__ = ["DEFAULT", "METRICS", "Metric", "metric", "metrics", "metrics_for"]

_ALL: tuple[Metric, ...] = (
    RocAuc(),
    Accuracy(),
    BalancedAccuracy(),
    LogLoss(),
    Brier(),
    CalibrationError(),
    AveragePrecision(),
    F1(),
    Matthews(),
    Rejection("rejection_30", efficiency=0.3),
    Rejection("rejection_50", efficiency=0.5),
    Rejection("rejection_80", efficiency=0.8),
    Asimov(),
    Asimov("asimov_10", background_uncertainty=0.1),
    Ams(),
    R2(),
    Rmse(),
    Mae(),
    MedianBias(),
    Scatter(),
    PearsonR(),
    NegativeLogLikelihood(),
    ContinuousRankedProbability(),
    Fidelity(),
    LogFidelity(),
    *CLUSTERING_METRICS,
)

METRICS: dict[str, Metric] = {each.name: each for each in _ALL}


@cache
def metrics() -> Mapping[str, Metric]:
    """Return every metric by name: ours, then those of packages (entry points ``fivesigma.metrics``).

    Raises
    ------
    InputError
        Where an entry point gives no metric, or one of a name that is taken.
    """
    found = dict(METRICS)
    for name, made in outside("metrics").items():
        each = made() if isinstance(made, type) else made
        if not isinstance(each, Metric) or each.name in found:
            raise InputError(
                f"entry point {name!r} of fivesigma.metrics gives no new Metric; mend or remove it."
            )
        found[each.name] = each
    return found


DEFAULT = {"classification": "roc_auc", "regression": "r2", "clustering": "overlap"}
"""The primary metric of a task; a clustering without a truth has ``log_likelihood``."""


def metric(name: str) -> Metric:
    """Return the metric called ``name``; `InputError` with a suggestion where there is none.

    >>> metric("roc_auc").upper
    1.0
    """
    return metrics()[one_of(name, metrics(), "metric")]


def metrics_for(
    outputs: Collection[Output],
    n_classes: int | None = None,
    *,
    truth: bool = True,
    asked: Collection[str] = (),
) -> tuple[Metric, ...]:
    """Return the metrics that score some of ``outputs``, of two classes only where ``n_classes`` is 2.

    Without a ``truth`` none that holds a prediction against it. One that is there on request is among them where its
    name is ``asked``.

    >>> [each.name for each in metrics_for([Output.VALUE])][:2]
    ['r2', 'rmse']
    """
    return tuple(
        each
        for each in metrics().values()
        if each.scores in outputs
        and (n_classes == 2 or not each.binary_only)
        and (truth or not each.needs_truth)
        and (not each.on_request or each.name in asked)
    )
