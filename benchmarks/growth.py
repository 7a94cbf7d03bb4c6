"""How time and memory grow: with rows, columns, models, refits, resamples and workers, each at five sizes.

    python -m benchmarks.growth                                              all, about ten minutes on two cores
    python -m benchmarks.growth rows --into docs/performance.md            one, into table and figure there

A line is one axis: a study of simulated events is run at five sizes, everything else as it stands, in a process of its
own. The exponent c is that of CPU time ``a + b sizeᶜ`` by least squares of relative errors, a >= 0: what costs the
same whatever the size (imports, the page) is no growth. Memory likewise: the greatest sum over the processes, each
counting what it shares in part (PSS). Algorithms that are known to grow faster stand below: one fit each.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from sklearn.datasets import make_classification

from benchmarks.table import Table, printed

TABLE = Table("growth", ("what grows", "from – to", "CPU s", "exponent of time", "MiB", "exponent of memory"))
FIGURE = Path(__file__).parents[1] / "docs" / "pictures" / "growth.png"
EXPONENTS = np.linspace(0.0, 3.0, 301)


@dataclass(frozen=True)
class Job:
    """A study of simulated events of two classes."""

    rows: int = 4_000
    columns: int = 10
    models: int = 3
    refits: int = 4
    resamples: int = 1_000
    workers: int = 1

    def files(self, folder: Path) -> Path:
        """Write events and study; return the path of the study file."""
        X, y = make_classification(
            self.rows,
            self.columns,
            n_informative=min(5, self.columns),
            n_redundant=0,
            class_sep=0.7,
            random_state=0,
        )
        table = pl.DataFrame({f"x{j}": X[:, j] for j in range(self.columns)} | {"y": y})
        table.write_parquet(folder / "events.parquet")
        kinds = ["dummy", "logistic", "boosting", "forest", "tree"]
        models = "".join(
            f'[[models]]\nname = "model {k}"\nkind = "{kinds[k % len(kinds)]}"\n' for k in range(self.models)
        )
        document = (
            f'[study]\nname = "growth"\n[data]\npath = "events.parquet"\ntarget = "y"\n{models}'
            f'[evaluate]\nbaseline = "model 0"\nbootstrap = {self.resamples}\nrefits = {self.refits}\n'
        )
        (folder / "growth.toml").write_text(document)
        return folder / "growth.toml"


AXES: dict[str, tuple[int, ...]] = {
    "rows": (2_000, 5_000, 12_000, 30_000, 75_000),
    "columns": (5, 10, 20, 40, 80),
    "models": (3, 6, 12, 24, 48),
    "refits": (2, 5, 12, 30, 75),
    "resamples": (500, 1_000, 2_500, 6_000, 15_000),
    "workers": (1, 2, 3, 4, 6),
}


def studied(job: Job) -> tuple[float, float]:
    """Run a study; return its CPU seconds and the greatest memory of its processes together, in MiB."""
    with TemporaryDirectory() as folder:
        study = job.files(Path(folder))
        command = [sys.executable, "-m", "fivesigma", "run", str(study), "--out", f"{folder}/run", "--quiet"]
        before = _spent()
        process = subprocess.Popen(
            [*command, "--workers", str(job.workers)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        most = 0.0
        while process.poll() is None:
            most = max(most, sum(_pss(each) for each in _family(process.pid)))
            time.sleep(0.1)
        if process.returncode:
            _, said = process.communicate()
            raise RuntimeError(f"{job} ended with {process.returncode}: {said.decode()[-300:]}")
        return _spent() - before, most / 2**20


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _family(pid: int) -> list[int]:
    """Return a process and those below it."""
    found = [pid]
    for each in found:
        try:
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # it has ended
            continue
    return found


def _pss(pid: int) -> float:
    """Return the bytes of a process, what it shares counted in part; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(1024.0 * float(line.split()[1]) for line in lines if line.startswith("Pss:"))


def exponent(sizes: Sequence[float], spent: Sequence[float]) -> tuple[float, np.ndarray]:
    """Return c of ``a + b sizeᶜ``, and what that says of the sizes: least squares of relative errors, a, b >= 0."""
    x, y = np.asarray(sizes, float), np.asarray(spent, float)
    best, found = (np.inf, 0.0), np.full(len(x), y.mean())
    for c in EXPONENTS:
        grown = (x / x[-1]) ** c
        columns = np.stack([np.ones_like(x), grown], axis=1) / y[:, None]
        for used in ((0, 1), (1,), (0,)):
            part = columns[:, used]
            factors = np.linalg.lstsq(part, np.ones_like(y), rcond=None)[0]
            lost = float(((part @ factors - 1.0) ** 2).sum())
            if (factors >= 0).all() and lost < best[0] - 1e-12:
                best, found = (lost, float(c)), part @ factors * y
    return best[1], found


