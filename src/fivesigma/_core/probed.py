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
from inspect import cleandoc
from types import ModuleType
from typing import Any

from numpy import ndarray, ufunc

from fivesigma._core.estimators import EstimatorName
from fivesigma._core.named import held_back, named


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
        with hidden("pandas"), held_back("numpy", *_ASIDE), named("asyncio", package="joblib"):
            _leave_descriptions()
            importlib.import_module("sklearn.base")
        _ask_no_array()
        _know_parameters()


def _know_parameters() -> None:
    """Let the signature of a class be looked at once: a pipeline asks for its parameters a dozen times a fit."""
    base: Any = sys.modules["sklearn.base"].BaseEstimator
    if "_get_param_names" in vars(base):
        base._get_param_names = classmethod(
            partial(_parameters_of, vars(base)["_get_param_names"].__func__, {})
        )


def _parameters_of(
    found: Callable[[type], list[str]], known: dict[Any, tuple[str, ...]], kind: type
) -> list[str]:
    """Return the names that ``found`` finds for a class; those of one way of making objects are kept."""
    made = kind.__init__  # type: ignore[misc]
    if made not in known:
        known[made] = tuple(found(kind))
    return list(known[made])


_ASIDE = ("testing", "f2py")
"""Modules of NumPy that SciPy and skops have with all others, and do not use."""


def _ask_no_array() -> None:
    """Let an array be no table at once: scikit-learn asks twenty times a fit, and each time ten libraries are asked."""
    asked: Any = sys.modules.get("narwhals.stable.v2.dependencies")  # which some versions of it do not use
    for name in ("is_into_dataframe", "is_into_series"):
        if hasattr(asked, name):
            setattr(asked, name, partial(_is_into, getattr(asked, name)))


def _is_into(asked: Callable[[Any], bool], value: Any) -> bool:
    return type(value) is not ndarray and asked(value)


SPARED = (
    *("scipy.stats", "scipy.stats.mstats", "scipy.interpolate", "scipy.integrate"),
    *("scipy.optimize", "scipy.optimize._linesearch", "scipy.spatial", "scipy.spatial.distance"),
    "sklearn.callback._progressbar",
)
"""Modules from which scikit-learn takes functions that few fits call, or nobody."""


def _leave_descriptions() -> None:
    """Let functions of SciPy keep their descriptions as they are, but in notebooks.

    Each gets a table of which libraries' arrays it takes, or a note on stacks of matrices, and is parsed and written
    anew for it: 400 of them.
    """
    for name in ("scipy._lib._array_api", "scipy._lib._util"):
        described: Any = importlib.import_module(name)  # which knows no parser in some versions
        if hasattr(described, "FunctionDoc") and "IPython" not in sys.modules:
            described.FunctionDoc = _Description


class _Description(dict[str, list[str]]):
    """The description of a function, to whose parts is added in vain."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self._text = function.__doc__ or ""
        if isinstance(function, ufunc):  # before it stands what it takes, which NumPy writes
            self._text = cleandoc(self._text.partition("\n")[2])

    def __missing__(self, part: str) -> list[str]:
        return []

    def __str__(self) -> str:
        return f"\n{self._text}"


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
    if "skops.io" in sys.modules:
        return sys.modules["skops.io"]
    import_scikit_learn()
    with hidden("pytest", "pandas"), _empty(_TORCH), _sought(), held_back("numpy", *_ASIDE):
        return importlib.import_module("skops.io")


_TORCH = "sklearn.externals.array_api_compat.torch"


def _listed(listed: Callable[[], list[tuple[str, type]]]) -> list[tuple[str, type]]:
    """Return scikit-learn's list of its estimators, for which it imports all its modules."""
    with hidden("pytest", "pandas"), _empty(_TORCH):
        return listed()


def import_matplotlib() -> None:
    """Import what draws figures and writes them as PDF, without the tools that fonts of another type need."""
    if "matplotlib.backends.backend_pdf" not in sys.modules:
        artist = importlib.import_module("matplotlib.artist").Artist
        with named("fontTools.subset", package="matplotlib"), _undescribed(artist):
            importlib.import_module("matplotlib.backends.backend_pdf")


@contextmanager
def _undescribed(artist: Any) -> Iterator[None]:
    """Let kinds of artists that are made within not list their properties, which a reader of a notebook may look up."""
    whole = vars(artist).get("_update_set_signature_and_docstring")
    if whole is None or "IPython" in sys.modules:
        yield
        return
    artist._update_set_signature_and_docstring = classmethod(_described)
    try:
        yield
    finally:
        artist._update_set_signature_and_docstring = whole


def _described(artist: Any) -> None:
    artist.set._autogenerated_signature = True


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


class _Sought(MetaPathFinder):
    """Lets skops look for functions that do not know their module where they can be, for the time of its lists.

    Its list of scikit-learn's estimators gets a name that equals theirs.
    """

    def __init__(self) -> None:
        self._tools: Any = None
        self._everywhere: Any = None
        self._listed: Any = None

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> None:
        """Find nothing; what is waited for is the module that makes the lists."""
        if name == "skops.io._trusted_types":
            self._tools = importlib.import_module("skops.io._utils")
            self._everywhere = self._tools.whichmodule
            here = sys.modules.copy().items()  # in one step: other threads import meanwhile
            near = {each: found for each, found in here if each.startswith(("numpy", "scipy"))}
            self._tools.whichmodule = partial(_where, near, self._everywhere)
            self._listed = importlib.import_module("sklearn.utils").all_estimators
            sys.modules["sklearn.utils"].all_estimators = self._estimators  # type: ignore[attr-defined]

    def _estimators(self, *arguments: Any, **named: Any) -> list[tuple[str, type]]:
        """None for skops' list, all of them for everyone else."""
        for_list = str(sys._getframe(1).f_globals.get("__name__")) == "skops.io._trusted_types"
        return [] if for_list else self._listed(*arguments, **named)

    def end(self) -> None:
        """Let skops look everywhere."""
        if self._tools is not None:
            self._tools.whichmodule = self._everywhere
            sys.modules["sklearn.utils"].all_estimators = self._listed  # type: ignore[attr-defined]
            lists: Any = sys.modules.get("skops.io._trusted_types")
            if lists is not None and not lists.SKLEARN_ESTIMATOR_TYPE_NAMES:
                lists.SKLEARN_ESTIMATOR_TYPE_NAMES.append(EstimatorName(partial(_listed, self._listed)))


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
