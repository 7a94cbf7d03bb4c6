"""The split, made once and first: sealed tests by a hash of events, folds by the seed, units kept whole.

A unit is what must stay on one side: a group, a set of identical rows, or whatever chains of the two connect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.random import generator
from fivesigma.risk.row_hashes import Hashes, Positions, mixed, row_hash, text_hash, told_apart
from fivesigma.risk.strata import Prevalence, Strata


@dataclass(frozen=True, eq=False)
class Split:
    """Positions of a Dataset's rows: train with its folds, and sealed tests.

    Attributes
    ----------
    train : (n_train,) positions, ascending
    tests : name -> positions, ascending; may be empty
    folds : (n_train,) number of the fold that validates on a row; -1 for a row that is always fitted on
    n_folds : int, 1 where one fixed part validates
    sha256 : hash of the whole assignment
    overlap : int, rows of train that equal a test row, where copies may part
    left_out : int, rows of no part: those that stay together with a row of a given test
    units : (n,) number of the unit of each row of the Dataset, by their first rows: what folds inside a fit keep
        together too
    near : (n_folds, n_train), rows that a fold neither validates on nor fits to: too close to it in time; (0, 0) where
        there are none
    further : (R - 1, n_train) the folds of the further repeats of the cross-validation
    strata : (n,) the class of each row's unit, of which parts may have their shares; empty without classes
    stratified : whether the folds, and a test that was not given, do
    given : whether the tests were named by hand, and not drawn from the table
    dealt : whether the folds were dealt by chance, and not given by a column
    alone : whether each unit's own hash put it into the test or not, and so how many of a class is chance
    """

    train: Positions
    tests: Mapping[str, Positions]
    folds: Positions
    n_folds: int
    overlap: int = 0
    left_out: int = 0
    units: Positions = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    near: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))
    further: Positions = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    strata: Positions = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    stratified: bool = False
    given: bool = False
    dealt: bool = True
    alone: bool = False
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        own = (self.train, self.folds, self.units, self.near, self.further, self.strata)
        for each in (*own, *self.tests.values()):
            each.flags.writeable = False
        object.__setattr__(self, "sha256", self._hashed())

    @property
    def n_repeats(self) -> int:
        """How often the cross-validation is done, each time with other folds."""
        return 1 + len(self.further)

    def folds_of(self, repeat: int) -> Positions:
        """Return the fold (n_train,) of each training row in one of the repeats, the first of which is ``folds``.

        >>> split = make_split(np.arange(20.0)[:, None], None, task="regression", test=None, n_folds=4, repeats=3)
        >>> [np.bincount(split.folds_of(r)).tolist() for r in range(split.n_repeats)]
        [[5, 5, 5, 5], [5, 5, 5, 5], [5, 5, 5, 5]]
        """
        return self.folds if repeat == 0 else self.further[repeat - 1]

    def once(self) -> Split:
        """Return the split with the first of its repeats alone."""
        return replace(self, further=self.further[:0])

    def kept(self, rows: NDArray[np.bool_]) -> Split:
        """Return the split with those training rows alone of which ``rows`` (n_train,) is true."""
        near = self.near[:, rows] if self.near.size else self.near
        further = self.further[:, rows] if self.further.size else self.further
        return replace(self, train=self.train[rows], folds=self.folds[rows], near=near, further=further)

    def fold(self, k: int) -> tuple[Positions, Positions]:
        """Return the positions to fit and to validate on in fold ``k``; `InputError` if it is not there.

        >>> split = make_split(np.arange(20.0)[:, None], None, task="regression", test=None, n_folds=4)
        >>> [part.size for part in split.fold(0)]
        [15, 5]
        """
        if not 0 <= k < self.n_folds:
            raise InputError(f"the split has no fold {k}; expected 0 to {self.n_folds - 1}.")
        validated = self.folds == k
        return self.train[~validated & ~self.near[k] if self.near.size else ~validated], self.train[validated]

    def held(self, rows: Positions, *, prevalence: Prevalence, test: bool) -> Strata | None:
        """Return the strata of ``rows``, those of a ``test`` or of training; None where the division holds none.

        The table of which they have their share is that of all parts, or the rows alone where tests were given.

        >>> split = make_split(np.arange(50.0)[:, None], np.arange(50) % 2, task="classification")
        >>> split.held(split.tests["test"], prevalence="random", test=True).spread.tolist()
        [0.2, 0.2]
        """
        if not self.strata.size:
            return None
        whole = rows if self.given else np.concatenate([self.train, *self.tests.values()])
        by_design = (
            prevalence == "fixed" if self.given and test else self.stratified and not (self.alone and test)
        )
        own, all_of_them = (self.strata[some].astype(np.int64) for some in (rows, whole))
        return Strata.held(own, all_of_them, prevalence=prevalence, stratified=by_design)

    def _hashed(self) -> str:
        digest = hashlib.sha256(b"fivesigma.split/1")
        again = [(f"folds {r}", folds) for r, folds in enumerate(self.further, start=1)]
        for name, rows in [("train", self.train), ("folds", self.folds), *again, *sorted(self.tests.items())]:
            digest.update(f"{name}:{rows.size}:".encode())
            digest.update(np.ascontiguousarray(rows, dtype="<i8").data)
        if self.near.any():
            digest.update(b"near:" + np.packbits(self.near).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Units:
    """What stays together: the unit ``of_row`` (n,) of each row; the hash, size, stratum of each unit."""

    of_row: Positions
    hashes: Hashes
    size: Positions
    stratum: Positions

    def take(self, rows: Positions) -> Units:
        """Return the units of these ``rows`` alone."""
        size = np.bincount(self.of_row[rows], minlength=self.size.size)
        kept = size > 0
        of_row = (np.cumsum(kept) - 1)[self.of_row[rows]]
        return Units(of_row, self.hashes[kept], size[kept], self.stratum[kept])


def make_split(  # noqa: PLR0913 keywords of a public function
    X: NDArray[Any],
    y: NDArray[Any] | None,
    *,
    task: str,
    test: float | None = 0.2,
    n_folds: int = 5,
    validation: float | None = None,
    stratify: bool = True,
    groups: NDArray[Any] | None = None,
    copies: NDArray[np.uint64] | None = None,
    duplicates: Literal["together", "ignore"] = "together",
    salt: str = "",
    seed: int = 0,
    test_rows: Mapping[str, NDArray[Any]] | None = None,
    classes: Sequence[str] | None = None,
    repeats: int = 1,
    alone: bool = False,
) -> Split:
    """Divide rows into train, its folds and sealed tests; no unit is ever on both sides of anything.

    A unit belongs to the test if the hash of its content (its group, or else its row) and of ``salt`` is low
    enough: the ``seed`` has no say, nor has the order of the rows (it moves with the unit of a column, and with any
    other change of the values). The folds come from the seed and from row numbers alone. Classes are
    stratified: each test and each fold holds its share of a class to within one unit, where a unit of several
    classes counts for the one that it is richest in. A regression is not stratified.

    Parameters
    ----------
    X : (n, ...) rows, or (n,) uint64 hashes of them as `row_hash` makes
    y : (n,) class codes or values, or None
    task : "classification" stratifies; any other does not
    test : fraction of the rows; None or 0 for no test
    n_folds : number of folds
    validation : fraction of train that validates in place of folds
    groups : (n,) codes or labels that stay together, or uint64 hashes of them
    copies : (n,) uint64, equal where rows are identical to a model; default: the hashes of ``X``
    duplicates : "ignore" lets identical rows part (for tables of few distinct rows)
    salt : the study's name
    test_rows : positions of named given tests; ``test`` is then ignored, and train goes without what stays
        together with one of them
    classes : names of the codes, for messages
    repeats : of the cross-validation, each dealing other folds by the seed, its number and row numbers alone
    alone : whether the hash of a unit puts it into the test whatever other rows there are; the test then holds its
        fraction, and each class its share, as chance has it

    Raises
    ------
    InputError
        Where rows, groups or the members of a class are fewer than the folds need.

    >>> split = make_split(np.arange(50.0)[:, None], np.arange(50) % 2, task="classification", salt="demo")
    >>> split.train.size, split.tests["test"].size, np.bincount(split.folds).tolist()
    (40, 10, [8, 8, 8, 8, 8])
    """
    hashes = _hashes(X)
    copies = hashes if copies is None else copies
    labels = _labels(y, task)
    _check_request(hashes.size, test, n_folds, validation)
    _check_repeats(repeats, validation)
    units = make_units(hashes, copies, groups, duplicates == "together", labels if stratify else None)
    tests = _hashed_test(units, test, salt, alone) if test_rows is None else _given(test_rows, hashes.size)
    train = _rest(units, tests)
    fitted = units.take(train)
    _check_enough(fitted, n_folds if validation is None else 2, groups is not None)
    folds = _folds(fitted, n_folds, validation, generator(seed, "split"))
    again = [_folds(fitted, n_folds, None, generator(seed, "split", r)) for r in range(1, repeats)]
    further = np.array(again, dtype=np.int64).reshape(repeats - 1, train.size)
    overlap = 0 if duplicates == "together" else _overlap(train, tests, copies)
    left_out = hashes.size - train.size - sum(rows.size for rows in tests.values())
    parts = n_folds if validation is None else 1
    split = Split(
        train,
        tests,
        folds,
        parts,
        overlap,
        left_out,
        units.of_row,
        further=further,
        strata=_classes_of(units, labels),
        stratified=stratify and labels is not None,
        given=test_rows is not None,
        alone=alone,
    )
    if labels is not None:
        _check_classes(labels[train], fitted, max(split.n_folds, 2), classes)
        _check_tests(labels, tests if test_rows is None else {}, classes)
    return split


def _classes_of(units: Units, labels: Positions | None) -> Positions:
    """Return the class of each row's unit (n,), in as few bytes as hold it; empty where there are no classes."""
    if labels is None:
        return np.empty(0, dtype=np.uint8)
    few = np.min_scalar_type(int(labels.max(initial=0)))
    return _strata(units.of_row, units.size, labels).astype(few)[units.of_row]


