"""What proves a Gibbs sampler of Gaussian mixtures; each function returns a number that must be (nearly) zero."""

from __future__ import annotations

import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.special import gammaln, logsumexp
from scipy.stats import chi, multivariate_normal, norm

from fivesigma.models.mixtures import blocks, kernels
from fivesigma.models.mixtures import model as md
from fivesigma.models.mixtures.prior import NormalInverseWishart

SOURCES = {"kernels": kernels, "blocks": blocks}


def small_model(kind, rng, *, n=7, K=2, d=2):
    X = rng.normal(1.0, 2.0, (n, d))
    prior = NormalInverseWishart(strength=0.5, concentration=1.3).resolve(X, K)
    return md.GaussianMixtureModel(X, K, prior, kind)


def random_state(model, rng):
    """A state that no kernel had a hand in."""
    K, d = model.n_components, model.X.shape[1]
    root = rng.standard_normal((K, d, d)) + 1.5 * np.eye(d)
    covariances = root @ root.transpose(0, 2, 1) + 0.1 * np.eye(d)
    if model.kind == "tied":
        covariances[:] = covariances[0]
    elif model.kind == "diag":
        covariances = covariances * np.eye(d)
    elif model.kind == "spherical":
        covariances = np.eye(d) * covariances[:, :1, :1]
    return md.State(
        rng.integers(K, size=len(model.X)),
        rng.dirichlet(np.ones(K)),
        rng.normal(1.0, 2.0, (K, d)),
        covariances,
    )


def changed(state, other, block):
    if block == "labels":
        return replace(state, labels=other.labels)
    if block == "weights":
        return replace(state, weights=other.weights)
    return replace(state, means=other.means, covariances=other.covariances)


def ratio_error(kind, n_states, rng):
    """Largest |Δ ln joint − Δ ln conditional| over the blocks, relative to the size of the joint."""
    worst = 0.0
    model = small_model(kind, rng)
    for _ in range(n_states):
        state, other = random_state(model, rng), random_state(model, rng)
        for block in md.BLOCKS:
            new = changed(state, other, block)
            joint = model.log_joint(new) - model.log_joint(state)
            conditional = model.log_conditional(block, new) - model.log_conditional(block, state)
            worst = max(worst, abs(joint - conditional) / max(1.0, abs(joint)))
    return worst


def label_error(kind, n_states, rng):
    """Share of labels that are not the inverse of their distribution at u, plus the error of the likelihood."""
    wrong = 0.0
    for _ in range(n_states):
        model = small_model(kind, rng, K=3)
        state = random_state(model, rng)
        parts = [multivariate_normal(m, c) for m, c in zip(state.means, state.covariances, strict=True)]
        logs = np.stack([part.logpdf(model.X) for part in parts], axis=1) + np.log(state.weights)
        p = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
        u = rng.random(len(p))
        A, b, c = md.triangles(state.means, state.covariances)
        labels = np.empty(len(p), dtype=np.int64)
        found = md.kernels.draw_labels(
            np.ascontiguousarray(model.X.T),
            u,
            np.log(state.weights),
            A,
            b,
            c,
            kind in ("diag", "spherical"),
            labels,
        )
        expected = (u[:, None] >= np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)
        wrong += float(np.mean(expected != labels)) + float(abs(found - logsumexp(logs, axis=1).sum()) > 1e-9)
    return wrong


def _noise(kind, theta):
    d = 2
    C, z = np.zeros((1, d, d)), np.zeros((1, d))
    z[0] = theta[:2]
    if kind == "spherical":
        C[0, 0, 0] = C[0, 1, 1] = theta[2]
    else:
        C[0, 0, 0], C[0, 1, 1] = theta[2:4]
    if kind in ("full", "tied"):
        C[0, 1, 0] = theta[4]
    return C, z


def _coordinates(kind, law, theta):
    means, covariances = md.from_noise(law, *_noise(kind, theta))
    s = covariances[0]
    free = {"spherical": [s[0, 0]], "diag": [s[0, 0], s[1, 1]]}.get(kind, [s[0, 0], s[1, 1], s[1, 0]])
    return np.concatenate([means[0], free])


def jacobian_error(kind, rng):
    """|ln p(noise) − ln |∂(μ, Σ)/∂noise| − ln p(μ, Σ)|: the draw has exactly the density it should."""
    model = small_model(kind, rng, K=1, n=9)
    law = model.law(*model.statistics(np.zeros(9, dtype=np.int64)))
    size = {"spherical": 3, "diag": 4}.get(kind, 5)
    theta = rng.normal(0.3, 0.7, size)
    theta[2:4] = np.abs(theta[2:4]) + 2.0
    rises = (0, 1) if kind in ("full", "tied") else (0, 0)
    logs = norm.logpdf(theta[:2]).sum() + norm.logpdf(theta[4:]).sum()
    logs += sum(
        chi.logpdf(value, law.degrees[0] + rise) for value, rise in zip(theta[2:4], rises, strict=False)
    )
    J = np.empty((size, size))
    for j in range(size):
        step = np.zeros(size)
        step[j] = 1e-4 * max(1.0, abs(theta[j]))
        ends = [_coordinates(kind, law, theta + k * step) for k in (-2, -1, 1, 2)]
        J[:, j] = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * step[j])
    means, covariances = md.from_noise(law, *_noise(kind, theta))
    return abs(logs - np.linalg.slogdet(J)[1] - float(law.log_density(means, covariances)))


