"""What a model makes of its columns, checked before anything is fitted."""

from __future__ import annotations

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.data.shape import incomplete
from fivesigma.features.plan import FeaturePlan
from fivesigma.features.reduction import steps_of
from fivesigma.models.spaces import Range, Space
from fivesigma.study.fit.saved import policy, seen_angles
from fivesigma.study.plan import Entry
from fivesigma.study.preparation.images import MEASURED, names_seen
from fivesigma.study.registry import monotone
from fivesigma.study.registry.registry import kind
from fivesigma.study.tasks.registry import task


def check(entry: Entry, data: Dataset, missing: str) -> None:
    """Raise `InputError` for steps, constraints or a grid that the model cannot have on these columns."""
    names = names_seen(entry, data) if entry.features is None else entry.features
    features = FeaturePlan(
        tuple(names),
        {name: labels for name, labels in data.categories.items() if name in names},
        missing=policy(missing, entry),
        interactions=entry.interactions,
        polynomial=entry.polynomial,
        reductions=steps_of(entry.reduce),
        kind="table" if entry.image else data.kind,
        angles=seen_angles(entry.kind, data.task, data.angles, names),
    )
    _check_events(entry, data)
    features.refuse_too_many()
    monotone.by_column(entry.params, features, entry.kind)
    if entry.path is not None and features.tuned:
        raise InputError(f"{entry.kind}: λ is chosen along a path, and nothing beside it; fix n in reduce.")
    if not task(data.task).supervised:
        _check_without_target(features)
    if entry.searched and entry.search == "grid":
        _check_grid(entry, features)


def _check_events(entry: Entry, data: Dataset) -> None:
    """Refuse events of a kind that the model does not take, or with gaps that nothing here can fill."""
    able = kind(entry.kind)
    if entry.image:
        return
    if data.kind not in able.data:
        measured = data.kind in MEASURED and "table" in able.data
        hint = 'set features.image = ["moments", …], or see' if measured else "see"
        raise InputError(
            f"{able.name!r} takes events of kind {' or '.join(able.data)}, and these are of kind '{data.kind}'; "
            f"{hint}: fivesigma models."
        )
    if data.kind == "table" or able.native_nan:
        return
    if n := int(incomplete(data.X, data.mask).sum()):
        raise InputError(
            f"{able.name!r} takes no missing values, and {n} of {data.n_samples} events ({data.kind}) hold one; set "
            'features.missing = "drop", or mend them.'
        )


def _check_without_target(features: FeaturePlan) -> None:
    for each in features.reductions:
        if each.selects or each.tuned:
            raise InputError(
                f"{each.kind}: a clustering has no target to choose columns by; use pca or nmf with a fixed n."
            )


def _check_grid(entry: Entry, features: FeaturePlan) -> None:
    """Refuse a grid that has more points than trials."""
    from fivesigma.models.search import grid_points

    space: dict[str, Space] = dict(kind(entry.kind).narrowed(entry.tune)) if entry.tune else {}
    space |= {f"{name}.n": Range(*span, integer=True) for name, span in features.tuned.items()}
    grid_points(space, entry.trials or 1)
