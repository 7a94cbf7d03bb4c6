"""What an ensemble of networks shows of itself once it is fitted, whatever trained it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


@runtime_checkable
class Trained(Protocol):
    """A fitted ensemble that has been trained in epochs.

    Attributes
    ----------
    history_ : {"train", "validation"}: (n_members, epochs) mean losses; NaN behind the end of a training
    epoch_ : (n_members,) the epoch whose parameters are kept, from 1
    failed_ : (n_members,) whether the loss left the finite numbers
    """

    history_: Mapping[str, Array]
    epoch_: Array
    failed_: Array


@runtime_checkable
class Members(Protocol):
    """A fitted ensemble whose members can be asked one by one."""

    def predict_members(self, X: ArrayLike) -> Array:
        """Return what each member that is sound predicts: (M, n, ...)."""
