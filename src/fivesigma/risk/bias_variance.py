"""Where an error comes from: bias, variance and noise, by refitting to bootstrap samples or to fresh data sets.

A bootstrap sample is of whole groups, and its fits know the weights of the events: an event of weight k is k events of
one group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.checks import as_column, as_table
from fivesigma._core.errors import InputError
from fivesigma._core.random import refuse_other_than_generator
from fivesigma.risk.metric import checked_weights
from fivesigma.risk.refitting import fitted
from fivesigma.risk.splits import in_order_of_rows

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]
Refit = Callable[[NDArray[np.int64], int], NDArray[Any]]
"""From how often each training row counts (n,), and a seed, to what the refitted model predicts of the test rows:
values or labels (n_test,), or (n_depths, n_test)."""


@dataclass(frozen=True, eq=False)
class BiasVariance:
    """The parts of an expected loss, averaged over test rows; with a path, one number a depth.

    Attributes
    ----------
    total : E[(y - f̂)²], or the share of wrong labels
    bias : squared bias, ``mean((y - f̄)²) - Var/B``; it holds σ² too where ``noise`` is None, for on data the two
        cannot be told apart. With labels: the share of rows whose main prediction is wrong
    variance : E[(f̂ - f̄)²], divided by B - 1; with labels: the chance to differ from the main prediction
    noise : σ² where it is known, else None
    loss : "squared", whose parts add up to the total exactly, or "zero-one", whose parts do not (Domingos 2000)
    n_rounds : B
    depths : (n_depths,) of a path, else None
    """

    total: Any
    bias: Any
    variance: Any
    noise: float | None
    loss: str
    n_rounds: int
    depths: NDArray[np.int64] | None = None


def bias_variance(  # noqa: PLR0913 keywords of a public function
    model: Any,
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    n_rounds: int = 200,
    rng: np.random.Generator,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    test_weight: ArrayLike | None = None,
    progress: Progress | None = None,
    refit: Refit | None = None,
) -> BiasVariance:
    """Decompose the expected error of ``model`` by refitting it to bootstrap samples of the training rows.

    Parameters
    ----------
    model : unfitted estimator
    X, y : (n, p) and (n,) training rows
    X_test, y_test : (n_test, p) and (n_test,) rows that are not among them
    n_rounds : bootstrap samples B
    rng : draws them
    sample_weight : (n,) of the training rows, not negative; in fits of models that take weights
    groups : (n,) labels of training rows that are not independent: they are drawn together
    test_weight : (n_test,), of either sign
    progress : called with (rounds done, B)
    refit : a quicker way to refit the model to samples of these very rows, in place of clones of it, which knows their
        weights; for a plain tree `fivesigma.models.trees.resampled.refits_by_counts` makes one, many times faster

    Raises
    ------
    InputError
        If shapes disagree, or B is below 2.

    References
    ----------
    Geman, Bienenstock & Doursat (1992); Domingos (2000), "A unified bias-variance decomposition", for labels.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> rng = np.random.default_rng(0)
    >>> X, y = np.zeros((50, 1)), rng.normal(size=50)
    >>> parts = bias_variance(DummyRegressor(), X, y, X, y, n_rounds=50, rng=rng)
    >>> bool(abs(parts.total - parts.bias - parts.variance) < 1e-12)
    True
    """
    data = _Data(X, y, X_test, y_test, test_weight, _classifies(model))
    refuse_other_than_generator(rng)
    sample = _Sample.of(sample_weight, groups, len(data.X))
    refits = data.refits(refit or data.refitting(model, sample), sample, rng, n_rounds)
    found = _decomposed(data, refits, n_rounds, progress)
    total, bias, variance = (float(each[0]) for each in found)
    return BiasVariance(total, bias, variance, None, data.loss, n_rounds)


def bias_variance_path(  # noqa: PLR0913 keywords of a public function
    model: Any,
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    n_rounds: int = 200,
    rng: np.random.Generator,
    n_depths: int = 30,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    test_weight: ArrayLike | None = None,
    progress: Progress | None = None,
    refit: Refit | None = None,
) -> BiasVariance:
    """Decompose the error at depths 1 … ``n_depths`` from the same ``n_rounds`` refits; see `bias_variance`.

    ``model`` has ``predict_path`` (n_depths, n[, K]), as a `DepthPath` has: its last entry stands for all greater
    depths. Without it, it takes a ``refit`` that predicts (n_depths, n_test).
    """
    if refit is None and not callable(getattr(model, "predict_path", None)):
        raise InputError(
            f"{type(model).__name__} has no predict_path; expected a DepthPath, or a refit: use bias_variance."
        )
    data = _Data(X, y, X_test, y_test, test_weight, _classifies(model))
    refuse_other_than_generator(rng)
    sample = _Sample.of(sample_weight, groups, len(data.X))
    refits = data.refits(refit or data.refitting(model, sample, n_depths), sample, rng, n_rounds)
    total, bias, variance = _decomposed(data, refits, n_rounds, progress)
    depths = np.arange(1, n_depths + 1)
    return BiasVariance(total, bias, variance, None, data.loss, n_rounds, depths)


def bias_variance_fresh(  # noqa: PLR0913 keywords of a public function
    model: Any,
    draw: Callable[[np.random.Generator], tuple[ArrayLike, ...]],
    X_test: ArrayLike,
    truth: ArrayLike,
    *,
    noise: float,
    n_rounds: int = 200,
    rng: np.random.Generator,
    test_weight: ArrayLike | None = None,
    progress: Progress | None = None,
) -> BiasVariance:
    """Decompose the squared error of ``model`` with a fresh data set each round: bias², variance and σ² apart.

    Parameters
    ----------
    draw : from a generator to a training set X, y, or X, y and its weights
    X_test, truth : (n_test, p) and E[y | x] there (n_test,)
    noise : σ² = Var[y | x], averaged over the test rows
    test_weight : (n_test,), of either sign
    """
    table = as_table(X_test, what="X_test")
    target = np.asarray(truth, dtype=np.float64)
    _refuse_rounds(n_rounds)
    refuse_other_than_generator(rng)

    def refits() -> Iterator[Array]:
        for _ in range(n_rounds):
            X, y, *w = draw(rng)
            made = fitted(model, np.asarray(X), np.asarray(y), np.asarray(w[0]) if w else None)
            yield np.asarray(made.predict(table), dtype=np.float64)[None]

    total, bias, variance = _squared(refits(), target, _shares(test_weight, len(table)), n_rounds, progress)
    return BiasVariance(
        float(total[0]) + noise, float(bias[0]), float(variance[0]), noise, "squared", n_rounds
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """What is drawn: units, one of each row of positive weight that has no group; -1 for a row that is never drawn."""

    unit: NDArray[np.int64]
    w: Array | None

    @classmethod
    def of(cls, w: Any, groups: Any, n: int) -> _Sample:
        weights = None if w is None else checked_weights(np.asarray(w), n)
        labels = np.arange(n) if groups is None else as_column(groups, n, what="groups")
        drawn = np.ones(n, dtype=bool) if weights is None else weights > 0
        unit = np.full(n, -1, dtype=np.int64)
        unit[drawn], _ = in_order_of_rows(np.unique(labels[drawn], return_inverse=True)[1])
        return cls(unit, weights)

    def counts(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return how often each row (n,) is in a bootstrap sample of the units."""
        n_units = int(self.unit.max()) + 1
        drawn = np.bincount(rng.integers(n_units, size=n_units), minlength=n_units)
        return np.where(self.unit >= 0, drawn[self.unit], 0)

    def of_rows(self, rows: NDArray[np.int64]) -> Array | None:
        """Return the weights of some rows; None where there are none."""
        return None if self.w is None else self.w[rows]


