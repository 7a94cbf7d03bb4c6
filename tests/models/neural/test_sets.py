"""Networks of sets: pairs as the paper has them, no say of order and absent members, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError
from fivesigma._core.kinematics import FourVector
from fivesigma.features.members import Members, members_of
from fivesigma.models.neural import SetClassifier, SetRegressor
from fivesigma.models.neural.members import pair_features

torch = pytest.importorskip("torch", reason="torch is absent: pip install 'fivesigma[neural]'")

RNG = np.random.default_rng(11)
N, K = 300, 4
JETS = np.stack(
    [
        RNG.uniform(20, 100, (N, K)),
        RNG.normal(size=(N, K)),
        RNG.uniform(-np.pi, np.pi, (N, K)),
        RNG.uniform(0, 10, (N, K)),
    ],
    axis=-1,
)
JETS[RNG.random((N, K)) < 0.2] = np.nan
JETS[np.isnan(JETS).all(axis=(1, 2)), 0] = 1.0
THERE = ~np.isnan(JETS).all(axis=2)
NUMBER, SUM = THERE.sum(axis=1), np.nansum(JETS[..., 0], axis=1)
HARD = (np.median(SUM) < SUM).astype(int)
SMALL = {"width": 8, "n_layers": 1, "n_heads": 2, "epochs": 25, "learning_rate": 0.01}
MOMENTUM = (0, 1, 2, 3)
FIT, HELD = slice(0, 220), slice(220, None)


def cartesian(jets):
    pt, eta, phi, mass = np.moveaxis(jets, -1, 0)
    v = FourVector.polar(pt.ravel(), eta.ravel(), phi.ravel(), mass=mass.ravel())
    return np.stack([each.reshape(pt.shape) for each in (v.px, v.py, v.pz, v.energy)], axis=-1)


def test_pairs_are_those_of_the_paper_by_the_four_vectors_of_the_library() -> None:
    found = np.exp(pair_features(JETS[:, :2]))[:, 0, 1]
    known = THERE[:, :2].all(axis=1)
    a, b = (FourVector.polar(*JETS[known, i, :3].T, mass=JETS[known, i, 3]) for i in (0, 1))
    delta = np.hypot(a.rapidity - b.rapidity, a.deltaphi(b))
    least = np.minimum(a.pt, b.pt)
    np.testing.assert_allclose(found[known, 0], delta, rtol=1e-9)
    np.testing.assert_allclose(found[known, 1], least * delta, rtol=1e-9)
    np.testing.assert_allclose(found[known, 2], least / (a.pt + b.pt), rtol=1e-9)
    np.testing.assert_allclose(found[known, 3], (a + b).mass ** 2, rtol=1e-6)


def test_both_forms_of_a_momentum_have_the_same_pairs() -> None:
    off = ~np.eye(K, dtype=bool)
    polar, plain = pair_features(JETS), pair_features(cartesian(JETS), cartesian=True)
    np.testing.assert_allclose(polar[:, off], plain[:, off], rtol=1e-6, atol=1e-9)


def test_turns_and_boosts_along_the_beam_change_no_pair() -> None:
    moved = JETS + np.array([0.0, 0.7, 1.9, 0.0])
    moved[..., 3] = 0.0
    still = JETS * np.array([1.0, 1.0, 1.0, 0.0])
    off = ~np.eye(K, dtype=bool)
    np.testing.assert_allclose(pair_features(moved)[:, off], pair_features(still)[:, off], rtol=0, atol=1e-7)


@pytest.mark.parametrize("momentum", [(), MOMENTUM])
def test_order_and_absent_members_change_no_answer(momentum) -> None:
    model = SetRegressor(**SMALL, momentum=momentum).fit(JETS[FIT], SUM[FIT])
    plain = model.predict(JETS[HELD])
    np.testing.assert_allclose(
        model.predict(JETS[HELD][:, [2, 0, 3, 1]]), plain, rtol=0, atol=1e-9 * SUM.std()
    )
    assert np.corrcoef(plain, SUM[HELD])[0, 1] > 0.8
    alone = [model.predict(JETS[HELD][i : i + 1])[0] for i in range(3)]
    np.testing.assert_allclose(alone, plain[:3], rtol=1e-12)


def test_pairs_show_what_features_alone_hide() -> None:
    pairs = np.where(np.isnan(pair_features(JETS)[..., 3]), -np.inf, pair_features(JETS)[..., 3])
    heavy = pairs[:, ~np.eye(K, dtype=bool)].max(axis=1)
    known = np.isfinite(heavy)
    X, y = JETS[known], heavy[known]
    scores = {}
    for momentum in ((), MOMENTUM):
        model = SetRegressor(**SMALL, momentum=momentum).fit(X[:200], y[:200])
        scores[momentum] = np.corrcoef(model.predict(X[200:]), y[200:])[0, 1]
    assert scores[MOMENTUM] > scores[()]


def test_weight_k_is_k_copies_to_the_last_bit() -> None:
    w = RNG.integers(0, 4, N)
    rows = np.repeat(np.arange(N), w)
    weighted = SetClassifier(**SMALL, momentum=MOMENTUM).fit(JETS, HARD, w.astype(float))
    copied = SetClassifier(**SMALL, momentum=MOMENTUM).fit(JETS[rows], HARD[rows])
    np.testing.assert_array_equal(weighted.predict_proba(JETS), copied.predict_proba(JETS))


def test_the_unit_of_energies_has_no_say() -> None:
    scale = np.array([2.0**10, 1.0, 1.0, 2.0**10])
    plain = SetClassifier(**SMALL, momentum=MOMENTUM).fit(JETS[FIT], HARD[FIT]).predict_proba(JETS[HELD])
    told = SetClassifier(**SMALL, momentum=MOMENTUM).fit(scale * JETS[FIT], HARD[FIT])
    np.testing.assert_allclose(told.predict_proba(scale * JETS[HELD]), plain, rtol=0, atol=1e-6)


def test_columns_of_a_table_are_members() -> None:
    table = JETS.reshape(N, -1)
    columns = np.arange(4 * K).reshape(K, 4).tolist()
    sets = SetClassifier(**SMALL, momentum=MOMENTUM).fit(JETS, HARD).predict_proba(JETS)
    made = SetClassifier(**SMALL, members=columns, momentum=MOMENTUM).fit(table, HARD)
    np.testing.assert_array_equal(made.predict_proba(table), sets)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_heads": 3}, "width is 8; expected a multiple of the 3 heads"),
        ({"momentum": (0, 1)}, "expected the places of four features"),
        ({"momentum": (0, 1, 2, 9)}, "a member has 4 features; expected places from 0 to 3"),
        ({"members": [[0], [1, 2]]}, "members have different numbers of columns"),
        ({"members": [[0], [1]]}, "expected a table"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_one_sentence(settings, said) -> None:
    with pytest.raises(InputError, match=said):
        SetRegressor(**SMALL | settings).fit(JETS, SUM)


def test_a_set_without_members_is_refused() -> None:
    X = JETS.copy()
    X[3] = np.nan
    with pytest.raises(InputError, match=r"1 of 300 sets have no member \(first in row 3\); drop them"):
        SetRegressor(**SMALL).fit(X, SUM)


# --- in a study ----------------------------------------------------------------------------------------------------

QUICK = {"split": {"folds": 2}, "evaluate": {"bootstrap": 100, "refits": 2}}
PARAMS = {"width": 8, "n_layers": 1, "n_heads": 2, "epochs": 3}


def test_a_study_takes_sets_and_tables_whose_members_are_named(tmp_path) -> None:
    mask = THERE
    sets = fs.Dataset.from_arrays(np.nan_to_num(JETS), HARD, mask=mask, names=["pt", "eta", "phi", "mass"])
    momentum = {"momentum": ["pt", "eta", "phi", "mass"]}
    study = fs.Study(sets, models=[{"kind": "set", "params": PARAMS}], features=momentum, **QUICK)
    result = study.run(tmp_path / "sets", progress=False)
    assert result.results.model("set").status == "ok"
    names = [f"{j}_{name}" for j in "abcd" for name in ("pt", "eta", "phi", "mass")]
    table = fs.Dataset.from_arrays(JETS.reshape(N, -1), HARD, names=names)
    members = {j: [f"{j}_{name}" for name in ("pt", "eta", "phi", "mass")] for j in "abcd"}
    features = {"members": members, "momentum": members["a"]}
    again = fs.Study(table, models=[{"kind": "set", "params": PARAMS}], features=features, **QUICK)
    kept = again.run(tmp_path / "table", progress=False)
    assert kept.results.model("set").status == "ok"
    assert kept.best.predict(JETS.reshape(N, -1)[:3]).shape[0] == 3


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({}, "'set' takes sets, and an event is a row of a table; name the columns of its members"),
        ({"members": {"a": ["x0"], "b": ["x1", "x2"]}}, "expected as many of each, in one order"),
        ({"members": {"a": ["x0"], "b": ["y"]}}, "features.members names 'y', which is no feature here"),
        ({"momentum": ["pt", "eta", "phi", "mass"]}, "momentum is of the members of a set"),
        (
            {"members": {"a": ["x0"]}, "missing": "impute"},
            "'impute' fills members that are absent; remove it",
        ),
        (
            {"members": {"a": ["x0"]}, "reduce": {"kind": "pca", "n": 2}},
            "reduce leaves other columns; remove it",
        ),
        (
            {"members": {"a": ["x0", "x1"], "b": ["x2", "x3"]}, "momentum": ["x0", "x1"]},
            "are no components of a four-vector",
        ),
    ],
    ids=str,
)
def test_members_that_cannot_be_are_one_sentence(features, said) -> None:
    data = fs.Dataset.from_arrays(np.nan_to_num(JETS).reshape(N, -1), HARD)
    with pytest.raises(fs.InputError, match=said):
        fs.Study(data, models=["set"], features=features).check()


def test_an_angle_of_a_member_stays_where_its_member_has_it() -> None:
    from fivesigma.study.fit.saved import seen_angles

    angles = {"x2": np.pi}
    assert seen_angles("logistic", "classification", angles, ["x2"]) == angles
    assert seen_angles("set", "classification", angles, ["x2"]) == {}


def test_members_are_of_tables_and_a_momentum_of_four() -> None:
    assert members_of(["px", "py", "pz", "E", "b"], {}, ["px", "py", "pz", "E"]) == Members(
        (), (0, 1, 2, 3), True
    )
    with pytest.raises(InputError, match="expected pt, eta, phi and mass, or px, py, pz and energy"):
        members_of(["pt", "eta", "phi"], {}, ["pt", "eta", "phi"])
    images = fs.Dataset.from_arrays(np.zeros((N, 1, 4, 4)) + np.arange(N)[:, None, None, None], HARD)
    with pytest.raises(
        fs.InputError, match="members are columns of a table, and an event is of kind 'image'"
    ):
        fs.Study(images, models=["cnn"], features={"members": {"a": ["x0"]}}).check()
