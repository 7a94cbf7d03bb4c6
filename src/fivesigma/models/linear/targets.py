"""Class labels in and out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from fivesigma._core.errors import InputError
from fivesigma.risk.losses import Logistic, Softmax

Array = NDArray[np.float64]


def is_classification(loss: Any) -> bool:
    """Return whether a loss is for classes."""
    return getattr(loss, "task", "regression") == "classification"


def encode(y: Any, loss: Any) -> tuple[NDArray[Any], Array, Any]:
    """Return the sorted classes, the codes of y and the loss: above two a logistic loss is a softmax."""
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise InputError(f"the target has one class only ({classes[0]}); expected at least two classes")
    if len(classes) > 2 and isinstance(loss, Logistic):
        if loss.class_weights is not None:
            raise InputError(f"two class weights for {len(classes)} classes; use Softmax(class_weights=...)")
        loss = Softmax()
    if len(classes) > 2 and not isinstance(loss, Softmax):
        raise InputError(
            f"{type(loss).__name__} separates two classes and the target has {len(classes)}; "
            "use LinearClassifier or Softmax()"
        )
    return classes, codes.astype(float), loss


def separates_two_of_many(y: Any, loss: Any) -> bool:
    """Return whether a loss that separates two classes is asked for more: one against the rest, then."""
    if not is_classification(loss) or isinstance(loss, Logistic | Softmax):
        return False
    check_classification_targets(y)
    return len(np.unique(y)) > 2


def labels_of(scores: Array, classes: NDArray[Any]) -> NDArray[Any]:
    """Return labels from scores ``(L, n)`` (the second class above zero) or ``(L, n, K)`` (the largest)."""
    codes = (scores > 0).astype(int) if scores.ndim == 2 else scores.argmax(axis=-1)
    result: NDArray[Any] = classes[codes]
    return result
