"""What is left when the best feature is gone, and how few features would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.random import refuse_other_than_generator
from fivesigma.explain import policy
from fivesigma.explain.importance import Fit, Folds, Progress, fold_scores, permutation_importance
from fivesigma.explain.policy import Candidates, Chosen, Group, Policy, Subset
from fivesigma.risk.evidence import compare_cross_validated
from fivesigma.risk.metric import Metric
from fivesigma.risk.significance import Difference

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Step:
    """One round: the columns used, their scores on the folds, and what changed since the round before.

    Attributes
    ----------
    columns : used in this round
    scores : (k,) on held-out folds, turned so that more is better
    change : this round over the one before, paired by fold; None in the first
    changed : the column dropped before this round, or added for it; None in the first of an ablation
    ranking : the columns of this round, most important first (empty in a selection)
    importance, error : (m,) of ``columns``: mean over folds, and its uncertainty
    """

    columns: tuple[int, ...]
    scores: Array
    change: Difference | None
    changed: int | None
    ranking: tuple[int, ...] = ()
    importance: Array | None = None
    error: Array | None = None

    @property
    def score(self) -> float:
        """Mean over folds."""
        return float(self.scores.mean())


def drop_best(  # noqa: PLR0913 keywords of a public function
    fit: Fit,
    X: ArrayLike,
    y: ArrayLike,
    metric: Metric | str,
    *,
    folds: Folds,
    rng: np.random.Generator,
    rounds: int | None = None,
    n_repeats: int = 5,
    sample_weight: ArrayLike | None = None,
    progress: Progress | None = None,
    done: list[Step] | None = None,
) -> tuple[Step, ...]:
    """Delete the most important column, fit again, rank again, and go on.

    Parameters
    ----------
    fit : (X, y, weights) -> fitted model; tuning, if any, is done inside, anew for each set of columns
    X, y : (n, p) and (n,)
    folds : pairs of rows to fit to and rows held out; the ranking is the mean permutation importance there
    rng : permutes, each round with a child of its own
    rounds : deletions, at most p - 1; default: as many
    n_repeats : permutations of each column in each fold
    progress : called with (rounds done, rounds + 1)
    done : steps of a call that was interrupted; each finished one is appended, so that a second call with the same
        list and seed goes on where the first was stopped

    Raises
    ------
    InputError
        If there is one column only, or a round too many.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 3))
    >>> rows = np.arange(60)
    >>> folds = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    >>> steps = drop_best(lambda X, y, w: LinearRegression().fit(X, y), X, 3 * X[:, 1] + X[:, 2], "r2",
    ...                   folds=folds, rng=rng, rounds=1)
    >>> steps[0].ranking[0], steps[1].changed, steps[1].ranking[0]
    (1, 1, 2)
    """
    refuse_other_than_generator(rng)
    table, target = np.asarray(X, dtype=np.float64), np.asarray(y)
    rounds = _deletions(rounds, table.shape[1])
    data = (table, target, None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64))
    steps = [] if done is None else done
    requests, ranking = policy.drop_best(_alone(table), rounds), None
    for number, child in enumerate(rng.spawn(rounds + 1)):
        subset = _chosen(requests, ranking)
        if number == len(steps):
            scores, draws = _ranked(fit, data, metric, folds, subset.columns, n_repeats, child)
            steps.append(_deletion(subset, scores, draws, steps, folds))
            _tell(progress, steps, rounds + 1)
        ranking = [(column,) for column in steps[number].ranking]
    return tuple(steps)


def _deletions(rounds: int | None, p: int) -> int:
    """Return how many of ``p`` columns go."""
    if p < 2:
        raise InputError("the only column cannot be dropped: nothing would be left; expected two or more.")
    if rounds is None:
        return p - 1
    if not 1 <= rounds < p:
        raise InputError(
            f"{rounds} of {p} columns cannot be dropped one by one; expected 1 to {p - 1} rounds."
        )
    return rounds


def _alone(X: Array) -> list[Group[int]]:
    """Return each column as a group of its own."""
    return [(column,) for column in range(X.shape[1])]


def _chosen(requests: Policy[int], answer: Sequence[Group[int]] | None) -> Subset[int]:
    """Return the next step of a policy."""
    request = requests.send(answer)
    assert isinstance(request, Chosen)
    return request.subset


def _tell(progress: Progress | None, steps: Sequence[Step], total: int) -> None:
    if progress is not None:
        progress(len(steps), total)


def _ranked(
    fit: Fit,
    data: tuple[Array, NDArray[Any], Array | None],
    metric: Metric | str,
    folds: Folds,
    columns: Sequence[int],
    n_repeats: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Return (k,) scores and (k, m) permutation importances of models fitted to ``columns`` of X, with y and w."""
    X, y, w = data
    part, scores, draws = X[:, list(columns)], [], []
    for rows, held in folds:
        model = fit(part[rows], y[rows], None if w is None else w[rows])
        measured = permutation_importance(
            model,
            part[held],
            y[held],
            metric,
            n_repeats=n_repeats,
            rng=rng,
            sample_weight=None if w is None else w[held],
        )
        scores.append(measured.score)
        draws.append(measured.mean)
    return np.array(scores, dtype=np.float64), np.array(draws)


