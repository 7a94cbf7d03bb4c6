"""The Gibbs sampler of Gaussian mixtures is right: identities, exact answers, planted bugs, real data."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from scipy.special import logsumexp

from fivesigma._core.errors import InputError
from fivesigma.models.mixtures import model as md
from fivesigma.models.mixtures.evidence import compare_orders, log_evidence, log_permanents
from fivesigma.models.mixtures.gibbs import GaussianMixtureGibbs
from fivesigma.models.mixtures.labels import relabel
from fivesigma.models.mixtures.prior import NormalInverseWishart
from fivesigma.sampling.diagnostics import mcse_mean
from tests.models.mixtures import proofs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("kind", md.KINDS)
def test_ratio_identity_in_a_thousand_states(kind):
    assert proofs.ratio_error(kind, 1000, np.random.default_rng(0)) < 1e-9


@pytest.mark.parametrize("kind", md.KINDS)
def test_draws_have_the_density_of_their_conditional(kind):
    rng = np.random.default_rng(1)
    assert proofs.label_error(kind, 100, rng) == 0.0
    assert max(proofs.jacobian_error(kind, rng) for _ in range(20)) < 1e-6
    assert proofs.noise_z(kind, rng) < 4.5
    assert proofs.stale_error(kind, rng) < 1e-9


MUTANTS = [
    ("kernels", "out[a, i] -= 0.5 *", "out[a, i] -= 0.50005 *"),
    ("kernels", "constant = c + log_weights", "constant = c + 0.0 * log_weights"),
    ("kernels", "work[i] = u[start + i] * total[i]", "work[i] = 0.5 * total[i]"),
    ("kernels", "squares[a, r, s] += folded(", "squares[a, r, s] += 1.0001 * folded("),
    ("blocks", "kappa[a] = kappa0 + n", "kappa[a] = kappa0 + 1.0001 * n"),
    ("blocks", "degrees[a] = degrees0 + (", "degrees[a] = degrees0 - 0.001 + ("),
    ("blocks", "kappa0 * n / kappa[a] * offset[r]", "n / kappa[a] * offset[r]"),
    ("blocks", "value = z[a, r] / np.sqrt(kappa[a])", "value = 1.0001 * z[a, r] / np.sqrt(kappa[a])"),
    ("blocks", "return concentration + counts", "return concentration + counts - 0.5"),
    ("blocks", "SPHERICAL) else r", "SPHERICAL) else 0"),
    ("blocks", "c[a] += np.log(A[a, r, r])", "c[a] += 1.0001 * np.log(A[a, r, r])"),
    ("blocks", "labels)\n            sufficient(X", "labels.copy())\n            sufficient(X"),
]


def _caught(monkeypatch, mutant):
    made = proofs.mutated(*mutant)
    monkeypatch.setattr(md, "kernels", made["kernels"])
    monkeypatch.setattr(md, "blocks", made["blocks"])
    rng = np.random.default_rng(2)
    return (
        proofs.ratio_error("full", 20, rng) > 1e-9
        or proofs.label_error("full", 10, rng) > 0
        or max(proofs.jacobian_error("full", rng) for _ in range(3)) > 1e-6
        or proofs.stale_error("full", rng) > 1e-9
        or proofs.noise_z("full", rng) > 4.5
    )


def test_planted_bugs_are_caught(monkeypatch):
    missed = [mutant for mutant in MUTANTS if not _caught(monkeypatch, mutant)]
    assert len(MUTANTS) >= 10
    assert len(missed) <= 1, missed


def test_nothing_is_caught_in_the_code_as_it_is(monkeypatch):
    assert not _caught(monkeypatch, ("kernels", "result = 0.0", "result = 0.0"))


@pytest.mark.parametrize(("n", "K", "d"), [(8, 3, 1), (10, 2, 2)])
def test_against_every_labelling(n, K, d):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((n, d)) + 3.0 * rng.integers(2, size=(n, 1))
    prior = NormalInverseWishart(strength=0.3, degrees=d + 4, concentration=1.5)
    mixture = GaussianMixtureGibbs(
        K, prior=prior, n_sweeps=20_000, n_warmup=200, n_chains=2, random_state=0
    ).fit(X)
    model = md.GaussianMixtureModel(X, K, prior.resolve(X, K))
    labels, logs = proofs.enumerated(model)
    p = np.exp(logs - logsumexp(logs))
    exact = sum(((labels == a) * p[:, None]).T @ (labels == a).astype(float) for a in range(K))
    seen = mixture.draws_["labels"].reshape(2, -1, n)
    worst = 0.0
    for i in range(n):
        for j in range(i):
            together = (seen[..., i] == seen[..., j]).astype(float)
            worst = max(worst, abs(together.mean() - exact[i, j]) / max(mcse_mean(together), 1e-4))
    assert worst < 4.0
    evidence = log_evidence(mixture)
    assert abs(evidence.value - logsumexp(logs)) < min(4 * evidence.mcse, 0.01)
    mean = (mixture.draws_["weights"][..., None] * mixture.draws_["means"]).sum(axis=1)[:, 0].reshape(2, -1)
    assert abs(mean.mean() - _exact_mean(model, labels, p)) < 4 * mcse_mean(mean)


def _exact_mean(model, labels, p):
    """``E Σ w_a μ_a`` of the first feature."""
    total = 0.0
    for a in range(model.n_components):
        counts = (labels == a).sum(axis=1)
        m = (model.prior.strength * model.prior.mean[0] + (labels == a) @ model.X[:, 0]) / (
            model.prior.strength + counts
        )
        weight = (model.prior.concentration + counts) / (
            model.n_components * model.prior.concentration + labels.shape[1]
        )
        total += p @ (weight * m)
    return total


def test_geweke_joint_law():
    """Prior draws, and a chain that draws data given parameters in between, agree in eight functions."""
    rng = np.random.default_rng(4)
    n, K, d = 5, 2, 1
    prior = NormalInverseWishart(mean=[0.0], strength=1.0, degrees=8.0, scale=[[6.0]], concentration=2.0)
    base = md.GaussianMixtureModel(np.zeros((n, d)), K, prior.resolve(np.zeros((n, d)), K))
    law = base.prior_law()

    def fresh():
        weights = rng.dirichlet(np.full(K, 2.0))
        C, z = np.empty_like(law.Psi), np.empty_like(law.m)
        md.blocks.draw_noise(rng, 0, law.degrees, C, z)
        means, covariances = md.from_noise(law, C, z)
        return weights, means, covariances, rng.choice(K, size=n, p=weights)

    def data(means, covariances, labels):
        return means[labels] + np.sqrt(covariances[labels, :, 0]) * rng.standard_normal((n, d))

    def functions(weights, means, covariances, labels, X):
        v = covariances[:, 0, 0]
        return [
            (weights**2).sum(),
            means.sum(),
            (means**2).sum(),
            np.log(v).sum(),
            means.prod(),
            (X**2).mean(),
            X.mean(),
            float((labels == labels[0]).mean()),
        ]

    direct, chained = [], []
    state = fresh()
    for _ in range(6000):
        new = fresh()
        direct.append(functions(*new, data(*new[1:])))
        X = data(*state[1:])
        model = md.GaussianMixtureModel(X, K, base.prior)
        labels = state[3].copy()
        out = proofs.run(model, 1, rng, labels=labels)
        means, covariances = md.from_triangles(out["A"][0], out["b"][0])
        state = (np.exp(out["log_weights"][0]), means, covariances, labels)
        chained.append(functions(*state, X))
    direct, chained = np.array(direct), np.array(chained)
    for j in range(8):
        # X of the chain belongs to the state before the sweep: both are draws of the joint law
        spread = np.hypot(direct[:, j].std() / np.sqrt(len(direct)), mcse_mean(chained[:, j]))
        assert abs(direct[:, j].mean() - chained[:, j].mean()) < 4 * spread, j


def _json(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(archive.namelist()[0]))


def test_two_known_normals(shared_data):
    known = _json(shared_data / "mixtures" / "normal_2.json.zip")
    X = np.asarray(known["y"])[:, None]
    mixture = GaussianMixtureGibbs(2, n_sweeps=500, n_warmup=100, random_state=0).fit(X)
    order = np.argsort(mixture.means_[:, 0])
    low, high = np.quantile(mixture.draws_["means"][:, order, 0], [0.025, 0.975], axis=0)
    assert (low < [known["mu1"], known["mu2"]]).all()
    assert (high > [known["mu1"], known["mu2"]]).all()
    weights = np.quantile(mixture.draws_["weights"][:, order[0]], [0.025, 0.975])
    assert weights[0] < known["theta"] < weights[1] or weights[0] < 1 - known["theta"] < weights[1]
    assert mixture.converged_
    assert mixture.messages_ == ()


def test_five_known_normals_by_their_mixture(shared_data):
    """Components at 2.3 and 3.1 overlap: judged by label-free truth, the density and the mean of the mixture."""
    known = _json(shared_data / "mixtures" / "normal_5.json.zip")
    X = np.asarray(known["y"])[:, None]
    mixture = GaussianMixtureGibbs(5, n_sweeps=1500, n_warmup=500, n_chains=2, random_state=0).fit(X)
    assert mixture.separation_ < 3.0
    assert any("biased" in message for message in mixture.messages_)
    p = np.ravel(known["Ns"]) / np.sum(known["Ns"])
    mu, sigma = np.array(known["mus"]), np.array(known["sigmas"])
    truth = logsumexp(np.log(p) - np.log(sigma) - 0.5 * ((X - mu) / sigma) ** 2, axis=1) - 0.5 * np.log(
        2 * np.pi
    )
    assert mixture.score(X) == pytest.approx(truth.mean(), abs=0.01)


def test_five_known_normals_one_by_one(shared_data):
    """With each draw aligned to the labels that made the data, every mean, width and weight is inside its interval."""
    known = _json(shared_data / "mixtures" / "normal_5.json.zip")
    X, z = np.asarray(known["y"])[:, None], np.ravel(known["z"]).astype(np.uint8) - 1
    mixture = GaussianMixtureGibbs(5, n_sweeps=1500, n_warmup=500, n_chains=2, thin=5, random_state=0).fit(X)
    order = np.argsort(relabel(mixture.draws_["labels"], z, 5), axis=1)
    drawn = {
        "mus": mixture.draws_["means"][:, :, 0],
        "sigmas": np.sqrt(mixture.draws_["covariances"][:, :, 0, 0]),
        "Ns": mixture.draws_["weights"] * len(X),
    }
    for name, draws in drawn.items():
        low, high = np.quantile(np.take_along_axis(draws, order, axis=1), [0.025, 0.975], axis=0)
        assert (low < np.ravel(known[name])).all(), name
        assert (high > np.ravel(known[name])).all(), name


def test_progress_is_told_and_moves_no_bit():
    X = np.random.default_rng(0).standard_normal((60, 2))
    settings = {"n_sweeps": 120, "n_warmup": 60, "n_chains": 2, "thin": 2, "random_state": 0}
    told = []
    watched = GaussianMixtureGibbs(2, progress=told.append, **settings).fit(X)
    np.testing.assert_array_equal(
        watched.draws_["means"], GaussianMixtureGibbs(2, **settings).fit(X).draws_["means"]
    )
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert (told[-1].done, told[-1].total) == (2 * 180, 2 * 180)
    assert len(told) > 4
    assert all(each.per_second > 0 for each in told)


def test_three_gaussians_in_the_units_given():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(m, 1.0, (c, 1)) for m, c in ((0.0, 2000), (5.0, 2000), (9.0, 600))])
    unit = GaussianMixtureGibbs(3, n_sweeps=400, n_warmup=100, n_chains=2, random_state=0).fit(X)
    order = np.argsort(unit.means_[:, 0])
    np.testing.assert_allclose(unit.means_[order, 0], [0, 5, 9], atol=0.15)
    np.testing.assert_allclose(unit.weights_[order], [0.433, 0.435, 0.132], atol=0.02)
    kilo = GaussianMixtureGibbs(3, n_sweeps=400, n_warmup=100, n_chains=2, n_jobs=2, random_state=0).fit(
        1e3 * X + 7
    )
    np.testing.assert_allclose(kilo.means_, 1e3 * unit.means_ + 7, rtol=1e-6)
    np.testing.assert_allclose(
        kilo.score_samples(1e3 * X + 7), unit.score_samples(X) - np.log(1e3), rtol=1e-6
    )
    sampled, labels = unit.sample(20_000, random_state=1)
    assert sampled.mean() == pytest.approx(X.mean(), abs=0.15)
    np.testing.assert_allclose(np.bincount(labels) / 20_000, unit.weights_, atol=0.02)


def test_any_number_of_threads_gives_the_same_bits():
    X = np.random.default_rng(5).standard_normal((60, 2))
    one, two = (
        GaussianMixtureGibbs(2, n_sweeps=50, n_warmup=10, n_jobs=j, random_state=3).fit(X) for j in (1, 2)
    )
    assert all(np.array_equal(one.draws_[name], two.draws_[name]) for name in one.draws_)


def test_orders_are_compared_and_the_right_one_wins():
    rng = np.random.default_rng(6)
    X = rng.standard_normal((150, 1)) + 6.0 * rng.integers(2, size=(150, 1))
    found = compare_orders(X[:100], X[100:], (1, 2, 3), n_sweeps=1000, n_warmup=100, n_chains=2)
    assert min(found, key=lambda order: order.bic).n_components == 2
    assert max(found, key=lambda order: order.evidence.value).n_components == 2
    assert max(found, key=lambda order: order.held_out_gibbs).n_components > 1


def test_permanents():
    F = np.random.default_rng(7).standard_normal((3, 4, 4))
    from itertools import permutations

    brute = [logsumexp([f[np.arange(4), list(p)].sum() for p in permutations(range(4))]) for f in F]
    np.testing.assert_allclose(log_permanents(F), brute, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"n_components": 0}, "n_components is 0; expected at least 1"),
        ({"n_components": 300}, "at most 255"),
        ({"covariance_type": "fulll"}, "Did you mean 'full'"),
        ({"n_sweeps": 3}, "at least 4"),
        ({"prior": NormalInverseWishart(degrees=0.5)}, "degrees 0.5"),
    ],
)
def test_refusals(change, sentence):
    settings = {"n_sweeps": 20, "n_warmup": 0} | change
    with pytest.raises(InputError, match=sentence):
        GaussianMixtureGibbs(**settings).fit(np.random.default_rng(8).standard_normal((20, 2)))


def test_event_weights_are_refused_with_a_sentence():
    X = np.random.default_rng(9).standard_normal((20, 1))
    with pytest.raises(InputError, match="sample_weight was given"):
        GaussianMixtureGibbs(2).fit(X, sample_weight=np.ones(20))
