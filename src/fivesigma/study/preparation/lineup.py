"""The models of a study: those asked for, or those of the task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fivesigma._core.errors import InputError, StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.risk.metrics import metrics
from fivesigma.study.plan import N_SEEDS, Entry
from fivesigma.study.preparation import feature_checks
from fivesigma.study.preparation.given import settled
from fivesigma.study.preparation.images import check_names, image_families, n_measured
from fivesigma.study.preparation.members import check_declared, check_sets
from fivesigma.study.registry.kind import LARGE
from fivesigma.study.registry.path import apart, check_own_loss, settle
from fivesigma.study.registry.registry import default_lineup
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.models import ModelSection
from fivesigma.study.spec.section import DEFAULT_SEARCH, DEFAULT_TRIALS


def line_up(spec: Spec, data: Dataset, n_train: int) -> tuple[Entry, ...]:
    """Return the models asked for, or those of the task; the baseline is always among them, and first."""
    check_declared(spec, data)
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
    if model.file is not None:
        return Entry(model.name, kind_called(model.kind, data.task).name, given=settled(spec, model))
    try:
        kind = kind_called(model.kind, data.task)
        image = image_families(spec, data, kind, model.image)
        keys, params = apart(kind, model.path, model.params)
        kind.checked(params, data.task)
        path = settle(kind, keys, params)
        if data.y is not None:
            for settings in (path, params):
                check_own_loss(settings, data.y, classes=data.classes is not None)
        if model.tune is not False:
            kind.narrowed(model.tune, data.task)
        entry = replace(_resolved(spec, model, path, params), image=image)
        if model.features is not None:
            check_names(entry, data)
        feature_checks.check(entry, data, spec.features.missing)
        check_sets(spec, data, kind, entry)
    except InputError as error:
        raise StudyError(f"{spec.place}: {where}: {error}") from None
    return entry


def _resolved(
    spec: Spec, model: ModelSection, path: Mapping[str, Any] | None, params: Mapping[str, Any]
) -> Entry:
    """Return a model of the study file with what the sections of the study leave to it."""
    reduce = _steps(spec, model.kind) if model.reduce is None else model.reduce
    entry = Entry(
        model.name,
        model.kind,
        dict(params),
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
    found = default_lineup(
        data.task,
        n_train,
        data.n_features,
        n_classes,
        n_fits=_fits_expected(spec, n_train),
        data=data.kind,
        measured=n_measured(spec, data),
    )
    for each in found:
        entry = Entry(
            each.kind.name,
            each.kind.name,
            dict(each.params),
            interactions=spec.features.interactions,
            polynomial=spec.features.polynomial,
            skipped=each.skipped or each.kind.lacking,
            reduce=tuple(dict(step) for step in _steps(spec, each.kind.name)),
            image=image_families(spec, data, each.kind),
        )
        yield replace(entry, trials=DEFAULT_TRIALS) if entry.searched else entry


def _fits_expected(spec: Spec, n_train: int) -> int:
    """Return about how many fits a model of a line-up that nobody chose takes."""
    folds, again = spec.split.n_folds or 1, (spec.split.repeats or 1) - 1
    refits, found = spec.evaluate.refits, metrics().get(spec.evaluate.metric or "")
    own_cuts = found is not None and found.has_cut
    neighbours = 0 if n_train > LARGE else 2
    return 1 + (1 + neighbours + again) * folds + refits * (1 + folds * own_cuts) + min(N_SEEDS, refits)


def _baseline(spec: Spec, data: Dataset) -> Entry:
    try:
        kind = kind_called(spec.evaluate.baseline, data.task)
    except InputError as error:
        raise spec.error("evaluate.baseline", str(error)) from None
    if kind.given:
        raise spec.error(
            "evaluate.baseline", f"'{kind.name}' is a kind; name one of the models of that kind."
        )
    return Entry(kind.name, kind.name, skipped=kind.lacking)
