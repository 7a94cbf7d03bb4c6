"""Methods of dataclasses of ours are compiled when they are first looked at.

Python writes the text of up to six methods for each dataclass and compiles them one by one when the class is made:
a fifth of the CPU time of a check, in which few of 500 classes are ever filled. From Python 3.13 on they are compiled
together, and this leaves them so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

_at_once: Callable[..., FunctionType] | None = getattr(dataclasses, "_create_fn", None)


def defer() -> None:
    """Let dataclasses that are made in this package from now on have their methods compiled when these are wanted.

    >>> from dataclasses import dataclass
    >>> defer()
    >>> Point = dataclass(type("Point", (), {"__doc__": "x", "__annotations__": {"x": float}, "__module__": __name__}))
    >>> type(vars(Point)["__init__"]).__name__, Point(1.0) == Point(1.0), type(vars(Point)["__init__"]).__name__
    ('_Deferred', True, 'function')
    """
    if _at_once is not None:
        dataclasses._create_fn = _create  # type: ignore[attr-defined]


def _create(name: str, *arguments: Any, **options: Any) -> Any:
    assert _at_once is not None
    module = str((options.get("globals") or {}).get("__name__", ""))
    make = partial(_at_once, name, *arguments, **options)
    return _Deferred(name, module, make) if module.partition(".")[0] == "fivesigma" else make()


class _Deferred:
    # stands in a class for one of its methods, and puts that into its place when somebody asks for it

    __slots__ = ("__annotations__", "__name__", "__qualname__", "_function", "_make", "_module")
    __doc__ = None

    def __init__(self, name: str, module: str, make: Callable[[], FunctionType]) -> None:
        self.__name__, self.__qualname__, self.__annotations__ = name, name, {}
        self._module, self._make = module, make
        self._function: FunctionType | None = None

    @property
    def __module__(self) -> str:  # type: ignore[override]
        return self._module

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        function = self._made()
        holder = instance if isinstance(instance, type) else owner  # some ask for it on behalf of a class
        for kind in () if holder is None else holder.__mro__:
            if vars(kind).get(self.__name__) is self:
                function.__qualname__ = f"{kind.__qualname__}.{self.__name__}"
                setattr(kind, self.__name__, function)
        return function.__get__(instance, owner)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._made()(*arguments, **named)

    def _made(self) -> FunctionType:
        if self._function is None:
            self._function = self._make()
        return self._function
