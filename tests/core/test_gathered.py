"""Rows of a table that are copied a few columns at a time: what they say, and what they hold in memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from fivesigma._core import gathered
from fivesigma._core.gathered import Gathered, column_blocks, rows_of
from fivesigma.models.trees import (
    BoostingClassifier,
    BoostingRegressor,
    ExtraTreesClassifier,
    ForestClassifier,
    ForestRegressor,
    TreeClassifier,
)


def table(n=3000, p=7, seed=0):
    """Return events of single precision with gaps, and two classes of them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).astype(np.float32)
    y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(np.int64)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


@pytest.mark.parametrize("at_once", [1, 8 * 2500, 2**26])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_columns_are_those_of_the_rows_however_many_are_held(monkeypatch, at_once, dtype):
    monkeypatch.setattr(gathered, "AT_ONCE", at_once)
    X = np.arange(3000 * 5).reshape(3000, 5).astype(dtype)
    rows, columns = np.random.default_rng(1).integers(0, 3000, 2500), np.array([4, 0, 3])
    expected = X[np.ix_(rows, columns)].astype(np.float64)
    for whole in (
        Gathered(X, rows, columns),
        expected,
        expected.astype(np.float32),
        np.asfortranarray(expected),
    ):
        found = np.empty(expected.shape[::-1])
        for some, block in column_blocks(whole):
            assert block.dtype == np.float64
            found[some] = block
        np.testing.assert_array_equal(found.T, expected)


def test_they_are_an_array_to_whatever_asks_for_one():
    X, y = table()
    some = Gathered(X, np.arange(1000), np.arange(7))
    model = HistGradientBoostingClassifier(max_iter=3).fit(some, y[:1000])
    whole = HistGradientBoostingClassifier(max_iter=3).fit(X[:1000].astype(np.float64), y[:1000])
    np.testing.assert_array_equal(model.predict_proba(some), whole.predict_proba(np.asarray(some)))
    assert np.asarray(some).dtype == np.float64
    assert (some.ndim, some.shape, len(some)) == (2, (1000, 7), 1000)


MODELS = [
    BoostingClassifier(max_iter=5),
    BoostingRegressor(max_iter=5),
    BoostingRegressor("poisson", max_iter=5),
    ForestClassifier(3, random_state=0),
    ForestRegressor(3, random_state=0),
    ExtraTreesClassifier(3, random_state=0),
    TreeClassifier(random_state=0),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_trees_of_gathered_rows_and_of_single_precision_are_those_of_their_array_to_the_bit(model, weighted):
    X, y = table()
    rows, columns = np.random.default_rng(2).integers(0, 3000, 2000), np.array([0, 5, 1, 2])
    w = np.random.default_rng(3).integers(0, 3, 2000).astype(float) if weighted else None
    array = X[np.ix_(rows, columns)].astype(np.float64)

    def says(given, asked):
        fitted = type(model)(**model.get_params())
        Pipeline([("model", fitted)]).fit(given, y[rows], model__sample_weight=w)
        assert fitted.n_features_in_ == 4
        return fitted.predict_proba(asked) if hasattr(fitted, "predict_proba") else fitted.predict(asked)

    expected = says(array, array)
    some = Gathered(X, rows, columns)
    assert says(some, some).tolist() == expected.tolist()
    assert says(array.astype(np.float32), array.astype(np.float32)).tolist() == expected.tolist()


def test_what_is_infinite_or_of_another_width_is_refused_as_of_an_array():
    X, y = table()
    X[7, 2] = np.inf
    rows = np.arange(3000)
    for given in (X, X.astype(np.float64), Gathered(X, rows, np.arange(7))):
        with pytest.raises(ValueError, match="Input X contains infinity"):
            BoostingClassifier().fit(given, y)
    fitted = BoostingClassifier(max_iter=2).fit(Gathered(X, rows, np.arange(2)), y)
    with pytest.raises(ValueError, match="expecting 2 features"):
        fitted.predict(Gathered(X, rows, np.arange(3)))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        BoostingClassifier().fit(Gathered(X, rows[:50], np.arange(2)), y)


def test_a_fit_to_gathered_rows_holds_no_copy_of_the_table(monkeypatch):
    """Beside codes of a byte, in two orders, there are some numbers a row: less than the table in single precision."""
    X, y = table(n=40_000, p=60)
    monkeypatch.setattr(gathered, "AT_ONCE", 2**20)
    some = Gathered(X, np.arange(0, 40_000, 2), np.arange(60))
    model = BoostingClassifier(max_iter=2, max_leaf_nodes=4)
    model.fit(some, y[::2]).predict_proba(some)  # compiles

    def peak(work):
        tracemalloc.start()
        work()
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    single = 20_000 * 60 * 4
    assert peak(lambda: model.fit(some, y[::2])) < 1.5 * single
    assert peak(lambda: model.predict_proba(some)) < single
    assert peak(lambda: model.fit(np.asarray(some), y[::2])) > 2 * single


def test_events_in_a_file_are_taken_as_those_in_memory(tmp_path):
    X = np.random.default_rng(0).normal(size=(50, 1, 8, 8)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    held, rows = np.load(tmp_path / "X.npy", mmap_mode="r"), np.random.default_rng(1).integers(0, 50, 70)
    for given in (X, held):
        found = rows_of(given, rows)
        np.testing.assert_array_equal(found, X[rows])
        assert found.dtype == np.float32
        assert type(found) is np.ndarray


@pytest.mark.parametrize("columns", [None, [4, 0]])
@pytest.mark.parametrize("n", [0, 7, 5000])
def test_rows_of_a_table_are_taken_in_parts_in_their_columns_and_precision(monkeypatch, tmp_path, n, columns):
    monkeypatch.setattr("fivesigma._core.gathered._TAKEN", 1000)
    monkeypatch.setattr("fivesigma._core.gathered._READ", 3000)
    rng = np.random.default_rng(0)
    X, rows = rng.normal(size=(900, 5)).astype(np.float32), rng.integers(0, 900, n)
    np.save(tmp_path / "X.npy", X)
    for given in (X, np.load(tmp_path / "X.npy", mmap_mode="r")):
        at = None if columns is None else np.array(columns)
        found = rows_of(given, rows, at, np.float64)
        np.testing.assert_array_equal(
            found, X[rows].astype(float)[:, [0, 1, 2, 3, 4] if columns is None else columns]
        )
        assert found.dtype == np.float64
        assert type(found) is np.ndarray


@pytest.mark.parametrize("made", [ForestRegressor, BoostingRegressor])
def test_no_rows_are_refused_as_an_empty_array_is(made) -> None:
    table = np.random.default_rng(0).normal(size=(50, 3))
    every, none = Gathered(table, np.arange(50), np.arange(3)), Gathered(table, np.arange(0), np.arange(3))
    model = made(random_state=0).fit(every, table[:, 0])
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(none)
    with pytest.raises(ValueError, match="0 sample"):
        made().fit(none, table[:0, 0])


def test_what_was_written_to_a_private_map_of_a_file_stays(tmp_path) -> None:
    np.save(tmp_path / "X.npy", np.zeros((100, 3)))
    X = np.load(tmp_path / "X.npy", mmap_mode="c")
    X[:, 0] = 7.0
    assert (np.asarray(Gathered(X, np.arange(100), np.arange(3)))[:, 0] == 7.0).all()
    assert (X[:, 0] == 7.0).all()
