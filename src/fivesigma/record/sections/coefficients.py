"""The coefficients of a linear model."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section

Numbers = tuple[float | tuple[float, ...], ...]
Spreads = tuple[float | tuple[float | None, ...] | None, ...]


@dataclass(frozen=True, kw_only=True)
class CoefficientErrors:
    """Standard errors (p + 1,) of the coefficients, the intercept last.

    Attributes
    ----------
    classical : of the textbook: residuals of one variance, or the law's own.
    robust : HC3, whatever the variance of each event; of groups the spread of their sums.
    bootstrap : spread of 1,000 solutions under random weights of events or groups.
    """

    classical: tuple[float | None, ...]
    robust: tuple[float | None, ...]
    bootstrap: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class CoefficientsRecord(Section):
    """The coefficients of a linear model, in the units of the columns as they were read.

    Attributes
    ----------
    names : (p,) of the columns that the model sees.
    values, intercept : slope per unit of each column, of several classes one tuple (p,) a class.
    standardised : the change per standard deviation, as ``values``.
    link : what the law gives: the target ("identity"), its logarithm ("log"), the log odds of a class ("logit") or a
        distance from a boundary ("margin"); None in a record of an older version, where it is the target.
    r2_train : R² of the rows of the fit, of a regression.
    errors : of a law that no penalty holds and no selection chose; None of others.
    units : (p,) of ``values``, where those of the target and of the column are known.
    low, high : (p + 1,) 95 % limits by the robust errors, the intercept last.
    method : what the limits rest on, or why there are none.
    correlation : (p + 1, p + 1) of the bootstrap's solutions.
    spread : (p + 1,) of a law that has no errors, how the fitted values vary from refit to refit: biased by the
        penalty, they have no interval; of several classes one such tuple a class.
    non_zero : (p,) the share of refits in which a coefficient is not zero; None of a label that no refit has seen.
    """

    key, of = "coefficients", "model"

    names: tuple[str, ...]
    values: Numbers
    intercept: float | tuple[float, ...]
    standardised: Numbers | None = optional()
    r2_train: float | None = optional()
    errors: CoefficientErrors | None = optional()
    units: tuple[str | None, ...] | None = optional()
    low: tuple[float | None, ...] | None = optional()
    high: tuple[float | None, ...] | None = optional()
    method: str | None = optional()
    link: str | None = optional()
    correlation: tuple[tuple[float | None, ...], ...] | None = optional()
    spread: Spreads | None = optional()
    non_zero: Spreads | None = optional()

    @property
    def slopes(self) -> tuple[float, ...]:
        """The coefficients (p,) of a model of one output; () of several."""
        return tuple(each for each in self.values if not isinstance(each, tuple))

    @property
    def spreads(self) -> tuple[float | None, ...]:
        """The spread (p + 1,) of a model of one output; () of several, and where there is none."""
        return tuple(each for each in self.spread or () if not isinstance(each, tuple))

    @property
    def shares(self) -> tuple[float | None, ...]:
        """The share (p,) of refits with a coefficient that is not zero, of a model of one output; else ()."""
        return tuple(each for each in self.non_zero or () if not isinstance(each, tuple))

    @property
    def offset(self) -> float | None:
        """The intercept of a model of one output; None of several."""
        return None if isinstance(self.intercept, tuple) else self.intercept
