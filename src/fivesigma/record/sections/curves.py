"""Scores against a setting of a model, and against the number of events it learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section

Floats = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Band:
    """Mean score at each value, and its interval."""

    mean: Floats
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Overfitting:
    """The best value over the most flexible one, with the significance that it is better."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    sigma_local: float | None
    sigma_global: float | None
    method: str
    greater_is_better: bool


@dataclass(frozen=True, kw_only=True)
class ValidationCurve:
    """Scores against the ``values`` of a ``parameter``.

    Attributes
    ----------
    train, validation : mean scores over the folds with their intervals at ``level``.
    folds : (values, folds) validation scores.
    best, one_standard_error, most_flexible : values, as two rules choose and as the parameter goes.
    fits_per_fold : 1 where one fit holds all values.
    overfitting : where the best value is not the most flexible one.
    """

    parameter: str
    metric: str
    values: tuple[Any, ...]
    n_folds: int
    level: float
    train: Band
    validation: Band
    folds: tuple[Floats, ...]
    best: Any
    one_standard_error: Any
    most_flexible: Any
    fits_per_fold: int
    overfitting: Overfitting | None = optional()


@dataclass(frozen=True, kw_only=True)
class ValidationCurvesRecord(Section):
    """The validation curves of a model, one a parameter."""

    key, of, inline = "validation_curves", "model", True

    curves: tuple[ValidationCurve, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change and its standard error."""

    change: float
    error: float | None


@dataclass(frozen=True, kw_only=True)
class LearningCurveRecord(Section):
    """Scores against the number of training events, ``values``; ``last_doubling`` is the last step's change."""

    key, of = "learning_curve", "model"

    metric: str
    values: tuple[int, ...]
    n_folds: int
    level: float
    train: Band
    validation: Band
    folds: tuple[Floats, ...]
    last_doubling: Change | None = optional()
    greater_is_better: bool


@dataclass(frozen=True, kw_only=True)
class BiasVarianceRecord(Section):
    """Bias², variance and their sum against the ``values`` of a ``parameter``, over bootstrap ``rounds``."""

    key, of = "bias_variance", "model"

    parameter: str
    values: tuple[Any, ...]
    rounds: int
    loss: str
    n_fit: int
    n_validation: int
    total: Floats
    bias: Floats
    variance: Floats


@dataclass(frozen=True, kw_only=True)
class CurvesFailedRecord(Section):
    """Which fits of curves failed, and why."""

    key, of, inline = "curves_failed", "model", True

    messages: tuple[str, ...]
