"""Residuals with a heavy tail: said, since a few events then carry the scores that are made of squares."""

from __future__ import annotations

from collections.abc import Iterator

from fivesigma.risk.metric import Metric
from fivesigma.risk.tails import NORMAL, Tail, squares
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.prediction import scored

SURE = 2.5
"""Standard errors of its index by which a tail is heavier than that of normal residuals: so are 1 % of these."""


def heavy_tail(found: Evidence) -> Iterator[tuple[str, str, str]]:
    """Yield what a reader should know of the residuals of the best model, which are of held-out training events."""
    tails = {metric.label: _tail(found, metric) for metric in found.prepared.metrics}
    heavy = {
        name: each for name, each in tails.items() if each is not None and each.heavier_than_normal(SURE)
    }
    if heavy:
        index = min(each.index for each in heavy.values())
        yield (
            "tails",
            "warning",
            f"{found.best}: the residuals of held-out training events have a heavy tail (Hill index {index:.1f}; "
            f"normal residuals have {1 / NORMAL:.1f}), so that a few events carry {' and '.join(heavy)}; the intervals "
            "count it, and the MAE is steadier",
        )


def _tail(found: Evidence, metric: Metric) -> Tail | None:
    """Return the tail of the best model's squared residuals; None where a metric has none, or no model is best."""
    if found.best is None:
        return None
    held_out = found.folds.held_out(metric, scored(found.fitted[found.best].validation, metric))
    z = None if held_out is None else squares(metric, held_out)
    return None if z is None else Tail.of(z)
