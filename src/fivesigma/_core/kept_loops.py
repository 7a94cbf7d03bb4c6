"""Where compiled loops are kept: in files that several processes may write at once, and of what they call as well.

Numba numbers the files of a loop, one for each kind of arguments. Two processes that compile at the same time, as the
workers of a first run do, may give two kinds the same number, and from then on one is read where the other is asked
for: an error at best. Here a file is called by what it holds. Numba also looks at the file of source that a loop
stands in, and not at those of the loops that it calls, which are part of its machine code.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core.caching import FunctionCache, IndexDataCacheFile, _hash_source_file
from numba.core.dispatcher import Dispatcher

_PLAIN = (bool, int, float, str, bytes, tuple, np.generic)
_FIXED = {"", "builtins", "llvmlite", "math", "numba", "numpy", "typing"}
_LENGTH = 16
_DAMAGED = (pickle.UnpicklingError, EOFError, ValueError, IndexError, AttributeError, ImportError)


class LoopFiles(IndexDataCacheFile):  # type: ignore[misc]
    """The index of a loop, and a file for each kind of its arguments, called by them and by the source.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = LoopFiles(folder, "module.loop", b"stamp")
    ...     files.save("two floats", "machine code")
    ...     files.load("two floats"), files.load("an integer")
    ('machine code', None)
    """

    def __init__(self, folder: str, base: str, source: bytes | Callable[[], bytes]) -> None:
        super().__init__(folder, base, None)
        del self._source_stamp  # asked for at the first call, when all that a loop calls is there
        self._source = source

    @cached_property
    def _source_stamp(self) -> bytes:
        return self._source if isinstance(self._source, bytes) else self._source()

    def save(self, key: Any, data: Any) -> None:
        """Keep what is compiled for ``key``, if the disk takes it; the index knows no file that is not there."""
        name = f"{self._of_source()}{_short(key)}.nbc"
        with contextlib.suppress(
            OSError
        ):  # a full disk: the loop is there, and compiled again by the next process
            self._save_data(name, data)
            kept = self._load_index()
            if not kept:
                self._sweep()
            if kept.get(key) != name:
                self._save_index({**kept, key: name})

    def load(self, key: Any) -> Any:
        """Return what is kept for ``key``; None where nothing is, or what the power took the half of."""
        try:
            return super().load(key)
        except _DAMAGED:
            return None

    def _load_index(self) -> dict[Any, str]:
        try:
            found: dict[Any, str] = super()._load_index()
        except _DAMAGED:
            return {}
        return found

    def _of_source(self) -> str:
        base: str = self._data_name_pattern.removesuffix("{number:d}.nbc")
        return base + _short(self._source_stamp)

    def _sweep(self) -> None:
        """Remove what was kept of another source."""
        base, own = self._data_name_pattern.removesuffix("{number:d}.nbc"), self._of_source()
        for path in Path(self._cache_path).iterdir():
            if path.name.startswith(base) and path.suffix == ".nbc" and not path.name.startswith(own):
                path.unlink(missing_ok=True)


def keep(loop: Any) -> None:
    """Let a compiled ``loop`` be kept in `LoopFiles`, until its source changes or that of what it calls."""
    cache = loop._cache
    if isinstance(cache, FunctionCache):
        base = cache._impl.filename_base
        cache._cache_file = LoopFiles(cache.cache_path, base, partial(stamp, loop.py_func, _source(loop)))


def stamp(function: Callable[..., Any], own: Any = b"") -> bytes:
    """Return what changes with the source of ``function``, as ``own`` may, and with that of what it uses.

    That is loops and functions that it calls, by their names or as parts of modules, and what those call, whatever
    files they stand in; the files of all else that it knows by name, such as types; and plain values. All of them
    are part of its machine code.

    >>> one, two = (stamp(eval("lambda x: x * factor", {"factor": factor})) for factor in (1, 2))
    >>> one == two
    False
    """
    told, seen, left = [], {function}, [function]
    for each in left:
        about, called = _about(each)
        told.append(about)
        for inner in called:
            plain = getattr(inner, "py_func", inner)
            if plain not in seen:
                seen.add(plain)
                left.append(inner)
    return hashlib.sha256(repr([own, told[0], sorted(told)]).encode()).digest()


@lru_cache(maxsize=1024)
def _about(value: Any) -> tuple[str, list[Any]]:
    """Return what changes with a loop or a function and what it knows by name, and the loops and functions of that."""
    function = getattr(value, "py_func", value)
    used = list(_used(function))
    known = sorted({f"{name}: {_told(each)}" for name, each in used})
    called = [each for _, each in used if isinstance(each, (Dispatcher, FunctionType))]
    return _short((_source(value), _written(function), known)), called


def _used(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a function knows by name: of its module, of the function around it, and of modules it names."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    around = {name: cell.cell_contents for name, cell in cells if _filled(cell)}
    names, known = _names(function.__code__), function.__globals__
    for name in [each for each in names if each in around or each in known]:
        value = around[name] if name in around else known[name]
        if isinstance(value, _PLAIN):
            yield name, value
        elif _changes(value):
            yield name, value
            if isinstance(value, ModuleType):
                inside = vars(value)
                yield from (
                    (f"{name}.{part}", inside[part])
                    for part in names & inside.keys()
                    if isinstance(inside[part], _PLAIN) or _changes(inside[part])
                )


def _changes(value: Any) -> bool:
    """Whether a value may change while the versions of Python, NumPy and Numba stay."""
    return _module(value).partition(".")[0] not in _FIXED


def _module(value: Any) -> str:
    """Return the name of the module that tells what a value is."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return str(name or "")


def _source(value: Any) -> Any:
    """Return what changes with the file in which a loop, or whatever else has a module, is written."""
    if isinstance(value, Dispatcher):
        cache: Any = value._cache  # type: ignore[attr-defined]
        if isinstance(cache, FunctionCache):
            return cache._impl.locator.get_source_stamp()
    path = getattr(sys.modules.get(_module(value)), "__file__", None) or ""
    try:
        about = os.stat(path)
    except OSError:  # of a notebook, or in an archive
        return b""
    return _hash_source_file(path, about.st_mtime, about.st_size)


def _filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:  # of a name that gets its value later
        return False
    return True


def _names(code: CodeType) -> set[str]:
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return {*code.co_names, *code.co_freevars}.union(*map(_names, inner))


def _told(value: Any) -> str:
    """Return what changes with a value; of loops and functions no more than what tells them from others."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (Dispatcher, FunctionType)):
        return repr(_written(getattr(value, "py_func", value)))
    return repr(_source(value))


def _written(function: Any) -> Any:
    code = function.__code__
    return code.co_code, code.co_names, [each for each in code.co_consts if isinstance(each, _PLAIN)]


def _short(key: Any) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:_LENGTH]
