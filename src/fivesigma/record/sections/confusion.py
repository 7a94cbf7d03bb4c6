"""Confusion: how well each labelling of the events can be learnt, and where the middle peak of the W is."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class ConfusionPoint:
    """The accuracy on the labelling that parts the events ``at`` a place: mean over repeats and its standard error."""

    at: float
    accuracy: float | None
    error: float | None


@dataclass(frozen=True, kw_only=True)
class ConfusionModel:
    """What one model says: ``value`` is the middle peak of the mean curve, null where there is no W.

    Attributes
    ----------
    error : by the jackknife over repeats, at the level that Student's t has for one σ.
    message : why something is missing; empty where nothing is.
    """

    model: str
    value: float | None
    error: float | None
    points: tuple[ConfusionPoint, ...]
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class ConfusionRecord(Section):
    """The W of every model.

    Attributes
    ----------
    over : the column whose values the labellings part, and its ``unit``.
    part : of the data, on which the accuracy is.
    fresh : whether each repeat has events of its own; else only their division differs.
    expected : what is known of the answer, null where nothing is.
    """

    key, of = "confusion", "results"

    over: str
    unit: str | None
    part: str
    repeats: int
    fresh: bool
    expected: float | None
    models: tuple[ConfusionModel, ...]
