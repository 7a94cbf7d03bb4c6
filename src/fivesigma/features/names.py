"""Which columns a transformer works on, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _check_feature_names_in

from fivesigma._core.errors import InputError


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
