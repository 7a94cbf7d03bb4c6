"""Gaussian mixtures with their truth: the spiked mixture of high dimensions, and the general one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from fivesigma._core.errors import InputError
from fivesigma.simulate.system import System, Table, count

Vector = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class SpikedMixture(System):
    """``X = √(ρ/d) V U + ξ`` with one-hot V (n, k), Gaussian U (k, d) and Gaussian noise ξ (n, d).

    Lesieur, De Bacco, Banks, Krzakala, Moore & Zdeborová (arXiv:1610.02918). The labels V are even over the k
    components. As n, d → ∞ with ``α = n/d`` the centres can be found from ``ρ = k/√α`` on, for k up to four.

    Parameters
    ----------
    n_features : d
    n_components : k
    rho : ρ, squared signal strength
    centred : whether the mean of the events is taken from each column: it is a spike of its own, and no label's
    """

    block: ClassVar[int] = 2**40  # all events share the centres, so they are one block
    default_n: ClassVar[int] = 1_000

    n_features: int = 100
    n_components: int = 2
    rho: float = 10.0
    centred: bool = False

    def __post_init__(self) -> None:
        if self.n_features < 1 or self.n_components < 1 or not (np.isfinite(self.rho) and self.rho >= 0):
            raise InputError(
                f"n_features = {self.n_features}, n_components = {self.n_components}, rho = {self.rho}: "
                "expected at least 1, at least 1, and a number of at least 0."
            )

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Vector, Vector, Labels]:
        """Return X (n, d), the centres ``√(ρ/d) U`` (k, d) and the labels (n,).

        >>> X, centres, labels = SpikedMixture(5, 2, 1.0).sample(10, np.random.default_rng(0))
        >>> X.shape, centres.shape, labels.shape
        ((10, 5), (2, 5), (10,))
        """
        shape = (self.n_components, self.n_features)
        centres = np.sqrt(self.rho / self.n_features) * rng.standard_normal(shape)
        labels = rng.integers(self.n_components, size=count(n))
        return centres[labels] + rng.standard_normal((n, self.n_features)), centres, labels

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return ``x_0 …``, the label, and each event's true centre as one column of d numbers."""
        X, centres, labels = self.sample(n, rng)
        if self.centred:
            mean = X.mean(axis=0)
            X, centres = X - mean, centres - mean
        names = tuple(f"x_{i}" for i in range(self.n_features))
        columns = dict(zip(names, X.T, strict=True)) | {"label": labels, "truth_centre": centres[labels]}
        return Table(columns, target="label", features=names)


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """``p(x) = Σ_j π_j N(x | μ_j, Σ_j)`` in d dimensions.

    Parameters
    ----------
    weights : (k,) positive, made to sum to one
    means : (k, d)
    covariances : (k, d, d) symmetric and positive definite
    """

    weights: Vector
    means: Vector
    covariances: Vector

    def __post_init__(self) -> None:
        k, d = np.shape(self.means)
        if (
            np.shape(self.weights) != (k,)
            or np.shape(self.covariances) != (k, d, d)
            or np.min(self.weights) <= 0
        ):
            raise InputError(
                f"means {np.shape(self.means)}, weights {np.shape(self.weights)} and covariances "
                f"{np.shape(self.covariances)} do not fit; expected (k, d), (k,) positive and (k, d, d)."
            )

    @classmethod
    def random(
        cls, n_components: int, n_features: int, rng: np.random.Generator, *, separation: float
    ) -> GaussianMixture:
        """Draw a mixture: means of standard deviation ``separation``, Wishart covariances about one."""
        weights = rng.dirichlet(np.full(n_components, 5.0))
        means = separation * rng.standard_normal((n_components, n_features))
        root = rng.standard_normal((n_components, n_features, 3 * n_features)) / np.sqrt(3 * n_features)
        return cls(weights, means, root @ root.transpose(0, 2, 1))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Vector, Labels]:
        """Return X (n, d) and the labels (n,)."""
        p = np.asarray(self.weights) / np.sum(self.weights)
        labels = rng.choice(len(p), size=count(n), p=p)
        roots = np.linalg.cholesky(self.covariances)
        noise = rng.standard_normal((n, np.shape(self.means)[1]))
        return np.asarray(self.means)[labels] + np.einsum("nij,nj->ni", roots[labels], noise), labels

    def log_density(self, X: Vector) -> Vector:
        """``ln p(x)`` of each row: (n, d) -> (n,)."""
        return np.asarray(logsumexp(self._joint(X), axis=1))

    def responsibilities(self, X: Vector) -> Vector:
        """``p(component | x)``: (n, d) -> (n, k); what the best classifier would know."""
        joint = self._joint(X)
        return np.asarray(np.exp(joint - logsumexp(joint, axis=1, keepdims=True)))

    def _joint(self, X: Vector) -> Vector:
        roots = np.linalg.cholesky(self.covariances)
        log_weights = np.log(np.asarray(self.weights) / np.sum(self.weights))
        d = np.shape(self.means)[1]
        columns = []
        for log_weight, mean, root in zip(log_weights, self.means, roots, strict=True):
            z = np.linalg.solve(root, (X - mean).T)
            columns.append(
                log_weight - 0.5 * (z**2).sum(0) - np.log(np.diag(root)).sum() - 0.5 * d * np.log(2 * np.pi)
            )
        return np.stack(columns, axis=1)
