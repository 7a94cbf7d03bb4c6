"""Importing is cheap and honest: fresh interpreters are asked what they woke."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

import pytest

import fivesigma

HEAVY = ("torch", "matplotlib", "sklearn", "polars", "numba", "scipy", "pandas", "optuna", "skops", "numpy")
FLOORS = sorted(module.name for module in pkgutil.iter_modules(fivesigma.__path__) if module.ispkg)
HELP = "from fivesigma.cli import main\nmain(['--help'])"


def _loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after ``code``, less those it holds without."""
    asked = f"import sys, json\nbare = set(sys.modules)\n{code}\nprint(json.dumps(sorted(set(sys.modules) - bare)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def _woken(code: str) -> set[str]:
    """The top-level packages among them."""
    return {module.partition(".")[0] for module in _loaded(code)}


def test_importing_the_package_wakes_nothing_heavy() -> None:
    assert not _woken("import fivesigma") & {*HEAVY, "pydantic", "typer", "rich"}


@pytest.mark.parametrize("package", ["fivesigma", "fivesigma.explain"])
def test_every_public_name_is_there(package: str) -> None:
    code = f"import {package} as it\nfor name in it.__all__: assert name in dir(it) and getattr(it, name)"
    assert "numpy" in _woken(code)


@pytest.mark.parametrize("package", ["fivesigma", "fivesigma.explain"])
def test_a_name_that_is_not_public_is_refused_as_python_refuses_it(package: str) -> None:
    code = f"import {package} as it\ntry: it.no_such_name\nexcept AttributeError as e: assert {package!r} in str(e)"
    assert not _woken(code) & set(HEAVY)


@pytest.mark.parametrize("floor", FLOORS)
def test_importing_a_floor_wakes_nothing_heavy(floor: str) -> None:
    assert not _woken(f"import fivesigma.{floor}") & set(HEAVY)


def test_every_floor_is_asked() -> None:
    assert {"_core", "cli", "explain", "models", "record", "risk", "sampling", "study"} <= set(FLOORS)


def test_help_wakes_neither_numerics_nor_the_schema() -> None:
    assert not _woken(HELP) & {*HEAVY, "pydantic"}


def test_help_wakes_few_modules_and_of_ours_only_the_command_line() -> None:
    """What an answer takes on an idle machine is what it must load: some hundred modules, half a second at most."""
    loaded = _loaded(HELP)
    assert len(loaded) < 200
    ours = {module for module in loaded if module.startswith("fivesigma.")}
    assert {module.split(".")[1] for module in ours} == {"cli", "_core"}


def test_keeping_a_model_wakes_no_torch() -> None:
    code = (
        "from pathlib import Path; import tempfile; from sklearn.dummy import DummyRegressor\n"
        "from fivesigma.record import models\n"
        "models.save(DummyRegressor().fit([[0]], [1]), Path(tempfile.mkdtemp()) / 'm.fivesigma', {})"
    )
    woken = _woken(code)
    assert "skops" in woken
    assert "torch" not in woken


def test_a_worker_wakes_no_schema_of_studies_and_no_reader_before_it_fits() -> None:
    loaded = _loaded(
        "import fivesigma.study.runner.worker\n"
        "from fivesigma._core.probed import import_scikit_learn; import_scikit_learn()\n"
        "import fivesigma.study.fit.recipe"
    )
    assert {"sklearn", "numba"} <= loaded
    asleep = {
        "pydantic",
        "polars",
        "matplotlib",
        "jinja2",
        "scipy.stats",
        "scipy.spatial",
        "asyncio",
        "rich",
        "yaml",
    }
    assert not loaded & {*asleep, "numpy.testing", "numpy.f2py"}


def test_a_check_wakes_neither_scikit_learn_nor_a_compiler_nor_scipy() -> None:
    code = "from fivesigma.cli import main\nmain(['check', 'adelie-chinstrap', '--quiet'])"
    loaded = _loaded(code)
    assert "polars" in loaded
    assert not loaded & {
        "sklearn",
        "numba",
        "matplotlib",
        "torch",
        "pandas",
        "skops",
        "scipy",
        "multiprocessing",
    }


_PROBED = {"pandas", "pytest", "torch", "sympy", "awkward", "vector", "optuna", "xgboost", "shap"}
"""What others look for, or extras need: no study of the models here does."""
_STUDY = """
import tempfile, pathlib
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2))
folder = pathlib.Path(tempfile.mkdtemp())
rows = [f"{a:.4f},{b:.4f},{'s' if a > 0 else 'b'}" for a, b in X]
(folder / "t.csv").write_text("\\n".join(["a,b,y", *rows]))
study = folder / "t.toml"
study.write_text('''
models = [{kind = "dummy"}, {kind = "logistic"}, {kind = "forest"}, {kind = "boosting"}, {kind = "svm"}, {kind = "knn"}]
[data]
path = "t.csv"
target = "y"
[evaluate]
refits = 2
''')
"""


def test_a_study_wakes_nothing_that_is_only_looked_for() -> None:
    """Each costs a tenth of a second to a second of every worker: packages that are merely installed."""
    code = (
        f"{_STUDY}\nfrom fivesigma.study.study import Study\n"
        "Study.read(study).run(folder / 'run', workers=1, progress=False)\n"
        "assert list((folder / 'run' / 'models').glob('*.fivesigma'))"
    )
    loaded = _loaded(code)
    assert {"sklearn", "numba", "skops", "matplotlib"} <= loaded
    assert not {module.partition(".")[0] for module in loaded} & _PROBED


def test_a_worker_that_waits_has_woken_neither_the_models_nor_the_page() -> None:
    code = (
        "import tempfile; from fivesigma.study.runner.worker import open_work; open_work(tempfile.mkdtemp())"
    )
    assert not _woken(code) & {"sklearn", "numba", "scipy", "polars", "skops", "matplotlib", *_PROBED}
