"""Scenes: simulated studies of which the truth is known, and what is promised of them.

A module of ``benchmarks/scenes`` brings its own: ``SCENES`` of intervals, ``NULLS`` of studies in which nothing is
to be found. `interval_coverage` and `null_claims` run them all, and so do the tests, in small.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
from scipy import stats

import benchmarks.scenes

LEVEL = 0.95
WORDS = ("SCENES", "NULLS")
ASKED = 0.005
"""Share of null studies in which evidence may be claimed."""
Drawn = tuple[float | None, float | None, float]


@dataclass(frozen=True)
class Scene:
    """``draw(rng)`` gives low, high and truth of one simulated study; ``names`` says what the interval is of.

    ``promise``: that the level is held; that at least it is, of discrete scores; that at least it is and not more
    than 98 %, of careful intervals; or, as docs/evidence.md admits, nothing.
    """

    names: str
    draw: Callable[[np.random.Generator], Drawn]
    promise: Literal["within", "at least", "careful", "none"] = "within"
    studies: int = 2000


@dataclass(frozen=True)
class Null:
    """``draw(rng)`` says whether one simulated study claims 3σ anywhere, where ``names`` says what is equal."""

    names: str
    draw: Callable[[np.random.Generator], bool]
    studies: int = 1000


@dataclass(frozen=True)
class Coverage:
    """What was counted: held, truth below the interval, truth above it, refused; and the median width."""

    repeats: int
    held: int
    below: int
    above: int
    refused: int
    width: float

    @property
    def given(self) -> int:
        """The studies that gave an interval."""
        return self.repeats - self.refused

    @property
    def rate(self) -> float:
        """Share of the intervals given that hold the truth."""
        return self.held / max(self.given, 1)

    @property
    def error(self) -> float:
        """The Monte-Carlo error of the rate."""
        return (self.rate * (1 - self.rate) / max(self.given, 1)) ** 0.5

    def keeps(self, scene: Scene, errors: float = 3.0) -> bool:
        """Whether the rate is what the scene promises: 1.5 % about the level, or so many standard errors if more."""
        reach = max(0.015, errors * (LEVEL * (1 - LEVEL) / max(self.given, 1)) ** 0.5)
        top = {"within": LEVEL + reach, "careful": 0.98 + reach - 0.015}.get(scene.promise, 1.0)
        return scene.promise == "none" or LEVEL - reach <= self.rate <= top


@dataclass(frozen=True)
class Claims:
    """How many null studies of how many claim 3σ."""

    repeats: int
    claimed: int

    @property
    def rate(self) -> float:
        """Share of the studies that claim."""
        return self.claimed / max(self.repeats, 1)

    @property
    def limit(self) -> float:
        """The upper 95 % limit on the rate (Clopper & Pearson 1934)."""
        return float(stats.beta.ppf(LEVEL, self.claimed + 1, max(self.repeats - self.claimed, 1)))


@dataclass(frozen=True)
class Lines:
    """The studies of a scene, one line each: what is kept of them between two runs."""

    numbers: list[list[float]] = field(default_factory=list)

    def coverage(self) -> Coverage:
        """Return what the lines of a scene of intervals count."""
        low, high, truth = np.array(self.numbers, float).reshape(-1, 3).T
        given = np.isfinite(low) & np.isfinite(high)
        low, high, truth = low[given], high[given], truth[given]
        below, above = int((truth < low).sum()), int((truth > high).sum())
        width = float(np.median(high - low)) if given.any() else np.nan
        return Coverage(
            len(given), int(given.sum()) - below - above, below, above, int((~given).sum()), width
        )

    def claims(self) -> Claims:
        """Return what the lines of a null scene count."""
        return Claims(len(self.numbers), int(sum(line[0] for line in self.numbers)))


def studied(scene: Scene | Null, first: int, last: int, seed: int = 0) -> list[list[float]]:
    """Simulate studies ``first`` to ``last`` - 1, and return a line of each."""
    found = (scene.draw(np.random.default_rng([seed, repeat])) for repeat in range(first, last))
    if isinstance(scene, Null):
        return [[float(bool(each))] for each in found]
    return [[np.nan if x is None else float(x) for x in each] for each in found]


def covered(scene: Scene, repeats: int, seed: int = 0) -> Coverage:
    """Simulate ``repeats`` studies of intervals."""
    return Lines(studied(scene, 0, repeats, seed)).coverage()


def claimed(null: Null, repeats: int, seed: int = 0) -> Claims:
    """Simulate ``repeats`` studies in which there is nothing to find."""
    return Lines(studied(null, 0, repeats, seed)).claims()


@cache
def scenes() -> dict[str, Scene]:
    """Return every scene of intervals by its name."""
    return _all("SCENES")


@cache
def nulls() -> dict[str, Null]:
    """Return every null scene by its name."""
    return _all("NULLS")


def _all(word: str) -> dict:
    names = sorted(each.name for each in pkgutil.iter_modules(benchmarks.scenes.__path__))
    modules = [importlib.import_module(f"benchmarks.scenes.{name}") for name in names]
    every = {
        each: [item for module in modules for item in getattr(module, each, {}).items()] for each in WORDS
    }
    named = [name for found in every.values() for name, _ in found]
    assert len(set(named)) == len(named), "two scenes have one name"
    return dict(every[word])
