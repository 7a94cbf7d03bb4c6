"""Members stacked in PyTorch against the compiled kernel, and against modules and optimisers of PyTorch's own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.models.neural import MLPClassifier, MLPRegressor
from fivesigma.models.neural.fused import ACTIVATIONS, Fused
from fivesigma.models.neural.kernel import shuffle
from fivesigma.models.neural.losses import REGRESSION, classification_loss, regression_loss
from fivesigma.models.neural.member import Course, Layers, Member, Optimiser, Rows
from fivesigma.models.neural.stacked import Stacked
from fivesigma.models.neural.steps import LONGEST, SHORTEST

torch = pytest.importorskip("torch", reason="torch is absent: pip install 'fivesigma[neural]'")

RNG = np.random.default_rng(6)
N, P = 64, 3
X = RNG.normal(size=(N, P))
W = RNG.uniform(0.5, 1.5, N)  # no two sums of slopes cancel, so that Rprop's signs are the same
NUMBERS = np.column_stack([np.sin(2 * X[:, 0]), X[:, 1] ** 2]) + RNG.normal(size=(N, 2))
CODES = RNG.integers(0, 3, (N, 1)).astype(float)  # nothing to be learnt for certain: no slope fades away
TWO = (CODES > 0).astype(float)
LOSSES = {
    **{name: (regression_loss(name), NUMBERS, 2) for name in REGRESSION},
    "binary": (classification_loss("cross-entropy", 2), TWO, 1),
    "softmax": (classification_loss("cross-entropy", 3), CODES, 3),
    "hinge": (classification_loss("hinge", 2), TWO, 1),
    "hinge of three": (classification_loss("hinge", 3), CODES, 3),
}
STEPS = {
    "sgd": Optimiser("sgd", 0.02),
    "nesterov": Optimiser("sgd", 0.01, momentum=0.9, nesterov=True, weight_decay=0.01, clip=0.5),
    "rprop": Optimiser("rprop", 0.0001, weight_decay=0.01),
    "adagrad": Optimiser("adagrad", 0.01, weight_decay=0.01, schedule="step"),
    "adam": Optimiser("adam", 0.002, momentum=0.9, weight_decay=0.01, schedule="cosine"),
    "adamw": Optimiser("adamw", 0.002, momentum=0.8, weight_decay=0.1, clip=2.0),
}


def _member(loss: str = "mse", seed: int = 1, hidden=(5, 3), activation="tanh", **settings) -> Member:
    found, _, k = LOSSES[loss]
    how = {"optimiser": STEPS["adam"], "batch_size": 32, "epochs": 25, "patience": 0}
    layers = Layers((P, *hidden, found.n_outputs(k)))
    return Member(layers=layers, activation=activation, loss=found, seed=seed, **how | settings)


def _rows(loss: str = "mse", dtype=np.float64) -> Rows:
    return Rows(X.astype(dtype), LOSSES[loss][1].astype(dtype), (W / W.mean()).astype(dtype))


def _held(rows: Rows, n: int = 20) -> Rows:
    return Rows(rows.X[:n], rows.T[:n], rows.w[:n])


def _trained(engine, members, rows: Rows, held=None, stops=()) -> list[Course]:
    courses = [Course.begun(member, rows.X.dtype) for member in members]
    made = engine(rows, held)
    for until in (*stops, max(member.epochs for member in members)):
        made.advance(members, courses, until)
    return courses


def _same(one: Course, other: Course) -> None:
    for name in ("state", "best", "told", "curve", "done", "ended"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("loss", LOSSES)
def test_fifty_steps_are_those_of_the_kernel(loss, steps, dtype) -> None:
    allowed = 1e-12 if dtype == np.float64 else 1e-5
    rows = _rows(loss, dtype)
    many = {"batch_size": N, "epochs": 50} if steps == "rprop" else {}
    for activation in ACTIVATIONS:
        members = [_member(loss, s, activation=activation, optimiser=STEPS[steps], **many) for s in (1, 2)]
        both = [_trained(engine, members, rows, _held(rows)) for engine in (Fused, Stacked)]
        for one, other in zip(*both, strict=True):
            for name in ("state", "best", "told", "curve"):
                np.testing.assert_allclose(
                    getattr(one, name), getattr(other, name), rtol=allowed, atol=allowed, err_msg=name
                )


@pytest.mark.parametrize("steps", STEPS)
def test_after_a_hundred_epochs_the_losses_on_rows_held_out_agree(steps) -> None:
    rows = _rows(dtype=np.float32)
    members = [_member(seed=s, epochs=100, activation="relu", optimiser=STEPS[steps]) for s in (1, 2)]
    both = [_trained(engine, members, rows, _held(rows)) for engine in (Fused, Stacked)]
    for one, other in zip(*both, strict=True):
        assert one.curve[1, -1] == pytest.approx(other.curve[1, -1], rel=1e-3)


def _own(how: Optimiser, parameters):
    """Return PyTorch's own optimiser."""
    one = {"lr": how.learning_rate, "weight_decay": how.weight_decay}
    return {
        "sgd": lambda: torch.optim.SGD(parameters, momentum=how.momentum, nesterov=how.nesterov, **one),
        "rprop": lambda: torch.optim.Rprop(parameters, lr=how.learning_rate, step_sizes=(SHORTEST, LONGEST)),
        "adagrad": lambda: torch.optim.Adagrad(parameters, **one),
        "adam": lambda: torch.optim.Adam(parameters, betas=(how.momentum, 0.999), **one),
        "adamw": lambda: torch.optim.AdamW(parameters, betas=(how.momentum, 0.999), **one),
    }[how.name]()


