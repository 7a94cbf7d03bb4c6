"""Fifty chain sets, the same on every machine: integer arithmetic and elementary functions only."""

from __future__ import annotations

import numpy as np

n_sets = 50


def _uniform(number: int, size: int) -> np.ndarray:
    """splitmix64 of a counter: no library's generator, so the sets never change."""
    with np.errstate(over="ignore"):
        z = (np.arange(1, size + 1, dtype=np.uint64) + np.uint64(number * 1_000_003)) * np.uint64(
            0x9E3779B97F4A7C15
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53 + 2.0**-54


def chain_set(number: int) -> np.ndarray:
    """Autoregressions of every memory, length and number of chains; stuck, shifted, heavy-tailed, discrete."""
    n_chains = 2 + number % 4
    n_draws = (9, 50, 101, 400, 1000)[(number // 4) % 5]
    memory = (0.0, 0.5, 0.95, -0.6, 0.999)[number % 5]
    u = _uniform(number, n_chains * n_draws).reshape(n_chains, n_draws)
    noise = np.log(u / (1.0 - u))
    draws = np.empty_like(noise)
    draws[:, 0] = noise[:, 0]
    for t in range(1, n_draws):
        draws[:, t] = memory * draws[:, t - 1] + noise[:, t]
    kind = (number // 5) % 5
    if kind == 1:
        draws += np.arange(n_chains)[:, None]
    elif kind == 2:
        draws = draws**3
    elif kind == 3:
        draws = np.round(draws)
    elif kind == 4:
        draws[0] *= 3.0
    return draws