class _Data:
    """Training and test rows, and the target as codes where the model gives labels."""

    def __init__(self, X: Any, y: Any, X_test: Any, y_test: Any, w: Any, classification: bool) -> None:
        self.X, self.X_test = as_table(X), as_table(X_test, what="X_test")
        self.y, truth = np.asarray(y), np.asarray(y_test)
        if self.y.shape != (len(self.X),) or truth.shape != (len(self.X_test),):
            raise InputError(
                f"y {self.y.shape} and y_test {truth.shape} do not fit X {self.X.shape} and X_test "
                f"{self.X_test.shape}; expected one target a row."
            )
        if self.X.shape[1] != self.X_test.shape[1]:
            raise InputError(
                f"X has {self.X.shape[1]} columns and X_test {self.X_test.shape[1]}; expected the same."
            )
        self.w = _shares(w, truth.size)
        self.loss = "zero-one" if classification else "squared"
        self.classes = np.unique(np.concatenate([self.y, truth])) if classification else None
        self.truth: NDArray[Any] = (
            truth.astype(float) if self.classes is None else np.searchsorted(self.classes, truth)
        )

    def refits(
        self, refit: Refit, sample: _Sample, rng: np.random.Generator, n_rounds: int
    ) -> Iterator[NDArray[Any]]:
        """Yield the predictions (n_depths or 1, n_test) of each refit: values, or codes of labels."""
        _refuse_rounds(n_rounds)
        for _ in range(n_rounds):
            counts = sample.counts(rng)
            yield np.atleast_2d(self._codes(refit(counts, int(rng.integers(2**31)))))

    def refitting(self, model: Any, sample: _Sample, n_depths: int | None = None) -> Refit:
        """Return what refits clones of ``model`` to the rows that count, with their weights."""

        def refit(counts: NDArray[np.int64], seed: int) -> NDArray[Any]:
            rows = np.repeat(np.arange(len(self.X)), counts)
            made = fitted(model, self.X[rows], self.y[rows], sample.of_rows(rows))
            return np.asarray(made.predict(self.X_test)) if n_depths is None else self._path(made, n_depths)

        return refit

    def _path(self, fitted: Any, n_depths: int) -> NDArray[Any]:
        path = np.asarray(fitted.predict_path(self.X_test))
        path = path[np.minimum(np.arange(n_depths), len(path) - 1)]
        return path if self.classes is None else np.asarray(fitted.classes_[path.argmax(axis=2)])

    def _codes(self, prediction: Any) -> NDArray[Any]:
        return np.asarray(prediction) if self.classes is None else np.searchsorted(self.classes, prediction)


