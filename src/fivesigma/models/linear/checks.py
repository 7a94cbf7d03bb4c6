"""What may come in: each refusal is one sentence."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import validate_data

from fivesigma._core.checks import refuse_extreme
from fivesigma._core.errors import InputError
from fivesigma.risk.losses import Loss
from fivesigma.risk.penalties import GroupL1, NoPenalty, Penalty

Array = NDArray[np.float64]


def as_loss(loss: Any) -> Any:
    """Return an instance: a class stands for its default instance."""
    return loss() if isinstance(loss, type) else loss


def as_penalty(penalty: Any) -> Penalty:
    """Return an instance; None is no penalty, a class stands for its default instance."""
    chosen = NoPenalty() if penalty is None else penalty() if isinstance(penalty, type) else penalty
    if not isinstance(chosen, Penalty):
        raise InputError(
            f"penalty is {penalty!r}; expected one of L1(), L2(), ElasticNet(ratio), GroupL1(groups), None"
        )
    return chosen


def checked_lambdas(lambdas: ArrayLike) -> Array:
    """Return λ as an array: positive, finite, and strictly rising or strictly falling."""
    values = np.atleast_1d(np.asarray(lambdas, dtype=float))
    if values.ndim != 1 or not values.size:
        raise InputError(f"lambdas have shape {values.shape}; expected a list of at least one number")
    if not np.all(np.isfinite(values)) or values.min() <= 0:
        wrong = values[~(np.isfinite(values) & (values > 0))][0]
        raise InputError(
            f"lambdas contain {wrong:g}; expected positive finite numbers, use penalty=None for no penalty"
        )
    steps = np.diff(values)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise InputError(
            "lambdas are not sorted, or one is repeated; expected rising or falling numbers: sort them"
        )
    return values


def checked_lambda(lam: Any) -> float:
    """Return one λ, positive and finite."""
    if not (isinstance(lam, int | float | np.number) and np.isfinite(lam) and float(lam) > 0):
        raise InputError(f"lam is {lam!r}; expected a positive finite number (penalty=None for no penalty)")
    return float(lam)


def checked_table(estimator: Any, X: Any, y: Any, *, numeric: bool) -> tuple[NDArray[np.floating], Any]:
    """Return X as float32 or float64 and y, of equal length, both finite."""
    X, y = validate_data(
        estimator,
        X,
        y,
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,
        y_numeric=numeric,
        order=None,
    )
    check_finite(X, "X")
    if numeric:
        y = np.asarray(y, dtype=float)
        check_finite(y, "y")
        refuse_extreme(y, what="y")
    return X, y


def checked_rows(estimator: Any, X: Any) -> NDArray[np.floating]:
    """Return X for a prediction."""
    X = validate_data(estimator, X, dtype=[np.float64, np.float32], ensure_all_finite=False, reset=False)
    check_finite(X, "X")
    result: NDArray[np.floating] = X
    return result


def check_finite(values: NDArray[np.floating], name: str) -> None:
    """Refuse NaN and infinity, with the place of the first; the sum tells without a copy."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum(dtype=np.float64)):
            return
    for row in range(len(values)):
        bad = np.flatnonzero(~np.isfinite(np.atleast_1d(values[row])))
        if len(bad):
            word = "NaN" if np.isnan(np.atleast_1d(values[row])[bad[0]]) else "infinity"
            place = f"row {row}, column {bad[0]}" if values.ndim > 1 else f"row {row}"
            raise InputError(
                f"{name} contains {word} (first in {place}); expected finite numbers: impute or drop them"
            )


def checked_weights(sample_weight: Any, n: int) -> Array:
    """Return event weights ``(n,)``: ones by default, none negative, not all zero."""
    if sample_weight is None:
        return np.ones(n)
    w = np.asarray(sample_weight, dtype=float)
    w = np.full(n, float(w)) if w.ndim == 0 else w
    if w.shape != (n,):
        raise InputError(f"sample_weight has shape {w.shape}; expected one weight for each of the {n} events")
    if not np.all(np.isfinite(w)):
        raise InputError("sample_weight contains NaN or infinity; expected finite weights: drop these events")
    if w.min() < 0:
        raise InputError(
            f"weights are negative (smallest {w.min():g}); a risk with them has no minimum: drop these events"
        )
    if not w.any():
        raise InputError("every weight is zero; expected at least one event of positive weight")
    refuse_extreme(w, what="sample_weight")
    return w


def check_groups(penalty: Penalty, p: int) -> None:
    """Refuse groups that are not one for each feature."""
    if isinstance(penalty, GroupL1) and len(penalty.groups) != p:
        raise InputError(
            f"GroupL1 has {len(penalty.groups)} group labels for {p} features; expected one for each"
        )


def check_target(loss: Loss, y: Array) -> None:
    """Refuse targets the loss cannot have."""
    reason = loss.admits(y)
    if reason:
        raise InputError(reason)


def warn_constant(X: NDArray[np.floating]) -> None:
    """Say which columns are constant: they cannot be told from the intercept."""
    if len(X) < 2:
        return
    constant = np.flatnonzero(X.max(axis=0) == X.min(axis=0))
    if len(constant):
        shown = ", ".join(str(j) for j in constant[:5]) + (" …" if len(constant) > 5 else "")
        warnings.warn(
            f"constant columns ({shown}) carry no information; their coefficients are zero", stacklevel=4
        )
