"""What a transformer or an estimator is handed: checked arrays, the columns it works on, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    assert_all_finite,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from fivesigma._core.checks import refuse_extreme
from fivesigma._core.errors import InputError
from fivesigma._core.gathered import Gathered, ReadsColumns, column_blocks

Floats = NDArray[np.float64]


def matrix(estimator: Any, X: ArrayLike, *, fitting: bool = False, nan: bool = False) -> Floats:
    """Return ``X`` (n_samples, n_features) as checked float64; ``nan`` lets NaN pass.

    What reads columns gets float32 as it is, and rows that are `Gathered`.
    """
    if _by_columns(estimator, X):
        seen: Floats = _gathered(estimator, X, fitting=fitting, nan=nan)
        return seen
    finite = "allow-nan" if nan else True
    checked: Floats = validate_data(
        estimator, X, dtype=_types(estimator), ensure_all_finite=finite, reset=fitting
    )
    return checked


def _types(estimator: Any) -> Any:
    """Return the types in which an estimator takes a table: what is of another becomes the first of them."""
    return [np.float64, np.float32] if isinstance(estimator, ReadsColumns) else np.float64


def _by_columns(estimator: Any, X: Any) -> bool:
    """Whether rows stay where they are; of none an array is made, which scikit-learn refuses."""
    return isinstance(X, Gathered) and isinstance(estimator, ReadsColumns) and len(X) > 0


def _gathered(estimator: Any, X: Any, *, fitting: bool, nan: bool) -> Any:
    """Return gathered rows, looked at as scikit-learn looks at an array of them."""
    validate_data(estimator, X, skip_check_array=True, reset=fitting)
    for _, columns in column_blocks(X):
        assert_all_finite(columns, allow_nan=nan, estimator_name=type(estimator).__name__, input_name="X")
    return X


def labelled(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    nan: bool = False,
    numeric: bool = False,
    several: bool = False,
) -> tuple[Floats, NDArray[Any]]:
    """Return ``X`` as `matrix` does, and ``y`` (n_samples,), as float64 where it is ``numeric``.

    Where ``several`` are possible, y of more than one column stays (n_samples, n_targets).
    """
    if _by_columns(estimator, X):
        target = validate_data(estimator, y=y, y_numeric=numeric, multi_output=several)
        table: Any = _gathered(estimator, X, fitting=True, nan=nan)
        check_consistent_length(table, target)
    else:
        finite = "allow-nan" if nan else True
        table, target = validate_data(
            estimator,
            X,
            y,
            dtype=_types(estimator),
            ensure_all_finite=finite,
            y_numeric=numeric,
            multi_output=several,
        )
    if several and np.shape(target) == (len(table), 1):
        target = column_or_1d(target, warn=True)
    if not numeric:
        return table, np.asarray(target)
    target = np.asarray(target, dtype=np.float64)
    refuse_extreme(target, what="y")
    return table, target


def weights(sample_weight: ArrayLike | None, table: Floats, *, negative: bool = False) -> Floats:
    """Return one weight per row, ones for ``None``; ``ValueError`` if all are 0, or one is negative and may not be."""
    w: Floats = _check_sample_weight(sample_weight, table, dtype=np.float64, ensure_non_negative=not negative)
    if not w.any():
        raise InputError("all weights are zero; give at least one row a positive weight.")
    refuse_extreme(w, what="weights")
    return w


def present(w: Floats | None, *arrays: NDArray[Any] | None) -> list[Any]:
    """Return ``w`` and ``arrays`` without the rows of weight 0; what is None stays None."""
    if w is None or w.all():
        return [w, *arrays]
    return [None if each is None else each[w != 0] for each in (w, *arrays)]


def chosen(columns: Sequence[int] | None, n_columns: int) -> NDArray[np.intp]:
    """Return ``columns`` as an index array, all of them for ``None``; `InputError` for one that is not there.

    >>> chosen(None, 3)
    array([0, 1, 2])
    """
    if columns is None:
        return np.arange(n_columns)
    index = np.asarray(columns, dtype=np.intp)
    if index.size and (index.min() < 0 or index.max() >= n_columns):
        raise InputError(f"columns {index.tolist()} do not all exist; the table has {n_columns} of them.")
    return index


def input_names(estimator: Any, input_features: Any) -> list[str]:
    """Return the names of the columns ``estimator`` was fitted on: those given, those seen, or x0, x1, ..."""
    return [str(name) for name in _check_feature_names_in(estimator, input_features)]
