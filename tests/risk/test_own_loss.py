"""What a user gives as a loss is made one, and its slope is held against its value."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.risk.losses import CLASSIFICATION, Huber
from fivesigma.risk.own_loss import BorrowedLoss, check_slope, name_of, of_classes, own_loss


def cubes(prediction, target):
    return np.abs(prediction - target) ** 3


class Tilted:
    def value(self, prediction, target):
        return (prediction - target) ** 2

    def slope(self, prediction, target):
        return 2.1 * (prediction - target)


def test_a_loss_stays_and_anything_else_is_borrowed() -> None:
    loss = Huber(2.0)
    assert own_loss(loss) is loss
    borrowed = own_loss(cubes)
    assert isinstance(borrowed, BorrowedLoss)
    assert name_of(borrowed) == "cubes"
    assert borrowed.slope(np.array([3.0]), np.array([1.0])) == pytest.approx(12.0)
    assert of_classes(Tilted()).task == CLASSIFICATION
    with pytest.raises(InputError, match="expected a Loss, a function of"):
        own_loss("huber")


def test_a_slope_that_is_not_the_derivative_is_refused_by_name() -> None:
    y = np.random.default_rng(0).normal(size=200)
    check_slope(own_loss(cubes), y)
    with pytest.raises(InputError, match="the slope of Tilted is"):
        check_slope(own_loss(Tilted()), y)
