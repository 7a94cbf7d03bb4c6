"""A fifth of the weights negative, from file to page."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import InputError, StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.study.registry.registry import kinds
from fivesigma.study.spec.document import Spec
from fivesigma.study.study import Study


def table(folder, n=400, seed=0):
    rng = np.random.default_rng(seed)
    negative, y = rng.random(n) < 0.2, rng.integers(0, 2, n)
    other = negative | (rng.random(n) < 0.25)
    X = rng.normal(size=(n, 2)) + np.where(other[:, None], [0.5, -0.5], np.outer(y, [1.5, 1.0]))
    w = np.where(negative, -1.0, 1.0)
    columns = {"a": X[:, 0], "b": X[:, 1], "w": w, "up": 1.1 * w, "y": np.array(["bkg", "sig"])[y]}
    pl.DataFrame({**columns, "t": X @ [1.0, 0.5]}).write_parquet(folder / "d.parquet")
    return folder / "d.parquet"


def study(path, kinds, *, weights="", target="y", data="", split=""):
    models = "".join(f'[[models]]\nkind = "{kind}"\n' for kind in ("dummy", *kinds))
    return Spec.from_toml(
        f'[data]\npath = "{path}"\ntarget = "{target}"\nfeatures = ["a", "b"]\nweight = "w"\n{data}\n{weights}\n'
        f'[split]\nvalidation = 0.3\n{split}\n[evaluate]\nrefits = 0\nclaim = "fitted"\nbootstrap = 100\n'
        + models
    )


def _study(spec):
    return Study(None, seed=spec.study.seed, name=spec.study.name, given=spec)


def results(spec, folder, **keywords):
    _study(spec).run(out=folder, progress=False, **keywords)
    return json.loads((folder / "results.json").read_text())


def by_name(document):
    return {model["name"]: model for model in document["models"]}


def test_kinds_that_cannot_use_them_fail_in_a_sentence_and_the_study_goes_on(tmp_path):
    document = results(study(table(tmp_path), ("naive-bayes", "logistic", "svm", "knn")), tmp_path / "r")
    models = by_name(document)
    assert [models[name]["status"] for name in ("dummy", "naive-bayes")] == ["ok", "ok"]
    for name, why in (("logistic", "no minimum"), ("svm", "drops their events"), ("knn", "takes no weights")):
        assert models[name]["status"] == "failed"
        assert f"'{name}' cannot use negative weights: " in models[name]["message"]
        assert why in models[name]["message"]
    assert "average_precision" not in models["dummy"]["scores"]["test"]
    said = [each["message"] for each in document["audit"] if each["check"] == "weights"]
    assert any("weights are negative" in each for each in said)
    assert any("not scored, as some weights are negative: average precision" in each for each in said)
    assert "An expected significance needs yields" in (tmp_path / "r" / "report.html").read_text()


@pytest.mark.parametrize("policy", ["drop", "absolute", "resample"])
def test_every_other_policy_fits_what_takes_positive_weights(tmp_path, policy):
    spec = study(
        table(tmp_path),
        ("logistic", "tree"),
        weights=f'[weights]\nnegative = "{policy}"\nalternatives = ["up"]',
    )
    document = results(spec, tmp_path / "r")
    assert {model["status"] for model in document["models"]} == {"ok"}
    kept = document["weights"]
    assert kept["policy"] == policy
    assert kept["alternatives"][0]["ratio"] == pytest.approx(1.1)
    for sample in kept["samples"]:
        assert (abs(sample["pull"]) < 1e-9) == (policy == "resample")
    page = (tmp_path / "r" / "report.html").read_text()
    assert "Scores and yields keep the sign of every weight" in page


def test_workers_do_not_change_a_byte(tmp_path):
    path = table(tmp_path, 300)
    documents = []
    for workers in (1, 2):
        spec = study(path, ("naive-bayes", "tree"), weights='[weights]\nnegative = "resample"')
        document = results(spec, tmp_path / f"r{workers}", workers=workers)
        document.pop("timing")
        documents.append(json.dumps(document))
    assert documents[0] == documents[1]


def test_a_regression_has_signed_scores_and_no_quantiles(tmp_path):
    spec = study(table(tmp_path), ("ridge",), target="t", weights='[weights]\nnegative = "resample"')
    scores = by_name(results(spec, tmp_path / "r"))["ridge"]["scores"]["test"]
    assert "r2" in scores
    assert not {"median_bias", "scatter"} & set(scores)


def test_a_primary_metric_without_a_value_is_refused_before_anything_is_fitted(tmp_path):
    spec = study(table(tmp_path), ("tree",), target="t").model_copy(deep=True)
    spec = Spec.from_toml(spec.to_toml().replace("[evaluate]", '[evaluate]\nmetric = "scatter"'))
    with pytest.raises(StudyError, match=r"'scatter' takes no negative weights: .*; choose another"):
        _study(spec).run(out=tmp_path / "r", progress=False)


def test_yields_are_the_weights_of_scores_and_need_every_sample(tmp_path):
    path = table(tmp_path)
    both = "[weights.yields.sig]\ntotal = 692\n[weights.yields.bkg]\ntotal = 411000\n"
    declared = f"[weights]\nbackground = 0.1\n{both}"
    document = results(study(path, ("naive-bayes",), weights=declared), tmp_path / "r")
    sums = document["weight_sums"]["test"]
    assert sums["scale"] * sum(sums["sums"]) == pytest.approx(692 + 411_000)
    kept = by_name(document)["naive-bayes"]["significance"]
    assert (kept["part"], kept["systematic"]) == ("test", 0.1)
    assert (sum(kept["bins"]["s"]), sum(kept["bins"]["b"])) == pytest.approx((692, 411_000))
    assert sums["yields"] == pytest.approx([411_000, 692])
    assert kept["bins"]["significance"]["both"] < kept["bins"]["significance"]["statistical"]
    assert kept["bins"]["significance"]["statistical"] < kept["bins"]["significance"]["exact"]
    page = (tmp_path / "r" / "report.html").read_text()
    assert "Expected significance" in page
    assert "An expected significance needs yields" not in page
    with pytest.raises(InputError, match="the class 'bkg' has no yield; declare each"):
        _study(study(path, (), weights="[weights.yields.sig]\ntotal = 3")).run(
            out=tmp_path / "s", progress=False
        )


def test_each_sample_of_a_given_test_stands_for_its_own_yield(tmp_path):
    frame, rng = pl.read_parquet(table(tmp_path, 900)), np.random.default_rng(3)
    process = np.where(frame["y"] == "sig", "hh", np.where(rng.random(900) < 0.3, "zz", "tt"))
    sealed = rng.random(900) < np.where(process == "hh", 0.2, np.where(process == "zz", 0.6, 0.1))
    path = tmp_path / "p.parquet"
    frame.with_columns(process=pl.Series(process), sealed=pl.Series(sealed.astype(int))).write_parquet(path)
    each = {"hh": 5.0, "zz": 40.0, "tt": 900.0}
    yields = "".join(f"[weights.yields.{name}]\ntotal = {total}\n" for name, total in each.items())
    given = 'test = { column = "sealed", value = "1" }'
    spec = study(path, ("naive-bayes",), weights=f'[weights]\ncolumn = "process"\n{yields}', split=given)
    document = results(spec, tmp_path / "r")
    kept = by_name(document)["naive-bayes"]["significance"]["bins"]
    assert (sum(kept["s"]), sum(kept["b"])) == pytest.approx((5.0, 940.0))
    assert document["weight_sums"]["test"]["yields"] == pytest.approx([940.0, 5.0])
    assert by_name(document)["naive-bayes"]["scores"]["test"]["asimov"]["value"] < 5.0


def test_a_sample_without_an_event_in_the_test_is_said(tmp_path):
    frame = pl.read_parquet(table(tmp_path, 400))
    sealed, sig = np.arange(400) < 120, np.asarray(frame["y"] == "sig")
    process = np.where(sig, "hh", np.where(sealed | (np.arange(400) % 2 == 0), "tt", "zz"))
    path = tmp_path / "p.parquet"
    frame.with_columns(process=pl.Series(process), sealed=pl.Series(sealed.astype(int))).write_parquet(path)
    yields = "".join(f"[weights.yields.{name}]\ntotal = 10.0\n" for name in ("hh", "zz", "tt"))
    given = 'test = { column = "sealed", value = "1" }'
    spec = study(path, ("naive-bayes",), weights=f'[weights]\ncolumn = "process"\n{yields}', split=given)
    document = results(spec, tmp_path / "r")
    said = [each["message"] for each in document["audit"] if each["check"] == "weights"]
    assert any(
        "test holds no event of zz, whose expected yield is in none of its significances" in m for m in said
    )


def test_the_section_is_for_studies_of_python_too():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    X = rng.normal(size=(200, 2)) + y[:, None]
    w = np.where(rng.random(200) < 0.1, -1.0, 1.0)
    data = Dataset.from_arrays(X, y, w=w)
    both = {"0": {"total": 90.0}, "1": {"total": 10.0}}
    found = Study(data, models=["tree"], weights={"negative": "drop", "yields": both}).prepared()
    sums = [found.data.w[found.data.y == k].sum() for k in (0, 1)]
    np.testing.assert_allclose(sums, [90.0, 10.0])
    assert found.fit_data.trained(found.split.train).w.min() == 0
    with pytest.raises(StudyError, match="no column 'up' beside their features"):
        Study(data, weights={"alternatives": ["up"]}).prepared()
    with pytest.raises(StudyError, match="no weights and no yields"):
        Study(Dataset.from_arrays(X, y), weights={"negative": "drop"}).prepared()


def test_other_weights_that_are_no_numbers_are_refused(tmp_path):
    spec = study(table(tmp_path), (), target="t", weights='[weights]\nalternatives = ["y"]')
    with pytest.raises(StudyError, match=r"weights\.alternatives: 'y' holds what is no finite number"):
        _study(spec).run(out=tmp_path / "r", progress=False)


@pytest.mark.parametrize("name", [name for name, each in kinds().items() if each.weights and not each.given])
def test_each_kind_that_takes_weights_says_whether_it_can_use_negative_ones(name):
    kind = kinds()[name]
    for task, why in kind.negative.items():
        assert task in ("classification", "regression")
        assert why
        assert not why.endswith(".")
