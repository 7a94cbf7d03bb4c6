"""Standard errors of linear laws: the textbook's, robust ones, the bootstrap's, in any unit of columns and weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from benchmarks.scenes import coefficients as scenes
from fivesigma.models.linear.errors import Law, correlation, errors, standard_errors


def least_squares(n=300, *, w=None, seed=0, blocks=None, spread=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) * [3.0, 0.5] + [10.0, 0.0]
    y = X @ [2.0, -1.0] + rng.normal(size=n) * (1 + spread * np.abs(X[:, 1]))
    A = np.column_stack([X, np.ones(n)])
    root = np.ones(n) if w is None else np.sqrt(w)
    theta = np.linalg.lstsq(root[:, None] * A, root * y, rcond=None)[0]
    return Law(A, y, A @ theta, w=w, blocks=blocks)


def found(law, seed=1):
    return standard_errors(law, np.random.default_rng(seed))


def test_classical_and_hc3_errors_are_the_textbooks():
    law = least_squares(spread=2.0)
    A, r = law.design, law.y - law.mean
    G = np.linalg.inv(A.T @ A)
    h = np.einsum("ij,jk,ik->i", A, G, A)
    errs = found(law)
    assert errors(errs.classical) == pytest.approx(np.sqrt(np.diag(G) * (r @ r) / (len(r) - 3)), rel=1e-9)
    hc3 = G @ (A.T * (r / (1 - h)) ** 2) @ A @ G
    assert errors(errs.robust) == pytest.approx(np.sqrt(np.diag(hc3)), rel=1e-9)
    assert errors(errs.bootstrap) == pytest.approx(errors(errs.robust), rel=0.12)
    assert np.diag(correlation(errs.bootstrap)) == pytest.approx(1.0)


def test_the_unit_of_the_weights_does_not_matter():
    w = np.random.default_rng(3).uniform(0.5, 2.0, 300)
    one, other = found(least_squares(w=w)), found(least_squares(w=1e6 * w))
    for name in ("classical", "robust", "bootstrap"):
        assert errors(getattr(one, name)) == pytest.approx(errors(getattr(other, name)), rel=1e-8)
    even = found(least_squares(w=np.full(300, 7.0)))
    assert errors(even.classical) == pytest.approx(errors(found(least_squares()).classical), rel=1e-9)


def test_errors_go_with_the_unit_of_a_column():
    law, change = least_squares(), np.diag([1e-20, 1e9, 1.0])
    scaled = found(Law(law.design @ change, law.y, law.mean))
    for name in ("classical", "robust", "bootstrap"):
        expected = errors(getattr(found(law), name)) / np.diag(change)
        assert errors(getattr(scaled, name)) == pytest.approx(expected, rel=1e-6)
    assert errors(found(law).through(np.linalg.inv(change)).classical) == pytest.approx(
        errors(scaled.classical), rel=1e-6
    )


def test_copies_of_events_in_blocks_tell_no_more_than_the_events():
    law = least_squares()
    thrice = Law(*(np.repeat(each, 3, axis=0) for each in (law.design, law.y, law.mean)))
    blocks = np.repeat(np.arange(300), 3)
    grouped = found(Law(thrice.design, thrice.y, thrice.mean, blocks=blocks))
    assert errors(grouped.robust) == pytest.approx(errors(found(law).robust), rel=0.02)
    assert errors(grouped.bootstrap) == pytest.approx(errors(found(law).robust), rel=0.12)
    assert errors(found(thrice).robust) == pytest.approx(errors(grouped.robust) / 3**0.5, rel=0.02)


@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_the_errors_of_other_laws_are_those_of_repeated_experiments(loss):
    rng, truth, fits, stated = np.random.default_rng(5), np.array([0.8, -0.3]), [], []
    for _ in range(300):
        A = np.column_stack([rng.normal(size=400), np.ones(400)])
        mean = special.expit(A @ truth) if loss == "logistic" else np.exp(A @ truth)
        y = (rng.random(400) < mean).astype(float) if loss == "logistic" else rng.poisson(mean).astype(float)
        theta = scenes.newton(A, y, loss)
        said = special.expit(A @ theta) if loss == "logistic" else np.exp(A @ theta)
        errs = found(Law(A, y, said, loss))
        fits.append(theta)
        stated.append([errors(errs.classical), errors(errs.robust), errors(errs.bootstrap)])
    spread = np.std(fits, axis=0)
    for each in np.mean(stated, axis=0):
        assert each == pytest.approx(spread, rel=0.15)


def test_columns_that_depend_on_each_other_have_no_errors():
    law = least_squares()
    twice = np.column_stack([law.design, law.design[:, 0]])
    assert found(Law(twice, law.y, law.mean)) is None
    assert found(Law(np.column_stack([law.design, np.zeros(300)]), law.y, law.mean)) is None
    few = Law(law.design[:3], law.y[:3], law.mean[:3])
    assert found(few) is None


def test_large_tables_take_their_step_with_the_curvature_of_the_fit(monkeypatch):
    law = least_squares()
    whole = found(law)
    monkeypatch.setattr("fivesigma.models.linear.errors.MOST_WORK", 0.0)
    assert errors(found(law).bootstrap) == pytest.approx(errors(whole.bootstrap), rel=0.1)


@pytest.mark.parametrize("name", list(scenes.SCENES))
def test_limits_on_coefficients_cover_in_small(name, tenth):
    found = scenes.in_small(name, tenth(1000))
    assert found >= 0.91


def test_blocks_are_left_out_as_by_hand_however_many_at_a_time(monkeypatch):
    blocks = np.r_[np.arange(100), np.repeat(np.arange(100, 150), 4)]
    law = least_squares(blocks=blocks)
    steps = []
    for block in np.unique(blocks):
        kept = blocks != block
        theta = np.linalg.lstsq(law.design[kept], law.y[kept], rcond=None)[0]
        steps.append(theta - np.linalg.lstsq(law.design, law.y, rcond=None)[0])
    by_hand = np.sqrt(np.sum(np.square(steps), axis=0))
    assert errors(found(law).robust) == pytest.approx(by_hand, rel=1e-4)
    monkeypatch.setattr("fivesigma.models.linear.errors.MOST_PRODUCTS", 100)
    assert errors(found(law).robust) == pytest.approx(by_hand, rel=1e-4)
