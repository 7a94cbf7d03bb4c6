"""Saved models: bit-equal predictions, flipped bytes noticed, and nothing in a file is ever executed."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import operator
import os
import sys
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from fivesigma._core.errors import DataError, InputError
from fivesigma.features.plan import FeaturePlan
from fivesigma.models.states import check_state
from fivesigma.record import models
from fivesigma.study.fit import recipe
from fivesigma.study.registry import registry

RNG = np.random.default_rng(3)
X = RNG.normal(size=(150, 4))
X[:, 3] = RNG.integers(0, 3, 150)
X[RNG.random(150) < 0.1, 1] = np.nan
SIGNAL = X[:, 0] + np.nan_to_num(X[:, 1]) * X[:, 2] + (X[:, 3] == 1)
TARGETS = {
    "classification": [np.digitize(SIGNAL, [-0.5, 0.8]), (SIGNAL > 0).astype(int)],
    "regression": [SIGNAL],
}
TWO_CLASSES = ("linear-svm",)
PLAN = FeaturePlan(("a", "b", "c", "s"), {"s": ("u", "v", "w")}, interactions=2)
SMALL = {
    "forest": {"n_estimators": 4},
    "extra-trees": {"n_estimators": 4},
    "boosting": {"max_iter": 5},
    "natural-gradient": {"n_estimators": 5},
}

EVENTS: list[str] = []
WATCHING = False
# NumPy reads an array's header with ast.literal_eval, which parses ("compile") and never runs ("exec").
DANGEROUS = (
    "exec",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess",
    "socket",
    "pickle",
    "ctypes",
)


def _hook(event: str, args: tuple) -> None:
    if WATCHING:
        written = event == "open" and any(mode in str(args[1] or "") for mode in "wax+")
        if written or event.startswith((*DANGEROUS, "import")):
            EVENTS.append(f"{event} {args[:1]}")


@pytest.fixture(scope="module", autouse=True)
def _audit() -> None:
    sys.addaudithook(_hook)


def _load(path, trusted=registry.TRUSTED):
    return models.load(path, trusted=trusted, check=check_state)


def _watched(path, trusted=registry.TRUSTED):
    global WATCHING
    EVENTS.clear()
    WATCHING = True
    try:
        return _load(path, trusted)
    finally:
        WATCHING = False


def _settings():
    for task in ("classification", "regression"):
        for kind in registry.kinds().values():
            if task in kind.tasks and kind.name != "own" and not kind.given:
                marks = [pytest.mark.skip(reason=kind.lacking)] if kind.lacking else []
                yield pytest.param(task, kind.name, {}, id=f"{task}-{kind.name}", marks=marks)
        tuned = {"tune": {"max_depth": [1, 3]}, "trials": 2}
        yield pytest.param(task, "tree", tuned, id=f"{task}-tuned")
        yield pytest.param(
            task, "boosting", {"params": {"early_stopping": True, "max_iter": 5}}, id=f"{task}-stopped"
        )


@pytest.mark.parametrize(("task", "kind", "settings"), list(_settings()))
def test_predictions_are_bit_equal_and_nothing_runs(task, kind, settings, tmp_path) -> None:
    settings = {"params": SMALL.get(kind, {}), **settings}
    for y in TARGETS[task]:
        if kind in TWO_CLASSES and len(np.unique(y)) > 2:
            continue
        if kind == "poisson":  # counts
            y = np.round(np.exp(y - y.max()) * 9)
        fitted = recipe.fit(recipe.build(kind, features=PLAN, task=task, **settings), X, y).estimator
        path = tmp_path / f"model{models.SUFFIX}"
        models.save(fitted, path, {"kind": kind, "features": PLAN.names})
        _load(path)  # whatever is imported late is imported now
        loaded = _watched(path)
        assert EVENTS == []
        n_classes = len(np.unique(y)) if task == "classification" else None
        before, after = (recipe.predict(each, X, n_classes) for each in (fitted, loaded.estimator))
        np.testing.assert_array_equal(before, after)
        assert loaded.meta["kind"] == kind
        assert loaded.messages == ()


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "m.fivesigma"
    models.save(DummyClassifier().fit([[0.0], [1.0]], [0, 1]), path, {"kind": "dummy"})
    return path


def test_what_is_noted_later_leaves_the_model_as_it_is(small) -> None:
    before = _load(small, ())
    models.note(small, {"more": [1.5, None]})
    once = small.read_bytes()
    after = _load(small, ())
    assert after.meta == {**before.meta, "more": [1.5, None]}
    np.testing.assert_array_equal(after.estimator.predict([[0.0]]), before.estimator.predict([[0.0]]))
    models.note(small, {"more": [1.5, None]})
    assert small.read_bytes() == once
    small.write_bytes(once[:-1])
    with pytest.raises(DataError, match="checksum"):
        models.note(small, {"more": 2})


def test_a_flipped_byte_anywhere_and_every_cut_is_noticed(small) -> None:
    content = small.read_bytes()
    assert _load(small, ()).meta["kind"] == "dummy"
    for position in [*range(80), *range(80, len(content), 13)]:
        damaged = bytearray(content)
        damaged[position] ^= 1 << (position % 8)
        small.write_bytes(damaged)
        with pytest.raises(DataError):
            _load(small, ())
    for length in range(0, len(content), 397):
        small.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"cannot be loaded as a fivesigma model"):
            _load(small, ())


def _forged(path, payload: bytes) -> None:
    text = json.dumps({"kind": "forest", "versions": {}}).encode()
    body = len(text).to_bytes(8, "big") + text + payload
    path.write_bytes(models.MAGIC + hashlib.sha256(body).digest() + body)


class _Runs:
    def __reduce__(self):
        return os.system, ("touch /nowhere/at-all",)


@pytest.mark.parametrize(
    "evil",
    [
        FunctionTransformer(os.system),
        FunctionTransformer(functools.partial(os.system, "true")),
        FunctionTransformer(operator.methodcaller("system", "true")),
        FunctionTransformer(DummyClassifier().fit),
        {"a": [np.random.default_rng, eval]},
    ],
    ids=["function", "partial", "methodcaller", "method", "builtin"],
)
def test_a_crafted_file_with_a_right_checksum_is_refused_and_runs_nothing(evil, tmp_path) -> None:
    path = tmp_path / "evil.fivesigma"
    _forged(path, skops.io.dumps(evil))
    with pytest.raises(DataError, match="cannot be loaded"):
        _watched(path)
    assert [event for event in EVENTS if not event.startswith("import")] == []


def _edited(payload: bytes, change) -> bytes:
    """The archive with its schema changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(payload)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()).encode() if name == "schema.json" else content)
    return out.getvalue()


