"""The spiked mixture: centres hidden in many noisy features, sampled with the centres integrated out."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.saved_state import TINY, SavedState
from fivesigma.models.mixtures import spiked_explicit as explicit
from fivesigma.models.mixtures import spiked_kernels as kernels
from fivesigma.models.mixtures.chains import (
    Progress,
    Schedule,
    Watch,
    checked,
    judge,
    refuse_weights,
    run_chains,
)
from fivesigma.models.mixtures.label_kernels import tally
from fivesigma.models.mixtures.labels import relabel, renamed

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

_PREDICTIVE_DRAWS = 100
_MOST_EVENTS = 12_000
_DEFAULT_GRID = tuple(float(value) for value in np.linspace(0.25, 16.0, 64))


@dataclass(frozen=True, eq=False)
class SpikedModel:
    """``X = √(ρ/d) V U + ξ``: the law of labels and ρ with U integrated out, and that of U given both.

    Parameters
    ----------
    X : (n, d) in units of the noise
    n_components : K
    rhos : (r,) grid of an even prior of ρ; one value: known
    """

    X: Array
    n_components: int
    rhos: Array

    def log_joint(self, labels: Labels, rho: float) -> float:
        """``ln p(X, z, ρ)``: each feature is Gaussian with covariance ``I + (ρ/d) Z Zᵀ``, by plain formulas."""
        n, d = self.X.shape
        Z = np.eye(self.n_components)[labels]
        covariance = np.eye(n) + rho / d * Z @ Z.T
        quadratic = float((self.X * np.linalg.solve(covariance, self.X)).sum())
        log_det = float(np.linalg.slogdet(covariance)[1])
        prior = -n * np.log(self.n_components) - np.log(len(self.rhos))
        return float(-0.5 * (quadratic + d * log_det + n * d * np.log(2.0 * np.pi)) + prior)

    def log_joint_centres(self, labels: Labels, rho: float, U: Array) -> float:
        """``ln p(X, z, ρ, U)`` by plain formulas."""
        n, d = self.X.shape
        noise = self.X - np.sqrt(rho / d) * U[labels]
        prior = -n * np.log(self.n_components) - np.log(len(self.rhos))
        quadratic = float((noise**2).sum() + (U**2).sum())
        return float(-0.5 * (quadratic + (n * d + U.size) * np.log(2.0 * np.pi)) + prior)

    def log_conditional_label(self, i: int, labels: Labels, rho: float) -> Array:
        """``ln p(z_i = · | all other labels, ρ, X)`` as the kernel computes it: (K,)."""
        counts, R, S, h, g = self._state(labels, rho)
        scores = np.empty(self.n_components)
        kernels.label_scores(i, labels[i], float(self.X[i] @ self.X[i]), counts, R, S, h, g, scores)
        return np.asarray(scores - np.logaddexp.reduce(scores))

    def log_conditional_rho(self, labels: Labels) -> Array:
        """``ln p(ρ = · | z, X)`` on the grid, as the kernel computes it: (r,)."""
        counts, _, S, _, _ = self._state(labels, float(self.rhos[0]))
        scores = np.empty(len(self.rhos))
        kernels.rho_scores(self.rhos, self.X.shape[1], counts, S, scores)
        return np.asarray(scores - np.logaddexp.reduce(scores))

    def log_conditional_centres(self, labels: Labels, rho: float, U: Array) -> float:
        """``ln p(U | z, ρ, X)``."""
        mean, variance = self.centres(labels, rho)
        quadratic = ((U - mean) ** 2 / variance[:, None]).sum()
        return float(-0.5 * (quadratic + U.shape[1] * np.log(2.0 * np.pi * variance).sum()))

    def centres(self, labels: Labels, rho: float) -> tuple[Array, Array]:
        """Mean (K, d) and variance (K,) of U given labels: ``s Σx / (1 + n s²)`` and ``1 / (1 + n s²)``."""
        s = np.sqrt(rho / self.X.shape[1])
        Z = np.eye(self.n_components)[labels]
        variance = 1.0 / (1.0 + Z.sum(axis=0) * s**2)
        return s * variance[:, None] * (Z.T @ self.X), variance

    def _state(self, labels: Labels, rho: float) -> tuple[Labels, Array, Array, Array, Array]:
        n, d = self.X.shape
        K = self.n_components
        counts, R, S = np.empty(K, dtype=np.int64), np.empty((K, n)), np.empty(K)
        h, g = np.empty(n + 2), np.empty(n + 2)
        kernels.fill_sums(self.X @ self.X.T, labels, counts, R, S)
        kernels.fill_tables(rho, d, h, g)
        return counts, R, S, h, g

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.floats("X", (None, None))
        state.count("n_components", 1, 255)
        state.floats("rhos", (None,), low=0.0)


class SpikedMixtureGibbs(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Posterior of the labels of ``X = √(ρ/d) V U + ξ``: each label in turn given all others, U integrated out.

    Centres Gaussian, labels even, noise Gaussian of known standard deviation. Lesieur, De Bacco, Banks, Krzakala,
    Moore & Zdeborová, arXiv:1610.02918. A sweep looks only at the Gram matrix XXᵀ (n, n), made once; with more than
    12,000 events, whose matrix is too large, U is drawn beside the labels. The origin means something to this model:
    centre X if it does not.

    Parameters
    ----------
    n_components : int
        K, at most 255.
    rho : float, sequence of floats or None
        ρ; several values are the grid of an even prior, None is 0.25, 0.5 … 16.
    noise : float
        Standard deviation of ξ in the units of X.
    start : {"random"} or (n_samples,) labels
        Random labels for each chain, or an informed start for all.
    labels : {"best", "draw"}
        What ``labels_`` are: the best guess for each event, or all of them of one draw, the last of the last chain.
    n_sweeps, n_warmup, n_chains, thin, n_jobs, random_state, progress :
        As in `GaussianMixtureGibbs`.

    Attributes
    ----------
    draws_ : dict
        "labels" (S, n) aligned, "log_likelihood" (S,) = ln p(X | z, ρ), "rho" (S,), "chain" (S,).
    labels_ : (n_samples,) int64
        The most frequent aligned label of each event, the best guess event by event; or those of one draw.
    means_ : (K, d)
        Posterior mean of ``√(ρ/d) U`` in the units of X, by aligned labels.
    rho_ : float
        Posterior mean of ρ.
    diagnostics_, converged_, messages_, sweeps_per_second_, warmup_ :
        As in `GaussianMixtureGibbs`.

    Raises
    ------
    InputError
        If a parameter is outside its range, or X is not finite.

    Examples
    --------
    >>> from fivesigma.models.mixtures.labels import overlap
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(2, size=100)
    >>> X = 0.6 * rng.standard_normal((2, 50))[truth] + rng.standard_normal((100, 50))
    >>> overlap(truth, SpikedMixtureGibbs(2, rho=18.0, n_sweeps=500, random_state=0).fit(X).labels_) > 0.9
    True
    """

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        n_components: int = 2,
        rho: float | ArrayLike | None = None,
        *,
        noise: float = 1.0,
        start: Any = "random",
        labels: Literal["best", "draw"] = "best",
        n_sweeps: int = 1000,
        n_warmup: int = 500,
        n_chains: int = 4,
        thin: int = 1,
        n_jobs: int = 1,
        random_state: Any = None,
        progress: Progress | None = None,
    ) -> None:
        self.n_components = n_components
        self.rho = rho
        self.noise = noise
        self.start = start
        self.labels = labels
        self.n_sweeps = n_sweeps
        self.n_warmup = n_warmup
        self.n_chains = n_chains
        self.thin = thin
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: ArrayLike, y: Any = None, **refused: Any) -> Self:
        """Sample the posterior given X (n_samples, n_features); y is ignored."""
        refuse_weights(refused)
        table = checked(self, X, fitting=True)
        one_of(self.labels, ("best", "draw"), "choice of labels")
        schedule = Schedule(
            self.n_components, self.n_sweeps, self.n_warmup, self.n_chains, self.thin, self.n_jobs
        )
        if not (np.isfinite(self.noise) and self.noise > 0):
            raise InputError(
                f"noise is {self.noise!r}; expected a positive standard deviation, in units of X."
            )
        self._model = SpikedModel(table / self.noise, self.n_components, self._grid())
        chain = _Chain(self._model, schedule, self._informed(len(table)), Watch(schedule, self.progress))
        parts, self.sweeps_per_second_ = run_chains(chain, schedule, self.random_state)
        self._record(parts, schedule)
        return self

    def _grid(self) -> Array:
        rhos = np.atleast_1d(np.asarray(_DEFAULT_GRID if self.rho is None else self.rho, dtype=np.float64))
        if rhos.ndim != 1 or not rhos.size or not np.isfinite(rhos).all() or rhos.min() < 0:
            raise InputError(
                f"rho is {self.rho!r}; expected a number of at least 0, a list of these, or None."
            )
        return rhos

    def _informed(self, n: int) -> Labels | None:
        if isinstance(self.start, str):
            if self.start != "random":
                raise InputError(f"start is {self.start!r}; expected 'random' or one label for each event.")
            return None
        labels = np.asarray(self.start)
        if labels.shape != (n,) or labels.min() < 0 or labels.max() >= self.n_components:
            raise InputError(
                f"start has shape {labels.shape}; expected ({n},) labels from 0 to {self.n_components - 1}."
            )
        return labels.astype(np.int64)

    def _record(self, parts: list[tuple[Array, Array, NDArray[np.uint8], Array]], schedule: Schedule) -> None:
        likelihood, rho, seen = (np.concatenate([part[j] for part in parts]) for j in range(3))
        K, (n, d) = self.n_components, self._model.X.shape
        labels = renamed(seen, relabel(seen, seen[int(np.argmax(likelihood))], K))
        counts, frequency, pull = self._tally(labels, rho)
        constant = -0.5 * n * d * np.log(2.0 * np.pi * self.noise**2) - 0.5 * float((self._model.X**2).sum())
        self.warmup_ = np.stack([part[3] for part in parts]) + constant
        self.draws_ = {
            "chain": np.repeat(np.arange(schedule.n_chains), schedule.n_draws),
            "labels": labels,
            "log_likelihood": likelihood + constant,
            "rho": rho,
        }
        monitored = {
            "log_likelihood": likelihood,
            "sum of squared shares": ((counts / n) ** 2).sum(axis=1),
        }
        if len(self._model.rhos) > 1:
            monitored["rho"] = rho
        shape = (schedule.n_chains, schedule.n_draws)
        self.diagnostics_, self.messages_ = judge({k: v.reshape(shape) for k, v in monitored.items()})
        self.converged_ = not self.messages_
        if n > _MOST_EVENTS:
            self.messages_ += (
                f"{n} events are more than the {_MOST_EVENTS} whose Gram matrix is kept: centres were drawn beside the "
                "labels, the same posterior by chains that mix more slowly.",
            )
        self.rho_ = float(rho.mean())
        best = frequency.argmax(axis=0) if self.labels == "best" else labels[-1]
        self.labels_ = np.asarray(best, dtype=np.int64)
        self.means_ = self.noise * (pull @ self._model.X)

    def _tally(self, labels: NDArray[np.uint8], rho: Array) -> tuple[Labels, Labels, Array]:
        """Events of each component (S, K); draws with event i in component a and ``mean_s s²/(1 + n_a s²)`` of them."""
        (S, n), K = labels.shape, self.n_components
        counts, seen = np.empty((S, K), dtype=np.int64), np.empty((K, n), dtype=np.int64)
        pull = np.empty((K, n))
        tally(labels, rho / self._model.X.shape[1], counts, seen, pull)
        return counts, seen, pull / S

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return ``p(component | x)`` of new events, averaged over aligned draws: (n, d) -> (n, K)."""
        return self._predictive(X)[1]

    def score_samples(self, X: ArrayLike) -> Array:
        """Return the log posterior predictive density, in the inverse units of X: (n, d) -> (n,)."""
        return self._predictive(X)[0]

    def _predictive(self, X: ArrayLike) -> tuple[Array, Array]:
        check_is_fitted(self)
        table = checked(self, X, fitting=False) / self.noise
        labels, rho = self.draws_["labels"].astype(np.int64), self.draws_["rho"]
        some = np.unique(np.linspace(0, len(rho) - 1, _PREDICTIVE_DRAWS).astype(np.int64))
        log_density = np.full(len(table), -np.inf)
        proba = np.zeros((len(table), self.n_components))
        for s in some:
            logs = self._log_predictive(table, labels[s], float(rho[s]))
            one = np.logaddexp.reduce(logs, axis=1)
            proba += np.exp(logs - one[:, None])
            log_density = np.logaddexp(log_density, one)
        d, K = table.shape[1], self.n_components
        constant = np.log(len(some) * K) + 0.5 * d * np.log(2.0 * np.pi) + d * np.log(self.noise)
        return log_density - constant, proba / len(some)

    def _log_predictive(self, X: Array, labels: Labels, rho: float) -> Array:
        """``ln N(x | s m_a, 1 + s² v_a)`` without what all components share."""
        d = X.shape[1]
        mean, variance = self._model.centres(labels, rho)
        total = 1.0 + rho / d * variance
        distance = ((X[:, None, :] - np.sqrt(rho / d) * mean) ** 2).sum(axis=2)
        return np.asarray(-0.5 * (distance / total + d * np.log(total)))

    def predict(self, X: ArrayLike) -> Labels:
        """Return the most probable component of new events: (n, d) -> (n,)."""
        return np.asarray(self.predict_proba(X).argmax(axis=1), dtype=np.int64)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p, K = state.count("n_features_in_"), state.count("n_components", 1, 255)
        state.number("noise", low=TINY)
        model = state.part("_model", SpikedModel)
        n = np.shape(model.X)[0]
        state.expect(
            np.shape(model.X) == (n, p) and model.n_components == K, "_model", f"{K} components, {p} columns"
        )
        draws = SavedState(SimpleNamespace(**state.part("draws_", dict)))
        S = len(draws.floats("rho", (None,), low=0.0))
        draws.expect(S > 0, "rho", "one draw at least")
        draws.indices("labels", (S, n), K)


@dataclass(frozen=True, eq=False)
class _Chain:
    """One chain: called with its stream and its number."""

    model: SpikedModel
    schedule: Schedule
    informed: Labels | None
    watch: Watch

    def __post_init__(self) -> None:
        X = self.model.X
        made = np.ascontiguousarray(X @ X.T) if len(X) <= _MOST_EVENTS else None
        object.__setattr__(self, "gram", made)

    def __call__(
        self, rng: np.random.Generator, number: int
    ) -> tuple[Array, Array, NDArray[np.uint8], Array]:
        n = len(self.model.X)
        K = self.model.n_components
        labels = rng.integers(K, size=n) if self.informed is None else self.informed.copy()
        warming = np.empty(0)
        if self.schedule.n_warmup:
            warming = self._run(rng, labels, self.schedule.n_warmup, 1, 0)[0]
        return *self._run(rng, labels, self.schedule.n_draws, self.schedule.thin, n), warming

    def _run(
        self, rng: np.random.Generator, labels: Labels, n_draws: int, thin: int, n_seen: int
    ) -> tuple[Array, Array, NDArray[np.uint8]]:
        model = self.model
        out = np.empty(n_draws), np.empty(n_draws), np.empty((n_draws, n_seen), dtype=np.uint8)
        gram: Array | None = self.gram  # type: ignore[attr-defined]
        for some in self.watch.pieces(n_draws, kernels.REFRESHED):
            parts = out[0][some], out[1][some], out[2][some]
            if gram is None:
                explicit.run_sweeps(rng, model.X, model.rhos, labels, model.n_components, thin, *parts)
            else:
                d = model.X.shape[1]
                kernels.run_sweeps(rng, gram, d, model.rhos, labels, model.n_components, thin, *parts)
            self.watch.add((some.stop - some.start) * thin)
        return out
