"""Regression: a value, and the law it is drawn from where the model has one, held against the target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.data.dataset import Dataset
from fivesigma.risk.conformal import STATED
from fivesigma.risk.metric import Metric
from fivesigma.risk.predictive import LEVELS
from fivesigma.study.fit.prediction import Predictions, quantiles
from fivesigma.study.tasks.task import Asked, Claim, Judgement, Task, Truth, learnt, numbers, whole_truth

if TYPE_CHECKING:
    from fivesigma.study.spec.document import Spec

Array = NDArray[Any]


@final
class Regression(Task):
    """A number that is known of the training events."""

    name = "regression"
    outputs = (Output.VALUE, Output.LAW)

    def check(self, spec: Spec, data: Dataset) -> None:
        """Refuse a target that does not vary, and of several what is asked of one."""
        if data.y is None:
            return
        names = data.several or (data.target,)
        for name, y in zip(names, data.y.reshape(len(data.y), -1).T, strict=True):
            if float(np.ptp(y)) == 0.0:
                raise InputError(f"the target {name!r} is constant ({y[0]}); there is nothing to learn.")
        for key, asked in (("curves", spec.curves.asked), ("explain", spec.explain.asked)):
            if asked and data.several:
                raise spec.error(key, "it is asked of one target at a time; name one, or remove the section.")

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
        """Return ``NAME``, the value, and ``NAME:q0.1587`` and so on, where there is a law.

        Of intervals the ends, ``NAME:low0.9500`` and ``NAME:high0.9500``.

        Of several targets, which are the ``meanings``, these of ``NAME:TARGET``.
        """
        if meanings:
            named = (
                self.columns(
                    f"{name}:{target}", {output: values[:, j] for output, values in said.items()}, ()
                )
                for j, target in enumerate(meanings)
            )
            return {column: values for columns in named for column, values in columns.items()}
        found = {name: said[Output.VALUE]}
        if Output.LAW in said:
            found |= {_column(name, level): said[Output.LAW][:, j] for j, level in enumerate(LEVELS)}
        if Output.INTERVAL in said:
            ends = said[Output.INTERVAL]
            for j, level in enumerate(STATED):
                found |= {_end(name, word, level): ends[:, j, k] for k, word in enumerate(_ENDS)}
        return found

    def units(self, columns: Iterable[str], name: str, targets: Mapping[str, str | None]) -> dict[str, str]:
        """See `Task.units`: values, quantiles and ends of intervals are all in the unit of their target."""
        several = len(targets) > 1
        begins = {f"{name}:{target}" if several else name: unit for target, unit in targets.items()}
        found = {column: _unit_of(column, begins) for column in columns}
        return {column: unit for column, unit in found.items() if unit}

    def stored(self, table: Mapping[str, Array], name: str, meanings: Sequence[str]) -> Predictions:
        """See `Task.stored`."""
        if meanings:
            kept = [self.stored(table, f"{name}:{target}", ()) for target in meanings]
            both = [
                output for output in (*self.outputs, Output.INTERVAL) if all(output in one for one in kept)
            ]
            return {output: np.stack([one[output] for one in kept], axis=1) for output in both}
        said = {Output.VALUE: numbers(table, name)}
        if _column(name, LEVELS[0]) in table:
            each = [numbers(table, _column(name, level)) for level in LEVELS]
            said[Output.LAW] = np.column_stack(each)
        if _end(name, _ENDS[0], STATED[0]) in table:
            ends = [[numbers(table, _end(name, word, level)) for word in _ENDS] for level in STATED]
            said[Output.INTERVAL] = np.moveaxis(np.array(ends), 2, 0)
        return said


def _unit_of(column: str, begins: Mapping[str, str | None]) -> str | None:
    """Return the unit of a column by how its name begins; of two that fit, the longer.

    >>> _unit_of("forest:px:q0.1587", {"forest:px": "GeV", "forest:p": "MeV"})
    'GeV'
    """
    fitting = [name for name in begins if column == name or column.startswith(f"{name}:")]
    return begins[max(fitting, key=len)] if fitting else None


_ENDS = ("low", "high")


def _end(name: str, word: str, level: float) -> str:
    """Return the name of a column of ends of intervals.

    >>> _end("forest", "low", 0.95)
    'forest:low0.9500'
    """
    return f"{name}:{word}{level:.4f}"


def _column(name: str, level: float) -> str:
    """Return the name of a column of quantiles.

    >>> _column("forest", 0.15865525393145707)
    'forest:q0.1587'
    """
    return f"{name}:q{level:.4f}"
