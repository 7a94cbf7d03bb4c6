"""What the models lean on, and what they lose with their columns: the key ``explain`` of the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.risk.findings import Comparison, Score

Floats = tuple[float, ...]
Gapped = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class OutOfBag:
    """The same importance on rows that the trees had not seen, in the order of the columns."""

    mean: Floats
    std: Floats


@dataclass(frozen=True, kw_only=True)
class ShapleyPoints:
    """Shapley values of single held-out events, the columns of largest mean size first.

    Attributes
    ----------
    values : by column, those of the events.
    columns : by column, the values it had; None of a group of columns.
    trend : by column, the rank correlation of both, None where it is not defined.
    """

    names: tuple[str, ...]
    values: tuple[Gapped, ...]
    columns: tuple[Gapped | None, ...]
    trend: Gapped


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much each column, or group of columns, matters to a model, the most important first.

    Attributes
    ----------
    mean, std : (G,) over the folds, with its error.
    draws : (folds, G).
    groups : the columns of each group, where some are taken together.
    method, scale : what is measured, and in what.
    residual : of integrated gradients, the largest miss of F(x) - F(baseline) over the largest such difference.
    """

    names: tuple[str, ...]
    mean: Floats
    std: Floats
    draws: tuple[Floats, ...]
    groups: tuple[tuple[str, ...], ...] | None = optional()
    method: str | None = optional()
    scale: str | None = optional()
    out_of_bag: OutOfBag | None = optional()
    points: ShapleyPoints | None = optional()
    residual: float | None = optional()


@dataclass(frozen=True, kw_only=True)
class Effect:
    """How the prediction moves with one column: mean (g,) on a grid, its error, and curves of single events."""

    name: str
    grid: Floats
    mean: Floats
    std: Floats
    curves: tuple[Gapped, ...]


@dataclass(frozen=True, kw_only=True)
class Effects:
    """The effects of some columns on the prediction; on the probability of the class ``of``."""

    columns: tuple[Effect, ...]
    of: str | None = optional()


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The columns that are left, the most important first."""

    names: tuple[str, ...]
    mean: Floats
    std: Floats


@dataclass(frozen=True, kw_only=True)
class AblationStep:
    """A model on fewer columns: those left, those ``changed``, its scores, and the change with its significance."""

    columns: tuple[str, ...]
    changed: tuple[str, ...]
    scores: Mapping[str, Score]
    change: Comparison | None
    ranking: Ranking | None


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """Columns taken away, or added, one step at a time; judged on ``part``."""

    part: str
    caveat: str
    steps: tuple[AblationStep, ...]


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What was asked of the models, by method and model: None where it was not asked, or cannot be had.

    ``messages`` says by method and model why it cannot.
    """

    impurity: Mapping[str, Importance | None] | None = None
    permutation: Mapping[str, Importance | None] | None = None
    shap: Mapping[str, Importance | None] | None = None
    drop_column: Mapping[str, Importance | None] | None = None
    drop_best: Mapping[str, Ablation | None] | None = None
    forward: Mapping[str, Ablation | None] | None = None
    effects: Mapping[str, Effects | None] | None = None
    messages: Mapping[str, Mapping[str, str]] | None = None
    integrated_gradients: Mapping[str, Importance | None] | None = optional()

    def importances(self, model: str) -> dict[str, Importance]:
        """Return the importances that a model has, by method."""
        every = {
            "permutation": self.permutation,
            "drop_column": self.drop_column,
            "impurity": self.impurity,
            "shap": self.shap,
            "integrated_gradients": self.integrated_gradients,
        }
        return {method: kept for method, by_model in every.items() if (kept := (by_model or {}).get(model))}

    def ablations(self, model: str) -> dict[str, Ablation]:
        """Return the steps that a model has gone, by the way: "drop_best" or "forward"."""
        every = {"drop_best": self.drop_best, "forward": self.forward}
        return {way: kept for way, by_model in every.items() if (kept := (by_model or {}).get(model))}
