"""Where refits are known to vary less than the procedure does, the record says so; elsewhere it does not."""

from __future__ import annotations

import numpy as np
import pytest

import fivesigma as fs

STUDY = """
[data]
path = "t.csv"
target = "y"
task = "classification"
[split]
test = {test}
[evaluate]
metric = "accuracy"
bootstrap = 200
[[models]]
kind = "dummy"
[[models]]
kind = "nearest"
"""


@pytest.mark.parametrize(("test", "said"), [(0.95, True), (0.2, False)])
def test_an_interpolating_model_on_few_training_rows_is_flagged(tmp_path, test, said):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 3))
    y = X[:, 0] + rng.normal(size=1500) > 0
    np.savetxt(tmp_path / "t.csv", np.column_stack([X, y]), "%.6g", ",", header="a,b,c,y", comments="")
    (tmp_path / "t.toml").write_text(STUDY.format(test=test))
    models = fs.Study.read(tmp_path / "t.toml").run(tmp_path / "run", progress=False).results.models
    assert ["reproduces its training rows" in model.message for model in models] == [False, said]


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
