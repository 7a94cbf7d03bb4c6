"""Modules of SciPy that are imported when a name of theirs is first used.

``scipy.special`` and ``scipy.optimize`` take a third of the CPU time of a check, which uses neither: what needs them
stands beside what is read, split and planned.
"""

from __future__ import annotations

import importlib
from typing import Any

from fivesigma._core.named import named

_OF_ONE_CASE = "scipy.linalg.interpolative"
"""What linear programs take for one way of leaving out equations: Fourier transforms come with it."""


class Later:
    """A module that is imported at the first look at one of its names.

    >>> special = Later("scipy.special")
    >>> float(special.ndtr(0.0))
    0.5
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        with named(_OF_ONE_CASE, package="scipy"):
            found = getattr(importlib.import_module(self._module), name)
        setattr(self, name, found)  # the next look finds it here
        return found


special: Any = Later("scipy.special")
stats: Any = Later("scipy.stats")
optimize: Any = Later("scipy.optimize")
linalg: Any = Later("scipy.linalg")
