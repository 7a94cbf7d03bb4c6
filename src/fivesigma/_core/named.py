"""Names in place of what a package takes from modules when it is imported: the modules come when a name is used.

A package that imports a module to have one function of it, for a case that hardly occurs, costs every process the
whole module.
"""

from __future__ import annotations

import copy
import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_lock = threading.Lock()  # held by who takes names out of the modules that there are


class _Name:
    """A function of a module that is imported when the function is called, or asked for something.

    What is copied or pickled is the function, and a class knows its instances and subclasses.
    """

    def __init__(self, module: str, name: str) -> None:
        self._of = (module, name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _meant(*self._of)(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(_meant(*self._of), name)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return copy.copy, (_meant(*self._of),)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, _meant(*self._of))

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, _meant(*self._of))

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
            # names of it are no modules: only one that is imported needs the place
            if name == "__path__" and asking.f_code.co_name != "_find_and_load_unlocked":
                raise AttributeError(name)
            if str(asking.f_globals.get("__name__")).partition(".")[0] == self._package:
                return _Name(self.__name__, name)
        return _meant(self.__name__, name)


def _meant(module: str, name: str) -> Any:
    """Return what a name means: the module itself is imported, and takes its place."""
    with _lock:
        for each, found in sys.modules.copy().items():  # in one step: other threads import meanwhile
            near = f"{each}.".startswith(f"{module}.") or module.startswith(f"{each}.")
            if near and isinstance(found, _Named):
                sys.modules.pop(each, None)
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
    for name, each in stand.items():
        sys.modules.setdefault(name, each)  # in one step: another thread may have begun to import it
    try:
        yield
    finally:
        for name, each in stand.items():
            each._thread = None
            with _lock:
                if sys.modules.get(name) is each:
                    del sys.modules[name]


@contextmanager
def held_back(package: str, *names: str) -> Iterator[None]:
    """Let who copies all that ``package`` holds have, for some modules of it, what imports them when it is used.

    >>> with held_back("xml", "sax"):
    ...     import xml
    ...     copied = vars(xml)["sax"]
    >>> "xml.sax" in sys.modules, hasattr(xml, "sax")
    (False, False)
    >>> copied.handler.ContentHandler.__name__
    'ContentHandler'
    """
    holder = vars(importlib.import_module(package))
    stand = {
        name: _Named(f"{package}.{name}", package) for name in names if f"{package}.{name}" not in sys.modules
    }
    for name, each in stand.items():
        holder.setdefault(name, each)  # in one step: another thread may have begun to import it
    try:
        yield
    finally:
        for name, each in stand.items():
            each._thread = None
            if holder.get(name) is each:
                del holder[name]
