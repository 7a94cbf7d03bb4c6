"""The coefficients of a linear model."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section

Numbers = tuple[float | tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class CoefficientsRecord(Section):
    """The coefficients of a linear model, in the units of the columns as they were read.

    Attributes
    ----------
    names : (p,) of the columns that the model sees.
    values, intercept : slope per unit of each column, of several classes one tuple (p,) a class.
    standardised : the change per standard deviation, as ``values``.
    r2_train : R² of the rows of the fit, of a regression.
    errors : (p,) standard errors of ``values``.
    units : (p,) of the columns.
    """

    key, of = "coefficients", "model"

    names: tuple[str, ...]
    values: Numbers
    intercept: float | tuple[float, ...]
    standardised: Numbers | None = optional()
    r2_train: float | None = optional()
    errors: tuple[float | None, ...] | None = optional()
    units: tuple[str | None, ...] | None = optional()

    @property
    def slopes(self) -> tuple[float, ...]:
        """The coefficients (p,) of a model of one output; () of several."""
        return tuple(each for each in self.values if not isinstance(each, tuple))

    @property
    def offset(self) -> float | None:
        """The intercept of a model of one output; None of several."""
        return None if isinstance(self.intercept, tuple) else self.intercept
