"""The errors of predictions for new events, as columns and in words; and which events no training event was like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.counts import counted
from fivesigma.report.text import percent
from fivesigma.risk.extrapolation import distance, moved_out
from fivesigma.study.finished.fitted_model import FittedModel
from fivesigma.study.fit.prediction import Output, Predictions
from fivesigma.study.fit.uncertainty import DEFAULT_LEVEL, Uncertainty, no_errors

Array = NDArray[Any]

_MOST_NAMED = 4
_ALONE = "this model has left its run, which knows its errors; copy the file .errors.json beside it"


@dataclass(frozen=True, eq=False)
class PredictedErrors:
    """The errors of what a model says of some events.

    Parameters
    ----------
    model : the model
    X : the events in its columns, (n, p) or (n, \\*shape)
    said : what it says of them
    asked : the level that was asked for; None for 0.68, where there is one
    """

    model: FittedModel
    X: Array
    said: Predictions
    asked: float | None = None

    @property
    def level(self) -> float:
        """The level."""
        return DEFAULT_LEVEL if self.asked is None else self.asked

    @cached_property
    def known(self) -> Uncertainty | None:
        """What they are made of."""
        return self.model.errors

    @cached_property
    def why_not(self) -> str:
        """Why there are none, "" where there are.

        Raises
        ------
        InputError
            Where a level was asked for.
        """
        why = _ALONE if self.known is None else self.known.why_not(self.level)
        if why and self.asked is not None:
            raise no_errors(str(self.model.meta["name"]), self.level, why)
        return why

    @cached_property
    def beyond(self) -> Array:
        """How far (n, p) each event lies beyond the training range in each column, in standard deviations."""
        if self.known is None or not len(self.X):
            return np.zeros((len(self.X), len(self.model.names)))
        return self.known.beyond(self.X, self.model.takes)

    @property
    def far(self) -> Array:
        """How far (n,) each event lies from the training range."""
        return distance(self.beyond)

    @property
    def ends(self) -> Array | None:
        """Low and high (n, ..., 2); None where there are no errors."""
        return (
            None if self.why_not or self.known is None else self.known.ends(self.said, self.level, self.far)
        )

    @property
    def honest(self) -> Predictions:
        """What is said, the intervals of a law moved outward where no training event was."""
        if Output.INTERVAL not in self.said or self.known is None or not self.known.intervals:
            return self.said
        ends, far = self.said[Output.INTERVAL], self.far
        several = ends if ends.ndim == 4 else ends[:, None]
        for j, each in enumerate(self.known.intervals):
            moved = [moved_out(several[:, j, k], far, each.spread) for k in range(several.shape[2])]
            several = np.concatenate(
                [several[:, :j], np.stack(moved, axis=1)[:, None], several[:, j + 1 :]], axis=1
            )
        return {**self.said, Output.INTERVAL: several if ends.ndim == 4 else several[:, 0]}

    # --- in words ----------------------------------------------------------------------------------------------

    @property
    def outside(self) -> dict[str, Any]:
        """How many events lie outside of the training range, in which columns, most frequent first; and the range."""
        out = self.beyond > 0
        n, count = int(out.any(axis=1).sum()), out.sum(axis=0)
        order = sorted(np.flatnonzero(count).tolist(), key=lambda j: -int(count[j]))
        share = n / len(self.X) if len(self.X) else 0.0
        columns = {self.model.names[j]: int(count[j]) for j in order}
        return {"n": n, "share": share, "columns": columns, "trained": self._trained(order)}

    def _trained(self, columns: Sequence[int]) -> dict[str, list[float | None]]:
        """Return the least and the greatest value of training events in some columns; None where they have no order."""
        if self.known is None:
            return {}
        seen = self.known.seen
        ends = {seen.names[j]: (float(seen.low[j]), float(seen.high[j])) for j in columns}
        return {name: [each if np.isfinite(each) else None for each in both] for name, both in ends.items()}

    def document(self, *, written: bool = True) -> dict[str, Any]:
        """Return what is said of the errors, as JSON's own types; of those that are not ``written`` only the range."""
        if not written:
            return {"interval": None, "no_interval": None, "outside": self.outside}
        found = None if self.why_not or self.known is None else {"kind": self.known.kind, "level": self.level}
        return {"interval": found, "no_interval": self.why_not or None, "outside": self.outside}


def in_words(document: Mapping[str, Any], n_rows: int) -> list[str]:
    """Return what is said of errors as lines.

    >>> told = {"interval": None, "no_interval": "why", "outside": {"n": 1, "share": 0.25, "columns": {"pt": 1}}}
    >>> told["outside"]["trained"] = {"pt": [0.0, 9.0]}
    >>> in_words(told, 4)[0]
    'no errors: why'
    """
    found, outside = document["interval"], document["outside"]
    lines = [f"no errors: {document['no_interval']}"] if document["no_interval"] else []
    if found is not None:
        lines.append(f"low and high at level {found['level']:g}: {found['kind']}")
    if outside["n"]:
        lines.append(_warning(outside, n_rows, errors=found is not None))
    return lines


def _seen(ends: Sequence[float | None]) -> str:
    return "" if None in ends else f"; trained on {ends[0]:.6g} to {ends[1]:.6g}"


def _warning(outside: Mapping[str, Any], n_rows: int, *, errors: bool) -> str:
    columns = list(outside["columns"].items())
    named = ", ".join(f"{name} ({n:,}{_seen(outside['trained'][name])})" for name, n in columns[:_MOST_NAMED])
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    what = "; their errors are widened by their distance, and no coverage is promised there" if errors else ""
    return (
        f"warning: {counted(outside['n'], 'event')} of {n_rows:,} ({percent(outside['share'])}) outside the range of "
        f"the training events: {named}{more}{what}"
    )
