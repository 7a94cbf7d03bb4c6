"""Packages that others import to see whether they are there, and what importing those others costs without them.

scikit-learn imports pandas and uses nothing of it (it knows tables by narwhals), and skops' list of what it trusts
imports PyTorch and pytest by way of scikit-learn's own tests: 2 CPU s in each process that fits or opens a model.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    """Import scikit-learn without pandas."""
    if "sklearn.base" not in sys.modules:
        with hidden("pandas"):
            importlib.import_module("sklearn.base")


def import_skops() -> ModuleType:
    """Return skops' reader and writer, imported without PyTorch and pytest."""
    wrapper = "sklearn.externals.array_api_compat.torch"
    if "skops.io" in sys.modules:
        return sys.modules["skops.io"]
    import_scikit_learn()
    with hidden("pytest", "pandas"), _empty(wrapper):
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
