"""From a study to what its fits need: the events read, divided first of all, the line-up resolved, the plan made.

Nothing is written here: whatever is wrong with the input is said before a run folder exists.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.environment import versions
from fivesigma._core.errors import InputError, StudyError, did_you_mean
from fivesigma.data import tables
from fivesigma.data.assembly import INTERNAL
from fivesigma.data.dataset import Dataset
from fivesigma.data.roles import Roles
from fivesigma.risk.metrics import DEFAULT, Metric, metrics_for
from fivesigma.risk.splits import Split, make_split, row_hash
from fivesigma.study.analyses import path as paths
from fivesigma.study.analyses.curves import fits as curve_fits
from fivesigma.study.analyses.explain import settings as explaining
from fivesigma.study.analyses.scan.points import check as check_scan
from fivesigma.study.fit.data import Material
from fivesigma.study.plan import N_SEEDS, Entry, Fit, Plan, fits_of
from fivesigma.study.preparation import feature_checks
from fivesigma.study.registry.registry import default_lineup
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.sections import DEFAULT_SEARCH, DEFAULT_TRIALS, ModelSection, TestRows
from fivesigma.study.tasks import clustering_checks as clustering

MEMORY = "user: the arrays given to Study in Python"
"""What stands for the path of a table that was given in Python."""

FOLDED = 6
"""Fits of a model whose λ is chosen by five folds."""

PART = INTERNAL + "part"
"""Name of the column that says from which file a row came; no file can have it."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that is fixed before the first fit.

    Attributes
    ----------
    spec : the study, paths absolute.
    data : the events with a target.
    split : their division.
    metric : the primary metric; ``metrics`` : all that apply.
    baseline : the name of the model that the others are compared with, None where there is none to compare.
    plan : the fits.
    notes : audit entries beside those of the data.
    own : the user's own estimators by name.
    """

    spec: Spec
    data: Dataset
    split: Split
    metric: Metric
    metrics: tuple[Metric, ...]
    baseline: str
    plan: Plan
    notes: tuple[tuple[str, str, str], ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_classes(self) -> int | None:
        """Number of classes; None for a regression and a clustering."""
        learnt = self.data.task == "classification" and self.data.classes is not None
        return len(self.data.classes or ()) if learnt else None

    @property
    def material(self) -> Material:
        """The arrays that the fits share."""
        data, spec = self.data, self.spec
        y = np.full(data.n_samples, -1, dtype=np.int64) if data.y is None else data.y
        meta = {
            "names": list(data.names),
            "categories": {name: list(labels) for name, labels in data.categories.items()},
            "units": list(data.units),
            "classes": None if self.n_classes is None else list(data.classes or ()),
            "n_classes": self.n_classes,
            "task": data.task,
            "target": data.target,
            "data": data.sha256,
            "tests": list(self.split.tests),
            "missing": spec.features.missing,
            "standardise": spec.features.standardise,
            "training_weights": spec.data.training_weights,
            "grids": explaining.grids(spec, data, self.split),
        }
        split = self.split
        return Material(data.X, y, data.w, split.units, split.train, split.folds, split.tests, meta)


def read(spec: Spec) -> Dataset:
    """Read the table of a study, with the files of its given tests under it."""
    files = {"": [Path(path) for path in spec.paths()]} | {
        name: [Path(spec.absolute(rows.path))] for name, rows in _given(spec).items() if rows.path is not None
    }
    if spec.data.simulated is not None:
        return simulated(spec)
    missing = tuple(code for code in spec.data.missing if isinstance(code, str))
    parts = {name: tables.read_columns(paths, missing=missing) for name, paths in files.items()}
    for name, columns in parts.items():
        height = len(next(iter(columns.values()))) if columns else 0
        columns[PART] = np.full(height, name, dtype=object)
    source = ", ".join(path.name for path in files[""])
    one = next(iter(parts.values()))
    columns = (
        one
        if len(parts) == 1
        else tables.stacked(list(parts.values()), [paths[0] for paths in files.values()])
    )
    return Dataset.from_columns(columns, roles(spec), source=source)


def simulated(spec: Spec) -> Dataset:
    """Draw the events of a simulated source; what the study leaves open is as the system suggests."""
    from fivesigma.simulate.tables import draw, flat

    system = str(spec.data.simulated)
    if any(rows.path is not None for rows in _given(spec).values()):
        raise spec.error("split.test", "a simulated source has no second file; give a fraction or a column.")
    table = draw(system, n=spec.source.n, seed=spec.study.seed, settings=spec.source.settings)
    columns = flat(table.columns)
    asked = dataclasses.replace(
        roles(spec), extra_columns=tuple(c for c in roles(spec).extra_columns if c != PART)
    )
    suggested = dataclasses.replace(
        asked,
        target=asked.target or table.target,
        group=asked.group or table.group,
        features=asked.features or tuple(table.features) or None,
        units={name: unit for name, unit in table.units.items() if name in columns} | dict(asked.units or {}),
    )
    return Dataset.from_columns(columns, suggested, source=f"simulate:{system}")


def roles(spec: Spec) -> Roles:
    """Return what each column of the study's table is for."""
    data = spec.data
    asked = [rows.column for rows in _given(spec).values() if rows.column is not None]
    join = None if data.join is None else {"path": spec.absolute(data.join.path), "on": data.join.on}
    return Roles(
        target=data.target,
        task=data.task,
        features=data.features,
        spectators=data.spectators,
        classes=data.classes,
        weight=data.weight,
        group=data.group,
        select=data.select,
        missing=data.missing or None,
        units=data.units,
        join=join,
        expressions=spec.features.expressions,
        categorical=None if spec.features.categorical is None else True,
        extra_columns=tuple(dict.fromkeys([*asked, PART])),
    )


