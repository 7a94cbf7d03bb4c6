"""What other packages bring by entry points of the groups ``fivesigma.analyses``, ``fivesigma.tasks`` and so on."""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from importlib import metadata
from typing import Any

from fivesigma._core.errors import InputError


def entry_points(*, group: str) -> metadata.EntryPoints:
    """Return the entry points of a group, as `importlib.metadata.entry_points` does.

    That reads the files of every package there is; here it does so once for all groups.

    >>> len(entry_points(group="fivesigma.nothing"))
    0
    """
    found: metadata.EntryPoints = _those_on(tuple(sys.path)).select(group=group)
    return found


@lru_cache(maxsize=1)
def _those_on(path: tuple[str, ...]) -> Any:  # its type depends on the version of Python
    return metadata.entry_points()


@cache
def outside(group: str) -> dict[str, Any]:
    """Return what packages registered under ``fivesigma.GROUP``, by name.

    >>> outside("nothing")
    {}
    """
    found: dict[str, Any] = {}
    for point in sorted(entry_points(group=f"fivesigma.{group}"), key=lambda point: point.name):
        try:
            found[point.name] = point.load()
        except (ImportError, AttributeError) as error:
            raise InputError(
                f"entry point {point.name!r} of fivesigma.{group} cannot be loaded ({error}); mend or remove "
                "the package that brings it."
            ) from error
    return found
