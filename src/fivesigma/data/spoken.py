"""What Python says of a table has the types that a study file would give it; what has not is one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from fivesigma._core.errors import InputError, WrongTypeError


def text(place: str, said: Any, what: str = "text") -> str:
    """Return a text that says something; `WrongTypeError` for anything else, `InputError` for an empty one.

    >>> text("cuts.hard", "pt > 20")
    'pt > 20'
    """
    if not isinstance(said, str):
        raise WrongTypeError(f"{place} must be {what}, got {said!r}; write it as a text.")
    if not said.strip():
        raise InputError(f"{place} is an empty text; say something, or leave it out.")
    return said


def texts(place: str, said: Any, what: str = "texts") -> tuple[str, ...]:
    """Return a list of texts; a single text, or a mapping, is a `WrongTypeError`.

    >>> texts("angles", ["phi", "psi"])
    ('phi', 'psi')
    """
    if isinstance(said, str):
        raise WrongTypeError(f"{place} must be a list of {what}, got the text {said!r}; write [{said!r}].")
    if isinstance(said, Mapping) or not isinstance(said, Iterable):
        raise WrongTypeError(f"{place} must be a list of {what}, got {said!r}.")
    found = tuple(said)
    if not all(isinstance(each, str) for each in found):
        raise WrongTypeError(f"{place} must be a list of {what}, got {said!r}.")
    return tuple(text(f"{place}[{i}]", each) for i, each in enumerate(found))


def by_name(place: str, said: Any, what: str = "by name") -> dict[str, Any]:
    """Return a mapping whose keys are names.

    >>> by_name("cuts", {"hard": "pt > 20"})
    {'hard': 'pt > 20'}
    """
    if not isinstance(said, Mapping):
        raise WrongTypeError(f"{place} must be a mapping {what}, got {said!r}.")
    return {text(f"a name in {place}", name): value for name, value in said.items()}


def number(place: str, said: Any) -> float:
    """Return a finite number; a truth value is none.

    >>> number("objects.muon.fill", -1)
    -1.0
    """
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        raise WrongTypeError(f"{place} must be a number, got {said!r}.")
    if not math.isfinite(said):
        raise InputError(f"{place} = {said!r} is not finite; give a finite number.")
    return float(said)
