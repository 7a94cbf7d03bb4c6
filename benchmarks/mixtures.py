"""Gibbs sampling of mixtures against its peers, one thread, one process; prints ratios.

``python benchmarks/mixtures.py`` runs the plain NumPy Gibbs and scikit-learn's EM and VB beside ours; NUTS of NumPyro
and of PyMC on the marginalised mixture join if they are installed. ``--recovery N`` measures the overlap of N data sets
at n = 1,500 at each of the six points of docs/mixtures.md, ``--shift N`` the approach to theory from n = 300 to 3,000,
``--ranks N`` calibrates N simulations by the ranks of 99 draws, ``--scaling`` runs four chains on two threads and one.
Times are CPU seconds of this process, medians of repeats (of the spiked mixture in turns), compilation left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import warnings
from pathlib import Path

sys.path = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).resolve().parent]

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np  # noqa: E402

from fivesigma.models.mixtures.gibbs import GaussianMixtureGibbs, scattered_start  # noqa: E402
from fivesigma.models.mixtures.spiked import SpikedMixtureGibbs  # noqa: E402
from fivesigma.models.mixtures.theory import recovery, threshold  # noqa: E402
from fivesigma.sampling.diagnostics import ess_bulk  # noqa: E402
from fivesigma.simulate.mixtures import GaussianMixture, SpikedMixture  # noqa: E402


def cpu(call, repeats=5):
    """Median CPU seconds, and the last result."""
    times, result = [], None
    for _ in range(repeats):
        start = time.process_time()
        result = call()
        times.append(time.process_time() - start)
    return statistics.median(times), result


def plain_spiked(X, K, rho, n_sweeps, rng):
    """The vectorised NumPy sampler of labels and centres in turn; ln p(X | z, U) of each sweep."""
    n, d = X.shape
    s = np.sqrt(rho / d)
    labels, trace, norms = rng.integers(K, size=n), np.empty(n_sweeps), (X**2).sum()
    for t in range(n_sweeps):
        Z = np.zeros((K, n))
        Z[labels, np.arange(n)] = 1.0
        variance = 1.0 / (1.0 + s * s * Z.sum(axis=1))
        U = s * variance[:, None] * (Z @ X) + np.sqrt(variance)[:, None] * rng.standard_normal((K, d))
        logits = s * (X @ U.T) - 0.5 * s * s * (U**2).sum(axis=1)
        labels = (logits + rng.gumbel(size=(n, K))).argmax(axis=1)
        trace[t] = logits[np.arange(n), labels].sum() - 0.5 * norms
    return trace


def plain_gaussian(X, K, n_sweeps, rng, alpha=1.0, kappa0=0.01):
    """The vectorised NumPy sampler of a full-covariance mixture; ln p(X | w, μ, Σ) of each sweep."""
    from scipy.stats import wishart

    n, d = X.shape
    m0, Psi0, nu0 = X.mean(axis=0), np.cov(X.T) / K ** (2 / d), d + 2
    labels, trace = scattered_start(X, K, rng), np.empty(n_sweeps)
    for t in range(n_sweeps):
        counts = np.bincount(labels, minlength=K)
        log_w = np.log(rng.dirichlet(alpha + counts))
        logs = np.empty((n, K))
        for a in range(K):
            part = X[labels == a]
            kappa = kappa0 + len(part)
            mean = part.mean(axis=0) if len(part) else m0
            scatter = (part - mean).T @ (part - mean) if len(part) else 0.0
            Psi = Psi0 + scatter + kappa0 * len(part) / kappa * np.outer(mean - m0, mean - m0)
            precision = wishart.rvs(nu0 + len(part), np.linalg.inv(Psi), random_state=rng).reshape(d, d)
            A = np.linalg.cholesky(precision).T
            mu = (kappa0 * m0 + len(part) * mean) / kappa
            mu = mu + np.linalg.solve(A, rng.standard_normal(d)) / np.sqrt(kappa)
            logs[:, a] = log_w[a] + np.log(np.diag(A)).sum() - 0.5 * (((X - mu) @ A.T) ** 2).sum(axis=1)
        most = logs.max(axis=1, keepdims=True)
        p = np.exp(logs - most)
        total = p.sum(axis=1)
        labels = (rng.random(n)[:, None] * total[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
        trace[t] = (most[:, 0] + np.log(total)).sum() - 0.5 * n * d * np.log(2 * np.pi)
    return trace


def ours(estimator, X):
    estimator.fit(X)
    return estimator.draws_["log_likelihood"]


def chain_only(estimator, X):
    """CPU seconds a sweep of the chains alone (what `sweeps_per_second_` says, on an idle core)."""
    return 1.0 / estimator.fit(X).sweeps_per_second_


def report(name, plain, ours_, sweeps, goal):
    """Print sweeps and effective draws of the log-likelihood per CPU second of both."""
    (t0, trace0), (t1, trace1) = plain, ours_
    half0, half1 = trace0[len(trace0) // 4 :], trace1[len(trace1) // 4 :]
    rate0 = ess_bulk(half0) / t0 * len(half0) / len(trace0)
    rate1 = ess_bulk(half1) / t1 * len(half1) / len(trace1)
    per0, per1 = 1e3 * t0 / sweeps[0], 1e3 * t1 / sweeps[1]
    print(
        f"{name}: plain {per0:.3f} ms a sweep, {rate0:.0f} effective/s; ours {per1:.3f} ms, {rate1:.0f} effective/s; "
        f"ratio a sweep {per0 / per1:.1f}, effective {rate1 / rate0:.1f} (goal {goal})"
    )
    return rate1


def spiked(n, d, rho, plain_sweeps, our_sweeps, goal, turns=5):
    """Plain NumPy, our chain alone and our whole fit, in turns, each turn with seeds of its own: medians."""
    X = SpikedMixture(d, 2, rho).sample(n, np.random.default_rng(1))[0]

    def one(turn):
        seed = (2, turn)
        model = SpikedMixtureGibbs(2, rho, n_sweeps=our_sweeps, n_warmup=0, n_chains=1, random_state=turn)
        return [
            rates(lambda: plain_spiked(X, 2, rho, plain_sweeps, np.random.default_rng(seed))),
            rates(lambda: chain_trace(model, X, np.random.default_rng(seed))),
            rates(lambda: ours(model, X)),
        ]

    found = [one(turn) for turn in range(turns + 1)]  # the first may compile
    table = np.array(found[1:])
    micro, effective = np.median(table, axis=0).T
    ratio = table[:, :1, :] / table[:, 1:, :]
    slower, fewer = np.median(ratio, axis=0).T
    print(
        f"spiked {n} x {d}, k = 2: plain {micro[0]:.1f} µs a sweep, {effective[0]:.0f} effective/s; our chain "
        f"{micro[1]:.1f} µs, {effective[1]:.0f}; whole fit {micro[2]:.1f} µs, {effective[2]:.0f}; ratio a sweep "
        f"{slower[0]:.1f} and {slower[1]:.1f}, effective {1 / fewer[0]:.1f} and {1 / fewer[1]:.1f} (goal {goal})"
    )
    return effective[1], X


def rates(run):
    """CPU microseconds a sweep and effective draws of the log-likelihood a CPU second, the first quarter left out."""
    start = time.process_time()
    trace = run()
    spent = time.process_time() - start
    kept = trace[len(trace) // 4 :]
    return 1e6 * spent / len(trace), ess_bulk(kept) * len(trace) / len(kept) / spent


def chain_trace(model, X, rng):
    """The chain and its Gram matrix, without alignment, diagnostics and prediction, which no peer here does."""
    from fivesigma.models.mixtures import spiked as module
    from fivesigma.models.mixtures.chains import Schedule, Watch

    schedule = Schedule(model.n_components, model.n_sweeps, 0, 1, 1, 1)
    inner = module.SpikedModel(X, model.n_components, model._grid())
    return module._Chain(inner, schedule, None, Watch(schedule, None))(rng, 0)[0]


def gaussian(n, d, K, plain_sweeps, our_sweeps, goal):
    rng = np.random.default_rng(4)
    X = GaussianMixture.random(K, d, rng, separation=1.5).sample(n, rng)[0]
    model = GaussianMixtureGibbs(
        K, n_sweeps=our_sweeps, n_warmup=0, n_chains=1, keep_labels=False, random_state=0
    )
    run = gaussian_chain(model, X)
    run(4)
    plain = cpu(lambda: plain_gaussian(X, K, plain_sweeps, np.random.default_rng(5)), 3)
    fit = cpu(lambda: run(our_sweeps))
    report(f"full covariance {n} x {d}, k = {K}", plain, fit, (plain_sweeps, our_sweeps), goal)
    W = rng.standard_normal((d, K * d))
    products = cpu(lambda: X @ W, 9)[0]
    print(f"    ours / its matrix products ({1e3 * products:.2f} ms): {fit[0] / our_sweeps / products:.2f}")
    em_vb(X, K)


def gaussian_chain(model, X):
    from fivesigma.models.mixtures import gibbs as module
    from fivesigma.models.mixtures.chains import Schedule, Watch
    from fivesigma.models.mixtures.model import GaussianMixtureModel
    from fivesigma.models.mixtures.prior import NormalInverseWishart, units_of

    standard = (X - X.mean(axis=0)) / units_of(X)
    prior = NormalInverseWishart().resolve(standard, model.n_components)
    inner = GaussianMixtureModel(standard, model.n_components, prior, "full")

    def run(n_sweeps):
        schedule = Schedule(model.n_components, n_sweeps, 0, 1, 1, 1)
        return module._Chain(inner, schedule, False, Watch(schedule, None))(np.random.default_rng(6), 0)[
            0
        ].log_likelihood

    return run


def em_vb(X, K):
    from sklearn.mixture import BayesianGaussianMixture
    from sklearn.mixture import GaussianMixture as EM

    for name, model in (
        ("EM", EM(K, random_state=0)),
        ("VB", BayesianGaussianMixture(n_components=K, random_state=0)),
    ):
        print(f"    scikit-learn's {name}, to its optimum: {cpu(lambda m=model: m.fit(X), 1)[0]:.2f} s")


def nuts(X, rho, ours_rate, n_draws=300):
    """NumPyro's NUTS on the mixture with labels summed out, if it is installed."""
    try:
        import jax
        import numpyro
        import numpyro.distributions as dist
        from numpyro.infer import MCMC, NUTS
    except ImportError:
        print("    NUTS: numpyro is not installed")
        return
    numpyro.enable_x64()
    d = X.shape[1]
    s = np.sqrt(rho / d)

    def model():
        U = numpyro.sample("U", dist.Normal(0, 1).expand([2, d]).to_event(2))
        logits = s * (X @ U.T) - 0.5 * s * s * (U**2).sum(axis=1)
        value = numpyro.deterministic("log_likelihood", jax.scipy.special.logsumexp(logits, axis=1).sum())
        numpyro.factor("data", value)

    sampler = MCMC(NUTS(model), num_warmup=300, num_samples=n_draws, num_chains=1, progress_bar=False)
    sampler.warmup(jax.random.PRNGKey(0))
    start = time.process_time()
    sampler.run(jax.random.PRNGKey(1))
    trace = np.asarray(sampler.get_samples()["log_likelihood"])
    rate = ess_bulk(trace) / (time.process_time() - start)
    print(f"    NUTS: {rate:.0f} effective/s; ours / NUTS {ours_rate / rate:.0f} (goal 200)")


