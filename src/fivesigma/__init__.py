"""fivesigma: machine learning held to a physicist's standard of evidence.

The public names load on first use, so that ``import fivesigma`` costs nothing.

>>> import fivesigma as fs
>>> fs.Dataset.from_arrays([[0.0], [1.0], [2.0]], [0.5, 1.5, 3.0]).task
'regression'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fivesigma._core.deferred import defer

defer()  # before any class of the package is made

__version__ = "0.1.0"

_PLACES = {
    "Dataset": "fivesigma.data.dataset",
    "read": "fivesigma.data.reading",
    "Study": "fivesigma.study.study",
    "Result": "fivesigma.study.finished.result",
    "load": "fivesigma.study.finished.result",
    "load_model": "fivesigma.study.finished.result",
    "evidence": "fivesigma.study.judge",
    "FivesigmaError": "fivesigma._core.errors",
    "InputError": "fivesigma._core.errors",
    "DataError": "fivesigma._core.errors",
}

__all__ = [
    "DataError",
    "Dataset",
    "FivesigmaError",
    "InputError",
    "Result",
    "Study",
    "evidence",
    "load",
    "load_model",
    "read",
]

if TYPE_CHECKING:
    from fivesigma._core.errors import DataError, FivesigmaError, InputError
    from fivesigma.data.dataset import Dataset
    from fivesigma.data.reading import read
    from fivesigma.study.finished.result import Result, load, load_model
    from fivesigma.study.judge import evidence
    from fivesigma.study.study import Study


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'fivesigma' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
