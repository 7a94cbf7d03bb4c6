"""Slices of a study: from the key of the study file to claims, record, page and terminal; sealed tests stay sealed."""

from __future__ import annotations

import json

import numpy as np
import polars
import pytest

from fivesigma._core.errors import FivesigmaError
from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.slices import SlicesRecord
from fivesigma.report.slices.text import summary
from fivesigma.study.analyses.slices import bins, values_of
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.spec.document import Spec
from fivesigma.study.study import Study

N = 1200
TEXT = """[data]
path = "t.csv"
target = "{target}"
features = ["a", "b"]
{data}
[split]
folds = 3
test = 0.4
[[models]]
kind = "dummy"
[[models]]
kind = "{kind}"
[evaluate]
bootstrap = 200
refits = 10
slices = {slices}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Events whose signal is plain where pt is low, and hidden where it is high."""
    rng = np.random.default_rng(0)
    y, pt = rng.integers(0, 2, N), rng.uniform(0.0, 100.0, N)
    a = rng.normal(size=N) + np.where(pt < 50, 3.0, 0.0) * y
    pt = np.where(np.arange(N) % 7 == 0, np.nan, pt)
    path = tmp_path_factory.mktemp("slices")
    table = {"a": a, "b": rng.normal(size=N), "pt": pt, "run": np.array(["x", "y"])[np.arange(N) % 2]}
    table |= {"y": np.array(["bkg", "sig"])[y], "z": a + rng.normal(size=N)}
    polars.DataFrame(table, nan_to_null=True).write_csv(path / "t.csv")
    return path


def spec(folder, slices="{ pt = [25, 50], a = [1.0] }", *, target="y", kind="naive-bayes", data=""):
    (folder / "s.toml").write_text(TEXT.format(slices=slices, target=target, kind=kind, data=data))
    return Spec.read(folder / "s.toml")


def study(folder, **asked):
    spec(folder, **asked)
    return Study.read(folder / "s.toml")


@pytest.fixture(scope="module")
def result(folder, tmp_path_factory):
    return study(folder).run(out=tmp_path_factory.mktemp("run") / "r", progress=False, workers=1)


def test_bins_are_all_numbers_and_none():
    found, values = bins("pt", (25.0, 50.0)), np.array([-1e9, 25.0, 49.9, 50.0, np.inf, np.nan, -np.inf])
    held = np.array([each.holds(values) for each in found])
    np.testing.assert_array_equal(held.sum(axis=0), np.ones(7))
    np.testing.assert_array_equal(held.argmax(axis=0), [0, 1, 1, 2, 2, 3, 0])


@pytest.mark.parametrize("near", [0.5, 1e-3, 1e-9])
@pytest.mark.parametrize("at", [-2459000.0, 0.0, 25.0, 59000.0, 1e12])
def test_every_bin_has_a_name_of_its_own_however_near_its_edges_are(at, near):
    edges = tuple(np.unique([at, at + near, np.nextafter(at + near, np.inf), at + 2 * near]).tolist())
    names = [str(each) for each in bins("jd", edges)]
    assert len(set(names)) == len(names) == len(edges) + 2


def test_the_record_has_every_slice_of_the_test(result):
    kept = result.results.section(SlicesRecord)
    assert [column.column for column in kept.columns] == ["pt", "a"]
    assert [each.name for each in kept.columns[0].slices] == [
        "pt below 25", "pt from 25 to 50", "pt from 50 on", "pt missing",
    ]  # fmt: skip
    assert [each.missing for each in kept.columns[1].slices] == [False, False]
    for column in kept.columns:
        assert column.part == "test"
        assert sum(each.n for each in column.slices) == result.results.split.n_test
    best = kept.columns[0].slices[2].models["naive-bayes"]
    assert set(best.scores) == {"roc_auc", "bias", "efficiency"}
    assert best.scores["efficiency"].low < best.scores["efficiency"].value < best.scores["efficiency"].high
    assert kept.columns[0].slices[2].models["dummy"].versus_whole is None


