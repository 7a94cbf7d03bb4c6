"""A result tells what it has: predictions and scores as frames, figures as axes, models by name, all of it briefly."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError
from fivesigma.study.finished.figures import NoFigureError
from tests.study.finished.answered import finished


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    return finished(tmp_path_factory.mktemp("told"), "number", "classes")


@pytest.fixture
def result(runs) -> fs.Result:
    return fs.load(runs["classes"])


def test_predictions_are_a_frame_of_what_is_on_the_disk(result) -> None:
    assert result.predictions.equals(pl.read_parquet(result.path / "predictions.parquet"))
    assert {"row", "part", "target", "naive-bayes:s"} <= set(result.predictions.columns)


def test_scores_are_those_of_the_record_by_model_part_and_metric_and_as_a_frame(result) -> None:
    kept = result.results.model("naive-bayes").scores
    scores = result.scores["naive-bayes"]
    assert list(scores) == list(kept)
    assert scores["test"]["roc_auc"]["low"] == kept["test"]["roc_auc"].low
    assert scores["roc_auc"].value == kept["test"]["roc_auc"].value
    assert scores["validation"]["brier"].method == kept["validation"]["brier"].method
    n = sum(len(each) for model in result.results.models for each in model.scores.values())
    frame = result.scores.frame
    assert frame.height == n
    one = frame.filter(
        (pl.col("part") == "test") & (pl.col("metric") == "brier") & (pl.col("model") == "dummy")
    )
    assert one["value"].item() == result.results.model("dummy").scores["test"]["brier"].value
    assert "<table" in result.scores._repr_html_()
    with pytest.raises(KeyError, match="Did you mean 'naive-bayes'"):
        result.scores["naive-bays"]
    with pytest.raises(KeyError, match="Did you mean 'roc_auc'"):
        scores["roc_acu"]


@pytest.mark.parametrize(
    ("name", "figure"), [("classes", "roc"), ("classes", "calibration"), ("number", "residuals")]
)
def test_figures_are_axes_in_the_style_of_the_page(name, figure, runs) -> None:
    mpl.use("agg")
    import matplotlib.pyplot as plt

    before, plots = dict(mpl.rcParams), fs.load(runs[name]).plot
    axes = np.atleast_1d(getattr(plots, figure)())
    assert all(isinstance(each, mpl.axes.Axes) for each in axes.flat)
    assert not axes.flat[0].spines["top"].get_visible()
    assert dict(mpl.rcParams) == before
    own = plt.figure()
    assert np.atleast_1d(getattr(plots, figure)(figure=own)).flat[0].figure is own
    assert figure in dir(plots)
    plt.close("all")


def test_every_figure_of_a_run_can_be_drawn(runs) -> None:
    mpl.use("agg")
    import matplotlib.pyplot as plt

    for path in runs.values():
        plots = fs.load(path).plot
        assert len(plots.found) > 5
        for name in plots.found:
            assert np.atleast_1d(getattr(plots, name)()).size
            plt.close("all")


def test_a_figure_that_is_not_there_is_a_sentence(runs) -> None:
    plots = fs.load(runs["number"]).plot
    with pytest.raises(
        NoFigureError, match=r"this run has no figure 'residual'; .* Did you mean 'residuals'"
    ):
        plots.residual()
    assert not hasattr(plots, "roc")
    assert "residuals" in repr(plots)
    assert repr(plots.residuals) == "Predicted against true, linear (call it to draw)"


def test_models_are_loaded_by_the_name_that_the_study_gives_them(runs) -> None:
    index = json.loads((runs["classes"] / "models" / "index.json").read_text())
    assert index == {"models": {"dummy": "model-00.fivesigma", "naive-bayes": "model-01.fivesigma"}}
    model = fs.load_model(runs["classes"], "naive-bayes")
    assert model.meta["name"] == "naive-bayes"
    assert fs.load_model(runs["classes"]).meta["name"] == fs.load(runs["classes"]).results.best
    assert (
        fs.load_model(runs["classes"] / "models" / index["models"]["dummy"], "dummy").meta["kind"] == "dummy"
    )
    with pytest.raises(InputError, match="Did you mean 'naive-bayes'"):
        fs.load_model(runs["classes"], "naive-bays")
    with pytest.raises(InputError, match="holds the model 'dummy', not 'tree'"):
        fs.load_model(runs["classes"] / "models" / "model-00.fivesigma", "tree")


def test_models_and_claims_are_brief_and_tables_in_a_notebook(result) -> None:
    assert repr(result.best) == "<naive-bayes 'naive-bayes': classification of c, 2 columns>"
    assert "<table" in result.best._repr_html_()
    assert "b, s" in result.best._repr_html_()
    assert result.claims._repr_html_().startswith("<ul><li>naive-bayes")
    assert len(repr(fs.Study(None, models=["tree"], name="mine"))) < 120
