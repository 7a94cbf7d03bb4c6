"""Predictive laws in a study: scored, stored, computed again from the file; coverage and conformal intervals."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.curves import LearningCurveRecord
from fivesigma.record.sections.predictive import PredictiveRecord
from fivesigma.risk.metrics import metric
from fivesigma.risk.predictive import QuantileLaw
from fivesigma.study.analyses.predictive import conformal_reach, recorded
from fivesigma.study.finished.compare import compare
from fivesigma.study.fit.prediction import Output
from fivesigma.study.study import Study
from fivesigma.study.tasks.regression import Regression

REGRESSION = Regression()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(400, 2))
    y = X[:, 0] + (0.05 + 0.8 * (X[:, 1] > 0)) * rng.normal(size=400)
    data = Dataset.from_arrays(X, y, w=rng.uniform(0.5, 1.5, 400))
    models = [
        {"kind": "natural-gradient", "params": {"n_estimators": 60}},
        {"kind": "quantile-forest", "params": {"n_estimators": 20}},
        "linear",
    ]
    study = Study(
        data,
        models=models,
        split={"folds": 3},
        evaluate={"bootstrap": 100, "refits": 2, "metric": "crps"},
        curves={"learning": ["natural-gradient"]},
    )
    return study.run(tmp_path_factory.mktemp("laws") / "run", workers=1, progress=False)


def test_scores_can_be_computed_again_from_the_stored_quantiles(finished) -> None:
    table = pl.read_parquet(finished.path / "predictions.parquet").filter(pl.col("part") == "test")
    columns = {name: table[name].to_numpy() for name in table.columns}
    for name in ("natural-gradient", "quantile-forest"):
        said = REGRESSION.stored(columns, name, ())
        assert said[Output.LAW].shape == (len(table), 13)
        again = metric("crps").value(columns["target"], said[Output.LAW], columns["weight"])
        assert finished.results.model(name).scores["test"]["crps"].value == pytest.approx(again, abs=1e-12)
    nll = -np.average(
        QuantileLaw(REGRESSION.stored(columns, "natural-gradient", ())[Output.LAW]).logpdf(columns["target"]),
        weights=columns["weight"],
    )
    assert finished.results.model("natural-gradient").scores["test"]["nll"].value == pytest.approx(nll)
    assert "natural-gradient:q0.1587" in columns
    assert list(REGRESSION.stored(columns, "linear", ())) == [Output.VALUE]


def test_a_model_of_values_has_the_width_of_its_out_of_fold_residuals(finished) -> None:
    table = pl.read_parquet(finished.path / "predictions.parquet")
    train, test = table.filter(pl.col("part") == "train"), table.filter(pl.col("part") == "test")
    width = np.sqrt(np.average((train["target"] - train["linear"]) ** 2, weights=train["weight"]))
    expected = metric("crps").value(
        test["target"].to_numpy(), test["linear"].to_numpy(), test["weight"].to_numpy(), cut=width
    )
    record = finished.results.model("linear")
    assert record.scores["test"]["crps"].value == pytest.approx(expected)
    assert record.section(PredictiveRecord).width == pytest.approx(width)
    assert record.versus_baseline["crps"].sigma_global is not None


def test_a_law_that_knows_the_width_of_each_event_comes_out_best(finished) -> None:
    value = {m.name: m.scores["test"]["crps"].value for m in finished.results.models}
    assert finished.results.best == "natural-gradient"
    assert value["natural-gradient"] < value["linear"] < value["dummy"]
    assert finished.results.model("quantile-forest").scores["test"]["nll"].value is None
    assert finished.results.model("natural-gradient").section(LearningCurveRecord).metric == "rmse"


def test_page_and_model_speak_of_the_law(finished) -> None:
    assert "its own law" in (finished.path / "report.md").read_text()
    assert (finished.path / "figures" / "coverage.csv").is_file()
    law = finished.model("quantile-forest").predict_law(np.zeros((3, 2)))
    assert law.shape == (3, 14)
    assert finished.model("linear").predict_law(np.zeros((3, 2))).shape == (3,)
    assert compare([finished.path, finished.path])["metric"] == "crps"


def test_coverage_is_that_of_a_right_law_and_a_narrow_one_is_seen() -> None:
    rng = np.random.default_rng(0)
    y, y0 = rng.normal(size=4000), rng.normal(size=4000)
    said = {Output.VALUE: np.zeros(4000)}
    held = (y0, said, None)
    right, narrow = (recorded(y, said, None, held, width) for width in (1.0, 0.5))
    assert right is not None
    assert narrow is not None
    for kept in (*right.intervals, *right.conformal, *narrow.conformal):
        assert kept.coverage == pytest.approx(kept.level, abs=0.02)
    assert narrow.intervals[0].high < 0.5
    assert max(abs(each - 1) for each in right.pit.density) < 4 * right.pit.error
    assert narrow.pit.density[0] > 2


def test_conformal_intervals_hold_their_level_for_exchangeable_events() -> None:
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(2000):
        scores = np.abs(rng.standard_t(3, size=20))
        reach = conformal_reach(scores[:19], np.ones(19), 0.8)
        inside.append(scores[19] <= reach)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.03)
    assert conformal_reach(np.ones(5), np.ones(5), 0.95) is None


def test_few_events_have_no_coverage_and_classes_no_law(finished) -> None:
    assert recorded(np.zeros(5), {Output.VALUE: np.zeros(5)}, None, None, 1.0) is None
    assert recorded(np.zeros(50), {Output.VALUE: np.zeros(50)}, None, None, None) is None
    rng = np.random.default_rng(0)
    data = Dataset.from_arrays(rng.normal(size=(120, 1)), rng.integers(0, 2, 120))
    with pytest.raises(InputError, match="does not score a classification"):
        Study(data, models=["dummy"], evaluate={"metric": "crps"}).prepared()
