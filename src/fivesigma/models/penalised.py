"""Linear models whose strength of penalty is the lambda of the objective ``sum w l + lambda Omega``."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.features.scale import TargetScale
from fivesigma.models.convergence import listened
from fivesigma.models.linear.design import Design
from fivesigma.models.linear.existence import RESOLVED, has_minimum, without_minimum
from fivesigma.models.linear.problem import Solution, certify, make_problem
from fivesigma.risk.losses import Logistic, Softmax
from fivesigma.risk.penalties import L2

_MANY_COEFFICIENTS = 400  # beyond, the Hessian of Newton's method costs more than L-BFGS steps


class PenalisedLeastSquares(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Minimise ``sum w ½(y - b - x·θ)² + λ [ρ |θ|_1 + (1 - ρ) ½ |θ|_2²]``; the intercept b is not penalised.

    Ridge for ρ = 0, lasso for ρ = 1, elastic net between. scikit-learn's ``alpha`` is λ for its Ridge and
    λ/Σw for its Lasso and ElasticNet, which divide the objective by Σw.

    Parameters
    ----------
    lam : float or None
        λ > 0, as it stands in the objective: for |θ|_1 in units of the target (if the columns are standardised),
        for |θ|_2² in none. ``None``: ``relative`` times the λ at which the last coefficient vanishes,
        ``max_j |sum w x_j (y - ȳ)| / ρ``, of the standard score of the target; needs ρ > 0.
    l1_ratio : float in [0, 1], the ρ above
    relative : float in (0, 1], used when ``lam`` is None
    tol : float, relative tolerance of the duality gap (coordinate descent)
    max_iter : int, sweeps of the coordinate descent

    Attributes
    ----------
    coef_ : (n_features,), in units of the target over those of the column
    intercept_ : float, in units of the target
    lam_ : float, the λ that was used, in the unit of its |θ|_1 where there is one
    n_iter_ : int
    converged_ : bool, whether ``tol`` was reached

    Raises
    ------
    InputError
        For parameters out of range.

    Examples
    --------
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 2.0, 4.0])
    >>> round(float(PenalisedLeastSquares(lam=2.0, l1_ratio=0.0).fit(X, y).coef_[0]), 12)  # 4 / (2 + 2)
    1.0
    """

    def __init__(
        self,
        lam: float | None = 1.0,
        l1_ratio: float = 0.0,
        relative: float = 1e-3,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ) -> None:
        self.lam = lam
        self.l1_ratio = l1_ratio
        self.relative = relative
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to ``X`` (n_samples, n_features), ``y`` (n_samples,) and weights (n_samples,)."""
        table, target = labelled(self, X, y, numeric=True)
        w, table, target = present(weights(sample_weight, table), table, target)
        scale = TargetScale.of(target, w)
        deviation = scale.deviation or 1.0
        scores = scale.scores(target)
        first, second = self._strengths(table, scores, w, deviation)
        self.lam_ = float(self.lam) if self.lam is not None else first / self.l1_ratio * deviation
        solver, self.converged_ = listened(
            lambda: self._solver(first, second, float(w.sum())).fit(table, scores, sample_weight=w)
        )
        self.coef_ = solver.coef_ * deviation
        self.intercept_ = float(scale.values(np.asarray(solver.intercept_)))
        self.n_iter_ = int(np.max(solver.n_iter_)) if solver.n_iter_ is not None else 1
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return ``b + X θ`` (n_samples,) in units of the target."""
        check_is_fitted(self)
        return np.asarray(matrix(self, X) @ self.coef_ + self.intercept_)

    def _strengths(
        self, X: NDArray[np.float64], z: NDArray[np.float64], w: NDArray[np.float64], deviation: float
    ) -> tuple[float, float]:
        """Return λ of |φ|_1 and of ½|φ|_2² for the score ``z`` of a target of this ``deviation``."""
        if not 0.0 <= self.l1_ratio <= 1.0:
            raise InputError(f"l1_ratio = {self.l1_ratio!r} is out of range; expected a number from 0 to 1.")
        if self.lam is not None:
            if not self.lam > 0:
                raise InputError(f"lambda = {self.lam!r} is out of range; expected a number above 0.")
            return self.lam * self.l1_ratio / deviation, self.lam * (1.0 - self.l1_ratio)
        if self.l1_ratio == 0.0:
            raise InputError(
                "lambda is None, which has no meaning for a ridge penalty; give a number above 0."
            )
        slope = np.abs((X - np.average(X, axis=0, weights=w)).T @ (w * (z - np.average(z, weights=w)))).max()
        lam = float(self.relative * slope / self.l1_ratio) or 1e-12  # a constant target: any λ will do
        return lam * self.l1_ratio, lam * (1.0 - self.l1_ratio)

    def _solver(self, first: float, second: float, total: float) -> Any:
        if self.l1_ratio == 0.0:
            return Ridge(alpha=second)
        both = first + second
        return ElasticNet(alpha=both / total, l1_ratio=first / both, tol=self.tol, max_iter=self.max_iter)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.floats("coef_", (state.count("n_features_in_"),))
        state.number("intercept_")


