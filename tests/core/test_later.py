"""Modules of SciPy come when they are used, and what stands in their place until then is the same to the bit."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest
from scipy import special as now

from fivesigma._core.later import Later, linalg, optimize, special
from fivesigma.explain import importance
from fivesigma.risk import transitions
from fivesigma.risk.conformal import STATED
from fivesigma.risk.predictive import KNOTS, LEVELS


@pytest.mark.parametrize(
    ("later", "module", "name"),
    [
        (special, "scipy.special", "ndtr"),
        (optimize, "scipy.optimize", "minimize"),
        (linalg, "scipy.linalg", "qr"),
    ],
)
def test_a_name_is_that_of_the_module(later: Later, module: str, name: str) -> None:
    assert getattr(later, name) is getattr(importlib.import_module(module), name)


def test_a_name_that_the_module_lacks_is_refused_as_python_refuses_it() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        special.no_such_name  # noqa: B018


def test_constants_that_are_written_out_are_those_of_the_normal_law() -> None:
    assert np.array_equal(LEVELS, now.ndtr(KNOTS))
    assert STATED[0] == 1 - 2 * now.ndtr(-1.0)
    assert (now.ndtr(1.0), now.ndtr(2.0)) == (transitions._ONE_SIGMA, importance._TWO_SIGMA)


def test_optimisation_comes_without_transforms_and_its_linear_programs_have_all_they_need() -> None:
    code = (
        "import sys; from fivesigma._core.later import optimize; optimize.brentq\n"
        "assert 'scipy.fft' not in sys.modules\n"
        "from scipy.optimize._remove_redundancy import _remove_redundancy_id as without\n"
        "import numpy as np\n"
        "A, b, *_ = without(np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([1.0, 2.0]))\n"
        "assert A.shape == (1, 2) and 'scipy.fft' in sys.modules\n"
        "import scipy.linalg.interpolative as there; assert there.interp_decomp.__module__ == there.__name__"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
