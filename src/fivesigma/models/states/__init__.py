"""What makes a loaded model sound: asked of every object in it before the model is used.

A class of ours has a method ``check_state`` (see `fivesigma._core.saved_state`); for a class of another library the
table `WRAPPED` has a function, found by the full name of the class or of one it inherits from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fivesigma._core.saved_state import SavedState
from fivesigma.models.states.compiled import COMPILED
from fivesigma.models.states.estimators import ESTIMATORS

Check = Callable[[SavedState], None]

WRAPPED: Mapping[str, Check] = {**COMPILED, **ESTIMATORS}
"""Full name of a class of another library -> what makes its state sound."""


def check_of(kind: type) -> Check | None:
    """Return what checks the state of a class; None for one that says nothing of it.

    >>> check_of(dict) is None
    True
    """
    own = getattr(kind, "check_state", None)
    if own is not None:
        return lambda state: own(state.of, state)
    names = (f"{each.__module__}.{each.__qualname__}" for each in kind.__mro__)
    return next((WRAPPED[name] for name in names if name in WRAPPED), None)


def check_state(part: Any) -> None:
    """Refuse an object of a loaded model whose state no fit leaves.

    Parameters
    ----------
    part : one object inside the model

    Raises
    ------
    UnsoundStateError
        With the class, the attribute, what it is and what was expected. scikit-learn's ``InvalidParameterError`` for
        a setting that an estimator of its does not take; both are ``ValueError``.
    """
    state = SavedState(part)
    if state.has("n_jobs"):
        state.count("n_jobs", -1, 1024)
    if state.has("_parameter_constraints"):
        part._validate_params()
    check = check_of(type(part))
    if check is not None and not _is_unfitted(part):
        check(state)


def _is_unfitted(part: Any) -> bool:
    """Whether ``part`` is an estimator that nothing was fitted to: the template of the copy that was.

    A pipeline has nothing fitted of its own.
    """
    return (
        hasattr(part, "fit") and not hasattr(part, "steps") and not any(n.endswith("_") for n in vars(part))
    )
