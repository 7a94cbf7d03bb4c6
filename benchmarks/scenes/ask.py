"""What users ask of a classification beside its AUC: average precision, F1, Matthews, calibration, and slices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special, stats

from benchmarks.scene import Null, Scene
from fivesigma.risk.calibration import Stated, calibration_error, calibration_test
from fivesigma.risk.evidence import Part, compare, global_significance, measure, score
from fivesigma.risk.metrics import metric


@dataclass(frozen=True)
class Normal:
    """Signal N(d, 1) among background N(0, 1), a share f of the events at random; probabilities are the true ones."""

    n: int
    f: float
    d: float
    weighted: bool = False
    n_boot: int = 1000

    def drawn(self, rng):
        """Truth, probabilities and weights of a test."""
        y = (rng.random(self.n) < self.f).astype(np.int64)
        s = rng.normal(size=self.n) + self.d * y
        p = special.expit(self.d * (s - self.d / 2) + special.logit(self.f))
        return y, np.column_stack([1 - p, p]), rng.exponential(size=self.n) if self.weighted else None

    def limits(self, name, rng):
        """Low and high of the fitted model's ``name``."""
        y, p, w = self.drawn(rng)
        part = Part.draw(y, rng, w=w, n_boot=self.n_boot)
        found = score(measure(metric(name), part, p), claim="fitted")
        return found.low, found.high

    @cached_property
    def average_precision(self):
        """``∫ P dR`` with ``P = f R / (f R + (1 - f) R_B)``."""
        s = np.linspace(-10, 10 + self.d, 200_001)
        taken, background = (stats.norm.sf(s - at) for at in (self.d, 0.0))
        precision = self.f * taken / (self.f * taken + (1 - self.f) * background)
        return float(-np.trapezoid(precision, taken))

    @cached_property
    def table(self):
        """Shares of right and wrong signal, wrong and right background, where p > 1/2 is taken for signal."""
        cut = self.d / 2 - special.logit(self.f) / self.d
        tp, fp = self.f * stats.norm.sf(cut - self.d), (1 - self.f) * stats.norm.sf(cut)
        return tp, fp, self.f - tp, 1 - self.f - fp

    @cached_property
    def f1(self):
        """``2 tp / (2 tp + fp + fn)``."""
        tp, fp, fn, _ = self.table
        return 2 * tp / (2 * tp + fp + fn)

    @cached_property
    def matthews(self):
        """The correlation of predicted and true class."""
        tp, fp, fn, tn = self.table
        return (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))


def scored(name, scene):
    """A test of the scene, judged by the metric of that name."""
    return lambda rng: (*scene.limits(name, rng), getattr(scene, name))


# --- calibration ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stating:
    """Probabilities p ~ Beta(2, 2) that come true at ``expit(slope logit p + shift)``."""

    n: int
    slope: float = 1.0
    shift: float = 0.0
    weighted: bool = False

    def drawn(self, rng):
        """What is stated and what came, and the true probabilities."""
        p = rng.beta(2, 2, self.n)
        q = special.expit(self.slope * special.logit(p) + self.shift)
        w = rng.exponential(size=self.n) if self.weighted else None
        y = (rng.random(self.n) < q).astype(np.int64)
        return Stated.of(y, np.column_stack([1 - p, p]), w), q

    def draw(self, rng):
        """The interval of the calibration error, and the error of these very bins."""
        stated, q = self.drawn(rng)
        found = calibration_error(stated)
        if found.high is None:
            return None, None, 0.0
        bins = stated.bins(stated.n_bins())
        weight = np.bincount(bins, stated.w)
        off = np.bincount(bins, stated.w * (q - stated.p)) / weight
        truth = float(np.average(off**2, weights=weight) ** 0.5)
        # of the calibrated one the truth is 0, to rounding
        return found.low, found.high, truth if truth > 1e-12 else 0.0


