"""Toy sets: shapes in a plane on which every model can be looked at, and a cube of any dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from fivesigma._core.errors import InputError
from fivesigma.simulate.system import System, Table, count

Vector = NDArray[np.float64]
Labels = NDArray[np.int64]
Shape = Literal["moons", "circles", "linear", "blobs", "varied", "anisotropic", "uniform"]

_CENTRES = np.array([[-2.5, -1.0], [0.0, 2.0], [2.5, -1.0]])
_WIDTHS = np.array([1.0, 0.35, 1.6])
_SHEAR = np.array([[0.6, -0.6], [-0.4, 0.8]])


@dataclass(frozen=True)
class Toys(System):
    """The two-dimensional toy sets of scikit-learn's galleries, drawn anew.

    ``moons``, ``circles`` (the inner of half the radius) and ``linear`` have two classes; ``blobs``, ``varied``
    (blobs of unequal width), ``anisotropic`` (sheared blobs) have three, ``uniform`` three that mean nothing.

    Parameters
    ----------
    shape : which set
    noise : standard deviation added to moons and circles, and the width of blobs in units of 0.6

    Examples
    --------
    >>> X, label = Toys("circles", noise=0.0).sample(4, np.random.default_rng(0))
    >>> np.hypot(*X.T).round(9).tolist() == [1.0 if each == 0 else 0.5 for each in label]
    True
    """

    block: ClassVar[int] = 10_000
    default_n: ClassVar[int] = 400

    shape: Shape = "moons"
    noise: float = 0.25

    def __post_init__(self) -> None:
        if not (np.isfinite(self.noise) and self.noise >= 0):
            raise InputError(f"noise = {self.noise!r} is not possible; give a finite number of at least 0.")

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Vector, Labels]:
        """Return the points (n, 2) and their labels (n,)."""
        if self.shape in ("moons", "circles"):
            return self._curved(count(n), rng)
        if self.shape == "linear":
            label = rng.integers(2, size=count(n))
            along, across = rng.normal(size=n), 0.4 + np.abs(rng.normal(scale=0.7, size=n)) - self.noise
            side = np.where(label == 1, across, -across)
            return np.column_stack([along + side, along - side]) / np.sqrt(2), label
        label = rng.integers(3, size=count(n))
        if self.shape == "uniform":
            return rng.uniform(-3, 3, size=(n, 2)), label
        spread = 0.6 / 0.25 * self.noise * (_WIDTHS[label] if self.shape == "varied" else np.ones(n))
        X = _CENTRES[label] + spread[:, None] * rng.normal(size=(n, 2))
        return (X @ _SHEAR if self.shape == "anisotropic" else X), label

    def _curved(self, n: int, rng: np.random.Generator) -> tuple[Vector, Labels]:
        label = rng.integers(2, size=n)
        turn = rng.uniform(0, np.pi if self.shape == "moons" else 2 * np.pi, n)
        circle = np.column_stack([np.cos(turn), np.sin(turn)])
        if self.shape == "moons":
            X = np.where(label[:, None] == 1, [1.0, 0.5] - circle, circle)
        else:
            X = circle * np.where(label == 1, 0.5, 1.0)[:, None]
        return X + self.noise * rng.normal(size=(n, 2)), label

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return ``x``, ``y`` and the label."""
        X, label = self.sample(n, rng)
        return Table({"x": X[:, 0], "y": X[:, 1], "label": label}, target="label", features=("x", "y"))


@dataclass(frozen=True)
class Cube(System):
    """Points even in the unit cube of d dimensions; only the first two say on which side of a circle a point lies.

    The label is whether ``x_0² + x_1² < 2/π``, which half of the points fulfil; the other d - 2 columns say nothing.
    The best possible risk is 0 for every d.

    Parameters
    ----------
    d : dimensions, at least 2

    Examples
    --------
    >>> X, label = Cube(5).sample(10_000, np.random.default_rng(0))
    >>> X.shape, bool(abs(label.mean() - 0.5) < 0.02)
    ((10000, 5), True)
    """

    block: ClassVar[int] = 10_000
    default_n: ClassVar[int] = 1_000

    d: int = 2

    def __post_init__(self) -> None:
        if self.d < 2:
            raise InputError(f"d = {self.d!r} is not possible; give a whole number of at least 2.")

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Vector, Labels]:
        """Return the points (n, d) and their labels (n,)."""
        X = rng.uniform(size=(count(n), self.d))
        return X, (X[:, 0] ** 2 + X[:, 1] ** 2 < 2 / np.pi).astype(np.int64)

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return ``x_0 …`` and the label."""
        X, label = self.sample(n, rng)
        names = tuple(f"x_{i}" for i in range(self.d))
        return Table(dict(zip(names, X.T, strict=True)) | {"label": label}, target="label", features=names)


def distance_contrast(d: int, n: int, rng: np.random.Generator) -> float:
    """Return the median over n points of the unit cube of (farthest - nearest) / nearest distance to the others.

    It falls to 0 as d grows: Beyer, Goldstein, Ramakrishnan & Shaft (1999), "When is nearest neighbor meaningful?".

    >>> [round(distance_contrast(d, 300, np.random.default_rng(0)), 1) for d in (2, 1000)]
    [35.7, 0.1]
    """
    X = rng.uniform(size=(count(n), d))
    distances = cdist(X, X)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.min(axis=1)
    np.fill_diagonal(distances, 0)
    return float(np.median((distances.max(axis=1) - nearest) / nearest))
