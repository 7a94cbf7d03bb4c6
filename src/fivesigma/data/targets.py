"""The target: which task it poses, its class labels, and the rows that have none."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns
from fivesigma._core.checks import refuse_extreme
from fivesigma._core.columns import label, missing
from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError, did_you_mean, one_of
from fivesigma._core.expressions import quoted
from fivesigma.risk.row_hashes import text_hash

TASKS = ("classification", "regression", "clustering")
_MAX_INFERRED_CLASSES = 20
_MAX_CLASSES = 1000
_MAX_TRUTHS = 255

Note = tuple[str, str, str]


@dataclass(frozen=True)
class Target:
    """An encoded target.

    ``keep`` (n_rows,) marks the rows that have a target; ``y`` (n_kept,) holds int64 codes in the order of
    ``classes`` (-1 for an unknown truth of a clustering), or float64, (n_kept, m) of several targets; ``notes``
    says what was dropped.
    """

    y: NDArray[Any]
    classes: tuple[str, ...] | None
    task: str
    keep: NDArray[np.bool_]
    notes: tuple[Note, ...]


def encode(
    values: NDArray[Any],
    *,
    task: str | None = None,
    classes: Sequence[object] | None = None,
    name: str = "target",
) -> Target:
    """Encode the target column ``values`` (n_rows,).

    Raises
    ------
    InputError
        If the target is missing everywhere, constant, of text in a regression, or a class has one member.

    >>> encode(np.array(["b", "s", "b", "s"], dtype=object)).y
    array([0, 1, 0, 1])
    >>> encode(np.array([0.0, 1.0, 1.0, 0.0])).classes
    ('0', '1')
    """
    values = decoded(values)
    _refuse_odd(values, name)
    present = ~missing(values)
    if not present.any():
        raise InputError(f"target '{name}' is missing in all {len(values)} rows; name another target column.")
    task = one_of(task, TASKS, "task") if task else infer_task(values[present], classes)
    if task == "clustering":
        return _encode_truth(values, present, classes, name)
    if task == "regression":
        return _encode_numbers(values, present, classes, name)
    return _encode_labels(values, present, classes, name)


def encode_several(
    values: Sequence[NDArray[Any]], names: Sequence[str], *, task: str | None = None
) -> Target:
    """Encode several targets, each (n_rows,), as the ``y`` (n_kept, m) of a regression; a row needs all of them.

    Raises
    ------
    InputError
        If the task is another, or a target is no number, missing everywhere, infinite or constant.

    >>> encode_several([np.array([1.0, 2.0, np.nan]), np.array([5.0, 7.0, 9.0])], ["a", "b"]).y
    array([[1., 5.],
           [2., 7.]])
    """
    if task not in (None, "regression"):
        raise InputError(
            f"task = '{task}' has one target, and {len(names)} are named ({', '.join(names)}); several targets are a "
            "regression."
        )
    keep = np.logical_and.reduce([~missing(decoded(column)) for column in values])
    if not keep.any():
        raise InputError(f"no row has all of the targets {', '.join(names)}; name others.")
    y = [
        encode(column[keep], task="regression", name=name).y
        for column, name in zip(values, names, strict=True)
    ]
    return Target(np.column_stack(y), None, "regression", keep, _dropped(keep, ", ".join(names)))


def infer_task(values: NDArray[Any], classes: Sequence[object] | None = None) -> str:
    """Infer the task: text, truth values and few distinct integers are classes; other numbers a regression.

    Few is at most 20, and at most the square root of the number of rows (two are always few).

    >>> infer_task(np.array([1.5, 2.5, 1.5]))
    'regression'
    >>> infer_task(np.array([0, 1, 1]))
    'classification'
    """
    if classes is not None or columns.is_truth(values) or columns.is_text(values):
        return "classification"
    whole = columns.is_whole(values)
    if not whole and not np.array_equal(values, np.round(values)):
        return "regression"
    few = max(2.0, min(_MAX_INFERRED_CLASSES, math.sqrt(len(values))))
    distinct = set(values.tolist()) if values.dtype.kind == "O" else np.unique(np.asarray(values))
    return "classification" if len(distinct) <= few else "regression"


def decoded(values: NDArray[Any]) -> NDArray[Any]:
    """Return text as an object array of str, and numbers as they are.

    >>> decoded(np.array([b"a", b"b"]))
    array(['a', 'b'], dtype=object)
    """
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8", "replace").astype(object)
    if values.dtype.kind in "UT":
        return values.astype(object)
    return values


def codes(values: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return a code for each value and the labels, in numeric order if numeric, else sorted as text.

    Missing entries have the code -1.

    >>> codes(np.array(["s", "b", "s"], dtype=object))
    (array([1, 0, 1]), ('b', 's'))
    """
    values = decoded(values)
    result = np.full(len(values), -1, dtype=np.int64)
    present = ~missing(values)
    if values.dtype.kind == "O":
        held = values[present].tolist()
        held = [str(value) for value in held] if columns.is_text(values) else held
        distinct = sorted(set(held))
        position = {value: code for code, value in enumerate(distinct)}
        result[present] = np.fromiter((position[value] for value in held), np.int64, len(held))
        return result, tuple(str(value) for value in distinct)
    if isinstance(values, columns.Gapped):
        return _codes_with_gaps(values, present, result)
    numbers, result[present] = np.unique(values[present], return_inverse=True)
    return result, tuple(label(number) for number in numbers)


