"""Strata of the events that models are scored on: the classes whose shares a division holds to those of its table.

A test set that has its share of each class varies with its events within a class; how many events a class has in it
varies only as the whole table does, or not at all where that number is by design.

References
----------
Cochran (1977), Sampling Techniques, §5.3 (stratified means); Rao & Wu (1988), J. Am. Stat. Assoc. 83, 231 (resampling
within strata).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
Prevalence = Literal["random", "fixed"]
"""Whether a fresh data set would have another class fraction, or that fraction is by design."""


@dataclass(frozen=True, eq=False)
class Strata:
    """The stratum of each event, and how much the number of a stratum's events varies over data sets.

    Attributes
    ----------
    of : (n,) stratum of each event, 0 … S - 1; all events of a group share theirs.
    spread : (S,) the variance of the number of a stratum's units over that of Poisson's law: 1 where nothing holds it,
        0 where it is by design, n/N where the part has n of the N units of a table whose number is random.
    """

    of: Codes
    spread: Vector

    @classmethod
    def held(
        cls, of: NDArray[Any], table: NDArray[Any], *, prevalence: Prevalence, stratified: bool
    ) -> Strata | None:
        """Return the strata of a part of a table; None where nothing holds them: it was drawn freely, as the table was.

        Parameters
        ----------
        of : (n,) stratum of each event of the part.
        table : (N,) stratum of each event of the table that was divided, the part itself where it was given as it is.
        prevalence : "random" if the number of a stratum's events in the table is, "fixed" if it is by design.
        stratified : whether the part has its share of each stratum; else it was drawn from the table freely.

        >>> table = np.repeat([0, 1], [40, 10])
        >>> Strata.held(table[::5], table, prevalence="random", stratified=True).spread.tolist()
        [0.2, 0.2]
        >>> Strata.held(table, table, prevalence="random", stratified=False) is None
        True
        """
        n_strata = int(np.max(table, initial=-1)) + 1
        share = np.bincount(of, minlength=n_strata) / np.maximum(np.bincount(table, minlength=n_strata), 1)
        if prevalence == "random" and not stratified:
            return None
        by_design = np.zeros(n_strata) if stratified else 1 - share
        return cls(np.asarray(of, np.int64), share if prevalence == "random" else by_design)

    @property
    def n(self) -> int:
        """The number of strata, those without an event among them."""
        return len(self.spread)

    def totals(self, sizes: NDArray[Any], n_boot: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return how many units of each stratum a resample draws (B, S), for strata of ``sizes`` (S,) units.

        Of Poisson's law in the table, a share in the part: ``q Poisson(n / q)`` has the variance ``q n``.

        >>> Strata(np.array([0, 1, 1]), np.zeros(2)).totals(np.array([1, 2]), 2, np.random.default_rng(0)).tolist()
        [[1, 2], [1, 2]]
        """
        q = np.where(self.spread > 0, self.spread, 1.0)
        drawn = np.rint(rng.poisson(sizes / q, (n_boot, len(sizes))) * q).astype(np.int64)
        return np.where(self.spread > 0, drawn, sizes)

    def sums(self, values: NDArray[Any], of: Codes, axis: int = -1) -> Vector:
        """Return ``values`` summed along ``axis`` over the units of each stratum, ``of`` (n_units,) being theirs."""
        member = (of[:, None] == np.arange(self.n)).astype(np.float64)
        return np.moveaxis(np.tensordot(values, member, axes=(axis, 0)), -1, axis)
