"""Where compiled loops are kept: in files that several processes may write at once, and of what they call as well.

Numba numbers the files of a loop, one for each kind of arguments. Two processes that compile at the same time, as the
workers of a first run do, may give two kinds the same number, and from then on one is read where the other is asked
for: an error at best. Here a file is called by what it holds. Numba also looks at the file of source that a loop
stands in, and not at those of the loops that it calls, which are part of its machine code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher

_PLAIN = (bool, int, float, str, bytes, tuple)
_LENGTH = 16


class LoopFiles(IndexDataCacheFile):  # type: ignore[misc]
    """The index of a loop, and a file for each kind of its arguments, called by them and by the source.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = LoopFiles(folder, "module.loop", b"stamp")
    ...     files.save("two floats", "machine code")
    ...     files.load("two floats"), files.load("an integer")
    ('machine code', None)
    """

    def save(self, key: Any, data: Any) -> None:
        """Keep what is compiled for ``key``; the index knows no file that is not there."""
        name = f"{self._of_source()}{_short(key)}.nbc"
        self._save_data(name, data)
        kept = self._load_index()
        if not kept:
            self._sweep()
        if kept.get(key) != name:
            self._save_index({**kept, key: name})

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
    """Let a compiled ``loop`` be kept in `LoopFiles`, until its source changes or that of a loop that it calls."""
    cache = loop._cache
    if isinstance(cache, FunctionCache):
        base = cache._impl.filename_base
        own = cache._impl.locator.get_source_stamp()
        cache._cache_file = LoopFiles(cache.cache_path, base, stamp(loop.py_func, own))


def stamp(function: Callable[..., Any], own: Any = b"") -> bytes:
    """Return what changes with the source of ``function``, as ``own`` may, and with that of what it uses.

    That is the loops that it calls by their names, whatever file they stand in, and plain values: both are part of
    its machine code.

    >>> one, two = (stamp(eval("lambda x: x * factor", {"factor": factor})) for factor in (1, 2))
    >>> one == two
    False
    """
    used = sorted({f"{name}: {_told(value)}" for name, value in _used(function)})
    code = function.__code__
    written = [each for each in code.co_consts if isinstance(each, _PLAIN)]
    return hashlib.sha256(repr((own, code.co_code, written, used)).encode()).digest()


def _used(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values that a function knows by name: of its module and of the function around it."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    known = function.__globals__ | {name: cell.cell_contents for name, cell in cells if _filled(cell)}
    for name in _names(function.__code__):
        if isinstance(value := known.get(name), (Dispatcher, *_PLAIN)):
            yield name, value


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
    """Return what changes with a value."""
    if not isinstance(value, Dispatcher):
        return repr(value)
    loop: Any = value
    kept = isinstance(loop._cache, FunctionCache)
    return str(loop._cache._cache_file._source_stamp if kept else stamp(loop.py_func))


def _short(key: Any) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:_LENGTH]
