"""The network for tables: its formula, its slopes, what it learns and keeps, and what it refuses."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from fivesigma._core.errors import FitError, InputError, MissingExtraError
from fivesigma.models.neural import NetworkClassifier, NetworkRegressor
from fivesigma.models.neural.losses import classification_loss, regression_loss
from fivesigma.models.neural.member import Member, Optimiser
from fivesigma.models.neural.tabular import Tabular, TabularBody, TabularNetwork

torch = pytest.importorskip("torch", reason="torch is absent: pip install 'fivesigma[neural]'")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
SMALL = {"width": 16, "n_blocks": 2, "n_members": 3, "epochs": 12}
SHAPE = Tabular(4, 2, width=5, n_blocks=3, n_members=3)


def _silu(x):
    return x / (1 + np.exp(-x))


def _by_hand(shape: Tabular, theta, x, member: int):
    """One row through one member, as the papers write it."""
    p = shape.parts(theta)
    x = np.array([each / np.sqrt(1 + (each / 3) ** 2) for each in x])
    columns = []
    for j, each in enumerate(x):
        waves = np.cos(2 * np.pi * p["frequency"][j] * each + p["phase"][j])
        columns += [each, *(waves @ p["mix"][j] + p["offset"][j])]
    h = np.array(columns)
    for block in range(shape.n_blocks):
        r, s, b = (p[f"{name}{block}"][member] for name in "rsb")
        h = _silu(s * ((r * h) @ p[f"W{block}"]) + b)
    return h @ p["out"][member] + p["bias"][member]


def test_the_outputs_are_the_formula_and_need_no_torch() -> None:
    theta = SHAPE.drawn(1) + 0.1 * np.random.default_rng(2).normal(size=SHAPE.n_parameters)
    rows = 3 * np.random.default_rng(3).normal(size=(300, 4))
    outputs = TabularNetwork(SHAPE, theta).outputs(rows)
    assert outputs.shape == (3, 300, 2)
    for n, member in ((0, 0), (299, 1), (257, 2)):
        np.testing.assert_allclose(outputs[member, n], _by_hand(SHAPE, theta, rows[n], member), rtol=1e-12)


def _body(loss, theta) -> TabularBody:
    member = Member(SHAPE, "silu", loss, Optimiser("adamw", 0.1), 8, 1, 0, 0)
    return TabularBody([member], torch.tensor(theta)[None])


LOSSES = {
    "mse": (regression_loss("mse"), RNG.normal(size=(8, 2))),
    "gaussian": (regression_loss("gaussian"), RNG.normal(size=(8, 1))),
    "softmax": (classification_loss("cross-entropy", 3), RNG.integers(0, 2, (8, 1)).astype(float)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_slopes_are_those_of_differences(name) -> None:
    loss, T = LOSSES[name]
    theta, w = SHAPE.drawn(5), RNG.uniform(0.5, 1.5, 8)
    batch = [torch.tensor(each)[None] for each in (X[:8], T, w)]
    slope = torch.zeros(1, SHAPE.n_parameters, dtype=torch.float64)
    total = _body(loss, theta).slopes(*batch, slope)
    for i in range(0, SHAPE.n_parameters, 37):
        step = np.zeros_like(theta)
        step[i] = 1e-6
        ahead, behind = (
            _body(loss, theta + sign * step).slopes(*batch, torch.zeros_like(slope)) for sign in (1, -1)
        )
        assert slope[0, i].item() == pytest.approx((ahead - behind).item() / 2e-6 / 8, abs=1e-7)
    outputs = TabularNetwork(SHAPE, theta).outputs(X[:8])
    if name == "mse":
        assert total.item() == pytest.approx((w * ((outputs - T) ** 2).mean(axis=(0, 2))).sum())


def test_what_is_held_out_is_judged_by_what_the_members_say_together() -> None:
    theta, w = SHAPE.drawn(5), np.ones(8)
    outputs = TabularNetwork(SHAPE, theta).outputs(X[:8])
    loss, T = LOSSES["softmax"]
    batch = [torch.tensor(each)[None] for each in (X[:8], T, w)]
    share = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
    expected = -np.log(share.mean(axis=0)[np.arange(8), T[:, 0].astype(int)]).sum()
    assert _body(loss, theta).losses(*batch).item() == pytest.approx(expected)
    loss, T = LOSSES["mse"]
    batch[1] = torch.tensor(T)[None]
    expected = ((outputs.mean(axis=0) - T) ** 2).mean(axis=1).sum()
    assert _body(loss, theta).losses(*batch).item() == pytest.approx(expected)


def test_it_learns_what_no_plane_can_tell() -> None:
    label = X[:, 0] * X[:, 1] > 0
    fresh = np.random.default_rng(9).normal(size=(500, 4))
    settings = {"width": 32, "n_members": 4, "epochs": 40}
    scores = [
        roc_auc_score(fresh[:, 0] * fresh[:, 1] > 0, made.fit(X, label).predict_proba(fresh)[:, 1])
        for made in (NetworkClassifier(**settings), LogisticRegression())
    ]
    assert scores[0] > 0.95
    assert scores[1] < 0.6


def test_members_spread_and_the_answer_is_their_mean() -> None:
    model = NetworkRegressor(**SMALL).fit(X, np.column_stack([Y, 1e3 * Y + 7]))
    each = model.predict_members(X)
    mean, spread = model.predict(X, return_std=True)
    assert each.shape == (3, 300, 2)
    np.testing.assert_allclose(mean, each.mean(axis=0))
    np.testing.assert_allclose(spread, each.std(axis=0, ddof=1))
    assert spread.min() > 0
    assert model.history_["train"].shape == (1, 12)
    assert 1 <= model.epoch_[0] <= 12
    assert not model.failed_.any()


def test_three_classes_have_probabilities_of_each_member() -> None:
    label = np.array(["a", "b", "c"])[np.digitize(Y, [-0.5, 0.5])]
    model = NetworkClassifier(learning_rate=0.01, **SMALL).fit(X, label)
    assert model.predict_members(X).shape == (3, 300, 3)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert (model.predict(X) == label).mean() > 0.6


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_order_rows_as_probabilities_do(n_classes) -> None:
    label = np.digitize(Y, [-0.5, 0.5]).clip(max=n_classes - 1)
    model = NetworkClassifier(**SMALL).fit(X, label)
    score, share = model.decision_function(X), model.predict_proba(X)
    if n_classes == 2:
        np.testing.assert_allclose(1 / (1 + np.exp(-score)), share[:, 1], rtol=1e-9)
    else:
        np.testing.assert_allclose(np.exp(score), share, rtol=1e-9)


def test_a_law_is_learnt_for_each_row() -> None:
    model = NetworkRegressor("gaussian", **SMALL).fit(X, Y)
    law = model.predict_dist(X)
    np.testing.assert_allclose(law.mean, model.predict(X), rtol=1e-9)
    assert law.std.shape == (300,)


def test_the_same_seed_gives_the_same_bits_and_torch_is_left_alone() -> None:
    before = torch.get_num_threads(), torch.get_rng_state()
    first = NetworkRegressor(**SMALL).fit(X, Y).predict(X)
    torch.manual_seed(3)
    np.testing.assert_array_equal(NetworkRegressor(**SMALL).fit(X, Y).predict(X), first)
    assert np.abs(NetworkRegressor(random_state=1, **SMALL).fit(X, Y).predict(X) - first).max() > 1e-4
    torch.set_rng_state(before[1])
    assert torch.get_num_threads() == before[0]


def test_a_weight_of_two_is_two_copies() -> None:
    w = RNG.integers(1, 3, len(X))
    rows = np.repeat(np.arange(len(X)), w)
    weighted = NetworkRegressor(**SMALL).fit(X, Y, w)
    copied = NetworkRegressor(**SMALL).fit(X[rows], Y[rows])
    np.testing.assert_allclose(weighted.predict(X), copied.predict(X), rtol=0, atol=1e-8)


def test_without_torch_it_predicts_and_a_fit_names_the_extra(monkeypatch) -> None:
    model = NetworkRegressor(**SMALL).fit(X, Y)
    expected = model.predict(X)
    monkeypatch.setitem(sys.modules, "torch", None)
    np.testing.assert_array_equal(model.predict(X), expected)
    with pytest.raises(MissingExtraError, match=r"pip install 'fivesigma\[neural\]'"):
        NetworkRegressor(**SMALL).fit(X, Y)


def test_a_loss_that_diverges_is_an_error() -> None:
    with pytest.raises(FitError, match="left the finite numbers"):
        NetworkRegressor(**SMALL | {"learning_rate": 1e3, "weight_decay": 1e6}).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 10**6}, "batch_size is 1000000, but .* rows are fitted to"),
        ({"width": 0}, "width is 0"),
        ({"n_blocks": 2.5}, "n_blocks is 2.5"),
        ({"learning_rate": [0.1, 0.2]}, "learning_rate has 2 entries"),
        ({"device": "cuda"}, "'cuda' is a device"),
        ({"loss": "mape"}, "'mape' is not a loss"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_refused(settings, message) -> None:
    if settings.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is such a device here")
    with pytest.raises(InputError, match=message):
        NetworkRegressor(**SMALL | settings).fit(X, Y)


def test_columns_that_are_missing_or_targets_of_another_length_are_refused() -> None:
    gaps = X.copy()
    gaps[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        NetworkRegressor(**SMALL).fit(gaps, Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        NetworkRegressor(**SMALL).fit(X, Y[:-1])


def test_every_part_of_the_parameters_is_a_view_and_none_is_left_over() -> None:
    theta = np.zeros(SHAPE.n_parameters)
    for part in SHAPE.parts(theta).values():
        part += 1
    np.testing.assert_array_equal(theta, 1.0)
    assert replace(SHAPE, n_blocks=1).n_parameters < SHAPE.n_parameters