def test_a_slice_where_nothing_is_learnt_is_found_and_counts_in_the_family(result):
    kept = result.results.section(SlicesRecord).columns[0].slices
    low, high = (each.models["naive-bayes"] for each in (kept[0], kept[2]))
    assert low.scores["roc_auc"].low > high.scores["roc_auc"].high
    assert low.versus_baseline.sigma_global > 3.0
    assert high.versus_whole.sigma_global < -3.0
    assert high.versus_baseline.sigma_global < low.versus_baseline.sigma_global
    said = [claim.text for claim in result.claims]
    assert any("naive-bayes at pt from 50 on is below naive-bayes on all events" in each for each in said)
    assert any("naive-bayes at pt below 25 is above dummy there" in each for each in said)


def test_the_terminal_and_the_page_say_which_slice_differs(result):
    from fivesigma.cli.outcome import parts

    [pt, a] = summary(result.results)
    assert "other than on all events: " in pt
    assert "pt from 50 on" in pt
    assert a.startswith("“naive-bayes” in 2 slices of a: ROC AUC")
    assert pt in parts(result, [])
    page = (result.path / "report.html").read_text()
    assert 'id="slices"' in page
    assert "In slices" in (result.path / "report.md").read_text()
    lines = (result.path / "figures" / "slices.csv").read_text().splitlines()
    assert len(lines) > 2 * 6


def test_a_sealed_run_has_slices_of_the_folds_alone(folder, tmp_path):
    blind = study(folder).run(out=tmp_path / "r", progress=False, workers=1, blind=True)
    kept = blind.results.section(SlicesRecord)
    assert {column.part for column in kept.columns} == {"validation"}
    assert all(sum(each.n for each in c.slices) == blind.results.split.n_train for c in kept.columns)
    assert "test" not in json.dumps(json.loads((tmp_path / "r" / "results.json").read_text())["slices"])


def test_slices_of_a_regression_have_bias_and_scatter(folder, tmp_path):
    made = study(folder, target="z", kind="linear").run(out=tmp_path / "r", progress=False, workers=1)
    [pt, _] = made.results.section(SlicesRecord).columns
    assert set(pt.slices[0].models["linear"].scores) == {"r2", "median_bias", "scatter"}


def test_a_slice_changes_no_role_of_its_column(folder):
    without = prepare(spec(folder, "{}"))
    assert prepare(spec(folder)).data.names == without.data.names == ("a", "b")
    free = TEXT.replace('features = ["a", "b"]\n', "").format(
        target="y", kind="naive-bayes", data="", slices="{ pt = [25] }"
    )
    (folder / "free.toml").write_text(free)
    found = prepare(Spec.read(folder / "free.toml"))
    assert "pt" in found.data.names
    np.testing.assert_array_equal(found.data.extras["pt"], found.data.X[:, found.data.names.index("pt")])
    (folder / "free.toml").write_text(free.replace("{ pt = [25] }", "{}"))
    assert found.plan.hash == prepare(Spec.read(folder / "free.toml")).plan.hash


def test_events_given_in_python_are_sliced_by_features_and_spectators():
    X = np.random.default_rng(0).normal(size=(50, 2))
    data = Dataset.from_arrays(X, X[:, 0], spectators={"run": np.arange(50)})
    np.testing.assert_array_equal(values_of(data, "x1"), X[:, 1])
    np.testing.assert_array_equal(values_of(data, "run"), np.arange(50.0))


@pytest.mark.parametrize(
    ("slices", "more", "said"),
    [
        ("{ qt = [1] }", {}, "column of evaluate.slices 'qt' is not a column"),
        ("{ run = [1] }", {}, "'run' is a text column"),
        ("{ pt = [] }", {}, "the edges of 'pt' must be one number or more, and rise"),
        ("{ pt = [2] }\ncrossfit = true", {}, "crossfit = true is neither; keep one"),
        ("{ pt = [2, 1] }", {}, "the edges of 'pt' must be one number or more, and rise"),
        ('{ pt = [25] }\nmetric = "asimov"', {}, "asimov is a significance of the whole sample"),
    ],
)
def test_what_cannot_be_sliced_is_one_sentence(folder, slices, more, said):
    with pytest.raises(FivesigmaError, match=said) as caught:
        prepare(spec(folder, slices, **more))
    assert "\n" not in str(caught.value)
