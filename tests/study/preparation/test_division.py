"""The division of the events as a table: the very folds and resamples of a run, and no word of the target."""

from __future__ import annotations

import numpy as np
import polars
import pytest

from fivesigma._core import columns as kinds
from fivesigma.data.dataset import Dataset
from fivesigma.study.plan import Sample
from fivesigma.study.preparation.division import division
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.spec.document import Spec
from tests.study.elsewhere import EVENTS, N, dataset, study


def whole(column):
    """Return a column of whole numbers with -1 where it is missing."""
    return np.nan_to_num(kinds.numbers(column), nan=-1).astype(int)


@pytest.mark.parametrize(
    "sections", [{}, {"split": {"validation": 0.3, "test": 0.3}}, {"split": {"test": 0.0}}]
)
def test_folds_and_resamples_are_those_of_our_own_fits(sections):
    made = study(dataset(), [], **sections)
    prepared, found = made.prepared(), division(made.spec(), made.data)
    split, fit_data = prepared.split, prepared.fit_data
    np.testing.assert_array_equal(found["row"], prepared.data.rows)
    np.testing.assert_array_equal(np.flatnonzero(found["part"] == "train"), np.sort(split.train))
    for name, rows in split.tests.items():
        np.testing.assert_array_equal(np.flatnonzero(found["part"] == name), np.sort(rows))
        assert (whole(found["fold"])[rows] == -1).all()
        assert (whole(found["resample_1"])[rows] == -1).all()
    np.testing.assert_array_equal(whole(found["fold"])[split.train], split.folds)
    for r in range(10):
        counts = np.bincount(fit_data.rows(Sample("resample", r), prepared.spec.study.seed), minlength=N)
        np.testing.assert_array_equal(whole(found[f"resample_{r + 1}"])[split.train], counts[split.train])
    assert "resample_11" not in found


def test_refits_may_be_more_or_none():
    made = study(dataset(), [])
    assert "resample_25" in division(made.spec(), made.data, refits=25)
    assert not [name for name in division(made.spec(), made.data, refits=0) if name.startswith("resample")]
    np.testing.assert_array_equal(
        whole(division(made.spec(), made.data, refits=25)["resample_3"]),
        whole(division(made.spec(), made.data)["resample_3"]),
    )


def test_spectators_keep_their_digits_and_their_names():
    data = dataset()
    more = {"event": EVENTS, "fold": np.arange(N)}
    made = study(Dataset.from_arrays(data.X, data.y, spectators=more), [])
    found = division(made.spec(), made.data)
    np.testing.assert_array_equal(found["event"], EVENTS)
    np.testing.assert_array_equal(found["fold (spectator)"], np.arange(N))


@pytest.mark.parametrize(
    ("target", "expressions", "left"),
    [
        ("y", "", {"event", "mass", "other"}),
        ("log10(mass)", "", {"event", "other"}),
        (("y", "log10(mass)"), "", {"event", "other"}),
        ("half", '[features.expressions]\nhalf = "mass / 2"\n', {"event", "other"}),
    ],
)
def test_no_column_tells_the_target(tmp_path, target, expressions, left):
    rng = np.random.default_rng(0)
    columns = {
        "x": rng.normal(size=N),
        "y": rng.normal(size=N),
        "mass": rng.uniform(1, 9, N),
        "other": rng.normal(size=N),
    }
    polars.DataFrame({"event": EVENTS, **columns}).write_parquet(tmp_path / "t.parquet")
    named = sorted({"event", "mass", "other"})
    told = f'"{target}"' if isinstance(target, str) else str(list(target))
    text = (
        f'[data]\npath = "t.parquet"\ntarget = {told}\nfeatures = ["x"]\nspectators = {named}\n{expressions}'
    )
    spec = Spec.from_toml(text.replace("'", '"'), folder=tmp_path)
    found = division(spec, refits=1)
    assert set(found) == {"row", "part", "fold", "resample_1"} | left
    assert prepare(spec).data.n_samples == N


def test_scores_that_are_not_made_yet_are_not_asked_for(tmp_path):
    made = study(
        dataset(), [{"kind": "predictions", "file": str(tmp_path / "later.parquet"), "columns": ["s"]}]
    )
    assert len(division(made.spec(), made.data)["row"]) == N


def test_no_component_of_a_vector_tells_a_target_that_is_made_of_it(tmp_path):
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=N) for name in ("x", "l_px", "l_py", "other")}
    polars.DataFrame(columns).write_parquet(tmp_path / "t.parquet")
    text = (
        '[data]\npath = "t.parquet"\ntarget = "pt(l)"\nfeatures = ["x"]\nspectators = ["l_px", "other"]\n'
        '[features]\nfourvectors = { l = ["l_px", "l_py"] }\n'
    )
    found = division(Spec.from_toml(text, folder=tmp_path), refits=1)
    assert set(found) == {"row", "part", "fold", "resample_1", "other"}
