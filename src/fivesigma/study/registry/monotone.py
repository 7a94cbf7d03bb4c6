"""Monotone constraints: named by column in a study, by number where the model sees the columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.features.plan import FeaturePlan

KEY = "monotone"


@dataclass(frozen=True)
class Signs:
    """What ``monotone`` may be: a table of -1 (falling), 0 or 1 (rising) by column.

    >>> Signs().contains({"pt": 1}), Signs().contains({"pt": 2}), Signs().contains(1)
    (True, False, False)
    """

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is such a table, or None."""
        if value is None:
            return True
        return isinstance(value, Mapping) and all(
            isinstance(sign, int) and not isinstance(sign, bool) and sign in (-1, 0, 1)
            for sign in value.values()
        )

    def __str__(self) -> str:
        return "a table of -1 (falling), 0 or 1 (rising) by column, such as { pt = 1 }"


def by_column(settings: Mapping[str, Any], features: FeaturePlan, kind: str) -> dict[str, Any]:
    """Return ``settings`` with the columns of ``monotone`` as their numbers where the model sees them.

    Columns of numbers keep their places at the front, whatever is appended to them.

    Raises
    ------
    InputError
        For a column that is not there or holds words, or steps after which it is no column of the model.
    """
    signs = settings.get(KEY)
    if not signs:
        return dict(settings)
    if features.interactions == 2 or (features.polynomial or 1) > 1:
        raise InputError(
            "monotone holds a column alone, and its products or powers are free of it; remove one of the two."
        )
    if features.reductions:
        raise InputError("monotone needs the columns as they are; give the model reduce = false.")
    if kind == "boosting" and (features.coded or features.missing == "impute"):
        why = "imputes" if features.missing == "impute" else "has columns of text"
        mend = (
            "missing = 'native'" if features.missing == "impute" else "give the model features without them"
        )
        raise InputError(
            f"boosting: monotone needs columns of numbers as they are, and the model {why}; {mend}, or use xgboost."
        )
    numbers = [features.names[j] for j in features.numeric]
    for name in signs:
        if name not in numbers:
            raise InputError(
                f"monotone: '{name}' is no column of numbers of this model.{did_you_mean(name, numbers)}"
            )
    return {**settings, KEY: {numbers.index(name): int(sign) for name, sign in signs.items()}}