def strata_of_rows(of_row: Positions, labels: Positions) -> Positions:
    """Return the stratum (n,) of each row: the class that its unit is richest in, relative to all rows.

    Parameters
    ----------
    of_row : (n,) unit of each row, 0 … U - 1
    labels : (n,) class codes

    >>> strata_of_rows(np.array([0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 0])).tolist()
    [1, 1, 0, 0, 0]
    """
    return _strata(of_row, np.bincount(of_row), labels)[of_row]


def _hashes(X: NDArray[Any]) -> Hashes:
    """Return the hashes of rows, which may be those already."""
    return X if X.dtype == np.uint64 and X.ndim == 1 else row_hash(X)


def _labels(y: NDArray[Any] | None, task: str) -> Positions | None:
    """Return the codes of the classes, where there are classes."""
    return None if y is None or task != "classification" else np.asarray(y, dtype=np.int64)


def _check_request(n: int, test: float | None, n_folds: int, validation: float | None) -> None:
    for name, fraction in (("test", test or 0.5), ("validation", 0.5 if validation is None else validation)):
        if not 0 < fraction < 1:
            raise InputError(f"split.{name} is {fraction}; expected a fraction between 0 and 1.")
    if validation is None and n_folds < 2:
        raise InputError(f"split.folds is {n_folds}; expected 2 or more, or use split.validation = 0.1.")
    if n < 2:
        raise InputError(f"the data have {n} rows; a split needs at least two.")


