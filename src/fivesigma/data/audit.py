"""What a careful reader would ask of a table before any model sees it.

Each check is a function of a `Dataset` that returns notes ``(check, status, message)``; a new check is one
function and one entry in ``CHECKS``. Where all rows would be dear, 10,000 evenly spaced ones are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma.data.targets import Note
from fivesigma.risk.row_hashes import row_hash

_MOST_LOOKED_AT = 10_000
_FEWEST_TO_JUDGE = 20
_MONOTONE = 0.999  # Spearman's |ρ| beyond which a feature is the target in other clothes
_MOSTLY_MISSING = 0.5
_FEW_EFFECTIVE = 0.1
_IDENTIFIER = re.compile(r"(^|[^a-z])(id|number|num|index|row|event|run|key)s?($|[^a-z])", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Table(Protocol):
    """What a check reads of a `Dataset`."""

    @property
    def X(self) -> NDArray[Any]:
        """The features, (n, p)."""
        ...

    @property
    def y(self) -> NDArray[Any] | None:
        """Codes or numbers of the target."""
        ...

    @property
    def w(self) -> NDArray[np.float64] | None:
        """Weights of the events."""
        ...

    @property
    def task(self) -> str:
        """What the target is for."""
        ...

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        ...

    @property
    def kind(self) -> str:
        """What a row is."""
        ...

    @property
    def n_samples(self) -> int:
        """Number of events."""
        ...

    @property
    def n_effective(self) -> float:
        """Kish's effective number of events."""
        ...

    def statistics(self) -> list[dict[str, Any]]:
        """Return one summary a column."""
        ...


def audit(data: Table) -> tuple[Note, ...]:
    """Return the notes of all checks on a table, in the order of ``CHECKS``.

    >>> from fivesigma.data.dataset import Dataset
    >>> data = Dataset.from_arrays([[1.0, 7.0], [2.0, 7.0], [2.0, 7.0]])
    >>> [message for check, status, message in audit(data) if status == "warning"]
    ['the same value in every event: x1', '1 of 3 events have exactly the features of an earlier one']
    """
    if data.kind != "table":
        return ()
    return tuple(note for check in CHECKS for note in check(data))


def _weights(data: Table) -> Sequence[Note]:
    if data.w is None:
        return ()
    share = data.n_effective / data.n_samples
    message = f"{data.n_samples} events with weights count as N_eff = {data.n_effective:.1f}"
    return [("weights", "warning" if share < _FEW_EFFECTIVE else "ok", message)]


def _classes(data: Table) -> Sequence[Note]:
    if data.classes is None or data.y is None:
        return ()
    counts = np.bincount(data.y[data.y >= 0], minlength=len(data.classes))
    found = ", ".join(f"{name} {count}" for name, count in zip(data.classes, counts, strict=True))
    return [("classes", "ok", f"events of each class: {found}")]


def _missing(data: Table) -> Sequence[Note]:
    share = {column["name"]: column["n_missing"] / data.n_samples for column in data.statistics()}
    some = {name: part for name, part in sorted(share.items(), key=lambda pair: -pair[1]) if part > 0}
    if not some:
        return [("missing", "ok", "no value is missing")]
    status = "warning" if max(some.values()) > _MOSTLY_MISSING else "ok"
    return [
        ("missing", status, f"missing values: {_listed([f'{k} {100 * v:.3g} %' for k, v in some.items()])}")
    ]


def _constant(data: Table) -> Sequence[Note]:
    names = [c["name"] for c in data.statistics() if c["min"] is not None and c["min"] == c["max"]]
    return [("constant", "warning", f"the same value in every event: {_listed(names)}")] if names else ()


def _duplicates(data: Table) -> Sequence[Note]:
    copies = data.n_samples - len(np.unique(row_hash(data.X)))
    message = f"{copies} of {data.n_samples} events have exactly the features of an earlier one"
    return (
        [("duplicates", "warning", message)]
        if copies
        else [("duplicates", "ok", "no two events have the same features")]
    )


def _identifiers(data: Table) -> Sequence[Note]:
    """Name features that look like the number of an event: whole numbers, no two equal."""
    suspects = []
    for name, column in zip(data.names, data.X.T, strict=True):
        named_so = _IDENTIFIER.search(_CAMEL.sub("_", name)) is not None
        if len(column) >= _FEWEST_TO_JUDGE and named_so and _all_distinct_integers(column):
            suspects.append(name)
    message = f"this looks like an event number, which no model should learn from: {_listed(suspects)}"
    return [("identifier", "warning", message)] if suspects else ()


def _all_distinct_integers(column: NDArray[np.float64]) -> bool:
    some = column[:_MOST_LOOKED_AT]
    return bool(np.array_equal(some, np.round(some))) and len(np.unique(some)) == len(some)


def _leaks(data: Table) -> Sequence[Note]:
    """Name features that alone fix the target: a monotone function of it, or one cut a class."""
    if data.y is None or data.task == "clustering" or data.n_samples < _FEWEST_TO_JUDGE:
        return ()
    at = np.unique(np.linspace(0, data.n_samples - 1, min(data.n_samples, _MOST_LOOKED_AT)).astype(np.int64))
    tells = _monotone if data.classes is None else _separates
    X, outputs = np.asarray(data.X[at], dtype=np.float64), data.y[at].reshape(len(at), -1).T
    suspects = [
        name for name, column in zip(data.names, X.T, strict=True) if any(tells(column, y) for y in outputs)
    ]
    message = (
        f"the target follows from this feature alone; is it known before the answer is? {_listed(suspects)}"
    )
    return [("leak", "warning", message)] if suspects else ()


def _monotone(column: NDArray[np.float64], y: NDArray[Any]) -> bool:
    """Whether Spearman's |ρ| between a feature and the target exceeds 0.999."""
    present = ~np.isnan(column)
    if present.sum() < _FEWEST_TO_JUDGE or np.ptp(column[present]) == 0 or np.ptp(y[present]) == 0:
        return False
    ranks = _ranks(column[present]), _ranks(y[present])
    return bool(abs(np.corrcoef(*ranks)[0, 1]) > _MONOTONE)


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rank of each value, equal values sharing the mean of theirs."""
    _, position, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[position])


def _separates(column: NDArray[np.float64], code: NDArray[Any]) -> bool:
    """Whether the classes lie in separate intervals of a feature, one interval a class."""
    present = ~np.isnan(column)
    x, c = column[present], code[present]
    counts = np.bincount(c)
    if (counts > 0).sum() < 2 or counts[counts > 0].min() < _FEWEST_TO_JUDGE // 2:
        return False
    order = np.argsort(x, kind="stable")
    x, c = x[order], c[order]
    changes = c[1:] != c[:-1]
    # equal values of different classes make any order of them arbitrary: no clean cut there
    return bool(changes.sum() == (counts > 0).sum() - 1 and not (changes & (x[1:] == x[:-1])).any())


def _listed(words: Sequence[str], most: int = 8) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


CHECKS: tuple[Callable[[Any], Sequence[Note]], ...] = (
    _weights,
    _classes,
    _missing,
    _constant,
    _duplicates,
    _identifiers,
    _leaks,
)
