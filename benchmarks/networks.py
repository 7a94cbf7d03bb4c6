"""Ensembles of 12-16-1 networks against their peers: one process, one thread, 819 rows, batch 32, 100 epochs.

    python -m benchmarks.networks                                 10 and 50 networks by SGD, Adam and Rprop
    python -m benchmarks.networks 10-adam 50-sgd                  some
    python -m benchmarks.networks --into docs/networks.md

Every epoch ends with the loss on 205 rows held out. Seconds are those of the processor, medians of three alternating
turns, compilation left out (that of JAX is told: it is compiled anew for each ensemble). Loops that train one network
after the other are run for one network and a tenth of the epochs, and multiplied. skorch and JAX take part where they
are installed; rates are 0.01, and losses are medians over the members.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.table import Table, asked, printed

N, HELD, EPOCHS, TURNS = 819, 205, 100, 3
SCENES = {f"{M}-{optimiser}": (M, optimiser) for M in (10, 50) for optimiser in ("sgd", "adam", "rprop")}
ONE_BY_ONE = ("plain", "slices", "skorch")
"""Peers that train one network after the other."""
PEERS = (*ONE_BY_ONE, "vmap", "jax")
OURS = ("stacked", "fused")


def data() -> tuple[np.ndarray, ...]:
    """Signs of 12 columns, as the issue has them: what is learnt is a product and a sum."""
    rng = np.random.default_rng(0)
    X = np.sign(rng.normal(size=(N + HELD, 12))).astype(np.float32)
    y = (X[:, 0] * X[:, 1] + X[:, 2] + 0.1 * rng.normal(size=N + HELD)).astype(np.float32)[:, None]
    return X[:N], y[:N], X[N:], y[N:]


def ours(engine: str, parts, optimiser: str, M: int, epochs: int) -> np.ndarray:
    from fivesigma.models.neural import MLPRegressor

    X, y, V, v = parts
    made = MLPRegressor(
        (16,), optimiser=optimiser, learning_rate=0.01, momentum=0.9 if optimiser == "adam" else 0.0, batch_size=32,
        epochs=epochs, early_stopping=False, validation=(V, v[:, 0]), n_members=M,
        engine="torch" if engine == "stacked" else "fused", n_jobs=1,
    )  # fmt: skip
    return made.fit(X, y[:, 0]).history_["validation"][:, -1]


def turn(who: str, parts, optimiser: str, M: int) -> tuple[float, float]:
    """Return CPU seconds of M networks, and the median loss on the rows held out (NaN of a shortened run)."""
    from benchmarks import networks_peers

    short = who in ONE_BY_ONE
    begun = time.process_time()
    if who in OURS:
        found = ours(who, parts, optimiser, M, EPOCHS)
    else:
        found = getattr(networks_peers, who)(
            parts, optimiser, 1 if short else M, EPOCHS // 10 if short else EPOCHS
        )
    took = time.process_time() - begun
    return (took * M * 10, np.nan) if short else (took, float(np.median(found)))


def absent(who: str, optimiser: str) -> bool:
    return (who in ("skorch", "jax") and not find_spec(who)) or (who == "jax" and optimiser == "rprop")


def line(M: int, optimiser: str) -> list[str]:
    parts = data()
    there = [who for who in (*PEERS, *OURS) if not absent(who, optimiser)]
    for who in there:  # what is compiled or imported at the first call
        if who in OURS:
            ours(who, parts, optimiser, 2, 2)
        elif who != "jax":
            turn(who, parts, optimiser, 1)
    took: dict[str, list[float]] = {who: [] for who in there}
    lost: dict[str, float] = {}
    for _ in range(TURNS):
        for who in there:
            seconds, lost[who] = turn(who, parts, optimiser, M)
            took[who].append(seconds)
    middle = {who: float(np.median(each)) for who, each in took.items()}
    cells = [f"{M}, {optimiser}"]
    for who in (*PEERS, *OURS):
        if who not in middle:
            cells.append("–")
        elif who == "plain":
            cells.append(f"{middle[who]:.1f} s")
        else:
            loss = "" if np.isnan(lost[who]) else f", loss {lost[who]:.4f}"
            cells.append(f"{middle[who]:.2f} s, {middle['plain'] / middle[who]:.0f} times{loss}")
    return cells


TABLE = Table(
    "speed",
    (
        "networks",
        "plain loop",
        "by slices",
        "skorch",
        "torch.func.vmap",
        "JAX, compiling",
        "stacked",
        "fused",
    ),
)


def main(arguments: list[str]) -> None:
    wanted = asked(__doc__, arguments, SCENES)
    for who in ("skorch", "jax"):
        if not find_spec(who):
            print(f"{who} is not installed, and left out")
    import torch

    torch.set_num_threads(1)
    lines = []
    for name in printed(TABLE, wanted.names):
        lines.append(line(*SCENES[name]))
        TABLE.show(lines[-1])
    wanted.keep(TABLE, lines)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main(sys.argv[1:])
