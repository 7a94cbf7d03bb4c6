"""Weights that are the declared yields of their samples, and other weights alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.data.generated import Generated, generated
from fivesigma.data.readers.table import Table
from fivesigma.data.stack import Stack
from fivesigma.data.yields import Sample, factors
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.weights import NO_SUM, WeightsSection, beside


def weighed(spec: Spec, events: Dataset, files: Generated | None = None) -> Dataset:
    """Return the events with weights, other ones alike, that are the declared yields of their samples, if any are.

    ``files`` is what the files hold of each sample, where that matters.
    """
    weights = spec.weights
    if weights is None:
        return events
    if events.w is None and not weights.yields:
        raise spec.error("weights", "the events have no weights and no yields; name the column of weights.")
    others = {name: _other_weights(spec, name, _beside(spec, events, name)) for name in weights.alternatives}
    w = events.w
    if weights.yields:
        by = _factors(spec, weights, events, files)
        others = {name: (each.T * by).T for name, each in others.items()}
        w = by if w is None else w * by
    return dataclasses.replace(events, w=w, extras={**events.extras, **others})


def of_files(spec: Spec, parts: Sequence[Stack], read: Sequence[Table]) -> Generated | None:
    """Return what the files hold of each sample, where a yield depends on it: it has no ``sum_w``, or rows are chosen.

    ``read`` are the ``parts`` with the rows alone that are read.
    """
    yields = {} if spec.weights is None else spec.weights.yields
    physical = {name: each for name, each in yields.items() if each.total is None}
    unsaid = [name for name, each in physical.items() if each.sum_w is None]
    if spec.weights is None or not (unsaid or (physical and spec.data.rows)):
        return None
    column = spec.weights.column or ", ".join(spec.data.targets)
    if column in parts[0].names:
        return generated(parts, read, column)
    what = f"no column says of which sample a row is, but '{column}' does"
    if unsaid:
        raise spec.error(f"weights.yields.{unsaid[0]}", f"{NO_SUM}, and {what}, so that no file can say it.")
    raise spec.error(
        "data.rows", f"{what}: how many rows of each were left unread is not known; use fraction."
    )


def _beside(spec: Spec, events: Dataset, name: str) -> NDArray[Any]:
    """Return a column of other weights, which is no feature."""
    try:
        return beside(events, "alternatives", name)
    except InputError as error:
        raise StudyError(f"{spec.place}: {error}") from None


def _other_weights(spec: Spec, name: str, column: NDArray[Any]) -> NDArray[np.float64]:
    """Return a column of other weights as numbers, one or several an event."""
    if kinds.is_text(column) or not np.isfinite(values := kinds.numbers(column)).all():
        raise spec.error(
            "weights.alternatives",
            f"'{name}' holds what is no finite number; expected a weight for each event.",
        )
    return values


def _factors(
    spec: Spec, weights: WeightsSection, events: Dataset, files: Generated | None
) -> NDArray[np.float64]:
    """Return what makes weights the expected yields of their samples, rows that were left unread among them."""
    what = "class" if weights.column is None else f"value of '{weights.column}'"
    part = spec.data.fraction or 1.0
    share = {name: part * (1.0 if files is None else files.share.get(name, 1.0)) for name in weights.yields}
    try:
        code, names = weights.sample_of(events)
        declared = {
            name: _with_sum(spec, name, each, events, files) for name, each in weights.samples.items()
        }
        return factors(events.w, np.array([*names, ""])[code], declared, what=what, share=share)
    except StudyError:
        raise
    except InputError as error:
        raise StudyError(f"{spec.place}: {error}") from None


def _with_sum(spec: Spec, name: str, sample: Sample, events: Dataset, files: Generated | None) -> Sample:
    """Return a sample with the sum of weights that its files say, where the study says none."""
    if sample.sum_w is not None or sample.total is not None:
        return sample
    if files is None:
        raise spec.error(f"weights.yields.{name}", f"{NO_SUM}.")
    sum_w = files.sum_w(name)
    if events.w is None:
        raise spec.error(
            f"weights.yields.{name}",
            f"the files say that the weights generated sum to {sum_w:.4g}, and the study names none; name them with "
            "data.weight (genWeight of NanoAOD), or type the sum_w of events that count one each.",
        )
    return dataclasses.replace(sample, sum_w=sum_w)
