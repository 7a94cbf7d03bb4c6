"""The division of the events, as the study says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.risk.splits import Split, make_split, row_hash
from fivesigma.study.preparation.events import PART, _given
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.split import TestRows


def split_of(spec: Spec, data: Dataset) -> Split:
    """Divide the events as the study says."""
    section = spec.split
    given = {name: _rows_of(name, rows, data) for name, rows in _given(spec).items()}
    return make_split(
        data.row_hashes,
        data.y,
        task=data.task,
        test=None if isinstance(section.test, Mapping) else section.test,
        n_folds=section.folds or 2,
        validation=section.validation,
        stratify=section.stratify,
        groups=data.group_hashes,
        copies=row_hash(data.X),
        duplicates=section.duplicates,
        salt=spec.study.name,
        seed=spec.study.seed,
        test_rows=given or None,
        classes=data.classes,
    )


def _rows_of(name: str, rows: TestRows, data: Dataset) -> NDArray[np.int64]:
    """Return the positions of a test set given by hand."""
    if rows.path is not None:
        found = np.flatnonzero(data.extras[PART] == name)
    else:
        assert rows.column is not None
        column = data.extras[rows.column]
        wanted = {str(value) for value in rows.value or ()}
        found = np.flatnonzero([_label(value) in wanted for value in column])
    if len(found) == 0:
        raise InputError(f"split.test: no row belongs to the test set {name!r}; check its column and value.")
    return found


def _label(value: Any) -> str:
    return (
        str(int(value))
        if isinstance(value, (float, np.floating)) and float(value).is_integer()
        else str(value)
    )
