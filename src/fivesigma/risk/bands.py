"""Where the share of events lies that are what they were said to be with a probability: the band of a calibration.

Events held out are put in bins of the probability that was stated (`fivesigma.risk.calibration`). In each the share
that came true has exact limits (Clopper & Pearson 1934; of groups as `fivesigma.risk.shares` has them); how far they
lie from the mean that was stated is carried to a probability between two bins by a straight line, their errors added in
quadrature (of groups, which may err together, as they are). So a band is of the calibrated probability: one that is off
by more than its events let it be lies outside its own band.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.calibration import Stated
from fivesigma.risk.shares import Share

Floats = NDArray[np.float64]

_MADE_FOR = 0.95


@dataclass(frozen=True)
class CalibrationBand:
    """What came true of one class, bin by bin.

    Attributes
    ----------
    stated : (m,) mean probability that was stated in each bin, rising
    came : (m,) the share that came true, with its effective events at 95 %

    Examples
    --------
    >>> p = np.repeat([0.2, 0.8], 500)
    >>> hit = np.tile([0, 0, 0, 0, 1, 1, 1, 1, 1, 0], 100) > 0
    >>> band = CalibrationBand.of(p, hit, np.ones(1000))
    >>> band.at(np.array([0.2, 0.8]), 0.68).round(2).tolist()
    [[0.48, 0.52], [0.48, 0.52]]
    """

    stated: tuple[float, ...]
    came: tuple[Share, ...]

    @classmethod
    def of(cls, p: Floats, hit: NDArray[np.bool_], w: Floats, groups: NDArray[Any] | None = None) -> Self:
        """Return it of probabilities ``p`` (n,) of one class, and whether each event is of it."""
        some = w > 0
        of = None if groups is None else groups[some]
        bins = _bins(Stated(p[some], hit[some].astype(np.float64), w[some], of))
        found = []
        for each in np.unique(bins):
            at = bins == each
            mine = None if of is None else of[at]
            share = Share.of(hit[some][at], w[some][at], mine, level=_MADE_FOR)
            found.append((float(np.average(p[some][at], weights=w[some][at])), share))
        return cls(tuple(mean for mean, _ in found), tuple(share for _, share in found))

    @property
    def why_not(self) -> str:
        """Why it has no limits, "" where it has."""
        few = [each.groups for each in self.came if each.too_few]
        return f"a bin of the calibration has {few[0]} groups, too few for limits" if few else ""

    def at(self, p: Floats, level: float) -> Floats:
        """Return the band (n, 2) at probabilities (n,); NaN where groups are too few."""
        limits = np.array([each.at(level, _MADE_FOR).limits(level) or (np.nan, np.nan) for each in self.came])
        came, below, part = np.array([each.value for each in self.came]), *self._between(p)
        above = np.minimum(below + 1, len(came) - 1)
        off = came - np.array(self.stated)
        middle = p + (1 - part) * off[below] + part * off[above]
        errors = np.abs(limits - came[:, None])
        both = np.stack([(1 - part)[:, None] * errors[below], part[:, None] * errors[above]])
        error = both.sum(axis=0) if self.grouped else np.hypot(*both)
        return np.asarray(np.clip(middle[:, None] + error * [-1.0, 1.0], 0.0, 1.0))

    @property
    def grouped(self) -> bool:
        """Whether events come in groups, so that what came true in two bins need not be independent."""
        return any(each.groups is not None for each in self.came)

    def _between(self, p: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Return the bin (n,) below each probability, and the part of the way from its mean to the next one's."""
        at = np.interp(p, self.stated, np.arange(len(self.stated)))
        below = np.floor(at).astype(np.intp)
        return below, at - below

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        came = [[each.value, each.events, each.groups] for each in self.came]
        return {"stated": list(self.stated), "came": came}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_document` wrote.

        >>> one = CalibrationBand((0.5,), (Share(0.4, 10.0),))
        >>> CalibrationBand.from_document(one.to_document()) == one
        True
        """
        return cls(tuple(document["stated"]), tuple(Share(*each) for each in document["came"]))


def _bins(stated: Stated) -> NDArray[np.intp]:
    """Return the bin (n,) of each event, one for all where too few outcomes are open; rising with what is stated."""
    n = stated.n_bins()
    if n > 1:
        return stated.bins(n)
    certain = bool(((stated.p <= 0) | (stated.p >= 1)).all())
    return (stated.p > 0).astype(np.intp) if certain else np.zeros(len(stated.p), dtype=np.intp)