def fitted(made: Callable[[], Any], rows: int) -> tuple[float, float]:
    """Return CPU seconds of one fit to so many rows, and 0 for memory that is not measured."""
    X, y = make_classification(rows, 10, n_informative=5, n_redundant=0, class_sep=0.7, random_state=0)
    start = time.process_time()
    made().fit(X, y)
    return time.process_time() - start, 0.0


def _svm() -> Any:
    from sklearn.svm import SVC

    return SVC()


def _spectral() -> Any:
    from sklearn.cluster import SpectralClustering

    return SpectralClustering(2, assign_labels="cluster_qr", random_state=0)


def _forest() -> Any:
    from fivesigma.models.trees import ForestClassifier

    return ForestClassifier(20, random_state=0)


def _boosting() -> Any:
    from fivesigma.models.trees import BoostingClassifier

    return BoostingClassifier(max_iter=20)


FITS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "rows, one fit of a forest": (_forest, (10_000, 25_000, 60_000, 150_000, 400_000)),
    "rows, one fit of boosting": (_boosting, (10_000, 25_000, 60_000, 150_000, 400_000)),
    "rows, one fit of a kernel SVM (all pairs of events)": (_svm, (1_000, 2_000, 4_000, 8_000, 16_000)),
    "rows, one spectral clustering (all pairs of events)": (_spectral, (500, 1_000, 2_000, 3_000, 4_500)),
}


@dataclass(frozen=True)
class Grown:
    """What an axis costs at its sizes."""

    sizes: tuple[int, ...]
    seconds: list[float]
    memory: list[float]

    @classmethod
    def of(cls, name: str) -> Grown:
        """Measure an axis of a study, or one fit."""
        if name in AXES:
            sizes = AXES[name]
            studied(replace(Job(), **{name: sizes[0]}))  # compiles
            both = [studied(replace(Job(), **{name: size})) for size in sizes]
        else:
            made, sizes = FITS[name]
            fitted(made, sizes[0] // 2)  # compiles and imports
            both = [fitted(made, size) for size in sizes]
        return cls(sizes, [each[0] for each in both], [each[1] for each in both])

    def line(self, name: str) -> tuple[str, ...]:
        """Return the axis's line of the table."""
        known = any(self.memory)
        return (
            name,
            f"{self.sizes[0]:,} – {self.sizes[-1]:,}",
            f"{self.seconds[0]:.3g} – {self.seconds[-1]:.3g}",
            f"{exponent(self.sizes, self.seconds)[0]:.2f}",
            f"{self.memory[0]:.0f} – {self.memory[-1]:.0f}" if known else "–",
            f"{exponent(self.sizes, self.memory)[0]:.2f}" if known else "–",
        )


def draw(grown: dict[str, Grown], path: Path) -> None:
    """Draw each axis: points as measured, lines as fitted."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, (len(grown) + 1) // 2, figsize=(3.0 * ((len(grown) + 1) // 2), 5.6))
    for axis, (name, each) in zip(axes.flat, grown.items(), strict=False):
        for values, colour, mark, what in (
            (each.seconds, "#0072B2", "o", "CPU seconds"),
            (each.memory, "#D55E00", "s", "MiB"),
        ):
            if not any(values):
                continue
            c, line = exponent(each.sizes, values)
            axis.loglog(each.sizes, values, mark, color=colour, markersize=4)
            axis.loglog(each.sizes, line, color=colour, linewidth=1, label=f"{what}: {c:.2f}")
        axis.set_xlabel(name if len(name) < 30 else name.split(" (")[0], fontsize=8)
        axis.set_xticks(each.sizes, [f"{size:,}" for size in each.sizes])
        axis.minorticks_off()
        axis.tick_params(labelsize=7)
        axis.legend(fontsize=7, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(grown) :]:
        axis.set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=130)


def main() -> None:
    """Print the table; put it, and the figure, into a document if one is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = [*AXES, *FITS]
    parser.add_argument("names", nargs="*", choices=[*every, []])
    parser.add_argument("--into", type=Path)
    parser.add_argument("--figure", type=Path, default=FIGURE)
    asked = parser.parse_args()
    grown: dict[str, Grown] = {}
    for name in printed(TABLE, asked.names or every):
        grown[name] = Grown.of(name)
        TABLE.show(grown[name].line(name))
    if asked.into is not None:
        TABLE.put(asked.into, [each.line(name) for name, each in grown.items()])
        draw(grown, asked.figure)


if __name__ == "__main__":
    main()
