"""Populations to be found again: Gaussian ones in fixed numbers, and clusters of other shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fivesigma._core.errors import InputError
from fivesigma.simulate.system import System, Table


@dataclass(frozen=True)
class Populations(System):
    """Events of several Gaussian populations in one column ``x``; the shares are fixed, not drawn.

    Parameters
    ----------
    shares : relative numbers of events; ``n = sum(shares)`` gives exactly these
    means, sigmas : of each population, in the unit of ``x``
    """

    block: ClassVar[int] = 2**40  # fixed numbers are of all events
    default_n: ClassVar[int] = 4_600

    shares: tuple[float, ...] = (2000.0, 2000.0, 600.0)
    means: tuple[float, ...] = (0.0, 5.0, 9.0)
    sigmas: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        equal = len(self.shares) == len(self.means) == len(self.sigmas) > 0
        if not equal or min(self.shares) <= 0 or min(self.sigmas) <= 0:
            raise InputError(
                f"{len(self.shares)} shares, {len(self.means)} means and {len(self.sigmas)} sigmas; expected one of "
                "each for every population, shares and sigmas positive."
            )

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return ``x`` and the number of the population it is of, in random order."""
        edges = np.round(np.cumsum(self.shares) / np.sum(self.shares) * n).astype(np.int64)
        population = rng.permutation(np.repeat(np.arange(len(self.shares)), np.diff(edges, prepend=0)))
        x = np.array(self.means)[population] + np.array(self.sigmas)[population] * rng.standard_normal(n)
        return Table({"x": x, "population": population}, target="population", features=("x",))


@dataclass(frozen=True)
class Shapes(System):
    """Two half moons that interlock, a tight blob and a wide one in the plane, a quarter of the events each.

    Parameters
    ----------
    noise : standard deviation about the moons, whose radius is one
    """

    block: ClassVar[int] = 2**40
    default_n: ClassVar[int] = 800

    noise: float = 0.08

    def __post_init__(self) -> None:
        if not (np.isfinite(self.noise) and self.noise >= 0):
            raise InputError(f"noise = {self.noise}; expected a number of at least 0.")

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return ``x``, ``y`` and the name of the shape, in random order."""
        shape = rng.permutation(np.arange(n) % 4)
        angle, noise = np.pi * rng.random(n), rng.standard_normal((2, n))
        centres = np.array(
            [
                (np.cos(angle), np.sin(angle)),
                (1.0 - np.cos(angle), 0.5 - np.sin(angle)),
                (np.full(n, 3.2), np.full(n, 1.2)),
                (np.full(n, 3.6), np.full(n, -1.0)),
            ]
        )
        width = np.array([self.noise, self.noise, 0.15, 0.5])[shape]
        x, y = centres[shape, :, np.arange(n)].T + width * noise
        names = np.array(["moon 1", "moon 2", "tight", "wide"], dtype=object)
        return Table({"x": x, "y": y, "shape": names[shape]}, target="shape", features=("x", "y"))
