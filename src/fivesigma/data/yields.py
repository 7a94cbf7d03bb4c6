"""Expected yields: the factor that takes the weights of a sample to the events expected of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, did_you_mean

Vector = NDArray[np.float64]

BARNS: Mapping[str, float] = {"mb": 1e9, "ub": 1e6, "µb": 1e6, "nb": 1e3, "pb": 1.0, "fb": 1e-3, "ab": 1e-6}
"""Units of a cross-section in picobarn."""
ENOUGH = 10.0
"""Effective events whose Σw says which share of a sample they are."""
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S.*?)\s*$")
_INVERSE = re.compile(r"(?:1?/|(?P<power>))(?P<unit>[a-zµ]+)(?(power)\^?-1)$")


def cross_section(text: str) -> float:
    """Return a cross-section in pb; `InputError` for another unit, or a number that is not positive.

    >>> cross_section("831 pb"), cross_section("48.5 fb")
    (831.0, 0.0485)
    """
    value, unit = _parsed(text, "a cross-section", "831 pb")
    if unit not in BARNS:
        raise InputError(
            f"{text!r} is not a cross-section; expected a number of {', '.join(BARNS)}: '831 pb'."
        )
    return value * BARNS[unit]


def luminosity(text: str) -> float:
    """Return an integrated luminosity in 1/pb; `InputError` for another unit, or a number that is not positive.

    >>> luminosity("140 /fb"), luminosity("36 fb^-1"), luminosity("20.3 1/fb")
    (140000.0, 36000.0, 20300.0)
    """
    value, unit = _parsed(text, "a luminosity", "140 /fb")
    found = _INVERSE.match(unit)
    if found is None or found["unit"] not in BARNS:
        raise InputError(
            f"{text!r} is not an integrated luminosity; expected a number of /fb, /pb or another inverse "
            "cross-section: '140 /fb'."
        )
    return value / BARNS[found["unit"]]


def _parsed(text: str, what: str, example: str) -> tuple[float, str]:
    found = _NUMBER.match(text)
    if found is None:
        raise InputError(f"{text!r} is not {what}; expected a number and a unit: '{example}'.")
    value = float(found[1])
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{text!r} is not {what}; expected a positive number: '{example}'.")
    return value, found[2]


@dataclass(frozen=True)
class Sample:
    """What is expected of a sample: ``σ ε k L`` events for a ``sum_w`` before any selection; or the ``total`` kept.

    ``factor = σ ε k L / Σw``, where Σw is of all that was generated and never of the rows that were read; rows of
    which only a ``fraction`` was read count for all.
    """

    expected: float = 0.0
    sum_w: float | None = None
    total: float | None = None

    def factor(self, w: Vector, *, fraction: float = 1.0) -> float:
        """Return what the weights ``w`` (n,) of the kept rows are multiplied by.

        >>> Sample(expected=831.0 * 140e3, sum_w=1e8).factor(np.ones(5))
        1.1634
        >>> Sample(total=692.0).factor(np.array([1.0, 1.0, -1.0, 1.0]))
        346.0
        """
        if self.sum_w is not None:
            return self.expected / self.sum_w / fraction
        return float(self.total or 0.0) / float(w.sum())


def factors(
    w: Vector | None,
    sample: NDArray[Any],
    declared: Mapping[str, Sample],
    *,
    what: str = "class",
    share: Mapping[str, float] | None = None,
) -> Vector:
    """Return what the weight of each event (n,) is multiplied by to be an expected yield.

    Parameters
    ----------
    w : (n,) weights, or None of one each
    sample : (n,) the name of each event's sample, of which all are ``declared``
    what : what names a sample, for messages
    share : the part of the rows of each sample that was read; all, of one that is not named

    Raises
    ------
    InputError
        Where a sample is not declared, or declared and not there, or its weights do not sum to more than zero.

    >>> factors(None, np.array(["b", "s", "b"]), {"s": Sample(total=3.0), "b": Sample(total=10.0)})
    array([5., 3., 5.])
    """
    names, of = np.unique(sample.astype(str), return_inverse=True)
    _check(names.tolist(), declared, what)
    weights = np.ones(len(sample)) if w is None else np.asarray(w, dtype=np.float64)
    each = []
    for number, name in enumerate(names.tolist()):
        own = weights[of == number]
        if not own.sum() > 0:
            raise InputError(
                f"weights.yields.{name}: the weights of the sample sum to {own.sum():.3g}; expected a positive sum: is "
                "it the right column?"
            )
        each.append(declared[name].factor(own, fraction=(share or {}).get(name, 1.0)))
    return np.asarray(each, dtype=np.float64)[of]


def to_whole(w: Vector, sample: NDArray[np.int64], rows: NDArray[Any]) -> Vector:
    """Return what takes the yields of the events ``rows`` to those of all events, sample by sample (n_rows,).

    It is one over the share of a sample's Σw that ``rows`` hold: so each sample has its own yield again, whatever part
    of it they are. Where Σw of these is worth fewer than ten events, as signed weights may cancel, it is that of Σ|w|.

    Parameters
    ----------
    w : (n,) weights
    sample : (n,) the number of each event's sample
    rows : positions of events, or a mask

    >>> w, sample = np.array([1.0, 1.0, 5.0, 5.0, 5.0]), np.array([0, 0, 1, 1, 1])
    >>> to_whole(w, sample, np.array([0, 2]))
    array([2., 3.])
    """
    n = int(sample.max(initial=0)) + 1
    of = sample[rows]
    (all_w, all_size), (own_w, own_size) = (
        [np.bincount(sample[at], each[at], minlength=n) for each in (w, np.abs(w))]
        for at in (slice(None), rows)
    )
    squares = np.bincount(of, np.square(w[rows]), minlength=n)
    enough = (own_w > 0) & (all_w > 0) & (own_w**2 >= ENOUGH * squares)
    part, whole = np.where(enough, own_w, own_size), np.where(enough, all_w, all_size)
    return np.asarray((whole / np.where(part > 0, part, 1.0))[of], dtype=np.float64)


def _check(names: list[str], declared: Mapping[str, Sample], what: str) -> None:
    for name in declared:
        if name not in names:
            raise InputError(
                f"weights.yields.{name}: no kept row has the {what} '{name}'; there are {', '.join(names[:8])}."
                f"{did_you_mean(name, names)}"
            )
    for name in names:
        if name not in declared:
            raise InputError(
                f"weights.yields: the {what} '{name}' has no yield; declare each: [weights.yields.{name}]."
            )
