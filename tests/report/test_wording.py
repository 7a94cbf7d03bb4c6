"""Small things a reader would stumble over: numbers of pure rounding, ticks as markup, the direction of a change."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from fivesigma.record.results import Comparison, DataRecord, ErrorBudget, Results, Score, SplitRecord
from fivesigma.record.sections.explained import Ablation, AblationStep, Effect, Effects, Importance
from fivesigma.report.ablation.section import sentence
from fivesigma.report.effects.curves import effects_plot
from fivesigma.report.importance.figure import methods
from fivesigma.report.rounding import value_with_error
from fivesigma.report.section import View


def test_an_error_of_rounding_is_none() -> None:
    assert value_with_error(Score(0.5, 0.5, 0.5 + 2e-16, error=ErrorBudget(stat=1.9e-15))) == "0.5000"


def test_ticks_of_a_logarithmic_effect_are_numbers() -> None:
    column = Effect(name="pt", grid=(0.1, 1.0, 100.0), mean=(0.1, 0.2, 0.3), std=(0.0,) * 3, curves=())
    figure = Figure()
    data = DataRecord("0", 0, 0, 0.0, (), None, None)
    view = View(Results("s", "regression", 0, "rmse", "dummy", None, data, SplitRecord("0", 0, 0, 0), ()), {})
    effects_plot(view, "forest", Effects(columns=(column,))).draw(figure)
    figure.draw_without_rendering()
    labels = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert "100" in labels
    assert not any("$" in label for label in labels)


@pytest.mark.parametrize(("change", "words"), [(-0.0155, "worse by 0.015"), (0.002, "better by 0.002")])
def test_a_change_says_whether_it_is_worse(change, words) -> None:
    moved = Comparison(change, sigma_global=-4.0)
    steps = tuple(
        AblationStep(columns=("b",), changed=gone, scores={"test": Score(0.03)}, change=found, ranking=None)
        for gone, found in (((), None), (("a",), moved))
    )
    kept = Ablation(part="test", caveat="", steps=steps)
    assert f"its RMSE is {words}" in sentence("drop_best", "forest", kept, "RMSE")


def test_errors_rise_and_scores_are_lost() -> None:
    kept = {"permutation": Importance(names=("a",), mean=(1.0,), std=(0.1,), draws=())}
    assert methods(kept, "RMSE", more_is_better=False)[0].panel == "rise of RMSE, held out"
    assert methods(kept, "R²")[0].panel == "loss of R², held out"
