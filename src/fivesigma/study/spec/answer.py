"""The key ``answer`` of ``[study]``: what the first sentence of the page says."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from fivesigma._core.errors import did_you_mean
from fivesigma.record.sections.answer import ANSWERS
from fivesigma.study.spec.values import shown

PLACE = "models.NAME.scores.test.rmse"
"""How a place of ``results.json`` is written."""


def as_answer(value: Any) -> str:
    """Return a sort of answer, or a dotted place.

    >>> as_answer("law"), as_answer("models.forest.scores.test.rmse")
    ('law', 'models.forest.scores.test.rmse')
    """
    if isinstance(value, str) and (value in ANSWERS or ("." in value and all(value.split(".")))):
        return value
    raise ValueError(
        f"{shown(value)} is no answer; expected one of {', '.join(ANSWERS)}, or a place of results.json such as "
        f'"{PLACE}".{did_you_mean(value, ANSWERS) if isinstance(value, str) else ""}'
    )


Answer = Annotated[
    str,
    PlainValidator(as_answer),
    WithJsonSchema({"anyOf": [{"enum": list(ANSWERS)}, {"type": "string", "pattern": r"^[^.]+(\.[^.]+)+$"}]}),
]