def _given(spec: Spec) -> Mapping[str, TestRows]:
    return spec.split.test if isinstance(spec.split.test, Mapping) else {}


def without_missing(data: Dataset) -> Dataset:
    """Return the events whose features are all there; how many went is noted."""
    whole = np.asarray(~np.isnan(data.X.reshape(data.n_samples, -1)).any(axis=1))
    if whole.all():
        return data
    if not whole.any():
        raise InputError(
            "features.missing = 'drop' leaves no row: each misses a feature; use 'impute' or 'native'."
        )
    note = ("missing", "ok", f"{int((~whole).sum())} of {len(whole)} rows miss a feature, and were dropped")
    return dataclasses.replace(data.take(whole), notes=(*data.notes, note))


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


def primary_metric(spec: Spec, data: Dataset) -> tuple[Metric, tuple[Metric, ...]]:
    """Return the metric of the study and all that apply to its task."""
    n_classes = None if data.classes is None else len(data.classes)
    able = metrics_for(data.task, n_classes)
    default = clustering.metric_of(data) if data.task == "clustering" else DEFAULT[data.task]
    wanted = spec.evaluate.metric or default
    for metric in able:
        if metric.name == wanted:
            return metric, able
    names = [metric.name for metric in able]
    what = data.task if n_classes is None else f"{data.task} of {n_classes} classes"
    if data.task == "clustering":
        what = "clustering without a truth (data.target)" if n_classes is None else "clustering with a truth"
    raise spec.error(
        "evaluate.metric", f"'{wanted}' does not score a {what}; expected one of {', '.join(names)}."
        f"{did_you_mean(wanted, names)}"
    )  # fmt: skip


def line_up(spec: Spec, data: Dataset, n_train: int) -> tuple[Entry, ...]:
    """Return the models asked for, or those of the task; the baseline is always among them, and first."""
    if spec.models:
        entries = tuple(_entry(spec, data, model, place) for place, model in enumerate(spec.models))
    else:
        entries = tuple(_default_entries(spec, data, n_train))
    found = next((entry for entry in entries if entry.name == spec.evaluate.baseline), None)
    if found is None:
        found = _baseline(spec, data)
        entries = (found, *entries)
    if found.skipped:
        raise spec.error("evaluate.baseline", f"'{found.name}' cannot be fitted: {found.skipped}.")
    return entries


