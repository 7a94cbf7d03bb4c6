"""Compiled loops are kept in files that processes may write at once, and not beyond the source of what they call."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from fivesigma._core.compiled import compiled
from fivesigma._core.kept_loops import LoopFiles, stamp

KEYS = ("float64", "int64", ("uint8", 2))


def files(folder: Path, source: bytes = b"source") -> LoopFiles:
    return LoopFiles(str(folder), "module.loop-1.py", source)


def data(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.nbc")}


def test_what_is_kept_is_found_under_its_own_key_alone(tmp_path) -> None:
    kept = files(tmp_path)
    for key in KEYS:
        assert kept.load(key) is None
        kept.save(key, f"code of {key}")
    assert [files(tmp_path).load(key) for key in KEYS] == [f"code of {key}" for key in KEYS]
    assert len(data(tmp_path)) == len(KEYS)
    kept.save(KEYS[0], "the same again")
    assert len(data(tmp_path)) == len(KEYS)


@pytest.mark.parametrize("step", ["_load_index", "_save_index", "_save_data"])
@pytest.mark.parametrize("after", [False, True])
def test_a_process_that_writes_meanwhile_never_leaves_one_for_the_other(
    tmp_path, monkeypatch, step, after
) -> None:
    one, two = files(tmp_path), files(tmp_path)
    plain, begun = getattr(one, step), []

    def interrupted(*arguments):
        if after:
            found = plain(*arguments)
        if not begun:
            begun.append(step)
            two.save("b", "code of b")
        return found if after else plain(*arguments)

    monkeypatch.setattr(one, step, interrupted)
    one.save("a", "code of a")
    assert begun
    for key in "ab":
        assert files(tmp_path).load(key) in (f"code of {key}", None)
    files(tmp_path).save("b", "code of b")
    assert files(tmp_path).load("b") == "code of b"


def test_a_file_that_an_index_knows_is_there(tmp_path, monkeypatch) -> None:
    kept = files(tmp_path)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(kept, "_save_data", killed)
    with pytest.raises(KeyboardInterrupt):
        kept.save("a", "code")
    assert files(tmp_path)._load_index() == {}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("left", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: bytes(len(b))])
def test_a_damaged_file_is_compiled_once_more(tmp_path, suffix, left) -> None:
    files(tmp_path).save("a", "code")
    (path,) = tmp_path.glob(f"*{suffix}")
    path.write_bytes(left(path.read_bytes()))
    assert files(tmp_path).load("a") is None
    files(tmp_path).save("a", "code")
    assert files(tmp_path).load("a") == "code"


@pytest.mark.parametrize("step", ["_save_data", "_save_index"])
def test_a_full_disk_keeps_nothing_and_stops_nothing(tmp_path, monkeypatch, step) -> None:
    def full(*_):
        raise OSError(28, "No space left on device")

    kept = files(tmp_path)
    monkeypatch.setattr(kept, step, full)
    kept.save("a", "code")
    assert files(tmp_path).load("a") is None


def test_what_was_compiled_of_another_source_is_not_found_and_not_left(tmp_path) -> None:
    (tmp_path / "module.loop-12.py.1.nbc").write_text("of another loop")
    (tmp_path / "module.loop-1.py.1.nbc").write_text("as Numba numbers them")
    files(tmp_path, b"old").save("a", "old code")
    new = files(tmp_path, b"new")
    assert new.load("a") is None
    new.save("a", "new code")
    assert new.load("a") == "new code"
    assert len(data(tmp_path)) == 2
    assert (tmp_path / "module.loop-12.py.1.nbc").exists()


def test_our_loops_are_kept_so() -> None:
    from fivesigma.models.trees import nodes
    from fivesigma.risk import sorted_kernels

    loops = [
        each
        for module in (nodes, sorted_kernels)
        for each in vars(module).values()
        if isinstance(each, Dispatcher)
    ]
    assert len(loops) > 5
    for each in loops:
        assert type(each._cache._cache_file) is LoopFiles


_ONE = "from fivesigma._core.compiled import compiled\n\n\n@compiled\ndef inner(x):\n    return x {sign} 1\n"
_TWO = """
from fivesigma._core.compiled import compiled
import one
from one import inner
from limits import LIMIT


@compiled
def outer(x):
    return min(inner(inner(x)), LIMIT)
