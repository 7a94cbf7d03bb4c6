"""Which settings a search tries, one after the other: a grid, a random draw, or Optuna's TPE sampler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.random import generator
from fivesigma.models.spaces import Choice, Space

Params = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What a search is asked: where it may look, where it begins, how often it may try, its seed."""

    space: Mapping[str, Space]
    start: Params
    trials: int
    seed: int = 0


def proposals(
    search: str, question: Question, merits: Sequence[float | None]
) -> Iterator[tuple[int, Params]]:
    """Yield number and settings of each trial; the caller appends its merit (None: failed) to ``merits``.

    "tpe" and "random" begin with ``start``; "grid" has its points only.

    Raises
    ------
    InputError
        For an unknown search, or a grid of more points than trials.
    """
    found = SEARCHES[one_of(search, SEARCHES, "search")]
    yield from enumerate(found(question, merits))


def grid_points(space: Mapping[str, Space], trials: int) -> list[Params]:
    """Return the points of a grid of at most ``trials``: all choices, and ranges as finely as that allows.

    >>> from fivesigma.models.spaces import Range
    >>> grid_points({"depth": Range(1, 9, integer=True), "rule": Choice(("a", "b"))}, 6)[:2]
    [{'depth': 1, 'rule': 'a'}, {'depth': 1, 'rule': 'b'}]
    """
    fixed = 1
    for each in space.values():
        fixed *= len(each.options) if isinstance(each, Choice) else 1
    n_ranges = sum(not isinstance(each, Choice) for each in space.values())
    steps = trials // fixed if n_ranges < 2 else int((trials / fixed) ** (1.0 / n_ranges) + 1e-9)
    needed = fixed * (2**n_ranges)
    if steps < (2 if n_ranges else 1):
        raise InputError(
            f"the smallest grid has {needed} points and trials = {trials}; allow {needed} trials or more, or "
            "search = 'random'."
        )
    names = sorted(space)
    return [dict(zip(names, point, strict=True)) for point in product(*(space[n].grid(steps) for n in names))]


def _grid(question: Question, merits: Sequence[float | None]) -> Iterator[Params]:
    yield from grid_points(question.space, question.trials)


def _random(question: Question, merits: Sequence[float | None]) -> Iterator[Params]:
    yield dict(question.start)
    for number in range(1, question.trials):
        rng = generator(question.seed, "random search", number)
        yield {name: each.drawn(rng) for name, each in sorted(question.space.items())}


def _tpe(question: Question, merits: Sequence[float | None]) -> Iterator[Params]:
    """Bergstra et al. 2011 (NeurIPS 24), by Optuna, from one thread and one seed."""
    import optuna

    with _quiet(optuna):
        sampler = optuna.samplers.TPESampler(
            seed=question.seed, n_startup_trials=min(10, question.trials // 2)
        )
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.enqueue_trial(dict(question.start))
    for _ in range(question.trials):
        with _quiet(optuna):
            trial = study.ask()
            params = {name: each.suggest(trial, name) for name, each in sorted(question.space.items())}
        yield params
        with _quiet(optuna):
            if merits[-1] is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, merits[-1])


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Silence Optuna's logger for as long as the block lasts, and no longer."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)


SEARCHES: Mapping[str, Callable[[Question, Sequence[float | None]], Iterator[Params]]] = {
    "tpe": _tpe,
    "random": _random,
    "grid": _grid,
}
"""The searches by name."""