def _check_repeats(repeats: int, validation: float | None) -> None:
    if repeats < 1:
        raise InputError(f"split.repeats is {repeats}; expected 1 or more.")
    if repeats > 1 and validation is not None:
        raise InputError(
            f"split.repeats is {repeats} and split.validation is given, a part that does not change; keep one."
        )


def _check_enough(units: Units, needed: int, grouped: bool) -> None:
    if units.size.size < needed:
        what = "groups" if grouped else "distinct rows"
        raise InputError(
            f"the training part has {units.size.size} {what}, fewer than the {needed} folds; "
            f"lower split.folds or bring more {what}."
        )


def _check_classes(y: Positions, units: Units, needed: int, classes: Sequence[str] | None) -> None:
    """Refuse a class with fewer units than there are parts of train."""
    for code in np.unique(y):
        holds = np.zeros(units.size.size, dtype=np.bool_)
        holds[units.of_row[y == code]] = True
        if holds.sum() < needed:
            raise InputError(
                f"class {named(code, classes)} has {holds.sum()} members to train on, fewer than the "
                f"{needed} parts of the split; lower split.folds, or leave the class out with data.classes."
            )


def _check_tests(y: Positions, hashed: Mapping[str, Positions], classes: Sequence[str] | None) -> None:
    """Refuse a ``hashed`` test set without a class."""
    for test in hashed.values():
        for code in np.setdiff1d(y, y[test]):
            raise InputError(
                f"the test set holds no event of class {named(code, classes)}; raise split.test, "
                "or leave the class out with data.classes."
            )


