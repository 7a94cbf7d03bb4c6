"""Regression: a value, and the law it is drawn from where the model has one, held against the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.data.dataset import Dataset
from fivesigma.risk.metric import Metric
from fivesigma.risk.predictive import LEVELS
from fivesigma.study.fit.prediction import Predictions, quantiles
from fivesigma.study.spec.document import Spec
from fivesigma.study.tasks.task import Asked, Claim, Judgement, Task, Truth, learnt, numbers, whole_truth

Array = NDArray[Any]


@final
class Regression(Task):
    """A number that is known of the training events."""

    name = "regression"
    outputs = (Output.VALUE, Output.LAW)

    def check(self, spec: Spec, data: Dataset) -> None:
        """Refuse a target that does not vary."""
        if data.y is not None and float(np.ptp(data.y)) == 0.0:
            raise InputError(
                f"the target {data.target!r} is constant ({data.y[0]}); there is nothing to learn."
            )

    def truth(self, data: Dataset, metric: Metric, rows: Array) -> Truth:
        """See `Task.truth`."""
        return whole_truth(data, rows)

    def judged(self, metric: Metric, part: str, *, n_folds: int, claim: Claim) -> Judgement:
        """See `Task.judged`."""
        return learnt(part, n_folds, claim)

    def predict(self, estimator: Any, X: Array, asked: Asked) -> Predictions:
        """See `Task.predict`; the law is there where the model has one."""
        from fivesigma.study.fit import recipe

        said = {Output.VALUE: recipe.predict(estimator, X)}
        law = quantiles(estimator, X, LEVELS) if Output.LAW in asked.outputs else None
        return said if law is None else said | {Output.LAW: law}

    def columns(self, name: str, said: Predictions, meanings: Sequence[str]) -> dict[str, Array]:
        """Return ``NAME``, the value, and ``NAME:q0.1587`` and so on, where there is a law."""
        found = {name: said[Output.VALUE]}
        if Output.LAW in said:
            found |= {_column(name, level): said[Output.LAW][:, j] for j, level in enumerate(LEVELS)}
        return found

    def stored(self, table: Mapping[str, Array], name: str, meanings: Sequence[str]) -> Predictions:
        """See `Task.stored`."""
        said = {Output.VALUE: numbers(table, name)}
        if _column(name, LEVELS[0]) in table:
            each = [numbers(table, _column(name, level)) for level in LEVELS]
            said[Output.LAW] = np.column_stack(each)
        return said


def _column(name: str, level: float) -> str:
    """Return the name of a column of quantiles.

    >>> _column("forest", 0.15865525393145707)
    'forest:q0.1587'
    """
    return f"{name}:q{level:.4f}"
