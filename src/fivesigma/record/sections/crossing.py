"""Where the mean output of each model crosses a value in systems of several sizes, and in an infinite one."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class CrossingPoint:
    """Where an output crosses in a system of one size: the mean ``at`` over repeats with its standard error."""

    size: float
    at: float | None
    error: float | None


@dataclass(frozen=True, kw_only=True)
class CrossingModel:
    """What one model says: ``value`` is T_c of T*(L) = T_c + a/L, null where the points do not tell it.

    Attributes
    ----------
    error : ``stat`` (repeats: seeds, training events, test events) and ``span`` (the range of sizes) in quadrature.
    slope : a
    chi2, dof : of the line through the points.
    points : one a size.
    message : why something is missing; empty where nothing is.
    """

    model: str
    value: float | None
    error: float | None
    stat: float | None
    span: float | None
    slope: float | None
    chi2: float | None
    dof: int | None
    points: tuple[CrossingPoint, ...]
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class CrossingCurve:
    """The output of a model against the field in systems of one size, on one test set: means over repeats.

    ``mean`` is of the output; ``variance`` of its log odds where it is a probability, else of the output; the errors
    are standard errors over repeats.
    """

    test: str
    model: str
    size: float
    x: tuple[float, ...]
    mean: tuple[float, ...]
    mean_error: tuple[float, ...]
    variance: tuple[float, ...]
    variance_error: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class CrossingReading:
    """The same models read otherwise, or on another test set, and what is known of the answer there."""

    at: float | None
    test: str
    expected: float | None
    models: tuple[CrossingModel, ...]


@dataclass(frozen=True, kw_only=True)
class CrossingRecord(Section):
    """The crossing of every model on the first test set, every other reading, and the curves that it is read off.

    Attributes
    ----------
    setting : the place of the size in the study file.
    over : the column that the output is followed against, and its ``unit``.
    at : the value that is crossed; null where the peak of the variance is looked for.
    test : the first test set, and what is ``expected`` there, null where nothing is known.
    """

    key, of = "crossing", "results"

    setting: str
    over: str
    unit: str | None
    repeats: int
    at: float | None
    test: str
    expected: float | None
    models: tuple[CrossingModel, ...]
    others: tuple[CrossingReading, ...]
    curves: tuple[CrossingCurve, ...]