def _plain_loop(member: Member, rows: Rows):
    """A module, an optimiser and a loop as in PyTorch's tutorial, with the same first parameters and batches."""
    first, last = torch.nn.Linear(P, 5), torch.nn.Linear(5, 2)
    module = torch.nn.Sequential(first, torch.nn.Tanh(), last).to(torch.float64)
    with torch.no_grad():
        for layer, (A, b) in zip(
            (first, last), member.layers.views(member.layers.drawn(member.seed)), strict=True
        ):
            layer.weight.copy_(torch.tensor(A))
            layer.bias.copy_(torch.tensor(b))
    own, order = _own(member.optimiser, module.parameters()), np.empty(N, dtype=np.int64)
    for epoch in range(member.epochs):
        shuffle(member.seed, epoch, order)
        for start in range(0, N, member.batch_size):
            at = order[start : start + member.batch_size]
            own.zero_grad()
            r = module(torch.tensor(rows.X[at])) - torch.tensor(rows.T[at])
            (r.square().mean(1) * torch.tensor(rows.w[at])).mean().backward()
            if member.optimiser.clip:
                torch.nn.utils.clip_grad_norm_(module.parameters(), member.optimiser.clip)
            own.step()
    return torch.cat([each.detach().reshape(-1) for each in module.parameters()]).numpy()


PLAIN = {
    "sgd": Optimiser("sgd", 0.02, momentum=0.9, weight_decay=0.01),
    "nesterov": STEPS["nesterov"],
    "rprop": Optimiser("rprop", 0.003),
    "adagrad": Optimiser("adagrad", 0.03, weight_decay=0.01),
    "adam": Optimiser("adam", 0.01, momentum=0.9, weight_decay=0.01),
    "adamw": STEPS["adamw"],
}


