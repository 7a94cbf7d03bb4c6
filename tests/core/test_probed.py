"""Packages that others only look for are not woken, and are there again afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from fivesigma._core.probed import hidden, import_skops, named


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
        "import sys, json\n{first}\nfrom skops.io import _trusted_types as t\n"
        "lists = {{n: sorted(v) for n, v in vars(t).items() if n.endswith('_TYPE_NAMES')}}\n"
        "print(json.dumps([lists, sorted(set(sys.modules) & {{'torch', 'pandas', 'pytest', 'scipy.stats'}})]))"
    )
    ours, theirs = (
        subprocess.run(
            [sys.executable, "-c", code.format(first=first)], capture_output=True, text=True, check=True
        ).stdout
        for first in ("from fivesigma._core.probed import import_skops; import_skops()", "import skops.io")
    )
    (lists, woken), (expected, _) = json.loads(ours), json.loads(theirs)
    assert woken == []
    assert lists == expected
    assert len(lists["SKLEARN_ESTIMATOR_TYPE_NAMES"]) > 100
    assert len(lists["SCIPY_UFUNC_TYPE_NAMES"]) > 100


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


def test_a_name_means_the_function_and_a_class_can_be_made_of_a_named_one(tmp_path, monkeypatch) -> None:
    (tmp_path / "a_named_one.py").write_text("def add(a, b):\n    return a + b\nclass Base:\n    value = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    with named("a_named_one", package="tests"):
        from a_named_one import Base, add
    assert "a_named_one" not in sys.modules
    assert add(1, b=2) == 3
    assert Base.value == 3

    class Ours(Base):
        """Made of what the name means."""

    assert Ours.__mro__[1] is sys.modules["a_named_one"].Base


def test_another_thread_has_the_functions_themselves_at_the_same_time(tmp_path, monkeypatch) -> None:
    (tmp_path / "another_named_one.py").write_text("class Base:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    with named("another_named_one", package="tests"):
        thread = threading.Thread(
            target=lambda: found.append(isinstance(__import__("another_named_one").Base, type))
        )
        thread.start()
        thread.join()
    assert found == [True]


def test_what_is_here_already_is_not_named() -> None:
    with named("json", package="tests"):
        assert __import__("json") is json


def test_a_name_that_is_not_there_says_so(tmp_path, monkeypatch) -> None:
    (tmp_path / "an_empty_one.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with named("an_empty_one", package="tests"):
        from an_empty_one import nothing
    with pytest.raises(AttributeError, match="nothing"):
        nothing()