def pymc_nuts(X, rho, ours_rate, n_draws=300):
    """PyMC's NUTS on the same mixture with labels summed out, if it is installed."""
    try:
        import pymc
        import pytensor.tensor as tensor
    except ImportError:
        print("    PyMC: not installed")
        return
    d = X.shape[1]
    s = np.sqrt(rho / d)
    with pymc.Model():
        U = pymc.Normal("U", 0.0, 1.0, shape=(2, d))
        logits = s * tensor.dot(X, U.T) - 0.5 * s * s * (U**2).sum(axis=1)
        value = tensor.logsumexp(logits, axis=1).sum()
        pymc.Potential("data", value)
        settings = {"chains": 1, "cores": 1, "progressbar": False, "compute_convergence_checks": False}
        began = {}
        kept = pymc.sample(
            n_draws,
            tune=300,
            random_seed=0,
            callback=lambda trace, draw: began.setdefault(draw.tuning, time.process_time()),
            **settings,
        )
    spent = time.process_time() - began[False]
    logits = [s * X @ U.T - 0.5 * s * s * (U**2).sum(axis=1) for U in np.asarray(kept.posterior["U"])[0]]
    rate = ess_bulk(np.array([np.logaddexp.reduce(each, axis=1).sum() for each in logits])) / spent
    print(f"    PyMC: {rate:.0f} effective/s; ours / PyMC {ours_rate / rate:.0f} (goal 200)")


