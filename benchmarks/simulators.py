"""Rates of the simulators on one core, autocorrelation times, and what the exact answers say.

    OMP_NUM_THREADS=1 python -m benchmarks.simulators

Rates are in processor time, so a busy machine does not change them much.
"""

from __future__ import annotations

import time

import numpy as np

from fivesigma._core.errors import MissingExtraError
from fivesigma.simulate.fields import Fields
from fivesigma.simulate.galaxies import Galaxies
from fivesigma.simulate.ising import (
    CRITICAL,
    IsingModel,
    autocorrelation_time,
    exact_energy,
    standard_error,
    yang_magnetisation,
)
from fivesigma.simulate.spins import SpinChain
from fivesigma.simulate.tables import draw


def rate(work, n):
    start = time.process_time()
    result = work(n)
    return result, n / (time.process_time() - start)


def ising():
    print(
        "Ising, L = 32: configurations/s, deviation from Kaufman in errors, |m| from Yang, autocorrelation time"
    )
    rng = np.random.default_rng(1)
    for algorithm in ("swendsen-wang", "wolff"):
        for temperature in (1.8, 2.1, CRITICAL["square"], 2.6, 3.2):
            model = IsingModel(32, temperature, algorithm=algorithm)
            model.sample(5, rng)
            spins, speed = rate(lambda n, m=model: m.sample(n, rng), 3000)
            energy, m = model.energy(spins), np.abs(spins.mean((1, 2)))
            z = (energy.mean() - exact_energy(temperature, 32)) / standard_error(energy)
            zm = (
                (m.mean() - yang_magnetisation(temperature)) / standard_error(m)
                if temperature < 2.15
                else np.nan
            )
            tau = autocorrelation_time(energy)
            print(f"  {algorithm:14s} T={temperature:.4f} {speed:8.0f}/s  {z:+.2f}  {zm:+.2f}  tau={tau:.2f}")


def spins():
    for n in (8, 12, 16):
        start = time.process_time()
        chain = SpinChain(n)
        gap = chain.ground_energy() + 2 / np.sin(np.pi / 2 / n)
        print(f"spins n={n}: E0 - exact = {gap:+.1e}, {time.process_time() - start:.2f} s")


def images():
    for name, system in (("galaxies 64x64", Galaxies()), ("fields 64x64", Fields())):
        system.sample(5, np.random.default_rng(0))
        _, speed = rate(lambda n, s=system: s.sample(n, np.random.default_rng(0)), 500)
        print(f"{name}: {speed:.0f} a second")


def others():
    draw("halos", n=10)
    for name, n in (("halos", 20_000), ("mixtures", 20_000), ("projectiles", 5_000)):
        _, speed = rate(lambda n, name=name: draw(name, n=n), n)
        print(f"{name}: {speed:.0f} a second")


def collider():
    from fivesigma.simulate.collider import PROCESSES, Collider

    for process in PROCESSES:
        try:
            table, speed = rate(lambda n, p=process: Collider((p,)).table(n, np.random.default_rng(1)), 200)
        except MissingExtraError as error:
            print(f"collider: {error}")
            return
        efficiency = table.columns["filter_efficiency"][0]
        print(f"collider {process}: {speed:.1f} selected/s, {speed / efficiency:.0f} generated/s")


if __name__ == "__main__":
    for part in (ising, spins, images, others, collider):
        part()
