"""Write tests/sampling/arviz.json: what ArviZ says of 50 chain sets, which the tests make again from their seeds.

Run it where arviz is installed (it is no dependency): ``python benchmarks/reference_diagnostics.py``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests" / "sampling"
sys.path.insert(0, str(TESTS))

from chain_sets import chain_set, n_sets  # noqa: E402


def reference(number: int) -> dict[str, float]:
    import arviz

    draws = chain_set(number)
    values = {
        "rhat": arviz.rhat(draws, method="rank"),
        "ess_bulk": arviz.ess(draws, method="bulk"),
        "ess_tail": arviz.ess(draws, method="tail"),
        "ess_mean": arviz.ess(draws, method="mean"),
        "ess_median": arviz.ess(draws, method="quantile", prob=0.5),
        "mcse_mean": arviz.mcse(draws, method="mean"),
        "mcse_sd": arviz.mcse(draws, method="sd"),
        "mcse_median": arviz.mcse(draws, method="quantile", prob=0.5),
    }
    return {name: float(np.asarray(value)) for name, value in values.items()}


if __name__ == "__main__":
    import arviz

    document = {"arviz": arviz.__version__, "sets": [reference(number) for number in range(n_sets)]}
    text = json.dumps(document).replace("{", "\n{")
    (TESTS / "arviz.json").write_text(text.strip() + "\n")
