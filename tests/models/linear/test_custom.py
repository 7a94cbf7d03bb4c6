"""Losses of one's own are handed one-dimensional predictions, and asked for one number an event."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.models.linear import GradientDescent, LinearRegressor, RegularisationPath
from fivesigma.models.linear.minimised import MinimisedPath
from fivesigma.risk.losses import Logistic, Loss, Squared
from fivesigma.risk.own_loss import BorrowedLoss, check_slope, of_classes, own_loss
from fivesigma.risk.penalties import L1, L2, ElasticNet

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 4))
Y = X @ [2.0, 1.0, 0.0, -1.0] + RNG.standard_t(2, size=150)


class Vectorised:
    """Huber's loss, δ = 1."""

    def value(self, prediction, target):
        size = np.abs(prediction - target)
        return np.where(size <= 1.0, 0.5 * size**2, size - 0.5)

    def slope(self, prediction, target):
        return np.clip(prediction - target, -1.0, 1.0)


class Looped:
    def value(self, prediction, target):
        out = []
        for f, y in zip(prediction, target, strict=True):
            size = abs(f - y)
            out.append(0.5 * size**2 if size <= 1.0 else size - 0.5)
        return out

    def slope(self, prediction, target):
        out = np.empty(len(prediction))
        for i in range(len(prediction)):
            if prediction[i] > target[i] + 1.0:
                out[i] = 1.0
            elif prediction[i] < target[i] - 1.0:
                out[i] = -1.0
            else:
                out[i] = prediction[i] - target[i]
        return out


class Masked:
    def value(self, prediction, target):
        prediction -= target
        size = np.abs(prediction)
        out = size - 0.5
        near = size <= 1.0
        out[near] = 0.5 * size[near] ** 2
        return out

    def slope(self, prediction, target):
        prediction -= target
        prediction[prediction > 1.0] = 1.0
        prediction[prediction < -1.0] = -1.0
        return prediction


class Stacked:
    """Takes the shape of what it is handed for granted."""

    def value(self, prediction, target):
        (n,) = prediction.shape
        return Vectorised().value(prediction, target) + np.zeros(n)

    def slope(self, prediction, target):
        (n,) = prediction.shape
        return Vectorised().slope(prediction, target) + np.zeros(n)


def fitted(loss):
    for penalty in (None, L2(), L1(), ElasticNet(0.5)):
        model = LinearRegressor(loss, penalty, 3.0, tol=1e-7).fit(X, Y)
        path = MinimisedPath(loss, penalty or L2(), [30.0, 3.0], tol=1e-7).fit(X, Y)
        for each in (model.coef_, model.intercept_, model.violation_, path.coefs_, path.violations_):
            yield np.asarray(each)
    descended = LinearRegressor(loss, L2(), 3.0, tol=0.1, solver=GradientDescent(epochs=20, batch=30)).fit(
        X, Y
    )
    yield descended.coef_


@pytest.mark.parametrize("twin", [Looped, Masked, Stacked])
def test_a_loop_a_mask_and_their_vectorised_twin_give_equal_fits(twin):
    for expected, found in zip(fitted(Vectorised()), fitted(twin()), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_function_in_a_loop_equals_its_vectorised_twin():
    def vectorised(prediction, target):
        squared = (prediction - target) * (prediction - target)
        return squared * squared

    def looped(prediction, target):
        squared = [(f - y) * (f - y) for f, y in zip(prediction, target, strict=True)]
        return [each * each for each in squared]

    first, second = (LinearRegressor(loss, L2(), 3.0, tol=1e-5).fit(X, Y) for loss in (vectorised, looped))
    np.testing.assert_array_equal(second.coef_, first.coef_)


class Broken(Vectorised):
    def __init__(self, method, fault):
        self.method, self.fault = method, fault

    def value(self, prediction, target):
        return self._spoilt("value", super().value(prediction, target), prediction)

    def slope(self, prediction, target):
        return self._spoilt("slope", super().slope(prediction, target), prediction)

    def _spoilt(self, method, answer, prediction):
        return self.fault(answer, prediction) if method == self.method else answer


def nan_at_one_prediction_in_ten(answer, prediction):
    return np.where(np.floor(10 * prediction) % 10 == 3, np.nan, answer)


def failing(answer, prediction):
    raise ZeroDivisionError("float division by zero")


@pytest.mark.parametrize("method", ["value", "slope"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (nan_at_one_prediction_in_ten, "is NaN at prediction"),
        (lambda answer, prediction: answer.mean(), r"has shape \(\) for 150 predictions"),
        (lambda answer, prediction: answer[:, None], r"has shape \(150, 1\) for 150 predictions"),
        (lambda answer, prediction: answer[:-1], r"has shape \(149,\) for 150 predictions"),
        (lambda answer, prediction: None, r"has shape \(\) for 150 predictions"),
        (lambda answer, prediction: "text", r"failed \(ValueError"),
        (failing, r"failed \(ZeroDivisionError: float division by zero\)"),
    ],
)
def test_what_is_not_one_number_an_event_is_refused_by_name(method, fault, said):
    with pytest.raises(InputError, match=f"the {method} of Broken {said}"):
        LinearRegressor(Broken(method, fault), L2()).fit(X, Y)


def test_nan_that_shows_up_in_the_middle_of_a_fit_is_refused_by_name():
    far = [True]

    class Fragile(Vectorised):
        def slope(self, prediction, target):
            answer = super().slope(prediction, target)
            return answer if far[0] else np.where(prediction > 0.3, np.nan, answer)

    loss = own_loss(Fragile())
    check_slope(loss, Y)
    far[0] = False
    with pytest.raises(InputError, match="the slope of Fragile is NaN at prediction"):
        LinearRegressor(loss, L2()).fit(X, Y)


def test_a_value_that_overflows_is_a_wall_and_no_refusal():
    class Cosh:
        def value(self, prediction, target):
            with np.errstate(over="ignore"):
                return np.cosh(prediction - target) - 1.0

        def slope(self, prediction, target):
            with np.errstate(over="ignore", invalid="ignore"):
                inside = np.sinh(prediction - target)
                return np.where(np.isfinite(inside), inside, np.nan)

    model = LinearRegressor(Cosh(), L2(), 1.0, tol=1e-6).fit(1e3 * X, X @ [1.0, 2.0, 0.0, 0.0])
    assert model.converged_.all()


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e30])
def test_the_slope_is_checked_in_the_units_of_the_target(scale):
    check_slope(own_loss(Squared()), scale * Y)

    class Wrong(Vectorised):
        def value(self, prediction, target):
            return 0.5 * (prediction - target) ** 2

        def slope(self, prediction, target):
            return 1.01 * (prediction - target)

    with pytest.raises(InputError, match="make slope the derivative of value"):
        check_slope(own_loss(Wrong()), scale * Y)


