"""Packages that others import to see whether they are there, and what importing those others costs without them.

scikit-learn imports pandas and uses nothing of it (it knows tables by narwhals), and skops' list of what it trusts
imports PyTorch and pytest by way of scikit-learn's own tests: 2 CPU s in each process that fits or opens a model.
scikit-learn takes a few functions of ``scipy.stats`` that hardly a fit calls, half a CPU second: while it is imported,
names stand in their place, and mean the functions when they are called. skops looks for each of 400 functions of
SciPy, which do not know their module, in all modules there are: in those of NumPy and SciPy it finds them as well.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any


class _Absent(MetaPathFinder):
    """What finds no package of some names, in one thread: others import what they like meanwhile."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names, self._thread = names, threading.get_ident()

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> None:
        """Refuse a hidden name, and know nothing of others."""
        if name in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Let the packages ``names`` be absent for imports of this thread within, unless they are here already.

    >>> with hidden("pandas"):
    ...     pass
    """
    absent = _Absent(names)
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


def import_scikit_learn() -> None:
    """Import scikit-learn without pandas and without ``scipy.stats``."""
    if "sklearn.base" not in sys.modules:
        with hidden("pandas"), named("scipy.stats", "scipy.stats.mstats"):
            for name in _BY_STATISTICS:
                importlib.import_module(name)


_BY_STATISTICS = ("sklearn.base", "sklearn.preprocessing", "sklearn.metrics", "sklearn.isotonic")
"""What of scikit-learn nearly every fit imports, and what takes functions of ``scipy.stats``."""


def import_skops() -> ModuleType:
    """Return skops' reader and writer, imported without PyTorch and pytest."""
    wrapper = "sklearn.externals.array_api_compat.torch"
    if "skops.io" in sys.modules:
        return sys.modules["skops.io"]
    import_scikit_learn()
    with hidden("pytest", "pandas"), _empty(wrapper), named("scipy.stats", "scipy.stats.mstats"), _sought():
        return importlib.import_module("skops.io")


@contextmanager
def _empty(name: str) -> Iterator[None]:
    """Let a module hold nothing for imports within, unless it is here already."""
    unneeded = name not in sys.modules
    if unneeded:
        sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        if unneeded:
            del sys.modules[name]


class _Name:
    """A function of a module that is imported when the function is called, or asked for something."""

    def __init__(self, module: str, name: str) -> None:
        self._of = (module, name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _meant(*self._of)(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(_meant(*self._of), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (_meant(*self._of),)


class _Named(ModuleType):
    """Stands in the place of a module: gives names of functions to one thread, for a time, and else its contents."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._thread: int | None = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        if self._thread != threading.get_ident():
            return _meant(self.__name__, name)
        if name.startswith("__"):  # whether it is a package, as which it would be looked through
            raise AttributeError(name)
        return _Name(self.__name__, name)


def _meant(module: str, name: str) -> Any:
    """Return what a name means: the module itself is imported, and takes its place."""
    for each in [each for each, found in sys.modules.items() if isinstance(found, _Named)]:
        del sys.modules[each]
    return getattr(importlib.import_module(module), name)


@contextmanager
def named(*modules: str) -> Iterator[None]:
    """Let imports of this thread within take functions from ``modules`` that are not imported until these are called.

    A module that is here already stays as it is.

    >>> with named("wave"):
    ...     from wave import open as opened
    >>> "wave" in sys.modules
    False
    >>> opened.__name__
    'open'
    """
    stand = {name: _Named(name) for name in modules if name not in sys.modules}
    sys.modules.update(stand)
    try:
        yield
    finally:
        for name, each in stand.items():
            each._thread = None
            if sys.modules.get(name) is each:
                del sys.modules[name]


class _Sought(MetaPathFinder):
    """Lets skops look for functions that do not know their module where they can be, for the time of its lists."""

    def __init__(self) -> None:
        self._tools: Any = None
        self._everywhere: Any = None

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> None:
        """Find nothing; what is waited for is the module that makes the lists."""
        if name == "skops.io._trusted_types":
            self._tools = importlib.import_module("skops.io._utils")
            self._everywhere = self._tools.whichmodule
            near = {each: found for each, found in sys.modules.items() if each.startswith(("numpy", "scipy"))}
            self._tools.whichmodule = partial(_where, near, self._everywhere)

    def end(self) -> None:
        """Let skops look everywhere."""
        if self._tools is not None:
            self._tools.whichmodule = self._everywhere


@contextmanager
def _sought() -> Iterator[None]:
    finder = _Sought()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        finder.end()


def _where(near: Mapping[str, ModuleType], everywhere: Callable[[Any, str], str], obj: Any, name: str) -> str:
    """Return the module of an object; where it does not know its own, the first of those near that holds it."""
    if getattr(obj, "__module__", None) is None:
        for module, found in near.items():
            if getattr(found, name, None) is obj:
                return module
    return everywhere(obj, name)
