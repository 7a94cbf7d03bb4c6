"""Coefficients in a study: errors of laws that nothing moves, the spread of the others, in the units of the data."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.study.spec.toml import write_toml

N = 260


def table(path):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(N, 2)) * [10.0, 0.1] + [200.0, 0.0]
    y = 4.0 * X[:, 0] + 30 * X[:, 1] + rng.normal(size=N) * 5
    groups = np.repeat(np.arange(N // 5), 5)
    pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "run": groups, "y": y, "s": (y > 800).astype(int)}).write_csv(
        path
    )
    return path


def carried_out(study, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(write_toml(study))
    return fs.Study.read(path).run(out=tmp_path / "run")


def laws(tmp_path, models, target="y", **data):
    study = {
        "study": {"name": "law"},
        "data": {"path": str(table(tmp_path / "d.csv")), "target": target, "features": ["a", "b"], **data},
        "split": {"test": 0.2},
        "evaluate": {"bootstrap": 100, "refits": 4},
        "models": [{"kind": "dummy"}, *models],
    }
    result = carried_out(study, tmp_path)
    return result, {m.name: m.section(CoefficientsRecord) for m in result.results.models if m.kind != "dummy"}


def textbook(result, tmp_path):
    stored = pl.read_parquet(result.path / "predictions.parquet").filter(pl.col("part") == "train")
    rows = pl.read_csv(tmp_path / "d.csv")[stored["row"].to_list()]
    A = np.column_stack([rows["a"], rows["b"], np.ones(len(rows))])
    G, y = np.linalg.inv(A.T @ A), rows["y"].to_numpy()
    theta = G @ A.T @ y
    r = y - A @ theta
    return theta, np.sqrt(np.diag(G) * (r @ r) / (len(y) - 3))


def test_a_line_has_the_textbooks_errors_and_a_lasso_a_spread(tmp_path):
    models = [{"kind": "linear"}, {"kind": "lasso"}]
    result, found = laws(tmp_path, models, units={"a": "mm", "y": "g"})
    line, lasso = found["linear"], found["lasso"]
    theta, classical = textbook(result, tmp_path)
    assert [*line.values, line.intercept] == pytest.approx(theta, rel=1e-6)
    assert line.errors.classical == pytest.approx(classical, rel=1e-6)
    assert np.shape(line.correlation) == (3, 3)
    assert all(low < value < high for low, value, high in zip(line.low, theta, line.high, strict=True))
    assert line.units == ("g/mm", "g")
    assert (line.spread, lasso.errors, lasso.low) == (None, None, None)
    assert len(lasso.spread) == 3
    assert all(0 <= share <= 1 for share in lasso.non_zero)
    assert "4 refits" in lasso.method


def test_groups_are_whole_in_the_errors(tmp_path):
    _, found = laws(tmp_path, [{"kind": "linear"}], group="run")
    assert "of groups" in found["linear"].method
    assert "ν = " in found["linear"].method


def test_a_logistic_law_without_a_penalty_has_errors_and_a_penalised_one_has_none(tmp_path):
    models = [
        {"kind": "logistic", "name": "free", "penalty": "none"},
        {"kind": "logistic", "name": "held"},
    ]
    result, found = laws(tmp_path, models, target="s", units={"a": "mm"})
    assert found["free"].errors is not None
    assert found["held"].errors is None
    assert found["held"].spread is not None
    assert found["free"].units == ("1/mm", None)
    page = (result.path / "report.html").read_text()
    assert page.count("ln odds of 1 = ") == 2


def test_each_class_of_a_penalised_law_has_its_spread(tmp_path):
    rng = np.random.default_rng(5)
    x, kind = rng.normal(size=(N, 2)), np.repeat(["p", "q", "r"], [120, 80, 60])
    x[:, 0] += 2.0 * np.searchsorted(["p", "q", "r"], kind)
    pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "kind": kind}).write_csv(tmp_path / "d.csv")
    study = {
        "study": {"name": "classes"},
        "data": {
            "path": str(tmp_path / "d.csv"),
            "target": "kind",
            "features": ["a", "b"],
            "units": {"a": "mm"},
        },
        "split": {"test": 0.2, "folds": 2},
        "evaluate": {"bootstrap": 100, "refits": 4},
        "models": [{"kind": "dummy"}, {"kind": "logistic"}],
    }
    result = carried_out(study, tmp_path)
    law = result.results.models[1].section(CoefficientsRecord)
    assert (np.shape(law.values), np.shape(law.spread), np.shape(law.non_zero)) == ((3, 2), (3, 3), (3, 2))
    assert np.min(law.spread) > 0
    assert np.sum(law.values, axis=0) == pytest.approx(0, abs=1e-6)
    assert law.values[0][0] < law.values[1][0] < law.values[2][0]
    page = (result.path / "report.html").read_text()
    assert "ln probability of each class" in page
    assert page.count("∓") >= 9


def test_without_refits_the_folds_give_the_spread(tmp_path):
    study = {
        "study": {"name": "law"},
        "data": {"path": str(table(tmp_path / "d.csv")), "target": "y", "features": ["a", "b"]},
        "split": {"test": 0, "repeats": 1},
        "evaluate": {"bootstrap": 100},
        "models": [{"kind": "dummy"}, {"kind": "ridge"}],
    }
    result = carried_out(study, tmp_path)
    ridge = result.results.models[1].section(CoefficientsRecord)
    assert "5 folds" in ridge.method
    assert min(ridge.spread) > 0


def test_the_page_shows_the_law_with_its_errors(tmp_path):
    result, _ = laws(tmp_path, [{"kind": "linear"}, {"kind": "lasso"}], units={"a": "mm", "y": "g"})
    page = (result.path / "report.html").read_text()
    assert "g/mm" in page
    assert "classical error" in page
    assert "not zero in" in page
    laws_of_page = [each.split("</p>")[0] for each in page.split('<p class="law">')[1:]]
    assert all(each.startswith("y = ") for each in laws_of_page)
    assert sum("(" in each for each in laws_of_page) == 1


def labelled(tmp_path, models):
    """A study of a column of labels, one of which two events have, so that some refits do not see it."""
    rng = np.random.default_rng(3)
    label = np.where(np.arange(N) < 2, "rare", np.where(rng.random(N) < 0.5, "b", "c"))
    x = rng.normal(size=N)
    pl.DataFrame({"x": x, "z": rng.normal(size=N), "label": label, "y": x + rng.normal(size=N)}).write_csv(
        tmp_path / "d.csv"
    )
    study = {
        "study": {"name": "labels"},
        "data": {"path": str(tmp_path / "d.csv"), "target": "y", "features": ["x", "z", "label"]},
        "features": {"categorical": "onehot"},
        "split": {"test": 0.2},
        "evaluate": {"bootstrap": 100, "refits": 8},
        "models": [{"kind": "dummy"}, *models],
    }
    result = carried_out(study, tmp_path)
    return {m.name: m for m in result.results.models if m.kind != "dummy"}


def test_a_label_that_a_refit_has_not_seen_has_no_coefficient_there(tmp_path):
    law = labelled(tmp_path, [{"kind": "ridge"}])["ridge"].section(CoefficientsRecord)
    assert sum("rare" in name for name in law.names) == 1
    assert len(law.spread) == len(law.names) + 1
    assert all(value is None or value > 0 for value in law.spread)
    assert law.non_zero[law.names.index("x")] == 1.0


def test_a_column_that_a_refit_leaves_out_is_zero_there(tmp_path):
    found = labelled(tmp_path, [{"kind": "linear", "reduce": [{"kind": "f-test", "n": 1}]}])
    law = found["linear"].section(CoefficientsRecord)
    assert law.errors is None
    assert len(law.names) == 1
    assert 0 < law.non_zero[0] <= 1


def test_components_of_each_fit_are_its_own_and_have_no_spread(tmp_path):
    found = labelled(tmp_path, [{"kind": "linear", "reduce": [{"kind": "pca", "n": 2}]}])
    law = found["linear"].section(CoefficientsRecord)
    assert (law.errors, law.spread) == (None, None)
    assert law.method.startswith("no 95 % limits")
