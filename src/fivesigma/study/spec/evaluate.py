"""``[evaluate]``: how models are judged."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    Field,
    model_validator,
)

from fivesigma.study.spec.section import Section
from fivesigma.study.spec.values import (
    Flag,
    Number,
    Text,
    Whole,
)

ROUNDING = 1e-9
"""How far shares may be from a sum of 1."""

Mixture = dict[Text, Annotated[Number, Field(ge=0, le=1)]]


class EvaluateSection(Section):
    """How models are judged."""

    metric: Text | None = None
    """The primary metric; default: roc_auc for classes, r2 for numbers; of a clustering overlap or log_likelihood."""
    also: tuple[Text, ...] | None = None
    """Further metrics that are computed only where they are named, such as log_fidelity of ln p."""
    baseline: Text = "dummy"
    """The model every other is compared with."""
    bootstrap: Annotated[Whole, Field(ge=100, le=1_000_000)] = 2000
    """Resamples of the test events."""
    refits: Annotated[Whole, Field(ge=0, le=10_000)] = 10
    """Refits on resampled training sets."""
    claim: Literal["procedure", "fitted"] = "procedure"
    """What a significance is about: the procedure retrained, or this fitted model."""
    crossfit: Flag = False
    """Without a test set: claims on all events, each scored by a fit that has not seen it."""
    prevalence: Literal["random", "fixed"] | None = None
    """Whether a fresh data set would have another class fraction, or that is by design; default: fixed where the events
    are simulated or each file holds one class, else random."""
    relevant: Annotated[Number, Field(ge=0)] = 0.0
    """The smallest difference worth a word."""
    intervals: Literal["conformal", "law"] = "conformal"
    """Predictive intervals of models with a law: widened until events held out by folds were in them, or its own."""

    background: Mixture | None = None
    """Shares of the other classes in the background, { ttbar = 0.9, zjets = 0.1 }: the discriminant against it."""
    signal: Text | None = None
    """The class that `background` is the background of; default: the last."""

    slices: dict[Text, tuple[Number, ...]] = {}
    """Edges of the bins of columns or spectators in which models are judged too: { pt = [25, 50, 100] }."""

    @model_validator(mode="after")
    def _edges_rise(self) -> EvaluateSection:
        if self.slices and self.crossfit:
            raise ValueError(
                "evaluate.slices are of a test or of the folds, and crossfit = true is neither; keep one"
            )
        for column, edges in self.slices.items():
            if not edges or any(b <= a for a, b in pairwise(edges)):
                raise ValueError(
                    f"evaluate.slices: the edges of '{column}' must be one number or more, and rise"
                )
        return self

    @model_validator(mode="after")
    def _background_is_whole(self) -> EvaluateSection:
        if self.background is None:
            if self.signal is not None:
                raise ValueError(
                    f"evaluate.signal: '{self.signal}' is given but no evaluate.background; give the shares of the "
                    "other classes in it, or remove signal"
                )
            return self
        if self.crossfit:
            raise ValueError(
                "evaluate.background is judged on a test or on the folds, and crossfit = true is neither; keep one"
            )
        total = math.fsum(self.background.values())
        if abs(total - 1) > ROUNDING:
            raise ValueError(f"evaluate.background: the shares sum to {total:.6g}; expected 1, so scale them")
        return self

    @model_validator(mode="after")
    def _enough_refits(self) -> EvaluateSection:
        if self.refits < 2 and self.claim == "procedure":
            raise ValueError('evaluate.refits must be 2 or more (10 for trust), or set claim = "fitted"')
        return self
