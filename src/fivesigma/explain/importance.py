"""How much a model leans on each column: by permuting it, by refitting without it, by impurity in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core import laws
from fivesigma._core.checks import as_table
from fivesigma._core.errors import InputError
from fivesigma._core.forest import Ensemble
from fivesigma._core.random import refuse_other_than_generator
from fivesigma.explain.predictions import Asked, ensemble_in, grouped, predicted, refuse_unfitted
from fivesigma.risk.metric import Metric, checked_weights
from fivesigma.risk.resampling import resampling_counts

Array = NDArray[np.float64]
Groups = Sequence[Sequence[int]]
Progress = Callable[[int, int], None]
Fit = Callable[[Array, NDArray[Any], Array | None], Any]
"""(X, y, weights or None) -> a fitted model: whatever must be refitted or tuned is done inside."""
Folds = Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
"""Pairs of rows to fit to and rows held out."""

_CELLS = 2**25  # predictions held at a time by path masking: 256 MB
_CORRELATED = 1024  # columns correlated with all others at a time
_TWO_SIGMA = 0.9772498680518208  # the normal law below 2


@dataclass(frozen=True, eq=False)
class Importance:
    """Importance of G columns, or groups of columns: what the score loses without them; negative is noise.

    Attributes
    ----------
    mean : (G,) mean of ``draws``, in units of the metric, positive where the column helps
    std : (G,) its uncertainty, such that ±2 std is a 95.4 % interval for what ``method`` names
    draws : (G, R) by repeat, fold or tree
    groups : the columns of each entry
    score : the metric with all columns, turned so that more is better; None where there is none
    method : what was done, and on which rows
    """

    mean: Array
    std: Array
    draws: Array
    groups: tuple[tuple[int, ...], ...]
    score: float | None
    method: str

    @property
    def order(self) -> NDArray[np.int64]:
        """The entries, most important first."""
        return np.argsort(-self.mean, kind="stable")

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Return the ends (G,) of the interval at ``level``."""
        reach = float(laws.norm_ppf((1 + level) / 2)) * self.std
        return self.mean - reach, self.mean + reach


def permutation_importance(  # noqa: PLR0913 keywords of a public function
    model: Any,
    X: ArrayLike,
    y: ArrayLike,
    metric: Metric | str,
    *,
    n_repeats: int = 10,
    rng: np.random.Generator,
    sample_weight: ArrayLike | None = None,
    groups: Groups | None = None,
    n_boot: int = 0,
    progress: Progress | None = None,
) -> Importance:
    """Return what ``metric`` loses when a column is permuted: Breiman (2001); Fisher, Rudin & Dominici (2019).

    Parameters
    ----------
    model : fitted; trees, forests and boosting of ours go by path masking, equal to the last bit
    X, y : (n, p) and (n,) held-out rows
    metric : Metric or its name
    n_repeats : permutations R of each column, at least 2
    rng : draws them, group by group and repeat by repeat
    sample_weight : (n,), of either sign. Where weights differ, values are drawn with replacement in proportion to
        their size, so that an event of weight k still counts as k events
    groups : sets of columns permuted together, as from `cluster_columns`; default: each column on its own
    n_boot : 0, or the resamples of events from which ``std`` is then taken
    progress : called with (groups done, G)

    Notes
    -----
    Without ``n_boot``, ``std`` is the standard deviation s of the draws times ``sqrt(1 + 1/R)``, widened for R - 1
    degrees of freedom: the order in which a useless column came is one more draw from the same law, so a useless
    column lies within ±2 std in 95 % of cases. For a useful one it leaves out that the held-out events are finite;
    ``n_boot`` brings it in.

    Raises
    ------
    InputError
        If the model is not fitted, R is below 2, or the weights do not sum to more than zero.
    """
    refuse_other_than_generator(rng)
    asked = Asked(model, X, y, metric, sample_weight)
    sets = grouped(groups, asked.X.shape[1])
    if n_repeats < 2:
        raise InputError(f"n_repeats is {n_repeats!r}; expected at least 2, without which nothing varies.")
    whole = predicted(model, asked.X)
    base = asked.score(whole)
    boot = _Events(asked, whole, rng, n_boot) if n_boot else None
    draws, errors = np.empty((len(sets), n_repeats)), np.empty(len(sets))
    for g, (predictions, places) in enumerate(_permuted(model, asked, sets, n_repeats, rng)):
        draws[g] = [base - asked.score(each) for each in predictions]
        errors[g] = _null_error(draws[g]) if boot is None else boot.error(predictions, places)
        if progress is not None:
            progress(g + 1, len(sets))
    return Importance(draws.mean(axis=1), errors, draws, sets, base, "permutation, held-out rows")


