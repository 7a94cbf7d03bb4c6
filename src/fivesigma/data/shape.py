"""What an event is, by the shape of ``X``: a row of a table, an image, a sequence or a set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError, one_of

KINDS = {
    "table": "(n, features)",
    "image": "(n, channels, height, width)",
    "sequence": "(n, channels, length)",
    "set": "(n, k, features)",
}
"""The kinds of ``X`` and their shapes; only a set has a mask (n, k) of the members that are there."""

ANY = tuple(KINDS)
"""Every kind of ``X``, of a model that takes them all."""

Mask = NDArray[np.bool_]


def kind_of(X: NDArray[np.float64], mask: Mask | None, kind: str | None = None) -> str:
    """Return what the events of ``X`` are, by its dimensions and whether it has a mask; or check what is said.

    Raises
    ------
    InputError
        If shape, mask and kind do not belong together.

    >>> kind_of(np.zeros((5, 2)), None), kind_of(np.zeros((5, 1, 8, 8)), None), kind_of(np.zeros((5, 3, 8)), None)
    ('table', 'image', 'sequence')
    >>> kind_of(np.zeros((5, 8, 4)), np.ones((5, 8), dtype=bool))
    'set'
    """
    told = {2: "table", 3: "sequence" if mask is None else "set", 4: "image"}.get(X.ndim)
    if told is None:
        forms = ", ".join(f"{name} {form}" for name, form in KINDS.items())
        raise InputError(f"X has shape {X.shape}; expected that of one of: {forms}.")
    if kind is not None and one_of(kind, KINDS, "kind of X") != told:
        beside = "no mask" if mask is None else "a mask"
        raise InputError(f"kind = '{kind}', and X has shape {X.shape} and {beside}; expected {KINDS[kind]}.")
    if mask is not None:
        _check_mask(X, mask, told)
    return told


def _check_mask(X: NDArray[np.float64], mask: Mask, kind: str) -> None:
    if kind != "set" or mask.shape != X.shape[:2]:
        raise InputError(
            f"mask has shape {mask.shape} and X has {X.shape}; expected (n, k) of a set (n, k, features)."
        )
    there = mask.any(axis=1)
    if empty := int((~there).sum()):
        raise InputError(
            f"mask leaves {empty} of {len(mask)} sets without a member (first in row {int(np.argmin(there))}); drop "
            "them, or mend the mask."
        )


def n_channels(X: NDArray[np.float64], kind: str) -> int:
    """Return how many channels or features have a name."""
    return int(X.shape[-1] if kind in ("table", "set") else X.shape[1])


def channel(X: NDArray[np.float64], i: int, kind: str, mask: Mask | None) -> NDArray[np.float64]:
    """Return all values of channel or feature ``i``, (m,): of a set those of its members.

    >>> channel(np.arange(8.0).reshape(2, 2, 2), 0, "sequence", None)
    array([0., 1., 4., 5.])
    """
    values = X[..., i] if kind in ("table", "set") else X[:, i]
    return np.asarray(values if mask is None else values[mask]).reshape(-1)


def of_channels(X: NDArray[np.float64], at: NDArray[np.int64], kind: str) -> NDArray[np.float64]:
    """Return ``X`` with the channels or features at positions ``at`` only."""
    return X[..., at] if kind in ("table", "set") else X[:, at]


def marked(X: NDArray[np.float64], mask: Mask | None) -> NDArray[np.float64]:
    """Return ``X`` with NaN in every feature of a member that is not there: how a model tells it.

    >>> marked(np.zeros((1, 2, 1)), np.array([[True, False]])).ravel()
    array([ 0., nan])
    """
    return X if mask is None else np.where(mask[..., None], X, np.nan)


def members(X: NDArray[np.float64], kind: str) -> Mask | None:
    """Return the mask (n, k) of sets that are `marked`; None of other events."""
    return np.asarray(~np.isnan(X).all(axis=2)) if kind == "set" else None


def incomplete(X: NDArray[np.float64], mask: Mask | None) -> NDArray[np.bool_]:
    """Return which events miss a value (n,); a member of a set that is not there is none.

    >>> incomplete(np.array([[1.0, np.nan], [1.0, 2.0]]), None)
    array([ True, False])
    """
    gaps = np.isnan(X) if mask is None else np.isnan(X) & mask[..., None]
    return np.asarray(gaps.reshape(len(X), -1).any(axis=1))


def as_trained(X: NDArray[np.float64], kind: str, trained: Sequence[int]) -> NDArray[np.float64]:
    """Return ``X`` (n, \\*shape) with the shape ``trained`` of one event; sets are padded with absent members.

    Raises
    ------
    InputError
        Where the events are of another shape, or a set has more members than any in training.

    >>> as_trained(np.ones((1, 1, 2)), "set", (2, 2))[0, 1]
    array([nan, nan])
    """
    wanted = tuple(trained)
    if kind == "set" and X.ndim == 3 and X.shape[2:] == wanted[1:]:
        beyond = ~np.isnan(X[:, wanted[0] :]).all(axis=2)
        if beyond.any():
            raise InputError(
                f"a set has more than {wanted[0]} members, the most in training; leave the last ones out."
            )
        kept = X[:, : wanted[0]]
        return np.pad(kept, ((0, 0), (0, wanted[0] - kept.shape[1]), (0, 0)), constant_values=np.nan)
    if X.shape[1:] != wanted:
        raise InputError(
            f"X has shape {X.shape}; expected (n, {', '.join(map(str, wanted))}), as in training."
        )
    return X


def names_of(name: str, count: int) -> tuple[str, ...]:
    """Return the names of the channels or features of one array column: its own name if there is but one.

    >>> names_of("jet", 1), names_of("jet", 2)
    (('jet',), ('jet0', 'jet1'))
    """
    return (name,) if count == 1 else tuple(f"{name}{i}" for i in range(count))


def refuse_infinite(X: NDArray[np.float64], names: Sequence[str], kind: str, mask: Mask | None) -> None:
    """Raise `InputError` naming the first channel that holds an infinite value, or an event without any value."""
    for i, name in enumerate(names):
        if infinite := int(np.isinf(channel(X, i, kind, mask)).sum()):
            raise InputError(
                f"feature '{name}' has {counted(infinite, 'infinite value')}; expected finite numbers: mend them."
            )
    empty = np.isnan(X.reshape(len(X), -1)).all(axis=1)
    if empty.any():
        first = int(np.argmax(empty))
        raise InputError(
            f"{int(empty.sum())} of {len(X)} events ({kind}) hold no value at all (first in row {first}); drop them."
        )


def refuse_gaps(X: NDArray[np.float64], kind: str, model: str) -> None:
    """Raise `InputError` for events that miss a value, of a ``model`` that takes none."""
    gaps = incomplete(X, None)
    if gaps.any():
        raise InputError(
            f"{int(gaps.sum())} of {len(X)} events ({kind}) miss a value (first in row {int(gaps.argmax())}), and "
            f"'{model}' takes no missing ones; fill them, or leave these events out."
        )