"""


def test_a_loop_is_compiled_anew_where_one_that_it_calls_or_a_value_has_changed(tmp_path) -> None:
    (tmp_path / "two.py").write_text(_TWO)
    asked = "from two import outer; print(outer(10), sum(outer.stats.cache_hits.values()))"
    for sign, limit, said in (("+", 100, "12"), ("-", 100, "8"), ("-", 5, "5"), ("+", 100, "12")):
        (tmp_path / "one.py").write_text(_ONE.format(sign=sign))
        (tmp_path / "limits.py").write_text(f"LIMIT = {limit}\n")
        for _ in range(2):
            call = [sys.executable, "-B", "-c", asked]
            done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [said, "1"]


_WAYS = {
    "a part of a module": ("import one", "    return one.inner(x)"),
    "a loop that stands further down": (
        "from one import inner",
        "    return further(x)\n\n\n@compiled\ndef further(x):\n    return inner(x)",
    ),
    "a function that is compiled into it": ("from one import written", "    return written(x)"),
    "a function of a module that calls a loop": ("import one", "    return one.calling(x)"),
    "a number of NumPy's": ("from one import NUMBER", "    return x + NUMBER"),
    "a value of a module": ("import one", "    return x + one.VALUE"),
    "a type": ("from one import Pair", "    return Pair(x, -x).b"),
}
_USED = """
from typing import NamedTuple
import numpy as np
from numba.extending import register_jitable
from fivesigma._core.compiled import compiled


@compiled
def inner(x):
    return x + {number}


@register_jitable
def written(x):
    return x + {number}


@register_jitable
def calling(x):
    return inner(x)


class Pair(NamedTuple):
    {one}: int
    {two}: int


NUMBER, VALUE = np.int64({number}), {number}
"""


@pytest.mark.parametrize("way", _WAYS)
def test_whatever_a_loop_uses_and_however_it_is_known_the_loop_follows_it(tmp_path, way) -> None:
    imported, body = _WAYS[way]
    (tmp_path / "two.py").write_text(
        f"from fivesigma._core.compiled import compiled\n{imported}\n\n\n@compiled\ndef outer(x):\n{body}\n"
    )
    said = []
    for number, one, two in ((1, "a", "b"), (2, "b", "a")):
        (tmp_path / "one.py").write_text(_USED.format(number=number, one=one, two=two))
        for _ in range(2):
            call = [
                sys.executable,
                "-B",
                "-c",
                "from two import outer; print(outer(10), *outer.stats.cache_hits)",
            ]
            done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True)
        said.append(done.stdout.split()[0])
        assert "(int64,)" in done.stdout
    assert said == (["-10", "10"] if way == "a type" else ["11", "12"])


@pytest.mark.parametrize("name", ["forest_kernel", "counts_kernel", "nodes"])
def test_the_trees_of_a_forest_follow_the_source_of_what_grows_them(monkeypatch, name) -> None:
    from fivesigma._core import kept_loops
    from fivesigma.models.trees import forest_loop

    loop = forest_loop._grow_by_counts if name == "counts_kernel" else forest_loop._grow_by_sums
    before, plain = stamp(loop.py_func), kept_loops._hash_source_file

    def changed(path, *about):
        return b"another" if Path(path).stem == name else plain(path, *about)

    monkeypatch.setattr(kept_loops, "_hash_source_file", changed)
    kept_loops._about.cache_clear()
    assert stamp(loop.py_func) != before
    kept_loops._about.cache_clear()


def test_loops_that_call_each_other_have_a_stamp_of_their_own() -> None:
    @compiled
    def even(n):
        return True if n == 0 else odd(n - 1)

    @compiled
    def odd(n):
        return False if n == 0 else even(n - 1)

    assert stamp(even.py_func) != stamp(odd.py_func)


def test_processes_that_compile_at_once_find_their_own_loops_afterwards(tmp_path) -> None:
    (tmp_path / "loop.py").write_text(
        textwrap.dedent(
            """
            import sys
            import numpy as np
            from fivesigma._core.compiled import compiled

            @compiled
            def last(x):
                return x[-1] + 1

            for kind in sys.argv[1:]:
                x = np.arange(3).astype(kind)
                assert last(x) == 3, kind
            """
        )
    )
    kinds = ["uint8", "uint16", "float32", "float64", "int64"]
    call = [sys.executable, "loop.py"]
    started = [subprocess.Popen([*call, *kinds[k:], *kinds[:k]], cwd=tmp_path) for k in range(3)]
    assert [each.wait() for each in started] == [0, 0, 0]
    subprocess.run([*call, *kinds], cwd=tmp_path, check=True)


def test_the_stamp_follows_loops_values_and_what_stands_around() -> None:
    def made(factor):
        return lambda x: x * factor

    assert stamp(made(1)) == stamp(made(1)) != stamp(made(2))

    @compiled
    def twice(x):
        return 2 * x

    @compiled
    def thrice(x):
        return 3 * x

    assert stamp(made(twice)) == stamp(made(twice)) != stamp(made(thrice))
    assert stamp(made(1), b"file") != stamp(made(1), b"other file")
    assert stamp(lambda: np.zeros(later)) is not None
    later = 1  # a cell without a value is none yet
