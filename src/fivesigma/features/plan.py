"""What a study says of its features, and the pipeline steps that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fivesigma._core.errors import InputError, one_of

MISSING = ("native", "impute", "drop")


@dataclass(frozen=True)
class FeaturePlan:
    """The columns a model gets and what is made of them.

    Parameters
    ----------
    names : the columns of ``X``, in order
    categories : labels of codes 0, 1, ... for each column of category codes, by name
    missing : "native" (kept where the model can, else as "impute"), "impute" (median of the fitted rows and
        an
        indicator column) or "drop" (the caller has dropped the rows; a NaN met later is then an error)
    interactions : 2 for the products of pairs of numeric columns
    polynomial : highest power of each numeric column
    standardise : True, False, or None for "where the model wants it"

    Raises
    ------
    InputError
        For an unknown policy or an order that is not in this version.

    Examples
    --------
    >>> FeaturePlan(("a", "b"), interactions=2, polynomial=3).width
    7
    """

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: str = "native"
    interactions: int | None = None
    polynomial: int | None = None
    standardise: bool | None = None

    def __post_init__(self) -> None:
        one_of(self.missing, MISSING, "missing-value policy")
        if self.interactions not in (None, 1, 2):
            raise InputError(
                f"interactions = {self.interactions!r} is not in this version; expected 2 (pairs)."
            )
        if self.polynomial is not None and not 1 <= self.polynomial <= 20:
            raise InputError(
                f"polynomial = {self.polynomial!r} is out of range; expected a degree from 1 to 20."
            )

    @property
    def coded(self) -> dict[int, tuple[str, ...]]:
        """Column number -> labels, for the columns of category codes."""
        return {
            j: tuple(self.categories[name]) for j, name in enumerate(self.names) if name in self.categories
        }

    @property
    def numeric(self) -> tuple[int, ...]:
        """Numbers of the columns that hold numbers."""
        return tuple(j for j, name in enumerate(self.names) if name not in self.categories)

    @property
    def width(self) -> int:
        """Columns the model sees, without indicators: what a cost law asks for."""
        q = len(self.numeric)
        pairs = q * (q - 1) // 2 if self.interactions == 2 else 0
        return q + pairs + q * ((self.polynomial or 1) - 1) + sum(len(v) for v in self.coded.values())

    def steps(self, *, native: bool, standardise: bool) -> list[tuple[str, Any]]:
        """Return the pipeline steps before the model.

        ``native`` says that the model takes NaN, ``standardise`` that it wants columns of one scale.
        Impute, then products and powers of the numeric columns, then one-hot, then the z-score.
        """
        from sklearn.preprocessing import StandardScaler

        from fivesigma.features.impute import MedianImputer
        from fivesigma.features.onehot import OneHot
        from fivesigma.features.products import Products

        steps: list[tuple[str, Any]] = []
        numeric = list(self.numeric)
        if numeric and (self.missing == "impute" or (self.missing == "native" and not native)):
            steps.append(("impute", MedianImputer(columns=numeric)))
        if self.interactions == 2 or (self.polynomial or 1) > 1:
            products = Products(self.interactions or 1, self.polynomial or 1, columns=numeric)
            steps.append(("products", products))
        if self.coded:
            steps.append(("onehot", OneHot(self.coded)))
        if standardise if self.standardise is None else self.standardise:
            steps.append(("standardise", StandardScaler()))
        return steps
