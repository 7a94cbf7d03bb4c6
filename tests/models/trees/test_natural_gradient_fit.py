"""Natural gradient boosting against a slow twin that tries every split by hand, and what its descent starts from."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.trees import NaturalGradientBoosting, Normal, PredictiveLaw, StudentT
from fivesigma.models.trees import boosting_rounds as rounds
from fivesigma.models.trees.binning import Bins
from fivesigma.models.trees.natural_gradient_fit import Likelihood, Told, ranked_score, residuals

TIE = 1.0 + 1e-9


def steps_by_hand(codes, rows, g, h, w, depth, least, shrink):
    """Return the steps of ``rows``: each split the best of all, to a depth."""
    own = top = g[rows].sum() ** 2 / (h[rows].sum() + shrink)
    found = None
    for f in range(codes.shape[1] if depth else 0):
        here = codes[rows, f]
        for first in (0, 1) if (here == 0).any() else (1,):
            for cut in range(first, codes[:, f].max() + 1):
                left = (here >= first) & (here <= cut)
                sides = [rows[left], rows[~left]]
                if left.all() or not left.any() or min(w[each].sum() for each in sides) < least:
                    continue
                quality = sum(g[each].sum() ** 2 / (h[each].sum() + shrink) for each in sides)
                if quality > top * TIE:
                    top, found = quality, sides
    if found is None or top <= own * TIE:
        return {tuple(rows): -g[rows].sum() / (h[rows].sum() + shrink)}
    left, right = (steps_by_hand(codes, each, g, h, w, depth - 1, least, shrink) for each in found)
    return left | right


def outputs_by_hand(law, codes, t, w, n_rounds, rate, shrinkage, even, **limits):
    """Return μ and log s (n, 2) of every row after some rounds."""
    mean = np.average(t, weights=w)
    theta = np.tile([mean, 0.5 * np.log(np.average((t - mean) ** 2, weights=w))], (len(t), 1))
    for _ in range(n_rounds):
        s = np.exp(theta[:, 1])
        of_mu, of_scale = law.slope((t - theta[:, 0]) / s)
        parts = [
            (w * of_mu * (1.0 if even else 1 / s), w * law.information[0] / (s if even else s**2)),
            (w * of_scale, w * law.information[1] * np.ones(len(t))),
        ]
        for q, (g, h) in enumerate(parts):
            shrink = shrinkage * h.sum() / w.sum()
            for rows, step in steps_by_hand(
                codes, np.arange(len(t)), g, h, w, shrink=shrink, **limits
            ).items():
                theta[list(rows), q] += rate * (np.clip(step, -1.0, 1.0) if q else step)
    return theta


@pytest.mark.parametrize("law", [Normal(), StudentT(5.0)], ids=["normal", "student"])
@pytest.mark.parametrize("block", range(3))
def test_trees_are_those_found_by_trying_every_split(law, block) -> None:
    for seed in range(12 * block, 12 * (block + 1)):
        rng = np.random.default_rng(seed)
        n, p = int(rng.integers(12, 60)), int(rng.integers(1, 4))
        X = rng.integers(0, rng.choice([4, 9, 40]), (n, p)).astype(float)
        X[rng.random(X.shape) < rng.choice([0.0, 0.2])] = np.nan
        X[0] = 0.0
        y = np.nan_to_num(X[:, 0]) + rng.normal(size=n) * rng.choice([0.02, 1.0, 10.0])
        w = [np.ones(n), rng.integers(1, 4, n).astype(float), rng.uniform(0.3, 3.0, n)][seed % 3]
        depth, least = int(rng.integers(1, 5)), float(rng.choice([0, 1, 4]))
        shrinkage, rate, even = float(rng.choice([0.0, 1.0])), float(rng.choice([0.1, 0.5])), bool(seed % 2)
        model = NaturalGradientBoosting(
            law,
            3,
            rate,
            depth,
            min_weight_leaf=least,
            shrinkage=shrinkage,
            location_weights="even" if even else None,
            calibrate=False,
        ).fit(X, y, w)
        assert model.location_weights_ == ("even" if even else "precision")
        codes = Bins.of(X, w, 254).codes(X).T.astype(int)
        expected = outputs_by_hand(
            law, codes, model._target.rounded(y), w, 3, rate, shrinkage, even, depth=depth, least=least
        )
        found = model._trees.added(X, np.tile(model._start, (n, 1)))
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7, err_msg=str(seed))


def test_a_step_of_the_logarithm_of_the_scale_is_at_most_one() -> None:
    X = np.repeat([[0.0], [1.0]], 40, axis=0)
    y = np.concatenate([np.zeros(40), 1e4 * np.random.default_rng(0).normal(size=40)])
    model = NaturalGradientBoosting(
        n_estimators=1, learning_rate=1.0, shrinkage=0.0, calibrate=False, max_depth=1
    )
    first = model.fit(np.vstack([X, X[:40]]), np.concatenate([y, np.zeros(40)]))._trees
    of_scale = np.concatenate(
        [
            first.value[a:b, 0]
            for a, b, k in zip(first.roots, first.roots[1:], first.outputs, strict=False)
            if k
        ]
    )
    assert np.abs(of_scale).max() <= 1.0
    # far too narrow a law, of which the natural step would be (z² - 1)/2
    far = Likelihood(Normal())
    raw, slope, curvature = np.array([[0.0] * 3, [-5.0] * 3]), np.empty((2, 3)), np.empty((1, 3))
    far.set_slopes(raw, np.ones(3), slope, curvature)
    assert -slope[1].mean() > 1.0 == far.longest(1)
    assert far.longest(0) == np.inf
    np.testing.assert_allclose(curvature[0], np.exp(10.0))


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("law", [Normal(), StudentT(4.0)], ids=["normal", "student"])
def test_slopes_over_curvatures_are_the_natural_gradient(law, even) -> None:
    rng = np.random.default_rng(0)
    raw, y = rng.normal(size=(2, 20)), rng.normal(size=20)
    slope, curvature = np.empty((2, 20)), np.empty((1, 20))
    Likelihood(law, even).set_slopes(raw, y, slope, curvature)
    s = np.exp(raw[1])
    np.testing.assert_allclose(curvature[0], 1 / s if even else 1 / s**2, rtol=1e-12)
    of_mu, of_scale = law.slope((y - raw[0]) / s)
    np.testing.assert_allclose(slope[0] / curvature[0], (of_mu / s) / (law.information[0] / s**2), rtol=1e-12)
    np.testing.assert_allclose(slope[1], of_scale / law.information[1], rtol=1e-12)
    np.testing.assert_allclose(residuals(y, raw.T), (y - raw[0]) / s, rtol=1e-12)


@pytest.mark.parametrize("law", [Normal(), StudentT(3.0)], ids=["normal", "student"])
def test_the_ranked_score_is_that_of_the_predictive_law(law) -> None:
    rng = np.random.default_rng(0)
    theta, t, w = rng.normal(size=(500, 2)), 3.0 * rng.normal(size=500), rng.uniform(0.5, 2.0, 500)
    told = np.average(PredictiveLaw(law, theta).crps(t), weights=w)
    assert ranked_score(law, t, theta, w) == pytest.approx(told, rel=1e-9)
    theta[0] = np.nan
    assert ranked_score(law, t, theta, w) == np.inf
    theta[0] = 0.0, 1e3
    assert ranked_score(law, t, theta, w) == np.inf


def test_the_folds_choose_weights_that_hold_what_the_noise_asks_for() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (1500, 3))
    truth = np.sin(3 * X[:, 0]) + X[:, 1]
    loud = truth + np.where(X[:, 2] > 0, 3.0, 0.01) * rng.normal(size=1500)
    quiet = np.exp(3 * truth) * (1.0 + 0.001 * rng.normal(size=1500))
    chosen = [NaturalGradientBoosting().fit(X, y).location_weights_ for y in (loud, quiet)]
    assert chosen == ["precision", "even"]
    asked = NaturalGradientBoosting(location_weights="even").fit(X, loud)
    assert asked.location_weights_ == "even"


def test_copies_of_events_begin_where_their_weights_do_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        t, w = np.round(rng.normal(size=500) * 2.0**36) / 2.0**36, rng.integers(1, 9, 500)
        law = Likelihood(Normal())
        copies = np.repeat(t, w)
        np.testing.assert_array_equal(law.start(t, w.astype(float)), law.start(copies, np.ones(len(copies))))


class Laplacian(Normal):
    """A law of a user's own, which may not be asked by two threads at once."""


@pytest.mark.parametrize("law", ["normal", "student-t", Laplacian()], ids=["normal", "student", "own"])
@pytest.mark.parametrize("weighted", [False, True])
def test_trees_have_the_same_bytes_in_any_number_of_threads(monkeypatch, law, weighted) -> None:
    monkeypatch.setattr(rounds, "_LEAST", 1)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9000, 4))
    X[rng.random(X.shape) < 0.05] = np.nan
    y = np.nan_to_num(X[:, 0]) + rng.normal(size=9000) * (1.0 + np.isnan(X[:, 1]))
    w = rng.uniform(0.5, 2.0, 9000) if weighted else None
    found = []
    for n_jobs in (1, 2):
        model = NaturalGradientBoosting(law, 8, calibrate=False, n_jobs=n_jobs).fit(X, y, w)
        found.append(b"".join(each.tobytes() for each in (model._start, *model._trees.tree)))
    assert found[0] == found[1]


def test_who_asked_is_told_of_each_round() -> None:
    seen = []
    tell = Told(lambda done, total: seen.append((done, total)), 3)
    for _ in range(3):
        tell()
    assert seen == [(1, 3), (2, 3), (3, 3)]
    Told(None, 1)()
