"""What the record keeps of the training of networks: the losses as they were, thinned, and the members that failed."""

from __future__ import annotations

import json
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest

from fivesigma import load_model
from fivesigma.data.dataset import Dataset
from fivesigma.models.neural import MLPRegressor
from fivesigma.record.sections.history import HistoryRecord
from fivesigma.study.analyses.history import MOST_EPOCHS, recorded, shown
from fivesigma.study.study import Study

RNG = np.random.default_rng(3)
X = RNG.normal(size=(240, 2))
Y = X[:, 0] ** 2 + 0.3 * RNG.normal(size=240)
RATES = [0.01, 1e3, 0.003]
MODELS = [
    {"kind": "dummy"},
    {"kind": "linear"},
    {
        "kind": "mlp",
        "params": {"n_members": 3, "optimiser": "sgd", "learning_rate": RATES, "hidden": [8], "epochs": 30},
    },
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = Dataset.from_arrays(X, Y)
    study = Study(data, MODELS, evaluate={"bootstrap": 100, "refits": 2})
    return study.run(tmp_path_factory.mktemp("run") / "r", workers=1, progress=False)


def test_the_losses_of_a_run_are_those_of_the_kept_model_and_a_member_that_diverges_is_named(run):
    kept = run.results.model("mlp").section(HistoryRecord)
    assert [each.failed for each in kept.members] == [False, True, False]
    assert [each.params for each in kept.members] == [{"learning_rate": rate} for rate in RATES]
    assert kept.members[1].epoch is None
    assert kept.epochs == tuple(range(1, kept.members[0].n_epochs + 1)) or len(kept.epochs) == 30
    for each in (kept.members[0], kept.members[2]):
        assert each.kept == min(loss for loss in each.validation if loss is not None)
        assert each.validation[each.epoch - 1] == each.kept
    assert kept.n_fits == 7
    assert {each.members for each in kept.diverged} == {(2,)}
    assert len(kept.diverged) == 7
    assert kept.others[0] <= kept.others[1] <= kept.others[2] <= 30


def test_a_model_that_is_no_network_has_no_training(run):
    assert run.results.model("linear").section(HistoryRecord) is None
    assert "history" not in json.loads((run.path / "results.json").read_text())["models"][0]


def test_the_page_names_the_member_that_failed(run):
    text = (run.path / "report.md").read_text()
    assert "## Training" in text
    assert "member 2 in epoch" in text
    assert "Members failed in 7 of 7 other fits" in text


def test_the_study_file_of_a_run_says_again_what_differs_by_member(run):
    models = tomllib.loads((run.path / "study.toml").read_text())["models"]
    assert models[-1]["params"]["learning_rate"] == RATES
    assert models[-1]["params"]["hidden"] == [8]


def test_several_targets_are_learnt_together_from_the_study_to_the_page_and_its_predictions(tmp_path):
    both = np.column_stack([Y, 1e3 * X[:, 1] + 5.0])
    params = {"hidden": [8], "epochs": 20, "n_members": 2}
    models = [{"kind": "dummy"}, {"kind": "mlp", "params": params}]
    models.append({"kind": "mlp", "name": "apart", "params": params, "reduce": {"kind": "pca", "n": 2}})
    study = Study(Dataset.from_arrays(X, both), models, evaluate={"bootstrap": 100, "refits": 2})
    result = study.run(tmp_path / "r", workers=1, progress=False)
    assert [each.status for each in result.results.models] == ["ok"] * 3
    together, apart = (result.results.model(name).section(HistoryRecord) for name in ("mlp", "apart"))
    assert [each.params for each in together.members] == [{}, {}]
    assert [list(each.params) for each in apart.members] == [["target"]] * 4
    assert len({each.params["target"] for each in apart.members}) == 2
    model = load_model(result.path / "models" / "model-01.fivesigma")
    assert model.predict(X[:5]).shape == (5, 2)
    assert "## Training" in (result.path / "report.md").read_text()


def test_long_trainings_are_thinned_and_keep_both_ends_and_the_first_epochs():
    at = shown(5000)
    assert len(at) <= MOST_EPOCHS
    assert (at[0], at[-1]) == (1, 5000)
    assert set(range(1, 6)) <= set(at.tolist())
    assert np.diff(at).max() < 60


def made(train, held, epoch, failed):
    return SimpleNamespace(
        history_={"train": np.array(train), "validation": np.array(held)},
        epoch_=np.array(epoch),
        failed_=np.array(failed),
    )


def test_of_a_member_that_stops_and_one_that_fails_each_epoch_stands_where_it_was():
    nan, inf = np.nan, np.inf
    network = made(
        [[3, 2, 1, nan], [3, inf, nan, nan]], [[4, 1, 2, nan], [9, nan, nan, nan]], [2, 0], [False, True]
    )
    kept = recorded([network])
    stopped, lost = kept.members
    assert (stopped.n_epochs, stopped.epoch, stopped.kept) == (3, 2, 1.0)
    assert (lost.n_epochs, lost.epoch, lost.kept, lost.failed) == (2, None, None, True)
    assert (kept.most, kept.epochs) == (4, (1, 2, 3))
    assert lost.train == (3.0, None, None)


def test_targets_with_networks_of_their_own_are_members_with_the_name_of_the_target():
    one, two = (MLPRegressor((4,), n_members=2, epochs=e).fit(X, Y) for e in (5, 8))
    kept = recorded([one, two], ("mass", "length"))
    assert [each.params for each in kept.members] == [{"target": "mass"}] * 2 + [{"target": "length"}] * 2
    assert kept.most == 8
    assert [each.n_epochs for each in kept.members] == [5, 5, 8, 8]
