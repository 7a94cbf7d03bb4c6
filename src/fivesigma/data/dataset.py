"""The Dataset: arrays and their meaning, immutable."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core import checks, expressions
from fivesigma._core.counts import noun
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.gathered import Gathered
from fivesigma.data import shape
from fivesigma.data.assembly import assemble
from fivesigma.data.audit import audit
from fivesigma.data.cuts import Passed, documents
from fivesigma.data.moments import moments
from fivesigma.data.readers.table import Table, WholeTable
from fivesigma.data.roles import Roles
from fivesigma.data.tables import Columns
from fivesigma.data.targets import (
    Note,
    encode,
    encode_several,
    group_codes,
    refuse_weightless_classes,
)
from fivesigma.risk.row_hashes import row_hash, told_apart

_BLOCK = 8_192 * 32  # values hashed together: what fits the cache
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Dataset:
    """Events with their features, target, weights, groups, names and units.

    Parameters
    ----------
    X : (n_samples, \\*shape) float64, or float32 where every feature is that in the input
        The features; NaN is a missing value, a text column holds the codes of its ``categories``. What an event is
        stands in ``kind``: ``"table"`` (n, features), ``"image"`` (n, channels, height, width), ``"sequence"``
        (n, channels, length) or ``"set"`` (n, k, features), with ``mask`` (n, k), true where a member is there.
    y : (n_samples,) int64 or float64, (n_samples, m) float64 of several targets, or None
        Codes in the order of ``classes`` (the last is the signal), or the numbers of a regression. In a clustering
        the truth, which no fit sees; -1 where it is not known.
    w : (n_samples,) float64 or None
        Weights of the events, finite and not negative; None is one for each.
    groups : (n_samples,) int64 or None
        Codes of the groups, which never straddle a split.
    names, units : tuples of one entry a column of ``X``, a channel of an image or sequence, a feature of a set
    categories : mapping of a text column to its labels by code
    columns : mapping of each column of the input that the features are made of to how it was read (``"number"``,
        ``"text"`` or ``"truth"``), so that another table is read in the same way
    spectators, extras : mappings of name to (n_samples,)
        Columns that no model sees; ``extras`` (what a split asks for) are not written out.
    target, weight, group : names of the columns as the study wrote them
    targets, target_units : tuples of one entry a target; ``target`` is all of their names in one text
    column_units : mapping of each column of the input that has a unit to it, whatever the column is for
    task : ``"classification"``, ``"regression"`` or ``"clustering"``
    rows : (n_samples,) int64, the number of each event in the input, from 0
    identity : (n_samples,) uint64 or None
        Hash of all that the input says of each event but its target and weight, whichever features are chosen:
        what decides if it is sealed. None is the hash of its row of ``X``.
    as_read : (n_samples,) uint64 or None
        The same with target and weight, by which another study knows an event again; None is the ``identity``.
    group_identity : (n_samples,) uint64 or None
        Hash of the label of each event's group, which decides in its place; None for the code as a label.
    notes : what was done while reading, as (check, status, message)
    flow : the lines of the cut flow, () without cuts; ``flow_of_classes`` those of each class, by its name
    angles : half the period (π, or 180 in degrees) of each column of ``X`` that is an angle, by name

    Raises
    ------
    InputError
        If lengths disagree, names repeat or weights are not usable.

    >>> data = Dataset.from_arrays([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0], [8.0, 1.0]], ["b", "s", "b", "s"])
    >>> data
    Dataset(4 events x 2 features, classification of b, s)
    >>> data.take([0, 1]).n_samples
    2
    """

    X: NDArray[Any]
    y: NDArray[Any] | None = None
    w: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    units: tuple[str | None, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    spectators: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    target: str | None = None
    target_unit: str | None = None
    targets: tuple[str, ...] = ()
    target_units: tuple[str | None, ...] = ()
    column_units: Mapping[str, str] = field(default_factory=dict)
    weight: str | None = None
    group: str | None = None
    task: str = "clustering"
    kind: str = ""
    mask: NDArray[np.bool_] | None = None
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    identity: NDArray[np.uint64] | None = None
    as_read: NDArray[np.uint64] | None = None
    group_identity: NDArray[np.uint64] | None = None
    notes: tuple[Note, ...] = ()
    flow: tuple[Passed, ...] = ()
    flow_of_classes: Mapping[str, tuple[Passed, ...]] = field(default_factory=dict)
    angles: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.X)
        object.__setattr__(self, "kind", shape.kind_of(self.X, self.mask, self.kind or None))
        if len(self.rows) == 0:
            object.__setattr__(self, "rows", np.arange(n))
        if not self.names:
            object.__setattr__(self, "names", tuple(f"x{i}" for i in range(self.n_channels)))
        if not self.units:
            object.__setattr__(self, "units", (None,) * len(self.names))
        if self.target is not None and not self.targets:
            object.__setattr__(self, "targets", (self.target,))
        if len(self.target_units) != len(self.targets):
            object.__setattr__(self, "target_units", (self.target_unit,) * len(self.targets))
        self._check_lengths()
        for name in ("X", "y", "w", "groups", "mask", "rows", "identity", "as_read", "group_identity"):
            object.__setattr__(self, name, _frozen(getattr(self, name)))
        for name in (
            "angles",
            "categories",
            "columns",
            "column_units",
            "spectators",
            "extras",
            "flow_of_classes",
        ):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def _check_lengths(self) -> None:
        n, width = len(self.X), self.n_channels
        words = ("y", "w", "groups", "rows", "identity", "as_read", "group_identity")
        own = {name: getattr(self, name) for name in words}
        for name, column in (own | dict(self.spectators) | dict(self.extras)).items():
            if column is not None and len(column) != n:
                raise InputError(f"{name} has {len(column)} entries; expected {n}, one a row of X.")
        if not len(self.names) == len(self.units) == width:
            raise InputError(
                f"{len(self.names)} names and {len(self.units)} units for {width} columns; give one each."
            )
        if len(set(self.names)) < len(self.names):
            twice = next(name for i, name in enumerate(self.names) if name in self.names[:i])
            raise InputError(f"the feature name {twice!r} occurs twice; rename one of the columns.")

    @classmethod
    def from_arrays(  # noqa: PLR0913 keywords of a public function
        cls,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        w: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        names: Sequence[str] | None = None,
        units: Sequence[str | None] | Mapping[str, str] | None = None,
        task: str | None = None,
        classes: Sequence[object] | None = None,
        spectators: Mapping[str, ArrayLike] | None = None,
        kind: str | None = None,
        mask: ArrayLike | None = None,
        target: str | Sequence[str] | None = None,
        weight: str | None = None,
        group: str | None = None,
    ) -> Dataset:
        """Make a Dataset of arrays: ``X`` (n_samples, \\*shape), ``y``, ``w`` and ``groups`` (n_samples,).

        ``y`` (n_samples, m) is m targets of a regression; then ``target`` is a list of their names.

        Labels in ``y`` may be text, truth values or numbers; rows without a target are dropped and counted. Masked
        entries of an array are missing. ``kind`` says what an event is where the shape alone does not (see `Dataset`);
        ``mask`` (n_samples, k) makes ``X`` (n_samples, k, features) sets.

        Raises
        ------
        InputError, WrongTypeError
            If an array has the wrong length or type, a feature is infinite, or a weight is negative.

        >>> Dataset.from_arrays([[0.0], [1.0], [2.0]], [0.5, 1.5, 3.0]).task
        'regression'
        """
        table = _as_given(X)
        n = len(table)
        group_code, group_hash = _grouped(groups, n, group)
        members = None if mask is None else np.asarray(mask, dtype=bool)
        kind = shape.kind_of(table, members, kind)
        count = shape.n_channels(table, kind)
        columns = tuple(names) if names is not None else tuple(f"x{i}" for i in range(count))
        if kind == "table":
            checks.refuse_infinite(table, columns)
        else:
            shape.refuse_infinite(table, columns, kind, members)
        data = cls(
            X=table,
            w=None
            if w is None
            else checks.as_weights(w, n, what=f"weight '{weight}'" if weight else "weights"),
            groups=group_code,
            group_identity=group_hash,
            kind=kind,
            mask=members,
            names=columns,
            units=_units(units, columns),
            spectators={
                k: checks.as_column(v, n, what=f"spectator '{k}'") for k, v in (spectators or {}).items()
            },
            weight=weight if weight or w is None else "weight",
            group=group if group or groups is None else "group",
        )
        return data._with_target(y, task=task, classes=classes, target=target)

    def _with_target(
        self,
        y: ArrayLike | None,
        *,
        task: str | None,
        classes: Sequence[object] | None,
        target: str | Sequence[str] | None,
    ) -> Dataset:
        """Encode ``y`` and keep the rows that have one."""
        if y is None:
            if task not in (None, "clustering"):
                raise InputError(f"task = '{task}' needs a target; give y, or say task = 'clustering'.")
            if classes is not None:
                raise InputError("classes are given, but no target; give y, which holds them.")
            return self
        if np.ndim(y) == 2 and np.shape(y)[1] > 1:
            return self._with_targets(y, task=task, classes=classes, target=target)
        name = target if isinstance(target, str) else next(iter(target or ()), "y")
        values = checks.as_column(y, self.n_samples, what="y")
        encoded = encode(values, task=task, classes=classes, name=name)
        kept = self if encoded.keep.all() else self.take(encoded.keep)
        if encoded.task == "classification" and encoded.classes is not None and kept.w is not None:
            refuse_weightless_classes(encoded.y, kept.w, encoded.classes)
        return dataclasses.replace(
            kept,
            y=encoded.y,
            classes=encoded.classes,
            task=encoded.task,
            target=name,
            notes=(*self.notes, *encoded.notes),
        )

    def _with_targets(
        self,
        y: Any,
        *,
        task: str | None,
        classes: Sequence[object] | None,
        target: str | Sequence[str] | None,
    ) -> Dataset:
        """Encode ``y`` (n_samples, m) and keep the rows that have all targets."""
        table = checks.as_table(y, what="y")
        names = tuple(f"y{i}" for i in range(table.shape[1])) if target is None else tuple(target)
        if classes is not None or isinstance(target, str) or len(names) != table.shape[1]:
            raise InputError(
                f"y has shape {table.shape}; expected one target, or {table.shape[1]} names of the targets of a "
                "regression, without classes."
            )
        checks.as_column(table[:, 0], self.n_samples, what="y")
        encoded = encode_several(list(table.T), names, task=task)
        kept = self if encoded.keep.all() else self.take(encoded.keep)
        return dataclasses.replace(
            kept,
            y=encoded.y,
            task="regression",
            target=", ".join(names),
            targets=names,
            target_units=(None,) * len(names),
            notes=(*self.notes, *encoded.notes),
        )

    @classmethod
    def from_frame(cls, frame: Any, **roles: Any) -> Dataset:
        """Make a Dataset of a pandas, polars or arrow table; ``roles`` are those of `fivesigma.read`.

        >>> import polars
        >>> frame = polars.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "kind": ["b", "s", "s", "b"]})
        >>> Dataset.from_frame(frame, target="kind").classes
        ('b', 's')
        """
        from fivesigma.data import frames

        return cls.from_table(frames.opened(frame), Roles(**roles), source="the table")

    @classmethod
    def from_columns(cls, columns: Columns, roles: Roles, *, source: str) -> Dataset:
        """Make a Dataset of named ``columns``, each (n_rows,).

        >>> columns = {"x": np.array([1.0, 2.0]), "y": np.array([0.5, 1.5])}
        >>> Dataset.from_columns(columns, Roles(target="y"), source="two columns").n_features
        1
        """
        return cls.from_table(WholeTable(columns), roles, source=source)

    @classmethod
    def from_table(cls, table: Table, roles: Roles, *, source: str) -> Dataset:
        """Make a Dataset of a table that is open, of which only the columns that have a part are held in memory.

        Raises
        ------
        InputError, DataError
            As `fivesigma.read`.
        """
        return cls(**assemble(table, roles, source=source))

    def take(self, indices: ArrayLike) -> Dataset:
        """Return the events at ``indices`` (positions or a mask), all columns together."""
        at = np.asarray(indices)
        return dataclasses.replace(
            self,
            X=self.X[at],
            y=None if self.y is None else self.y[at],
            w=None if self.w is None else self.w[at],
            groups=None if self.groups is None else self.groups[at],
            mask=None if self.mask is None else self.mask[at],
            spectators={name: column[at] for name, column in self.spectators.items()},
            extras={name: column[at] for name, column in self.extras.items()},
            rows=self.rows[at],
            identity=None if self.identity is None else self.identity[at],
            as_read=None if self.as_read is None else self.as_read[at],
            group_identity=None if self.group_identity is None else self.group_identity[at],
        )

    def positions(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the positions of the features ``names`` in ``X``; an unknown one is an `InputError`."""
        place = {name: i for i, name in enumerate(self.names)}
        for name in names:
            if name not in place:
                raise InputError(f"{name!r} is not a feature of this data.{did_you_mean(name, self.names)}")
        return np.array([place[name] for name in names], dtype=np.int64)

    def with_features(self, names: Sequence[str]) -> Dataset:
        """Return the same events with the features ``names`` only, in that order."""
        at = self.positions(names)
        return dataclasses.replace(
            self,
            X=shape.of_channels(self.X, at, self.kind),
            names=tuple(names),
            units=tuple(self.units[i] for i in at),
            categories={name: labels for name, labels in self.categories.items() if name in names},
            angles={name: half for name, half in self.angles.items() if name in names},
            identity=self.row_hashes,
        )

    def with_columns(
        self, columns: Mapping[str, ArrayLike], *, units: Mapping[str, str] | None = None
    ) -> Dataset:
        """Return the same events with new features ``columns``, each (n_samples,), after the present ones."""
        if self.kind != "table":
            raise InputError(f"columns are added to a table, and these events are of kind '{self.kind}'.")
        new = [
            checks.as_numbers(checks.as_column(v, self.n_samples, what=k), what=k) for k, v in columns.items()
        ]
        X = np.column_stack([self.X, *new])
        checks.refuse_infinite(X, (*self.names, *columns))
        return dataclasses.replace(
            self,
            X=X,
            names=(*self.names, *columns),
            units=(*self.units, *_units(units, tuple(columns))),
            identity=self.row_hashes,
        )

    def events(self, rows: ArrayLike) -> NDArray[np.float64]:
        """Return ``X`` of the events at ``rows`` (positions or a mask) as float64, whatever it is held in.

        >>> Dataset.from_arrays(np.eye(3, dtype=np.float32)).events([1]).dtype
        dtype('float64')
        """
        return np.asarray(self.X[np.asarray(rows)], dtype=np.float64)

    def columnwise(self, rows: ArrayLike) -> Gathered:
        """Return rows (positions or a mask) of a table for a model that reads columns, as our boosting does.

        None of them is copied, where `events` makes an array of all of them.

        >>> Dataset.from_arrays(np.eye(3, dtype=np.float32)).columnwise([1]).shape
        (1, 3)
        """
        if self.X.ndim != 2:
            raise InputError(
                f"the events are arrays {self.X.shape[1:]}, and no table; take them with events()."
            )
        places = np.arange(self.n_samples)[np.asarray(rows)]  # refuses what `events` does
        return Gathered(self.X, places, np.arange(self.X.shape[1]))

    @property
    def n_samples(self) -> int:
        """Number of events."""
        return len(self.X)

    @property
    def n_features(self) -> int:
        """Number of features: of values in an event that is no row of a table."""
        return _width(self.X)

    @property
    def n_channels(self) -> int:
        """Number of columns, channels or features of a member: of what has a name."""
        return shape.n_channels(self.X, self.kind)

    @property
    def row_hashes(self) -> NDArray[np.uint64]:
        """The ``identity`` of each event, or else the hash of its features."""
        return row_hash(self.X) if self.identity is None else self.identity

    @cached_property
    def event_hashes(self) -> NDArray[np.uint64]:
        """Two hashes an event (n, 2), by which the ledger knows it: ``as_read``, ``identity``; copies numbered."""
        every = self.row_hashes if self.as_read is None else self.as_read
        return np.column_stack([told_apart(every), told_apart(self.row_hashes)])

    @property
    def group_hashes(self) -> NDArray[np.uint64] | None:
        """The ``group_identity`` of each event, or else the hash of its group's code; None without groups."""
        if self.groups is None or self.group_identity is not None:
            return self.group_identity
        return row_hash(self.groups[:, None])

    @property
    def cut_flow(self) -> list[dict[str, Any]]:
        """``{name, n, sum_w, efficiency, low, high}`` of the events read and of each cut (`fivesigma.data.cuts`)."""
        return documents(self.flow)

    @property
    def n_effective(self) -> float:
        """Kish's ``(Σw)² / Σw²``, the number of events of equal weight that are worth as much."""
        return float(self.n_samples) if self.w is None else float(self.w.sum() ** 2 / np.square(self.w).sum())

    @property
    def n_missing(self) -> int:
        """Number of missing values in ``X``."""
        return sum(int(column["n_missing"]) for column in self.statistics())

    @property
    def several(self) -> tuple[str, ...]:
        """The names of several targets; () of one, or none."""
        return self.targets if len(self.targets) > 1 else ()

    @property
    def target_in_dex(self) -> bool:
        """Whether the target is a decimal logarithm, so that its errors are in dex."""
        return len(self.targets) == 1 and expressions.is_decimal_logarithm(self.targets[0])

    def statistics(self) -> list[dict[str, Any]]:
        """Return ``{name, unit, min, max, mean, std, n_missing}`` for each column of ``X``.

        Over the values that are there, unweighted; None where there are none.

        >>> Dataset.from_arrays([[1.0], [3.0]]).statistics()[0]["mean"]
        2.0
        """
        return [dict(column) for column in self._statistics]

    @cached_property
    def _statistics(self) -> tuple[dict[str, Any], ...]:
        (low, high, mean, std, count), total = self._moments_by_name()
        return tuple(
            {
                "name": name,
                "unit": unit,
                "min": float(low[i]) if count[i] else None,
                "max": float(high[i]) if count[i] else None,
                "mean": float(mean[i]) if count[i] else None,
                "std": float(std[i]) if count[i] else None,
                "n_missing": int(total - count[i]),
            }
            for i, (name, unit) in enumerate(zip(self.names, self.units, strict=True))
        )

    def _moments_by_name(self) -> tuple[tuple[NDArray[Any], ...], int]:
        """Return min, max, mean, std and count of each column or channel, and how many values that has."""
        if self.kind == "table":
            return moments(self.X), self.n_samples
        channels = [shape.channel(self.X, i, self.kind, self.mask) for i in range(self.n_channels)]
        each = [moments(values[:, None]) for values in channels]
        return tuple(np.concatenate(parts) for parts in zip(*each, strict=True)), len(channels[0])

    @cached_property
    def sha256(self) -> str:
        """Hash of the content: values, names and classes, whatever the file format or the order in memory."""
        digest = hashlib.sha256()
        about = [self.X.shape, self.names, self.classes, sorted(self.categories.items()), self.task]
        about += [] if self.kind == "table" else [self.kind]
        about += [] if len(self.targets) < 2 else [self.targets]
        digest.update(json.dumps(about).encode())
        for part in (self.X, self.y, self.w, self.groups, *([] if self.mask is None else [self.mask])):
            digest.update(b"|")
            for rows in () if part is None else _row_blocks(part):
                digest.update(_canonical(part[rows]))  # type: ignore[index]
        return digest.hexdigest()

    @cached_property
    def audit(self) -> tuple[Note, ...]:
        """What was noticed, as (check, status ``ok`` or ``warning``, message)."""
        return (*self.notes, *((each.check, each.status, each.message) for each in audit(self)))

    def __repr__(self) -> str:
        of = f" of {', '.join(self.classes)}" if self.classes else f" of {self.target}" if self.target else ""
        of = of.replace(" of", " with the truth", 1) if self.task == "clustering" else of
        events, features = noun(self.n_samples, "event"), noun(self.n_features, "feature")
        return f"Dataset({self.n_samples} {events} x {self.n_features} {features}, {self.task}{of})"


