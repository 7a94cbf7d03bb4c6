"""The versions that a result depends on."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import fivesigma

NUMERICAL = ("numpy", "scipy", "scikit-learn", "optuna", "numba")


@cache
def versions() -> dict[str, str]:
    """Return Python's version, ours and those of the libraries that compute.

    >>> "numpy" in versions()
    True
    """
    return {"python": platform.python_version(), "fivesigma": fivesigma.__version__} | {
        name: found for name in NUMERICAL if (found := installed(name)) is not None
    }


def installed(name: str) -> str | None:
    """Return the version of a distribution, None where it is absent."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
