"""Observed events beside the simulation."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class ObservedColumn:
    """One column, or the score of the best model, in bins.

    Attributes
    ----------
    edges : (n_bins + 1,); what lies beyond the ends counts in the first and the last bin.
    labels : (n_bins,) of a column of text, whose bins are its labels.
    counts : (n_bins,) observed events, null in bins that are not looked at.
    yields : (n_classes, n_bins) Σw of each class, as it is held against the counts.
    errors : (n_bins,) √Σw² of all classes.
    p_global : p among all columns (Holm 1979).
    """

    name: str
    unit: str | None
    edges: tuple[float, ...]
    labels: tuple[str, ...] | None
    counts: tuple[float | None, ...]
    yields: tuple[tuple[float, ...], ...]
    errors: tuple[float, ...]
    chi2: float
    dof: int
    p: float | None
    p_global: float | None


@dataclass(frozen=True, kw_only=True)
class ObservedRecord(Section):
    """Observed events beside the simulated ones of each class.

    Attributes
    ----------
    model : whose columns and score are shown.
    n_seen : observed events that are looked at; ``expected`` : Σw of the simulated ones among them, ``error`` √Σw².
    scaled : the factor by which the simulation was scaled to the data; null where its weights are yields.
    cut : the score from which events are not looked at while ``blind``; null where there is none.
    columns : of the events that are looked at; ``score`` the model's, null of other tasks than two classes.
    """

    key, of = "observed", "results"

    model: str
    classes: tuple[str, ...]
    n_seen: int
    expected: float
    error: float
    scaled: float | None
    cut: float | None
    blind: bool
    columns: tuple[ObservedColumn, ...]
    score: ObservedColumn | None
