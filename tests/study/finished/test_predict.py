"""Predictions with an error each: they hold what they say on fresh events, and do not pretend where none was seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import DataError, InputError
from fivesigma.study.finished.predict import predict
from fivesigma.study.finished.predicted_errors import in_words
from tests.study.finished.answered import STUDIES, N, finished, table


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    return finished(tmp_path_factory.mktemp("answered"), *STUDIES)


def said(run: Path, events: pl.DataFrame, folder: Path, **asked) -> tuple[pl.DataFrame, dict]:
    events.write_parquet(folder / "events.parquet")
    told = predict(run, folder / "events.parquet", folder / "out.parquet", **asked)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    return pl.read_parquet(folder / "out.parquet"), told


@pytest.mark.parametrize("name", ["number", "weighted", "grouped"])
@pytest.mark.parametrize("level", [None, 0.9])
def test_intervals_hold_what_they_say_on_fresh_events(name, level, runs, tmp_path) -> None:
    events = table(3000, 5)
    out, told = said(runs[name], events, tmp_path, level=level, model="linear")
    held = ((out["linear:low"] <= events["y"]) & (events["y"] <= out["linear:high"])).mean()
    assert told["interval"]["level"] == (level or 0.68)
    assert "conformal" in told["interval"]["kind"]
    assert abs(held - (level or 0.68)) < 0.06  # 240 events held out tell a level to 0.03
    assert out.columns[:3] == ["linear", "linear:low", "linear:high"]


def test_of_several_targets_each_has_an_error_in_its_own_unit(runs, tmp_path) -> None:
    events = table(3000, 5)
    out, _ = said(runs["two"], events, tmp_path, model="linear")
    for target in ("y", "z"):
        low, high = (out[f"linear:{target}:{end}"] for end in ("low", "high"))
        assert abs(((low <= events[target]) & (events[target] <= high)).mean() - 0.68) < 0.06


@pytest.mark.parametrize(("name", "target"), [("classes", "c"), ("three", "k")])
def test_the_band_of_a_probability_holds_how_often_it_comes_true(name, target, runs, tmp_path) -> None:
    events = table(20_000, 6)
    out, told = said(runs[name], events, tmp_path, level=0.95, model="naive-bayes")
    assert "band of the calibration" in told["interval"]["kind"]
    for label in events[target].unique():
        p, low, high = (out[f"naive-bayes:{label}{end}"].to_numpy() for end in ("", ":low", ":high"))
        bins = np.digitize(p, np.quantile(p, np.linspace(0, 1, 9)[1:-1]))
        came = [(events[target] == label).to_numpy()[bins == each].mean() for each in range(8)]
        ends = [(low[bins == each].mean(), high[bins == each].mean()) for each in range(8)]
        assert sum(a - 0.02 <= share <= b + 0.02 for share, (a, b) in zip(came, ends, strict=True)) >= 6
    if name == "classes":
        np.testing.assert_allclose(out["naive-bayes:b:low"], 1 - out["naive-bayes:s:high"], atol=1e-12)


def test_nothing_is_said_with_the_certainty_of_training_beyond_its_range(runs, tmp_path) -> None:
    inside, near, far = ({"a": [0.0, x], "b": [0.0, 0.0]} for x in (1.5, 3.0, 30.0))
    for name, model, word in (("number", "dummy", "dummy"), ("classes", "naive-bayes", "naive-bayes:s")):
        widths = []
        for events in (inside, near, far):
            out, told = said(runs[name], pl.DataFrame(events), tmp_path, model=model)
            widths.append((out[f"{word}:high"] - out[f"{word}:low"]).to_list())
            assert told["outside"]["n"] == int(events is not inside)
        assert widths[0][0] == widths[1][0] == widths[2][0]
        assert widths[0][1] < widths[1][1] < widths[2][1]
    trained = table(N, 1)["a"]  # one row in five of it is sealed
    low, high = told["outside"].pop("trained")["a"]
    assert trained.min() <= low < -1.9 < 1.9 < high <= trained.max()
    assert told["outside"] == {"n": 1, "share": 0.5, "columns": {"a": 1}}
    told["outside"]["trained"] = {"a": [low, high]}
    words = "warning: 1 event of 2 (50 %) outside the range of the training events: a (1; trained on -1."
    assert words in in_words(told, 2)[1]
    assert out["naive-bayes:outside"].to_list()[0] == 0.0
    assert widths[2][1] > 0.99


def test_of_signed_weights_there_is_no_error_and_it_is_said(runs, tmp_path) -> None:
    out, told = said(runs["signed"], table(20, 5), tmp_path, model="dummy")
    assert not any(column.endswith(":low") for column in out.columns)
    assert told["interval"] is None
    assert "negative" in in_words(told, 20)[0]
    with pytest.raises(
        InputError, match=r"'dummy' has no errors at level 0\.95: some training weights are negative"
    ):
        said(runs["signed"], table(20, 5), tmp_path, model="dummy", level=0.95)


def test_a_clustering_marks_strange_events_and_has_no_error(runs, tmp_path) -> None:
    out, told = said(runs["clusters"], table(20, 5, shift=9.0), tmp_path, model="k-means")
    assert told["outside"]["n"] == 20
    assert "k-means:low" not in out.columns
    assert (out["k-means:outside"] > 1).all()
    with pytest.raises(InputError, match="a clustering has no truth"):
        said(runs["clusters"], table(20, 5), tmp_path, level=0.68)


def test_a_file_says_itself_what_its_errors_are(runs, tmp_path) -> None:
    _, told = said(runs["number"], table(20, 5), tmp_path)
    words = f"{told['interval']['kind']}, level 0.68"
    about = json.loads(pl.read_parquet_metadata(tmp_path / "out.parquet")["fivesigma"])
    assert about["notes"] == {"interval": words}
    h5py = pytest.importorskip("h5py")
    predict(runs["number"], tmp_path / "events.parquet", tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["events"].attrs["interval"] == words
    fits = pytest.importorskip("astropy.io.fits")
    predict(runs["number"], tmp_path / "events.parquet", tmp_path / "out.fits")
    with fits.open(tmp_path / "out.fits") as file:
        assert words[:40] in str(file[1].header["COMMENT"]).replace("\n", "")
        assert len(file[1].data) == 20


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 68.0, float("nan")])
def test_a_level_that_is_none_is_refused(level, runs, tmp_path) -> None:
    with pytest.raises(InputError, match="expected a number between 0 and 1"):
        said(runs["number"], table(20, 5), tmp_path, level=level)


def test_a_level_beyond_the_events_is_refused_with_how_many_it_takes(runs, tmp_path) -> None:
    with pytest.raises(InputError, match=r"80 groups .* level 0\.999; expected at least 1000"):
        said(runs["grouped"], table(20, 5), tmp_path, level=0.999)


@pytest.mark.parametrize("name", ["number", "weighted", "two", "classes", "three"])
def test_a_run_of_an_older_version_tells_the_same_by_its_table_of_predictions(name, runs, tmp_path) -> None:
    older = tmp_path / "older"
    shutil.copytree(runs[name], older)
    for kept in older.glob("models/*.json"):
        kept.unlink()
    ours, theirs = (said(each, table(50, 5), tmp_path)[0] for each in (runs[name], older))
    seen = next(column for column in ours.columns if column.endswith(":outside"))
    same = (ours[seen] == 0).to_numpy()
    assert same.sum() > 40
    for column in ours.columns:
        if ours[column].dtype.is_numeric():
            np.testing.assert_allclose(
                ours[column].to_numpy()[same], theirs[column].to_numpy()[same], rtol=1e-9
            )


def test_groups_that_an_older_run_has_not_kept_are_missed_in_a_sentence(runs, tmp_path) -> None:
    older = tmp_path / "older"
    shutil.copytree(runs["grouped"], older)
    for kept in older.glob("models/*.json"):
        kept.unlink()
    _, told = said(older, table(50, 5), tmp_path)
    assert "come in groups, which this run of an older version has not kept" in told["no_interval"]


def test_a_model_alone_says_so_and_damaged_errors_are_refused(runs, tmp_path) -> None:
    place = runs["number"] / "models" / "model-01.fivesigma"
    shutil.copy(place, tmp_path / "alone.fivesigma")
    with pytest.raises(InputError, match="has left its run"):
        fs.load_model(tmp_path / "alone.fivesigma").predict_interval(np.zeros((2, 2)))
    kept = json.loads((place.parent / "model-01.errors.json").read_text())
    shutil.copy(place, tmp_path / "x.fivesigma")
    for wrong in ([], {}, {**kept, "seen": None}, {**kept, "intervals": []}, {**kept, "bands": [3]}):
        (tmp_path / "x.errors.json").write_text(json.dumps(wrong))
        with pytest.raises(DataError, match=r"does not hold the errors of x\.fivesigma"):
            fs.load_model(tmp_path / "x.fivesigma").predict_interval(np.zeros((2, 2)))
    (tmp_path / "x.errors.json").write_text(json.dumps(kept))
    low, high = fs.load_model(tmp_path / "x.fivesigma").predict_interval(np.zeros((2, 2)))
    assert (low < high).all()