def direct_predictions(
    model: Any, X: Array, columns: Sequence[int], places: NDArray[np.int32]
) -> list[Array]:
    """Return the predictions with ``columns`` taken from rows ``places`` (n, R), one array a repeat."""
    done, changed = [], X.copy()
    for r in range(places.shape[1]):
        changed[:, columns] = X[places[:, r]][:, columns]
        done.append(predicted(model, changed))
    return done


def _permuted(
    model: Any, asked: Asked, sets: tuple[tuple[int, ...], ...], R: int, rng: np.random.Generator
) -> Any:
    """Yield, for each group, its R predictions and the rows (n, R) that stood in."""
    trees, n = ensemble_in(model), len(asked.X)
    if trees is None:
        for columns in sets:
            places = _places(asked, R, rng)
            yield direct_predictions(model, asked.X, columns, places), places
        return
    from fivesigma.explain.masking import masked_predictions

    forest, table = trees.forest, trees.seen(asked.X)
    K = forest.values.shape[1] if forest.start is None else len(forest.start)
    step = max(1, _CELLS // (n * R * K))
    for start in range(0, len(sets), step):
        part = sets[start : start + step]
        group_of = np.full(table.shape[1], -1, dtype=np.int32)
        for g, columns in enumerate(part):
            group_of[list(columns)] = g
        places = np.stack([_places(asked, R, rng) for _ in part], axis=1)
        for g, each in enumerate(masked_predictions(forest, table, places, group_of)):
            yield list(trees.told(each)), places[:, g]


def _places(asked: Asked, R: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Return (n, R): the row that stands in for each row."""
    n = len(asked.X)
    if asked.w is None or np.ptp(asked.w) == 0:
        drawn = [rng.permutation(n) for _ in range(R)]
    else:
        drawn = [rng.choice(n, n, p=np.abs(asked.w) / np.abs(asked.w).sum()) for _ in range(R)]
    return np.stack(drawn, axis=1).astype(np.int32)


def _null_error(draws: Array) -> float:
    R = draws.size
    return float(draws.std(ddof=1) * (1 + 1 / R) ** 0.5 * laws.t_ppf(_TWO_SIGMA, R - 1) / 2)


class _Events:
    """Resamples of the held-out events, the same for every column: the error of an importance.

    A permuted event is a pair, of an event and the one that stands in for it, and counts as often as the product of
    both counts: the mean over pairs is a U-statistic, whose error both members make (Hoeffding 1948).
    """

    def __init__(self, asked: Asked, whole: Array, rng: np.random.Generator, n_boot: int) -> None:
        self.asked = asked
        self.counts = np.asarray(resampling_counts(len(asked.X), n_boot, rng), dtype=np.uint16)
        self.base = self._merits(whole, self.counts)

    def error(self, predictions: Sequence[Array], places: NDArray[np.int32]) -> float:
        """Return the standard deviation over resamples of the mean loss over repeats."""
        pairs = (self.counts * self.counts[:, stood_in] for stood_in in places.T)
        merits = [self._merits(each, counts) for each, counts in zip(predictions, pairs, strict=True)]
        loss = self.base - np.mean(merits, axis=0)
        return float(np.nanstd(loss, ddof=1))

    def _merits(self, prediction: Array, counts: NDArray[np.uint16]) -> Array:
        metric = self.asked.metric
        return metric.merit(metric.resampled(self.asked.y, prediction, self.asked.w, counts))


def drop_column_importance(
    fit: Fit,
    X: ArrayLike,
    y: ArrayLike,
    metric: Metric | str,
    *,
    folds: Folds,
    sample_weight: ArrayLike | None = None,
    groups: Groups | None = None,
    progress: Progress | None = None,
) -> Importance:
    """Return what ``metric`` loses on held-out folds when the model is fitted anew without a column.

    ``std`` is Nadeau and Bengio's (2003, eq. 9) over folds, ``s sqrt(1/k + n_held/n_fit)``, widened for k - 1
    degrees of freedom: about the procedure, not about one fitted model.
    """
    table = np.asarray(X, dtype=np.float64)
    sets = grouped(groups, table.shape[1])
    if table.shape[1] < 2 or any(len(columns) == table.shape[1] for columns in sets):
        raise InputError(
            "without its only column a model has none left; drop-column importance needs two or more."
        )
    everything = tuple(range(table.shape[1]))
    base = fold_scores(fit, table, y, metric, folds, everything, sample_weight)
    draws = np.empty((len(sets), len(folds)))
    for g, columns in enumerate(sets):
        left = tuple(j for j in everything if j not in columns)
        draws[g] = base - fold_scores(fit, table, y, metric, folds, left, sample_weight)
        if progress is not None:
            progress(g + 1, len(sets))
    std = np.array([fold_error(each, folds) for each in draws])
    return Importance(draws.mean(axis=1), std, draws, sets, float(base.mean()), "drop column, held-out folds")


def fold_scores(
    fit: Fit,
    X: Array,
    y: ArrayLike,
    metric: Metric | str,
    folds: Folds,
    columns: Sequence[int],
    sample_weight: ArrayLike | None = None,
) -> Array:
    """Return the (k,) scores of models fitted to ``columns`` on each fold, more being better."""
    target, w = np.asarray(y), None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    part = X[:, list(columns)]
    scores = []
    for rows, held in folds:
        model = fit(part[rows], target[rows], None if w is None else w[rows])
        asked = Asked(model, part[held], target[held], metric, None if w is None else w[held])
        scores.append(asked.score(predicted(model, asked.X)))
    return np.array(scores)


def fold_error(draws: Array, folds: Folds) -> float:
    """Return the uncertainty of a mean over folds, such that ±2 of it hold 95.4 %."""
    k = len(folds)
    if k < 2:
        raise InputError(f"{k} fold is too few for an uncertainty; expected at least 2.")
    ratio = float(np.mean([len(held) / len(rows) for rows, held in folds]))
    return float(draws.std(ddof=1) * (1 / k + ratio) ** 0.5 * laws.t_ppf(_TWO_SIGMA, k - 1) / 2)


@dataclass(frozen=True, eq=False)
class ImpurityImportance(Importance):
    """`Importance` by decrease of impurity, a quantity of the training rows, and its out-of-bag form.

    Attributes
    ----------
    out_of_bag : (p,) the same sum over the rows that each tree was not fitted to, in the same unit; None without
        training rows or bootstrap
    """

    out_of_bag: Array | None = None


def impurity_importance(
    model: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    progress: Progress | None = None,
) -> ImpurityImportance:
    """Return the mean decrease of impurity of each column, as shares of one, over the trees of a fitted model.

    It is measured on training rows and favours columns of many values; with the training rows ``X``, ``y`` a
    bootstrapped forest gives the out-of-bag form (Li et al. 2019, arXiv:1906.10845) beside it, which is 0 for noise.
    ``sample_weight`` (n,) are the weights it was fitted with; ``progress`` is called with (trees done, trees).

    Raises
    ------
    InputError
        If the model is not fitted, has no trees, or X has not its rows.
    """
    refuse_unfitted(model)
    trees = ensemble_in(model)
    if trees is None:
        raise InputError(
            f"{type(model).__name__} has no impurity; expected a tree or a forest: use permutation."
        )
    draws = trees.importances().T
    std = (
        draws.std(axis=1, ddof=1) / draws.shape[1] ** 0.5
        if draws.shape[1] > 1
        else np.full(len(draws), np.nan)
    )
    aside = None if X is None or y is None else _out_of_bag(model, trees, (X, y, sample_weight), progress)
    sets = grouped(None, len(draws))
    return ImpurityImportance(
        _shares(trees, draws), std, draws, sets, None, f"{trees.gain}, training rows", aside
    )


def _shares(trees: Ensemble, draws: Array) -> Array:
    """Return the mean of shares (p, T) over the trees that split, as shares of one."""
    grown = draws[:, draws.sum(axis=0) > 0]
    mean = grown.mean(axis=1) if grown.size else np.zeros(len(draws))
    return np.asarray(mean / (mean.sum() or 1.0))


def _out_of_bag(
    model: Any, trees: Ensemble, rows: tuple[Any, Any, Any], progress: Progress | None
) -> Array | None:
    """Return `split_gains` over out-of-bag rows, in units of those over all in-bag rows."""
    if trees.bag is None:
        return None
    from fivesigma.explain.masking import split_gains
    from fivesigma.explain.predictions import codes

    forest, table = trees.forest, trees.seen(as_table(rows[0]))
    target = codes(model, np.asarray(rows[1]))
    if trees.bag.n_rows > len(table) or len(target) != len(table):
        raise InputError(
            f"X has {len(table)} rows and y {len(target)}; expected those the forest was fitted to."
        )
    event = checked_weights(None if rows[2] is None else np.asarray(rows[2]), len(table))
    outputs = trees.bag.targets(target)
    bag, aside = np.zeros(table.shape[1]), np.zeros(table.shape[1])
    for done, root in enumerate(forest.roots):
        drawn = trees.bag.counts(done, event)
        counts = np.concatenate([drawn, np.zeros(len(table) - len(drawn))])
        out = np.where(counts == 0, event, 0.0)
        for w, gains in ((counts / counts.sum(), bag), (out / (out.sum() or 1.0), aside)):
            at = w > 0
            split_gains(forest.nodes, forest.values, root, table[at], outputs[at], w[at], gains)
        if progress is not None:
            progress(done + 1, len(forest.roots))
    return np.asarray(aside / (bag.sum() or 1.0))


def cluster_columns(
    X: ArrayLike, *, threshold: float = 0.7, progress: Progress | None = None
) -> tuple[tuple[int, ...], ...]:
    """Return groups of columns whose rank correlation is, on average, ``threshold`` or more in absolute value.

    Average linkage on ``1 - |ρ|`` (Spearman); pass the result as ``groups``. Missing values count as the median.
    ``progress`` is called with (columns correlated, p).

    >>> x = np.arange(20.0)
    >>> cluster_columns(np.stack([x, x**3, np.cos(7 * x)], axis=1))
    ((0, 1), (2,))
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform
    from scipy.stats import rankdata

    table = np.array(X, dtype=np.float64)
    if table.shape[1] < 2:
        return grouped(None, table.shape[1])
    hole = np.isnan(table)
    table[hole] = np.broadcast_to(np.nanmedian(table, axis=0), table.shape)[hole]
    ranks = rankdata(table, axis=0)
    ranks -= ranks.mean(axis=0)
    norm = np.sqrt((ranks**2).sum(axis=0))
    norm[norm == 0] = 1.0
    rho = np.empty((table.shape[1], table.shape[1]))
    for start in range(0, len(rho), _CORRELATED):
        rows = slice(start, start + _CORRELATED)
        rho[rows] = ranks[:, rows].T @ ranks / norm / norm[rows, None]
        if progress is not None:
            progress(min(start + _CORRELATED, len(rho)), len(rho))
    distance = np.clip(1 - np.abs(rho), 0, 1)
    np.fill_diagonal(distance, 0.0)
    labels = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - threshold, "distance")
    members = [tuple(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
    return tuple(sorted(members))
