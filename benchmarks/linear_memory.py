"""Peak memory of paths of 50 λ on a dense 100,000 × 500 table, each in a fresh process, in units of the table.

Counted is the peak of the resident set above what it was before the table was made: the table itself is in it.
"""

from __future__ import annotations

import subprocess
import sys
import time

CASES = ("lasso", "ridge", "L2", "L1")
ROWS, COLUMNS = 100_000, 500


def _status(key: str) -> float:
    """MB of a line of /proc/self/status."""
    with open("/proc/self/status") as file:
        return next(float(line.split()[1]) for line in file if line.startswith(key)) / 1024


def _table(rows: int):
    import numpy as np

    rng = np.random.default_rng(0)
    X = np.empty((rows, COLUMNS))
    for start in range(0, rows, 1000):
        block = X[start : start + 1000]
        rng.standard_normal(out=block)
        block += rng.standard_normal((len(block), 1))
    coef = rng.standard_normal(COLUMNS) * (np.arange(COLUMNS) < 60) / 8
    return X, X @ coef + rng.standard_normal(rows)


def _path(case: str, lambdas):
    from fivesigma.models.linear import RegularisationPath
    from fivesigma.risk.losses import Logistic, Squared
    from fivesigma.risk.penalties import L1, L2

    loss = Logistic() if case in ("L1", "L2") else Squared()
    return RegularisationPath(loss, L1() if case in ("L1", "lasso") else L2(), lambdas)


def one(case: str) -> None:
    """Measure one case in this process."""
    import numpy as np

    lambdas = np.geomspace(1e1, 1e5, 50)
    X, y = _table(2000)
    target = (y > 0).astype(int) if case in ("L1", "L2") else y
    _path(case, lambdas[-5:]).fit(X, target)
    before = _status("VmRSS")
    X, y = _table(ROWS)
    target = (y > 0).astype(int) if case in ("L1", "L2") else y
    ready = _status("VmHWM") - before
    start = time.process_time()
    path = _path(case, lambdas).fit(X, target)
    seconds, peak, size = time.process_time() - start, _status("VmHWM") - before, X.nbytes / 2**20
    print(
        f"{case}: {ROWS} x {COLUMNS}, {len(lambdas)} λ: peak {peak:.0f} MB = {peak / size:.2f} x the table "
        f"({size:.0f} MB; {ready / size:.2f} x before the fit), {seconds:.1f} s, "
        f"violation {path.violations_.max():.0e}",
        flush=True,
    )


def main() -> None:
    for case in CASES:
        subprocess.run([sys.executable, "-P", "-m", "benchmarks.linear_memory", case], check=True)


if __name__ == "__main__":
    one(sys.argv[1])
