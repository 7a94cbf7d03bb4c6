"""Packages that others only look for are not woken, and are there again afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from fivesigma._core.probed import hidden, import_skops


def _in_a_fresh_interpreter(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_hidden_is_absent_within_and_there_again_afterwards(tmp_path, monkeypatch) -> None:
    (tmp_path / "a_module_of_this_test.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "a_module_of_this_test", raising=False)
    with hidden("a_module_of_this_test"), pytest.raises(ImportError):
        __import__("a_module_of_this_test")
    assert __import__("a_module_of_this_test").value == 1


def test_other_threads_import_what_is_hidden_from_this_one(tmp_path, monkeypatch) -> None:
    (tmp_path / "another_module_of_this_test.py").write_text("value = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "another_module_of_this_test", raising=False)
    found = []
    with hidden("another_module_of_this_test"):
        thread = threading.Thread(
            target=lambda: found.append(__import__("another_module_of_this_test").value)
        )
        thread.start()
        thread.join()
    assert found == [2]


def test_what_is_here_already_is_not_hidden() -> None:
    with hidden("pytest"):
        assert __import__("pytest") is pytest


def test_a_failure_within_hides_nothing_afterwards() -> None:
    with pytest.raises(RuntimeError), hidden("another_of_this_test"):
        raise RuntimeError
    assert "another_of_this_test" not in sys.modules


def test_scikit_learn_without_pandas_still_knows_its_tables() -> None:
    pytest.importorskip("pandas")
    _in_a_fresh_interpreter(
        "import sys; from fivesigma._core.probed import import_scikit_learn; import_scikit_learn()\n"
        "assert 'sklearn.base' in sys.modules and 'pandas' not in sys.modules\n"
        "import pandas as pd; from sklearn.preprocessing import StandardScaler\n"
        "table = pd.DataFrame({'a': [1.0, 2.0], 'b': [3.0, 5.0]})\n"
        "made = StandardScaler().set_output(transform='pandas').fit(table)\n"
        "assert list(made.feature_names_in_) == ['a', 'b']\n"
        "assert list(made.transform(table).columns) == ['a', 'b']"
    )


def test_skops_wakes_none_of_them_and_trusts_what_it_trusts_with_them() -> None:
    code = (
        "import sys, json\n{first}\nfrom skops.io import _trusted_types as t\nasked = json.load(sys.stdin)\n"
        "woken = sorted(set(sys.modules) & {{'torch', 'pandas', 'pytest', 'scipy.stats', 'sklearn.datasets'}})\n"
        "lists = {{n: sorted(v) for n, v in vars(t).items() if n.endswith('_TYPE_NAMES')}}\n"
        "lists['SKLEARN_ESTIMATOR_TYPE_NAMES'] = [n for n in asked or lists['SKLEARN_ESTIMATOR_TYPE_NAMES'] "
        "if n in t.SKLEARN_ESTIMATOR_TYPE_NAMES]\n"
        "print(json.dumps([lists, woken]))"
    )

    def told(first: str, asked: list[str]):
        call = [sys.executable, "-c", code.format(first=first)]
        done = subprocess.run(call, input=json.dumps(asked), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    expected, _ = told("import skops.io", [])
    asked = [*expected["SKLEARN_ESTIMATOR_TYPE_NAMES"], "os.system", "sklearn.tree._tree.Tree"]
    lists, woken = told("from fivesigma._core.probed import import_skops; import_skops()", asked)
    assert woken == []
    assert lists == expected
    assert len(lists["SKLEARN_ESTIMATOR_TYPE_NAMES"]) > 100
    assert len(lists["SCIPY_UFUNC_TYPE_NAMES"]) > 100


def test_others_have_the_list_of_estimators_as_ever() -> None:
    _in_a_fresh_interpreter(
        "from fivesigma._core.probed import import_skops; import_skops()\n"
        "from sklearn.utils import all_estimators; assert len(all_estimators('classifier')) > 20\n"
        "assert all_estimators.__module__ == 'sklearn.utils.discovery'"
    )


def test_skops_looks_everywhere_again_afterwards() -> None:
    _in_a_fresh_interpreter(
        "from fivesigma._core.probed import import_skops; import_skops()\n"
        "from skops.io import _utils; assert _utils.whichmodule.__module__ == 'skops.io._utils'"
    )


def test_skops_is_imported_once() -> None:
    assert import_skops() is import_skops() is sys.modules["skops.io"]


_STATISTICS = """
from fivesigma._core.probed import import_scikit_learn, import_skops
import sys
import_scikit_learn()
import_skops()
assert "scipy.stats" not in sys.modules
"""


@pytest.mark.parametrize(
    "use",
    [
        "from sklearn.isotonic import check_increasing; assert check_increasing([1, 2, 3, 4], [1, 2, 3, 5])",
        "from sklearn.preprocessing import PowerTransformer; PowerTransformer('box-cox').fit([[1.0], [2.0], [4.0]])",
        "from sklearn.impute import SimpleImputer; SimpleImputer(strategy='most_frequent').fit([[1.0], [2.0], [2.0]])",
        "from sklearn.metrics import label_ranking_loss; label_ranking_loss([[1, 0]], [[0.2, 0.1]])",
        "from sklearn.covariance import MinCovDet; MinCovDet(random_state=0).fit([[i, i * i % 7] for i in range(20)])",
        "from sklearn.feature_selection import f_classif; f_classif([[1.0], [2.0], [3.0], [5.0]], [0, 0, 1, 1])",
        "import scipy; assert scipy.stats.norm.cdf(0.0) == 0.5",
        "from scipy import stats; assert stats.norm.cdf(0.0) == 0.5",
        "import scipy.stats as s; assert isinstance(s.norm(), s.rv_frozen if hasattr(s, 'rv_frozen') else object)",
        "from scipy.stats import rv_continuous; assert isinstance(rv_continuous, type)",
    ],
)
def test_functions_of_statistics_are_there_when_they_are_called(use) -> None:
    _in_a_fresh_interpreter(
        _STATISTICS + use + "\nassert type(sys.modules.get('scipy.stats', sys)) is type(sys)"
    )


def test_an_array_is_no_table_at_once_and_tables_are() -> None:
    pytest.importorskip("pandas")
    _in_a_fresh_interpreter(
        "from fivesigma._core.probed import import_scikit_learn; import_scikit_learn()\n"
        "import numpy as np, pandas as pd, polars as pl, narwhals.stable.v2 as nw\n"
        "from sklearn.utils.validation import _get_feature_names as names\n"
        "asked = nw.dependencies.is_into_dataframe, nw.dependencies.is_into_series\n"
        "table = {'a': [1.0, 2.0]}\n"
        "for value, is_table, is_column in ((np.zeros((2, 2)), False, False), (np.matrix([[1]]), False, False),\n"
        "        (pd.DataFrame(table), True, False), (pl.DataFrame(table), True, False),\n"
        "        (pd.Series([1.0]), False, True), (pl.Series([1.0]), False, True), ([[1.0]], False, False)):\n"
        "    assert [each(value) for each in asked] == [is_table, is_column], value\n"
        "assert list(names(pd.DataFrame(table))) == list(names(pl.DataFrame(table))) == ['a']\n"
        "assert names(np.zeros((2, 2))) is None"
    )


_FIGURES = """
import sys
from fivesigma._core.probed import import_matplotlib
import_matplotlib()
assert "fontTools.subset" not in sys.modules
import io
from matplotlib.figure import Figure
figure = Figure()
axes = figure.add_subplot()
axes.set(xlim=(0, 2), title="a")
assert axes.get_xlim() == (0, 2)
"""


def test_figures_are_written_without_the_tools_of_other_fonts_and_with_them() -> None:
    _in_a_fresh_interpreter(
        _FIGURES + "import matplotlib\n"
        "for kind in (3, 42):\n"
        "    assert 'fontTools.subset' not in sys.modules\n"
        "    with matplotlib.rc_context({'pdf.fonttype': kind}):\n"
        "        figure.savefig(io.BytesIO(), format='pdf')\n"
        "assert 'fontTools.subset' in sys.modules"
    )


def test_artists_list_their_properties_where_they_are_made_later_and_in_notebooks() -> None:
    _in_a_fresh_interpreter(
        _FIGURES + "from matplotlib.lines import Line2D\n"
        "class Later(Line2D):\n    pass\n"
        "assert 'linewidth' in Later.set.__doc__ and not Line2D.set.__doc__"
    )
    _in_a_fresh_interpreter(
        "import sys, types\n"
        "sys.modules['IPython'] = types.SimpleNamespace(version_info=(9, 0), get_ipython=lambda: None)\n"
        + _FIGURES
        + "from matplotlib.lines import Line2D; assert 'linewidth' in Line2D.set.__doc__"
    )


def test_the_parameters_of_an_estimator_are_those_of_its_signature_asked_twice() -> None:
    _in_a_fresh_interpreter(
        "from fivesigma._core.probed import import_scikit_learn; import_scikit_learn()\n"
        "import inspect\nfrom sklearn.utils import all_estimators\n"
        "class Own(all_estimators()[0][1]):\n    def __init__(self, b=1, a=2): pass\n"
        "class Heir(Own): pass\n"
        "for kind in [*(kind for _, kind in all_estimators()), Own, Heir]:\n"
        "    own = [] if kind.__init__ is object.__init__ else sorted([*inspect.signature(kind.__init__).parameters])\n"
        "    own = [name for name in own if name != 'self']\n"
        "    found = kind._get_param_names(); found.append('changed')\n"
        "    assert kind._get_param_names() == own, (kind, own)\n"
    )


def test_functions_of_scipy_keep_their_descriptions() -> None:
    _in_a_fresh_interpreter(
        "from fivesigma._core.probed import import_scikit_learn; import_scikit_learn()\n"
        "from scipy import linalg, special\nfrom scipy._lib._array_api import xp_capabilities, xp_capabilities_table\n"
        "assert 'Parameters\\n' in linalg.svd.__doc__ and special.erf.__doc__.startswith('erf(z')\n"
        "def own(x): 'What it does.\\n\\nMore.'\n"
        "assert xp_capabilities()(own) is own and own.__doc__ == 'What it does.\\n\\nMore.'\n"
        "def bare(x): pass\n"
        "assert xp_capabilities()(bare) is bare and not bare.__doc__\n"
        "assert own in xp_capabilities_table\n"
        "from scipy._lib._util import _apply_over_batch\n"
        "assert _apply_over_batch(('x', 2))(own).__doc__ == 'What it does.\\n\\nMore.'\n"
        "import numpy as np\n"
        "assert linalg.det(np.stack([np.eye(2), 2 * np.eye(2)])).tolist() == [1.0, 4.0]"
    )


def test_a_notebook_has_them_with_the_arrays_that_they_take() -> None:
    _in_a_fresh_interpreter(
        "import sys, types; sys.modules['IPython'] = types.ModuleType('IPython')\n"
        "from fivesigma._core.probed import import_scikit_learn; import_scikit_learn()\n"
        "from scipy._lib import _array_api, _docscrape\n"
        "from scipy._lib import _util\n"
        "assert _array_api.FunctionDoc is _util.FunctionDoc is _docscrape.FunctionDoc"
    )
