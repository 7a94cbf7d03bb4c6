"""What other packages bring by entry points of the groups ``fivesigma.analyses``, ``fivesigma.tasks`` and so on."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any

from fivesigma._core.errors import InputError


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
