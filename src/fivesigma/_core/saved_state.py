"""What makes the state of a loaded object sound: the words in which each class says it of itself.

A class that may stand in a saved model has a method ``check_state(self, state)``, which asks ``state`` for each
attribute that a prediction rests on: its type, shape, range. Whatever is not so is refused, before it is used:
compiled code follows an index without a look.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

MOST = 2**31
"""No count, width or index of a model reaches this."""

TINY = 5e-324
"""The smallest number above zero: the least that can be divided by."""

Shape = tuple[int | None, ...]


class UnsoundStateError(ValueError):
    """An attribute of a loaded object is not what a fit leaves."""


class Checked(Protocol):
    """A class of ours that may stand in a saved model."""

    def check_state(self, state: SavedState) -> None:
        """Ask ``state`` for every attribute that a prediction rests on."""


class SavedState:
    """The attributes of one loaded object, each handed out only if it is what is asked for.

    Every question raises `UnsoundStateError` with the class, the attribute, what it is and what was expected.

    Parameters
    ----------
    of : the object

    Examples
    --------
    >>> class Line:
    ...     def __init__(self, slope):
    ...         self.slope = slope
    >>> SavedState(Line(np.ones(2))).floats("slope", (2,))
    array([1., 1.])
    >>> SavedState(Line(np.ones(2))).floats("slope", (3,))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    fivesigma._core.saved_state.UnsoundStateError: Line.slope is a float64 array of shape (2,); expected ...
    """

    def __init__(self, of: Any) -> None:
        self.of = of

    def has(self, name: str) -> bool:
        """Whether there is an attribute ``name`` that is not None."""
        return getattr(self.of, name, None) is not None

    def get(self, name: str) -> Any:
        """Return the attribute ``name``, whatever it is."""
        try:
            return getattr(self.of, name)
        except AttributeError:
            self.refuse(name, "absent", "what a fit leaves")

    def floats(
        self,
        name: str,
        shape: Shape,
        *,
        low: float = -math.inf,
        high: float = math.inf,
        dtype: Any = np.float64,
    ) -> NDArray[Any]:
        """Return a finite array of ``dtype`` and ``shape`` (None: any length) with entries from ``low`` to ``high``."""
        found = self._array(name, shape, np.dtype(dtype))
        if not np.isfinite(found).all():
            self.refuse(name, "not finite", "finite numbers")
        return self._within(name, found, low, high)

    def whole(self, name: str, shape: Shape, *, low: int = -MOST, high: int = MOST) -> NDArray[Any]:
        """Return an array of integers of ``shape`` from ``low`` to ``high``."""
        return self._within(name, self._array(name, shape, None), low, high)

    def indices(self, name: str, shape: Shape, below: int) -> NDArray[Any]:
        """Return an array of integers of ``shape`` from 0 to ``below`` - 1."""
        return self.whole(name, shape, low=0, high=below - 1)

    def labels(self, name: str, n: int | None = None) -> NDArray[Any]:
        """Return ``n`` different sorted labels (None: any number): what ``np.unique`` leaves."""
        found = self.get(name)
        if (
            not isinstance(found, np.ndarray)
            or found.ndim != 1
            or len(found) < 1
            or n not in (None, len(found))
        ):
            self.refuse(name, _said(found), f"{n or 'some'} labels")
        if found.dtype.kind not in "OUSbiuf" or (len(np.unique(found)) != len(found)):
            self.refuse(name, _said(found), "different labels")
        return found

    def count(self, name: str, low: int = 1, high: int = MOST) -> int:
        """Return a whole number from ``low`` to ``high``."""
        found = self.get(name)
        if isinstance(found, bool) or not isinstance(found, int | np.integer) or not low <= found <= high:
            self.refuse(name, _said(found), f"a whole number from {low} to {high}")
        return int(found)

    def number(self, name: str, *, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a finite number from ``low`` to ``high``."""
        found = self.get(name)
        real = isinstance(found, int | float | np.integer | np.floating) and not isinstance(found, bool)
        if not real or not math.isfinite(found) or not low <= found <= high:
            self.refuse(name, _said(found), f"a number from {low:g} to {high:g}")
        return float(found)

    def word(self, name: str, *words: str | None) -> Any:
        """Return one of ``words``."""
        found = self.get(name)
        if not (found is None or isinstance(found, str)) or found not in words:
            self.refuse(name, _said(found), f"one of {words}")
        return found

    def truth(self, name: str) -> bool:
        """Return True or False."""
        found = self.get(name)
        if not isinstance(found, bool | np.bool_):
            self.refuse(name, _said(found), "True or False")
        return bool(found)

    def part(self, name: str, *classes: type) -> Any:
        """Return an object of one of ``classes``."""
        found = self.get(name)
        if not isinstance(found, classes):
            self.refuse(name, _said(found), " or ".join(each.__name__ for each in classes))
        return found

    def fitted(self, name: str, n_features: int | None = None, answer: str = "predict") -> Any:
        """Return a fitted estimator that takes ``n_features`` columns and can ``answer``."""
        found = self.get(name)
        if isinstance(found, type) or not callable(getattr(found, answer, None)):
            self.refuse(name, _said(found), f"an estimator that can {answer}")
        if n_features is not None and getattr(found, "n_features_in_", n_features) != n_features:
            self.refuse(name, f"of {found.n_features_in_} columns", f"{n_features}")
        return found

    def parts(self, name: str, *classes: type, n: int | None = None) -> list[Any]:
        """Return a list or tuple of ``n`` objects of ``classes`` (None: any number)."""
        found = self.get(name)
        if not isinstance(found, list | tuple) or n not in (None, len(found)):
            self.refuse(name, _said(found), f"a list of {n or 'some'}")
        for each in found:
            if not isinstance(each, classes):
                self.refuse(
                    name, f"a list with {_said(each)}", " or ".join(kind.__name__ for kind in classes)
                )
        return list(found)

    def constructed(self) -> None:
        """Refuse settings that the constructor of a class of settings alone refuses."""
        try:
            type(self.of)(**vars(self.of))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise UnsoundStateError(f"{type(self.of).__name__}: {error}") from error

    def expect(self, truth: Any, name: str, wanted: str) -> None:
        """Refuse ``name`` unless ``truth``."""
        if not bool(truth):
            self.refuse(name, _said(self.get(name)), wanted)

    def refuse(self, name: str, found: str, wanted: str) -> NoReturn:
        """Raise `UnsoundStateError` for an attribute."""
        raise UnsoundStateError(f"{type(self.of).__name__}.{name} is {found}; expected {wanted}")

    def _array(self, name: str, shape: Shape, dtype: Any) -> NDArray[Any]:
        found = self.get(name)
        right = isinstance(found, np.ndarray) and (
            found.dtype == dtype if dtype else found.dtype.kind in "iu"
        )
        if not right or not _fits(shape, found.shape):
            self.refuse(name, _said(found), f"{dtype or 'integers'} of shape {shape}".replace("None", "any"))
        return np.asarray(found)

    def _within(self, name: str, found: NDArray[Any], low: float, high: float) -> NDArray[Any]:
        if found.size and not (low <= found.min() and found.max() <= high):
            self.refuse(name, f"from {found.min()} to {found.max()}", f"entries from {low} to {high}")
        return found


def _fits(wanted: Shape, found: tuple[int, ...]) -> bool:
    return len(wanted) == len(found) and all(n in (None, m) for n, m in zip(wanted, found, strict=True))


def _said(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"a {value.dtype} array of shape {value.shape}"
    return (
        f"{value!r:.40}"
        if isinstance(value, int | float | str | bool | None)
        else f"a {type(value).__name__}"
    )
