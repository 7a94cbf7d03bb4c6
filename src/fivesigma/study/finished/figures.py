"""The figures of a run's page as matplotlib axes: ``result.plot.roc()``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.report.plot import Plot, on_axes
from fivesigma.report.section import Section, View


class NoFigureError(InputError, AttributeError):
    """A run has no figure of that name."""


@dataclass(frozen=True, eq=False, repr=False)
class Figures:
    """The figures of a run, each a method of its name; ``dir`` lists them.

    Parameters
    ----------
    view : what the page shows
    sections : of the page

    Examples
    --------
    >>> axes = result.plot.roc()  # doctest: +SKIP
    >>> axes[0].set_title("mine")  # doctest: +SKIP
    """

    view: View
    sections: tuple[Section, ...]

    @cached_property
    def found(self) -> Mapping[str, Plot]:
        """The figures by name; the first of a section by that of the section too."""
        plots: dict[str, Plot] = {}
        for section in self.sections:
            if section.applies(self.view):
                own = list(section.content(self.view).plots.values())
                plots |= {_word(each.name): each for each in own}
                if own:
                    plots.setdefault(_word(section.id), own[0])
        return plots

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Drawn(self[name])

    def __getitem__(self, name: str) -> Plot:
        if name not in self.found:
            known = ", ".join(self.found) or "none"
            raise NoFigureError(
                f"this run has no figure {name!r}; it has {known}.{did_you_mean(name, self.found)}"
            )
        return self.found[name]

    def __dir__(self) -> list[str]:
        return sorted([*object.__dir__(self), *self.found])

    def __repr__(self) -> str:
        return f"figures: {', '.join(self.found) or 'none'}"


@dataclass(frozen=True, eq=False, repr=False)
class _Drawn:
    plot: Plot

    def __call__(self, *, figure: Any = None) -> Any:
        """Draw it, on a new figure of pyplot or in a ``figure`` given, and return its axes: one, or an array of all."""
        return on_axes(self.plot, figure)

    def __repr__(self) -> str:
        return f"{self.plot.title} (call it to draw)"


def _word(name: str) -> str:
    """Return a name as Python can write it.

    >>> _word("importance-01")
    'importance_01'
    """
    return "".join(letter if letter.isalnum() else "_" for letter in name)
