"""Whether the best model's probabilities come true on each test; how far the scores fall from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fivesigma.record.sections.further import FurtherTestsRecord
from fivesigma.record.sections.score_curves import CalibrationBins, ScoreCurvesRecord
from fivesigma.report.panels import bar_style, grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import MUTED, colour
from fivesigma.report.text import listed, short

_COLUMNS = ("mean", "observed", "low", "high", "n_effective")


def calibrations(view: View) -> Plot | None:
    """Observed against stated probability of the best model, one colour a test; of two classes."""
    shown = _shown(view)
    if view.best is None or len(shown) < 2 or any(len(bins) != 1 for _, bins in shown):
        return None
    return Plot(
        name="calibration-of-tests",
        title=f"Calibration of {short(view.best.name)} on each test",
        caption=(
            f"Share of {shown[0][1][0].class_} against its predicted probability, with 68 % intervals, on each test; "
            "on the diagonal a probability can be taken at its word."
        ),
        alt=f"Observed against predicted frequency on {listed([name for name, _ in shown])}.",
        size=(5.4, 4.4),
        draw=lambda figure: _draw(figure, shown),
        header=("test", *_COLUMNS),
        rows=[
            (name, *row)
            for name, (bins,) in shown
            for row in zip(*(getattr(bins, column) for column in _COLUMNS), strict=True)
        ],
    )


def _shown(view: View) -> list[tuple[str, Sequence[CalibrationBins]]]:
    kept, best = view.results.section(FurtherTestsRecord), view.best
    curves = None if best is None else best.section(ScoreCurvesRecord)
    if kept is None or curves is None or curves.calibration is None:
        return []
    others = [(each.test, each.bins) for each in kept.tests if each.bins]
    return [(kept.tests[0].against, curves.calibration), *others]


def _draw(figure: Any, shown: Sequence[tuple[str, Sequence[CalibrationBins]]]) -> None:
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
    for index, (name, (bins,)) in enumerate(shown):
        mean, observed, low, high = (numbers(getattr(bins, column)) for column in _COLUMNS[:4])
        error = np.clip(np.array([observed - low, high - observed]), 0.0, None)
        axes.errorbar(mean, observed, yerr=error, label=short(name), **bar_style(colour(index)))
        axes.plot(mean, observed, color=colour(index), linewidth=0.8, alpha=0.6)
    grid(axes)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("observed share")
    axes.legend(loc="upper left")
