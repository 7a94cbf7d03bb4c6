"""Our loops are compiled without asking other distributions for types, whose own loops know them as ever."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import NumbaError

import fivesigma
from fivesigma._core.compiled import borrowing, compiled, inlined

_EXTENDED = """
    import numba
    from numba.core import entrypoints
    from fivesigma._core.compiled import compiled

    asked = []
    class Extension:
        group, name, module = "numba_extensions", "init", "ours"
        def load(self):
            return lambda: asked.append(1)
    class Found:
        def select(self, **which):
            return [Extension()] if which.get("group") == "numba_extensions" else []
    entrypoints.importlib_metadata.entry_points = Found

    @compiled
    def twice(x):
        return 2 * x

    @numba.njit
    def four(x):
        return twice(x) + twice(x)
"""


def test_a_loop_of_ours_asks_nobody(tmp_path) -> None:
    path = tmp_path / "ours.py"
    path.write_text(textwrap.dedent(_EXTENDED) + "\nprint(twice(2), twice(2.5), len(asked))\n")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "5.0", "0"]


def test_a_loop_of_somebody_elses_asks_all_also_after_one_of_ours(tmp_path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(textwrap.dedent(_EXTENDED) + "\nprint(twice(2), four(2), len(asked))\n")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "8", "1"]


def test_threads_that_compile_at_once_leave_it_as_it_was(tmp_path) -> None:
    path = tmp_path / "threads.py"
    code = """
        import threading
        ours = [compiled(eval(f"lambda x: x + {i}")) for i in range(6)]
        at_once = [threading.Thread(target=each, args=(i,)) for i, each in enumerate(ours)]
        for each in at_once:
            each.start()
        for each in at_once:
            each.join()
        print(len(asked), four(2), len(asked))
    """
    source = textwrap.dedent(_EXTENDED) + textwrap.dedent(code).replace("compiled(eval", "plain(eval")
    path.write_text(
        "from fivesigma._core.compiled import njit\ndef plain(f): return njit(nogil=True)(f)\n" + source
    )
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "8", "1"]


def test_a_thread_of_somebody_else_s_asks_while_ours_compiles(tmp_path) -> None:
    path = tmp_path / "both.py"
    code = """
        import threading
        from fivesigma._core import compiled as ours
        with ours._unasked():
            thread = threading.Thread(target=four, args=(2,))
            thread.start()
            thread.join()
            print(len(asked))
        print(twice(2), len(asked))
    """
    path.write_text(textwrap.dedent(_EXTENDED) + textwrap.dedent(code))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "4", "1"]


@inlined
def _square(x):
    return x * x


@compiled
def _sum_of_squares(x):
    total = 0.0
    for value in x:
        total += _square(value)
    return total


def test_a_kept_loop_is_found_without_preparations_and_one_that_is_not_kept_is_compiled(tmp_path) -> None:
    path = tmp_path / "kept.py"
    code = """
        import sys
        import numpy as np
        from fivesigma._core.compiled import compiled

        @compiled
        def sums(x):
            return np.cumsum(x), len(set(x)), np.linalg.norm(x)

        @compiled
        def least(x):
            return x.min()

        if len(sys.argv) > 1:
            found = sums(np.array([3.0, 4.0]))
            prepared = "numba.np.npyimpl" in sys.modules
            print(found[0].tolist(), found[1], found[2], sum(sums.stats.cache_hits.values()), prepared)
            print(least(np.array([2, 1])), sum(least.stats.cache_misses.values()))
        else:
            sums(np.array([1.0]))
    """
    path.write_text(textwrap.dedent(code))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    for arguments in ([], ["again"]):
        done = subprocess.run(
            [sys.executable, str(path), *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
    assert done.stdout.splitlines() == ["[3.0, 7.0] 2 5.0 1 False", "1 1"]


def test_a_function_within_another_is_compiled_with_it() -> None:
    assert _sum_of_squares(np.array([1.0, 2.0, 3.0])) == 14.0
    assert _sum_of_squares(np.array([1, 2], dtype=np.int64)) == 5.0


@borrowing
def _first_row_doubled(table):
    row = table[0]
    for i in range(len(row)):
        row[i] *= 2.0


def test_who_borrows_writes_to_what_it_was_handed_and_keeps_nothing() -> None:
    table = np.ones((2, 3))
    held = sys.getrefcount(table)
    for _ in range(10):
        _first_row_doubled(table)
    assert table.tolist() == [[1024.0] * 3, [1.0] * 3]
    assert sys.getrefcount(table) == held


def test_who_borrows_makes_no_arrays() -> None:
    @borrowing
    def made(n):
        room = np.zeros(n)
        return room[0]

    with pytest.raises((NumbaError, RuntimeError), match=r"array|NRT"):
        made(3)


def test_division_by_zero_is_that_of_arrays() -> None:
    @compiled
    def ratio(a, b):
        return a / b

    assert ratio(1.0, 0.0) == np.inf


def test_what_is_compiled_by_its_signature_asks_nobody_either(tmp_path) -> None:
    path = tmp_path / "signed.py"
    signed = '\nfrom fivesigma._core.compiled import njit\n@njit("f8(f8)")\ndef half(x):\n    return x / 2\n'
    path.write_text(textwrap.dedent(_EXTENDED) + signed + "print(half(3.0), len(asked))\n")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1.5", "0"]


def test_every_loop_of_the_package_is_compiled_by_this_decorator() -> None:
    for place in Path(fivesigma.__file__).parent.rglob("*.py"):
        if place.name != "compiled.py":
            assert not re.search(
                r"numba\.n?jit|from numba import .*jit", place.read_text(encoding="utf-8")
            ), place


def test_importing_the_models_compiles_nothing() -> None:
    code = (
        "import fivesigma.study.fit.recipe, fivesigma.models.trees.forest, fivesigma.models.trees.boosting\n"
        "import fivesigma.features.ranks, fivesigma.risk.metrics, fivesigma.models.mixtures.kernels, sys\n"
        "from numba.core.dispatcher import Dispatcher\n"
        "ours = [m for name, m in list(sys.modules.items()) if name.startswith('fivesigma.')]\n"
        "loops = [f for m in ours for f in vars(m).values() if isinstance(f, Dispatcher)]\n"
        "print(len(loops), sum(len(f.signatures) for f in loops))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    n_loops, n_compiled = map(int, done.stdout.split())
    assert n_loops > 20
    assert n_compiled == 0