def test_a_loss_that_falls_for_ever_is_not_called_converged():
    class Exponential:
        def value(self, prediction, target):
            return np.exp(-prediction * target)

        def slope(self, prediction, target):
            return -target * np.exp(-prediction * target)

    sign = np.where(X[:, 0] > 0, 1.0, -1.0)
    with pytest.warns(UserWarning, match="Exponential falls for ever"):
        model = LinearRegressor(Exponential(), None, tol=1e-6).fit(X, sign)
    assert not model.converged_.any()
    mixed = np.where(X[:, 0] + RNG.normal(size=150) > 0, 1.0, -1.0)
    assert LinearRegressor(Exponential(), None, tol=1e-6).fit(X, mixed).converged_.all()
    constant = LinearRegressor(Vectorised(), None, tol=1e-6).fit(X, np.ones(150))
    assert constant.converged_.all()


def test_a_loss_of_the_package_s_own_class_keeps_its_link_and_its_refusals():
    class Counts(Loss):
        def value(self, prediction, target):
            return np.exp(prediction) - target * prediction

        def slope(self, prediction, target):
            return np.exp(prediction) - target

        def link(self, prediction):
            return np.exp(prediction)

        def admits(self, target):
            return "counts cannot be negative" if np.any(target < 0) else None

    counts = np.random.default_rng(1).poisson(np.exp(0.3 * X[:, 0])).astype(float)
    model = LinearRegressor(Counts(), L2(), tol=1e-6).fit(X, counts)
    assert np.all(model.predict(X) > 0)
    with pytest.raises(InputError, match="counts cannot be negative"):
        LinearRegressor(Counts(), L2()).fit(X, -counts)
    assert BorrowedLoss(Counts()).name == "Counts"
    with pytest.raises(InputError, match="expected a Loss, a function of"):
        own_loss(3)


class OwnLogistic:
    """The logistic loss, as a user would write it: of the score, and of targets that are 0 and 1."""

    def value(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        return np.logaddexp(0.0, prediction) - target * prediction

    def slope(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-prediction)) - target


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_loss_of_classes_of_ones_own_finds_what_ours_finds(n_classes) -> None:
    rng = np.random.default_rng(3)
    table = rng.normal(size=(150, 3))
    y = np.digitize(table[:, 0] + 0.8 * rng.normal(size=150), np.linspace(-0.5, 0.5, n_classes - 1))
    words, w = np.array(["a", "b", "c"])[y], rng.integers(1, 3, 150)
    lambdas = [30.0, 3.0]
    own = MinimisedPath(of_classes(OwnLogistic()), L2(), lambdas, tol=1e-7).fit(table, words, w)
    apart = [words == label for label in own.classes_] if n_classes > 2 else [words == "b"]
    for k, each in enumerate(apart):
        ours = RegularisationPath(Logistic(), L2(), lambdas).fit(table, each.astype(int), w)
        found = own.coefs_[:, k] if n_classes > 2 else own.coefs_
        np.testing.assert_allclose(found, ours.coefs_, atol=1e-5)
    assert own.converged_.all()
    assert set(own.predict(table)) <= set(words)
    assert own.score(table, words) > 0.5
    assert own.decision_function(table).shape == ((150, 3) if n_classes > 2 else (150,))
    copies = np.repeat(np.arange(150), w)
    again = MinimisedPath(of_classes(OwnLogistic()), L2(), lambdas, tol=1e-7).fit(
        table[copies], words[copies]
    )
    np.testing.assert_allclose(again.coefs_, own.coefs_, atol=1e-5)
