"""The family of comparisons: told apart by what they are about, never by what they are called."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivesigma.risk.significance import Difference, global_significance
from fivesigma.study.evidence.family import MODELS, Compared, Family, turned
from fivesigma.study.study import Study

TEXT = """
[study]
name = "names"
[data]
path = "table.csv"
target = "y"
[split]
folds = 3
[[models]]
kind = "dummy"
[[models]]
kind = "tree"
params = { min_samples_leaf = 1 }
[[models]]
name = "tree at max_depth = 2"
kind = "tree"
params = { max_depth = 2 }
[[models]]
name = "tree at max_depth = 100"
kind = "tree"
params = { max_depth = 9, min_samples_leaf = 1 }
[evaluate]
bootstrap = 100
refits = 2
[curves]
validation = { tree = { max_depth = [2, 100] } }
"""


def difference(value, sigma):
    return Difference(value, value - 1.0, value + 1.0, 0.1, sigma, dof=20.0)


def test_equal_names_of_two_sources_are_two_comparisons():
    asked = [
        Compared("a", "b", difference(1.0, 2.0), MODELS, ("a", "b")),
        Compared("a", "b", difference(3.0, 1.0), "curves", ("m", "depth")),
        Compared("a", "b", difference(5.0, 0.5), "ablation", ("drop_best", "m", ("x",))),
    ]
    family = Family(asked)
    assert [each.difference.difference for each in family] == [1.0, 3.0, 5.0]
    assert family.of("curves", ("m", "depth")).difference.difference == 3.0
    assert family.of("curves", ("a", "b")) is None
    assert family.between("a", "b").difference == 1.0


def test_each_is_worth_what_it_is_worth_among_all_whatever_the_source():
    values = [difference(1.0, 3.0), difference(3.0, 1.0), difference(5.0, 0.5)]
    family = Family(Compared("a", "b", each, f"source {i}", i) for i, each in enumerate(values))
    expected = global_significance(values)
    assert [each.difference.sigma_global for each in family] == [each.sigma_global for each in expected]
    assert expected[0].sigma_global < 3.0


def test_a_comparison_the_other_way_is_turned_round():
    family = Family([Compared("a", "b", difference(1.0, 2.0), MODELS, ("a", "b"))])
    found, there = family.between("b", "a"), family.between("a", "b")
    assert (found.difference, found.low, found.high) == (-1.0, -2.0, 0.0)
    assert (found.sigma_local, found.sigma_global) == (-2.0, -there.sigma_global)
    assert turned(found).difference == 1.0
    assert found.p == there.p
    assert family.between("a", "c") is None


def test_one_source_has_one_comparison_about_a_thing():
    twice = [Compared("a", "b", difference(1.0, 2.0), "curves", ("m", "depth"))] * 2
    with pytest.raises(AssertionError, match="about the same"):
        Family(twice)


def test_models_called_like_the_points_of_a_curve_are_told_from_them(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 2))
    y = 2 * x[:, 1] + x[:, 0] + 2.5 * rng.normal(size=240)
    lines = ["a,b,y", *(",".join(map(repr, row)) for row in np.column_stack([x, y]).tolist())]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    (tmp_path / "study.toml").write_text(TEXT)
    Study.read(tmp_path / "study.toml").run(out=tmp_path / "run", workers=1, progress=False)
    record = json.loads((tmp_path / "run" / "results.json").read_text())
    called = "tree at max_depth = 2", "tree at max_depth = 100"
    both = [each for each in record["claims"] if all(name in each["text"] for name in called)]
    (curve,) = next(each for each in record["models"] if each["name"] == "tree")["validation_curves"]
    assert (curve["best"], curve["most_flexible"]) == (2, 100)
    pair = next(each for each in record["models"] if each["name"] == called[1])["versus_best"]["r2"]
    found = {curve["overfitting"]["difference"], -pair["difference"]}
    assert len(found) == 2
    assert {each["effect"] for each in both} == found
