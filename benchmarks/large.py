"""How much memory five million events take that are read, split and boosted, in units of their array.

    python -m benchmarks.large                                     by hand, and as a study: about ten minutes
    python -m benchmarks.large hand --rows 500000                  fewer events, one of the two
    python -m benchmarks.large --into docs/performance.md          into the table there

The events are float32 columns and a class in a Parquet file. Counted is what a process holds above one that has
imported fivesigma and does nothing: by hand the peak of the resident set, stage by stage; of a study, which has
processes, the greatest sum of what they hold, each counting what it shares in part (PSS).
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from benchmarks.growth import _family, _pss
from benchmarks.table import Table, printed

TABLE = Table("large", ("how", "rows × columns", "array, MiB", "stage: most above an idle import, in arrays"))
HERE = Path(__file__).parents[1]
COLUMNS = 28
STUDY = """
[study]
name = "large"
[data]
path = "events.parquet"
target = "y"
[[models]]
name = "dummy"
kind = "dummy"
[[models]]
name = "boosting"
kind = "boosting"
params = { max_iter = 20 }
[evaluate]
baseline = "dummy"
bootstrap = 200
refits = 2
"""


def write(folder: Path, rows: int) -> None:
    """Write events and study."""
    rng, parts = np.random.default_rng(0), []
    for begin in range(0, rows, 250_000):
        n = min(250_000, rows - begin)
        y = rng.integers(0, 2, n).astype(np.int8)
        X = rng.standard_normal((n, COLUMNS), dtype=np.float32)
        X[:, :6] += 0.35 * y[:, None]
        parts.append(pl.DataFrame({f"x{j}": X[:, j] for j in range(COLUMNS)} | {"y": y}))
    pl.concat(parts, rechunk=False).write_parquet(folder / "events.parquet", row_group_size=250_000)
    (folder / "large.toml").write_text(STUDY)


def _peak() -> float:
    """Return the bytes that this process has held at most since it was last asked."""
    status = Path("/proc/self/status").read_text().splitlines()
    Path("/proc/self/clear_refs").write_text("5")
    return next(1024.0 * float(line.split()[1]) for line in status if line.startswith("VmHWM"))


def by_hand(path: str) -> None:
    """Read, split and boost a file in this process; print the bytes of each stage above an idle import."""
    import fivesigma as fs

    idle = _peak()
    data = fs.read(path, target="y")
    print("read", _peak() - idle, flush=True)
    from fivesigma.risk.splits import make_split

    split = make_split(data.row_hashes, data.y, task="classification")
    print("split", _peak() - idle, flush=True)
    from fivesigma.models.trees import BoostingClassifier

    model = BoostingClassifier(max_iter=20).fit(data.columnwise(split.train), data.y[split.train])
    print("boosted", _peak() - idle, flush=True)
    model.predict_proba(data.columnwise(split.tests["test"]))
    print("predicted", _peak() - idle, flush=True)


def hand(folder: Path) -> dict[str, float]:
    """Return the bytes of each stage by hand."""
    command = [sys.executable, "-m", "benchmarks.large", "--one", str(folder / "events.parquet")]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout.splitlines()
    return {stage: float(size) for stage, size in (line.split() for line in said)}


def study(folder: Path) -> dict[str, float]:
    """Return the bytes that a study with one worker holds at most."""
    idle = subprocess.run(
        [sys.executable, "-c", "import fivesigma; print(open('/proc/self/smaps_rollup').read())"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    before = next(1024.0 * float(line.split()[1]) for line in idle if line.startswith("Pss:"))
    command = [
        sys.executable,
        "-m",
        "fivesigma",
        "run",
        str(folder / "large.toml"),
        "--quiet",
        "--workers",
        "1",
    ]
    process = subprocess.Popen([*command, "--out", f"{folder}/run"], stdout=subprocess.DEVNULL)
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(_pss(each) for each in _family(process.pid)) - before)
        time.sleep(0.1)
    if process.returncode:
        raise RuntimeError(f"the study ended with {process.returncode}")
    return {"all": most}


WAYS = {"hand": ("by hand", hand), "study": ("as a study, one worker", study)}


def main() -> None:
    """Print the table; put it into a document if one is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*WAYS, []])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        by_hand(asked.one)
        return
    lines, array = [], 4 * asked.rows * COLUMNS
    with TemporaryDirectory() as folder:
        write(Path(folder), asked.rows)
        for name in printed(TABLE, asked.names or WAYS):
            how, measured = WAYS[name]
            stages = ", ".join(
                f"{stage} {size / array:.2f}" for stage, size in measured(Path(folder)).items()
            )
            lines.append((how, f"{asked.rows:,} × {COLUMNS}", f"{array / 2**20:.0f}", stages))
            TABLE.show(lines[-1])
    if asked.into is not None:
        TABLE.put(asked.into, lines)


if __name__ == "__main__":
    main()
