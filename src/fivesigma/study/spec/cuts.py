"""``[cuts]``: conditions that events pass in order; the cut flow counts how many."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from fivesigma._core.errors import InputError
from fivesigma.study.spec.values import Text

CutName = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=100)
]


def _not_taken(cuts: dict[str, str] | None) -> dict[str, str] | None:
    from fivesigma.data.cuts import refuse_taken

    try:
        refuse_taken(cuts or {})
    except InputError as error:
        raise ValueError(str(error).rstrip(".")) from None
    return cuts


Cuts = Annotated[dict[CutName, Text] | None, AfterValidator(_not_taken)]
"""Conditions by name, in order."""
