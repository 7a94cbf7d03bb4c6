"""Where an error comes from: bias, variance and noise, by refitting to bootstrap samples or to fresh data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.checks import as_table
from fivesigma._core.errors import InputError
from fivesigma._core.random import refuse_other_than_generator
from fivesigma.risk.metric import checked_weights

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
    test_weight : (n_test,), not negative
    progress : called with (rounds done, B)
    refit : a quicker way to refit the model to samples of these very rows, in place of clones of it; for a plain
        tree `fivesigma.models.trees.resampled.refits_by_counts` makes one, many times faster

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
    found = _decomposed(data, data.refits(model, rng, n_rounds, None, refit), n_rounds, progress)
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
    refits = data.refits(model, rng, n_rounds, n_depths, refit)
    total, bias, variance = _decomposed(data, refits, n_rounds, progress)
    depths = np.arange(1, n_depths + 1)
    return BiasVariance(total, bias, variance, None, data.loss, n_rounds, depths)


def bias_variance_fresh(
    model: Any,
    draw: Callable[[np.random.Generator], tuple[ArrayLike, ArrayLike]],
    X_test: ArrayLike,
    truth: ArrayLike,
    *,
    noise: float,
    n_rounds: int = 200,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> BiasVariance:
    """Decompose the squared error of ``model`` with a fresh data set each round: bias², variance and σ² apart.

    Parameters
    ----------
    draw : from a generator to a training set X, y
    X_test, truth : (n_test, p) and E[y | x] there (n_test,)
    noise : σ² = Var[y | x], averaged over the test rows
    """
    table = as_table(X_test, what="X_test")
    target = np.asarray(truth, dtype=np.float64)
    weights = np.full(len(table), 1 / len(table))
    _refuse_rounds(n_rounds)
    refuse_other_than_generator(rng)

    def refits() -> Iterator[Array]:
        from sklearn.base import clone

        for _ in range(n_rounds):
            yield np.asarray(clone(model).fit(*draw(rng)).predict(table), dtype=np.float64)[None]

    total, bias, variance = _squared(refits(), target, weights, n_rounds, progress)
    return BiasVariance(
        float(total[0]) + noise, float(bias[0]), float(variance[0]), noise, "squared", n_rounds
    )


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
        weights = checked_weights(None if w is None else np.asarray(w), truth.size)
        self.w = weights / weights.sum()
        self.loss = "zero-one" if classification else "squared"
        self.classes = np.unique(np.concatenate([self.y, truth])) if classification else None
        self.truth: NDArray[Any] = (
            truth.astype(float) if self.classes is None else np.searchsorted(self.classes, truth)
        )

    def refits(
        self, model: Any, rng: Any, n_rounds: int, n_depths: int | None, refit: Refit | None
    ) -> Iterator[NDArray[Any]]:
        """Yield the predictions (n_depths or 1, n_test) of each refit: values, or codes of labels."""
        _refuse_rounds(n_rounds)
        if refit is None:
            return self._by_fitting(model, rng, n_rounds, n_depths)
        return self._by_counts(refit, rng, n_rounds)

    def _by_counts(self, refit: Refit, rng: Any, n_rounds: int) -> Iterator[NDArray[Any]]:
        n = len(self.X)
        for _ in range(n_rounds):
            counts = np.bincount(rng.integers(n, size=n), minlength=n)
            yield np.atleast_2d(self._codes(refit(counts, int(rng.integers(2**31)))))

    def _by_fitting(
        self, model: Any, rng: Any, n_rounds: int, n_depths: int | None
    ) -> Iterator[NDArray[Any]]:
        from sklearn.base import clone

        n = len(self.X)
        for _ in range(n_rounds):
            rows = rng.integers(n, size=n)
            fitted = clone(model).fit(self.X[rows], self.y[rows])
            yield (
                self._codes(fitted.predict(self.X_test))[None]
                if n_depths is None
                else self._path(fitted, n_depths)
            )

    def _path(self, fitted: Any, n_depths: int) -> NDArray[Any]:
        path = np.asarray(fitted.predict_path(self.X_test))
        path = path[np.minimum(np.arange(n_depths), len(path) - 1)]
        return path if self.classes is None else self._codes(fitted.classes_[path.argmax(axis=2)])

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


def _classifies(model: Any) -> bool:
    from sklearn.base import is_classifier

    return bool(is_classifier(model))


def _refuse_rounds(n_rounds: int) -> None:
    if n_rounds < 2:
        raise InputError(f"n_rounds is {n_rounds!r}; expected at least 2, without which nothing varies.")
