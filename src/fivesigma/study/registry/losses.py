"""Losses by the names of a study file: those of the package, and, where the user trusts it, one of a module."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.outside import outside
from fivesigma.risk.losses import LOSSES


def settings_of(name: str) -> tuple[str, ...]:
    """Return the settings of a loss of this package, or of another: the fields of its class.

    >>> settings_of("huber"), settings_of("hinge"), settings_of("no such loss")
    (('delta',), (), ())
    """
    found = {**LOSSES, **outside("losses")}.get(name)
    return tuple(field.name for field in fields(found)) if is_dataclass(found) else ()


def is_general(name: str) -> bool:
    """Whether no solver of this package knows the loss: one of the user's own, or of another package."""
    return is_own(name) or (name in outside("losses") and name not in LOSSES)


def is_own(name: str) -> bool:
    """Whether ``name`` says where a loss of the user's lies, ``module:name``.

    >>> is_own("mypkg.losses:Tukey"), is_own("huber")
    (True, False)
    """
    return ":" in name


def checked(loss: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """Return ``loss``, its name among ``known`` or the user's own, its settings those that it has."""
    name = str(loss["name"])
    allowed = settings_of(name if is_general(name) else one_of(name, known, "loss"))
    for setting in loss:
        if setting != "name" and setting not in allowed:
            raise InputError(
                f"the loss '{name}' has no setting '{setting}'; expected {' or '.join(allowed) or 'none'}."
            )
    return dict(loss)


@dataclass(frozen=True)
class Losses:
    """What the setting ``loss`` of a kind without a path may be: one of ``names`` that is of the task, or one's own.

    >>> Losses(("absolute", "quantile")).contains({"name": "quantile", "tau": 0.9})
    True

    Raises
    ------
    InputError
        Where it is none of them.
    """

    names: tuple[str, ...]
    own: bool = True

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is one of them, or None for the first; `InputError` says which are."""
        if value is None:
            return True
        table = named(value)
        if is_general(str(table["name"])) and not self.own:
            raise InputError(f"'{table['name']}' is a loss of values; expected {' or '.join(self.names)}.")
        return bool(checked(table, self.names))


def named(loss: Any) -> dict[str, Any]:
    """Return a loss, given by its name or as a table, as a table.

    >>> named("huber")
    {'name': 'huber'}
    """
    if isinstance(loss, str) or (isinstance(loss, Mapping) and isinstance(loss.get("name"), str)):
        return {"name": loss} if isinstance(loss, str) else dict(loss)
    raise InputError(f"loss is {loss!r:.80}; expected a name, or {{ name = 'quantile', tau = 0.9 }}.")


def build(loss: Mapping[str, Any]) -> Any:
    """Return the loss that a checked table describes; one of the user's own is imported.

    Raises
    ------
    InputError
        Where the module, or the name in it, is not there, or it is no loss.
    """
    name = str(loss["name"])
    if is_own(name):
        return _imported(name)
    made = {**outside("losses"), **LOSSES}[name]
    return made(**{key: float(value) for key, value in loss.items() if key != "name"})


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    with _current_folder():
        try:
            found = getattr(importlib.import_module(module), attribute)
        except ImportError as error:
            raise InputError(
                f"the loss '{name}' cannot be imported ({error}); write module:name of a module that Python finds."
            ) from error
        except AttributeError as error:
            raise InputError(f"the loss '{name}': {module} has no {attribute!r}; check the name.") from error
    return found() if isinstance(found, type) else found


class _CurrentFolder(MetaPathFinder):
    """Finds modules of the user's in the current folder, never one that goes by the name of a library's."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of the user's lies; None for all that is not theirs."""
        if path is not None or fullname in sys.stdlib_module_names or fullname in _LIBRARIES:
            return None
        return PathFinder.find_spec(fullname, [str(Path.cwd())], target)


_LIBRARIES = frozenset(
    {
        *("IPython", "astropy", "awkward", "cupy", "dask", "distributed", "fastjet", "fivesigma", "h5py"),
        *("joblib", "mlflow", "numba", "numexpr", "numpy", "pandas", "polars", "pyarrow", "pythia8mc"),
        *("scipy", "shap", "sklearn", "torch", "uproot", "vector", "xgboost"),
    }
)
"""Libraries that others try to import: one that is not installed is absent, whatever lies in the current folder."""


@contextmanager
def _current_folder() -> Iterator[None]:
    """Let an import look into the current folder too, last of all."""
    finder = _CurrentFolder()
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
