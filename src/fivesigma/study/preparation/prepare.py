"""From a study to what its fits need: the events read, divided first of all, the line-up resolved, the plan made.

Nothing is written here: whatever is wrong with the input is said before a run folder exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fivesigma._core.environment import versions
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.weights import signed
from fivesigma.data.dataset import Dataset
from fivesigma.risk.metrics import Metric, metrics, metrics_for
from fivesigma.risk.splits import Split
from fivesigma.risk.targets import over_targets
from fivesigma.study.analyses import analyses
from fivesigma.study.analyses.scan.points import check as check_scan
from fivesigma.study.plan import Entry, Plan
from fivesigma.study.preparation.events import read, without_missing
from fivesigma.study.preparation.given import check as check_given
from fivesigma.study.preparation.given import scores_of
from fivesigma.study.preparation.images import width
from fivesigma.study.preparation.lineup import line_up
from fivesigma.study.preparation.prevalence import class_fraction
from fivesigma.study.preparation.splitting import keyed, notes, split_of
from fivesigma.study.preparation.yields import weighed
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.spec.document import Spec
from fivesigma.study.tasks.registry import task

FOLDED = 6
"""Fits of a model whose λ is chosen by five folds."""


def primary_metric(spec: Spec, data: Dataset) -> tuple[Metric, tuple[Metric, ...]]:
    """Return the metric of the study and all that apply to its task."""
    n_classes = None if data.classes is None else len(data.classes)
    asked = task(data.task)
    also = spec.evaluate.also or ()
    able = metrics_for(
        asked.outputs, n_classes, truth=data.y is not None, asked=(*also, spec.evaluate.metric or "")
    )
    if data.several:
        able = _over_targets(spec, data, able)
    wanted = spec.evaluate.metric or able[0].name
    found = {metric.name: metric for metric in able}
    for name in (*also, wanted):
        if name not in found:
            key = "evaluate.metric" if name == wanted else "evaluate.also"
            raise spec.error(key, _unable(name, data, list(found), n_classes))
    _refuse_unsigned(spec, data, found[wanted])
    return found[wanted], able


def _unable(name: str, data: Dataset, names: list[str], n_classes: int | None) -> str:
    """Return why a metric is none of this study's, and which there are."""
    what = data.task if n_classes is None else f"{data.task} of {n_classes} classes"
    if not task(data.task).supervised:
        what = f"{data.task} without a truth (data.target)" if data.y is None else f"{data.task} with a truth"
    named = [*names, *(each.name for each in metrics().values() if each.on_request)]
    return f"'{name}' does not score a {what}; expected one of {', '.join(names)}.{did_you_mean(name, named)}"


def _refuse_unsigned(spec: Spec, data: Dataset, metric: Metric) -> None:
    """Raise `StudyError` where the primary metric has no value with the weights that there are."""
    if metric.unsigned and signed(data.w):
        raise spec.error(
            "evaluate.metric",
            f"'{metric.name}' takes no negative weights: {metric.unsigned}; choose another.",
        )


def _over_targets(spec: Spec, data: Dataset, able: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """Return the metrics that have a mean over the targets; `StudyError` where the primary one has none."""
    found, why = over_targets(able, data.target_units)
    names = [metric.name for metric in found]
    if spec.evaluate.metric in {metric.name for metric in able} - set(names):
        raise spec.error(
            "evaluate.metric",
            f"'{spec.evaluate.metric}' has no mean over the targets: {why}; expected one of {', '.join(names)}.",
        )
    return found


def plan_of(
    spec: Spec,
    data: Dataset,
    split: Split,
    entries: tuple[Entry, ...],
    metric: Metric,
    own: Mapping[str, Any],
) -> Plan:
    """Return the line-up, and what every task depends on."""
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
        "features": _said_of_features(spec),
        "training_weights": spec.data.training_weights,
        "own": {name: repr(estimator) for name, estimator in own.items()},
        "versions": versions(),
    }
    return Plan(shared | ({"angles": dict(data.angles)} if data.angles else {}), entries)


