"""A sum of floats has one order: what is compiled now and what an earlier process compiled give the same bits."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from fivesigma.models.mixtures.kernels import folded

PROGRAM = """
import hashlib, warnings
import numpy as np
from fivesigma.models.mixtures import GaussianMixtureGibbs
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(0, 1, (300, 1)), rng.normal(6, 1, (300, 1)), rng.normal(12, 1, (200, 1))])
found = GaussianMixtureGibbs(3, n_sweeps=40, n_warmup=10, n_chains=2, random_state=0).fit(X)
print(hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in found.draws_.values())).hexdigest())
"""


def test_the_first_run_after_an_installation_has_the_bits_of_the_next(tmp_path):
    env = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    said = [
        subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert said[0].stdout == said[1].stdout
    assert len(said[0].stdout) > 60


@pytest.mark.parametrize("n", [0, 1, 7, 8, 63, 64, 257, 4096])
def test_a_folded_sum_is_the_sum(n):
    x, y = np.random.default_rng(n).normal(size=(2, n + 3))
    work = np.empty(n // 8 + 1)
    assert folded(x, y, 1, n + 1, work) == pytest.approx(float(np.dot(x[1 : n + 1], y[1 : n + 1])), abs=1e-12)
