"""How often the audit of a study's data catches a planted leak, and how often it warns where nothing is wrong.

Each study is a table in memory, a split of it and one audit; nothing is fitted. Clean studies are of all sizes, tasks
and kinds of columns, with weights, groups, spectators, given tests and several files; a planted one is such a study
with one thing done to it. docs/audit.md has the figures::

    python -m benchmarks.audit --seeds 20 --clean 1000
"""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from fivesigma.data.audit import Audit, audit
from fivesigma.data.audit.identifiers import FILE
from fivesigma.data.dataset import Dataset
from fivesigma.risk.row_hashes import row_hash
from fivesigma.risk.splits import Split, make_split


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """The columns of a study, and what it says of them."""

    columns: dict[str, np.ndarray]
    y: np.ndarray
    w: np.ndarray | None = None
    groups: np.ndarray | None = None
    spectators: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    file: np.ndarray | None = None
    test: np.ndarray | None = None

    @property
    def classifies(self) -> bool:
        return self.y.dtype.kind in "iU"

    def with_columns(self, **columns: np.ndarray) -> Study:
        return dataclasses.replace(self, columns={**self.columns, **columns})

    def take(self, rows: np.ndarray) -> Study:
        """Return some rows, copies among them."""
        arrays = {
            name: value
            for name in ("y", "w", "groups", "file", "test")
            if (value := getattr(self, name)) is not None
        }
        return dataclasses.replace(
            self,
            columns={name: column[rows] for name, column in self.columns.items()},
            spectators={name: column[rows] for name, column in self.spectators.items()},
            **{name: value[rows] for name, value in arrays.items()},
        )

    def audit(self) -> tuple[Audit, ...]:
        """Return the audit of the study, divided as a run divides it."""
        data = Dataset.from_arrays(
            np.column_stack(list(self.columns.values())),
            np.char.add("c", self.y.astype(str)) if self.classifies else self.y,
            w=self.w,
            groups=self.groups,
            names=list(self.columns),
            spectators=self.spectators,
        )
        if self.file is not None:
            data = dataclasses.replace(data, extras={FILE: self.file})
        return audit(data, self.split(data))

    def split(self, data: Dataset) -> Split:
        return make_split(
            data.row_hashes,
            data.y,
            task=data.task,
            groups=data.group_hashes,
            copies=row_hash(data.X),
            salt="audit",
            test_rows=None if self.test is None else {"test": np.flatnonzero(self.test)},
        )


