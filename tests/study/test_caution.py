"""Where refits are known to vary less than the procedure does, the record says so; elsewhere it does not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

import fivesigma as fs


@pytest.mark.parametrize(
    ("test", "own", "said"), [(0.95, True, True), (0.2, True, False), (0.95, False, False)]
)
def test_an_interpolating_model_of_ones_own_on_few_training_rows_is_flagged(tmp_path, test, own, said):
    """What copies of an event are to an estimator given in Python is not known; of our own kinds it is."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 3))
    y = (X[:, 0] + rng.normal(size=1500) > 0).astype(int)
    models = [("mine", KNeighborsClassifier(1)), "dummy"] if own else ["nearest", "dummy"]
    study = fs.Study(
        fs.Dataset.from_arrays(X, y),
        models=models,
        split={"test": test},
        evaluate={"metric": "accuracy", "bootstrap": 200},
    )
    found = study.run(tmp_path / "run", progress=False).results.model("mine" if own else "nearest")
    assert ("reproduces its training rows" in found.message) is said


def test_a_tiny_target_is_as_good_as_any_other_and_nothing_is_advised(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    value, scores = X[:, 0] + rng.normal(size=80), []
    for unit in (1.0, 2.0**-66):
        table = np.column_stack([X, unit * value])
        np.savetxt(tmp_path / "t.csv", table, "%.17g", ",", header="a,b,y", comments="")
        (tmp_path / "t.toml").write_text(
            '[data]\npath = "t.csv"\ntarget = "y"\nfeatures = ["a", "b"]\n[split]\ntest = 0\nfolds = 2\n'
            '[[models]]\nkind = "tree"\n[evaluate]\nbootstrap = 100\nrefits = 0\nclaim = "fitted"\n'
        )
        results = fs.Study.read(tmp_path / "t.toml").run(tmp_path / f"run {unit}", progress=False).results
        assert not any("target" in each.check for each in results.audit)
        scores.append([model.scores["validation"]["r2"].value for model in results.models])
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-12)
