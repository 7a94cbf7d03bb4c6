"""A training that was ended goes on from its file to the same bits; a file that is not its own is refused."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fivesigma._core.errors import DataError, InputError
from fivesigma.models.neural import MLPClassifier, MLPRegressor, NetworkClassifier
from fivesigma.models.neural.checkpoint import Checkpoint
from fivesigma.models.neural.member import Course

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
Y = np.sin(X[:, 0]) + 0.3 * RNG.normal(size=90)
SETTINGS = {"epochs": 30, "patience": 6, "n_members": 3, "learning_rate": 0.02, "n_jobs": 1}
ENGINES = [
    "fused",
    pytest.param("torch", marks=pytest.mark.skipif(not find_spec("torch"), reason="torch is absent")),
]


class _KilledError(Exception):
    """Stands for a kill."""


def _killed_after(n: int):
    """Return a listener that ends the program when it has heard ``n`` times."""
    heard = []

    def listen(done: int, total: int) -> None:
        heard.append(done)
        if len(heard) == n:
            raise _KilledError

    return listen


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, engine, dtype, monkeypatch) -> None:
    monkeypatch.setattr("fivesigma.models.neural.training._SECONDS", 0.0)  # a look after each epoch
    settings = SETTINGS | {"engine": engine, "dtype": dtype}
    whole = MLPRegressor((5,), **settings).fit(X, Y)
    kept = MLPRegressor((5,), checkpoint=tmp_path / "courses", **settings)
    for after in (4, 3):
        with pytest.raises(_KilledError):
            kept.fit(X, Y, progress=_killed_after(after))
    told = []
    kept.fit(X, Y, progress=lambda done, total: told.append(done))
    assert min(told) > 3 * 5
    np.testing.assert_array_equal(kept.predict_members(X), whole.predict_members(X))
    for part, curve in whole.history_.items():
        np.testing.assert_array_equal(kept.history_[part], curve)
    np.testing.assert_array_equal(kept.epoch_, whole.epoch_)


@pytest.mark.skipif(not find_spec("torch"), reason="torch is absent")
def test_a_killed_network_for_tables_goes_on_to_the_same_bits(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("fivesigma.models.neural.training._SECONDS", 0.0)
    settings = {"width": 8, "n_members": 2, "epochs": 12, "schedule": "cosine"}
    whole = NetworkClassifier(**settings).fit(X, Y > 0)
    kept = NetworkClassifier(checkpoint=tmp_path / "courses", **settings)
    with pytest.raises(_KilledError):
        kept.fit(X, Y > 0, progress=_killed_after(5))
    np.testing.assert_array_equal(kept.fit(X, Y > 0).predict_members(X), whole.predict_members(X))


def test_a_finished_training_is_read_and_not_done_again(tmp_path) -> None:
    made = MLPClassifier((5,), checkpoint=str(tmp_path / "courses"), **SETTINGS)
    first = made.fit(X, Y > 0).predict_proba(X)
    told = []
    np.testing.assert_array_equal(
        made.fit(X, Y > 0, progress=lambda *of: told.append(of)).predict_proba(X), first
    )
    assert not told


def test_a_member_that_diverged_is_kept_as_such(tmp_path) -> None:
    settings = SETTINGS | {
        "learning_rate": [0.02, 1e3, 0.02],
        "optimiser": "sgd",
        "checkpoint": tmp_path / "c",
    }
    for _ in range(2):
        assert MLPRegressor((5,), **settings).fit(X, 1e3 * Y**5).failed_.tolist() == [False, True, False]


@pytest.mark.parametrize("what", ["rows", "settings"])
def test_a_file_of_others_is_refused(tmp_path, what) -> None:
    path = tmp_path / "courses"
    MLPRegressor((5,), checkpoint=path, **SETTINGS).fit(X, Y)
    other = SETTINGS | ({"learning_rate": 0.03} if what == "settings" else {})
    with pytest.raises(InputError, match=r"courses is of other rows or other settings; remove it"):
        MLPRegressor((5,), checkpoint=path, **other).fit(
            X[::2] if what == "rows" else X, Y[::2] if what == "rows" else Y
        )


def _damages():
    nan = {"0.best": lambda a: a * np.nan, "1.state": lambda a: a * np.nan, "2.curve": lambda a: a * np.nan}
    shape = {"0.best": lambda a: a[:-1], "0.done": lambda a: a[:1], "2.state": lambda a: a[:2]}
    dtype = {"1.best": lambda a: a.astype(np.float64), "0.told": lambda a: a.astype(np.float32)}
    count = {"0.done": lambda a: a * 0 - 1, "1.done": lambda a: a + 1000, "2.told": lambda a: a + 1000}
    for table in (nan, shape, dtype, count):
        yield from table.items()


@pytest.mark.parametrize(("name", "change"), list(_damages()))
def test_a_damaged_file_is_refused(tmp_path, name, change) -> None:
    path = tmp_path / "courses"
    made = MLPRegressor((5,), checkpoint=path, **SETTINGS).fit(X, Y)
    arrays = load_file(path)
    assert change(arrays[name]).tobytes() != arrays[name].tobytes()
    digest = _digest(path)
    save_file(
        arrays | {name: change(arrays[name])}, path, {"format": "fivesigma.courses/1", "digest": digest}
    )
    with pytest.raises(DataError, match=r"courses is damaged .*; remove it"):
        made.fit(X, Y)


def _digest(path) -> str:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        return file.metadata()["digest"]


@pytest.mark.parametrize("content", [b"", b"not tensors at all", None])
def test_what_is_no_such_file_is_refused(tmp_path, content) -> None:
    path = tmp_path / "courses"
    if content is None:
        save_file({"a": np.zeros(2)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        MLPRegressor((5,), checkpoint=path, **SETTINGS).fit(X, Y)


def test_a_place_that_cannot_be_written_to_is_a_sentence(tmp_path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*absent; make it"):
        MLPRegressor((5,), checkpoint=tmp_path / "absent" / "courses", **SETTINGS).fit(X, Y)
    with pytest.raises(InputError, match="checkpoint is 3; expected the path of a file"):
        MLPRegressor((5,), checkpoint=3, **SETTINGS).fit(X, Y)


def test_what_is_half_written_leaves_the_file_that_was(tmp_path, monkeypatch) -> None:
    path = tmp_path / "courses"
    checkpoint = Checkpoint(path, "0")
    course = Course(np.zeros((3, 2)), np.zeros(2), np.array([np.inf, -1.0]), np.full((2, 4), np.nan))
    checkpoint.write([course])
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *of: (_ for _ in ()).throw(OSError(28, "no space left")))
    course.state += 1
    with pytest.raises(DataError, match="no space left"):
        checkpoint.write([course])
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["courses"]
