"""Which columns a model is tried on next: deletion of the best, of each one, and forward selection.

A policy is a generator. It yields what it wants fitted, `Candidates` or a `Chosen` set of columns, and is sent a
ranking; it fits nothing and knows no model, so that one policy serves whoever can fit:

- `fivesigma.explain.ablation` fits at once, by a callable;
- a plan of fits goes in stages. It begins the policy anew at each stage and answers each request from the fits that
  are done. At the first one with fits that are not, the stage is over and those are what is missing; they
  join the plan, and the next stage comes that much farther. Nothing is remembered between stages, so that a run
  that was killed goes on to the same bytes. The model on all columns, with which deletion of the best begins, is
  fitted in any case, and is answered without a fit of its own.

>>> policy = drop_best([("a",), ("b",), ("c", "d")], rounds=1)
>>> policy.send(None).subset.columns
('a', 'b', 'c', 'd')
>>> policy.send([("c", "d"), ("a",), ("b",)])  # the most important first
Chosen(subset=Subset(groups=(('a',), ('b',)), changed=('c', 'd')), ranked=True)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import numpy as np

Column = TypeVar("Column", bound=Hashable)
Group: TypeAlias = tuple[Column, ...]
"""Columns, by number or by name, that go and come together."""


@dataclass(frozen=True)
class Subset(Generic[Column]):
    """Columns of a model.

    Attributes
    ----------
    groups : those it has
    changed : the group that went, or came, since the subset before; None in the first
    """

    groups: tuple[Group[Column], ...]
    changed: Group[Column] | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of all groups."""
        return tuple(column for group in self.groups for column in group)


@dataclass(frozen=True)
class Candidates(Generic[Column]):
    """Subsets to be scored, all at once where there are workers; `ranked` makes the answer of their scores."""

    subsets: tuple[Subset[Column], ...]


@dataclass(frozen=True)
class Chosen(Generic[Column]):
    """A step of the path; where it is ``ranked`` the answer has its groups, the most important first."""

    subset: Subset[Column]
    ranked: bool = False


Policy: TypeAlias = Generator[Candidates[Column] | Chosen[Column], Sequence[Group[Column]] | None, None]
"""Yields requests, each answered by a ranking where it asks for one; ``send(None)`` begins it."""


def drop_best(groups: Sequence[Group[Column]], rounds: int) -> Policy[Column]:
    """Delete the most important group, rank what is left, and go on, to the last group at most.

    The first step has all groups and is there only to be ranked; with one group there is none.
    """
    left, gone = tuple(groups), None
    deletions = min(rounds, len(left) - 1)
    for _ in range(deletions + 1 if deletions > 0 else 0):
        left = _without(left, gone)
        gone = _first((yield Chosen(Subset(left, gone), ranked=True)))


def drop_column(groups: Sequence[Group[Column]], rounds: int = 1) -> Policy[Column]:
    """Delete each group in turn from all of them; ``rounds`` changes nothing, and with one group there is no step."""
    if len(groups) < 2:
        return
    subsets = tuple(Subset(_without(groups, gone), gone) for gone in groups)
    yield Candidates(subsets)
    for subset in subsets:
        yield Chosen(subset)


def forward(groups: Sequence[Group[Column]], rounds: int) -> Policy[Column]:
    """Add the group that raises the score most, ``rounds`` times or until all are there."""
    used: tuple[Group[Column], ...] = ()
    for _ in range(min(rounds, len(groups))):
        left = tuple(group for group in groups if group not in used)
        tried = Candidates(tuple(Subset((*used, group), group) for group in left))
        best = _first((yield tried))
        used = (*used, best)
        yield Chosen(Subset(used, best))


POLICIES: Mapping[str, Callable[[Sequence[Group[str]], int], Policy[str]]] = {
    "drop_best": drop_best,
    "drop_column": drop_column,
    "forward": forward,
}
"""By the key under ``explain`` in a study."""


def ranked(candidates: Candidates[Column], merits: Sequence[float]) -> tuple[Group[Column], ...]:
    """Return the groups that the candidates changed, the best first; more is better, and NaN or infinite is last.

    Of equals the first comes first.

    >>> tried = Candidates((Subset((("a",),), ("a",)), Subset((("b",),), ("b",)), Subset((("c",),), ("c",))))
    >>> ranked(tried, [float("nan"), 0.5, 0.7])
    (('c',), ('b',), ('a',))
    """
    values = np.asarray(merits, dtype=np.float64)
    order = np.argsort(-np.where(np.isfinite(values), values, -np.inf), kind="stable")
    changed = [each.changed for each in candidates.subsets]
    return tuple(group for j in order if (group := changed[j]) is not None)


def _first(ranking: Sequence[Group[Column]] | None) -> Group[Column]:
    assert ranking, "a policy that asked for a ranking was sent none"
    return ranking[0]


def _without(groups: Sequence[Group[Column]], gone: Group[Column] | None) -> tuple[Group[Column], ...]:
    return tuple(group for group in groups if group != gone)
