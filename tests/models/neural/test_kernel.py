"""The compiled arithmetic of networks against a twin in plain NumPy, and against differences."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.neural import arithmetic, kernel
from fivesigma.models.neural.fused import ACTIVATIONS, OPTIMISERS, Fused, outputs
from fivesigma.models.neural.losses import classification_loss, regression_loss
from fivesigma.models.neural.member import Course, Layers, Member, Optimiser, Rows
from tests.models.neural import twin

RNG = np.random.default_rng(0)
N, P = 40, 3
X = RNG.normal(size=(N, P))
TARGETS = np.column_stack([np.sin(X[:, 0]), X[:, 1] ** 2])
CODES = np.digitize(X[:, :1], [-0.5, 0.5]).astype(float)
W = RNG.integers(1, 4, N).astype(float)
LOSSES = {
    "mse": (regression_loss("mse"), TARGETS),
    "mae": (regression_loss("mae"), TARGETS),
    "huber": (regression_loss("huber", 0.7), TARGETS),
    "quantile": (regression_loss("quantile", 0.2), TARGETS),
    "gaussian": (regression_loss("gaussian"), TARGETS),
    "mixture": (regression_loss("mixture", 2), TARGETS),
    "binary": (classification_loss("cross-entropy", 2), (CODES > 0).astype(float)),
    "softmax": (classification_loss("cross-entropy", 3), CODES),
    "hinge": (classification_loss("hinge", 2), (CODES > 0).astype(float)),
    "hinge of three": (classification_loss("hinge", 3), CODES),
}
N_SCORES = {"binary": 1, "softmax": 3, "hinge": 1, "hinge of three": 3}


def _member(loss: str = "mse", hidden=(5,), activation="tanh", **settings) -> Member:
    found, t = LOSSES[loss]
    layers = Layers((P, *hidden, found.n_outputs(N_SCORES.get(loss, t.shape[1]))))
    how = {"optimiser": Optimiser("sgd", 0.05), "batch_size": N, "epochs": 1, "patience": 0, "seed": 3}
    return Member(layers=layers, activation=activation, loss=found, **how | settings)


def _rows(loss: str = "mse", dtype=np.float64) -> Rows:
    return Rows(X.astype(dtype), LOSSES[loss][1].astype(dtype), (W / W.mean()).astype(dtype))


def _twin_loss(member: Member, rows: Rows, at, theta) -> float:
    o = twin.outputs(member.layers, theta, member.activation, rows.X[at])
    return float(
        (rows.w[at] * twin.loss(member.loss.name, member.loss.setting, o, rows.T[at])).sum() / len(at)
    )


def _trained_by_twin(member: Member, rows: Rows):
    how = member.optimiser
    steps = twin.Steps(how.name, 0, how.momentum, how.nesterov, how.weight_decay, how.clip)
    theta, order = member.layers.drawn(member.seed), np.arange(N)
    for epoch in range(member.epochs):
        steps.rate = how.rates(member.epochs)[epoch]
        if member.batch_size < N:
            kernel.shuffle(member.seed, epoch, order)
        for start in range(0, N, member.batch_size):
            at = order[start : start + member.batch_size]
            theta = steps(theta, twin.slope(lambda v, at=at: _twin_loss(member, rows, at, v), theta))
    return theta


def _trained(member: Member, rows: Rows, held=None, dtype=np.float64) -> Course:
    course = Course.begun(member, dtype)
    Fused(rows, held).advance([member], [course], member.epochs)
    return course


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_one_step_goes_down_the_slope_of_the_twin(loss, activation) -> None:
    member, rows = _member(loss, activation=activation), _rows(loss)
    np.testing.assert_allclose(
        _trained(member, rows).state[0], _trained_by_twin(member, rows), rtol=0, atol=2e-9
    )


@pytest.mark.parametrize("hidden", [(), (4, 6), (70, 70)], ids=str)
def test_any_number_of_layers_and_wide_ones_go_down_the_slope(hidden) -> None:
    member, rows = _member(hidden=hidden), _rows()
    slope = (member.layers.drawn(3) - _trained(member, rows).state[0]) / 0.05
    theta, some = member.layers.drawn(3), np.arange(0, member.layers.n_parameters, 61)
    for i in some:
        step = np.zeros_like(theta)
        step[i] = 1e-6
        ahead, behind = (_twin_loss(member, rows, np.arange(N), theta + sign * step) for sign in (1, -1))
        assert slope[i] == pytest.approx((ahead - behind) / 2e-6, abs=1e-8)


STEPS = {
    "sgd": Optimiser("sgd", 0.05),
    "momentum": Optimiser("sgd", 0.05, momentum=0.9, weight_decay=0.01),
    "nesterov": Optimiser("sgd", 0.05, momentum=0.9, nesterov=True),
    "clipped": Optimiser("sgd", 0.05, clip=0.1),
    "rprop": Optimiser("rprop", 0.01),
    "adagrad": Optimiser("adagrad", 0.05, weight_decay=0.01),
    "adam": Optimiser("adam", 0.01, momentum=0.9, weight_decay=0.01),
    "adamw": Optimiser("adamw", 0.01, momentum=0.8, weight_decay=0.1),
    "cosine": Optimiser("adam", 0.01, momentum=0.9, schedule="cosine"),
}


@pytest.mark.parametrize("name", STEPS)
def test_fifty_steps_of_an_optimiser_are_those_of_the_twin(name) -> None:
    """The slopes of the twin are differences: what is compared is what the optimiser makes of them."""
    batch = N if name == "rprop" else 16
    member = _member(optimiser=STEPS[name], batch_size=batch, epochs=17 if batch < N else 50, hidden=(3,))
    rows = _rows()
    allowed = 2e-6 if name in ("adam", "adamw", "cosine", "adagrad") else 1e-7
    np.testing.assert_allclose(
        _trained(member, rows).state[0], _trained_by_twin(member, rows), rtol=0, atol=allowed
    )


def test_every_optimiser_has_a_twin() -> None:
    assert {how.name for how in STEPS.values()} == set(OPTIMISERS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_precisions_agree(activation) -> None:
    both = [
        outputs(np.array([P, 5, 2]), activation, Layers((P, 5, 2)).drawn(1).astype(dtype), X.astype(dtype))
        for dtype in (np.float32, np.float64)
    ]
    np.testing.assert_allclose(both[0], both[1], rtol=0, atol=1e-6)


def test_outputs_are_those_of_the_twin_for_more_rows_than_a_block() -> None:
    many = RNG.normal(size=(700, P))
    layers = Layers((P, 6, 4, 2))
    theta = layers.drawn(2)
    expected = twin.outputs(layers, theta, "silu", many)
    np.testing.assert_allclose(outputs(np.array(layers.sizes), "silu", theta, many), expected, atol=1e-13)


@pytest.mark.parametrize("factor", [1.0, -2.0])
def test_exponentials_are_exact_to_two_roundings(factor) -> None:
    x = np.linspace(-40, 40, 10001).astype(np.float32)
    out = np.empty_like(x)
    arithmetic.exponentials(factor, x, out)
    exact = np.exp(np.float64(factor) * x)
    inside = (exact > 1e-37) & (exact < 1e37)
    # half a unit in the last place of an argument of 80 is 4e-6
    assert np.abs(out / exact - 1)[inside & (np.abs(x) < 1)].max() < 3e-7
    assert np.abs(out / exact - 1)[inside].max() < 1e-5


def test_a_shuffle_is_of_its_seed_and_epoch_and_every_place_is_alike() -> None:
    order = np.empty(6, dtype=np.int64)
    seen = np.zeros((6, 6))
    for epoch in range(6000):
        kernel.shuffle(5, epoch, order)
        assert epoch > 50 or sorted(order) == list(range(6))
        seen[np.arange(6), order] += 1
    assert ((seen - 1000) ** 2 / 1000).sum() < 25 + 5 * np.sqrt(50)  # χ² of 25 degrees
    again = np.empty(6, dtype=np.int64)
    kernel.shuffle(5, 5999, again)
    assert (again == order).all()
    kernel.shuffle(6, 5999, again)
    assert not (again == order).all()


def test_the_curve_is_the_loss_of_the_rows_held_out() -> None:
    member, rows = _member("gaussian", epochs=3, batch_size=16), _rows("gaussian")
    held = Rows(rows.X[:7], rows.T[:7], rows.w[:7])
    course = _trained(member, rows, held)
    o = twin.outputs(member.layers, course.state[0], "tanh", held.X)
    expected = np.average(twin.loss("gaussian", 0, o, held.T), weights=held.w)
    assert course.curve[1, 2] == pytest.approx(expected, rel=1e-12)
    assert np.isfinite(course.curve).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_course_goes_on_with_the_same_bits(dtype) -> None:
    member = _member(epochs=20, batch_size=16, patience=9, optimiser=Optimiser("adam", 0.02, 0.9))
    rows = _rows(dtype=dtype)
    held = Rows(rows.X[:9], rows.T[:9], rows.w[:9])
    whole = _trained(member, rows, held, dtype)
    parts = Course.begun(member, dtype)
    for until in (1, 7, 8, 20):
        Fused(rows, held).advance([member], [parts], until)
    for name in ("state", "best", "told", "curve", "done", "ended"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name), err_msg=name)


def test_patience_ends_a_training_and_keeps_its_best_epoch() -> None:
    member = _member(epochs=200, batch_size=8, patience=5, optimiser=Optimiser("sgd", 0.5))
    rows = _rows()
    held = Rows(rows.X[:9], RNG.normal(size=(9, 2)), rows.w[:9])  # nothing that could be learnt
    course = _trained(member, rows, held)
    best = int(np.nanargmin(course.curve[1]))
    assert (course.told[1], course.done, course.ended) == (best, best + 6, True)
    short = _trained(_member(epochs=best + 1, batch_size=8, optimiser=Optimiser("sgd", 0.5)), rows, held)
    np.testing.assert_array_equal(short.state[0], course.best)


def test_a_loss_without_bound_ends_the_member_alone() -> None:
    wild = _member(epochs=50, batch_size=8, optimiser=Optimiser("sgd", 1e6))
    calm = _member(epochs=50, batch_size=8)
    courses = [Course.begun(each, np.float32) for each in (wild, calm)]
    engine = Fused(_rows(dtype=np.float32), None, n_threads=2)
    for until in (1, 50):
        engine.advance([wild, calm], courses, until)
    assert [course.failed for course in courses] == [True, False]
    assert courses[0].done < 50
    assert courses[1].done == 50