def noise_z(kind, rng, n_draws=3000):
    """Largest |z| of the means of what is drawn: χ² by row, Gaussians, and Dirichlet weights."""
    degrees = np.array([3.5, 6.0])
    squares, normals, weights = [], [], []
    shapes = np.array([0.7, 2.5, 4.0])
    for _ in range(n_draws):
        C, z = np.empty((2, 2, 2)), np.empty((2, 2))
        md.blocks.draw_noise(rng, md.KINDS[kind], degrees, C, z)
        squares.append(np.stack([C[:, 0, 0] ** 2, C[:, 1, 1] ** 2]))
        normals.append(np.concatenate([z.ravel(), z.ravel() ** 2 - 1.0]))
        weights.append(np.exp(md.blocks.draw_log_weights(rng, shapes)))
    rise = 1.0 if kind in ("full", "tied") else 0.0
    expected = np.stack([degrees, degrees + rise])
    found = [
        (np.mean(squares, axis=0) - expected) / np.std(squares, axis=0),
        np.mean(normals, axis=0) / np.std(normals, axis=0),
        (np.mean(weights, axis=0) - shapes / shapes.sum()) / np.std(weights, axis=0),
    ]
    return float(max(np.abs(part).max() for part in found) * np.sqrt(n_draws))


def run(model, n_draws, rng, *, thin=1, labels=None, swept=None):
    """Draws of the compiled chain on a model: a dict of arrays."""
    n, d = model.X.shape
    K = model.n_components
    prior = model.prior.for_kind(model.kind == "spherical")
    out = {
        "log_likelihood": np.zeros(n_draws),
        "log_weights": np.zeros((n_draws, K)),
        "A": np.zeros((n_draws, K, d, d)),
        "b": np.zeros((n_draws, K, d)),
        "counts": np.zeros((n_draws, K)),
        "sums": np.zeros((n_draws, K, d)),
        "squares": np.zeros((n_draws, K, d, d)),
        "seen": np.zeros((n_draws, n), dtype=np.uint8),
    }
    start = rng.integers(K, size=n) if labels is None else labels
    (swept or md.blocks.run_sweeps)(
        rng,
        md.KINDS[model.kind],
        np.ascontiguousarray(model.X.T),
        prior.concentration,
        prior.mean,
        prior.strength,
        prior.degrees,
        np.ascontiguousarray(prior.scale),
        start,
        thin,
        np.arange(n),
        *out.values(),
    )
    return out


def stale_error(kind, rng):
    """How far what a chain keeps is from itself: statistics of its labels, likelihood at its parameters; it moves."""
    model = small_model(kind, rng, n=12)
    start = np.arange(12) % 2
    out = run(model, 5, rng, labels=start.copy())
    counts = np.stack([np.bincount(row, minlength=2) for row in out["seen"]])
    first = np.stack([[model.X[row == a].sum(axis=0) for a in range(2)] for row in out["seen"]])
    means, covariances = md.from_triangles(out["A"], out["b"])
    logs = np.array(
        [
            [multivariate_normal(m, c).logpdf(model.X) for m, c in zip(*draw, strict=True)]
            for draw in zip(means, covariances, strict=True)
        ]
    )
    likelihood = logsumexp(logs + out["log_weights"][..., None], axis=1).sum(axis=1)
    return float(
        np.abs(counts - out["counts"]).max()
        + np.abs(first - out["sums"]).max()
        + np.abs(likelihood - out["log_likelihood"]).max()
        + (out["seen"] == start).all()
    )


def enumerated(model):
    """Every labelling (K^n, n) and ``ln p(X, z)`` of each, by Murphy (2007), eq. 266; full covariances."""
    n, d = model.X.shape
    K, prior = model.n_components, model.prior
    nu0, nothing = prior.degrees + d - 1, {}

    def one(members):
        if members not in nothing:
            X = model.X[list(members)]
            m, kappa = len(X), prior.strength + len(X)
            mean = X.mean(axis=0) if m else np.zeros(d)
            offset = mean - prior.mean if m else np.zeros(d)
            S = (X - mean).T @ (X - mean) if m else 0.0
            Psi = prior.scale + S + prior.strength * m / kappa * np.outer(offset, offset)
            value = -0.5 * m * d * np.log(np.pi) + 0.5 * d * np.log(prior.strength / kappa)
            value += (
                0.5 * nu0 * np.linalg.slogdet(prior.scale)[1] - 0.5 * (nu0 + m) * np.linalg.slogdet(Psi)[1]
            )
            value += sum(gammaln((nu0 + m - j) / 2) - gammaln((nu0 - j) / 2) for j in range(d))
            nothing[members] = value + gammaln(prior.concentration + m) - gammaln(prior.concentration)
        return nothing[members]

    labels = np.stack(np.meshgrid(*[np.arange(K)] * n, indexing="ij"), axis=-1).reshape(-1, n)
    total = K * prior.concentration
    constant = gammaln(total) - gammaln(total + n)
    logs = [constant + sum(one(tuple(np.flatnonzero(row == a))) for a in range(K)) for row in labels]
    return labels, np.array(logs)


def mutated(name, old, new):
    """The two kernel modules as plain Python with one line changed: ``{"kernels": …, "blocks": …}``."""
    made = {}
    for part in ("kernels", "blocks"):
        text = Path(SOURCES[part].__file__).read_text()
        if part == name:
            if text.count(old) < 1:
                raise ValueError(f"mutant's line is gone from {name}: {old}")
            text = text.replace(old, new)
        lines = []
        for line in text.splitlines():
            lines.append("" if line.startswith(("@njit", "from numba")) else line)
        module = types.ModuleType(f"mutant_{part}")
        sys.modules[module.__name__] = module
        source = "\n".join(lines).replace("from fivesigma.models.mixtures.kernels", "from mutant_kernels")
        exec(compile(source, module.__name__, "exec"), module.__dict__)
        made[part] = module
    return made
