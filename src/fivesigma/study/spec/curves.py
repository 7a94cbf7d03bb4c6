"""``[curves]``: scores against a setting and against training events."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    Field,
)

from fivesigma.study.spec.section import ModelName, Section
from fivesigma.study.spec.values import (
    Flag,
    Grid,
    Text,
    Whole,
)


class CurvesSection(Section):
    """Scores against a setting of a model, or against the number of events it learns from."""

    learning: Flag | tuple[ModelName, ...] = False
    """true for every model but the baseline, or the names of some: score against training events."""
    validation: dict[ModelName, dict[Text, Grid]] = {}
    """Score against a setting: { tree = { max_depth = [1, 2, 4, 100] } }, a span { from, to, n }, or true."""
    bias_variance: dict[ModelName, Text] = {}
    """Bias², variance and their sum against a setting: { tree = "max_depth" }."""
    rounds: Annotated[Whole, Field(ge=10, le=100_000)] = 200
    """Bootstrap samples of a bias–variance decomposition."""

    @property
    def asked(self) -> bool:
        """Whether any curve is."""
        return bool(self.learning or self.validation or self.bias_variance)
