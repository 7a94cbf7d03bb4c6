"""The events of a study: read, drawn or given."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack

import numpy as np

from fivesigma._core.errors import InputError
from fivesigma._core.random import random_state
from fivesigma.data import readers, tables
from fivesigma.data.dataset import Dataset
from fivesigma.data.generated import Generated
from fivesigma.data.roles import Roles
from fivesigma.data.shape import incomplete
from fivesigma.data.sources import GROUP, Sources
from fivesigma.data.stack import INTERNAL, Stack, window
from fivesigma.simulate.system import Table
from fivesigma.study.preparation.yields import of_files, weighed
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.files import PathGroup
from fivesigma.study.spec.objects import rules_of
from fivesigma.study.spec.split import FoldColumn, TestRows
from fivesigma.study.tasks.registry import task as task_called

PART = INTERNAL + "part"
"""Name of the column that says to which given test a row belongs, "" to none; no file can have it."""
FILE = INTERNAL + "file"
"""Name of the column that numbers the file from which a row came."""


def read(spec: Spec) -> Dataset:
    """Return the events of a study, as its task learns from them."""
    events, files = (simulated(spec), None) if spec.data.simulated is not None else read_files(spec)
    task = spec.data.task or events.task
    events = events if events.task == task else dataclasses.replace(events, task=task)
    return weighed(spec, events, files)


def read_files(spec: Spec) -> tuple[Dataset, Generated | None]:
    """Read the table of a study, with the files of its given tests under it; and what the files hold of each sample."""
    files = {"": spec.sources()} | {
        name: Sources.of(spec.absolute(rows.path))
        for name, rows in _given(spec).items()
        if rows.path is not None
    }
    beside = [spec.absolute(spec.data.join.path)] if spec.data.join is not None else []
    with ExitStack() as held:
        parts = [held.enter_context(_opened(spec, name, sources)) for name, sources in files.items()]
        said = [tables.units_said(part, given=spec.data.units) for part in parts]
        every = [*zip((sources.files[0] for sources in files.values()), said, strict=True)]
        units = tables.agreed([*every, *tables.said_beside(beside)], spec.data.units)
        known = dataclasses.replace(roles(spec), read_units=units)
        first = window(parts[0], spec.data.rows)
        whole = Stack([first, *parts[1:]], [part.files[0] for part in parts])
        events = Dataset.from_table(whole, known, source=", ".join(path.name for path in files[""].files))
        return events, of_files(spec, parts, whole.parts)


def _opened(spec: Spec, part: str, sources: Sources) -> AbstractContextManager[Stack]:
    """Open files with the options of the study, those of their format; number them, and say of which part they are."""
    words = tuple(code for code in spec.data.missing if isinstance(code, str))
    format = tables.format_of(sources.files, spec.data.format, spec.paths())
    options = readers.taken(readers.reader_for(sources.files[0], format), spec.data.options)
    n = len(sources.files)
    if isinstance(spec.data.group, PathGroup):
        sources = sources.grouped(spec.data.group.path)
    return tables.opened(
        sources.marked({PART: [part] * n, FILE: range(n)}), format=format, missing=words, **options
    )


def simulated(spec: Spec) -> Dataset:
    """Draw the events of a simulated source; what the study leaves open is as the system suggests."""
    from fivesigma.simulate.tables import flat, flat_units

    system = str(spec.data.simulated)
    if any(rows.path is not None for rows in _given(spec).values()):
        raise spec.error("split.test", "a simulated source has no second file; give a fraction or a column.")
    if isinstance(spec.data.group, PathGroup):
        raise spec.error("data.group", "a simulated source has no path to take it from; name a column.")
    table = drawn(spec, system)
    whole = [name for name in spec.data.features or () if name in table.columns]
    columns = flat(table.columns, whole)
    absent = {PART, FILE} - set(columns)
    asked = dataclasses.replace(
        roles(spec), extra_columns=tuple(c for c in roles(spec).extra_columns if c not in absent)
    )
    suggested = dataclasses.replace(
        asked,
        target=asked.target or table.target,
        group=asked.group or table.group,
        features=asked.features or tuple(table.features) or None,
        read_units=flat_units(table, whole),
    )
    return Dataset.from_columns(columns, suggested, source=f"simulate:{system}")


def drawn(spec: Spec, system: str) -> Table:
    """Draw a simulated source, and under it the test sets that have a source of their own, each with its own stream."""
    from fivesigma.simulate.system import concatenate
    from fivesigma.simulate.tables import draw

    source, seed = spec.source, spec.study.seed
    own = {name: rows.source for name, rows in _given(spec).items() if rows.source is not None}
    if not own:
        return draw(system, n=source.n, seed=seed, settings=source.settings)
    parts = {"": draw(system, n=source.n, seed=seed, settings=source.settings)}
    for name, other in own.items():
        stream, settings = random_state(seed, "test source", name), source.settings | other.settings
        try:
            parts[name] = draw(system, n=other.n or source.n, seed=stream, settings=settings)
        except InputError as error:
            raise spec.error(f"split.test.{name}.source", str(error)) from None
        _refuse_other_columns(spec, name, parts[""], parts[name])
    return concatenate([_of_part(part, name) for name, part in parts.items()])


def _of_part(table: Table, name: str) -> Table:
    """Return a table whose rows say to which given test they belong."""
    part = np.full(len(table), name, dtype=object)
    return dataclasses.replace(table, columns={**table.columns, PART: part})


def _refuse_other_columns(spec: Spec, name: str, table: Table, other: Table) -> None:
    """Raise `StudyError` where events of another source have other columns, or images of another size."""
    shapes = [{key: column.shape[1:] for key, column in each.columns.items()} for each in (table, other)]
    odd = [key for key in {**shapes[0], **shapes[1]} if shapes[0].get(key) != shapes[1].get(key)]
    if odd:
        was, now = (f"of shape {each[odd[0]]}" if odd[0] in each else "absent" for each in shapes)
        raise spec.error(
            f"split.test.{name}.source",
            f"'{odd[0]}' is {now} in the test and {was} in [source]; give settings that leave the columns as they are.",
        )


def roles(spec: Spec) -> Roles:
    """Return what each column of the study's table is for."""
    data = spec.data
    asked = [rows.column for rows in _given(spec).values() if rows.column is not None]
    asked += [name for name in (spec.split.time, spec.split.key, fold_column(spec)) if name is not None]
    asked += [model.on for model in spec.models if model.on is not None]
    asked += [] if spec.crossing is None else [spec.crossing.over]
    if spec.weights is not None:
        asked += [*spec.weights.alternatives, *filter(None, [spec.weights.column])]
    join = None
    if data.join is not None:
        join = {"path": spec.absolute(data.join.path), "on": data.join.on, **data.join.options}
    return Roles(
        target=data.target,
        task=None if data.task is None else task_called(data.task).reads,
        features=data.features,
        spectators=data.spectators,
        classes=data.classes,
        weight=data.weight,
        group=GROUP if isinstance(data.group, PathGroup) else data.group,
        select=data.select,
        missing=data.missing or None,
        units=data.units,
        join=join,
        expressions=spec.features.expressions,
        categorical=None if spec.features.categorical is None else True,
        extra_columns=tuple(dict.fromkeys([*asked, PART, FILE])),
        carried=tuple(spec.evaluate.slices),
        objects=rules_of(spec.objects),
        fourvectors=spec.features.fourvectors or {},
        observables=spec.features.observables or (),
        angles=spec.features.angles or (),
        cuts=spec.cuts or {},
        fraction=data.fraction,
    )


def _given(spec: Spec) -> Mapping[str, TestRows]:
    return spec.split.test if isinstance(spec.split.test, Mapping) else {}


def fold_column(spec: Spec) -> str | None:
    """Return the column whose values are the folds; None where folds are a number."""
    return spec.split.folds.column if isinstance(spec.split.folds, FoldColumn) else None


def without_missing(data: Dataset) -> Dataset:
    """Return the events whose features are all there; how many went is noted."""
    whole = ~incomplete(data.X, data.mask)
    if whole.all():
        return data
    if not whole.any():
        raise InputError(
            "features.missing = 'drop' leaves no row: each misses a feature; use 'impute' or 'native'."
        )
    note = ("missing", "ok", f"{int((~whole).sum())} of {len(whole)} rows miss a feature, and were dropped")
    return dataclasses.replace(data.take(whole), notes=(*data.notes, note))
