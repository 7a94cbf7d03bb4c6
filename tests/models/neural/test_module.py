"""Modules of PyTorch behind scikit-learn's contract: alone and in company, with losses of the user's own."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.base import clone

from fivesigma._core.errors import FitError, InputError, MissingExtraError
from fivesigma.models.neural import MLPRegressor, ModuleClassifier, ModuleRegressor
from fivesigma.record.models import save

torch = pytest.importorskip("torch", reason="torch is absent: pip install 'fivesigma[neural]'")
nn = torch.nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
Y = np.sin(2 * X[:, 0]) + 0.5 * X[:, 1]
SMALL = {"epochs": 15, "learning_rate": 0.01}


def perceptron(n_features: int, n_outputs: int):
    return nn.Sequential(nn.Linear(n_features, 8), nn.Tanh(), nn.Linear(8, n_outputs))


def chancy(n_features: int, n_outputs: int):
    return nn.Sequential(nn.Linear(n_features, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, n_outputs))


def _as_perceptron(engine: str, seed: int, **settings):
    return MLPRegressor((8,), "tanh", engine=engine, random_state=seed, dtype="float64", **settings)


@pytest.mark.parametrize("optimiser", ["adam", "sgd", "rprop"])
def test_a_module_is_trained_as_the_perceptron_of_its_shape(optimiser) -> None:
    """From the same first parameters, by the same batches."""
    settings = SMALL | {"optimiser": optimiser, "early_stopping": False}
    known = _as_perceptron("fused", 4, **settings).fit(X, Y)
    begun = _as_perceptron("fused", 4, **settings | {"learning_rate": 1e-12, "epochs": 1, "optimiser": "sgd"})
    theta = begun.set_params(momentum=0.0).fit(X, Y)._networks[0].theta
    module = perceptron(3, 1).double()
    with torch.no_grad():
        torch.nn.utils.vector_to_parameters(torch.tensor(theta), module.parameters())
    made = ModuleRegressor(module, dtype="float64", random_state=4, **settings).fit(X, Y)
    np.testing.assert_allclose(made.predict(X), known.predict(X), rtol=0, atol=1e-9)


def test_members_of_an_ensemble_are_modules_that_were_trained_alone() -> None:
    together = ModuleRegressor(perceptron, n_members=3, dtype="float64", **SMALL).fit(X, Y)
    alone = ModuleRegressor(perceptron, n_members=1, dtype="float64", **SMALL).fit(X, Y)
    each = together.predict_members(X)
    np.testing.assert_allclose(each[0], alone.predict(X), rtol=0, atol=1e-9)
    assert np.abs(each[0] - each[1]).max() > 1e-3
    assert together.history_["validation"].shape == (3, 15)


def test_a_module_that_is_given_is_where_every_member_begins() -> None:
    module = perceptron(3, 1)
    before = {name: each.clone() for name, each in module.state_dict().items()}
    model = ModuleRegressor(module, n_members=2, learning_rate=1e-12, epochs=1, optimiser="adagrad").fit(X, Y)
    assert np.ptp(model.predict_members(X), axis=0).max() < 1e-5
    for name, each in module.state_dict().items():
        assert torch.equal(each, before[name])


def test_what_is_left_to_chance_is_drawn_by_the_seed_and_torch_is_left_alone() -> None:
    before = torch.get_rng_state(), torch.get_num_threads()
    model = ModuleRegressor(chancy, n_members=2, **SMALL)
    first = model.fit(X, Y).predict(X)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    torch.manual_seed(1)
    np.testing.assert_array_equal(clone(model).fit(X, Y).predict(X), first)
    torch.set_rng_state(before[0])
    np.testing.assert_array_equal(model.predict(X), first)  # nothing is dropped where it predicts
    assert np.abs(ModuleRegressor(chancy, random_state=1, **SMALL).fit(X, Y).predict(X) - first).max() > 1e-3


@pytest.mark.parametrize("module", [perceptron, chancy])
def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, monkeypatch, module) -> None:
    monkeypatch.setattr("fivesigma.models.neural.training._SECONDS", 0.0)
    settings = SMALL | {"n_members": 2, "patience": 4}
    whole = ModuleRegressor(module, **settings).fit(X, Y)

    def kill(done: int, total: int) -> None:
        if done >= 12:
            raise KeyboardInterrupt

    kept = ModuleRegressor(module, checkpoint=tmp_path / "courses", **settings)
    with pytest.raises(KeyboardInterrupt):
        kept.fit(X, Y, progress=kill)
    np.testing.assert_array_equal(kept.fit(X, Y).predict_members(X), whole.predict_members(X))


def test_a_loss_of_the_users_own_is_the_named_one() -> None:
    named = ModuleRegressor(perceptron, "huber", **SMALL).fit(X, Y)
    own = ModuleRegressor(perceptron, nn.HuberLoss(reduction="none"), **SMALL).fit(X, Y)
    np.testing.assert_allclose(own.predict(X), named.predict(X), rtol=0, atol=1e-6)
    label = np.digitize(Y, [-0.5, 0.5])
    named = ModuleClassifier(perceptron, **SMALL).fit(X, label)
    own = ModuleClassifier(perceptron, nn.CrossEntropyLoss(reduction="none"), **SMALL).fit(X, label)
    np.testing.assert_allclose(own.predict_proba(X), named.predict_proba(X), rtol=0, atol=1e-6)


def test_weights_reach_a_loss_of_the_users_own() -> None:
    w = RNG.integers(1, 3, len(X))
    rows = np.repeat(np.arange(len(X)), w)
    made = ModuleRegressor(perceptron, lambda o, t: (o - t).abs()[:, 0], **SMALL)
    weighted = clone(made).fit(X, Y, w).predict(X)
    np.testing.assert_allclose(made.fit(X[rows], Y[rows]).predict(X), weighted, rtol=0, atol=1e-8)


def test_several_targets_and_two_classes() -> None:
    model = ModuleRegressor(perceptron, **SMALL).fit(X, np.column_stack([Y, -Y]))
    assert model.predict(X).shape == (200, 2)
    own = ModuleClassifier(loss=nn.CrossEntropyLoss(reduction="none"), **SMALL).fit(X, Y > 0)
    assert own.predict_members(X).shape == (1, 200, 2)
    assert own.score(X, Y > 0) > 0.7
    assert ModuleClassifier(**SMALL).fit(X, Y > 0).score(X, Y > 0) > 0.7


def test_a_member_that_diverges_is_marked_and_the_others_go_on() -> None:
    settings = SMALL | {"n_members": 2, "optimiser": "sgd", "learning_rate": [1e3, 0.01]}
    model = ModuleRegressor(lambda p, k: nn.Linear(p, k), **settings).fit(X, Y)
    assert model.failed_.tolist() == [True, False]
    assert np.isfinite(model.predict(X)).all()
    with pytest.raises(FitError, match="every member left the finite numbers"):
        model.set_params(learning_rate=1e3).fit(X, Y)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (3, "module is 3; expected a torch.nn.Module"),
        (lambda p, k: 7, "expected a torch.nn.Module"),
        (nn.ReLU(), "ReLU has no parameters"),
        (lambda p, k: nn.Linear(p, k + 1), r"gives shape \(2, 2\) for 2 rows; expected \(2, 1\)"),
        (nn.Linear(5, 1), "fails for rows of 3 columns"),
        (lambda p, k: nn.Sequential(nn.Linear(p, k), nn.BatchNorm1d(k)), "holds BatchNorm1d"),
    ],
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_a_module_that_does_not_fit_is_refused_in_a_sentence(module, message) -> None:
    with pytest.raises(InputError, match=message):
        ModuleRegressor(module, **SMALL).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": nn.MSELoss()}, r"loss gives shape \(\) for .* rows; expected one number a row"),
        ({"loss": 3}, "loss is 3; expected a name, or a function"),
        ({"loss": "mape"}, "'mape' is not a loss"),
        ({"batch_size": 10**6}, "batch_size is 1000000"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_refused(settings, message) -> None:
    with pytest.raises(InputError, match=message):
        ModuleRegressor(perceptron, **SMALL | settings).fit(X, Y)


def test_it_is_not_saved_without_pickle(tmp_path) -> None:
    model = ModuleRegressor(perceptron, **SMALL).fit(X, Y)
    with pytest.raises(InputError, match="ModuleRegressor cannot be saved without pickle"):
        save(model, tmp_path / "model", {})
    assert not list(tmp_path.iterdir())


def test_without_torch_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fivesigma\[neural\]'"):
        ModuleRegressor().fit(X, Y)
