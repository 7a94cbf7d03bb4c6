"""A split by a key of the events, such as their number: each row's part follows from its own key and from nothing else.

So do collider analyses divide their samples: whatever the file, its other columns and the order of its rows, an event
is always in the same fold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.risk.row_hashes import GOLDEN, Hashes, Positions, mixed
from fivesigma.risk.splits import Split, in_order_of_rows, named, strata_of_rows


def split_by_key(  # noqa: PLR0913 keywords of a public function
    keys: Hashes,
    y: NDArray[Any] | None,
    *,
    test: float | None = 0.2,
    n_folds: int = 5,
    validation: float | None = None,
    salt: str = "",
    test_rows: Mapping[str, NDArray[Any]] | None = None,
    copies: Hashes | None = None,
    classes: Sequence[str] | None = None,
    repeats: int = 1,
) -> Split:
    """Divide rows by the hash of their keys: of an infinity of keys a fraction ``test`` is sealed.

    Rows of one key are on one side of everything. Neither the seed nor other rows have a say, and so the parts hold
    their fraction as chance has it, and classes their share.

    Parameters
    ----------
    keys : (n,) hashes of the keys, see `fivesigma.risk.row_hashes.table_hash`
    y : (n,) class codes, or None where there are no classes
    test, n_folds, validation : as `fivesigma.risk.splits.make_split` has them
    salt : another one seals other keys
    test_rows : tests that are given, in place of a fraction; rows that share a key with them are in no part
    copies : (n,) hashes of what rows hold, to count those that stand in training and test under two keys
    classes : names of the codes, for messages
    repeats : of the cross-validation, each by another hash of the key

    Raises
    ------
    InputError
        Where a part has no event, or a fit would not see a class.

    >>> keys = np.arange(1000, dtype=np.uint64)
    >>> split = split_by_key(keys, None, salt="demo")
    >>> again = split_by_key(keys[::-1].copy(), None, salt="demo")
    >>> bool((999 - again.tests["test"][::-1] == split.tests["test"]).all())
    True
    """
    at = _uniform(keys, salt)
    tests = _sealed(at, test) if test_rows is None else _given(test_rows)
    train = _free(keys, tests)
    parts = n_folds if validation is None else 1
    folds, *again = (_folds(keys[train], salt, r, n_folds, validation) for r in range(repeats))
    of_row, _ = in_order_of_rows(np.unique(keys, return_inverse=True)[1])
    split = Split(
        train,
        tests,
        folds,
        parts,
        _overlap(copies, train, tests),
        len(keys) - len(train) - sum(map(len, tests.values())),
        of_row,
        further=np.array(again, dtype=np.int64).reshape(repeats - 1, len(train)),
        strata=np.empty(0, dtype=np.int64) if y is None else strata_of_rows(of_row, y),
        given=test_rows is not None,
    )
    _check(split, y, classes)
    return split


def _uniform(keys: Hashes, salt: str, number: int | None = None) -> NDArray[np.float64]:
    """Return for each key a number in [0, 1) that scatters with it; another one for each ``number`` of a repeat."""
    salted = np.uint64(int.from_bytes(hashlib.sha256(salt.encode()).digest()[:8], "big"))
    scattered = mixed(keys ^ salted)
    if number is not None:
        scattered = mixed(scattered + np.uint64(int(GOLDEN) * (1 + number) % 2**64))
    return np.asarray((scattered >> np.uint64(11)) * 2.0**-53)


def _sealed(at: NDArray[np.float64], test: float | None) -> dict[str, Positions]:
    if not test:
        return {}
    if not 0 < test < 1:
        raise InputError(f"split.test is {test}; expected a fraction between 0 and 1.")
    return {"test": np.flatnonzero(at < test)}


def _given(test_rows: Mapping[str, NDArray[Any]]) -> dict[str, Positions]:
    return {name: np.unique(np.asarray(rows, dtype=np.int64)) for name, rows in test_rows.items()}


def _free(keys: Hashes, tests: Mapping[str, Positions]) -> Positions:
    """Return the rows that share their key with no row of a test."""
    sealed = [keys[rows] for rows in tests.values()]
    return np.flatnonzero(~np.isin(keys, np.concatenate([keys[:0], *sealed])))


def _folds(keys: Hashes, salt: str, number: int, n_folds: int, validation: float | None) -> Positions:
    at = _uniform(keys, salt, number)
    if validation is not None:
        return np.where(at < validation, 0, -1).astype(np.int64)
    return np.floor(at * n_folds).astype(np.int64)


def _overlap(copies: Hashes | None, train: Positions, tests: Mapping[str, Positions]) -> int:
    if copies is None or not tests:
        return 0
    return int(np.isin(copies[train], copies[np.concatenate(list(tests.values()))]).sum())


def _check(split: Split, y: NDArray[Any] | None, classes: Sequence[str] | None) -> None:
    """Refuse parts without events, and fits and tests that would not see a class."""
    parts: dict[str, Positions] = {f"the {name}": rows for name, rows in split.tests.items()}
    for k in range(split.n_folds):
        fitted, validated = split.fold(k)
        parts |= {
            f"fold {k + 1} of {split.n_folds}": validated,
            f"what fold {k + 1} leaves to fit to": fitted,
        }
    for name, rows in parts.items():
        if not len(rows):
            raise InputError(
                f"split.key: {name} has no event; lower split.folds, raise split.test, or name a key of more values."
            )
        for code in () if y is None or name.startswith("fold") else np.setdiff1d(y, y[rows]):
            raise InputError(
                f"split.key: {name} holds no event of class {named(int(code), classes)}; lower split.folds, raise "
                "split.test, or leave the class out with data.classes."
            )
