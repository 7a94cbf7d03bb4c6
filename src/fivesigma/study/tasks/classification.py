"""Classification: the probability of each class, held against the class of every event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.outputs import Output
from fivesigma.data.dataset import Dataset
from fivesigma.risk.metric import Metric
from fivesigma.study.fit.prediction import Predictions
from fivesigma.study.tasks.task import Asked, Claim, Judgement, Task, Truth, learnt, numbers, whole_truth

if TYPE_CHECKING:
    from fivesigma.study.spec.document import Spec

Array = NDArray[Any]


@final
class Classification(Task):
    """Classes that are known of the training events."""

    name = "classification"
    outputs = (Output.PROBABILITY,)
    reads = "classification"

    def check(self, spec: Spec, data: Dataset) -> None:
        """Whatever classes there are can be learnt: see `Task.check`."""

    def truth(self, data: Dataset, metric: Metric, rows: Array) -> Truth:
        """See `Task.truth`."""
        return whole_truth(data, rows)

    def judged(self, metric: Metric, part: str, *, n_folds: int, claim: Claim) -> Judgement:
        """See `Task.judged`."""
        return learnt(part, n_folds, claim)

    def predict(self, estimator: Any, X: Array, asked: Asked) -> Predictions:
        """See `Task.predict`; a class that the fit has not seen has probability 0."""
        from fivesigma.study.fit import recipe

        return {Output.PROBABILITY: recipe.predict(estimator, X, asked.n_classes)}

    def columns(self, name: str, said: Predictions, meanings: Sequence[str]) -> dict[str, Array]:
        """Return ``NAME:CLASS`` for each class."""
        return {f"{name}:{label}": said[Output.PROBABILITY][:, k] for k, label in enumerate(meanings)}

    def stored(self, table: Mapping[str, Array], name: str, meanings: Sequence[str]) -> Predictions:
        """See `Task.stored`."""
        each = [numbers(table, f"{name}:{label}") for label in meanings]
        return {Output.PROBABILITY: np.column_stack(each)}