def scaling(n=20_000):
    """Four chains on two threads against one, in turns; wall time, so only an idle machine can say."""
    rng = np.random.default_rng(7)
    X = GaussianMixture.random(4, 5, rng, separation=1.5).sample(n, rng)[0]
    walls = {1: [], 2: []}
    for _ in range(6):
        for jobs, found in walls.items():
            model = GaussianMixtureGibbs(
                4, n_sweeps=600, n_warmup=0, keep_labels=False, n_jobs=jobs, random_state=0
            )
            found.append(1.0 / model.fit(X).sweeps_per_second_)
    one, two = (statistics.median(found[1:]) for found in walls.values())  # the first may have compiled
    print(
        f"four chains, two threads / one: {one / two:.2f} (goal 1.8), load {os.getloadavg()[0]:.1f} on this machine"
    )


def overlaps(n, d, rho, n_sets):
    from fivesigma.models.mixtures.labels import overlap

    found = []
    for number in range(n_sets):
        X, _, truth = SpikedMixture(d, 2, rho).sample(n, np.random.default_rng((11, number)))
        fitted = SpikedMixtureGibbs(
            2, rho, n_sweeps=400, n_warmup=400, n_chains=1, thin=5, random_state=number
        ).fit(X)
        draws = np.abs(2.0 * (fitted.draws_["labels"] == truth).mean(axis=1) - 1.0)
        found.append((draws.mean(), overlap(truth, fitted.labels_, 2)))
    return np.array(found)


