"""How fast the spiked mixture comes to its theory as n grows, and where a hidden partition is there but not found.

``--finite N`` measures the overlap of N data sets at n = 3,000 (more at smaller n) at and about the threshold of α = 1,
two components; ``--hard N`` starts K = 40 components from random labels and from the true ones; ``--sure N`` compares
with k-means and the sign of the leading principal component at ρ = 3. Each line is printed and kept in
``docs/pictures/spiked-limits.json``; ``--draw`` makes the two figures of docs/mixtures.md of it. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

sys.path = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).resolve().parent]
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402

from fivesigma.models.mixtures.labels import overlap  # noqa: E402
from fivesigma.models.mixtures.spiked import SpikedMixtureGibbs  # noqa: E402
from fivesigma.models.mixtures.theory import recovery, threshold  # noqa: E402
from fivesigma.simulate.mixtures import SpikedMixture  # noqa: E402

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
KEPT = PICTURES / "spiked-limits.json"

SIZES = (300, 1000, 3000)
RHOS = (2.0, 2.5, 3.0, 1.5)
HARD = (22, 24, 26, 28, 30, 33, 36, 40, 44)


def mean_and_error(values):
    """Mean over data sets and its standard error, by columns."""
    found = np.array(values)
    return found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))


def drawn(n, d, K, rho, stream):
    X, _, truth = SpikedMixture(d, K, rho).sample(n, np.random.default_rng(stream))
    return X, truth


def two(n, rho, number):
    """Overlap of one draw of the posterior, and of the best labels: α = 1, two components."""
    X, truth = drawn(n, n, 2, rho, (11, n, number))
    sampler = SpikedMixtureGibbs(
        2, rho, n_sweeps=1000, n_warmup=1000, n_chains=1, thin=5, random_state=number
    )
    fitted = sampler.fit(X)
    draws = np.abs(2.0 * (fitted.draws_["labels"] == truth).mean(axis=1) - 1.0)
    return draws.mean(), overlap(truth, fitted.labels_, 2)


def finite(n_sets):
    for n in SIZES:
        sets = n_sets * (SIZES[-1] // n)
        for rho in RHOS:
            if any((line["n"], line["rho"], line["sets"]) == (n, rho, sets) for line in kept("finite")):
                continue
            mean, error = mean_and_error([two(n, rho, number) for number in range(sets)])
            theory = recovery(rho, 1.0)
            keep("finite", {"n": n, "rho": rho, "sets": sets, "sample": mean[0], "sample_error": error[0],
                            "best": mean[1], "best_error": error[1], "theory_sample": theory.sample,
                            "theory_best": theory.best})  # fmt: skip


def hard_pair(n, K, rho, number):
    """Overlap of sweeps 400 to 500 of a chain from random labels, and of one from the truth: α = 1."""
    X, truth = drawn(n, n, K, rho, (17, n, K, number))
    found = []
    for start in ("random", truth):
        sampler = SpikedMixtureGibbs(
            K, rho, start=start, n_sweeps=100, n_warmup=400, n_chains=1, thin=10, random_state=number
        )
        labels = sampler.fit(X).draws_["labels"]
        found.append(np.mean([overlap(truth, each, K) for each in labels]))
    return found


def hard(n_sets, n=2000, K=40):
    for rho in HARD:
        mean, error = mean_and_error([hard_pair(n, K, rho, number) for number in range(n_sets)])
        keep("hard", {"n": n, "K": K, "rho": rho, "sets": n_sets, "random": mean[0], "random_error": error[0],
                      "informed": mean[1], "informed_error": error[1]})  # fmt: skip


def sure(n_sets, n=1500, rho=3.0):
    """Overlap of k-means and of the sign of the leading principal component, on centred events."""
    from scipy.linalg import eigh
    from sklearn.cluster import KMeans

    def one(number):
        X, truth = drawn(n, n, 2, rho, (11, n, number))
        X = X - X.mean(axis=0)
        leading = eigh(X @ X.T, subset_by_index=[n - 1, n - 1])[1][:, 0]
        clusters = KMeans(2, n_init=10, random_state=number).fit_predict(X)
        return overlap(truth, clusters, 2), overlap(truth, (leading > 0).astype(int), 2)

    mean, error = mean_and_error([one(number) for number in range(n_sets)])
    keep("sure", {"n": n, "rho": rho, "sets": n_sets, "k_means": mean[0], "k_means_error": error[0],
                  "leading": mean[1], "leading_error": error[1]})  # fmt: skip


def keep(kind, found):
    """Print a line and put it among those that are kept, in the place of one of the same point."""
    found = {"kind": kind, **{key: round(float(value), 4) for key, value in found.items()}}
    print(json.dumps(found), flush=True)
    place = [found[key] for key in ("kind", "n", "rho")]
    others = [line for line in kept() if [line[key] for key in ("kind", "n", "rho")] != place]
    lines = sorted([*others, found], key=lambda line: (line["kind"], line["n"], line["rho"]))
    text = ",\n".join(json.dumps(line) for line in lines)
    KEPT.write_text(f"[\n{text}\n]\n", encoding="utf-8")


def kept(kind=None):
    lines = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else []
    return [line for line in lines if kind in (None, line["kind"])]


def draw():
    from matplotlib.figure import Figure

    from fivesigma.report.style import styled

    for name, fill in (("finite-size", draw_finite), ("hard-phase", draw_hard)):
        with styled(name):
            figure = Figure((8.6, 3.6), dpi=110, layout="constrained")
            fill(figure)
            figure.savefig(PICTURES / f"{name}.png", facecolor="white", metadata={"Software": None})


def draw_finite(figure):
    from fivesigma.report.style import BLUE, GREEN, INK, MUTED, VERMILLION

    x = np.linspace(1.2, 3.3, 200)
    for axes, key, what in zip(
        figure.subplots(1, 2, sharey=True), ("sample", "best"), ("one draw", "best labels"), strict=True
    ):
        axes.plot(x, [getattr(recovery(rho, 1.0), key) for rho in x], color=INK, label="theory, n → ∞")
        for n, hue, shift in zip(SIZES, (VERMILLION, GREEN, BLUE), (-0.02, 0.0, 0.02), strict=True):
            lines = [line for line in kept("finite") if line["n"] == n]
            if not lines:
                continue
            rhos = [line["rho"] + shift for line in lines]
            axes.errorbar(rhos, [line[key] for line in lines], [line[f"{key}_error"] for line in lines],
                          fmt="o", color=hue, markersize=4, label=f"n = {n}")  # fmt: skip
        axes.axvline(threshold(1.0), color=MUTED, linestyle="--", linewidth=0.9, label="ρ_c")
        axes.set_title(f"{what}, α = 1, k = 2")
        axes.set_xlabel("ρ")
    figure.axes[0].set_ylabel("overlap with the truth")
    figure.axes[0].legend(loc="upper left")


def draw_hard(figure):
    from fivesigma.report.style import BLUE, MUTED, VERMILLION

    axes, lines = figure.subplots(), kept("hard")
    rhos = [line["rho"] for line in lines]
    for key, hue, name in (
        ("informed", BLUE, "from the truth"),
        ("random", VERMILLION, "from random labels"),
    ):
        axes.errorbar(rhos, [line[key] for line in lines], [line[f"{key}_error"] for line in lines],
                      fmt="o-", color=hue, markersize=4, linewidth=1.0, label=name)  # fmt: skip
    K = int(lines[0]["K"])
    axes.axvline(threshold(1.0, K), color=MUTED, linestyle="--", linewidth=0.9, label="ρ_c = k/√α")
    axes.set_title(
        f"k = {K}, α = 1, n = {int(lines[0]['n'])}: the same posterior after 500 sweeps from two starts"
    )
    axes.set_xlabel("ρ")
    axes.set_ylabel("overlap with the truth")
    axes.legend(loc="upper left")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("finite", "hard", "sure"):
        parser.add_argument(f"--{name}", type=int, metavar="N")
    parser.add_argument("--draw", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for name, work in (("finite", finite), ("hard", hard), ("sure", sure)):
        if getattr(asked, name):
            work(getattr(asked, name))
    if asked.draw:
        draw()


if __name__ == "__main__":
    main()
