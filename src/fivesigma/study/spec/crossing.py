"""``[crossing]``: where an output crosses a value in systems of several sizes, extrapolated to an infinite one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from fivesigma.study.spec.section import ModelName, Section
from fivesigma.study.spec.values import Number, Text, Whole, shown

VARIANCE = "variance"


def _sizes(value: tuple[float, ...]) -> tuple[float, ...]:
    if len(set(value)) < len(value):
        raise ValueError(
            f"{shown(list(value))} holds a size twice; write each once (repeats = N repeats all)"
        )
    return tuple(sorted(value))


def _many(value: Any) -> Any:
    """Return readings as a list, where one alone is given too."""
    many = list(value) if isinstance(value, (list, tuple)) else [value]
    if len({repr(each) for each in many}) < len(many):
        raise ValueError(f"{shown(many)} holds a reading twice; write each once")
    return many


Reading = Annotated[
    Annotated[Literal["variance"], Tag("variance")] | Annotated[Number, Tag("number")],
    Discriminator(lambda value: "variance" if isinstance(value, str) else "number"),
]
"""How a place is read off a curve."""


class CrossingSection(Section):
    """Where the mean output crosses a value in systems of several sizes, and in an infinite one."""

    of: Text = "source.size"
    """The setting of the source that is the size of the system."""
    sizes: Annotated[
        tuple[Annotated[Whole, Field(ge=1)], ...], Field(min_length=2, max_length=20), AfterValidator(_sizes)
    ]
    """Its values."""
    over: Text
    """The column against which the output is followed, such as the temperature; a feature of no model."""
    at: Annotated[tuple[Reading, ...], Field(min_length=1, max_length=5), BeforeValidator(_many)] = (0.5,)
    """The value that the mean output crosses; or "variance", the peak of the output's variance; or several of these, of
    which the first is the one that counts."""
    repeats: Annotated[Whole, Field(ge=2, le=1000)] = 6
    """Studies at each size, each with events, test events and seeds of its own."""
    models: tuple[ModelName, ...] | None = None
    """The models it is asked of; every one but the baseline."""
    expected: dict[ModelName, Number] | Number | None = None
    """What is known of the answer: a number, or by the name of the test set; it is shown beside, and enters nothing."""

    def known(self, test: str, first: str) -> float | None:
        """Return what is known of the answer on a test set; a number alone is of the ``first``."""
        if isinstance(self.expected, dict):
            return self.expected.get(test)
        return self.expected if test == first else None
