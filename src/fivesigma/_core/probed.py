"""Packages that others import to see whether they are there, and what importing those others costs without them.

scikit-learn imports pandas and uses nothing of it (it knows tables by narwhals), and skops' list of what it trusts
imports PyTorch and pytest by way of scikit-learn's own tests: 2 CPU s in each process that fits or opens a model.
scikit-learn takes functions of SciPy's statistics and optimisation that hardly a fit calls, half a CPU second: while
its modules are imported, names stand in their place, and mean the functions when they are called. skops looks for each
of 400 functions of SciPy, which do not know their module, in all modules there are: in those of NumPy and SciPy it
finds them as well.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
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
    """Import scikit-learn without pandas; what it takes from `SPARED` waits, in whichever module it is taken."""
    if "sklearn.base" not in sys.modules:
        sys.meta_path.insert(0, _Sparing())
        with hidden("pandas"):
            importlib.import_module("sklearn.base")


SPARED = (
    *("scipy.stats", "scipy.stats.mstats", "scipy.interpolate", "scipy.integrate"),
    *("scipy.optimize", "scipy.optimize._linesearch"),
)
"""Modules from which scikit-learn takes functions that few fits call."""


class _Sparing(MetaPathFinder):
    """Finds modules of scikit-learn where they are, and lets names stand for what each takes from `SPARED`."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a module of scikit-learn is, None for any other."""
        if not name.startswith("sklearn."):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader.exec_module = partial(_carried_out, spec.loader)  # type: ignore[method-assign]
        return spec


def _carried_out(loader: SourceFileLoader, module: ModuleType) -> None:
    with named(*SPARED, package="sklearn"):
        type(loader).exec_module(loader, module)


def import_skops() -> ModuleType:
    """Return skops' reader and writer, imported without PyTorch and pytest."""
    wrapper = "sklearn.externals.array_api_compat.torch"
    if "skops.io" in sys.modules:
        return sys.modules["skops.io"]
    import_scikit_learn()
    with hidden("pytest", "pandas"), _empty(wrapper), _sought():
        return importlib.import_module("skops.io")


def import_matplotlib() -> None:
    """Import what draws figures and writes them as PDF, without the tools that fonts of another type need."""
    if "matplotlib.backends.backend_pdf" not in sys.modules:
        with named("fontTools.subset", package="matplotlib"):
            importlib.import_module("matplotlib.backends.backend_pdf")


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
    """Stands in the place of a module: gives names to modules of ``package`` in one thread, and else what they mean."""

    def __init__(self, name: str, package: str) -> None:
        super().__init__(name)
        self._package = package
        self._thread: int | None = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        asking = sys._getframe(1)
        if self._thread == threading.get_ident():
            if name == "__path__" and asking.f_code.co_name != "_find_and_load_unlocked":
                raise AttributeError(
                    name
                )  # names of it are no modules; only one that is imported needs the place
            if str(asking.f_globals.get("__name__")).partition(".")[0] == self._package:
                return _Name(self.__name__, name)
        return _meant(self.__name__, name)


def _meant(module: str, name: str) -> Any:
    """Return what a name means: the module itself is imported, and takes its place."""
    family = [
        each for each in sys.modules if f"{each}.".startswith(f"{module}.") or module.startswith(f"{each}.")
    ]
    for each in family:
        if isinstance(sys.modules[each], _Named):
            del sys.modules[each]
    return getattr(importlib.import_module(module), name)


@contextmanager
def named(*modules: str, package: str) -> Iterator[None]:
    """Let what ``package`` imports within take functions from ``modules`` that are imported when these are called.

    A module that is here already stays as it is, and others than those of the package have it as ever.

    >>> with named("wave", package=__name__.partition(".")[0]):
    ...     from wave import open as opened
    >>> "wave" in sys.modules
    False
    >>> opened.__name__
    'open'
    """
    stand = {name: _Named(name, package) for name in modules if name not in sys.modules}
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