def against_theory(n, alpha, rho, n_sets):
    found = overlaps(n, round(n / alpha), rho, n_sets)
    theory = recovery(rho, alpha)
    error = found.std(axis=0, ddof=1) / np.sqrt(n_sets)
    pull = (found.mean(axis=0) - [theory.sample, theory.best]) / error
    print(
        f"n {n}, α {alpha:g}, ρ {rho:g} (ρ_c {threshold(alpha):.2f}), {n_sets} sets: sample {found[:, 0].mean():.3f}"
        f" ± {error[0]:.3f} (theory {theory.sample:.3f}, {pull[0]:+.1f} s.e.), best {found[:, 1].mean():.3f}"
        f" ± {error[1]:.3f} (theory {theory.best:.3f}, {pull[1]:+.1f} s.e.)",
        flush=True,
    )


def ranks(n_simulations, n_draws=99, n=10, K=2):
    """Ranks of the truth among posterior draws of six label-free quantities: Talts et al., arXiv:1804.06788."""
    from scipy.stats import chi2, invgamma

    from fivesigma.models.mixtures import gibbs as module
    from fivesigma.models.mixtures.chains import Schedule, Watch
    from fivesigma.models.mixtures.model import GaussianMixtureModel, from_triangles
    from fivesigma.models.mixtures.prior import Resolved

    prior = Resolved(np.zeros(1), 0.2, 4.0, np.eye(1) * 4.0, 1.5)
    schedule = Schedule(K, n_draws * 20, 100, 1, 20, 1)

    def quantities(X, w, mu, v):
        logs = np.log(w) - 0.5 * (X[:, None] - mu) ** 2 / v - 0.5 * np.log(2 * np.pi * v)
        likelihood = np.log(np.exp(logs).sum(axis=1)).sum()
        return [likelihood, (w**2).sum(), w @ mu, w @ mu**2, w @ np.log(v), mu.min()]

    found = np.zeros((n_simulations, 6), dtype=int)
    for number in range(n_simulations):
        rng = np.random.default_rng((13, number))
        w = rng.dirichlet(np.full(K, prior.concentration))
        v = invgamma.rvs(2.0, scale=2.0, size=K, random_state=rng)
        mu = rng.standard_normal(K) * np.sqrt(v / prior.strength)
        z = rng.choice(K, size=n, p=w)
        X = mu[z] + np.sqrt(v[z]) * rng.standard_normal(n)
        draws = module._Chain(
            GaussianMixtureModel(X[:, None], K, prior, "full"), schedule, False, Watch(schedule, None)
        )(rng, 0)[0]
        means, covariances = from_triangles(draws.A, draws.b)
        posterior = np.array(
            [
                quantities(X, np.exp(lw), m[:, 0], c[:, 0, 0])
                for lw, m, c in zip(draws.log_weights, means, covariances, strict=True)
            ]
        )
        found[number] = (posterior < quantities(X, w, mu, v)).sum(axis=0)
    for j in range(6):
        counts = np.bincount(found[:, j] * 20 // (n_draws + 1), minlength=20)
        expected = n_simulations / 20
        p = chi2.sf(((counts - expected) ** 2 / expected).sum(), 19)
        print(f"quantity {j}: p {p:.4f} (must exceed {0.001 / 6:.5f}), mean rank {found[:, j].mean():.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recovery", type=int, metavar="N")
    parser.add_argument("--shift", type=int, metavar="N")
    parser.add_argument("--ranks", type=int, metavar="N")
    parser.add_argument("--scaling", action="store_true", help="only four chains on two threads against one")
    parser.add_argument(
        "--spiked", action="store_true", help="only the spiked mixture of 300 events and its peers"
    )
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.recovery:
        for alpha, rhos in ((1.0, (2.5, 3.0, 4.0)), (2.0, (2.0, 3.0, 4.0))):
            for rho in rhos:
                against_theory(1500, alpha, rho, asked.recovery)
    elif asked.ranks:
        ranks(asked.ranks)
    elif asked.scaling:
        scaling()
    elif asked.spiked:
        rate, X = spiked(300, 150, 4.0, 4000, 20_000, "8 in effective draws")
        nuts(X, 4.0, rate)
        pymc_nuts(X, 4.0, rate)
    elif asked.shift:
        for n in (300, 1000, 3000):
            against_theory(n, 1.0, 2.5, asked.shift)
    else:
        rate, X = spiked(300, 150, 4.0, 4000, 20_000, "8 in effective draws")
        nuts(X, 4.0, rate)
        pymc_nuts(X, 4.0, rate)
        spiked(1500, 1500, 4.0, 600, 1200, "9 a sweep")
        gaussian(10_000, 5, 4, 100, 600, "6 a sweep")
        gaussian(100_000, 10, 8, 16, 30, "2.5 times its products")
        scaling()


if __name__ == "__main__":
    main()