def _entry(spec: Spec, data: Dataset, model: ModelSection, place: int) -> Entry:
    """Return a model of the study file, checked against its kind and the columns."""
    where = f"models[{place}]"
    try:
        kind = kind_called(model.kind, data.task)
        kind.checked(model.params)
        path = paths.settle(kind, model.path, model.params)
        if data.y is not None:
            paths.check_own_loss(path, data.y)
        if model.tune is not False:
            kind.narrowed(model.tune)
        if model.features is not None:
            data.positions(model.features)
        entry = _resolved(spec, model, path)
        feature_checks.check(entry, data, spec.features.missing)
    except InputError as error:
        raise StudyError(f"{spec.place}: {where}: {error}") from None
    return entry


def _resolved(spec: Spec, model: ModelSection, path: Mapping[str, Any] | None) -> Entry:
    """Return a model of the study file with what the sections of the study leave to it."""
    reduce = _steps(spec, model.kind) if model.reduce is None else model.reduce
    entry = Entry(
        model.name,
        model.kind,
        dict(model.params),
        model.features,
        model.interactions or spec.features.interactions,
        model.polynomial or spec.features.polynomial,
        _plain(model.tune),
        path=path,
        search=model.search or DEFAULT_SEARCH,
        reduce=tuple(dict(each) for each in reduce),
        skipped=kind_called(model.kind).lacking,
    )
    return replace(entry, trials=model.trials or DEFAULT_TRIALS) if entry.searched else entry


def _steps(spec: Spec, kind: str) -> tuple[Mapping[str, Any], ...]:
    """Return the feature steps of the study for a model of ``kind``; the dummy sees no column anyway."""
    return () if kind == "dummy" else spec.features.reduce


def _plain(tune: Any) -> Any:
    return {name: list(values) for name, values in tune.items()} if isinstance(tune, Mapping) else bool(tune)


def _default_entries(spec: Spec, data: Dataset, n_train: int) -> Iterator[Entry]:
    n_classes = None if data.classes is None else len(data.classes)
    for each in default_lineup(data.task, n_train, data.n_features, n_classes, n_fits=_fits_expected(spec)):
        entry = Entry(
            each.kind.name,
            each.kind.name,
            interactions=spec.features.interactions,
            polynomial=spec.features.polynomial,
            skipped=each.skipped or each.kind.lacking,
            reduce=tuple(dict(step) for step in _steps(spec, each.kind.name)),
        )
        yield replace(entry, trials=DEFAULT_TRIALS) if entry.searched else entry


def _fits_expected(spec: Spec) -> int:
    """Return about how many fits a model of the study takes."""
    return 1 + 3 * (spec.split.folds or 1) + spec.evaluate.refits + min(N_SEEDS, spec.evaluate.refits)


def _baseline(spec: Spec, data: Dataset) -> Entry:
    try:
        kind = kind_called(spec.evaluate.baseline, data.task)
    except InputError as error:
        raise spec.error("evaluate.baseline", str(error)) from None
    return Entry(kind.name, kind.name, skipped=kind.lacking)


def plan_of(
    spec: Spec,
    data: Dataset,
    split: Split,
    entries: tuple[Entry, ...],
    metric: Metric,
    own: Mapping[str, Any],
) -> Plan:
    """Return all fits of the study, each named by what it depends on."""
    for entry in entries:
        if entry.kind == "own" and entry.name not in own:
            raise spec.error(
                "models", f"'{entry.name}' was an estimator given in Python; run this study from there."
            )
    shared = {
        "data": data.sha256,
        "split": split.sha256,
        "duplicates": spec.split.duplicates,
        "task": data.task,
        "metric": metric.name,
        "seed": spec.study.seed,
        "features": spec.features.model_dump(mode="json"),
        "training_weights": spec.data.training_weights,
        "own": {name: repr(estimator) for name, estimator in own.items()},
        "versions": versions(),
    }
    curve_fits.check_models(spec, entries)
    if (asked := explaining.settle(spec, data, split, entries)) is not None:
        shared["explain"] = asked
    return Plan.of(
        shared, entries, [fit for entry in entries for fit in _fits(spec, data, split, entry, own)]
    )