def named(code: int, classes: Sequence[str] | None) -> str:
    """Return the class of a code as messages call it."""
    return repr(str(classes[code]) if classes is not None else int(code))


def _rest(units: Units, tests: Mapping[str, Positions]) -> Positions:
    """Return the positions of the units of which no test holds a row; `InputError` if there are none."""
    free = np.ones(units.size.size, dtype=np.bool_)
    for rows in tests.values():
        free[units.of_row[rows]] = False
    if not free.any():
        raise InputError(
            "every row outside the given tests equals a test row or shares its group, so that none is left to "
            "train on; name other tests."
        )
    return np.flatnonzero(free[units.of_row])


def make_units(
    hashes: Hashes, copies: Hashes, groups: NDArray[Any] | None, together: bool, labels: Positions | None
) -> Units:
    """Return the units of all rows, those of one class in its stratum."""
    if groups is not None:
        of_row, unit_hashes = _grouped(copies, np.asarray(groups), together)
    elif together:
        distinct, of_row = np.unique(copies, return_inverse=True)
        unit_hashes = _lowest(hashes, of_row, distinct.size)
    else:
        of_row, unit_hashes = np.arange(hashes.size), told_apart(hashes)
    of_row, unit_hashes = _in_order_of_rows(of_row, unit_hashes)
    size = np.bincount(of_row, minlength=unit_hashes.size)
    return Units(of_row, unit_hashes, size, _strata(of_row, size, labels))


def _in_order_of_rows(of_row: Positions, unit_hashes: Hashes) -> tuple[Positions, Hashes]:
    """Number the units by their first row: folds are dealt by these numbers, in which no unit of a column shows."""
    number, first = in_order_of_rows(of_row)
    return number, unit_hashes[of_row[first]]


def in_order_of_rows(of_row: Positions) -> tuple[Positions, Positions]:
    """Return each row's unit (n,), numbered by their first rows, and those rows (n_units,).

    >>> [each.tolist() for each in in_order_of_rows(np.array([2, 0, 2, 1]))]
    [[0, 1, 0, 2], [0, 1, 3]]
    """
    first = np.empty(int(of_row.max(initial=-1)) + 1, dtype=np.int64)
    first[of_row[::-1]] = np.arange(of_row.size)[::-1]
    rank = np.empty_like(first)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[of_row], np.sort(first)


