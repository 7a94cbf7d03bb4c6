"""One λ: the linear regressor and the linear classifier, each the product of a loss and a penalty."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma.models.linear.checks import as_loss, as_penalty, checked_lambda, checked_rows
from fivesigma.models.linear.custom import minimise_by_scipy
from fivesigma.models.linear.descent import GradientDescent, descend_gradient
from fivesigma.models.linear.path import LinearPathBase
from fivesigma.models.linear.problem import Problem, Solution
from fivesigma.models.linear.solvers import MARGIN, solve_path
from fivesigma.models.linear.targets import is_classification, labels_of, separates_two_of_many
from fivesigma.risk.losses import KinkedLoss, Logistic, SmoothLoss, Softmax, Squared
from fivesigma.risk.own_loss import check_slope, own_loss
from fivesigma.risk.penalties import L2, NoPenalty

Array = NDArray[np.float64]


class _OneLambda(LinearPathBase):
    """What regressor and classifier share."""

    def __init__(
        self,
        loss: Any,
        penalty: Any,
        lam: float,
        tol: float,
        fit_intercept: bool,
        solver: str | GradientDescent,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.lam = lam
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.solver = solver

    def _fit_one(self, problem: Problem, factor: float) -> None:
        lam = np.array([1.0 if isinstance(as_penalty(self.penalty), NoPenalty) else checked_lambda(self.lam)])
        solution = self._solve(problem, lam * factor)
        self._store(problem, lam, solution, factor)
        self.coef_, self.intercept_ = self.coefs_[0], self.intercepts_[0]
        self.violation_, self.gap_ = float(self.violations_[0]), float(self.gaps_[0])
        self.n_iter_ = int(self.n_iterations_[0])

    def _solve(self, problem: Problem, lam: Array) -> Solution:
        solver, loss = self.solver, problem.loss
        if isinstance(solver, GradientDescent):
            solution, losses = descend_gradient(problem, float(lam[0]), solver)
            self.losses_ = losses * problem.unit.gain
            return solution
        if solver == "auto" and isinstance(loss, SmoothLoss | KinkedLoss):
            return solve_path(problem, lam, tol=self.tol)
        method = "L-BFGS-B" if solver == "auto" else solver
        target = MARGIN * self.tol * problem.lambda_max
        return minimise_by_scipy(problem, float(lam[0]), method=method, target=target)

    def _scores(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        X = checked_rows(self, X)
        return np.asarray(X @ self.coef_.T + self.intercept_, dtype=float)


class LinearRegressor(RegressorMixin, _OneLambda):  # type: ignore[misc]
    """Minimise ``Σ w ℓ(Xθ + b, y) + λ Ω(θ)`` for a loss of numbers; columns are used as they are, not scaled.

    Parameters
    ----------
    loss : Loss, or a function of (prediction, target), or an object with ``value`` and ``slope``
        `Squared()` by default. A loss of one's own is minimised by scipy.optimize, its slope checked first.
    penalty : Penalty or None
        `L2()` by default, None for no penalty.
    lam : float
        λ > 0; = `alpha` of scikit-learn's Ridge, n · `alpha` of its Lasso.
    tol : float
        Largest violation of the optimality conditions, in units of λ_max.
    fit_intercept : bool
    solver : {"auto", "L-BFGS-B", "trust-constr"} or GradientDescent

    Attributes
    ----------
    coef_ : (n_features,)
    intercept_ : float
    violation_, gap_ : float
        The certificate: violation in units of λ_max, gap over the objective without features, or NaN.
    converged_ : (1,)
        Whether ``violation_ <= tol`` and there is a minimum near by.
    losses_ : (n_steps,)
        With `GradientDescent` only: the objective over Σw that each step saw.

    Raises
    ------
    InputError
        If the input is wrong, or the slope of a loss of one's own is not the derivative of its value.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> model = LinearRegressor(Squared(), L2(), lam=2.0).fit(X, [0.0, 1.0, 2.0])
    >>> float(model.coef_[0].round(6)), float(model.intercept_.round(6))
    (0.5, 0.5)
    """

    def __init__(
        self,
        loss: Any = Squared,
        penalty: Any = L2,
        lam: float = 1.0,
        tol: float = 1e-8,
        fit_intercept: bool = True,
        solver: str | GradientDescent = "auto",
    ) -> None:
        super().__init__(loss, penalty, lam, tol, fit_intercept, solver)

    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``."""
        loss = own_loss(as_loss(self.loss))
        if is_classification(loss):
            raise InputError(
                f"{type(loss).__name__} is a loss of classes; use LinearClassifier, or Squared() and the like"
            )
        problem, factor = self._posed(*self._checked(X, y, sample_weight))
        if not isinstance(loss, SmoothLoss | KinkedLoss):
            check_slope(loss, problem.y)
        self._fit_one(problem, factor)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return the prediction ``(n,)``: the score, or its exponential under the Poisson loss."""
        scores = self._scores(X)
        result: Array = self.loss_.link(scores)
        return result


class LinearClassifier(ClassifierMixin, _OneLambda):  # type: ignore[misc]
    """Minimise ``Σ w ℓ(Xθ + b, y) + λ Ω(θ)`` for a loss of classes; columns are used as they are, not scaled.

    Above two classes a `Logistic` loss becomes a `Softmax`; others are fitted one class against the rest.

    Parameters
    ----------
    loss : Loss
        `Logistic()` by default; `Softmax()`, `Hinge()`, `SquaredHinge()`.
    penalty : Penalty or None
        `L2()` by default, None for no penalty.
    lam : float
        λ > 0; = 1/C of scikit-learn's classifiers.
    tol : float
        Largest violation of the optimality conditions, in units of λ_max.
    fit_intercept : bool
    solver : {"auto", "L-BFGS-B", "trust-constr"} or GradientDescent

    Attributes
    ----------
    classes_ : (n_classes,)
    coef_ : (n_features,), or (n_classes, n_features) above two classes
    intercept_ : float or (n_classes,)
    violation_, gap_ : float
        The certificate (the worst over classes where they were fitted one by one).
    converged_ : (1,)
        Whether ``violation_ <= tol`` and there is a minimum near by: never of classes that a plane separates
        and no penalty holds, whose coefficients grow for ever.

    Raises
    ------
    InputError
        If the input is wrong: one class only, NaN, negative weights, λ not positive.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> model = LinearClassifier(Logistic(), L2(), lam=1.0).fit(X, ["b", "b", "s", "s"])
    >>> [str(label) for label in model.predict([[-3.0], [3.0]])]
    ['b', 's']
    """

    def __init__(
        self,
        loss: Any = Logistic,
        penalty: Any = L2,
        lam: float = 1.0,
        tol: float = 1e-8,
        fit_intercept: bool = True,
        solver: str | GradientDescent = "auto",
    ) -> None:
        super().__init__(loss, penalty, lam, tol, fit_intercept, solver)

    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, labels y ``(n,)`` and event weights ``(n,)``."""
        loss = as_loss(self.loss)
        if not is_classification(loss):
            raise InputError(
                f"{loss!r} is a loss of numbers; use LinearRegressor, or Logistic(), Hinge() and the like"
            )
        X, y, w = self._checked(X, y, sample_weight)
        check_classification_targets(y)
        if separates_two_of_many(y, loss):
            self._fit_one_against_rest(X, y, w, np.unique(y))
        else:
            self._fit_one(*self._posed(X, y, w))
        return self

    def _fit_one_against_rest(
        self, X: NDArray[np.floating], y: NDArray[Any], w: Array, labels: NDArray[Any]
    ) -> None:
        """One binary fit for each class."""
        fits = []
        for label in labels:
            self._fit_one(*self._posed(X, (y == label).astype(int), w))
            certificate = self.violation_, self.gap_, self.converged_
            fits.append((self.coef_, self.intercept_, self.n_iter_, *certificate))
        coef, intercept, steps, violation, gap, converged = (
            np.array(part) for part in zip(*fits, strict=True)
        )
        self.classes_ = labels
        self.coef_, self.intercept_ = coef, intercept
        self.violation_, self.gap_, self.n_iter_ = float(violation.max()), float(gap.max()), int(steps.max())
        self.converged_ = np.asarray(converged.all(axis=0))

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the linear scores ``(n,)``, or ``(n, n_classes)`` above two classes."""
        return self._scores(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the labels ``(n,)``."""
        result: NDArray[Any] = labels_of(self._scores(X)[None], self.classes_)[0]
        return result

    @available_if(lambda self: isinstance(as_loss(self.loss), Logistic | Softmax))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the class probabilities ``(n, n_classes)``."""
        scores = self._scores(X)
        p = self.loss_.link(scores)
        return np.stack([1.0 - p, p], axis=1) if p.ndim == 1 else np.asarray(p)


def plain_bfgs(problem: Problem, lam: float) -> Solution:
    """Minimise ``R + λ |θ|`` by plain BFGS on the kinked norm: what not to do for exact zeros."""
    from scipy.optimize import minimize

    design = problem.design
    start = np.zeros(design.size)
    start[design.p :] = problem.null

    def objective(z: Array) -> float:
        return float(problem.risk(design.predict(z))) + lam * float(np.abs(z[: design.p]).sum())

    result = minimize(objective, start, method="BFGS")
    if not result.success:
        warnings.warn(f"BFGS on |θ| stopped early: {result.message}", ConvergenceWarning, stacklevel=2)
    return Solution(result.x[None], np.array([result.nit], dtype=np.int64))