def _said_of_features(spec: Spec) -> dict[str, Any]:
    """Return what ``[features]`` says that fits depend on; what columns are made of is in the hash of the data,
    and which features of images a model gets is in its entry; symmetries are settled by their analysis."""
    made = {"fourvectors", "observables", "angles", "image", "symmetries"}
    later = {name for name in ("members", "momentum") if getattr(spec.features, name) is None}
    return spec.features.model_dump(mode="json", exclude=made | later)


def cost_of(entry: Entry, data: Dataset, n_train: int) -> float:
    """Return the seconds of one fit of a model, with the fits of its own search or path inside."""
    kind = kind_called(entry.kind)
    trials = 3 * (entry.trials or 1) if entry.searched else FOLDED if entry.path is not None else 1
    K = float(len(data.classes or ()) or 1) if task(data.task).supervised else 1.0
    return trials * kind.cost(float(n_train), float(width(entry, data)), K)


def with_analyses(prepared: Prepared) -> Prepared:
    """Return the study with what its analyses settle for every fit; raises what one of them cannot do."""
    shared = dict(prepared.plan.shared)
    for analysis in analyses().values():
        if analysis.check is not None:
            analysis.check(prepared)
        if analysis.settle is not None and (settled := analysis.settle(prepared)) is not None:
            shared[analysis.name] = dict(settled)
    return replace(prepared, plan=replace(prepared.plan, shared=shared))


def divided(spec: Spec, data: Dataset | None = None) -> tuple[Dataset, Split]:
    """Read and check the events, and divide them; raises what they cannot be."""
    events = keyed(spec, read(spec) if data is None else weighed(spec, data))
    if spec.features.missing == "drop":
        events = without_missing(events)
    _check_events(spec, events)
    task(events.task).check(spec, events)
    return events, split_of(spec, events)


def prepare(spec: Spec, data: Dataset | None = None, own: Mapping[str, Any] | None = None) -> Prepared:
    """Read, check and divide the events, resolve the line-up and list the fits.

    Raises
    ------
    InputError, StudyError, DataError
        For whatever the study, its file and its settings cannot be together.
    """
    check_scan(spec)
    events, split = divided(spec, data)
    asked = task(events.task)
    _check_own(spec, events, own or {})
    metric, metrics = primary_metric(spec, events)
    split = split.once() if metric.scores in asked.own else split  # no fold has a say in the primary score
    entries = line_up(spec, events, len(split.train))
    check_given(spec, split, metric)
    for entry in entries:
        if why := asked.unfit(events, entry, len(split.train)):
            raise spec.error("models", f"'{entry.name}': {why}")
    plan = plan_of(spec, events, split, entries, metric, own or {})
    costs = {entry.name: cost_of(entry, events, len(split.train)) for entry in entries}
    prepared = Prepared(
        spec,
        events,
        split,
        metric,
        metrics,
        spec.evaluate.baseline,
        plan,
        costs,
        tuple(notes(spec, split)),
        own or {},
    )
    given, fraction = (
        scores_of(spec, events, split, entries, prepared.n_classes),
        class_fraction(spec, events),
    )
    return with_analyses(replace(prepared, given=given, fraction=fraction))


def _check_own(spec: Spec, data: Dataset, own: Mapping[str, Any]) -> None:
    """Refuse an estimator given in Python that no recipe can hold, before anything is written."""
    if not own:
        return
    from fivesigma.features.plan import FeaturePlan
    from fivesigma.study.fit.recipe import build_user

    for name, estimator in own.items():
        try:
            build_user(estimator, features=FeaturePlan(data.names, kind=data.kind), task=data.task)
        except InputError as error:
            raise spec.error("models", f"'{name}': {error}") from None


def _check_events(spec: Spec, data: Dataset) -> None:
    if task(data.task).supervised != (spec.data.task is None or task(spec.data.task).supervised):
        raise spec.error(
            "data.task",
            f"the events are of a {data.task}, the study is of a {spec.data.task or 'target to learn'}; name the "
            'column to predict with data.target, or say task = "clustering".',
        )
    if data.n_features == 0:
        raise InputError(
            "no feature is left: every column has another role or is text; name some with data.features."
        )
