"""``fivesigma.read``: from a file to a `Dataset`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.data import frames, tables
from fivesigma.data.dataset import Dataset
from fivesigma.data.readers import all_readers
from fivesigma.data.roles import Roles
from fivesigma.data.sources import CLASS, GROUP, Paths, Sources
from fivesigma.data.stack import window

_ROLES = frozenset(each.name for each in dataclasses.fields(Roles))


def read(  # noqa: PLR0913 keywords of a public function
    path: Paths | Mapping[str, Paths] | Any,
    *,
    target: str | Sequence[str] | None = None,
    task: str | None = None,
    features: Sequence[str] | None = None,
    spectators: Sequence[str] = (),
    classes: Sequence[object] | None = None,
    weight: str | None = None,
    group: str | Mapping[str, str] | None = None,
    select: str | None = None,
    missing: float | str | Sequence[float | str] | None = None,
    units: Mapping[str, str] | None = None,
    join: Mapping[str, Any] | None = None,
    expressions: Mapping[str, str] | None = None,
    categorical: bool | Sequence[str] | None = None,
    extra_columns: Sequence[str] = (),
    objects: Mapping[str, Mapping[str, Any]] | None = None,
    fourvectors: Mapping[str, Sequence[str]] | None = None,
    observables: Sequence[str] = (),
    angles: Sequence[str] = (),
    cuts: Mapping[str, str] | None = None,
    rows: Sequence[int] | None = None,
    fraction: float | None = None,
    format: str | None = None,
    **format_options: Any,
) -> Dataset:
    """Read a table from a file (CSV, also gzipped; Parquet; NPZ), several files or a glob.

    Parameters
    ----------
    path : path, glob, folder, list of these; mapping of each class to one; or a pandas, polars or arrow table
        Several files are read one after the other and have the same columns. The folders of a partitioned table, such
        as ``year=2012``, are columns. Of files by class the target is the column ``class``, the last one the signal.
    target : column or expression, such as ``"log10(M_500)"``; a list of several for a regression of several outputs;
        None for clustering
    task : ``"classification"``, ``"regression"`` or ``"clustering"``; inferred from the target if not given
    features : names of columns; default: every numeric column that has no other role
    spectators : names of columns that no model sees, kept as they are
    classes : class labels to keep, in order, the last is the signal; default: all, sorted
    weight : column or expression, finite and not negative
    group : column whose equal values never straddle a split; or ``{"path": PATTERN}``, a regular expression whose one
        part in brackets is the group of all rows of a file, found in its path
    select : condition that a row must fulfil, such as ``"n_jet >= 2 and met > 30"``
    missing : code or codes that mean a missing value, such as ``-999``
    units : mapping of column to unit; they come before those that the files say themselves
    join : ``{"path": FILE, "on": KEY}``, a second table looked up by a key
    expressions : mapping of new column to expression; these are features
    categorical : True, or the names of text columns that may be features
    extra_columns : names of columns to carry along, for a split
    objects : mapping of a name to rules, of lists of each event: ``{"muon": {"prefix": "Muon_", "momentum": ["pt",
        "eta", "phi", "mass"], "select": "pt > 10"}}`` (docs/kinematics.md)
    fourvectors : mapping of a name to columns, such as ``{"l0": ["lep0_pt", "lep0_eta", "lep0_phi", "lep0_E"]}``
    observables : features computed of these, each named by its expression, such as ``"mass(l0 + l1)"``
    angles : columns that are angles, in rad or deg; they are wrapped
    cuts : mapping of a name to a condition, in order; `Dataset.cut_flow` counts them
    rows : ``[FIRST, STOP]``, the rows of the input from one to before another, counted from 0
    fraction : part of the rows to read, such as 0.1: drawn by a hash of all that a row holds, so that it is the same
        rows in every study, and copies of a row come together
    format : name of the format, where the suffix does not say it
    format_options : options of the format, such as ``separator`` of CSV

    Raises
    ------
    DataError
        If a file is absent, damaged, or of no known format.
    InputError
        If columns, roles and values do not fit together; the message says what and what to do.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "events.csv"
    >>> _ = file.write_text("pt,eta,kind\\n31.5,0.1,s\\n12.0,NA,b\\n45.1,-1.2,s\\n20.2,2.0,b\\n")
    >>> data = read(file, target="kind", units={"pt": "GeV"})
    >>> data.names, data.classes, data.n_missing
    (('pt', 'eta'), ('b', 's'), 1)
    """
    roles = _roles(locals())
    _refuse_unknown(format_options)
    if frames.is_frame(path):
        return _of_frame(path, roles, rows, [*format_options, *filter(None, [format])], group)
    sources, target, classes = _of_classes(path, target, classes)
    sources, group = _grouped(sources, group)
    roles = dataclasses.replace(roles, target=target, classes=classes, group=group)
    return _opened(sources, roles, rows, format, format_options, str(path) if isinstance(path, str) else "")


def _roles(said: Mapping[str, Any]) -> Roles:
    """Return the roles among what `read` was asked; a group that is in the path is none of a column."""
    given = {name: value for name, value in said.items() if name in _ROLES}
    given |= {name: said[name] or {} for name in ("objects", "fourvectors", "cuts")}
    return Roles(**given | {"group": None if isinstance(said["group"], Mapping) else said["group"]})


def _of_frame(
    frame: Any, roles: Roles, rows: Sequence[int] | None, words: Sequence[str], group: object
) -> Dataset:
    """Return the Dataset of a dataframe, of which there is no file to be read or to name a group."""
    if words or isinstance(group, Mapping):
        said = words[0] if words else "group = {path = …}"
        raise InputError(f"{said!r} is of files, and a table was given; leave it out.")
    known = dataclasses.replace(
        roles, read_units=tables.agreed(tables.said_beside(_beside(roles)), roles.units)
    )
    return Dataset.from_table(window(frames.opened(frame), rows), known, source="the table")


def _beside(roles: Roles) -> list[Any]:
    return [roles.join["path"]] if roles.join and {"path", "on"} <= set(roles.join) else []


def _opened(
    sources: Sources,
    roles: Roles,
    rows: Sequence[int] | None,
    format: str | None,
    options: Mapping[str, Any],
    called: str,
) -> Dataset:
    with tables.opened(sources, format=format, missing=roles.words, **options) as table:
        own = tables.units_said(table, beside=_beside(roles), given=roles.units)
        known = dataclasses.replace(roles, read_units=own)
        source = called or ", ".join(str(file) for file in table.files)
        return Dataset.from_table(window(table, rows), known, source=source)


def _of_classes(path: Any, target: Any, classes: Any) -> tuple[Sources, Any, Any]:
    """Return the files with target and classes, which files by class say themselves."""
    if not isinstance(path, Mapping):
        return Sources.of(path), target, classes
    _refuse_target(target)
    return Sources.by_class(path), CLASS, list(path) if classes is None else classes


def _grouped(sources: Sources, group: str | Mapping[str, str] | None) -> tuple[Sources, str | None]:
    """Return the files with the column of the groups, which a path may say."""
    return (sources.grouped(_pattern(group)), GROUP) if isinstance(group, Mapping) else (sources, group)


def _refuse_target(target: object) -> None:
    if target not in (None, CLASS):
        raise InputError(
            f"target = {target!r} is given, and the files say the class of each row; give one of the two."
        )


def _pattern(group: Mapping[str, str]) -> str:
    if set(group) != {"path"} or not isinstance(group["path"], str):
        raise InputError(f'group = {dict(group)} is no group; expected a column, or {{"path": PATTERN}}.')
    return group["path"]


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    """Refuse a word that is an option of no format, with the role it may have been meant for."""
    known = {option for reader in all_readers() for option in reader.options}
    roles = [field.name for field in dataclasses.fields(Roles)]
    for word in options:
        if word not in known:
            hint = did_you_mean(word, [*roles, *sorted(known)])
            raise InputError(f"{word!r} is neither a role of a column nor an option of a format.{hint}")
