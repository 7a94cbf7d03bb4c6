"""Which columns are features: those named, or every numeric column that has no other role."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import expressions
from fivesigma._core.columns import is_text, missing
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.data.roles import Roles
from fivesigma.data.stack import INTERNAL
from fivesigma.data.targets import Note

_UNNAMED = re.compile(r"unnamed[ :_]*\d+|__index_level_\d+__", re.IGNORECASE)
_BARE = re.compile(r"[\w ]*[^\W\d][\w ]*")  # a name, with blanks at the most, and no expression
_MOSTLY = 0.9  # a text column with this share of numbers is a numeric column with something wrong in it


@dataclass(frozen=True)
class Choice:
    """The features by name, and what is to be said about those left out."""

    names: tuple[str, ...]
    notes: tuple[Note, ...]


def choose(
    columns: Mapping[str, NDArray[Any]], roles: Roles, made_of: Mapping[str, Sequence[str]], source: str
) -> Choice:
    """Choose the features.

    ``made_of`` names the columns that each expression uses, so that what the target is made of is found.

    Raises
    ------
    InputError
        If a role names an unknown column, a column has two roles, or a feature holds text.
    """
    _check_roles(columns, roles, source)
    ingredients = ingredients_of(roles.targets, columns, made_of, roles.declared)
    if roles.features is not None:
        _refuse_unused(columns, roles, ingredients, made_of)
        return _named(columns, roles, ingredients, made_of, source)
    return _default(columns, roles, ingredients, made_of, source)


def _check_roles(columns: Mapping[str, NDArray[Any]], roles: Roles, source: str) -> None:
    """Refuse a role for a column that is not there."""
    named: list[tuple[str, Iterable[str]]] = [
        ("target", [target for target in roles.targets if _BARE.fullmatch(target)]),
        ("weight", [roles.weight] if roles.weight and _BARE.fullmatch(roles.weight) else []),
        ("feature", roles.features or ()),
        ("spectator", roles.spectators),
        ("group", [roles.group] if roles.group else []),
        ("categorical column", _categorical(roles)),
        ("column asked for by the split, a model or a crossing", roles.extra_columns),
        ("column of evaluate.slices", roles.carried),
    ]
    for role, names in named:
        for name in names:
            if name in columns and columns[name].ndim > 1 and role != "feature":
                raise InputError(
                    f"{role} {name!r} is an array {columns[name].shape[1:]} in each event of {source}; expected a "
                    "column of single values."
                )
            if name not in columns:
                theirs = [each for each in columns if not each.startswith(INTERNAL)]
                known = ", ".join(theirs[:8]) + (" ..." if len(theirs) > 8 else "")
                hint = did_you_mean(str(name), theirs) or f" Its columns: {known}."
                raise InputError(f"{role} {name!r} is not a column of {source}.{hint}")


def _categorical(roles: Roles) -> Sequence[str]:
    """Return the text columns named as categorical; True names none, it allows those in ``features``."""
    return () if isinstance(roles.categorical, bool) or roles.categorical is None else roles.categorical


def ingredients_of(
    texts: str | Sequence[str] | None,
    columns: Mapping[str, NDArray[Any]],
    made_of: Mapping[str, Sequence[str]],
    declared: Sequence[str] = (),
) -> set[str]:
    """Return every column that goes into an expression, or into any of several, through other expressions too."""
    found: set[str] = set()
    each = [texts] if isinstance(texts, str) else texts or ()
    todo = [name for text in each if text for name in expressions.names(text, columns, declared)]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += made_of.get(name, ())
    return found


def _refuse_unused(
    columns: Mapping[str, NDArray[Any]],
    roles: Roles,
    ingredients: set[str],
    made_of: Mapping[str, Sequence[str]],
) -> None:
    """Refuse an expression that is neither a named feature nor used by anything else."""
    conditions = [text for text in (roles.select, roles.weight, *roles.cuts.values()) if text]
    used = {
        *(roles.features or ()),
        *roles.spectators,
        *roles.extra_columns,
        *roles.carried,
        roles.group,
        *ingredients,
    }
    used |= {name for text in conditions for name in expressions.names(text, columns, roles.declared)}
    used |= {name for parts in made_of.values() for name in parts}
    for name in made_of:
        if name not in used and name not in roles.declared:
            raise InputError(f"expressions: {name!r} is used nowhere; add it to the features that are named.")


def _named(
    columns: Mapping[str, NDArray[Any]],
    roles: Roles,
    ingredients: set[str],
    made_of: Mapping[str, Sequence[str]],
    source: str,
) -> Choice:
    names = tuple(dict.fromkeys(roles.features or ()))
    if len(names) != len(roles.features or ()) or not names:
        what = "is an empty list" if not names else "names a column twice"
        raise InputError(
            f"features {what}; name each feature once, or leave the key out for all numeric columns."
        )
    for name in names:
        if name in roles.targets or name in roles.spectators:
            role = (
                "a spectator"
                if name in roles.spectators
                else "the target"
                if len(roles.targets) == 1
                else "a target"
            )
            raise InputError(f"{name!r} is {role} and a feature; it can be only one of the two.")
        if columns[name].ndim > 1 and any(columns[other].ndim == 1 for other in names):
            raise InputError(
                f"feature {name!r} is an array {columns[name].shape[1:]} in each event; name it alone, or with arrays "
                "of its size, which are channels of one image, or leave it out."
            )
        if is_text(columns[name]):
            _check_text(name, columns[name], roles, source)
    return Choice(names, _suspects(names, roles, ingredients, made_of, columns))


def _suspects(
    names: Sequence[str],
    roles: Roles,
    ingredients: set[str],
    made_of: Mapping[str, Sequence[str]],
    columns: Mapping[str, NDArray[Any]],
) -> tuple[Note, ...]:
    """Warn of features that were named although they may hold the answer."""
    notes: list[Note] = []
    notes += _computed_from_the_target(names, roles, ingredients, made_of, columns)
    if leaks := [name for name in names if name in ingredients]:
        notes.append(("leak", "warning", f"the target is computed from the feature {', '.join(leaks)}"))
    weights = expressions.names(roles.weight, columns, roles.declared) if roles.weight else ()
    for role, carriers in (("weight", weights), ("group", (roles.group,))):
        if both := [name for name in names if name in carriers]:
            notes.append(
                (
                    "leak",
                    "warning",
                    f"{', '.join(both)} is the {role} and a feature: does it know the answer?",
                )
            )
    return tuple(notes)


def _computed_from_the_target(
    names: Sequence[str],
    roles: Roles,
    ingredients: set[str],
    made_of: Mapping[str, Sequence[str]],
    columns: Mapping[str, NDArray[Any]],
) -> list[Note]:
    """Warn of expressions that use what the target is made of."""
    made = [name for name in names if name in made_of]
    leaks = [name for name in made if ingredients & (ingredients_of(name, columns, made_of) - {name})]
    what = f"computed from what the target {_said(roles)} is made of: {', '.join(leaks)}"
    return [("leak", "warning", what)] if leaks else []


def _default(
    columns: Mapping[str, NDArray[Any]],
    roles: Roles,
    ingredients: set[str],
    made_of: Mapping[str, Sequence[str]],
    source: str,
) -> Choice:
    """Take every numeric column without another role, then the expressions."""
    busy: set[str | None] = {*ingredients, *ingredients_of(roles.weight, columns, made_of, roles.declared)}
    busy |= {*roles.spectators, *roles.extra_columns, roles.group}
    busy |= {str(roles.join["on"])} if roles.join else set()
    free = [name for name in columns if name not in busy]
    arrays = [name for name in free if columns[name].ndim > 1]
    unnamed = [name for name in free if _UNNAMED.fullmatch(name)]
    categorical = set(_categorical(roles))
    text = [name for name in free if is_text(columns[name]) and name not in categorical]
    for name in text:
        _refuse_broken_numbers(name, columns[name], source)
    out = {*arrays, *unnamed, *text}
    names = tuple(name for name in free if name not in out)
    if not names:
        raise InputError(f"{source}: no numeric column is left to be a feature; name the features.")
    leaks = _computed_from_the_target(names, roles, ingredients, made_of, columns)
    return Choice(names, (*_left_out(roles, ingredients - set(roles.targets), unnamed, text, arrays), *leaks))


def _left_out(
    roles: Roles,
    ingredients: set[str],
    unnamed: Sequence[str],
    text: Sequence[str],
    arrays: Sequence[str],
) -> tuple[Note, ...]:
    notes: list[Note] = []
    if ingredients:
        made = ", ".join(sorted(ingredients))
        notes.append(
            ("features", "ok", f"no feature, because the target {_said(roles)} is computed from it: {made}")
        )
    if unnamed:
        notes.append(("features", "ok", f"no feature, because it has no name: {', '.join(unnamed)}"))
    if arrays:
        notes.append(("features", "warning", f"arrays are no features unless named: {', '.join(arrays)}"))
    if text:
        notes.append(("features", "warning", f"text columns are no features unless named: {', '.join(text)}"))
    return tuple(notes)


def _said(roles: Roles) -> str:
    return ", ".join(repr(target) for target in roles.targets)


def _check_text(name: str, column: NDArray[np.object_], roles: Roles, source: str) -> None:
    """Refuse a text column that is named as a feature and not as categorical."""
    if roles.categorical is True or name in _categorical(roles):
        return
    _refuse_broken_numbers(name, column, source)
    example = next(value for value in column if value is not None)
    raise InputError(
        f"feature {name!r} of {source} holds text (such as {example!r}); "
        'say categorical = "onehot", or leave it out.'
    )


def _refuse_broken_numbers(name: str, column: NDArray[np.object_], source: str) -> None:
    """Refuse a column of numbers with some text in it, and one with nothing in it."""
    present = ~missing(column)
    if not present.any():
        raise InputError(
            f"feature {name!r} of {source} is missing in all {len(column)} rows; leave it out: name the "
            "features you want, or name it a spectator."
        )
    numeric = np.fromiter((_is_number(value) for value in column[present]), bool, int(present.sum()))
    bad = int(len(numeric) - numeric.sum())
    if bad and numeric.mean() >= _MOSTLY:
        row = int(np.flatnonzero(present)[np.argmin(numeric)])
        raise InputError(
            f"column {name!r} of {source} holds numbers but for {bad} value{'s' if bad > 1 else ''} "
            f"(first {column[row]!r} in row {row}); mend {'them' if bad > 1 else 'it'}, or say "
            f"missing = {column[row]!r}."
        )


def _is_number(word: object) -> bool:
    try:
        float(str(word))
    except ValueError:
        return False
    return True
