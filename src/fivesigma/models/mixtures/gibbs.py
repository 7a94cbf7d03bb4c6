"""The Bayesian Gaussian mixture, sampled by blocked Gibbs sweeps on fused kernels."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, WrongTypeError, one_of
from fivesigma._core.saved_state import TINY, SavedState
from fivesigma.features.scale import Scale, refuse_other_scale
from fivesigma.models.mixtures import blocks
from fivesigma.models.mixtures.chains import (
    Progress,
    Schedule,
    Watch,
    checked,
    judge,
    refuse_weights,
    run_chains,
    separation_message,
    watched_events,
)
from fivesigma.models.mixtures.labels import relabel, renamed, separation
from fivesigma.models.mixtures.model import (
    KINDS,
    GaussianMixtureModel,
    Kind,
    from_triangles,
    log_components,
)
from fivesigma.models.mixtures.prior import NormalInverseWishart

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

_PREDICTIVE_DRAWS = 100


@dataclass(frozen=True, eq=False)
class Draws:
    """The draws of one or of all chains in standard units: leading axis draws, then components."""

    log_likelihood: Array
    log_weights: Array
    A: Array
    b: Array
    counts: Array
    sums: Array
    squares: Array
    seen: NDArray[np.uint8]

    @classmethod
    def empty(cls, S: int, K: int, d: int, n_seen: int) -> Draws:
        """Make room for S draws."""
        shapes = ((S,), (S, K), (S, K, d, d), (S, K, d), (S, K), (S, K, d), (S, K, d, d))
        made: list[Any] = [np.zeros(shape) for shape in shapes]
        made.append(np.zeros((S, n_seen), dtype=np.uint8))
        return cls(*made)

    @classmethod
    def joined(cls, parts: list[Draws]) -> Draws:
        """Put the chains behind each other."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def permuted(self, permutations: Labels) -> Draws:
        """Return the draws with component a of draw s moved to place ``permutations[s, a]``."""
        order = np.argsort(permutations, axis=1)
        rows = np.arange(len(order))[:, None]
        names = list(self.__dataclass_fields__)[1:-1]
        moved: list[Any] = [getattr(self, name)[rows, order] for name in names]
        return Draws(*[self.log_likelihood, *moved, renamed(self.seen, permutations)])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        S, K, d = state.floats("b", (None, None, None)).shape
        state.expect(S > 0 and 0 < K < 256 and d > 0, "b", "draws of up to 255 components")
        A = state.floats("A", (S, K, d, d))
        state.expect(
            (np.diagonal(A, axis1=-2, axis2=-1) > 0).all(), "A", "triangles with a positive diagonal"
        )
        state.floats("log_likelihood", (S,))
        state.floats("log_weights", (S, K), high=1e-9)
        state.floats("counts", (S, K), low=0.0)
        state.floats("sums", (S, K, d))
        state.floats("squares", (S, K, d, d))
        state.indices("seen", (S, None), K)


