"""What is installed, what the machine has, and whether a run could write its results."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

CORE = (
    *("numpy", "scipy", "scikit-learn", "polars", "numba", "pydantic", "typer", "rich", "narwhals"),
    *("matplotlib", "jinja2", "skops", "safetensors", "optuna", "colossus", "threadpoolctl"),
)

EXTRAS = {
    "neural": ("torch",),
    "boost": ("xgboost-cpu", "xgboost"),
    "root": ("uproot", "awkward", "vector"),
    "fits": ("astropy",),
    "hdf5": ("h5py",),
    "collider": ("pythia8mc", "fastjet"),
    "shap": ("shap",),
}
"""Distributions of each extra; of ``boost`` either will do."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


NUMERICAL = ("numpy", "scipy", "scikit-learn", "optuna", "numba")
"""Distributions whose version a result depends on."""


@cache
def versions() -> dict[str, str]:
    """Return Python's version, ours and those of the libraries that compute.

    >>> "numpy" in versions()
    True
    """
    names = ("fivesigma", *NUMERICAL)
    found = {name: each for name in names if (each := installed(name)) is not None}
    return {"python": platform.python_version()} | found


def installed(name: str) -> str | None:
    """Return the version of a distribution, None where it is absent."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@dataclass(frozen=True)
class State:
    """One finding: what it is, whether all is well, and what to do if not."""

    value: str
    ok: bool = True
    remedy: str = ""


def examine() -> dict[str, State]:
    """Return the findings by name, in the order to read them.

    >>> examine()["python"].ok
    True
    """
    return dict([*_software(), *_machine(), *_places()])


def _software() -> Iterator[tuple[str, State]]:
    yield "fivesigma", State(distribution("fivesigma").version)
    yield "python", State(f"{platform.python_version()} on {platform.platform()}")
    for name in CORE:
        found = installed(name)
        absent = State("absent", False, "pip install --force-reinstall fivesigma")
        yield name, absent if found is None else State(found)
    for extra, names in EXTRAS.items():
        yield f"[{extra}]", _extra(extra, names)


def _extra(extra: str, names: tuple[str, ...]) -> State:
    found = {name: each for name in names if (each := installed(name)) is not None}
    listed = ", ".join(f"{name} {each}" for name, each in found.items())
    complete = bool(found) if extra == "boost" else len(found) == len(names)
    if complete:
        return State(listed)
    return State(listed or "not installed", True, f"if wanted: pip install 'fivesigma[{extra}]'")


def _machine() -> Iterator[tuple[str, State]]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield "cores", State(str(usable))
    named = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    yield "threads", State(", ".join(named) or "as the libraries choose (a run sets one for each worker)")
    yield "memory", _memory()
    driver = shutil.which("nvidia-smi")
    yield "accelerator", State("an NVIDIA driver is installed" if driver else "none found (none is needed)")


def _memory() -> State:
    """Memory that is free, where the system says it."""
    try:
        size = os.sysconf("SC_PAGE_SIZE")
        free, total = os.sysconf("SC_AVPHYS_PAGES") * size, os.sysconf("SC_PHYS_PAGES") * size
    except (AttributeError, ValueError, OSError):
        return State("the system does not say")
    return State(f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free")


def _places() -> Iterator[tuple[str, State]]:
    yield "current folder", _writable(Path.cwd(), "change to a folder of yours, or use --out DIR")
    yield "temporary folder", _writable(Path(tempfile.gettempdir()), "set TMPDIR to a folder of yours")
    cache = os.environ.get("NUMBA_CACHE_DIR")
    beside = Path(__file__).resolve().parents[1]
    remedy = "set NUMBA_CACHE_DIR to a folder of yours; without it kernels are compiled at every start"
    yield "numba cache", _writable(Path(cache) if cache else beside, remedy)


def _writable(folder: Path, remedy: str) -> State:
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            return State(f"{folder}: can be written")
    except OSError as error:
        return State(f"{folder}: {error.strerror}", False, remedy)
