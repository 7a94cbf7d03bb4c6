"""Which names are estimators of scikit-learn, told one name at a time.

skops trusts all of scikit-learn's estimators, and to list their names imports every module that scikit-learn has: a
third of a CPU second for the few names that a model holds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from inspect import isabstract, isclass
from typing import Any


class EstimatorName(str):
    """Stands in a list of names for those of all estimators of scikit-learn, since it equals each.

    Parameters
    ----------
    estimators : gives the pairs of name and class of all estimators, ``sklearn.utils.all_estimators``; asked for a name
        of scikit-learn only that is not found where it should be

    >>> from sklearn.utils import all_estimators
    >>> names = [EstimatorName(all_estimators)]
    >>> asked = ("sklearn.tree._classes.DecisionTreeClassifier", "sklearn.tree._tree.Tree", "os.system")
    >>> [each in names for each in asked]
    [True, False, False]
    """

    __slots__ = ("_estimators",)
    _estimators: Callable[[], Sequence[tuple[str, type]]]

    def __new__(cls, estimators: Callable[[], Sequence[tuple[str, type]]]) -> EstimatorName:
        """Return the one word that is never a name itself."""
        word = super().__new__(cls, "an estimator of scikit-learn")
        word._estimators = estimators
        return word

    def __eq__(self, name: object) -> bool:
        """Return whether ``name`` is the full name of an estimator."""
        return name is self or (type(name) is str and _is_estimator(name, self._estimators))

    def __ne__(self, name: object) -> bool:
        """Return whether ``name`` is no estimator's."""
        return not self == name

    __hash__ = str.__hash__


_ASIDE = {"tests", "externals", "experimental", "conftest"}
"""Parts of scikit-learn whose classes it does not list."""


@cache
def _is_estimator(path: str, estimators: Callable[[], Sequence[tuple[str, type]]]) -> bool:
    module, _, name = path.rpartition(".")
    if not module.startswith("sklearn.") or name.startswith("_") or not _ASIDE.isdisjoint(module.split(".")):
        return False
    shown = _held(
        module.partition("._")[0], name, module
    )  # by the package that shows what its private modules make
    if shown is not None:
        return _is_kind(shown)
    made = _held(module, name, module)
    if made is not None and not _is_kind(made):
        return False
    return path in {f"{each.__module__}.{each.__name__}" for _, each in estimators()}


def _held(place: str, name: str, module: str) -> type | None:
    """Return the class ``name`` of ``module`` where ``place`` holds it: a module that is here, or a public package."""
    import sklearn

    if place not in sys.modules and place.partition(".")[2] not in sklearn.__all__:
        return None  # what a file names is not imported for having been named
    with suppress(ImportError, AttributeError):
        held: Any = getattr(import_module(place), name)
        return held if isclass(held) and (held.__module__, held.__name__) == (module, name) else None
    return None


def _is_kind(held: type) -> bool:
    from sklearn.base import BaseEstimator

    return issubclass(held, BaseEstimator) and held is not BaseEstimator and not isabstract(held)