class GaussianMixtureGibbs(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Gaussian mixture with its posterior: labels, then weights, then means and covariances, over and over.

    ``w ~ Dirichlet(α)``, ``z_i ~ w``, ``Σ_a ~ IW(ν, Ψ)``, ``μ_a | Σ_a ~ N(m, Σ_a/κ)``, ``x_i ~ N(μ_z, Σ_z)``;
    see `NormalInverseWishart` for the defaults. Diebolt & Robert (1994), doi:10.1111/j.2517-6161.1994.tb01985.x.
    Chains run on standard scores; those of spherical components, which have one variance for all columns, on columns
    divided by one number.

    Parameters
    ----------
    n_components : int
        K, at most 255.
    covariance_type : {"full", "diag", "spherical", "tied"}
    prior : NormalInverseWishart, optional
        In the units of the features.
    n_sweeps, n_warmup : int
        Sweeps of each chain after, and before, draws are kept.
    n_chains : int
    thin : int
        Keep every thin-th sweep.
    keep_labels : bool
        Whether ``draws_["labels"]`` holds the label of every event (one byte each); without it only those of
        1,000 events are kept, by which draws are aligned.
    n_jobs : int
        Threads; the draws are the same for any number.
    random_state : int, RandomState instance or None
    progress : callable, optional
        Told now and then how far it is: a `Sweeps` with ``done``, ``total`` and ``per_second``.

    Attributes
    ----------
    weights_, means_, covariances_ : arrays
        Posterior means of the aligned draws, (K,), (K, d) and as in scikit-learn's GaussianMixture; units of X.
    draws_ : dict
        "log_likelihood" (S,), "weights" (S, K), "means" (S, K, d), "covariances" (S, …), "labels" (S, n), aligned;
        "chain" (S,).
    labels_ : (n_samples,) int64
        The most probable component of each event, by the aligned draws.
    watched_, watched_labels_ : (m,) and (S, m)
        The numbers of the events whose labels are kept, all or 1,000, and their aligned labels in each draw.
    warmup_ : (n_chains, n_warmup)
        The log-likelihood of each sweep before draws are kept.
    diagnostics_ : dict
        Of label-free quantities, a `Diagnosis` each.
    separation_ : float
        Distance of the nearest two components in standard deviations.
    messages_ : tuple of str
        What a reader must know: no convergence, components that overlap. ``converged_`` is the first as a bool.
    sweeps_per_second_ : float

    Raises
    ------
    InputError
        If a parameter is outside its range, X has missing or infinite values, or event weights are given.

    Examples
    --------
    >>> X = np.concatenate([np.random.default_rng(0).normal(m, 1.0, (100, 1)) for m in (0.0, 10.0)])
    >>> mixture = GaussianMixtureGibbs(2, n_sweeps=800, n_warmup=200, random_state=0).fit(X)
    >>> [round(float(mean)) for mean in sorted(mixture.means_[:, 0])], mixture.converged_
    ([0, 10], True)
    """

    _scale: Scale | None = None  # a model of version 0.1.0 has centre and unit alone

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        n_components: int = 2,
        *,
        covariance_type: Kind = "full",
        prior: NormalInverseWishart | None = None,
        n_sweeps: int = 1000,
        n_warmup: int = 500,
        n_chains: int = 4,
        thin: int = 1,
        keep_labels: bool = True,
        n_jobs: int = 1,
        random_state: Any = None,
        progress: Progress | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.prior = prior
        self.n_sweeps = n_sweeps
        self.n_warmup = n_warmup
        self.n_chains = n_chains
        self.thin = thin
        self.keep_labels = keep_labels
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: ArrayLike, y: Any = None, **refused: Any) -> Self:
        """Sample the posterior given X (n_samples, n_features); y is ignored."""
        refuse_weights(refused)
        table = checked(self, X, fitting=True)
        kind = one_of(self.covariance_type, KINDS, "covariance_type")
        schedule = Schedule(
            self.n_components, self.n_sweeps, self.n_warmup, self.n_chains, self.thin, self.n_jobs
        )
        self._scale = Scale.of(table).together() if kind == "spherical" else Scale.of(table)
        self._centre, self._unit = self._scale.centre, self._scale.units
        standard = self._scale.scores(table)
        if self.prior is not None and not isinstance(self.prior, NormalInverseWishart):
            raise WrongTypeError(f"prior is {self.prior!r:.60}; expected NormalInverseWishart(...) or None.")
        prior = (self.prior or NormalInverseWishart()).resolve(table, self.n_components)
        moved = prior.moved(self._centre, self._unit)
        self._model = GaussianMixtureModel(standard, self.n_components, moved, kind)  # type: ignore[arg-type]
        chain = _Chain(self._model, schedule, self.keep_labels, Watch(schedule, self.progress))
        parts, self.sweeps_per_second_ = run_chains(chain, schedule, self.random_state)
        self._record(Draws.joined([draws for draws, _ in parts]), chain.watched, schedule)
        shift = len(table) * float(np.log(self._unit).sum())
        self.warmup_ = np.stack([warming for _, warming in parts]) - shift
        self.labels_ = np.asarray(self._averaged(table)[1].argmax(axis=1), dtype=np.int64)
        return self

    def _record(self, raw: Draws, watched: Labels, schedule: Schedule) -> None:
        """Align the draws and put what they say into attributes."""
        means, covariances = from_triangles(raw.A, raw.b)
        log_prior = self._model.log_prior(np.exp(raw.log_weights), means, covariances)
        pivot = int(np.argmax(raw.log_likelihood + log_prior))
        witnesses = watched_events(len(self._model.X)) if self.keep_labels else np.arange(len(watched))
        seen = raw.seen[:, witnesses]
        draws = raw.permuted(relabel(seen, seen[pivot], self.n_components))
        self._draws, self._pivot = draws, pivot
        self.watched_, self.watched_labels_ = watched, draws.seen
        means, covariances = from_triangles(draws.A, draws.b)
        weights = np.exp(draws.log_weights)
        monitored = _monitored(draws.log_likelihood, weights, means, covariances)
        shape = (schedule.n_chains, schedule.n_draws)
        self.diagnostics_, found = judge({k: v.reshape(shape) for k, v in monitored.items()})
        self.converged_ = not found
        self.separation_ = separation(means.mean(axis=0), covariances.mean(axis=0))
        near = separation_message(self.separation_)
        self.messages_ = found + ((near,) if near else ())
        self._publish(weights, means, covariances, schedule)

    def _publish(self, weights: Array, means: Array, covariances: Array, schedule: Schedule) -> None:
        """Write draws and their means in the units of X."""
        unit = self._unit
        means = means * unit + self._centre
        covariances = covariances * np.outer(unit, unit)
        shift = len(self._model.X) * float(np.log(unit).sum())
        self.draws_: dict[str, NDArray[Any]] = {
            "chain": np.repeat(np.arange(schedule.n_chains), schedule.n_draws),
            "log_likelihood": self._draws.log_likelihood - shift,
            "weights": weights,
            "means": means,
            "covariances": _shaped(covariances, self._model.kind),
        }
        if self.keep_labels:
            self.draws_["labels"] = self._draws.seen
        self.weights_ = weights.mean(axis=0)
        self.means_ = means.mean(axis=0)
        self.covariances_ = self.draws_["covariances"].mean(axis=0)

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return ``p(component | x)`` averaged over aligned draws: (n, d) -> (n, K)."""
        return self._predictive(X)[1]

    def predict(self, X: ArrayLike) -> Labels:
        """Return the most probable component of each event: (n, d) -> (n,)."""
        return np.asarray(self.predict_proba(X).argmax(axis=1), dtype=np.int64)

    def score_samples(self, X: ArrayLike) -> Array:
        """Return the log posterior predictive density, in the inverse units of X: (n, d) -> (n,)."""
        return self._predictive(X)[0]

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Return the mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def _predictive(self, X: ArrayLike) -> tuple[Array, Array]:
        check_is_fitted(self)
        return self._averaged(checked(self, X, fitting=False))

    def _averaged(self, table: Array) -> tuple[Array, Array]:
        """Return log density and probabilities of a checked table, averaged over draws."""
        standard = (self._scale or Scale.told(self._centre, self._unit)).scores(table)
        draws = self._draws
        some = np.unique(np.linspace(0, len(draws.b) - 1, _PREDICTIVE_DRAWS).astype(np.int64))
        diagonal = self._model.kind in ("diag", "spherical")
        log_density = np.full(len(table), -np.inf)
        proba = np.zeros((len(table), self.n_components))
        for s in some:
            c = _constants(draws.A[s]) + draws.log_weights[s]
            logs = log_components(standard, draws.A[s], draws.b[s], c, diagonal)
            one = np.logaddexp.reduce(logs, axis=1)
            proba += np.exp(logs - one[:, None])
            log_density = np.logaddexp(log_density, one)
        return log_density - np.log(len(some)) - np.log(self._unit).sum(), proba / len(some)

    def sample(self, n_samples: int = 1, *, random_state: Any = None) -> tuple[Array, Labels]:
        """Draw events and their aligned labels from the posterior predictive: (n, d) and (n,)."""
        check_is_fitted(self)
        if n_samples < 1:
            raise InputError(f"n_samples is {n_samples}; expected at least 1.")
        rng = np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
        draws = self._draws
        s = rng.integers(len(draws.b), size=n_samples)
        cumulative = np.cumsum(np.exp(draws.log_weights[s]), axis=1)
        labels = np.minimum((rng.random(n_samples)[:, None] > cumulative).sum(axis=1), self.n_components - 1)
        noise = rng.standard_normal(draws.b[s, labels].shape)
        z = np.linalg.solve(draws.A[s, labels], (draws.b[s, labels] + noise)[..., None])[..., 0]
        return (self._scale or Scale.told(self._centre, self._unit)).values(z), labels.astype(np.int64)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p, K = state.count("n_features_in_"), state.count("n_components", 1, 255)
        state.floats("_centre", (p,))
        state.floats("_unit", (p,), low=TINY)
        refuse_other_scale(state, p)
        state.part("_model", GaussianMixtureModel)
        draws = state.part("_draws", Draws)
        state.expect(np.shape(draws.b)[1:] == (K, p), "_draws", f"draws of {K} components in {p} columns")


def trimmed(fitted: GaussianMixtureGibbs) -> GaussianMixtureGibbs:
    """Return a copy that predicts the same, with the draws that predictions use and without the events."""
    kept = copy(fitted)
    draws = fitted._draws
    some = np.unique(np.linspace(0, len(draws.b) - 1, _PREDICTIVE_DRAWS).astype(np.int64))
    names = Draws.__dataclass_fields__
    kept._draws = Draws(*(getattr(draws, name)[some] for name in names))
    kept._draws = replace(kept._draws, seen=kept._draws.seen[:, :0])
    kept._model = replace(fitted._model, X=fitted._model.X[:0])
    kept.draws_ = {name: values[some] for name, values in fitted.draws_.items() if name != "labels"}
    kept.watched_labels_, kept.labels_ = fitted.watched_labels_[:0], fitted.labels_[:0]
    return kept


_PIECE = 50
"""Draws between two words on how far a chain is."""


@dataclass(frozen=True, eq=False)
class _Chain:
    """One chain of the sampler: called with its stream and its number."""

    model: GaussianMixtureModel
    schedule: Schedule
    keep_labels: bool
    watch: Watch

    @property
    def watched(self) -> Labels:
        """The events whose labels are kept."""
        n = len(self.model.X)
        return np.arange(n) if self.keep_labels else watched_events(n)

    def __call__(self, rng: np.random.Generator, number: int) -> tuple[Draws, Array]:
        labels = scattered_start(self.model.X, self.schedule.n_components, rng)
        warming = Draws.empty(self.schedule.n_warmup, *self._size, 0)
        if self.schedule.n_warmup:
            self._run(rng, labels, 1, warming, np.arange(0))
        draws = Draws.empty(self.schedule.n_draws, *self._size, len(self.watched))
        self._run(rng, labels, self.schedule.thin, draws, self.watched)
        return draws, warming.log_likelihood

    @property
    def _size(self) -> tuple[int, int]:
        return self.schedule.n_components, self.model.X.shape[1]

    def _run(
        self, rng: np.random.Generator, labels: Labels, thin: int, draws: Draws, watched: Labels
    ) -> None:
        prior = self.model.prior.for_kind(self.model.kind == "spherical")
        X, scale = np.ascontiguousarray(self.model.X.T), np.ascontiguousarray(prior.scale)
        out = [getattr(draws, name) for name in draws.__dataclass_fields__]
        law = prior.concentration, prior.mean, prior.strength, prior.degrees, scale
        for some in self.watch.pieces(
            len(draws.log_likelihood), _PIECE
        ):  # the state is the labels: no bit depends on it
            blocks.run_sweeps(
                rng, KINDS[self.model.kind], X, *law, labels, thin, watched, *(each[some] for each in out)
            )
            self.watch.add((some.stop - some.start) * thin)


def scattered_start(X: Array, K: int, rng: np.random.Generator) -> Labels:
    """Label every event by the nearest of K centres: the best of five k-means from k-means++ seeds.

    They look at 2,000 events at most. Arthur & Vassilvitskii (2007). Poorer starts leave chains in side modes
    (two components in one population) for thousands of sweeps.
    """
    some = X[rng.permutation(len(X))[:2000]]
    tries = [_lloyd(some, _seeds(some, K, rng)) for _ in range(5)]
    centres = min(tries, key=lambda found: float(_distances(some, found).min(axis=1).sum()))
    return np.asarray(_distances(X, centres).argmin(axis=1), dtype=np.int64)


def _distances(X: Array, centres: Array) -> Array:
    """Squared distances less ``‖x‖²`` would do for the nearest; the sums need them whole: (n, K)."""
    return np.stack([((X - centre) ** 2).sum(axis=1) for centre in centres], axis=1)


def _seeds(X: Array, K: int, rng: np.random.Generator) -> Array:
    chosen = [X[rng.integers(len(X))]]
    nearest = ((X - chosen[0]) ** 2).sum(axis=1)
    for _ in range(1, K):
        total = nearest.sum()
        chosen.append(X[rng.choice(len(X), p=nearest / total) if total > 0 else rng.integers(len(X))])
        nearest = np.minimum(nearest, ((X - chosen[-1]) ** 2).sum(axis=1))
    return np.stack(chosen)


def _lloyd(X: Array, centres: Array) -> Array:
    """Ten sweeps of k-means; an empty component stays where it is."""
    for _ in range(10):
        labels = _distances(X, centres).argmin(axis=1)
        centres = np.stack(
            [X[labels == a].mean(axis=0) if (labels == a).any() else centres[a] for a in range(len(centres))]
        )
    return centres


def _monitored(log_likelihood: Array, weights: Array, means: Array, covariances: Array) -> dict[str, Array]:
    """Quantities that no relabelling changes, each (S,)."""
    centre = (weights[..., None] * means).sum(axis=1, keepdims=True)
    between = (weights * ((means - centre) ** 2).sum(axis=-1)).sum(axis=1)
    volumes = (weights * np.linalg.slogdet(covariances)[1]).sum(axis=1)
    concentration = (weights**2).sum(axis=1)
    return {
        "log_likelihood": log_likelihood,
        "sum of squared weights": concentration,
        "variance between components": between,
        "mean log determinant": volumes,
    }


def _shaped(covariances: Array, kind: str) -> Array:
    """(S, K, d, d) in the shape of scikit-learn's ``covariances_`` of this type."""
    if kind == "full":
        return covariances
    if kind == "tied":
        return covariances[:, 0]
    return (
        np.asarray(np.diagonal(covariances, axis1=-2, axis2=-1))
        if kind == "diag"
        else _spherical(covariances)
    )


def _spherical(covariances: Array) -> Array:
    return np.asarray(np.diagonal(covariances, axis1=-2, axis2=-1).mean(axis=-1))


def _constants(A: Array) -> Array:
    d = A.shape[-1]
    return np.asarray(np.log(np.diagonal(A, axis1=-2, axis2=-1)).sum(-1) - 0.5 * d * np.log(2.0 * np.pi))
