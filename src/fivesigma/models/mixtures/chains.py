"""Running chains side by side: each on its own stream, in threads that hold no lock, the same bits in any number."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.random import generator
from fivesigma.models.mixtures.labels import SAFE_SEPARATION
from fivesigma.sampling.diagnostics import Diagnosis, complaints, diagnose

Array = NDArray[np.float64]
T = TypeVar("T")

MOST_COMPONENTS = 255
WITNESSES = 1_000


@dataclass(frozen=True)
class Schedule:
    """How long to run: checked numbers of components, sweeps, chains, threads."""

    n_components: int
    n_sweeps: int
    n_warmup: int
    n_chains: int
    thin: int
    n_jobs: int

    def __post_init__(self) -> None:
        for name, least in (("n_components", 1), ("n_sweeps", 1), ("n_warmup", 0), ("n_chains", 1)):
            _whole(name, getattr(self, name), least)
        for name in ("thin", "n_jobs"):
            _whole(name, getattr(self, name), 1)
        if self.n_components > MOST_COMPONENTS:
            raise InputError(f"n_components is {self.n_components}; expected at most {MOST_COMPONENTS}.")
        if self.n_draws < 4:
            raise InputError(
                f"n_sweeps = {self.n_sweeps} with thin = {self.thin} keeps {self.n_draws} draws a chain; "
                "expected at least 4: run more sweeps."
            )

    @property
    def n_draws(self) -> int:
        """Draws kept in each chain."""
        return self.n_sweeps // self.thin


def _whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise WrongTypeError(f"{name} is {value!r}; expected a whole number of at least {least}.")
    if value < least:
        raise InputError(f"{name} is {value}; expected at least {least}.")


@dataclass(frozen=True)
class Sweeps:
    """How far a sampler is: sweeps done by all chains together, sweeps asked for, sweeps per second so far."""

    done: int
    total: int
    per_second: float


Progress = Callable[[Sweeps], None]


class Watch:
    """Counts the sweeps of all chains, from whatever thread, and tells each piece to who asked for it.

    >>> Watch(Schedule(2, 10, 0, 2, 1, 1), lambda sweeps: print(sweeps.done, "of", sweeps.total)).add(5)
    5 of 20
    """

    def __init__(self, schedule: Schedule, progress: Progress | None) -> None:
        self._total = schedule.n_chains * (schedule.n_warmup + schedule.n_draws * schedule.thin)
        self._progress, self._done = progress, 0
        self._lock, self._began = threading.Lock(), time.perf_counter()

    def pieces(self, n_draws: int, size: int) -> list[slice]:
        """Return the draws in pieces of ``size``; in one where nobody asks how far it is."""
        step = size if self._progress is not None else max(n_draws, 1)
        return [slice(start, min(start + step, n_draws)) for start in range(0, n_draws, step)]

    def add(self, sweeps: int) -> None:
        """Count ``sweeps`` more, and tell."""
        if self._progress is None:
            return
        with self._lock:
            self._done += sweeps
            spent = max(time.perf_counter() - self._began, 1e-9)
            self._progress(Sweeps(self._done, self._total, self._done / spent))


def run_chains(
    chain: Callable[[np.random.Generator, int], T], schedule: Schedule, random_state: Any
) -> tuple[list[T], float]:
    """Run ``chain(rng, number)`` for each chain; return their results in order and the sweeps per second."""
    entropy = int(check_random_state(random_state).randint(2**31 - 1))
    start = time.perf_counter()

    def one(number: int) -> T:
        return chain(generator(entropy, "chain", number), number)

    numbers = range(schedule.n_chains)
    if schedule.n_jobs == 1:
        results = [one(number) for number in numbers]
    else:
        with ThreadPoolExecutor(min(schedule.n_jobs, schedule.n_chains)) as pool:
            results = list(pool.map(one, numbers))
    sweeps = schedule.n_chains * (schedule.n_warmup + schedule.n_draws * schedule.thin)
    return results, sweeps / (time.perf_counter() - start)


def watched_events(n: int) -> NDArray[np.int64]:
    """Return the events whose labels are always kept, by which draws are aligned: all, or 1,000 evenly spaced."""
    if n <= WITNESSES:
        return np.arange(n)
    return np.linspace(0, n - 1, WITNESSES).astype(np.int64)


def judge(monitored: Mapping[str, Array]) -> tuple[dict[str, Diagnosis], tuple[str, ...]]:
    """Diagnose each label-free quantity (n_chains, n_draws) and warn of what has not converged."""
    diagnoses = {name: diagnose(values) for name, values in monitored.items()}
    found = complaints(diagnoses)
    for sentence in found:
        warnings.warn(sentence, ConvergenceWarning, stacklevel=3)
    return diagnoses, found


def separation_message(value: float) -> str | None:
    """Return the sentence for components nearer than three standard deviations, else None."""
    if not value < SAFE_SEPARATION:
        return None
    return (
        f"the nearest components are {value:.1f} standard deviations apart (below {SAFE_SEPARATION:g}): "
        "aligned component means are biased; rely on co-clustering, adjusted Rand and mutual information."
    )


def refuse_weights(refused: Mapping[str, Any]) -> None:
    """Refuse event weights, and any other word ``fit`` does not know, with a sentence."""
    for name, value in refused.items():
        if name != "sample_weight":
            raise WrongTypeError(f"fit() got {name!r}; expected only X: leave it out.")
        if value is not None:
            raise InputError(
                "sample_weight was given, but a posterior of labels has no event weights; expected none: "
                "resample the events by weight, or use an EM mixture."
            )


def checked(estimator: Any, X: Any, *, fitting: bool) -> Array:
    """Return X as float64 (n, d): at least two events to fit, the fitted columns to predict."""
    least = 2 if fitting else 1
    table = validate_data(estimator, X, dtype=np.float64, ensure_min_samples=least, reset=fitting)
    return np.asarray(table, dtype=np.float64)
