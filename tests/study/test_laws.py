"""Predictive laws in a study: scored, stored, computed again from the file; coverage and conformal intervals."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.curves import LearningCurveRecord
from fivesigma.record.sections.predictive import PredictiveRecord
from fivesigma.risk.conformal import STATED, ConformalIntervals, values_as_law
from fivesigma.risk.metrics import metric
from fivesigma.risk.predictive import QuantileLaw
from fivesigma.study.analyses.predictive import Judged, recorded
from fivesigma.study.finished.compare import compare
from fivesigma.study.finished.predict import predict
from fivesigma.study.fit.prediction import Output
from fivesigma.study.study import Study
from fivesigma.study.tasks.regression import Regression

REGRESSION = Regression()


def finished_data():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(400, 2))
    y = X[:, 0] + (0.05 + 0.8 * (X[:, 1] > 0)) * rng.normal(size=400)
    return Dataset.from_arrays(X, y, w=rng.uniform(0.5, 1.5, 400))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    data = finished_data()
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
    assert law.shape == np.asarray(law).shape == (3, 14)
    assert (law.interval(0.9)[0] < law.interval(0.9)[1]).all()
    with pytest.raises(
        InputError, match=r"'linear' \(linear\) predicts values and has no law; use predict_interval"
    ):
        finished.model("linear").predict_law(np.zeros((3, 2)))
    assert compare([finished.path, finished.path])["metric"] == "crps"


def test_coverage_is_that_of_a_right_law_and_a_narrow_one_is_seen() -> None:
    rng = np.random.default_rng(0)
    y, y0 = rng.normal(size=4000), rng.normal(size=4000)
    said = {Output.VALUE: np.zeros(4000)}
    law = values_as_law(np.zeros(4000))
    ends = ConformalIntervals.calibrated(law, y0, np.ones(4000)).of(law)
    right, narrow = (recorded(Judged(y, said), width, conformal=ends) for width in (1.0, 0.5))
    assert right is not None
    assert narrow is not None
    for kept in (*right.intervals, *right.conformal, *narrow.conformal):
        assert kept.coverage == pytest.approx(kept.level, abs=0.02)
    assert narrow.intervals[0].high < 0.5
    assert max(abs(each - 1) for each in right.pit.density) < 4 * right.pit.error
    assert narrow.pit.density[0] > 2


def test_few_events_have_no_coverage_and_classes_no_law(finished) -> None:
    assert recorded(Judged(np.zeros(5), {Output.VALUE: np.zeros(5)}), 1.0) is None
    assert recorded(Judged(np.zeros(50), {Output.VALUE: np.zeros(50)}), None) is None
    rng = np.random.default_rng(0)
    data = Dataset.from_arrays(rng.normal(size=(120, 1)), rng.integers(0, 2, 120))
    with pytest.raises(InputError, match="does not score a classification"):
        Study(data, models=["dummy"], evaluate={"metric": "crps"}).prepared()


def test_the_file_the_record_and_the_kept_model_give_the_same_intervals(finished) -> None:
    table = pl.read_parquet(finished.path / "predictions.parquet")
    assert "linear:low0.9500" not in table.columns
    test = table.filter(pl.col("part") == "test")
    X = finished_data().X[test["row"].to_numpy()]
    for name in ("natural-gradient", "quantile-forest"):
        record, model = finished.results.model(name).section(PredictiveRecord), finished.model(name)
        assert record.given == "conformal"
        for level, kept in zip(STATED, record.conformal, strict=True):
            low, high = (test[f"{name}:{word}{level:.4f}"].to_numpy() for word in ("low", "high"))
            inside = (low <= test["target"].to_numpy()) & (test["target"].to_numpy() <= high)
            assert kept.coverage == pytest.approx(np.average(inside, weights=test["weight"].to_numpy()))
            seen = (
                model.errors.beyond(X).max(axis=1) == 0
            )  # beyond the training events a kept model is less sure
            ends = model.predict_interval(X, level)
            np.testing.assert_allclose([end[seen] for end in ends], (low[seen], high[seen]), rtol=1e-9)
            assert (ends[0][~seen] < low[~seen]).all()
            assert (ends[1][~seen] > high[~seen]).all()
            assert 0.9 < seen.mean() < 1
        assert record.intervals[1].width != record.conformal[1].width


def test_events_of_the_training_part_have_the_intervals_of_other_folds(finished) -> None:
    train = pl.read_parquet(finished.path / "predictions.parquet").filter(pl.col("part") == "train")
    for name in ("natural-gradient", "quantile-forest"):
        low, high = (train[f"{name}:{word}0.9500"].to_numpy() for word in ("low", "high"))
        y, w = train["target"].to_numpy(), train["weight"].to_numpy()
        assert 0.92 < np.average((low <= y) & (y <= high), weights=w) < 0.98


def test_a_study_may_ask_for_the_laws_own_intervals(tmp_path) -> None:
    data = finished_data()
    study = Study(
        data,
        models=["dummy", {"kind": "quantile-forest", "params": {"n_estimators": 5}}],
        split={"folds": 3},
        evaluate={"bootstrap": 100, "refits": 2, "intervals": "law"},
    )
    run = study.run(tmp_path / "run", workers=1, progress=False)
    assert run.results.model("quantile-forest").section(PredictiveRecord).given == "law"
    law = QuantileLaw(run.model("quantile-forest").predict_law(data.X[:9])[:, 1:])
    for level in (0.95, 0.9, 0.777):
        ends = run.model("quantile-forest").predict_interval(data.X[:9], level)
        np.testing.assert_allclose(ends, law.interval(level), rtol=1e-9)
    with pytest.raises(InputError, match=r"level is 1\.2; expected a number between 0 and 1"):
        run.model("quantile-forest").predict_interval(data.X[:9], 1.2)


def test_too_few_groups_are_said_and_have_no_intervals(tmp_path) -> None:
    data = finished_data()
    grouped = Dataset.from_arrays(data.X, data.y, groups=np.arange(400) % 15)
    study = Study(
        grouped,
        models=["dummy", {"kind": "natural-gradient", "params": {"n_estimators": 20}}],
        split={"folds": 3},
        evaluate={"bootstrap": 100, "refits": 2},
    )
    run = study.run(tmp_path / "run", workers=1, progress=False)
    record = run.results.model("natural-gradient").section(PredictiveRecord)
    assert [each.level for each in record.conformal] == [STATED[0]]
    (why,) = record.refused
    assert "groups that were not fitted to cannot support level 0.95; expected at least 20" in why
    assert why[1:].rstrip(".") in (run.path / "report.md").read_text()
    assert record.intervals[0].low is None  # three or four groups in the test
    with pytest.raises(InputError, match=r"12 groups that were not fitted to cannot support level 0\.95"):
        run.model("natural-gradient").predict_interval(data.X[:3])
    assert run.model("natural-gradient").predict_interval(data.X[:3], STATED[0])[0].shape == (3,)


def test_predict_writes_the_intervals_that_the_run_has_judged(tmp_path) -> None:
    data = finished_data()
    groups, table = np.arange(400) % 100, tmp_path / "t.csv"
    lines = (
        f"{a!r},{b!r},{g},{y!r}"
        for (a, b), g, y in zip(data.X.tolist(), groups, data.y.tolist(), strict=True)
    )
    table.write_text("\n".join(["a,b,run,y", *lines]))
    (tmp_path / "s.toml").write_text(
        '[study]\nname = "laws"\n[data]\npath = "t.csv"\ntarget = "y"\ngroup = "run"\n[split]\nfolds = 3\n'
        '[[models]]\nkind = "dummy"\n[[models]]\nkind = "quantile-forest"\nparams = { n_estimators = 5 }\n'
        "[evaluate]\nbootstrap = 100\nrefits = 2\n"
    )
    run = Study.read(tmp_path / "s.toml").run(out=tmp_path / "run", workers=1, progress=False)
    predict(run.path, table, tmp_path / "out.csv", model="quantile-forest")
    test = pl.read_parquet(run.path / "predictions.parquet").filter(pl.col("part") == "test")
    written = pl.read_csv(tmp_path / "out.csv")[test["row"].to_numpy()]
    columns = [name for name in written.columns if name in test.columns]
    assert "quantile-forest:high0.9500" in columns
    seen = written["quantile-forest:outside"].to_numpy() == 0
    assert seen.mean() > 0.9
    np.testing.assert_allclose(written[columns].to_numpy()[seen], test[columns].to_numpy()[seen], rtol=1e-12)
    assert run.results.model("quantile-forest").section(PredictiveRecord).intervals[1].low is not None