def test_a_name_swapped_in_the_schema_is_refused(tmp_path) -> None:
    payload = skops.io.dumps(DummyClassifier().fit([[0.0], [1.0]], [0, 1]))
    path = tmp_path / "swap.fivesigma"
    for old, new in [
        ('"DummyClassifier"', '"Popen"'),
        ('"sklearn.dummy"', '"subprocess"'),
        ('"ObjectNode"', '"MethodNode"'),
        ('"ObjectNode"', '"NoSuchNode"'),
        ('"__class__"', '"__klass__"'),
    ]:
        _forged(path, _edited(payload, lambda text, old=old, new=new: text.replace(old, new)))
        with pytest.raises(DataError):
            _load(path, ())


def test_bombs_and_nonsense_are_refused(tmp_path) -> None:
    path = tmp_path / "bomb.fivesigma"
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "[" * 10_000_000)
    deep = io.BytesIO()
    with zipfile.ZipFile(deep, "w") as archive:
        archive.writestr("schema.json", "[" * 100_000 + "]" * 100_000)
    for payload in (bomb.getvalue(), deep.getvalue(), b"", b"PK\x03\x04", b"not a zip" * 10):
        _forged(path, payload)
        with pytest.raises(DataError):
            _load(path, ())
    with pytest.raises(DataError, match="check the path"):
        _load(tmp_path / "absent.fivesigma", ())


def test_a_tree_that_points_outside_itself_is_refused(tmp_path) -> None:
    tree = DecisionTreeClassifier(max_depth=2).fit(X[:, [0]], TARGETS["classification"][1])
    state = tree.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 10**6
    tree.tree_.__setstate__(state)
    path = tmp_path / "tree.fivesigma"
    models.save(tree, path, {})
    with pytest.raises(DataError, match="pointing outside"):
        _load(path, ())


class Mine(ClassifierMixin, BaseEstimator):
    """A user's class, unknown to the table."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self


def test_a_users_class_needs_its_name(tmp_path) -> None:
    path = tmp_path / "mine.fivesigma"
    models.save(Mine().fit([[0.0], [1.0]], [0, 1]), path, {})
    (name,) = models.read_meta(path)["types"]
    with pytest.raises(DataError, match="Mine"):
        _load(path)
    if name.partition(".")[0] in sys.modules:
        assert isinstance(_load(path, [name]).estimator, BaseEstimator)


def test_what_cannot_be_kept_is_refused_at_once(tmp_path) -> None:
    with (
        open(os.devnull) as device,
        pytest.raises(InputError, match="without pickle"),
    ):
        models.save(FunctionTransformer(kw_args={"device": device}), tmp_path / "x.fivesigma", {})
    assert list(tmp_path.iterdir()) == []


def test_other_versions_are_spoken_of(small, monkeypatch) -> None:
    monkeypatch.setattr(models, "_installed", lambda name: "0.0.1")
    assert any("scikit-learn" in message for message in _load(small, ()).messages)
