"""The two-dimensional Ising model, ``H = −Σ_<ij> s_i s_j`` (J = k_B = 1), on a torus, by cluster algorithms.

Swendsen & Wang, Phys. Rev. Lett. 58 (1987) 86; Wolff, Phys. Rev. Lett. 62 (1989) 361. The exact answers are
Kaufman's partition function of the finite torus (Phys. Rev. 76 (1949) 1232), Onsager's energy (Phys. Rev. 65
(1944) 117) and Yang's magnetisation (Phys. Rev. 85 (1952) 808).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipk

from fivesigma._core.compiled import njit
from fivesigma._core.errors import InputError, one_of
from fivesigma.simulate.system import System, Table, count, positive

Vector = NDArray[np.float64]
Spins = NDArray[np.int8]

#: half of the neighbours (the other half are their opposites), as (row, column) steps
FORWARD = {"square": ((0, 1), (1, 0)), "triangular": ((0, 1), (1, 0), (1, 1))}
#: ``2/ln(1 + √2)`` and ``4/ln 3``
CRITICAL = {"square": 2 / math.log(1 + math.sqrt(2)), "triangular": 4 / math.log(3)}


@cache
def neighbours(size: int, lattice: str) -> NDArray[np.int32]:
    """Site numbers of the neighbours: (size², 4 or 6), forward ones first."""
    rows, columns = np.divmod(np.arange(size * size), size)
    steps = FORWARD[lattice] + tuple((-a, -b) for a, b in FORWARD[lattice])
    table = [((rows + a) % size) * size + (columns + b) % size for a, b in steps]
    return np.ascontiguousarray(np.stack(table, axis=1).astype(np.int32))


@njit(cache=True)
def _find(parent, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True)
def _swendsen_wang(s, links, bond, sweeps, parent, sign, rng):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Join equal neighbours with chance ``bond = 1 − exp(−2/T)``; give every cluster a new sign."""
    n, half = links.shape[0], links.shape[1] // 2
    for _ in range(sweeps):
        for i in range(n):
            parent[i] = i
        for i in range(n):
            for k in range(half):
                j = links[i, k]
                if s[i] == s[j] and rng.random() < bond:
                    a, b = _find(parent, i), _find(parent, j)
                    if a < b:
                        parent[b] = a
                    else:
                        parent[a] = b
        for i in range(n):
            root = _find(parent, i)
            if root == i:  # a root is the smallest member, so it is met first
                sign[i] = 1 if rng.random() < 0.5 else -1
            s[i] = sign[root]


