"""The spread of members in a study: on events that no fit has seen, of values, laws and probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.spread import MemberSpreadRecord
from fivesigma.study.study import Study

RNG = np.random.default_rng(3)
X = RNG.normal(size=(400, 2))
Y = X[:, 0] ** 2 + 0.3 * RNG.normal(size=400)
SMALL = {"hidden": [8], "epochs": 40}
EVALUATE = {"bootstrap": 100, "refits": 2}


def run(path, y, models, **settings):
    study = Study(Dataset.from_arrays(X, y), models, evaluate=EVALUATE, **settings)
    return study.run(path / "r", workers=1, progress=False)


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    models = [
        {"kind": "dummy"},
        {"kind": "linear"},
        {"kind": "mlp", "params": SMALL | {"loss": "gaussian", "n_members": 3}},
        {"kind": "mlp", "name": "alone", "params": SMALL | {"n_members": 1}},
    ]
    return run(tmp_path_factory.mktemp("values"), Y, models)


def test_a_regression_has_bins_and_pulls_of_members_and_of_its_law_on_the_test(values):
    kept = values.results.model("mlp").section(MemberSpreadRecord)
    assert (kept.part, kept.n_members, kept.what) == ("test", 3, "value")
    assert [each.sigma for each in kept.pulls] == ["members", "law"]
    assert sum(b.n for b in kept.bins) == 80
    assert all(b.stated == pytest.approx(b.spread) for b in kept.bins)
    assert kept.pulls[1].width.low < kept.pulls[0].width.low


def test_one_member_has_no_spread_and_other_models_have_none(values):
    assert values.results.model("alone").section(MemberSpreadRecord) is None
    assert values.results.model("linear").section(MemberSpreadRecord) is None


def test_where_the_test_is_sealed_the_folds_are_judged(tmp_path):
    models = [{"kind": "dummy"}, {"kind": "mlp", "params": SMALL | {"n_members": 2}}]
    study = Study(Dataset.from_arrays(X, Y > 1.0), models, evaluate=EVALUATE)
    blind = study.run(tmp_path / "r", workers=1, progress=False, blind=True).results
    kept = blind.model("mlp").section(MemberSpreadRecord)
    assert (kept.part, kept.what, kept.pulls) == ("validation", "probability", None)
    assert sum(b.n for b in kept.bins) == 320