def _deletion(subset: Subset[int], scores: Array, draws: Array, before: Sequence[Step], folds: Folds) -> Step:
    """Return the step of ``subset``, its columns ranked by the mean of ``draws`` (k, m) over folds."""
    mean, k = draws.mean(axis=0), len(folds)
    error = draws.std(axis=0, ddof=1) / k**0.5 if k > 1 else np.full(mean.size, np.nan)
    ranking = tuple(subset.columns[j] for j in np.argsort(-mean, kind="stable"))
    return _step(subset, scores, before, folds, ranking=ranking, importance=mean, error=error)


def _step(subset: Subset[int], scores: Array, before: Sequence[Step], folds: Folds, **ranked: Any) -> Step:
    """Return the step of ``subset`` with its change since the last one ``before`` it."""
    change = _change(scores, before[-1].scores, folds) if before else None
    changed = None if subset.changed is None else subset.changed[0]
    return Step(subset.columns, scores, change, changed, **ranked)


def _change(now: Array, before: Array, folds: Folds) -> Difference:
    n_fit, n_held = (int(np.mean([len(pair[side]) for pair in folds])) for side in (0, 1))
    return compare_cross_validated(now, before, n_fit=n_fit, n_validation=n_held, greater_is_better=True)


def forward_selection(  # noqa: PLR0913 keywords of a public function
    fit: Fit,
    X: ArrayLike,
    y: ArrayLike,
    metric: Metric | str,
    *,
    folds: Folds,
    n_columns: int,
    sample_weight: ArrayLike | None = None,
    progress: Progress | None = None,
    done: list[Step] | None = None,
) -> tuple[Step, ...]:
    """Add, one at a time, the column that raises the mean held-out score most, up to ``n_columns``.

    The scores chose the columns, so the last ones are optimistic: judge the choice on rows that had no part in it.
    ``done`` as in `drop_best`.
    """
    table = np.asarray(X, dtype=np.float64)
    if not 1 <= n_columns <= table.shape[1]:
        raise InputError(f"n_columns is {n_columns!r}; expected 1 to {table.shape[1]}, the columns of X.")
    steps = [] if done is None else done
    requests = policy.forward(_alone(table), n_columns)
    for number in range(n_columns):
        tried = requests.send(None)
        assert isinstance(tried, Candidates)
        if number < len(steps):
            _chosen(requests, [steps[number].columns[-1:]])
            continue
        scores = {
            each.changed: fold_scores(fit, table, y, metric, folds, each.columns, sample_weight)
            for each in tried.subsets
        }
        merits = [float(each.mean()) for each in scores.values()]
        subset = _chosen(requests, policy.ranked(tried, merits))
        steps.append(_step(subset, scores[subset.changed], steps, folds))
        _tell(progress, steps, n_columns)
    return tuple(steps)
