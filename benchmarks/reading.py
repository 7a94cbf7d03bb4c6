"""Time and memory of reading a CSV of 1,000,000 x 30 numbers, each step in a fresh process; and of objects of lists.

Run ``python benchmarks/reading.py [ROWS] [COLUMNS]``. Goals at 1,000,000 x 30: read in at most 3 s, with hash
and statistics in at most 6 s, peak memory at most 3.5 times the array (240 MB).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
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


def objects(events: int, members: int) -> dict[str, float]:
    """Select, sort, leading members and sums of jets: ours, and the plain expressions of awkward (goal: ratio <= 2)."""
    import awkward as ak
    import numpy as np

    from fivesigma._core.expressions import evaluate
    from fivesigma._core.jagged import Jagged
    from fivesigma.data.objects.making import objects_of
    from fivesigma.data.objects.rules import Rules
    from fivesigma.data.readers.table import WholeTable

    rng, n = np.random.default_rng(0), events * members
    offsets = np.arange(events + 1, dtype=np.int64) * members
    drawn = {"pt": rng.exponential(30, n), "eta": rng.normal(0, 2, n), "phi": rng.uniform(-3, 3, n)}
    drawn |= {"mass": rng.exponential(5, n), "btag": rng.random(n)}
    jets = {name: values.astype(np.float32) for name, values in drawn.items()}
    table = WholeTable({}, {}, {f"Jet_{name}": Jagged(values, offsets) for name, values in jets.items()})
    said = {"prefix": "Jet_", "momentum": ["pt", "eta", "phi", "mass"], "fields": ["btag"], "sort": "pt"}
    rules = Rules.of("jet", said | {"select": "pt > 20 and abs(eta) < 2.4"})
    asked = ("count(jet)", "jet[0].pt", "jet[1].pt", "sum(jet.pt)", "max(jet.btag)")
    contents = ak.contents.RecordArray([ak.contents.NumpyArray(each) for each in jets.values()], list(jets))
    lists = ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), contents))

    def ours() -> list[np.ndarray]:
        made = objects_of(table, [rules])
        return [evaluate(text, {}, made) for text in asked]

    def theirs() -> list[np.ndarray]:
        jet = lists[(lists.pt > 20) & (abs(lists.eta) < 2.4)]
        jet = jet[ak.argsort(jet.pt, axis=1, ascending=False)]
        two = ak.fill_none(ak.pad_none(jet.pt, 2, axis=1), np.nan)
        most = ak.fill_none(ak.max(jet.btag, axis=1), np.nan)
        found = (ak.num(jet), two[:, 0], two[:, 1], ak.sum(jet.pt, axis=1), most)
        return [ak.to_numpy(each) for each in found]

    for one, two in zip(ours(), theirs(), strict=True):  # the same numbers; and all is compiled
        np.testing.assert_allclose(one, two, rtol=1e-5)
    return _alternating({"ours [s]": ours, "awkward [s]": theirs})


def _alternating(ways: dict[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Return the least time of each way, taken in turns, and the ratio of the first to the second."""
    seconds: dict[str, float] = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    first, second = seconds.values()
    return {**seconds, "ratio": first / second}


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
    print(f"objects: {rows} events with 5 jets", json.dumps(objects(rows, 5)))


if __name__ == "__main__":
    main()