def _clustering_fits(data: Dataset, split: Split, entry: Entry, own: Mapping[str, Any]) -> Iterator[Fit]:
    """Yield the final fit, and those of the folds where there is a density to judge by."""
    kind = kind_called(entry.kind)
    density = kind.density or hasattr(own.get(entry.name), "score_samples")
    yield from fits_of(
        entry,
        folds=split.n_folds if density else 0,
        refits=0,
        stochastic=False,
        probes={},
        cost=kind.cost(float(len(split.train)), float(data.n_features), 1.0),
    )


def _fits(spec: Spec, data: Dataset, split: Split, entry: Entry, own: Mapping[str, Any]) -> Iterator[Fit]:
    if entry.skipped:
        return
    kind = kind_called(entry.kind)
    if data.task == "clustering":
        yield from _clustering_fits(data, split, entry, own)
        return
    probes = kind.probes(entry.params) if not entry.searched and entry.path is None else None
    neighbours = {} if probes is None else {"less": probes.less, "more": probes.more}
    trials = 3 * (entry.trials or 1) if entry.searched else FOLDED if entry.path is not None else 1
    n, p, K = float(len(split.train)), float(data.n_features), float(len(data.classes or ()) or 1)
    cost = trials * kind.cost(n, p, K)
    yield from curve_fits.fits_of_curves(spec, entry, kind, split, cost)
    yield from fits_of(
        entry,
        folds=split.n_folds,
        refits=spec.evaluate.refits if split.tests else 0,
        stochastic=kind.stochastic,
        probes={name: dict(overrides) for name, overrides in neighbours.items() if overrides},
        cost=cost,
    )


def prepare(spec: Spec, data: Dataset | None = None, own: Mapping[str, Any] | None = None) -> Prepared:
    """Read, check and divide the events, resolve the line-up and list the fits.

    Raises
    ------
    InputError, StudyError, DataError
        For whatever the study, its file and its settings cannot be together.
    """
    check_scan(spec)
    events = read(spec) if data is None else data
    if spec.features.missing == "drop":
        events = without_missing(events)
    _check_events(spec, events)
    if events.task == "clustering":
        clustering.check_study(spec)
        clustering.check_events(spec, events)
    _check_own(spec, events, own or {})
    metric, metrics = primary_metric(spec, events)
    split = split_of(spec, events)
    entries = line_up(spec, events, len(split.train))
    if events.task == "clustering":
        clustering.check_entries(spec, events, entries, len(split.train))
    notes = _notes(split)
    plan = plan_of(spec, events, split, entries, metric, own or {})
    return Prepared(spec, events, split, metric, metrics, spec.evaluate.baseline, plan, notes, own or {})


def _check_own(spec: Spec, data: Dataset, own: Mapping[str, Any]) -> None:
    """Refuse an estimator given in Python that no recipe can hold, before anything is written."""
    from fivesigma.features.plan import FeaturePlan
    from fivesigma.study.fit.recipe import build_user

    for name, estimator in own.items():
        try:
            build_user(estimator, features=FeaturePlan(data.names), task=data.task)
        except InputError as error:
            raise spec.error("models", f"'{name}': {error}") from None


def _check_events(spec: Spec, data: Dataset) -> None:
    if data.X.ndim != 2:
        raise InputError(
            f"events of shape {data.X.shape[1:]} are not in this version; give a table, one row an event."
        )
    if (data.task == "clustering") != (spec.data.task == "clustering"):
        raise spec.error(
            "data.task",
            f"the events are of a {data.task}, the study is of a {spec.data.task or 'target to learn'}; name the "
            'column to predict with data.target, or say task = "clustering".',
        )
    if data.n_features == 0:
        raise InputError(
            "no feature is left: every column has another role or is text; name some with data.features."
        )
    if data.task == "regression" and data.y is not None and float(np.ptp(data.y)) == 0.0:
        raise InputError(f"the target {data.target!r} is constant ({data.y[0]}); there is nothing to learn.")


def _notes(split: Split) -> tuple[tuple[str, str, str], ...]:
    notes: list[tuple[str, str, str]] = []
    if split.overlap:
        notes.append(("overlap", "warning", f"{split.overlap} training rows equal a test row"))
    if split.left_out:
        message = (
            f"{split.left_out} rows are left out of training, because they equal a row of a given test or share "
            "its group"
        )
        notes.append(("overlap", "warning", message))
    return tuple(notes)
