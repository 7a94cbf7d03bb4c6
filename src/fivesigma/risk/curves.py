"""What pictures need, as plain dicts of lists: few numbers each, whatever the number of events.

Every error or band is one sigma (68 %), pointwise. None stands where a number is undefined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.gathered import Gathered, column_blocks
from fivesigma._core.weights import signed
from fivesigma.risk.counted import rising
from fivesigma.risk.metric import Floats, checked, checked_weights
from fivesigma.risk.quantiles import quantiles
from fivesigma.risk.shares import Share

Curve = dict[str, Any]

GRID = np.linspace(0.0, 1.0, 101)
BAND = (0.16, 0.84)
BAND_RESAMPLES = 200
SCORE_BINS = 40
CALIBRATION_BINS = 12
PROFILE_BINS = 20
RESIDUAL_BINS = 60
PLANE_BINS = 60
MOST_POINTS = 2000
FEATURE_BINS = 40
MOST_CLASSES = 9
"""Classes that have curves of their own: of more, those of the largest weight."""
MOST_CONFUSED = 20
"""Classes of which a confusion matrix is whole: of more, those of the largest weight, and all others as one."""
ROBUST = (0.005, 0.995)
ONE_SIGMA = 0.6826894921370859


@dataclass(frozen=True, eq=False)
class Scored:
    """What a model says of some rows: truth (n,), prediction (n, K) or (n,), weights and groups (n,) or None."""

    y: NDArray[Any]
    prediction: NDArray[Any]
    w: NDArray[Any] | None = None
    groups: NDArray[Any] | None = None


def curves(
    task: str,
    test: Scored,
    *,
    train: Scored | None = None,
    counts: NDArray[Any] | None = None,
    classes: Sequence[str] | None = None,
) -> Curve:
    """Return every curve of one model: what the record keeps under ``curve``.

    Classification: ``roc``, ``calibration``, ``scores``, ``confusion``; regression: ``residuals``.

    Parameters
    ----------
    test : the rows that score the model
    train : out-of-fold predictions, for the histograms of the score
    counts : (B, n) resampling multiplicities of the test rows, for the band of the ROC curve
    """
    if task == "regression":
        return {"residuals": residuals(test)}
    names = class_names(test, classes)
    parts = {"test": test} if train is None else {"train": train, "test": test}
    return {
        "roc": roc(test, counts, names),
        "calibration": calibration(test, names),
        "scores": scores(parts, names),
        "confusion": confusion(test, names),
    }


def class_names(rows: Scored, classes: Sequence[str] | None) -> list[str]:
    """Return the names of the classes, their codes where there are none."""
    return [str(name) for name in (classes or range(np.asarray(rows.prediction).shape[1]))]


def numbers(values: NDArray[Any]) -> list[float | None]:
    """Return a list of floats with None for what is not finite.

    >>> numbers(np.array([1.0, np.nan]))
    [1.0, None]
    """
    return [float(value) if math.isfinite(value) else None for value in values]


def heaviest(y: NDArray[Any], w: Floats, n_classes: int, most: int) -> list[int]:
    """Return the ``most`` classes of the largest weight, in their own order; all of them where they are fewer.

    >>> heaviest(np.array([0, 1, 1, 2]), np.array([1.0, 1.0, 1.0, 5.0]), 4, 2)
    [1, 2]
    """
    if n_classes <= most:
        return list(range(n_classes))
    return sorted(np.argsort(-np.bincount(y, w, n_classes), kind="stable")[:most].tolist())


def _one_against_rest(rows: Scored, names: Sequence[str]) -> list[int]:
    """The classes to show: the signal of two, each of more, the heaviest of many."""
    if len(names) == 2:
        return [1]
    y, _, w = checked(rows.y, rows.prediction, rows.w)
    return heaviest(y, w, len(names), MOST_CLASSES)


# --- classification


def roc(
    rows: Scored, counts: NDArray[Any] | None = None, classes: Sequence[str] | None = None
) -> list[Curve]:
    """Return the ROC curve of the signal, or of each of several classes against the rest, with a 68 % band.

    Returns
    -------
    list of dicts: ``class``; ``efficiency`` (101 values of ε_S); ``background_efficiency`` (ε_B), its ``low``
    and ``high``; ``rejection`` (1/ε_B), None where no background passes.

    >>> p = np.array([0.1, 0.4, 0.35, 0.8])
    >>> curve = roc(Scored(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p])))[0]
    >>> curve["background_efficiency"][50], curve["rejection"][100]
    (0.0, 2.0)
    """
    y, prediction, w = checked(rows.y, rows.prediction, rows.w)
    names = class_names(rows, classes)
    used = np.ones((0, y.size)) if counts is None else counts[:BAND_RESAMPLES]
    return [
        {"class": names[k], **_roc(prediction[:, k], y == k, w, used)} for k in _one_against_rest(rows, names)
    ]


def _roc(score: Floats, member: NDArray[np.bool_], w: Floats, counts: NDArray[Any]) -> Curve:
    order = rising(-score)
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    signal, background = (np.where(side, w, 0.0)[order] for side in (member, ~member))

    def at(c: NDArray[Any] | float) -> Floats:
        return _background_efficiency(np.cumsum(c * signal)[last], np.cumsum(c * background)[last])

    epsilon = at(1.0)
    draws = np.array([at(c[order]) for c in counts])
    draws = draws[np.isfinite(draws).all(axis=1)] if draws.size else draws
    low, high = np.quantile(draws, BAND, axis=0) if len(draws) else np.full((2, GRID.size), np.nan)
    rejection = np.divide(1.0, epsilon, out=np.full(GRID.size, np.nan), where=epsilon > 0)
    named = {"efficiency": GRID, "background_efficiency": epsilon, "low": low, "high": high}
    return {name: numbers(values) for name, values in {**named, "rejection": rejection}.items()}


def _background_efficiency(S: Floats, B: Floats) -> Floats:
    """Return ε_B where the ROC polygon first reaches each ε_S of the grid; ``S``, ``B`` are cumulative."""
    if S[-1] <= 0 or B[-1] <= 0:
        return np.full(GRID.size, np.nan)
    x, y = (np.concatenate([[0.0], each / each[-1]]) for each in (S, B))
    x = np.maximum.accumulate(
        x
    )  # where weights are negative it may fall, and is reached for the first time before
    right = np.searchsorted(x, GRID * (1 - 1e-12))
    left = np.maximum(right - 1, 0)
    step = x[right] - x[left]
    part = np.divide(GRID - x[left], step, out=np.zeros(GRID.size), where=step > 0)
    return np.asarray(y[left] + np.clip(part, 0, 1) * (y[right] - y[left]))


def calibration(
    rows: Scored, classes: Sequence[str] | None = None, bins: int = CALIBRATION_BINS
) -> list[Curve]:
    """Return observed fractions against stated probabilities in bins of equal weight.

    Returns
    -------
    list of dicts, one for the signal or for each of several classes: ``class`` and, for each bin, the
    ``mean`` probability, the ``observed`` fraction, ``low`` and ``high`` (Wilson at one sigma on the effective
    number of events: Kish's, or by groups as in `fivesigma.risk.shares`) and ``n_effective``.
    """
    y, prediction, w = checked(rows.y, rows.prediction, rows.w)
    names = class_names(rows, classes)
    return [
        {"class": names[k], **_calibration(prediction[:, k], y == k, w, bins, rows.groups)}
        for k in _one_against_rest(rows, names)
    ]


def _calibration(
    p: Floats, outcome: NDArray[np.bool_], w: Floats, bins: int, groups: NDArray[Any] | None
) -> Curve:
    index, n_bins = _equal_bins(p, w, bins)
    W, W2, Wp, Wo = (np.bincount(index, t, n_bins) for t in (w, w**2, w * p, w * outcome))
    full = W > 0
    n = W[full] ** 2 / W2[full] if groups is None else _by_groups(index, n_bins, outcome, w, groups)[full]
    observed = Wo[full] / W[full]
    low, high = wilson(observed, n)
    if signed(w):  # no share of events
        error = np.sqrt(
            np.bincount(index, (w * (outcome - (Wo / np.where(full, W, 1.0))[index])) ** 2, n_bins)[full]
        )
        low, high = observed - error / W[full], observed + error / W[full]
    named = {"mean": Wp[full] / W[full], "observed": observed, "low": low, "high": high, "n_effective": n}
    return {name: numbers(values) for name, values in named.items()}


def _by_groups(
    index: NDArray[np.intp], n_bins: int, outcome: NDArray[np.bool_], w: Floats, groups: NDArray[Any]
) -> Floats:
    """Return the effective number of events of each bin at one sigma."""
    parts = [index == bin for bin in range(n_bins)]
    return np.array(
        [
            Share.of(outcome[at], w[at], groups[at], level=ONE_SIGMA).events if w[at].any() else 0.0
            for at in parts
        ]
    )


def _equal_bins(x: Floats, w: Floats, bins: int) -> tuple[NDArray[np.intp], int]:
    """Return the bin of each event and their number: bins of equal weight, equal values in one bin."""
    inner = np.unique(quantiles(x, np.arange(1, bins) / bins, np.abs(w)))
    return np.searchsorted(inner, x, side="left"), inner.size + 1


def wilson(fraction: Floats, n: Floats, z: float = 1.0) -> tuple[Floats, Floats]:
    """Return Wilson's (1927) interval of a proportion at ``z`` sigma; ``n`` may be an effective number.

    >>> [round(float(end), 4) for end in wilson(np.array(0.05), np.array(20.0), 1.959964)]
    [0.0089, 0.2361]
    """
    centre = (fraction + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(np.maximum(fraction * (1 - fraction) / n + z**2 / (4 * n**2), 0.0))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def scores(parts: Mapping[str, Scored], classes: Sequence[str] | None = None) -> Curve:
    """Return histograms of the score, by true class and part, each normalised to one.

    Of many classes, those of the largest weight in the last part.

    Returns
    -------
    dict: ``edges`` (41) and ``histograms``, a list of dicts: ``score`` (the class whose probability it is),
    ``class`` (the true one; of several classes the scored one or ``rest``), ``part``, ``density``, ``error``
    (sqrt Σw²).
    """
    edges = np.linspace(0.0, 1.0, SCORE_BINS + 1)
    found: list[Curve] = []
    judged = list(parts.values())[-1]
    names = class_names(judged, classes)
    shown = _one_against_rest(judged, names)
    for part, rows in parts.items():
        y, prediction, w = checked(rows.y, rows.prediction, rows.w)
        for k in shown:
            other = names[0] if len(names) == 2 else "rest"
            for name, chosen in ((other, y != k), (names[k], y == k)):
                of = None if rows.groups is None else rows.groups[chosen]
                shape = histogram(prediction[chosen, k], w[chosen], edges, of)
                found.append({"score": names[k], "class": name, "part": part, **shape})
    return {"edges": numbers(edges), "histograms": found}


def histogram(x: Floats, w: Floats, edges: Floats, groups: NDArray[Any] | None = None) -> Curve:
    """Return ``density`` and ``error`` of weighted ``x`` in any bins; zeros where there is no weight.

    The error is sqrt(Σ W_g²), W_g the weight of a group in the bin; without groups each event is one.

    >>> histogram(np.array([0.1, 0.6, 0.7]), np.ones(3), np.array([0.0, 0.5, 1.0]))["density"]
    [0.6666666666666666, 1.3333333333333333]
    """
    index = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, edges.size - 2)
    inside = (x >= edges[0]) & (x <= edges[-1])
    total = w[inside].sum()
    norm = (total if total > 0 else 1.0) * np.diff(edges)
    W = np.bincount(index[inside], w[inside], edges.size - 1)
    W2 = _squares(index[inside], w[inside], edges.size - 1, None if groups is None else groups[inside])
    return {"density": numbers(W / norm), "error": numbers(np.sqrt(W2) / norm)}


def _squares(index: NDArray[np.intp], w: Floats, bins: int, groups: NDArray[Any] | None) -> Floats:
    """Return the sum in each bin of the squared weights of events, or of groups."""
    if groups is None:
        return np.asarray(np.bincount(index, w**2, bins))
    _, of_row = np.unique(groups, return_inverse=True)
    both, of_pair = np.unique(of_row * bins + index, return_inverse=True)
    return np.asarray(np.bincount(both % bins, np.bincount(of_pair, w, both.size) ** 2, bins))


def confusion(rows: Scored, classes: Sequence[str] | None = None) -> Curve:
    """Return the weighted confusion matrix: true classes down, predicted ones across.

    Of more than 20 classes, the 20 of the largest weight, and all others as one more.

    Returns
    -------
    dict: ``classes``, ``weight`` (Σw) and ``fraction`` (of the true class; None for one that is absent); of three
    classes and more also the 95 % limits of the fraction, ``low`` and ``high``

    >>> p = np.array([0.1, 0.7, 0.8])
    >>> confusion(Scored(np.array([0, 0, 1]), np.column_stack([1 - p, p])), ["b", "s"])["fraction"]
    [[0.5, 0.5], [0.0, 1.0]]
    """
    y, prediction, w = checked(rows.y, rows.prediction, rows.w)
    names, said = class_names(rows, classes), prediction.argmax(axis=1)
    kept = heaviest(y, w, len(names), MOST_CONFUSED)
    place = np.full(len(names), len(kept))
    place[kept] = np.arange(len(kept))
    left = len(names) - len(kept)
    names = [names[k] for k in kept] + ([f"{left} others"] if left else [])
    K = len(names)
    table = np.bincount(place[y] * K + place[said], w, K * K).reshape(K, K)
    total = table.sum(axis=1, keepdims=True)
    fraction = np.divide(table, total, out=np.full(table.shape, np.nan), where=total > 0)
    found: Curve = {
        "classes": names,
        "weight": [numbers(row) for row in table],
        "fraction": [numbers(row) for row in fraction],
    }
    if K > 2:
        low, high = _share_limits(place[y], place[said], w, rows.groups, K)
        found |= {"low": [numbers(row) for row in low], "high": [numbers(row) for row in high]}
    return found


def _share_limits(
    true: NDArray[np.intp], said: NDArray[np.intp], w: Floats, groups: NDArray[Any] | None, K: int
) -> tuple[Floats, Floats]:
    """Return the exact 95 % limits of the share of each true class that is said to be each, (K, K) both.

    NaN of a class without weight, of too few groups, and where weights are negative: a share may then be anything.
    """
    limits = np.full((2, K, K), np.nan)
    for i in range(K) if not signed(w) else ():
        own = (true == i) & (w > 0)
        g = None if groups is None else groups[own]
        for j in range(K) if own.any() else ():
            if (ends := Share.of(said[own] == j, w[own], g).limits()) is not None:
                limits[:, i, j] = ends
    return limits[0], limits[1]


# --- regression


def residuals(rows: Scored) -> Curve:
    """Return what shows a regression: predicted against true, and the residuals ``prediction - y``.

    Returns
    -------
    dict: ``points`` (``true``, ``predicted``) up to 2000 events, else ``plane`` (``edges``, ``weight`` of 60
    by 60 bins, true down, predicted across); ``profile``, calibration (in bins of the prediction: its median
    ``predicted``, the ``median``, ``low`` and ``high`` residual); ``shrinkage`` (the same in bins of the target:
    ``true``), where every regression with scatter is high at the low end and low at the high end; ``histogram``
    (``edges``, ``density``, ``error``, and the fraction ``outside`` of its robust range).
    """
    y, prediction, w = checked(rows.y, rows.prediction, rows.w)
    r = prediction - y
    found: Curve = {
        "profile": _profile("predicted", prediction, r, w),
        "shrinkage": _profile("true", y, r, w),
        "histogram": _residual_histogram(r, w, rows.groups),
    }
    if y.size <= MOST_POINTS:
        return {"points": {"true": numbers(y), "predicted": numbers(prediction)}, **found}
    return {"plane": _plane(y, prediction, w), **found}


def _plane(y: Floats, prediction: Floats, w: Floats) -> Curve:
    low, high = min(y.min(), prediction.min()), max(y.max(), prediction.max())
    edges = np.linspace(low, high if high > low else low + 1.0, PLANE_BINS + 1)
    weight, _, _ = np.histogram2d(y, prediction, bins=(edges, edges), weights=w)
    return {"edges": numbers(edges), "weight": [numbers(row) for row in weight]}


def _profile(name: str, x: Floats, r: Floats, w: Floats) -> Curve:
    """Return the median and the 16-84 % range of ``r`` in bins of equal weight of ``x``, which is called ``name``."""
    index, n_bins = _equal_bins(x, w, PROFILE_BINS)
    order = np.argsort(index, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(index, minlength=n_bins))[:-1])
    filled = [rows for rows in parts if w[rows].sum() > 0]
    spreads = np.array([quantiles(r[rows], [BAND[0], 0.5, BAND[1]], w[rows]) for rows in filled])
    low, median, high = spreads.reshape(-1, 3).T
    at = np.array([quantiles(x[rows], [0.5], w[rows])[0] for rows in filled])
    return {name: numbers(at), "median": numbers(median), "low": numbers(low), "high": numbers(high)}


def _residual_histogram(r: Floats, w: Floats, groups: NDArray[Any] | None) -> Curve:
    low, high = quantiles(r, ROBUST, w)
    edges = np.linspace(low, high if high > low else low + 1.0, RESIDUAL_BINS + 1)
    total = w.sum()
    outside = w[(r < edges[0]) | (r > edges[-1])].sum() / total if total > 0 else np.nan
    return {
        "edges": numbers(edges),
        **histogram(r, w, edges, groups),
        "outside": numbers(np.array([outside]))[0],
    }


# --- features


def feature_histograms(
    X: NDArray[Any] | Gathered,
    y: NDArray[Any] | None,
    w: NDArray[Any] | None = None,
    *,
    names: Sequence[str],
    units: Sequence[str | None] | None = None,
    classes: Sequence[str] | None = None,
    groups: NDArray[Any] | None = None,
) -> list[Curve]:
    """Return one histogram a column: of each class, or with the median target in each bin.

    Parameters
    ----------
    X : (n, p) columns, NaN where missing, looked at one after the other
    y : (n,) codes where ``classes`` are given, else target values, or None
    groups : (n,) labels of events that are not independent, for the errors

    Returns
    -------
    list of dicts: ``name``, ``unit``, ``edges`` (robust range, 0.5 to 99.5 %; one bin a value where they are
    few; empty for a column without a value), ``histograms`` (list of ``class``, ``density``, ``error``; of many
    classes those of the largest weight),
    ``separation`` (½ ∫ (s - b)²/(s + b), 0 to 1, the largest over the classes; for a regression the part of
    the target's variance that lies between the bins) and, for a regression, ``target`` (its ``median``,
    ``low``, ``high``).
    """
    table = X if isinstance(X, Gathered) else np.asarray(X, dtype=np.float64)
    weight = checked_weights(w, len(table), negative=True)
    labels = units if units is not None else [None] * table.shape[1]
    columns = (column for _, some in column_blocks(table) for column in some)
    return [
        {"name": name, "unit": unit, **_feature(column, y, weight, classes, groups)}
        for name, unit, column in zip(names, labels, columns, strict=True)
    ]


def _feature(
    x: Floats,
    y: NDArray[Any] | None,
    w: Floats,
    classes: Sequence[str] | None,
    groups: NDArray[Any] | None = None,
) -> Curve:
    known = np.isfinite(x) & (w != 0)
    edges = _feature_edges(x[known])
    if edges.size == 0:
        return {"edges": [], "histograms": [], "separation": None}
    x, w = x[known], w[known]
    truth = None if y is None else np.asarray(y)[known]
    of = None if groups is None else groups[known]
    if truth is None or classes is None:
        drawn = {"class": None, **histogram(x, w, edges, of)}
        found: Curve = {"edges": numbers(edges), "histograms": [drawn]}
        return {
            **found,
            **(_target_in_bins(x, truth, w, edges) if truth is not None else {"separation": None}),
        }
    shown = heaviest(truth, w, len(classes), MOST_CLASSES)
    return {
        "edges": numbers(edges),
        "histograms": [{"class": str(classes[k]), **_of_class(x, w, edges, of, truth == k)} for k in shown],
        "separation": _separation(x, truth, w, edges, len(classes)),
    }


def _of_class(
    x: Floats, w: Floats, edges: Floats, groups: NDArray[Any] | None, at: NDArray[np.bool_]
) -> Curve:
    return histogram(x[at], w[at], edges, None if groups is None else groups[at])


def _feature_edges(x: Floats) -> Floats:
    """Return the edges of a column's bins: around each value if they are few, else over the robust range."""
    if x.size == 0:
        return np.empty(0)
    values = np.unique(x[:: max(1, x.size // 10_000)])
    if values.size <= FEATURE_BINS:
        values = np.unique(x)
    if values.size <= FEATURE_BINS:
        middle = (values[1:] + values[:-1]) / 2
        first, last = (middle[0], middle[-1]) if middle.size else (values[0] - 0.5, values[0] + 0.5)
        ends = (2 * values[0] - first, 2 * values[-1] - last) if middle.size else (first, last)
        return np.concatenate([[ends[0]], middle, [ends[1]]])
    low, high = np.quantile(x, ROBUST)
    if not high > low:
        low, high = x.min(), x.max()
    return np.linspace(low, high, FEATURE_BINS + 1)


def _separation(x: Floats, y: NDArray[Any], w: Floats, edges: Floats, n_classes: int) -> float | None:
    """Return the largest ``½ Σ (s - b)²/(s + b)`` of a class against the rest; s, b are parts in a bin."""
    index = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, edges.size - 2)  # tails in the outer bins
    table = np.bincount(y * (edges.size - 1) + index, w, n_classes * (edges.size - 1)).reshape(n_classes, -1)
    found = []
    for k in range(1 if n_classes == 2 else 0, n_classes):
        s, b = table[k], np.delete(table, k, axis=0).sum(axis=0)
        if s.sum() > 0 and b.sum() > 0:
            s, b = s / s.sum(), b / b.sum()
            found.append(0.5 * float(np.sum((s - b) ** 2 / np.where(s + b > 0, s + b, 1.0))))
    return max(found, default=None)


def _target_in_bins(x: Floats, y: Floats, w: Floats, edges: Floats) -> Curve:
    """Return the median and 16-84 % range of the target in each bin, and the variance between the bins."""
    index = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, edges.size - 2)
    order = np.argsort(index, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(index, minlength=edges.size - 1))[:-1])
    levels = [BAND[0], 0.5, BAND[1]]
    spreads = [quantiles(y[rows], levels, w[rows]) if rows.size else np.full(3, np.nan) for rows in parts]
    low, median, high = np.array(spreads).T
    W, Wy = np.bincount(index, w, edges.size - 1), np.bincount(index, w * y, edges.size - 1)
    mean = Wy.sum() / W.sum()
    between = np.sum(W * (np.divide(Wy, W, out=np.full(W.size, mean), where=W > 0) - mean) ** 2)
    total = float(w @ (y - mean) ** 2)
    return {
        "target": {"median": numbers(median), "low": numbers(low), "high": numbers(high)},
        "separation": float(between) / total if total > 0 else None,
    }
