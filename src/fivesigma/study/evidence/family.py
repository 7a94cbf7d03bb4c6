"""The family of a run: all its comparisons on the primary metric, each worth what it is worth among all of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from fivesigma.risk.evidence import Difference, global_significance

MODELS = "models"
"""The source of the comparisons of two models of the line-up, which are about their two names."""


@dataclass(frozen=True, eq=False)
class Compared:
    """One comparison on the primary metric, with its name.

    Attributes
    ----------
    subject, other : what a claim calls the two; for people, and no two comparisons need to differ in them.
    difference : of ``subject`` over ``other``.
    source : whose comparison it is: the models', or the name of an analysis.
    about : what it is of, as its source tells its own comparisons apart.
    metric : on which it is, where that is not the primary metric itself.
    prominent : whether its claim is made before those that are made only because they show something.
    """

    subject: str
    other: str
    difference: Difference
    source: str
    about: Hashable
    prominent: bool = False
    metric: str = ""


class Comparing(Protocol):
    """What asks for comparisons beside those of the models: an analysis that makes fits of its own."""

    def compared(self, found: Any, /) -> Iterable[Compared]:
        """Return its comparisons on the primary metric, in the order of their claims."""
        ...


class Family:
    """Comparisons with their significance among all of them.

    >>> ours = Compared("tree", "dummy", Difference(0.1, sigma_local=2.0, dof=9.0), MODELS, ("tree", "dummy"))
    >>> same = Compared("tree", "dummy", Difference(0.2, sigma_local=1.0, dof=9.0), "curves", ("tree", "max_depth"))
    >>> family = Family([ours, same])
    >>> len(family), family.of("curves", ("tree", "max_depth")).difference.difference
    (2, 0.2)
    """

    def __init__(self, asked: Iterable[Compared]) -> None:
        every = list(asked)
        judged = global_significance([each.difference for each in every])
        self._judged = {
            (each.source, each.about): replace(each, difference=difference)
            for each, difference in zip(every, judged, strict=True)
        }
        assert len(self._judged) == len(every), "two comparisons of one source are about the same"

    def __len__(self) -> int:
        return len(self._judged)

    def __iter__(self) -> Iterator[Compared]:
        return iter(self._judged.values())

    def of(self, source: str, about: Hashable) -> Compared | None:
        """Return the comparison that ``source`` made about ``about``; None where it made none."""
        return self._judged.get((source, about))

    def between(
        self, a: str, b: str, source: str = MODELS, of: tuple[Hashable, ...] = ()
    ) -> Difference | None:
        """Return the difference of model ``a`` over ``b``, turned round where it was taken the other way.

        What ``source`` compares of two models is about what it is ``of``, and the two.
        """
        if (found := self.of(source, (*of, a, b))) is not None:
            return found.difference
        found = self.of(source, (*of, b, a))
        return None if found is None else turned(found.difference)


def turned(d: Difference) -> Difference:
    """Return the difference turned round; p stays that of the test that was made."""
    return replace(
        d,
        difference=_negative(d.difference),
        low=_negative(d.high),
        high=_negative(d.low),
        sigma_local=_negative(d.sigma_local),
        sigma_global=_negative(d.sigma_global),
    )


def _negative(value: float | None) -> float | None:
    return None if value is None else -value
