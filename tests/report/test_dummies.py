"""A dummy sets the scale of no figure, whether it is the baseline or another model is."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from fivesigma.record.results import ErrorBudget, Results, Score, from_document
from fivesigma.record.sections.slices import Slice, SlicedColumn, SliceOfModel, SlicesRecord
from fivesigma.report.claims.figure import differences
from fivesigma.report.generalisation.figure import generalisation
from fivesigma.report.leaderboard.figure import budget
from fivesigma.report.plot import drawing
from fivesigma.report.scan.figure import scan_plot
from fivesigma.report.section import View
from fivesigma.report.slices.figure import slices
from tests.report import fixture as made

SCAN = Path(__file__).parents[1] / "golden" / "kept" / "scan.json.gz"


def study(baseline: str = "dummy", far: float = 0.0) -> View:
    """Return a study whose dummy scores less by ``far``, with errors as much larger."""
    base = made.binary(4, 2, 100)
    models = tuple(_moved(model, baseline, far) if model.status == "ok" else model for model in base.models)
    whole = dataclasses.replace(base, baseline=baseline, models=models)
    return View(dataclasses.replace(whole, sections={"slices": _slices(whole)}), {})


def _moved(model: Any, baseline: str, far: float) -> Any:
    if model.kind != "dummy":
        return model
    scores = {
        part: {name: _lower(score, far) for name, score in own.items()} for part, own in model.scores.items()
    }
    versus = {} if baseline == "dummy" else {"roc_auc": made.compare(-0.3 - far, 0.01)}
    return dataclasses.replace(model, scores=scores, versus_baseline=versus)


def _lower(score: Score, far: float) -> Score:
    value = score.value - far
    error = ErrorBudget(
        *(each * (1.0 + far) for each in (score.error.stat, score.error.train, score.error.seed))
    )
    return dataclasses.replace(score, value=value, low=value - 0.01, high=value + 0.01, error=error)


def _slices(results: Results) -> SlicesRecord:
    def of(model: Any, shift: float) -> SliceOfModel:
        score = model.scores["test"]["roc_auc"]
        return SliceOfModel(
            scores={"roc_auc": dataclasses.replace(score, value=score.value - shift)},
            versus_baseline=None,
            versus_whole=None,
        )

    fitted = [model for model in results.models if model.status == "ok"]
    cut = [
        Slice(
            name=name, low=None, high=1.0, missing=False, n=50, n_effective=50.0,
            models={model.name: of(model, shift) for model in fitted},
        )
        for name, shift in (("pt < 1", 0.0), ("pt ≥ 1", 0.01))
    ]  # fmt: skip
    return SlicesRecord(columns=(SlicedColumn(column="pt", unit="GeV", part="test", slices=tuple(cut)),))


def scan(far: float) -> View:
    document = json.loads(gzip.decompress(SCAN.read_bytes()))["results"]
    for point in document["scan"]:
        for scores in point["models"]["dummy"].values():
            for score in scores.values():
                for end in ("value", "low", "high"):
                    score[end] = None if score[end] is None else score[end] - far
    return View(from_document({**document, "timing": {}}), {})


def limits(plot: Any) -> Any:
    figure = Figure(plot.size)
    plot.draw(figure)
    return np.array([(*axes.get_xlim(), *axes.get_ylim()) for axes in figure.axes])


FIGURES = {"differences": differences, "generalisation": generalisation, "budget": budget, "slices": slices}


@pytest.mark.parametrize("baseline", ["dummy", "random forest"])
@pytest.mark.parametrize("name", FIGURES)
def test_however_far_a_dummy_lies_the_axes_are_the_same(name, baseline) -> None:
    draw = FIGURES[name]
    near, far = (draw(study(baseline, far)) for far in (3.0, 300.0))
    np.testing.assert_allclose(limits(far), limits(near))
    assert np.ptp(limits(far)[:, :2], axis=1).max() < 20.0
    assert np.ptp(limits(far)[:, 2:], axis=1).max() < 20.0
    assert name == "budget" or any(arrow in drawing(far).svg for arrow in "▾◂")


def test_however_far_a_dummy_lies_the_axes_of_a_scan_are_the_same() -> None:
    near, far = (scan_plot(scan(each)) for each in (3.0, 300.0))
    np.testing.assert_allclose(limits(far), limits(near))
    assert "▾ dummy" in drawing(far).svg


def test_scores_of_a_dummy_within_the_axes_are_not_named_at_the_edge() -> None:
    inside = study(far=-0.375)
    assert "▾" not in drawing(slices(inside)).svg
    assert "▾ dummy 0.49 to 0.5" in drawing(slices(study())).svg


def _apart(gap: float, n: int = 2, baseline: str = "dummy") -> View:
    """Return ``n`` models whose differences from the baseline are ``gap`` and a little more."""
    base = made.binary(n + 1, 2, 100)
    models = tuple(
        dataclasses.replace(
            each,
            kind="linear" if each.name == "dummy" and baseline != "dummy" else each.kind,
            versus_baseline={"roc_auc": made.compare(gap + 0.01 * k, 0.01)} if each.name != "dummy" else {},
        )
        for k, each in enumerate(base.models)
        if each.status == "ok"
    )
    return View(dataclasses.replace(base, models=models), {})


@pytest.mark.parametrize(
    ("gap", "n", "baseline", "said"),
    [
        (9.0, 2, "dummy", "◂ 0 is off the axis"),
        (-9.0, 2, "dummy", "0 ▸ is off the axis"),
        (0.02, 2, "dummy", ""),  # it takes less than half of the axis
        (9.0, 1, "dummy", ""),  # there is nothing else to compare with
        (9.0, 2, "linear", ""),  # the place of a model that learns
    ],
)
def test_a_zero_that_is_a_dummys_place_does_not_press_the_models_together(gap, n, baseline, said) -> None:
    plot = differences(_apart(gap, n, baseline))
    assert ("off the axis" in drawing(plot).svg) is bool(said)
    assert said in drawing(plot).svg
    low, high = limits(plot)[0, :2]
    assert (low < 0.0 < high) is not bool(said)
