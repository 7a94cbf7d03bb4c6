"""AMS against the threshold on the score, with its band."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma.record.sections.significance import AmsCurve, SignificanceRecord
from fivesigma.report.panels import grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, MUTED
from fivesigma.report.text import short


def ams(view: View) -> Plot | None:
    """Return the figure of the best model; None where it has no curve."""
    drawn = [(model, kept, kept.curve) for model, kept in view.having(SignificanceRecord) if kept.curve]
    if not drawn:
        return None
    model, kept, curve = drawn[0]
    name, value = short(model.name), numbers(curve.ams)
    top = int(np.nanargmax(value)) if np.isfinite(value).any() else 0
    return Plot(
        name="ams",
        title=f"AMS of {name} against the cut",
        caption=(
            f"AMS with b + {curve.b_reg:.3g} in place of b, of the yields of {kept.part} above each threshold on the "
            "score of signal, as far as ten effective events of background are left; the band holds 68 % of resampled "
            "events, and errors of the background are not in it."
            + ("" if curve.chosen is None else " Dashed: the cut that out-of-fold scores choose.")
        ),
        alt=f"AMS of {name}: at most {plain_number(curve.ams[top], 3)} at {plain_number(curve.threshold[top], 3)}.",
        size=(8.6, 3.6),
        draw=lambda figure: _draw(figure, curve),
        header=("threshold", "ams", "low", "high"),
        rows=list(zip(curve.threshold, curve.ams, curve.low, curve.high, strict=True)),
    )


def _draw(figure: Any, curve: AmsCurve) -> None:
    axes = figure.subplots()
    x, value, low, high = (numbers(each) for each in (curve.threshold, curve.ams, curve.low, curve.high))
    axes.fill_between(x, low, high, color=BLUE, alpha=0.25, linewidth=0)
    axes.plot(x, value, color=BLUE)
    if curve.chosen is not None:
        axes.axvline(curve.chosen, color=MUTED, linestyle="--", linewidth=1)
    axes.set_xlabel("threshold on the score of signal")
    axes.set_ylabel("AMS [σ]")
    axes.set_ylim(bottom=0)
    grid(axes)
