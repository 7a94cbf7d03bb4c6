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
        "import sys, json\n{first}\nfrom skops.io import _trusted_types as t\n"
        "print(json.dumps([sorted(t.SKLEARN_ESTIMATOR_TYPE_NAMES), sorted(set(sys.modules) & "
        "{{'torch', 'pandas', 'pytest'}})]))"
    )
    ours, theirs = (
        subprocess.run(
            [sys.executable, "-c", code.format(first=first)], capture_output=True, text=True, check=True
        ).stdout
        for first in ("from fivesigma._core.probed import import_skops; import_skops()", "import skops.io")
    )
    (names, woken), (expected, _) = json.loads(ours), json.loads(theirs)
    assert woken == []
    assert names == expected
    assert len(names) > 100


def test_skops_is_imported_once() -> None:
    assert import_skops() is import_skops() is sys.modules["skops.io"]