def _lowest(hashes: Hashes, of_row: Positions, n_units: int) -> Hashes:
    """Return the lowest hash of each unit: of its members, and not of their order."""
    lowest = np.full(n_units, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(lowest, of_row, hashes)
    return lowest


def _grouped(copies: Hashes, groups: NDArray[Any], together: bool) -> tuple[Positions, Hashes]:
    """Return each row's unit and the units' hashes: groups, joined where they share an identical row."""
    values, of_row = np.unique(groups, return_inverse=True)
    value_hashes = _hashes_of_values(values)
    distinct, content = np.unique(copies, return_inverse=True)
    if not together or distinct.size == copies.size:
        return of_row, value_hashes
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array(
        (np.ones(copies.size, dtype=np.int8), (of_row, values.size + content)),
        shape=(values.size + distinct.size,) * 2,
    )
    n_units, component = connected_components(edges, directed=False)
    unit = component[: values.size].astype(np.int64)
    return unit[of_row], _lowest(value_hashes, unit, n_units)


def _hashes_of_values(values: NDArray[Any]) -> Hashes:
    if values.dtype == np.uint64:
        return values
    if values.dtype.kind in "iufb":
        return row_hash(values[:, None])
    return text_hash(values)


def _strata(of_row: Positions, size: Positions, labels: Positions | None) -> Positions:
    """Return each unit's class, the one that it is richest in relative to all rows."""
    if labels is None:
        return np.zeros(size.size, dtype=np.int64)
    if size.size == of_row.size:
        stratum = np.empty(size.size, dtype=np.int64)
        stratum[of_row] = labels
        return stratum
    n_classes = int(labels.max()) + 1
    table = np.bincount(of_row * n_classes + labels, minlength=size.size * n_classes).reshape(-1, n_classes)
    return np.asarray(np.argmax(table / np.maximum(table.sum(axis=0), 1), axis=1), dtype=np.int64)


def _share(units: Units, key: NDArray[Any], fraction: float) -> NDArray[np.bool_]:
    """Return which units make up ``fraction`` of the rows of each stratum: those of lowest ``key``.

    The share is right to within half a unit, but two units or more give one and keep one at least.
    """
    order = np.lexsort((key, units.stratum))
    size, stratum = units.size[order], units.stratum[order]
    first = np.flatnonzero(np.diff(stratum, prepend=-1))
    length = np.diff(first, append=order.size)
    rows = np.add.reduceat(size, first)
    upto = np.cumsum(size) - np.repeat(np.cumsum(rows) - rows, length)
    chosen = upto - size / 2 <= np.repeat(fraction * rows, length)
    chosen[first] = True
    chosen[first + length - 1] = False
    mask = np.empty(order.size, dtype=np.bool_)
    mask[order] = chosen
    return mask


def _hashed_test(units: Units, test: float | None, salt: str, alone: bool) -> dict[str, Positions]:
    if not test:
        return {}
    salted = np.uint64(int.from_bytes(hashlib.sha256(salt.encode()).digest()[:8], "big"))
    key = mixed(units.hashes ^ salted)
    sealed = key < np.uint64(int(test * 2**64)) if alone else _share(units, key, test)
    if not 0 < sealed.sum() < sealed.size:
        raise InputError(
            f"the test holds {int(sealed.sum())} of {sealed.size} events by their hashes; raise split.test or lower it."
        )
    return {"test": np.flatnonzero(sealed[units.of_row])}


def _given(test_rows: Mapping[str, NDArray[Any]], n: int) -> dict[str, Positions]:
    """Return the given tests; `InputError` where one is empty, out of range or shares a row with another."""
    tests = {name: np.unique(np.asarray(rows, dtype=np.int64)) for name, rows in test_rows.items()}
    for name, rows in tests.items():
        if rows.size == 0 or rows[0] < 0 or rows[-1] >= n:
            raise InputError(
                f"the test set '{name}' holds {rows.size} of the {n} rows; expected at least one of them."
            )
    every = np.concatenate([*tests.values(), np.empty(0, np.int64)])
    if np.unique(every).size < every.size:
        raise InputError(f"the test sets {', '.join(tests)} share rows; give each row to one of them.")
    if every.size == n:
        raise InputError("the test sets hold every row, so that none is left to train on; name fewer.")
    return tests


def _folds(units: Units, n_folds: int, validation: float | None, rng: np.random.Generator) -> Positions:
    """Return the fold of each row: one share, or units dealt like cards, the largest of each stratum first.

    Dealing in falling order of size bounds the difference of two folds by one unit of each stratum.
    """
    key = rng.random(units.size.size)
    if validation is not None:
        return np.where(_share(units, key, validation)[units.of_row], 0, -1).astype(np.int64)
    order = np.lexsort((key, -units.size, units.stratum))
    fold = np.empty(order.size, dtype=np.int64)
    fold[order] = np.arange(order.size) % n_folds
    return fold[units.of_row]


def _overlap(train: Positions, tests: Mapping[str, Positions], copies: Hashes) -> int:
    """Return how many training rows equal a test row."""
    if not tests:
        return 0
    return int(np.isin(copies[train], copies[np.concatenate(list(tests.values()))]).sum())