def _decomposed(
    data: _Data, refits: Iterator[NDArray[Any]], n_rounds: int, progress: Progress | None
) -> tuple[Array, Array, Array]:
    if data.classes is None:
        return _squared(refits, data.truth, data.w, n_rounds, progress)
    return _zero_one(refits, data.truth, data.w, len(data.classes), n_rounds, progress)


def _squared(
    refits: Iterator[Array], y: Array, w: Array, n_rounds: int, progress: Progress | None
) -> tuple[Array, Array, Array]:
    """Total, bias² (+ σ²), variance: Var = Σ (f_b - f̄)²/(B - 1), bias² = (y - f̄)² - Var/B. Welford's updates."""
    mean, spread = np.zeros(()), np.zeros(())
    for b, f in enumerate(refits, start=1):
        off = f - mean
        mean = mean + off / b
        spread = spread + off * (f - mean)
        if progress is not None:
            progress(b, n_rounds)
    variance = spread @ w / (n_rounds - 1)
    bias = (y - mean) ** 2 @ w - variance / n_rounds
    return bias + variance, bias, variance


def _zero_one(
    refits: Iterator[NDArray[Any]],
    y: NDArray[Any],
    w: Array,
    K: int,
    n_rounds: int,
    progress: Progress | None,
) -> tuple[Array, Array, Array]:
    """Share of wrong labels, of wrong main labels, and the chance to differ from the main label. Domingos (2000)."""
    votes: Any = 0
    for b, f in enumerate(refits, start=1):
        votes = votes + (f[:, :, None] == np.arange(K))
        if progress is not None:
            progress(b, n_rounds)
    share = votes / n_rounds
    total = (1 - share[:, np.arange(y.size), y]) @ w
    bias = (share.argmax(axis=2) != y) @ w
    return total, bias, (1 - share.max(axis=2)) @ w


def _shares(w: Any, n: int) -> Array:
    """Return weights (n,) whose sum is 1, equal ones for None."""
    weights = checked_weights(None if w is None else np.asarray(w), n, negative=True)
    if not weights.sum() > 0:
        raise InputError(
            f"the test weights sum to {weights.sum():.3g}; expected a positive sum: use more events."
        )
    return np.asarray(weights / weights.sum())


def _classifies(model: Any) -> bool:
    from sklearn.base import is_classifier

    return bool(is_classifier(model))


def _refuse_rounds(n_rounds: int) -> None:
    if n_rounds < 2:
        raise InputError(f"n_rounds is {n_rounds!r}; expected at least 2, without which nothing varies.")