@pytest.mark.parametrize("steps", PLAIN)
def test_a_stack_is_modules_that_pytorch_trained_one_by_one(steps) -> None:
    rows = _rows()
    members = [_member(seed=s, hidden=(5,), optimiser=PLAIN[steps], batch_size=24) for s in (1, 2, 3)]
    for member, course in zip(members, _trained(Stacked, members, rows), strict=True):
        np.testing.assert_allclose(course.state[0], _plain_loop(member, rows), rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_rows", [3, N])
def test_a_member_of_a_stack_is_the_member_alone(n_rows) -> None:
    rows = _held(_rows(dtype=np.float64), n_rows)
    members = [
        _member(seed=s, optimiser=Optimiser("adam", rate, 0.9, clip=clip), patience=3)
        for s, rate, clip in ((1, 0.01, 0.0), (2, 0.3, 0.1), (3, 0.1, 0.0))
    ]
    together = _trained(Stacked, members, rows, _held(rows))
    for member, course in zip(members, together, strict=True):
        (alone,) = _trained(Stacked, [member], rows, _held(rows))
        assert (course.done, course.ended) == (alone.done, alone.ended)
        np.testing.assert_allclose(course.state, alone.state, rtol=0, atol=1e-12)


def test_members_of_several_shapes_are_stacks_of_their_own() -> None:
    members = [_member(seed=1), _member(seed=2, hidden=(4,)), _member(seed=3, epochs=9), _member("mae", 4)]
    rows = _rows()
    for one, other in zip(_trained(Stacked, members, rows), _trained(Fused, members, rows), strict=True):
        np.testing.assert_allclose(one.state, other.state, rtol=0, atol=1e-12)


def test_a_member_that_diverges_leaves_the_others_as_they_are() -> None:
    rows = _rows(dtype=np.float32)
    wild = _member(seed=1, optimiser=Optimiser("sgd", 1e6, clip=0.0), activation="relu")
    calm = [_member(seed=s, optimiser=Optimiser("sgd", 0.01), activation="relu") for s in (2, 3)]
    courses = _trained(Stacked, [calm[0], wild, calm[1]], rows, _held(rows))
    assert [course.failed for course in courses] == [False, True, False]
    assert courses[1].done < 25
    for course, other in zip(courses[::2], _trained(Fused, calm, rows, _held(rows)), strict=True):
        np.testing.assert_allclose(course.state[0], other.state[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("engine", [Fused, Stacked])
@pytest.mark.parametrize("stops", [(1, 7, 8), range(25)], ids=["some", "each"])
def test_where_a_training_pauses_does_not_matter(engine, stops) -> None:
    """Also where patience ends on the very epoch of a pause."""
    rows = _rows(dtype=np.float32)
    noise = np.random.default_rng(1).normal(size=(9, 2))  # nothing that could be learnt
    held = Rows(rows.X[:9], noise.astype(np.float32), rows.w[:9])
    members = [_member(seed=s, patience=3, optimiser=Optimiser("adam", 0.05, 0.9)) for s in (1, 2, 3)]
    whole = _trained(engine, members, rows, held)
    assert len({course.done for course in whole}) > 1
    for one, other in zip(_trained(engine, members, rows, held, stops), whole, strict=True):
        _same(one, other)


@pytest.mark.parametrize("steps", STEPS)
def test_each_engine_goes_on_with_the_courses_of_the_other(steps) -> None:
    members, rows = [_member(seed=s, optimiser=STEPS[steps]) for s in (1, 2)], _rows()
    whole = _trained(Fused, members, rows)
    for order in itertools.permutations((Fused, Stacked)):
        courses = [Course.begun(member, np.float64) for member in members]
        for engine, until in zip(order, (9, 25), strict=True):
            engine(rows, None).advance(members, courses, until)
        for one, other in zip(courses, whole, strict=True):
            np.testing.assert_allclose(one.state, other.state, rtol=0, atol=1e-11)


def test_batches_gathered_in_parts_are_the_same_batches(monkeypatch) -> None:
    members, rows = [_member(seed=s, batch_size=10) for s in (1, 2)], _rows()
    whole = _trained(Stacked, members, rows, _held(rows))
    monkeypatch.setattr("fivesigma.models.neural.stacked._MOST", 64)
    for one, other in zip(_trained(Stacked, members, rows, _held(rows)), whole, strict=True):
        np.testing.assert_array_equal(one.state, other.state)
        np.testing.assert_allclose(one.curve, other.curve, rtol=1e-14)


def test_torch_is_left_as_it_was() -> None:
    before = torch.get_num_threads(), torch.get_rng_state(), torch.is_grad_enabled()
    MLPRegressor((4,), epochs=3, engine="torch").fit(X, NUMBERS)
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert torch.is_grad_enabled() is before[2]


@pytest.mark.parametrize("n_members", [1, 3])
def test_an_ensemble_is_the_same_by_both_engines(n_members) -> None:
    settings = {"n_members": n_members, "epochs": 30, "patience": 4, "dtype": "float64", "random_state": 2}
    fused, stacked = (
        MLPRegressor((6,), engine=each, **settings).fit(X, NUMBERS, W) for each in ("fused", "torch")
    )
    np.testing.assert_array_equal(fused.epoch_, stacked.epoch_)
    np.testing.assert_allclose(fused.predict_members(X), stacked.predict_members(X), rtol=0, atol=1e-11)
    for part, curve in fused.history_.items():
        np.testing.assert_allclose(curve, stacked.history_[part], rtol=1e-11)


@pytest.mark.parametrize("loss", ["cross-entropy", "balanced", "hinge"])
def test_a_classifier_is_the_same_by_both_engines(loss) -> None:
    settings = {"loss": loss, "n_members": 2, "epochs": 20, "learning_rate": [0.01, 0.02], "dtype": "float64"}
    both = [MLPClassifier((6,), engine=each, **settings).fit(X, CODES[:, 0]) for each in ("fused", "torch")]
    np.testing.assert_allclose(*(each.predict_members(X) for each in both), rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["cuda", "tpu"])
def test_a_device_that_is_absent_is_refused_in_a_sentence(name) -> None:
    if name == "cuda" and torch.cuda.is_available():
        pytest.skip("there is such a device here")
    with pytest.raises(InputError, match=rf"{name}.*device.*cpu"):
        Stacked(_rows(), None, device=name)
