"""What every section of the study file is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from fivesigma.study.spec.answer import Answer
from fivesigma.study.spec.values import (
    Sentence,
    Whole,
)

DEFAULT_TRIALS = 40


DEFAULT_SEARCH = "tpe"


RESERVED_NAMES = ("row", "part", "target", "weight")
"""Columns of ``predictions.parquet`` that no model may be called."""


StudyName = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$", max_length=80)
]


ModelName = Annotated[str, StringConstraints(strict=True, pattern=r"^[^:\x00-\x1f\x7f]+$", max_length=100)]


USER_SOURCE = "user:"


SIMULATED = "simulate:"


class Section(BaseModel):
    """A table of the study file: closed (unknown keys are refused) and frozen.

    What stands under a field describes it in the schema, which reads it there; a run does not.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
        protected_namespaces=(),
    )


class StudySection(Section):
    """What the study is called and asks."""

    name: StudyName = "study"
    """Name of the run folder; default: the name of the file."""
    question: Sentence = ""
    """The question the first sentence of the page answers."""
    answer: Answer | None = None
    """What that sentence says: a sort of answer, or a dotted place of results.json; default by the task."""
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    """The one number all randomness is drawn from."""