class PenalisedLogistic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Minimise ``sum w l + λ ½ |θ|_2²`` with the (multinomial) logistic loss l; the intercepts are not
    penalised.

    scikit-learn's ``C`` is 1/λ. Solved to a tight tolerance by Newton's method, or by L-BFGS where the
    coefficients are many.

    Parameters
    ----------
    lam : float, λ > 0
    tol : float, on the gradient
    max_iter : int

    Attributes
    ----------
    classes_ : (n_classes,); coef_ : (1 or n_classes, n_features); intercept_ : (1 or n_classes,); n_iter_ :
        int
    converged_ : bool, whether ``tol`` was reached, and the minimum is near: below a tiny λ that of classes
        that a plane separates lies further out than ``tol`` looks

    Raises
    ------
    InputError
        Where only one class is present, or for λ out of range.

    Examples
    --------
    >>> model = PenalisedLogistic().fit(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1]))
    >>> model.predict(np.array([[0.0], [3.0]]))
    array([0, 1])
    """

    def __init__(self, lam: float = 1.0, tol: float = 1e-8, max_iter: int = 1000) -> None:
        self.lam = lam
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to ``X`` (n_samples, n_features), labels ``y`` (n_samples,) and weights (n_samples,)."""
        table, target = labelled(self, X, y)
        check_classification_targets(target)
        w, table, target = present(weights(sample_weight, table), table, target)
        if not self.lam > 0:
            raise InputError(f"lambda = {self.lam!r} is out of range; expected a number above 0.")
        self.classes_ = np.unique(target)
        if len(self.classes_) < 2:
            raise InputError(
                "a classifier needs rows of at least two classes; these rows hold one class only."
            )
        solver, heard = listened(lambda: self._solver(table.shape[1]).fit(table, target, sample_weight=w))
        self.coef_, self.intercept_ = solver.coef_, solver.intercept_
        self.converged_ = heard and self._resolved(table, target, w)
        self.n_iter_ = int(np.max(solver.n_iter_))
        return self

    def _resolved(self, X: NDArray[np.float64], target: NDArray[Any], w: NDArray[np.float64]) -> bool:
        """Whether the minimum is near: a tiny λ leaves that of separable classes further out than tol looks."""
        if self.lam * RESOLVED >= self.tol * float(w.sum()):
            return True  # scikit-learn's tolerance is of the mean gradient: it is small beside λ
        many = len(self.classes_) > 2
        codes = np.searchsorted(self.classes_, target).astype(np.float64)
        design = Design(X, w, intercept=True)
        problem = make_problem(design, codes, w, loss=Softmax() if many else Logistic(), penalty=L2())
        z, lam = design.centred(self.coef_, self.intercept_).reshape(1, -1), np.array([self.lam])
        near = has_minimum(
            problem, lam, z, certify(problem, lam, Solution(z, np.zeros(1, dtype=np.int64))).violations
        )
        if not near.all():
            warnings.warn(without_minimum(problem, 1), ConvergenceWarning, stacklevel=3)
        return bool(near.all())

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the log odds (n_samples,), or one score per class (n_samples, n_classes)."""
        check_is_fitted(self)
        scores = matrix(self, X) @ self.coef_.T + self.intercept_
        return np.asarray(scores[:, 0] if len(self.classes_) == 2 else scores)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class (n_samples, n_classes), in the order of ``classes_``."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros_like(scores), scores])
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row (n_samples,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _solver(self, n_features: int) -> Any:
        n_coefficients = n_features * (len(self.classes_) if len(self.classes_) > 2 else 1)
        solver = "lbfgs" if n_coefficients > _MANY_COEFFICIENTS else "newton-cholesky"
        return LogisticRegression(C=1.0 / self.lam, tol=self.tol, max_iter=self.max_iter, solver=solver)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p, K = state.count("n_features_in_"), len(state.labels("classes_"))
        rows = 1 if K == 2 else K
        state.floats("coef_", (rows, p))
        state.floats("intercept_", (rows,))
