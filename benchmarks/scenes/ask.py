"""What users ask of a classification beside its AUC: average precision, F1, Matthews correlation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special, stats

from benchmarks.scene import Null, Scene
from fivesigma.risk.evidence import Part, measure, score
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
}

NULLS: dict[str, Null] = {}