def _codes_with_gaps(
    values: columns.Gapped, present: NDArray[np.bool_], result: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the codes of whole numbers or truth values of which some are missing, in ``result``."""
    numbers, result[present] = np.unique(np.asarray(values)[present], return_inverse=True)
    truth = values.holds == "truth"
    return result, tuple(label(bool(number) if truth else number) for number in numbers)


def labels_of(
    values: NDArray[Any], task: str | None = None, classes: Sequence[object] | None = None
) -> tuple[NDArray[np.int64], tuple[str, ...]] | None:
    """Return the class of each row as `encode` would, -1 where it has none, with the names; None of a regression.

    For rows of which some will be cut away: nothing is dropped, and nothing refused.

    >>> labels_of(np.array(["b", "s", None, "c"], dtype=object), classes=["s", "b"])
    (array([ 1,  0, -1, -1]), ('s', 'b'))
    """
    values = decoded(values)
    present = ~missing(values)
    if values.dtype.kind not in "biufO" or not present.any():
        return None
    if (task or infer_task(values[present], classes)) != "classification":
        return None
    code, labels = codes(values)
    wanted = labels if classes is None else tuple(label(value) for value in classes)
    if len(wanted) > _MAX_INFERRED_CLASSES:
        return None
    place = np.array([wanted.index(word) if word in wanted else -1 for word in labels] + [-1])
    return place[code], wanted


def _refuse_odd(values: NDArray[Any], name: str) -> None:
    """Refuse what is neither number nor label, such as a date."""
    if values.dtype.kind not in "biufO":
        what = "dates" if values.dtype.kind in "Mm" else "values"
        raise InputError(
            f"target '{name}' holds {what} ({values.dtype}); expected numbers or labels: convert them, such as dates "
            "to days since the first."
        )


def _encode_numbers(
    values: NDArray[Any], present: NDArray[np.bool_], classes: Sequence[object] | None, name: str
) -> Target:
    if classes is not None:
        raise InputError(
            f"classes are for a classification, but task = 'regression' (target '{name}'); drop one."
        )
    if columns.is_text(values):
        example = next(value for value in values if value is not None)
        raise InputError(
            f"target '{name}' holds text (such as {example!r}), and a regression needs numbers; "
            "say task = 'classification', or mend the column."
        )
    y = columns.numbers(values[present])
    if infinite := int(np.isinf(y).sum()):
        among = f" (and {missing} missing) of {len(values):,}" if (missing := int((~present).sum())) else ""
        raise InputError(
            f"target '{name}' has {counted(infinite, 'infinite value')}{among}; expected finite numbers: "
            f"drop their rows by select = {json.dumps(f'isfinite({quoted(name)})')}."
        )
    refuse_extreme(y, what=f"target '{name}'")
    if y.min() == y.max():
        raise InputError(f"target '{name}' is constant ({label(y[0])} in every row); name another target.")
    return Target(y, None, "regression", present, _dropped(present, name))


def _encode_labels(
    values: NDArray[Any], present: NDArray[np.bool_], classes: Sequence[object] | None, name: str
) -> Target:
    code, labels = codes(values)
    if len(labels) > _MAX_CLASSES:
        raise InputError(
            f"target '{name}' has {len(labels)} distinct values; at most {_MAX_CLASSES} can be classes: "
            "say task = 'regression', or name another target."
        )
    keep, notes = present, _dropped(present, name)
    if classes is not None:
        code, labels, keep, more = _choose(code, labels, present, classes, name)
        notes = (*notes, *more)
    y = code[keep]
    _refuse_thin_classes(y, labels, name)
    return Target(y, labels, "classification", keep, notes)


def _encode_truth(
    values: NDArray[Any], present: NDArray[np.bool_], classes: Sequence[object] | None, name: str
) -> Target:
    """Encode the truth of a clustering, which no fit sees: -1 where it is not known, and no row is dropped for it.

    Only ``classes`` that a person names choose rows.
    """
    code, labels = codes(values)
    if len(labels) > _MAX_TRUTHS or infer_task(values[present], classes) == "regression":
        raise InputError(
            f"target '{name}' holds many numbers ({len(labels)} distinct ones); the truth of a clustering is one of a "
            "few classes: leave the target out, or name it a spectator."
        )
    keep = np.ones(len(values), dtype=bool)
    notes: tuple[Note, ...] = ()
    if classes is not None:
        code, labels, keep, notes = _choose(code, labels, present, classes, name)
    unknown = int((code[keep] < 0).sum())
    if unknown:
        message = f"{unknown} of {int(keep.sum())} rows have no truth '{name}': they are fitted, not scored"
        notes = (*notes, ("target", "warning", message))
    return Target(code[keep], labels, "clustering", keep, notes)


def _choose(
    code: NDArray[np.int64],
    labels: tuple[str, ...],
    present: NDArray[np.bool_],
    classes: Sequence[object],
    name: str,
) -> tuple[NDArray[np.int64], tuple[str, ...], NDArray[np.bool_], tuple[Note, ...]]:
    """Renumber to the ``classes`` asked for, in their order; other rows are not kept."""
    wanted = tuple(label(value) for value in classes)
    if len(set(wanted)) != len(wanted):
        raise InputError(f"classes = {list(wanted)} names a class twice; name each once.")
    for word in wanted:
        if word not in labels:
            known, hint = ", ".join(labels[:10]), did_you_mean(word, labels)
            raise InputError(f"class {word!r} is not in target '{name}'; expected some of {known}.{hint}")
    # one more place at the end, so that the code -1 of a missing label stays -1
    renumber = np.array([wanted.index(word) if word in wanted else -1 for word in labels] + [-1])
    code = renumber[code]
    keep = present & (code >= 0)
    others = int(present.sum() - keep.sum())
    were = "was" if others == 1 else "were"
    note = (
        "classes",
        "ok",
        f"{counted(others, 'row')} of other classes than {', '.join(wanted)} {were} dropped",
    )
    return code, wanted, keep, (note,) if others else ()


def _refuse_thin_classes(y: NDArray[np.int64], labels: tuple[str, ...], name: str) -> None:
    """Raise `InputError` unless there are two classes, each with two members."""
    if len(labels) < 2:
        raise InputError(
            f"target '{name}' is constant ({labels[0]!r} in every row); a classification needs two classes."
        )
    for word, count in zip(labels, np.bincount(y, minlength=len(labels)), strict=True):
        if count < 2:
            raise InputError(
                f"class {word!r} of target '{name}' has {count} member{'' if count == 1 else 's'}; at least "
                "2 are needed: add events, or leave the class out by naming the classes to keep."
            )


def refuse_weightless_classes(y: NDArray[np.int64], w: NDArray[np.float64], classes: Sequence[str]) -> None:
    """Raise `InputError` if the weights of a class sum to zero or less: no weighted score exists for it."""
    for word, total in zip(classes, np.bincount(y, weights=w, minlength=len(classes)), strict=True):
        if not total > 0:
            raise InputError(
                f"the weights of class {word!r} sum to {float(total) or 'zero':.4}; expected a positive sum: "
                "is it the right column?"
            )


def _dropped(present: NDArray[np.bool_], name: str) -> tuple[Note, ...]:
    absent = int(len(present) - present.sum())
    message = f"{absent} of {len(present)} rows have no target '{name}' and were dropped"
    return (("target", "warning", message),) if absent else ()


def group_codes(
    values: NDArray[Any], name: str | None = None
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return a code for each group and the hash of its label; a missing group is an `InputError`."""
    code, labels = codes(values)
    if absent := int((code < 0).sum()):
        raise InputError(
            f"group '{name or 'group'}' is missing in {absent} of {len(code)} rows; "
            "expected a group for each event: drop those rows with select."
        )
    return code, text_hash(np.array(labels, dtype=object))[code]
