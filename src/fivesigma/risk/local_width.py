"""How wide residuals are where a model says what it says: a width for each prediction, of residuals held out.

Noise of masses, energies and counts grows with their size, and so with the prediction. Conformal scores in units of a
width that follows it hold the level of all events as those of one width do, and nearer to each (Lei et al. 2018,
doi:10.1080/01621459.2017.1307116, §5.2: locally weighted conformal prediction).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.predictive import QuantileLaw

Floats = NDArray[np.float64]

UNITS_A_BIN = 30.0
"""Independent events that tell a width to 14 %; fewer cost coverage, more follow less (decision 0055)."""
MOST_BINS = 20


@dataclass(frozen=True, eq=False)
class LocalWidth:
    """The mean size of residuals by the predicted value, straight between bins of equal weight.

    Attributes
    ----------
    knots : (m,) mean prediction of each bin, rising
    widths : (m,) mean ``|y - f(x)|`` there, in the unit of the target

    Examples
    --------
    >>> f = np.repeat([1.0, 10.0], 200)
    >>> y = f + np.tile([-1.0, 1.0], 200) * f / 10
    >>> LocalWidth.of(f, y, np.ones(400), units=400).at(np.array([0.0, 5.5, 10.0])).round(3).tolist()
    [0.1, 0.55, 1.0]
    """

    knots: Floats
    widths: Floats

    @classmethod
    def of(cls, prediction: Floats, y: Floats, w: Floats, *, units: float) -> Self:
        """Return the width of predictions (n,) of events held out, of which ``units`` are independent."""
        n_bins = int(np.clip(units // UNITS_A_BIN, 1, MOST_BINS))
        of = np.unique(prediction, return_inverse=True)[1]
        part = np.bincount(of, w)
        middle = (np.cumsum(part) - part / 2) / max(float(w.sum()), 1e-300)
        bins = np.unique(np.minimum((middle * n_bins).astype(np.intp), n_bins - 1)[of], return_inverse=True)[
            1
        ]
        W = np.bincount(bins, w)
        inside = W > 0
        sums = (
            np.bincount(bins, w * each)[inside] / W[inside] for each in (prediction, np.abs(y - prediction))
        )
        return cls(*sums)

    def at(self, prediction: Floats) -> Floats:
        """Return the width (n,) of predictions (n,); beyond the outermost bins it is theirs."""
        return np.asarray(np.interp(prediction, self.knots, self.widths))

    def law(self, prediction: Floats) -> QuantileLaw:
        """Return Gaussians about the predictions, as wide."""
        return QuantileLaw.gaussian(prediction, self.at(prediction))

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return {"knots": self.knots.tolist(), "widths": self.widths.tolist()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_document` wrote."""
        return cls(*(np.array(document[name], dtype=np.float64) for name in ("knots", "widths")))
