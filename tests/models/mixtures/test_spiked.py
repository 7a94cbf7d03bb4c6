"""The spiked mixture: its conditionals, exact answers, and the theory of what can be recovered."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from fivesigma._core.errors import InputError
from fivesigma.models.mixtures import spiked
from fivesigma.models.mixtures import spiked_kernels as kernels
from fivesigma.models.mixtures.labels import overlap
from fivesigma.models.mixtures.spiked import SpikedMixtureGibbs, SpikedModel
from fivesigma.models.mixtures.theory import blind_overlap, has_hard_phase, recovery, threshold
from fivesigma.sampling.diagnostics import mcse_mean
from fivesigma.simulate.mixtures import SpikedMixture

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_ratio_identity_in_a_thousand_states():
    rng = np.random.default_rng(0)
    worst = 0.0
    for case in range(1000):
        K = 2 + case % 3
        model = SpikedModel(1.5 * rng.standard_normal((8, 5)), K, np.array([0.5, 2.0, 7.0]))
        z, i = rng.integers(K, size=8), int(rng.integers(8))
        rho, other = rng.choice(model.rhos, 2)
        moved = z.copy()
        moved[i] = rng.integers(K)
        label = model.log_conditional_label(i, z, rho)
        errors = [label[moved[i]] - label[z[i]] - (model.log_joint(moved, rho) - model.log_joint(z, rho))]
        logs = model.log_conditional_rho(z)
        a, b = np.searchsorted(model.rhos, [rho, other])
        errors.append(logs[b] - logs[a] - (model.log_joint(z, other) - model.log_joint(z, rho)))
        U, W = rng.standard_normal((2, K, 5))
        errors.append(
            model.log_conditional_centres(z, rho, U)
            - model.log_conditional_centres(z, rho, W)
            - model.log_joint_centres(z, rho, U)
            + model.log_joint_centres(z, rho, W)
        )
        errors.append(
            model.log_joint_centres(z, rho, U)
            - model.log_conditional_centres(z, rho, U)
            - model.log_joint(z, rho)
        )
        worst = max(worst, *np.abs(errors))
    assert worst < 1e-9


def test_labels_are_drawn_not_maximised():
    rng = np.random.default_rng(1)
    for K in (2, 3, 5):
        scores = rng.standard_normal(K)
        p = np.exp(scores - logsumexp(scores))
        for u in rng.random(200):
            assert kernels.pick(scores.copy(), u) == np.searchsorted(np.cumsum(p)[:-1], u, side="right")


def test_a_sweep_keeps_its_sums():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((40, 10))
    G, labels = X @ X.T, rng.integers(3, size=40)
    counts, R, S = np.empty(3, dtype=np.int64), np.empty((3, 40)), np.empty(3)
    h, g = np.empty(42), np.empty(42)
    kernels.fill_tables(3.0, 10, h, g)
    kernels.fill_sums(G, labels, counts, R, S)
    changed = sum(
        kernels.sweep(G, rng.random(40), labels, counts, R, S, h, g, np.empty(3)) for _ in range(50)
    )
    assert changed > 100
    fresh = np.empty_like(counts), np.empty_like(R), np.empty_like(S)
    kernels.fill_sums(G, labels, *fresh)
    assert np.array_equal(fresh[0], counts)
    np.testing.assert_allclose(R, fresh[1], atol=1e-10)
    np.testing.assert_allclose(S, fresh[2], atol=1e-9)


def test_the_sweep_for_two_components_draws_the_same_labels():
    rng = np.random.default_rng(6)
    X = SpikedMixture(20, 2, 3.0).sample(60, rng)[0]
    G, h, g = X @ X.T, np.empty(62), np.empty(62)
    kernels.fill_tables(3.0, 20, h, g)
    slow, fast = ((np.empty(2, dtype=np.int64), np.empty((2, 60)), np.empty(2)) for _ in range(2))
    a = rng.integers(2, size=60)
    b = a.copy()
    kernels.fill_sums(G, a, *slow)
    kernels.fill_sums(G, b, *fast)
    room = np.full((4, 68), np.nan)
    room[0, :60], room[1, :60] = np.diag(G), slow[1].sum(axis=0)
    for _ in range(300):
        u = rng.random(60)
        kernels.sweep(G, u.copy(), a, *slow, h, g, np.empty(2))
        kernels.sweep_two(G, u.copy(), b, *fast, h, g, room)
        assert np.array_equal(a, b)
    np.testing.assert_allclose(fast[1], slow[1], atol=1e-9)
    np.testing.assert_allclose(fast[2], slow[2], atol=1e-8)
    assert np.array_equal(fast[0], slow[0])


@pytest.mark.parametrize("most", [spiked._MOST_EVENTS, 0], ids=["centres integrated out", "centres drawn"])
@pytest.mark.parametrize("rho", [3.0, (1.0, 4.0, 9.0)])
def test_against_every_labelling(rho, most, monkeypatch):
    monkeypatch.setattr(spiked, "_MOST_EVENTS", most)
    rng = np.random.default_rng(3)
    n, K = 7, 3
    X = SpikedMixture(4, K, 6.0).sample(n, rng)[0]
    n_sweeps = 20_000 if most else 8_000
    fitted = SpikedMixtureGibbs(K, rho, n_sweeps=n_sweeps, n_warmup=100, n_chains=2, random_state=0).fit(X)
    assert any("centres were drawn" in message for message in fitted.messages_) == (most == 0)
    model = SpikedModel(X, K, np.atleast_1d(rho).astype(float))
    labels = np.stack(np.meshgrid(*[np.arange(K)] * n, indexing="ij"), axis=-1).reshape(-1, n)
    logs = np.array([[model.log_joint(row, value) for value in model.rhos] for row in labels])
    p = np.exp(logs - logsumexp(logs))
    exact = sum(((labels == a) * p.sum(axis=1)[:, None]).T @ (labels == a).astype(float) for a in range(K))
    seen = fitted.draws_["labels"].reshape(2, -1, n)
    for i in range(n):
        for j in range(i):
            together = (seen[..., i] == seen[..., j]).astype(float)
            assert abs(together.mean() - exact[i, j]) < 4 * max(mcse_mean(together), 1e-4)
    rhos = fitted.draws_["rho"].reshape(2, -1)
    assert abs(rhos.mean() - p.sum(axis=0) @ model.rhos) < 4 * max(mcse_mean(rhos), 1e-9)
    expected = float((p * (logs + n * np.log(K) + np.log(len(model.rhos)))).sum())
    likelihood = fitted.draws_["log_likelihood"].reshape(2, -1)
    assert abs(likelihood.mean() - expected) < 4 * mcse_mean(likelihood)


def test_theory_at_known_points():
    assert recovery(3.0, 1.0).sample == pytest.approx(0.366, abs=5e-4)
    assert recovery(3.0, 1.0).best == pytest.approx(0.534, abs=5e-4)
    assert recovery(1.9, 1.0).best == 0.0
    assert recovery(200.0, 1.0).best > 0.999
    assert threshold(4.0) == 1.0
    assert has_hard_phase(1.0, 7)
    rising = [recovery(rho, 2.0).best for rho in np.arange(1.5, 6.0, 0.5)]
    assert np.all(np.diff(rising) > 0)
    for bad in ((1.0, 0.0), (-1.0, 1.0), (np.nan, 1.0)):
        with pytest.raises(InputError, match="expected alpha"):
            recovery(*bad)


def measured_overlaps(n, d, rho, n_sets, *, n_sweeps=150, n_warmup=150, start="random"):
    """Overlap of posterior draws, and of the best labels, with the truth of each data set: (n_sets, 2)."""
    found = []
    for number in range(n_sets):
        X, _, truth = SpikedMixture(d, 2, rho).sample(n, np.random.default_rng((7, number)))
        begin = truth if start == "informed" else "random"
        fitted = SpikedMixtureGibbs(
            2, rho, start=begin, n_sweeps=n_sweeps, n_warmup=n_warmup, n_chains=1, thin=5, random_state=number
        ).fit(X)
        draws = np.abs(2.0 * (fitted.draws_["labels"] == truth).mean(axis=1) - 1.0)
        found.append((draws.mean(), overlap(truth, fitted.labels_, 2)))
    return np.array(found)


@pytest.mark.parametrize(("n", "d", "rho"), [(600, 600, 4.0), (800, 400, 3.0)])
def test_recovery_meets_the_theory(n, d, rho):
    found = measured_overlaps(n, d, rho, 12)
    theory = recovery(rho, n / d)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert np.all(np.abs(found.mean(axis=0) - [theory.sample, theory.best]) < 3 * error + 0.01)


def test_nothing_is_recovered_below_the_threshold():
    found = measured_overlaps(400, 400, 0.8, 6)[:, 0]
    assert found.mean() < 3 * blind_overlap(400)


def test_the_shift_from_the_theory_at_the_threshold_shrinks_with_n():
    small, large = (measured_overlaps(n, n, 2.0, sets)[:, 0] for n, sets in ((200, 24), (800, 12)))
    error = np.hypot(*(found.std(ddof=1) / np.sqrt(len(found)) for found in (small, large)))
    assert small.mean() - large.mean() > 2.0 * error
    assert large.mean() > blind_overlap(800)


def test_progress_is_told_and_moves_no_bit():
    X, _, truth = SpikedMixture(30, 2, 4.0).sample(60, np.random.default_rng(0))
    settings = {"n_sweeps": 900, "n_warmup": 300, "n_chains": 2, "thin": 2, "start": truth, "random_state": 0}
    told = []
    watched = SpikedMixtureGibbs(2, progress=told.append, **settings).fit(X)
    np.testing.assert_array_equal(
        watched.draws_["labels"], SpikedMixtureGibbs(2, **settings).fit(X).draws_["labels"]
    )
    assert (told[-1].done, told[-1].total) == (2400, 2400)
    assert len(told) > 4


def test_one_draw_agrees_less_than_the_best_labels():
    found = []
    for number in range(8):
        X, _, truth = SpikedMixture(100, 2, 3.0).sample(200, np.random.default_rng((3, number)))
        both = [
            SpikedMixtureGibbs(2, 3.0, labels=labels, n_chains=1, random_state=number).fit(X)
            for labels in ("best", "draw")
        ]
        assert np.array_equal(both[1].labels_, both[0].draws_["labels"][-1])
        found.append([overlap(truth, each.labels_, 2) for each in both])
    best, draw = np.mean(found, axis=0)
    assert best > draw > 0.3


def test_prediction_for_new_events_and_centres():
    system = SpikedMixture(60, 3, 30.0)
    rng = np.random.default_rng(4)
    X, centres, truth = system.sample(400, rng)
    fitted = SpikedMixtureGibbs(3, noise=2.0, n_sweeps=200, n_warmup=100, n_chains=2, random_state=0).fit(
        2 * X[:300]
    )
    assert overlap(truth[300:], fitted.predict(2 * X[300:]), 3) > 0.95
    nearest = ((fitted.means_[:, None] - 2 * centres) ** 2).sum(axis=2).min(axis=1)
    assert nearest.max() < 4 * 60 / 50
    np.testing.assert_allclose(fitted.predict_proba(2 * X).sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rho": -1.0}, "rho is -1.0"),
        ({"noise": 0.0}, "noise is 0.0"),
        ({"start": "warm"}, "start is 'warm'"),
        ({"labels": "all"}, "'all' is not a choice of labels"),
        ({"start": [0, 1]}, "expected \\(20,\\) labels"),
    ],
)
def test_refusals(change, sentence):
    with pytest.raises(InputError, match=sentence):
        SpikedMixtureGibbs(2, **change).fit(np.random.default_rng(5).standard_normal((20, 3)))
