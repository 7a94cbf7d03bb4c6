"""The section ``[explain]`` of the study file: what is asked of the models beside their scores."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from fivesigma.study.spec.section import Section
from fivesigma.study.spec.values import Flag, Texts, Whole, shown

DEFAULT_PERMUTATIONS = 10
"""Permutations that rank the columns where an ablation is asked for and nothing is said of them."""
DEFAULT_ROUNDS = 5
DEFAULT_CORRELATION = 0.7
_MOST_ROUNDS = 1000


def as_rounds(value: Any) -> bool | int:
    """Return how many rounds are asked for: five for true, False for none.

    >>> as_rounds(True), as_rounds(3), as_rounds(False)
    (5, 3, False)
    """
    if value is False or value is True:
        return DEFAULT_ROUNDS if value else False
    if not isinstance(value, int) or not 1 <= value <= _MOST_ROUNDS:
        raise ValueError(f"{shown(value)} is not a number of rounds; write true, or a whole number from 1")
    return value


def as_correlation(value: Any) -> bool | float:
    """Return the rank correlation from which columns are taken together: 0.7 for true."""
    if value is False or value is True:
        return DEFAULT_CORRELATION if value else False
    if not isinstance(value, (int, float)) or not (math.isfinite(value) and 0 < value <= 1):
        raise ValueError(f"{shown(value)} is not a rank correlation; write true, or a number in (0, 1]")
    return float(value)


def as_effects(value: Any) -> bool | tuple[str, ...]:
    """Return the columns whose effect is drawn; True for the most important ones."""
    if isinstance(value, bool):
        return value
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(n, str) and n for n in names):
        raise ValueError(f"{shown(value)} names no column; write true, or a list of columns")
    return tuple(names)


_FLAG = {"type": "boolean"}
_ROUNDS = {"anyOf": [_FLAG, {"type": "integer", "minimum": 1, "maximum": _MOST_ROUNDS}]}
_TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
Rounds = Annotated[bool | int, PlainValidator(as_rounds), WithJsonSchema(_ROUNDS)]
Correlation = Annotated[
    bool | float,
    PlainValidator(as_correlation),
    WithJsonSchema({"anyOf": [_FLAG, {"type": "number", "exclusiveMinimum": 0, "maximum": 1}]}),
]
Effects = Annotated[
    bool | tuple[str, ...],
    PlainValidator(as_effects),
    PlainSerializer(lambda value: value if isinstance(value, bool) else list(value)),
    WithJsonSchema({"anyOf": [_FLAG, _TEXTS]}),
]


class ExplainSection(Section):
    """What the models lean on."""

    models: Texts | None = None
    """The models to explain; default: all, and of what takes refits the best one on the folds."""
    permutation: Annotated[Whole, Field(ge=2, le=10_000)] | None = None
    """Permutations of each column in each held-out fold; 10 where an ablation ranks by them."""
    impurity: Flag | None = None
    """Decrease of impurity of trees, a training quantity; default: true where anything is asked."""
    drop_column: Flag = False
    """Fit anew without each column."""
    shap: Flag = False
    """Shapley values of trees: XGBoost's own, else ours."""
    integrated_gradients: Flag = False
    """Integrated gradients of networks, from the mean of the training rows."""
    effects: Effects = False
    """Partial dependence and single curves: true, or a list of columns."""
    drop_best: Rounds = False
    """Delete the most important column, fit and rank again: true for 5 rounds, or their number."""
    forward: Rounds = False
    """Forward selection of so many columns; true for 5."""
    groups: Correlation = False
    """Take columns together whose rank correlation is at least this; true for 0.7."""

    @property
    def asked(self) -> bool:
        """Whether anything is."""
        named = (
            self.permutation,
            self.impurity,
            self.drop_column,
            self.shap,
            self.integrated_gradients,
            self.effects,
        )
        return any(named) or bool(self.refits)

    @property
    def refits(self) -> dict[str, bool | int]:
        """What takes fits of its own, by name."""
        ways = {"drop_column": self.drop_column, "drop_best": self.drop_best, "forward": self.forward}
        return {name: value for name, value in ways.items() if value}

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, section: Any) -> Any:
        """An ablation ranks by permutation; the decrease of impurity is free wherever something is asked."""
        if not isinstance(section, dict):
            return section
        filled = dict(section)
        if filled.get("drop_best") and filled.get("permutation") is None:
            filled["permutation"] = DEFAULT_PERMUTATIONS
        wants = (
            "permutation",
            "drop_column",
            "shap",
            "integrated_gradients",
            "effects",
            "drop_best",
            "forward",
        )
        if filled.get("impurity") is None and any(filled.get(name) for name in wants):
            filled["impurity"] = True
        return filled

    @model_validator(mode="after")
    def _something_to_group(self) -> ExplainSection:
        if not self.asked and (self.groups or self.models):
            key = "groups" if self.groups else "models"
            raise ValueError(
                f"explain.{key} is given but nothing is asked; add permutation = 20, or remove it"
            )
        return self
