"""Every kind of model is saved, loaded elsewhere and predicts the same bits; changed and signed again it is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.executor import Processes, available_cores
from fivesigma.models.states import check_of
from fivesigma.record import models
from fivesigma.study.registry import registry
from tests.record import zoo

ROOT = Path(__file__).parents[2]
PLAIN_DATA = (dict, list, tuple, set, str, bytes, np.ndarray, np.generic, np.random.Generator, type, slice)
HARMLESS = ("sklearn._loss.", "sklearn.utils._bunch.", "sklearn.ensemble._hist_gradient_boosting.binning.")
"""Parts of scikit-learn that hold no index: the losses of boosting, and bins that the boosting itself checks."""


def _about(name: str, estimator, n_classes) -> dict:
    task, kind = name.split("-", 1)
    return {
        "name": name,
        "kind": kind,
        "params": {},
        "names": [f"x{j}" for j in range(estimator.n_features_in_)],
        "units": [None] * estimator.n_features_in_,
        "categories": {},
        "classes": None if n_classes is None else [f"class {k}" for k in range(n_classes)],
        "task": task,
        "target": "y",
        "data": "0",
        "columns": {f"x{j}": {"read": "number", "missing": [-999]} for j in range(estimator.n_features_in_)},
        **({"targets": ["y", "z"]} if name.endswith("-targets") else {}),
    }


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A folder with a model of every kind, and the rows to ask each about."""
    folder = tmp_path_factory.mktemp("saved")
    rows = {}
    for name in zoo.names():
        estimator, rows[name], n_classes = zoo.fitted(name)
        models.save(estimator, folder / f"{name}{models.SUFFIX}", _about(name, estimator, n_classes))
    np.savez(folder / "rows.npz", **rows)
    return folder


ASK = """
import json, sys, numpy as np, fivesigma as fs
from pathlib import Path
folder, out = Path(sys.argv[1]), {}
rows = np.load(folder / "rows.npz")
for path in sorted(folder.glob("*.fivesigma")):
    model, X = fs.load_model(path), rows[path.stem]
    answers = ["predict", "predict_proba"] if model.classes else ["predict"]
    if model.clusters:
        answers = [each for each in ("predict", "predict_proba") if model.can(each)]
    for each in answers:
        out[f"{path.stem} {each}"] = getattr(model, each)(X)
np.savez(sys.argv[2], **out)
"""


def test_every_kind_is_loaded_in_another_process_and_predicts_the_same_bits(saved, tmp_path):
    here = tmp_path / "here.npz"
    subprocess.run([sys.executable, "-P", "-c", ASK, str(saved), str(here)], check=True, cwd=tmp_path)
    found, told = np.load(here), set()
    for key in found.files:
        name, answer = key.rsplit(" ", 1)
        estimator, X, n_classes = zoo.fitted(name)
        if name.startswith("clustering"):
            inside = np.asarray(X, dtype=np.float64)
            for _, step in estimator.steps[:-1]:
                inside = step.transform(inside)
            expected = getattr(estimator.steps[-1][1], answer)(inside)
        elif n_classes is None or answer == "predict_proba":
            expected = zoo.recipe.predict(estimator, X, n_classes)
        else:
            continue
        np.testing.assert_array_equal(found[key], expected, err_msg=key)
        told.add(name)
    silent = {"clustering-agglomerative", "clustering-hdbscan", "clustering-spectral"}
    assert told == set(zoo.names()) - silent


def test_every_class_in_a_saved_model_says_what_makes_its_state_sound(saved):
    """A new estimator, of ours or wrapped, brings a check of its own."""
    bare = set()
    for path in sorted(saved.glob(f"*{models.SUFFIX}")):
        seen = []
        models.load(path, trusted=registry.TRUSTED, check=seen.append)
        for part in seen:
            name = f"{type(part).__module__}.{type(part).__qualname__}"
            if (
                not isinstance(part, PLAIN_DATA)
                and not name.startswith(HARMLESS)
                and check_of(type(part)) is None
            ):
                bare.add(name)
    assert bare == set()


def test_every_trusted_class_is_there_and_says_what_makes_its_state_sound():
    import importlib

    for name in registry.TRUSTED:
        module, _, kind = name.rpartition(".")
        assert check_of(getattr(importlib.import_module(module), kind)) is not None, name


@pytest.mark.skipif(os.name != "posix", reason="limits and alarms are POSIX's")
@pytest.mark.torture
def test_a_model_that_was_changed_and_signed_again_is_refused_or_answers_soundly(saved, tenth, monkeypatch):
    n = tenth(1000)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    files = sorted(path.name for path in saved.glob(f"*{models.SUFFIX}"))
    keys = [f"{files[i % len(files)]} {i}" for i in range(n)] + [f"{name} -1" for name in files]
    work = Processes("tests.record.mutants", (str(saved), str(saved / "rows.npz")), available_cores())
    wrong = {each.key: each.error for each in work.run(keys) if each.error is not None}
    assert wrong == {}, json.dumps(wrong, indent=1)