@njit(cache=True)
def _wolff(s, links, bond, clusters, stack, rng):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Grow a cluster from a random site and flip it; returns the sites flipped in all."""
    n, z = links.shape
    flipped = 0
    for _ in range(clusters):
        i = int(rng.random() * n)
        old = s[i]
        s[i] = -old
        stack[0] = i
        top = 1
        while top > 0:
            top -= 1
            i = stack[top]
            flipped += 1
            for k in range(z):
                j = links[i, k]
                if s[j] == old and rng.random() < bond:
                    s[j] = -old
                    stack[top] = j
                    top += 1
    return flipped


@dataclass(frozen=True)
class IsingModel:
    """Ising spins on a ``size × size`` torus at one temperature.

    Parameters
    ----------
    size : side of the lattice, at least 3
    temperature : in units of J/k_B
    lattice : ``square`` or ``triangular``
    algorithm : ``swendsen-wang`` or ``wolff``
    sweeps : updates of the whole lattice between two configurations; for ``wolff`` that number of times as
        many
        clusters as flip one lattice on average
    warm_up : the same before the first configuration

    Raises
    ------
    InputError
        for values outside these

    Examples
    --------
    >>> IsingModel(8, 2.0).sample(3, np.random.default_rng(0)).shape
    (3, 8, 8)
    """

    size: int = 32
    temperature: float = CRITICAL["square"]
    lattice: Literal["square", "triangular"] = "square"
    algorithm: Literal["swendsen-wang", "wolff"] = "swendsen-wang"
    sweeps: int = 5
    warm_up: int = 300

    def __post_init__(self) -> None:
        one_of(self.lattice, FORWARD, "lattice")
        one_of(self.algorithm, ("swendsen-wang", "wolff"), "algorithm")
        positive(self.temperature, "temperature")
        if self.size < 3 or self.sweeps < 1 or self.warm_up < 0:
            raise InputError(
                f"size = {self.size}, sweeps = {self.sweeps}, warm_up = {self.warm_up}: "
                "expected at least 3, 1 and 0."
            )

    def sample(self, n: int, rng: np.random.Generator) -> Spins:
        """Return ``n`` successive configurations of one Markov chain: (n, size, size) of ±1, int8."""
        configurations = np.empty((count(n), self.size**2), np.int8)
        # an ordered start: from a random one a stripe across the torus may outlive the warm-up at low
        # temperature
        s = np.full(self.size**2, 1 if rng.random() < 0.5 else -1, np.int8)
        step = self._stepper(s, rng)
        for i in range(n):
            step()
            configurations[i] = s
        return configurations.reshape(n, self.size, self.size)

    def energy(self, spins: Spins) -> Vector:
        """Energy a site of each configuration: (n, size, size) -> (n,)."""
        s = spins.astype(np.int64)
        steps = FORWARD[self.lattice]
        total = sum(s * np.roll(s, (-a, -b), axis=(1, 2)) for a, b in steps)
        return np.asarray(-np.asarray(total).mean((1, 2)))

    def _stepper(self, s: Spins, rng: np.random.Generator) -> Callable[[], object]:
        """Warm up, and return what moves ``s`` on by one configuration."""
        links, bond = neighbours(self.size, self.lattice), 1 - math.exp(-2 / self.temperature)
        work = np.empty((2, self.size**2), np.int32)
        if self.algorithm == "swendsen-wang":
            _swendsen_wang(s, links, bond, self.warm_up, work[0], work[1], rng)
            return lambda: _swendsen_wang(s, links, bond, self.sweeps, work[0], work[1], rng)
        per_lattice = self._clusters_per_lattice(s, links, bond, work[0], rng)
        # a fixed number: to stop once enough sites have flipped would favour some states
        clusters = max(1, math.ceil(self.sweeps * per_lattice))
        return lambda: _wolff(s, links, bond, clusters, work[0], rng)

    def _clusters_per_lattice(self, s, links, bond, stack, rng) -> float:  # type: ignore[no-untyped-def] # noqa: ANN001
        flipped, clusters = 0, 0
        while flipped < (self.warm_up + 1) * s.size:
            flipped += _wolff(s, links, bond, 10, stack, rng)
            clusters += 10
        return float(clusters * s.size / flipped)


def exact_energy(temperature: float, size: int) -> float:
    """Energy a site of the square ``size × size`` torus, exact at any temperature (Kaufman 1949).

    With K = 1/T, n = size: ``2 Z = (2 sinh 2K)^(n²/2) (Z₁ + Z₂ + Z₃ + Z₄)``, where Z₁, Z₂ are the products
    over r of ``2 cosh``, ``2 sinh(n γ_{2r+1}/2)`` and Z₃, Z₄ those over γ_{2r}; ``cosh γ_l = cosh 2K coth 2K
    − cos(π l/n)`` and ``γ_0 = 2K + ln tanh K`` (with its sign). Returned is ``−(1/n²) ∂ ln Z/∂K``.

    >>> round(exact_energy(2.0, 4), 6)
    -1.75538
    """
    n, K = size, 1 / temperature
    logs, slopes, signs = zip(
        *(_product(kind, parity, n, K) for parity in (1, 0) for kind in ("cosh", "sinh")), strict=True
    )
    top = max(logs)
    weights = [math.exp(log - top) for log in logs]
    Z = sum(w * sign for w, sign in zip(weights, signs, strict=True))
    dZ = sum(w * slope for w, slope in zip(weights, slopes, strict=True))
    return float(-(1 / math.tanh(2 * K) + dZ / Z / n**2))


def _product(kind: str, parity: int, n: int, K: float) -> tuple[float, float, float]:
    """``(a, b, c)`` such that the product is ``c e^a`` and its derivative in K is ``b e^a``."""
    order = np.arange(parity, 2 * n, 2)
    gamma, slope = _gammas(order, n, K)
    x, dx = n * gamma / 2, n * slope / 2
    if kind == "cosh":
        return float(_log_cosh(x).sum()), float((dx * np.tanh(x)).sum()), 1.0
    if parity == 1:
        return float(_log_sinh(x).sum()), float((dx / np.tanh(x)).sum()), 1.0
    # l = 0 apart: its factor 2 sinh(x₀) passes through zero at the critical temperature
    rest, scale = slice(1, None), float(_log_cosh(x[:1])[0])
    c = float(np.tanh(x[0]))
    b = float(dx[0]) + c * float((dx[rest] / np.tanh(x[rest])).sum())
    return scale + float(_log_sinh(x[rest]).sum()), b, c


def _gammas(order: NDArray[np.int64], n: int, K: float) -> tuple[Vector, Vector]:
    """γ_l and dγ_l/dK."""
    cosh = math.cosh(2 * K) / math.tanh(2 * K) - np.cos(np.pi * order / n)
    gamma = np.arccosh(np.maximum(cosh, 1.0))
    zero = order == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = 2 * math.cosh(2 * K) * (1 - 1 / math.sinh(2 * K) ** 2) / np.sinh(gamma)
    gamma = np.where(zero, 2 * K + math.log(math.tanh(K)), gamma)
    return gamma, np.where(zero, 2 + 2 / math.sinh(2 * K), slope)


def _log_cosh(x: Vector) -> Vector:
    """``ln(2 cosh x)``."""
    return np.asarray(np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))))


def _log_sinh(x: Vector) -> Vector:
    """``ln(2 sinh x)`` for x > 0."""
    return np.asarray(x + np.log(-np.expm1(-2 * x)))


def onsager_energy(temperature: float) -> float:
    """Energy a site of the infinite square lattice (Onsager 1944).

    ``−coth 2K [1 + (2/π)(2 tanh² 2K − 1) F(k)]``, ``k = 2 sinh 2K / cosh² 2K``, F the complete elliptic
    integral.
    """
    K = 1 / temperature
    k = 2 * math.sinh(2 * K) / math.cosh(2 * K) ** 2
    if k > 1 - 1e-12:  # at T_c the infinity of F is multiplied by zero
        return -1 / math.tanh(2 * K)
    return -(1 + 2 / math.pi * (2 * math.tanh(2 * K) ** 2 - 1) * float(ellipk(k * k))) / math.tanh(2 * K)


def yang_magnetisation(temperature: float) -> float:
    """|m| of the infinite square lattice: ``(1 − sinh(2/T)⁻⁴)^(1/8)`` below T_c, else 0 (Yang 1952)."""
    return float(max(0.0, 1 - math.sinh(2 / temperature) ** -4) ** 0.125)


def autocorrelation_time(series: Vector) -> float:
    """Integrated autocorrelation time ``½ + Σ ρ(t)`` in steps of the series; ½ for independent values.

    Summed up to the first window ``t ≥ 5 τ(t)`` (Sokal 1997, Monte Carlo methods, sect. 3).
    """
    x = np.asarray(series, float) - np.mean(series)
    power = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    rho = np.fft.irfft(power)[: len(x)]
    if rho[0] <= 0:
        return 0.5
    tau = np.cumsum(rho / rho[0]) - 0.5
    window = np.arange(len(tau)) >= 5 * tau
    return float(tau[np.argmax(window)] if window.any() else tau[-1])


def standard_error(series: Vector) -> float:
    """Monte-Carlo error of the mean: ``√(2 τ var / n)`` with the autocorrelation time τ."""
    x = np.asarray(series, float)
    return float(np.sqrt(2 * max(autocorrelation_time(x), 0.5) * x.var() / len(x)))


@dataclass(frozen=True)
class IsingScan(System):
    """Configurations at evenly spaced temperatures with their energy, magnetisation and phase.

    Parameters
    ----------
    size, lattice, algorithm, sweeps, warm_up : see `IsingModel`
    coldest, hottest : the temperatures at the ends, in units of J/k_B
    n_temperatures : how many there are
    gap : two temperatures between which there is none, both among those that there are; equal ones for no gap
    n_chains : Markov chains at each temperature; what one of them draws is a group

    Raises
    ------
    InputError
        for values outside these

    Examples
    --------
    >>> IsingScan(size=4, coldest=1.0, hottest=3.0, n_temperatures=4, gap=(1.5, 2.5)).temperatures.tolist()
    [1.0, 1.5, 2.5, 3.0]
    """

    block: ClassVar[int] = 1_000
    default_n: ClassVar[int] = 1_000

    size: int = 32
    lattice: Literal["square", "triangular"] = "square"
    algorithm: Literal["swendsen-wang", "wolff"] = "swendsen-wang"
    coldest: float = 1.5
    hottest: float = 3.5
    n_temperatures: int = 20
    sweeps: int = 5
    warm_up: int = 300
    gap: tuple[float, float] = (0.0, 0.0)
    n_chains: int = 1

    def __post_init__(self) -> None:
        self._model(self.coldest)  # says what it cannot be
        positive(self.hottest, "hottest")
        count(self.n_temperatures, "n_temperatures")
        count(self.n_chains, "n_chains")
        low, high = self.gap
        if low != high and not self.coldest < low < high < self.hottest:
            raise InputError(
                f"gap = {low:g}, {high:g}: expected two rising temperatures between coldest = {self.coldest:g} and "
                f"hottest = {self.hottest:g}."
            )
        if low != high and self.n_temperatures < 4:
            raise InputError(
                f"n_temperatures = {self.n_temperatures}: expected at least 4, two on each side of the gap."
            )

    @property
    def temperatures(self) -> Vector:
        """Return them, rising: (n_temperatures,); on both sides of a gap about as dense."""
        low, high = self.gap
        if low == high:
            return np.linspace(self.coldest, self.hottest, self.n_temperatures)
        share = (low - self.coldest) / (low - self.coldest + self.hottest - high)
        below = min(max(round(share * self.n_temperatures), 2), self.n_temperatures - 2)
        sides = (
            np.linspace(self.coldest, low, below),
            np.linspace(high, self.hottest, self.n_temperatures - below),
        )
        return np.concatenate(sides)

    def sample(self, n: int, rng: np.random.Generator) -> Spins:
        """Return configurations in the order of temperature: (n, size, size) int8."""
        return np.asarray(self.table(n, rng).columns["spins"])

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return temperature, energy, magnetisation, phase, the spins, and of which chain they are."""
        chains = [self._model(float(T)) for T in self.temperatures for _ in range(self.n_chains)]
        share, more = divmod(count(n), len(chains))
        drawn = [(model, share + (i < more)) for i, model in enumerate(chains) if share + (i < more)]
        lengths = [k for _, k in drawn]
        spins = np.concatenate([model.sample(k, rng) for model, k in drawn])
        T = np.repeat([model.temperature for model, _ in drawn], lengths)
        columns = {"temperature": T, "energy": drawn[0][0].energy(spins), "magnetisation": spins.mean((1, 2))}
        phase = np.where(CRITICAL[self.lattice] > T, "ordered", "disordered").astype(object)
        # a number that no other chain has, in this table or in one drawn beside it
        chain = np.repeat(rng.integers(2**53, size=len(drawn)), lengths)
        columns |= {"phase": phase, "chain": chain, "spins": spins}
        return Table(columns, {"temperature": "J/k_B", "energy": "J"}, target="phase", group="chain")

    def _model(self, temperature: float) -> IsingModel:
        return IsingModel(
            self.size, temperature, self.lattice, self.algorithm, sweeps=self.sweeps, warm_up=self.warm_up
        )
