"""What a loaded model may say: finite, of the right shape, shares that sum to one; and what its document must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import DataError, InputError
from fivesigma.data.shape import KINDS
from fivesigma.features.images.plan import ImageFeatures
from fivesigma.risk.conformal import STATED
from fivesigma.study.spec.values import as_families
from fivesigma.study.tasks.registry import tasks

Array = NDArray[Any]
Answer = TypeVar("Answer")

_LARGEST = 1e300
"""Numbers of a document are smaller."""


def answer(
    model: str, X: Array, ask: Callable[[], Any], *, shapes: Sequence[tuple[int, ...]], shares: bool = False
) -> Array:
    """Return what ``ask`` says of the rows of X ``(n, p)``.

    Parameters
    ----------
    model : its name, for the sentence
    X : the rows
    ask : returns ``(n, *shape)``
    shapes : those that are right, () for one number a row
    shares : whether each row is of probabilities

    Raises
    ------
    DataError
        Where a model fails at the rows, as one does whose file was changed, or says what no model can.
    """
    found = np.asarray(tried(model, ask))
    wanted = [(len(X), *shape) for shape in shapes]
    if found.shape not in wanted or found.dtype.kind not in "iuf":
        raise _refusal(
            model, f"it gives {found.dtype} of shape {found.shape} instead of numbers of {wanted[-1]}"
        )
    if not np.isfinite(found).all():
        raise _refusal(model, "it gives numbers that are not finite")
    if shares and not _are_shares(found):
        raise _refusal(model, "it gives probabilities that do not lie in [0, 1] or sum to one")
    return found


def tried(model: str, ask: Callable[[], Answer]) -> Answer:
    """Return what ``ask`` says, or raise `DataError` where it fails."""
    try:
        return ask()
    except DataError:
        raise
    except Exception as error:  # a changed file can make any library fail anywhere; one border for all of it
        raise _refusal(model, f"it fails ({_line(error)})") from error


def _are_shares(found: Array) -> bool:
    inside = bool((found >= 0).all() and (found <= 1).all())
    return inside and bool((np.abs(found.sum(axis=1) - 1.0) <= 1e-6).all())


def _refusal(model: str, what: str) -> DataError:
    return DataError(
        f"the model '{model}' has no sound answer for these rows: {what}; look whether one is missing or far beyond "
        "the training events, else the file was changed: fit it again."
    )


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__


def check_document(path: Path, meta: Mapping[str, Any], estimator: Any) -> None:
    """Refuse a model file whose document is not what a run keeps with a model.

    Raises
    ------
    DataError
        With what is wrong.
    """
    known = {
        "columns": {},
        "targets": [],
        "target_units": {},
        "events": "table",
        "shape": [1],
        "intervals": [],
        "image": None,
        **meta,
    }
    wrong = next((name for name, sound in _KEPT.items() if name not in known or not sound(known[name])), None)
    if wrong is not None:
        what = f"its document holds {str(meta.get(wrong))[:60]!r} as {wrong}"
    elif meta["task"] not in tasks():
        what = f"its task, {meta['task']!r}, is not one of {', '.join(tasks())}"
    elif len(meta["units"]) != len(meta["names"]) or not set(meta["categories"]) <= set(meta["names"]):
        what = "its units or categories are not those of its columns"
    elif known["image"] is not None and not _has_features(meta):
        what = "its columns are not the features of images that it names"
    elif len(known["intervals"]) not in (0, max(len(known["targets"]), 1)):
        what = "its intervals are not those of its targets"
    elif "events" not in meta and getattr(estimator, "n_features_in_", None) != len(meta["names"]):
        what = f"it takes other columns than the {len(meta['names'])} that its document names"
    elif meta["task"] in _WITH_CLASSES and (meta["classes"] is not None) != _WITH_CLASSES[meta["task"]]:
        what = "its classes are not those of its task"
    else:
        return
    raise DataError(f"{path}: cannot be loaded as a fivesigma model: {what}; fit it again.")


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_reading(value: Any) -> bool:
    """Whether ``value`` says how a column was read."""
    known = isinstance(value, dict) and value.get("read") in ("number", "text", "truth")
    codes = value.get("missing", []) if known else None
    return isinstance(codes, list) and all(isinstance(code, str | int | float) for code in codes)


def _is_interval(value: Any) -> bool:
    """Whether ``value`` says how predictive intervals are made."""
    if not isinstance(value, dict) or set(value) != {"levels", "reaches", "floor", "units"}:
        return False
    reaches, sizes = value["reaches"], (value["floor"], value["units"])
    return (
        value["levels"] == list(STATED)
        and isinstance(reaches, list)
        and len(reaches) == len(STATED)
        and all(each is None or _is_number(each) for each in reaches)
        and all(_is_number(each) and each >= 0 for each in sizes)
        and value["floor"] > 0
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _are_features(value: Any) -> bool:
    """Whether these are families of image features, and the channels they are of."""
    try:
        return bool(_words(value["channels"]) and value["channels"] and as_families(value["families"]))
    except (InputError, ValueError, TypeError, LookupError):
        return False


def _has_features(meta: Mapping[str, Any]) -> bool:
    """Whether the columns are some of those that the families of image features have."""
    kept, size = meta["image"], tuple(meta.get("shape", ()))
    try:
        made = ImageFeatures(tuple(kept["families"]), tuple(kept["channels"]), size[1:])
        return len(kept["channels"]) == size[0] and set(meta["names"]) <= set(made.names)
    except (InputError, ValueError, TypeError, LookupError):
        return False


_KEPT: Mapping[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str),
    "kind": lambda value: isinstance(value, str),
    "task": lambda value: isinstance(value, str),
    "names": lambda value: _words(value) and 0 < len(value) == len(set(value)),
    "classes": lambda value: value is None or (_words(value) and len(value) > 1),
    "categories": lambda value: isinstance(value, dict) and all(map(_words, value.values())),
    "units": lambda value: isinstance(value, list) and all(_is_word(each) for each in value),
    "params": lambda value: isinstance(value, dict),
    "target": lambda value: _is_word(value),
    "targets": _words,
    "target_units": lambda value: isinstance(value, dict) and _words(list(value.values())),
    "events": lambda value: value in KINDS,
    "shape": lambda value: isinstance(value, list) and all(type(n) is int and n > 0 for n in value),
    "columns": lambda value: isinstance(value, dict) and all(map(_is_reading, value.values())),
    "image": lambda value: value is None or _are_features(value),
    "intervals": lambda value: isinstance(value, list) and all(map(_is_interval, value)),
}
"""What the document must hold for a prediction to have a meaning."""

_WITH_CLASSES = {"classification": True, "regression": False}
