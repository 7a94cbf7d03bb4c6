"""Has a Markov chain converged, and how well is a mean known: R-hat, effective sample size, Monte-Carlo error.

Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), doi:10.1214/20-BA1221; the effective sample size by the
initial monotone sequence of Geyer (1992), doi:10.1214/ss/1177011137. Draws are (n_chains, n_draws) everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, special

from fivesigma._core.errors import InputError
from fivesigma._core.later import stats
from fivesigma._core.saved_state import SavedState

Array = NDArray[np.float64]

RHAT_LIMIT = 1.01
DRAWS_PER_CHAIN = 100
_TAIL = (0.05, 0.95)


def as_chains(draws: ArrayLike) -> Array:
    """Return draws as float64 (n_chains, n_draws); one chain may come as a vector.

    Raises
    ------
    InputError
        If there are fewer than four draws a chain, or a draw is not finite.
    """
    chains = np.atleast_2d(np.asarray(draws, dtype=np.float64))
    if chains.ndim != 2 or chains.shape[1] < 4:
        raise InputError(f"draws have shape {chains.shape}; expected (n_chains, n_draws) with >= 4 draws.")
    if not np.isfinite(chains).all():
        raise InputError("draws contain NaN or infinity; expected finite numbers: did the sampler diverge?")
    return chains


def autocovariance(draws: ArrayLike) -> Array:
    """``c_t = (1/n) Σ_s (x_s − x̄)(x_{s+t} − x̄)`` of each chain at every lag: (m, n) -> (m, n).

    >>> autocovariance([1.0, -1.0, 1.0, -1.0]).round(2)
    array([[ 1.  , -0.75,  0.5 , -0.25]])
    """
    chains = as_chains(draws)
    n = chains.shape[1]
    size = fft.next_fast_len(2 * n, real=True)
    spectrum = fft.rfft(chains - chains.mean(axis=1, keepdims=True), size, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(fft.irfft(power, size, axis=1)[:, :n] / n, dtype=np.float64)


def autocorrelation(draws: ArrayLike) -> Array:
    """``ρ_t = c_t / c_0`` of each chain; one at lag 0 and zero elsewhere for a chain that does not move.

    >>> autocorrelation([1.0, -1.0, 1.0, -1.0]).round(2)
    array([[ 1.  , -0.75,  0.5 , -0.25]])
    """
    covariance = autocovariance(draws)
    still = covariance[:, 0] <= 0.0
    correlation = covariance / np.where(still, 1.0, covariance[:, 0])[:, None]
    correlation[still] = 0.0
    correlation[:, 0] = 1.0
    return correlation


def rhat(draws: ArrayLike) -> float:
    """Rank-normalised split R-hat, the larger of bulk and tail; NaN for one chain or chains that never move.

    Draws that are all as far from their median, as those of a symmetric ± sequence, have a bulk and no tail.

    >>> rng = np.random.default_rng(0)
    >>> rhat(rng.standard_normal((4, 500))) < 1.01 < rhat(np.arange(2000.0).reshape(4, 500))
    True
    """
    chains = as_chains(draws)
    if len(chains) < 2 or np.ptp(chains) == 0.0:
        return float("nan")
    halves = _halves(chains)
    folded = np.abs(halves - np.median(halves))
    moving = [each for each in (halves, folded) if np.ptp(each) > 0.0]
    return max(_plain_rhat(_normal_scores(each)) for each in moving)


def ess_bulk(draws: ArrayLike) -> float:
    """Effective number of draws for the bulk: of the normal scores of the ranks, chains split in half.

    >>> 1500 < ess_bulk(np.random.default_rng(0).standard_normal((4, 500))) < 2500
    True
    """
    return _ess(_normal_scores(_halves(as_chains(draws))))


def ess_tail(draws: ArrayLike) -> float:
    """Effective number of draws for the tails: the smaller of those of the 5 % and the 95 % quantile.

    >>> 1000 < ess_tail(np.random.default_rng(0).standard_normal((4, 500))) < 2500
    True
    """
    chains = as_chains(draws)
    return min(ess_quantile(chains, probability) for probability in _TAIL)


def ess_quantile(draws: ArrayLike, probability: float) -> float:
    """Effective number of draws of ``x <= q``, q the sample quantile at ``probability``.

    >>> 1000 < ess_quantile(np.random.default_rng(0).standard_normal((4, 500)), 0.5) < 2500
    True
    """
    chains = as_chains(draws)
    below = chains <= np.quantile(chains, probability)
    return _ess(_halves(below.astype(np.float64)))


def ess_mean(draws: ArrayLike) -> float:
    """Effective number of draws of the mean: of the draws as they are, chains split in half.

    >>> 1500 < ess_mean(np.random.default_rng(0).standard_normal((4, 500))) < 2500
    True
    """
    return _ess(_halves(as_chains(draws)))


def mcse_mean(draws: ArrayLike) -> float:
    """Monte-Carlo standard error of the mean, ``s / √ess``, in the unit of the draws.

    >>> round(mcse_mean(np.random.default_rng(0).standard_normal((4, 500))), 3)
    0.022
    """
    chains = as_chains(draws)
    return float(np.std(chains, ddof=1) / np.sqrt(ess_mean(chains)))


def mcse_sd(draws: ArrayLike) -> float:
    """Monte-Carlo standard error of the standard deviation, by the delta method on ``(x − x̄)²``.

    >>> 0.01 < mcse_sd(np.random.default_rng(0).standard_normal((4, 500))) < 0.03
    True
    """
    chains = as_chains(draws)
    squares = (chains - chains.mean()) ** 2
    variance = squares.mean()
    if variance == 0.0:
        return 0.0
    spread = (squares**2).mean() - variance**2
    return float(np.sqrt(spread / ess_mean(squares) / variance / 4.0))


def mcse_quantile(draws: ArrayLike, probability: float) -> float:
    """Monte-Carlo standard error of a quantile: half the spread of the order statistics one σ either side.

    >>> 0.01 < mcse_quantile(np.random.default_rng(0).standard_normal((4, 500)), 0.5) < 0.05
    True
    """
    chains = as_chains(draws)
    n = ess_quantile(chains, probability)
    ends = stats.beta.ppf((0.1586553, 0.8413447), n * probability + 1.0, n * (1.0 - probability) + 1.0)
    ordered = np.sort(chains, axis=None)
    low, high = ends * ordered.size - 1.0
    lower = ordered[int(np.floor(max(low, 0.0)))]
    upper = ordered[int(np.ceil(min(high, ordered.size - 1.0)))]
    return float(upper - lower) / 2.0


@dataclass(frozen=True)
class Diagnosis:
    """What the chains say about one monitored quantity.

    Parameters
    ----------
    mean, sd : float
        Of all draws, in the unit of the quantity.
    mcse : float
        Monte-Carlo standard error of the mean, same unit.
    rhat : float
        Rank-normalised split R-hat; NaN if there is one chain.
    ess_bulk, ess_tail : float
        Effective numbers of draws.
    n_chains, n_draws : int
        How many chains, and draws in each.
    """

    mean: float
    sd: float
    mcse: float
    rhat: float
    ess_bulk: float
    ess_tail: float
    n_chains: int
    n_draws: int

    def complaint(self, name: str) -> str | None:
        """Return the sentence to print if R-hat >= 1.01 or fewer than 100 effective draws a chain, else None."""
        fewest = min(self.ess_bulk, self.ess_tail)
        needed = DRAWS_PER_CHAIN * self.n_chains
        if self.rhat >= RHAT_LIMIT:
            return f"{name}: R-hat is {self.rhat:.3f}; expected below {RHAT_LIMIT}: run more sweeps."
        if fewest < needed:
            return (
                f"{name}: {fewest:.0f} effective draws of {self.n_chains} chains; expected at least {needed} "
                f"({DRAWS_PER_CHAIN} a chain): run more sweeps."
            )
        return None

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.count("n_chains")
        state.count("n_draws")
        for name in ("mean", "sd", "mcse", "rhat", "ess_bulk", "ess_tail"):
            state.part(name, float, int)


def diagnose(draws: ArrayLike) -> Diagnosis:
    """Return every diagnostic of one quantity; one that never moves has R-hat NaN and counts every draw.

    >>> diagnosis = diagnose(np.random.default_rng(0).standard_normal((4, 500)))
    >>> diagnosis.complaint("x") is None
    True
    """
    chains = as_chains(draws)
    return Diagnosis(
        mean=float(chains.mean()),
        sd=float(np.std(chains, ddof=1)),
        mcse=mcse_mean(chains),
        rhat=rhat(chains),
        ess_bulk=ess_bulk(chains),
        ess_tail=ess_tail(chains),
        n_chains=chains.shape[0],
        n_draws=chains.shape[1],
    )


def complaints(diagnoses: Mapping[str, Diagnosis]) -> tuple[str, ...]:
    """Return the sentences of all quantities that have not converged, in order; empty if all is well.

    >>> complaints({"x": diagnose(np.random.default_rng(0).standard_normal((4, 500)))})
    ()
    """
    said = (diagnosis.complaint(name) for name, diagnosis in diagnoses.items())
    return tuple(sentence for sentence in said if sentence is not None)


def _halves(chains: Array) -> Array:
    """Split each chain into its first and last half; an odd middle draw is left out."""
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, -half:]])


def _normal_scores(chains: Array) -> Array:
    """``Φ⁻¹((r − 3/8) / (S + 1/4))`` of the average ranks r among all S draws; Vehtari et al. (2021), eq. 14."""
    ranks = stats.rankdata(chains, method="average").reshape(chains.shape)
    return np.asarray(special.ndtri((ranks - 0.375) / (chains.size + 0.25)), dtype=np.float64)


def _plain_rhat(chains: Array) -> float:
    """``√(((n − 1)/n W + B/n) / W)``; Vehtari et al. (2021), eqs. 1-4. Infinite where no chain moves, to rounding."""
    n = chains.shape[1]
    if not np.ptp(chains, axis=1).any():
        return float("inf")
    within = float(np.mean(np.var(chains, axis=1, ddof=1)))
    between = n * float(np.var(chains.mean(axis=1), ddof=1))
    return float(np.sqrt((between / within + n - 1.0) / n))


def _ess(chains: Array) -> float:
    """``m n / τ``, ``τ = −1 + 2 Σ_j P_j`` over pairs ``P_j = ρ_2j + ρ_2j+1`` while positive, made monotone.

    Vehtari et al. (2021), eqs. 10-13: of the first pair that is not positive the even member still counts once.
    """
    m, n = chains.shape
    if np.ptp(chains) < 1e-15:
        return float(chains.size)
    rho = _combined_autocorrelation(chains)
    n_pairs = max((n - 3) // 2 + 1, 1)
    pairs = rho[0 : 2 * n_pairs : 2] + rho[1 : 2 * n_pairs : 2]
    dead = np.flatnonzero(pairs <= 0.0)
    last = int(dead[0]) if dead.size else n_pairs - 1
    tau = -1.0 + 2.0 * float(np.minimum.accumulate(pairs[:last]).sum())
    if rho[2 * last] > 0.0 or pairs[last] >= 0.0:
        tau += float(rho[2 * last])
    return float(m * n / max(tau, 1.0 / np.log10(m * n)))


def _combined_autocorrelation(chains: Array) -> Array:
    """``ρ_t = 1 − (W − mean c_t) / var⁺`` with W the mean variance within chains."""
    m, n = chains.shape
    covariance = autocovariance(chains).mean(axis=0)
    within = covariance[0] * n / (n - 1.0)
    total = covariance[0] + (float(np.var(chains.mean(axis=1), ddof=1)) if m > 1 else 0.0)
    rho = 1.0 - (within - covariance) / total
    rho[0] = 1.0
    return np.asarray(rho, dtype=np.float64)
