"""Time and memory of reading a CSV of 1,000,000 x 30 numbers, each step in a fresh process.

Run ``python benchmarks/reading.py [ROWS] [COLUMNS]``. Goals at 1,000,000 x 30: read in at most 3 s, with hash
and statistics in at most 6 s, peak memory at most 3.5 times the array (240 MB).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

_MEASURE = """
import json, resource, sys, time
import fivesigma.data.reading as reading
import polars, scipy.stats
seconds = {}
start, before = time.perf_counter(), time.process_time()
data = reading.read(sys.argv[1], target=sys.argv[2] or None)
seconds["read"] = time.perf_counter() - start
if sys.argv[3] == "all":
    data.sha256, data.statistics()
    seconds["read, hash and statistics"] = time.perf_counter() - start
    data.audit
    seconds["and audit"] = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
seconds["of the processor, all threads"] = time.process_time() - before
print(json.dumps({"seconds": seconds, "peak / array": peak / data.X.nbytes, "peak [MB]": peak / 1e6}))
"""


def write(path: Path, rows: int, columns: int) -> None:
    import numpy as np
    import polars

    X = np.random.default_rng(0).normal(size=(rows, columns))
    polars.DataFrame({f"x{i}": X[:, i] for i in range(columns)}).write_csv(path)


def measure(path: Path, target: str, steps: str) -> dict[str, object]:
    command = [sys.executable, "-c", _MEASURE, str(path), target, steps]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    columns = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.csv"
        write(path, rows, columns)
        print(f"{rows} x {columns}, {path.stat().st_size / 1e6:.0f} MB of CSV")
        for target in ("", "x0"):
            for steps in ("read", "all"):
                print(f"target {target or 'none':4} {steps:4}", json.dumps(measure(path, target, steps)))


if __name__ == "__main__":
    main()