# --- slices --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InSlices:
    """A test whose events fall into slices that mean nothing, one model and its refits.

    What the training set does to a fit is one strength and noise of its own an event, drawn anew for each refit.
    """

    n: int = 600
    n_slices: int = 4
    n_refits: int = 10
    n_boot: int = 400
    own: float = 0.5
    luck: float = 0.1

    def fits(self, rng, y, shared):
        """Probabilities of one fit."""
        strength = self.own * np.exp(self.luck * rng.normal())
        p = special.expit(1.2 * (2 * y - 1) + shared + strength * rng.normal(size=len(y)))
        return np.column_stack([1 - p, p])

    def drawn(self, rng):
        """The measurement of the whole, and of each slice."""
        y = (rng.random(self.n) < 0.4).astype(np.int64)
        shared = 1.5 * rng.normal(size=self.n)
        part = Part.draw(y, rng, n_boot=self.n_boot)
        said, *refits = (self.fits(rng, y, shared) for _ in range(1 + self.n_refits))
        number, auc = rng.integers(0, self.n_slices, self.n), metric("roc_auc")
        of = []
        for k in range(self.n_slices):
            keep = number == k
            some = Part(y[keep], None, None, part.counts[:, keep])
            of.append(measure(auc, some, said[keep], refits=[each[keep] for each in refits]))
        return measure(auc, part, said, refits=refits), of

    def claims(self, rng):
        """Whether any slice is said to differ from the whole."""
        whole, of = self.drawn(rng)
        found = global_significance([compare(each, whole) for each in of])
        return any(abs(d.sigma_global or 0.0) >= 3.0 for d in found)


def slice_of(n, share):
    """The AUC of a slice that is a ``share`` of the test, whose resamples are the whole's; Gaussian scores."""
    distance = stats.norm.ppf(0.85) * 2**0.5

    def draw(rng):
        y = (rng.random(n) < 0.4).astype(np.int64)
        s, keep = rng.normal(size=n) + distance * y, rng.random(n) < share
        part = Part.draw(y, rng, n_boot=500)
        p = special.expit(s)
        some = Part(y[keep], None, None, part.counts[:, keep])
        found = score(measure(metric("roc_auc"), some, np.column_stack([1 - p, p])[keep]), claim="fitted")
        return found.low, found.high, 0.85

    return draw


SCENES = {
    "average-precision": Scene(
        "fitted: average precision 0.79, 300 events, 20 % signal",
        scored("average_precision", Normal(300, 0.2, 2.0)),
        "careful",
    ),
    "average-precision-weighted": Scene(
        "fitted: average precision 0.85, 300 events, exponential weights",
        scored("average_precision", Normal(300, 0.3, 2.0, weighted=True)),
        "careful",
    ),
    "f1": Scene("fitted: F1 0.69, 300 events, 20 % signal", scored("f1", Normal(300, 0.2, 2.0)), "at least"),
    "matthews": Scene(
        "fitted: Matthews correlation 0.63, 300 events, 20 % signal",
        scored("matthews", Normal(300, 0.2, 2.0)),
        "at least",
    ),
    "calibration-error": Scene(
        "fitted: calibration error 0.10 of shifted probabilities, 300 events, debiased",
        Stating(300, shift=0.5).draw,
        "careful",
    ),
    "calibration-error-weighted": Scene(
        "fitted: calibration error 0.07 of overconfident ones, 600 events, exponential weights",
        Stating(600, slope=0.6, weighted=True).draw,
        "careful",
    ),
    "slice": Scene("fitted: AUC 0.85 in a slice of a fifth of 800 events", slice_of(800, 0.2), "within"),
}

NULLS = {
    "slices": Null("slices that mean nothing, each against the whole", InSlices().claims),
    "calibrated": Null(
        "probabilities that are right (share of p < 0.0027, 3σ two-sided)",
        lambda rng: (calibration_test(Stating(800, weighted=True).drawn(rng)[0]).p or 1.0) < 0.0027,
    ),
}