def _as_given(X: ArrayLike) -> NDArray[Any]:
    """Return ``X`` as float64, or as the float32 that it is."""
    given = isinstance(X, np.ndarray) and X.dtype == np.float32 and X.ndim > 1 and X.size > 0
    return np.asarray(X) if given and not np.ma.isMaskedArray(X) else checks.as_table(X)


def _grouped(
    groups: ArrayLike | None, n: int, name: str | None
) -> tuple[NDArray[np.int64] | None, NDArray[np.uint64] | None]:
    return (None, None) if groups is None else group_codes(checks.as_column(groups, n, what="groups"), name)


def _width(X: NDArray[Any]) -> int:
    return int(np.prod(X.shape[1:]))


def _frozen(array: NDArray[Any] | None) -> NDArray[Any] | None:
    """Return a read-only view, so that the caller's own array stays as writable as it was."""
    if array is None:
        return None
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def _units(
    units: Sequence[str | None] | Mapping[str, str] | None, names: tuple[str, ...]
) -> tuple[str | None, ...]:
    if units is None:
        return (None,) * len(names)
    if isinstance(units, Mapping):
        return tuple(units.get(name) for name in names)
    return tuple(units)


def _row_blocks(values: NDArray[Any]) -> Iterator[slice]:
    """Yield slices of rows that hold at most `_BLOCK` values together, or one row."""
    step = max(_BLOCK // max(_width(values), 1), 1)
    return (slice(start, start + step) for start in range(0, len(values), step))


def _canonical(block: NDArray[Any]) -> memoryview:
    """Return the bytes of ``block`` in C order, little-endian, with one NaN and one zero."""
    values = np.ascontiguousarray(block)
    if values.dtype.kind == "f":
        values = values + np.float64(0.0)  # -0.0 is 0.0; what float32 holds is the same content
        absent = np.isnan(values)
        if absent.any():
            values[absent] = np.nan
    return values.astype(values.dtype.newbyteorder("<"), copy=False).data
