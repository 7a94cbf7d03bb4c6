"""Impurity, Shapley values and effects of a fold's fit, in the columns that the user knows.

A model may see columns made of others: what one-hot columns and indicators carry belongs to their source, what a
product of two carries is shared evenly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import FivesigmaError, InputError
from fivesigma.explain.effects import partial_dependence
from fivesigma.explain.importance import impurity_importance, permutation_importance
from fivesigma.explain.integrated import integrated_gradients
from fivesigma.explain.shapley import ShapleyValues, shapley_values
from fivesigma.record.document import tuples
from fivesigma.record.sections.explained import Effect, Effects, ShapleyPoints
from fivesigma.study.analyses.explain.importance import Held, Part, errors, label, positions
from fivesigma.study.fit.inside import model_of, pipeline_of

Array = NDArray[Any]
Gapped = tuple[float | None, ...]
Groups = tuple[tuple[int, ...], ...]
N_SHAPLEY = 100
"""Held-out rows of each fold whose predictions are divided up."""
N_CURVES = 50
"""Held-out rows of each fold whose single curves are drawn."""
_KEPT = 25  # columns of a fold of which single values are kept
_SHOWN = 8  # columns of a model of which they go into the record
_POINTS = 250  # rows in the record
_POWERS = "²³⁴⁵⁶⁷⁸⁹⁰¹"


def shares(pipeline: Any, names: Sequence[str]) -> Array:
    """Return (p', p): which part of each column the model sees belongs to each column of the table."""
    steps = pipeline[:-1] if len(pipeline.steps) > 1 else None
    made = list(names) if steps is None else [str(n) for n in steps.get_feature_names_out(list(names))]
    place = {name: j for j, name in enumerate(names)}
    out = np.zeros((len(made), len(names)))
    for i, name in enumerate(made):
        sources = _sources(name, place)
        for source in sources:
            out[i, place[source]] += 1 / len(sources)
    return out


def _sources(name: str, place: Mapping[str, int]) -> list[str]:
    """Return the columns that a column was made of."""
    if name in place:
        return [name]
    for single in (name.removesuffix(" missing"), name.rstrip(_POWERS)):
        if (source := _angle(single, place)) in place:
            return [source]
    for at in (i for i in range(len(name)) if name.startswith(" × ", i)):
        pair = [_angle(name[:at], place), _angle(name[at + 3 :], place)]
        if all(each in place for each in pair):
            return pair
    for at in (i for i, letter in enumerate(name) if letter == "="):
        if name[:at] in place:
            return [name[:at]]
    raise InputError(f"{name!r} is made of none of the columns; its importance belongs nowhere.")


def _angle(name: str, place: Mapping[str, int]) -> str:
    """Return the angle of which a column is the sine or cosine; another column's own name."""
    waves = [name.removeprefix(wave).removesuffix(")") for wave in ("sin(", "cos(") if name.startswith(wave)]
    return waves[0] if name not in place and waves else name


def _together(values: Array, groups: Groups) -> Array:
    """Sum columns (..., p) over groups: (..., G)."""
    return np.stack([values[..., list(group)].sum(axis=-1) for group in groups], axis=-1)


def impurity(estimator: Any, held: Held, groups: Groups, rng: np.random.Generator) -> dict[str, Any]:
    """Return the shares of the decrease of impurity (of XGBoost: of the gain), over the rows fitted to."""
    from fivesigma.features.columns import present

    pipeline = pipeline_of(estimator)
    model, share = pipeline.steps[-1][1], shares(pipeline, held.names)
    about: dict[str, Any] = {"n_held": len(held.y), "method": "decrease of impurity, rows fitted to"}
    if callable(getattr(model, "gain", None)):
        gain = np.asarray(model.gain())
        about["method"] = "gain, rows fitted to"
        return about | {"mean": _together(gain @ share, groups).tolist()}
    X, y, w = held.fitted
    if w is not None:
        w, X, y, _ = present(w, X, y, None)
    table = pipeline[:-1].transform(X) if len(pipeline.steps) > 1 else X
    found = impurity_importance(model, table, y, sample_weight=w)
    about["method"] = found.method.replace("training rows", "rows fitted to")
    about["mean"] = _together(found.mean @ share, groups).tolist()
    if found.out_of_bag is not None:
        about["out_of_bag"] = _together(found.out_of_bag @ share, groups).tolist()
    return about


def shap(estimator: Any, held: Held, groups: Groups, rng: np.random.Generator) -> dict[str, Any]:
    """Return the weighted mean absolute Shapley value of each group, and single ones of the largest."""
    X, w = held.sample(N_SHAPLEY, rng)
    pipeline = pipeline_of(estimator)
    table = pipeline[:-1].transform(X) if len(pipeline.steps) > 1 else X
    found: ShapleyValues = shapley_values(pipeline.steps[-1][1], table)
    values = _together(found.values @ shares(pipeline, held.names), groups)
    mean = np.average(np.abs(values), axis=0, weights=w)
    kept = np.sort(np.argsort(-mean, kind="stable")[:_KEPT])
    return {
        "mean": mean.tolist(),
        "n_held": len(held.y),
        "scale": found.scale,
        "method": "mean absolute Shapley value, held-out rows",
        "kept": kept.tolist(),
        "values": _digits(values[:, kept]),
        "columns": _digits(np.stack([X[:, groups[g][0]] for g in kept], axis=1)),
    }


def integrated(estimator: Any, held: Held, groups: Groups, rng: np.random.Generator) -> dict[str, Any]:
    """Return the weighted mean absolute integrated gradient of each group, and how far the parts miss their sum."""
    from fivesigma.models.neural.slopes import ScoreSlopes

    X, w = held.sample(N_SHAPLEY, rng)
    pipeline = pipeline_of(estimator)
    score = ScoreSlopes(model_of(estimator))
    Z = score.inputs(pipeline[:-1].transform(X) if len(pipeline) > 1 else X)
    found = integrated_gradients(score, Z, np.zeros(Z.shape[1]))
    values = _together(found.values @ shares(pipeline, held.names), groups)
    return {
        "mean": np.average(np.abs(values), axis=0, weights=w).tolist(),
        "n_held": len(held.y),
        "scale": score.scale,
        "method": "mean absolute integrated gradient from the mean of the rows fitted to, held-out rows",
        "residual": float(found.residual.max() / (np.abs(found.values.sum(axis=1)).max() or 1.0)),
    }


def effects(estimator: Any, held: Held, groups: Groups, rng: np.random.Generator) -> dict[str, Any]:
    """Return partial dependence and single curves of the columns that have a grid."""
    X, w = held.sample(N_CURVES, rng)
    found = {}
    for j, name in enumerate(held.names):
        if name in held.grids:
            effect = partial_dependence(estimator, X, j, grid=held.grids[name], sample_weight=w)
            found[name] = {"mean": effect.mean.tolist(), "curves": _digits(effect.curves)}
    return {"effects": found, "n_held": len(held.y)}


Measure = Callable[[Any, Held, Groups, np.random.Generator], dict[str, Any]]
MEASURES: Mapping[str, Measure] = {
    "impurity": impurity,
    "shap": shap,
    "integrated_gradients": integrated,
    "effects": effects,
}


def of_fold(
    estimator: Any, held: Held, asked: Part, *, metric: str, rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    """Return what was ``asked`` of a fold's fit, by method, as JSON's own types.

    Each part has ``mean`` (G,) of the columns or groups of columns, or a ``message`` that says why there is none.
    """
    classes = getattr(estimator, "classes_", None)
    wanted = [name for name in ("permutation", *MEASURES) if asked.get(name)]
    if classes is not None and not np.isin(held.y, classes).all():
        why = "a class came up in a fold that its fit had not seen"
        return {name: {"message": why} for name in wanted}
    groups = positions(held.names, asked.get("groups"))
    found: dict[str, dict[str, Any]] = {}
    for name in wanted:
        try:
            if name == "permutation":
                found[name] = _permuted(estimator, held, int(asked[name]), metric, groups, rng)
            else:
                found[name] = MEASURES[name](estimator, held, groups, rng.spawn(1)[0])
        except (FivesigmaError, ValueError, ArithmeticError, RuntimeError, LookupError) as reason:
            found[name] = {"message": str(reason)}  # the model stands, whatever cannot be said of it
    return found


def _permuted(
    estimator: Any,
    held: Held,
    n_repeats: int,
    metric: str,
    groups: tuple[tuple[int, ...], ...],
    rng: np.random.Generator,
) -> dict[str, Any]:
    found = permutation_importance(
        estimator, held.X, held.y, metric, n_repeats=n_repeats, rng=rng, sample_weight=held.w, groups=groups
    )
    if not np.isfinite(found.mean).all():
        return {"message": f"{metric} is not defined on every fold"}
    return {"mean": found.mean.tolist(), "n_held": len(held.y), "method": found.method}


def _digits(values: Array) -> list[Any]:
    """Return numbers as nested lists of four significant digits, missing ones as None: they are drawn only."""
    if values.ndim > 1:
        return [_digits(row) for row in values]
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values]


def shap_points(
    parts: Sequence[Mapping[str, Any]], groups: Sequence[Sequence[str]], mean: Array
) -> ShapleyPoints:
    """Return single Shapley values of the columns of largest ``mean``, of all folds together."""
    order = [int(g) for g in np.argsort(-mean, kind="stable")]
    shown = [g for g in order if all(g in part["kept"] for part in parts)][:_SHOWN]
    values = tuple(_gathered(parts, "values", g) for g in shown)
    columns = tuple(_gathered(parts, "columns", g) if len(groups[g]) == 1 else None for g in shown)
    return ShapleyPoints(
        names=tuple(label(groups[g]) for g in shown),
        values=values,
        columns=columns,
        trend=tuple(_trend(*pair) for pair in zip(columns, values, strict=True)),
    )


def _trend(columns: Gapped | None, values: Gapped) -> float | None:
    """Return Spearman's rank correlation of a column and its Shapley values."""
    from scipy.stats import rankdata

    pairs = [(x, v) for x, v in zip(columns or (), values, strict=False) if x is not None and v is not None]
    x, v = np.array(pairs).T if pairs else (np.empty(0), np.empty(0))
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(v) == 0:
        return None
    return float(f"{np.corrcoef(rankdata(x), rankdata(v))[0, 1]:.3g}")


def _gathered(parts: Sequence[Mapping[str, Any]], what: str, group: int) -> Gapped:
    """Return the entries of one group over all folds, thinned evenly to those that are drawn."""
    rows = [row[part["kept"].index(group)] for part in parts for row in part[what]]
    step = max(1, -(-len(rows) // _POINTS))
    return tuple(rows[::step])


def joined_effects(
    parts: Sequence[Mapping[str, Any]],
    grids: Mapping[str, Sequence[float]],
    order: Sequence[str],
    n_train: int,
) -> Effects | None:
    """Return the effects of the first columns of ``order``: the mean over folds, its error, and single curves."""
    if len(parts) < 2 or not all("effects" in part for part in parts):
        return None
    names = [name for name in order if name in parts[0]["effects"]][:_SHOWN]
    found = []
    for name in names:
        mean = np.array([part["effects"][name]["mean"] for part in parts])
        curves = [row for part in parts for row in part["effects"][name]["curves"]]
        found.append(
            Effect(
                name=name,
                grid=tuple(grids[name]),
                mean=tuples(mean.mean(axis=0)),
                std=tuples(errors(mean, parts, n_train)),
                curves=tuples(curves[:: max(1, len(curves) // 30)]),
            )
        )
    return Effects(columns=tuple(found))
