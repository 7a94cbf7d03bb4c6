"""Scores that were made elsewhere, in the place of a model."""

from __future__ import annotations

from typing import Any

from fivesigma._core.errors import InputError
from fivesigma.data.shape import ANY
from fivesigma.study.registry.kind import ModelKind, Request
from fivesigma.study.registry.kinds.parameters import BOTH


def _given_in_a_table(ask: Request) -> Any:
    raise InputError(
        "'predictions' are scores of these very events, made elsewhere; there is nothing to fit."
    )


GIVEN: tuple[ModelKind, ...] = (
    ModelKind(
        "predictions",
        "scores that another tool has made of these events, read from a table: our evidence on them",
        BOTH,
        _given_in_a_table,
        lambda n, p, K: 1e-3 + 1e-8 * n,
        native_nan=True,
        lineup=False,
        data=ANY,
        given=True,
    ),
)
