"""Which rows, columns and weights a fit gets of the events that all fits share."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.record.store import write_arrays
from fivesigma.study.fit.data import FitData
from fivesigma.study.plan import Entry, Fit, Sample

N = 40
UNITS = np.arange(N) // 2
META = {
    "names": ["a", "b", "c"],
    "n_classes": 2,
    "tests": ["test"],
    "given": [],
    "training_weights": "events",
    "kind": "table",
}


def data(X=None, w=None, given=None, **meta):
    y = np.arange(N) // 2 % 2
    train = np.arange(30)
    X = np.arange(3.0 * N).reshape(N, 3) if X is None else X
    meta = {**META, **meta, "given": list(given or {})}
    return FitData(X, y, w, UNITS, train, UNITS[train] % 3, {"test": np.arange(30, N)}, meta, given or {})


def test_what_is_written_is_what_workers_map(tmp_path):
    made = data(w=np.ones(N), given={"net": np.zeros((1, N))})
    write_arrays(tmp_path / "arrays", made.arrays(), made.meta)
    found = FitData.read(tmp_path / "arrays")
    assert found.meta == made.meta
    for name, array in made.arrays().items():
        np.testing.assert_array_equal(found.arrays()[name], array)
    assert list(found.given) == ["net"]


def test_folds_leave_out_what_they_are_asked_about_and_tests_are_never_fitted():
    made = data()
    for k in range(3):
        rows, asked = made.rows(Sample("fold", k), 0), made.asked(Fit("m", Sample("fold", k)))
        assert sorted([*rows, *asked["validation"]]) == list(range(30))
    assert list(made.asked(Fit("m"))) == ["train", "test"]
    assert list(made.asked(Fit("m", Sample("resample", 0)))) == ["test"]
    np.testing.assert_array_equal(made.rows(Sample(), 0), made.train)


def test_a_resample_is_crossed_by_the_folds_of_the_study_with_all_copies_on_one_side():
    made = data()
    whole = made.rows(Sample("resample", 1), 7)
    for k in range(3):
        sample = Sample("resample", 1, without=k)
        rows, asked = made.rows(sample, 7), made.asked(Fit("m", sample))
        assert list(asked) == ["validation"]
        np.testing.assert_array_equal(asked["validation"], made.train[made.folds == k])
        assert not set(rows) & set(asked["validation"])
        held = whole[np.isin(whole, asked["validation"])]
        assert sorted([*rows, *held]) == sorted(whole)
    np.testing.assert_array_equal(made.train[made.places(whole)], whole)


def test_resamples_and_beginnings_are_of_whole_blocks_and_of_the_seed_alone():
    made = data()
    for r in range(5):
        counts = np.bincount(made.rows(Sample("resample", r), 7), minlength=N)
        np.testing.assert_array_equal(counts[0:30:2], counts[1:30:2])
        assert counts[30:].sum() == 0
        np.testing.assert_array_equal(counts, np.bincount(data().rows(Sample("resample", r), 7), minlength=N))
    few, more = (set(made.rows(Sample("fold", 0, n), 0)) for n in (6, 12))
    assert (len(few), len(more)) == (6, 12)
    assert few < more
    assert {row ^ 1 for row in few} == few
    assert len(data(n_classes=None).rows(Sample("fold", 0, 7), 0)) == 8


@pytest.mark.parametrize(
    ("kind", "shape", "axis"),
    [("table", (3,), 1), ("image", (3, 4, 5), 1), ("sequence", (3, 4), 1), ("set", (4, 3), 2)],
)
def test_a_model_gets_its_rows_and_channels_of_any_events_in_its_own_order(kind, shape, axis):
    X = np.random.default_rng(0).normal(size=(N, *shape))
    found = data(X, kind=kind).table(np.array([5, 2, 5]), Entry("m", "k", features=("c", "a")))
    np.testing.assert_array_equal(found, np.take(X[[5, 2, 5]], [2, 0], axis=axis))
    assert data(X, kind=kind).table(np.array([1]), Entry("m", "k")).shape == (1, *shape)


def test_weights_of_training_have_mean_one_or_make_classes_equal():
    w = np.linspace(1, 3, N)
    rows = np.array([0, 1, 2, 4, 5])
    assert data().training_weights(rows) is None
    np.testing.assert_allclose(data(w=w).training_weights(rows), w[rows] / w[rows].mean())
    equal = data(w=w, training_weights="classes").training_weights(rows)
    y = data().y[rows]
    np.testing.assert_allclose([equal[y == 0].sum(), equal[y == 1].sum()], 2.5)
    np.testing.assert_allclose(
        data(training_weights="classes").training_weights(rows), np.where(y == 0, 5 / 8, 5 / 2)
    )


def test_a_choice_is_scored_with_the_yield_of_all_events():
    rows = np.arange(10)
    assert data().evaluation_weights(rows).tolist() == [4.0] * 10
    w = np.linspace(1, 3, N)
    np.testing.assert_allclose(data(w=w).evaluation_weights(rows).sum(), w.sum())
    assert data(w=np.zeros(N)).evaluation_weights(rows).tolist() == [0.0] * 10


def test_scores_from_elsewhere_stand_in_the_place_of_a_fit():
    scores = np.arange(4)[:, None] * 100.0 + np.arange(N)
    made = data(given={"net": scores})
    entry = Entry(
        "net", "predictions", given={"refits": [["r0"], ["r1"]], "seeds": [["s"]], "out_of_fold": False}
    )
    value = {
        "final": made.looked_up(Fit("net"), entry)["test"][0],
        "refit": made.looked_up(Fit("net", Sample("resample", 1)), entry)["test"][0],
        "seed": made.looked_up(Fit("net", seed=1), entry)["test"][0],
    }
    assert value == {"final": 30.0, "refit": 230.0, "seed": 330.0}
    assert "train" in made.looked_up(Fit("net"), entry)
    honest = Entry("net", "predictions", given={**entry.given, "out_of_fold": True})
    assert "train" not in made.looked_up(Fit("net"), honest)
    assert made.looked_up(Fit("net", Sample("fold", 1)), honest)["validation"].shape == (10,)


def test_targets_are_counted():
    assert data().n_targets == 1
    made = data()
    assert FitData(made.X, np.zeros((N, 3)), None, UNITS, made.train, made.folds, {}, META).n_targets == 3