def column(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return a column as catalogues and ntuples have them."""
    kind = rng.integers(8)
    if kind == 0:
        return rng.lognormal(rng.normal(0, 5), rng.uniform(0.2, 1.5), n)
    if kind == 1:
        return rng.poisson(rng.uniform(0.5, 30), n).astype(float)
    if kind == 2:
        return rng.uniform(-np.pi, np.pi, n)
    if kind == 3:
        return rng.integers(0, rng.integers(2, 6), n).astype(float)
    if kind == 4:
        return np.round(rng.exponential(50, n), 2)
    if kind == 5:
        return rng.standard_t(3, n)
    if kind == 6:
        return rng.normal(rng.normal(0, 100), rng.uniform(0.1, 10), n).astype(np.float32).astype(float)
    return rng.normal(0, 1, n)


def clean(rng: np.random.Generator, *, classifies: bool | None = None, n: int | None = None) -> Study:
    """Return a study with nothing wrong."""
    n, p = n or int(10 ** rng.uniform(2.3, 3.7)), int(rng.integers(3, 20))
    X = np.column_stack([column(rng, n) for _ in range(p)])
    mixed = rng.integers(p, size=2)
    X[:, mixed[0]] += 0.5 * X[:, mixed[0]].std() * rng.normal(size=n)  # correlated, not collinear
    Z = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
    signal = Z @ (rng.normal(size=p) * (rng.random(p) < 0.5)) / np.sqrt(p) + 0.3 * np.tanh(Z[:, 0])
    noisy = signal + rng.uniform(0.3, 2) * rng.normal(size=n)
    classifies = bool(rng.random() < 0.5) if classifies is None else classifies
    K = int(rng.integers(2, 4))
    y = np.digitize(noisy, np.quantile(noisy, np.arange(1, K) / K)) if classifies else np.exp(noisy / 2)
    if rng.random() < 0.3:
        X[rng.random((n, p)) < 0.02] = np.nan
    names = [f"v{j}" for j in range(p)]
    study = Study(dict(zip(names, X.T, strict=True)), y)
    return dataclasses.replace(study, **beside(rng, n))


def beside(rng: np.random.Generator, n: int) -> dict[str, object]:
    """Return what stands beside the features of some studies: weights, groups, spectators, files, a given test."""
    found: dict[str, object] = {}
    if rng.random() < 0.3:
        found["w"] = rng.lognormal(0, 0.5, n)
    if rng.random() < 0.2:
        found["groups"] = rng.integers(0, n // 5, n)
    if rng.random() < 0.5:
        t = np.sort(rng.uniform(5e4, 6e4, n))
        found["spectators"] = {"event": rng.permutation(n), "mjd": t, "run": rng.integers(0, n // 8, n)}
    if rng.random() < 0.3:
        found["file"] = np.repeat([0, 1, 2], n)[:n] if rng.random() < 0.1 else np.sort(rng.integers(0, 3, n))
    if rng.random() < 0.3:
        found["test"] = rng.random(n) < 0.3
    return found


def _target_in_another_unit(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=False)
    return study.with_columns(copy=1e3 * study.y + 7.0)


def _monotone_with_noise(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=False)
    return study.with_columns(proxy=np.log(study.y) + 2e-3 * rng.normal(size=len(study.y)))


def _law_of_three(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=False)
    n = len(study.y)
    a, b = rng.lognormal(0, 1, n), rng.lognormal(0, 0.5, n)
    z = rng.uniform(0, 1, n)
    y = 3.0 * a ** rng.uniform(0.3, 2) * b ** rng.uniform(-2, -0.3) * (0.3 * (1 + z) ** 3 + 0.7) ** 0.5
    y = y * np.where(rng.random(n) < 0.02, 1.1, 1.0)  # a few were mended by hand
    return dataclasses.replace(study.with_columns(L=a, T=b, z=z), y=y)


def _process_code(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=True)
    codes = rng.permutation(np.arange(300_000, 300_030)).reshape(3, 10)
    return study.with_columns(channel=codes[study.y, rng.integers(0, 10, len(study.y))].astype(float))


def _nearly_the_label(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=True, n=3000)
    wrong = rng.random(len(study.y)) < 0.004
    label = np.where(wrong, rng.permutation(study.y), study.y)
    return study.with_columns(flag=label + 0.05 * rng.normal(size=len(study.y)))


def _row_number(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=True)
    ordered = study.take(np.argsort(study.y, kind="stable"))
    return ordered.with_columns(entry=np.arange(len(study.y)) + 1.0)


def _event_number(rng: np.random.Generator) -> Study:
    study = clean(rng)
    return study.with_columns(eventNumber=rng.permutation(len(study.y)) * 7.0 + 1e6)


def _file_number(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=True)
    ordered = study.take(np.argsort(study.y, kind="stable"))
    return dataclasses.replace(ordered.with_columns(sample=ordered.y + 5.0), file=ordered.y)


def _event_weight(rng: np.random.Generator) -> Study:
    study = clean(rng)
    w = rng.lognormal(0, 0.5, len(study.y))
    return dataclasses.replace(study.with_columns(scale=2 * w), w=w)


def _copies(rng: np.random.Generator, turned: Callable[[str, np.ndarray], np.ndarray]) -> Study:
    study = clean(rng, n=1500)
    study = study.with_columns(**{f"m{j}": rng.normal(size=1500) * 10.0**j for j in range(3)})
    rows = rng.choice(1500, 100, replace=False)
    both = study.take(np.concatenate([np.arange(1500), rows]))
    return dataclasses.replace(
        both,
        columns={
            name: np.concatenate([each[:1500], turned(name, each[1500:])])
            for name, each in both.columns.items()
        },
        groups=None,
    )


def _single_precision(rng: np.random.Generator) -> Study:
    return _copies(rng, lambda name, values: values.astype(np.float32).astype(float))


def _sign_turned(rng: np.random.Generator) -> Study:
    return _copies(rng, lambda name, values: -values if name in ("m0", "m1") else values)


def _unit_turned(rng: np.random.Generator) -> Study:
    return _copies(rng, lambda name, values: 1000 * values if name == "m2" else values)


def _undeclared_group(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=False, n=1500)
    halo = rng.integers(0, 200, 1500)
    y = rng.normal(size=200)[halo] + 0.7 * rng.normal(size=1500)
    return dataclasses.replace(
        study, y=np.exp(y), groups=None, spectators={"halo": 1000 + rng.permutation(200)[halo]}
    )


def _history(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=False, n=1500)
    steps = rng.normal(size=1500)
    for i in range(1, 1500):
        steps[i] += 0.9 * steps[i - 1]
    return dataclasses.replace(
        study, y=np.exp(steps / 2), groups=None, test=None, spectators={"mjd": 5e4 + np.arange(1500.0)}
    )


def _other_population(rng: np.random.Generator) -> Study:
    study = clean(rng, n=3000)
    test = rng.random(3000) < 0.3
    name = "v0"
    moved = study.columns[name] + 0.4 * np.nanstd(study.columns[name]) * test
    return dataclasses.replace(study.with_columns(v0=moved), test=test, groups=None)


def _shifted_unit(rng: np.random.Generator) -> Study:
    study = clean(rng, n=2000)
    file = np.repeat([0, 1], 1000)
    factor = rng.choice([1e3, 0.1, 0.7, 1 / 0.68])
    mass = rng.lognormal(30, 0.8, 2000) * np.where(file == 1, factor, 1.0)
    return dataclasses.replace(study.with_columns(mass=mass), file=file, test=None)


def _missing_code(rng: np.random.Generator) -> Study:
    study = clean(rng)
    code = rng.choice([-999.0, 9999.0, 1e20])
    values = rng.normal(size=len(study.y))
    return study.with_columns(jet=np.where(rng.random(len(study.y)) < 0.1, code, values))


def _collinear(rng: np.random.Generator) -> Study:
    study = clean(rng)
    a, b = rng.normal(size=len(study.y)), rng.exponential(size=len(study.y))
    return study.with_columns(a=a, b=b, total=2 * a + 30 * b)


def _weights_carry_the_label(rng: np.random.Generator) -> Study:
    study = clean(rng, classifies=True)
    return dataclasses.replace(study, w=(0.2 + 0.3 * study.y) * rng.lognormal(0, 0.01, len(study.y)))


PLANTED: dict[str, tuple[Callable[[np.random.Generator], Study], str]] = {
    "the target in another unit": (_target_in_another_unit, "leak"),
    "a monotone function of the target, with noise": (_monotone_with_noise, "leak"),
    "a law of three columns": (_law_of_three, "law"),
    "the generator's code of the process": (_process_code, "separation"),
    "a feature that nearly is the label": (_nearly_the_label, "separation"),
    "the number of the row, sorted by class": (_row_number, "row number"),
    "the number of the event": (_event_number, "identifier"),
    "the number of the file": (_file_number, "file number"),
    "the weight of the event as a feature": (_event_weight, "event weight"),
    "copies through single precision": (_single_precision, "near duplicates"),
    "copies with a sign turned": (_sign_turned, "near duplicates"),
    "copies in another unit": (_unit_turned, "near duplicates"),
    "a group that is not declared": (_undeclared_group, "groups"),
    "a history": (_history, "time"),
    "a test of another population": (_other_population, "population"),
    "a file in another unit": (_shifted_unit, "units"),
    "a code of a missing value": (_missing_code, "codes"),
    "collinear columns": (_collinear, "collinear"),
    "weights that carry the label": (_weights_carry_the_label, "weights"),
}
"""What is planted, and the check that must find it."""


def warned(study: Study) -> set[str]:
    """Return the checks that warn of a study."""
    return {each.check for each in study.audit() if each.status != "ok"}


def caught(name: str, seed: int) -> bool:
    """Whether the check that must find a planted leak warns of it."""
    make, check = PLANTED[name]
    return check in warned(make(np.random.default_rng([seed, *name.encode()])))


def flagged(seed: int) -> set[str]:
    """Return the checks that warn of a clean study."""
    return warned(clean(np.random.default_rng([seed, 77])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--clean", type=int, default=1000)
    given = parser.parse_args()
    total = 0
    for name, (_, check) in PLANTED.items():
        found = sum(caught(name, seed) for seed in range(given.seeds))
        total += found
        print(f"{name:48s} {check:18s} {found:3d} of {given.seeds}", flush=True)
    print(f"caught {total} of {given.seeds * len(PLANTED)}")
    by_check: Counter[str] = Counter()
    n = 0
    for seed in range(given.clean):
        found_in = flagged(seed)
        by_check.update(found_in)
        n += bool(found_in)
    print(f"flagged {n} of {given.clean} clean studies: {dict(by_check)}")


if __name__ == "__main__":
    main()
