"""What it would take to see a difference at 3σ: how many events, at this difference and over its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fivesigma._core import laws
from fivesigma.risk.intervals import total_dof
from fivesigma.risk.resampling import Vector
from fivesigma.risk.significance import Difference, log_p_from_sigma

FARTHEST = 1000.0
"""Times the events at hand beyond which nothing is foretold: not with this method."""
GRID = np.logspace(0.0, np.log10(FARTHEST), 61)


@dataclass(frozen=True)
class _Way:
    """A way to more events: ``grows`` has how many times the test and the training events there are at x times."""

    grows: Callable[[float], tuple[float, float]]
    n: int | None
    of: str

    def said(self, times: float) -> str:
        """Return x times as many events: their number, where they are of one sort."""
        return _rounded(times if self.n is None else times * self.n)


@dataclass(frozen=True)
class _Outlook:
    """The errors of a difference at more events than it was found on, and what 3σ among a family asks of them.

    The test events' variance s and the interaction I of refits with them fall as 1/n_test, all that a training set
    brings (its own τ, and I) as 1/n_train. The degrees of freedom follow: those of s grow, those of V = τ + I stay.
    """

    d: Difference
    family: int

    def smallest(self, way: _Way) -> Vector:
        """Return the difference that half of all studies see at 3σ, for each of `GRID` times the events."""
        errors, dofs = np.array([self._at(*way.grows(times)) for times in GRID]).T
        sides = 1 if self.d.one_sided else 2
        p = -np.expm1(np.log1p(-sides * np.exp(log_p_from_sigma(3.0))) / max(self.family, 1))
        centred = np.sqrt(laws.chi2_ppf(0.5, dofs) / dofs)  # an error estimated from ν is mostly too small
        return np.asarray(laws.t_isf(p / sides, dofs) * centred * errors)

    def _at(self, test: float, train: float) -> tuple[float, float]:
        """Return the total error and its degrees of freedom at so many times the test and the training events."""
        d = self.d
        s, tau = (d.stat or 0.0) ** 2 / test, (d.train or 0.0) ** 2 / train
        if d.dofs is None:
            return float(np.sqrt(s + tau)), float(d.dof or 1.0)
        interaction = max((d.spread or 0.0) - (d.train or 0.0) ** 2, 0.0) / test
        known = max(len(d.stat_draws) - 1.0, d.dofs[0]) if len(d.stat_draws) else np.inf
        dofs = (min((d.dofs[0] + 1) * test - 1, known), d.dofs[1])
        dof = total_dof(s, tau, spread=tau + interaction / train, dofs=dofs)
        return float(np.sqrt(s + tau)), max(dof, 1.0)

    def times(self, way: _Way, size: float) -> float:
        """Return at how many times the events a difference of ``size`` is seen; inf for none up to `FARTHEST`."""
        margin = size - self.smallest(way)
        if margin[0] >= 0:
            return 1.0
        seen = np.flatnonzero(margin >= 0)
        if not len(seen):
            return np.inf
        at = slice(seen[0] - 1, seen[0] + 1)
        return float(np.exp(np.interp(0.0, margin[at], np.log(GRID[at]))))


def needs(difference: Difference, *, n_test: int | None, n_train: int | None, family: int = 1) -> str:
    """Return what it would take to see this very difference at 3σ among ``family`` comparisons, "" if it is seen.

    With the number of events that is named half of all studies claim 3σ, if the difference is what was found; the
    range is that of the interval of the difference.

    Parameters
    ----------
    difference : what was found, with its errors.
    n_test : test events that it was judged on; None where the ``n_train`` events of the folds judge.
    n_train : training events; None where nobody has said how many there were.
    family : comparisons that the page makes.

    >>> d = Difference(0.01, -0.01, 0.03, sigma_local=1.0, stat=0.01, train=0.0, t=1.0, dof=999.0)
    >>> needs(d, n_test=1000, n_train=4000)
    'about 9,000 test events for 3σ; over the interval of the difference 1,000 or more, with no upper bound'
    >>> d = Difference(0.2, 0.04, 0.36, sigma_local=2.5, train=0.08, stat=0.0, t=2.5, dof=49.0)
    >>> needs(d, n_test=None, n_train=100)
    'about 160 events for 3σ; over the interval of the difference 100 to 3,900'
    """
    d = difference
    if d.sigma_local is None or d.difference is None or d.dof is None:
        return ""
    if d.one_sided and d.difference < 0:
        return "no number of events: it lies on the other side of the baseline"
    if abs(d.sigma_global if d.sigma_global is not None else d.sigma_local) >= 3:
        return ""
    if d.difference == 0:
        return "no number of events: the predictions score the same"
    return _foretold(d, _Outlook(d, family), _ways(d, n_test, n_train))


def _ways(d: Difference, n_test: int | None, n_train: int | None) -> list[_Way]:
    """Return the ways to more events, the cheapest first: of the test, of training, of both."""
    both = _Way(lambda x: (x, x), None, "times the training and test events")
    if n_test is None:
        return [_Way(both.grows, n_train, "events")]
    test = [_Way(lambda x: (x, 1.0), n_test, "test events")] if d.stat else []
    of = "training events" if n_train is not None else "times the training events"
    train = [_Way(lambda x: (1.0, x), n_train, of)] if d.train else []
    return [*test, *train, *([both] if test and train else [])]


def _foretold(d: Difference, outlook: _Outlook, ways: list[_Way]) -> str:
    """Return the sentence of the first way that leads there."""
    for number, way in enumerate(ways):
        if np.isfinite(times := outlook.times(way, abs(d.difference or 0.0))):
            alone = "more test events alone cannot show it; " if number else ""
            return f"{alone}about {way.said(times)} {way.of} for 3σ{_range(d, outlook, way)}"
    what = ways[-1].of if ways and ways[-1].n is None else f"times the {ways[-1].of if ways else 'events'}"
    return f"not with this method: more than {FARTHEST:,.0f} {what} for 3σ"


def _range(d: Difference, outlook: _Outlook, way: _Way) -> str:
    """Return how many events the two ends of the interval of the difference ask for."""
    if d.low is None or d.high is None:
        return ""
    size = abs(d.difference or 0.0)
    smallest, largest = sorted(np.array([d.low, d.high]) * np.sign(d.difference or 0.0))
    few = way.said(outlook.times(way, max(largest, size)))
    many = outlook.times(way, min(smallest, size)) if smallest > 0 else np.inf
    upper = f" to {way.said(many)}" if np.isfinite(many) else " or more, with no upper bound"
    times = " times" if way.n is None and not np.isfinite(many) else ""
    return f"; over the interval of the difference {few}{times}{upper}"


def _rounded(number: float) -> str:
    """Two significant digits, with separators.

    >>> _rounded(4111.0), _rounded(1.44), _rounded(720.0)
    ('4,100', '1.4', '720')
    """
    return f"{number:.2g}" if number < 10 else f"{float(f'{number:.2g}'):,.0f}"
