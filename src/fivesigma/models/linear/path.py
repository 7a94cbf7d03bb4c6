"""The regularisation path: one loss, one penalty, many λ, and at each a proof of its nearness to the optimum."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import TINY, SavedState
from fivesigma.models.linear.checks import (
    as_loss,
    as_penalty,
    check_groups,
    check_target,
    checked_lambdas,
    checked_rows,
    checked_table,
    checked_weights,
    warn_constant,
)
from fivesigma.models.linear.design import Design
from fivesigma.models.linear.existence import has_minimum, without_minimum
from fivesigma.models.linear.problem import Problem, Solution, certify, make_problem
from fivesigma.models.linear.selection import select_lambda
from fivesigma.models.linear.solvers import solve_path
from fivesigma.models.linear.targets import encode, is_classification, labels_of, separates_two_of_many
from fivesigma.models.linear.units import unit_of
from fivesigma.risk.losses import Logistic, Softmax, Squared
from fivesigma.risk.own_loss import own_loss
from fivesigma.risk.penalties import L2, NoPenalty

Array = NDArray[np.float64]

DEFAULT_POINTS, DEFAULT_DEPTH = 50, 1e-3


def _has_probabilities(path: Any) -> bool:
    return isinstance(as_loss(path.loss), Logistic | Softmax)


def _default_lambdas(lambda_max: float) -> Array:
    result: Array = np.geomspace(1.0, DEFAULT_DEPTH, DEFAULT_POINTS) * lambda_max
    return result


class LinearPathBase(BaseEstimator):  # type: ignore[misc]
    """What the path and the single-λ estimators share: fitting to a certified path, and scores from it."""

    loss: Any
    penalty: Any
    tol: float
    fit_intercept: bool

    def __sklearn_tags__(self) -> Tags:
        from sklearn.utils import ClassifierTags, RegressorTags

        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        classifies = is_classification(as_loss(self.loss))
        tags.estimator_type = "classifier" if classifies else "regressor"
        tags.classifier_tags = ClassifierTags(multi_class=True) if classifies else None
        tags.regressor_tags = None if classifies else RegressorTags()
        tags.target_tags.positive_only = type(as_loss(self.loss)).__name__ == "Poisson"
        return tags

    def _checked(
        self, X: ArrayLike, y: Any, sample_weight: Any
    ) -> tuple[NDArray[np.floating], NDArray[Any], Array]:
        """Return X, y and the weights of the events that have any."""
        if not (0 < self.tol < 1):
            raise InputError(
                f"tol is {self.tol}; expected a violation between 0 and 1 in units of λ_max, such as 1e-8"
            )
        X, y = checked_table(self, X, y, numeric=not is_classification(own_loss(as_loss(self.loss))))
        w = checked_weights(sample_weight, len(X))
        kept = w > 0
        return (X, y, w) if kept.all() else (X[kept], y[kept], w[kept])

    def _posed(
        self, X: NDArray[np.floating], y: NDArray[Any], w: Array, *, asked: bool = True
    ) -> tuple[Problem, float]:
        """Pose the problem: loss, penalty and target against each other, the table centred, the target unitless.

        Returns it with the factor that takes a λ to it. Where none was ``asked`` for, the penalty is one of the
        standard score of the target.
        """
        loss, penalty = own_loss(as_loss(self.loss)), as_penalty(self.penalty)
        if is_classification(loss):
            self.classes_, y, loss = encode(y, loss)
        check_groups(penalty, X.shape[1])
        check_target(loss, y)
        warn_constant(X)
        unit = unit_of(loss, y, w, intercept=self.fit_intercept)
        own, factor = unit.restated(penalty) if asked else (penalty, unit.strength(penalty))
        design = Design(X, w, intercept=self.fit_intercept, standard=isinstance(penalty, NoPenalty))
        return make_problem(design, unit.scores(y), w, loss=unit.loss, penalty=own, unit=unit), factor

    def _store(self, problem: Problem, lambdas: Array, solution: Solution, factor: float) -> None:
        """Certify and keep a path at ``lambdas`` (of the target); say so where it missed ``tol``."""
        certificate, unit = certify(problem, lambdas * factor, solution), problem.unit
        K, design = problem.outputs, problem.design
        theta, intercepts = design.uncentred(solution.z.reshape(len(lambdas), K, design.size))
        if problem.loss.vector_valued and design.intercept:
            # one constant added to all scores of an event changes nothing: they are given mean zero
            intercepts -= intercepts.mean(axis=1, keepdims=True)
        if problem.loss.vector_valued and design.standard:
            # and without a penalty one vector added to the coefficients of all classes
            theta -= theta.mean(axis=1, keepdims=True)
        single = K == 1
        if problem.design.intercept and single:
            intercepts = unit.values(intercepts)
        theta = theta * unit.slope
        self.lambdas_ = lambdas
        self.coefs_ = theta[:, 0] if single else theta
        self.intercepts_ = intercepts[:, 0] if single else intercepts
        self.violations_, self.gaps_ = certificate.violations, certificate.gaps
        self.n_iterations_ = solution.n_iterations
        self.lambda_max_ = problem.lambda_max * unit.gain / unit.slope
        self.loss_ = unit.loss_of_target
        reached = self.violations_ <= self.tol
        minimal = has_minimum(problem, lambdas * factor, solution.z, self.violations_)
        self.converged_ = reached & minimal
        if not self.converged_.all():
            said = (
                without_minimum(problem, int((~minimal).sum()))
                if not minimal.all()
                else self._missed(reached)
            )
            warnings.warn(said, ConvergenceWarning, stacklevel=3)

    def _missed(self, reached: NDArray[np.bool_]) -> str:
        """Say how far the worst λ is from the tolerance."""
        worst = int(np.argmax(np.nan_to_num(self.violations_, nan=np.inf)))
        return (
            f"{int((~reached).sum())} of {len(reached)} λ did not reach tol = {self.tol:g}: the worst violation "
            f"is {self.violations_[worst]:.1e} at λ = {self.lambdas_[worst]:g}; loosen tol, or standardise the "
            "columns"
        )

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.number("tol", low=TINY, high=1.0)
        state.truth("fit_intercept")


class RegularisationPath(LinearPathBase):
    """Minimise ``Σ w ℓ(Xθ + b, y) + λ Ω(θ)`` for every λ of a path, with a certificate for each.

    Above two classes `Logistic` becomes `Softmax`; the hinges are fitted one class against the rest.

    Columns are used as they are: nothing is standardised, so λ weighs coefficients in the units of the
    columns (put a `StandardScaler` before it where these differ). The intercept b is not penalised.

    Parameters
    ----------
    loss : Loss
        One of `fivesigma.risk.losses`; `Squared()` by default.
    penalty : Penalty or None
        One of `fivesigma.risk.penalties`; `L2()` by default, None for no penalty.
    lambdas : (n_lambdas,), optional
        Positive, rising or falling; 50 from λ_max down to λ_max / 1000 by default.
    tol : float
        Largest violation of the optimality conditions, ∞-norm with the intercept, in units of λ_max: the
        largest |gradient| of a coefficient at the best model without features.
    select : {"smallest", "largest", "best", "one-standard-error"} or float
        How `lambda_` is chosen; "best" and "one-standard-error" fit whole paths on five folds.
    fit_intercept : bool
        Whether b is fitted (else it is zero).

    Attributes
    ----------
    lambdas_ : (n_lambdas,)
    coefs_ : (n_lambdas, n_features), or (n_lambdas, n_classes, n_features) with more than two classes
    intercepts_ : (n_lambdas,) or (n_lambdas, n_classes)
    violations_ : (n_lambdas,)
        In units of λ_max, measured on the whole table after the fit (the worst over classes fitted one by one).
    gaps_ : (n_lambdas,)
        Duality gap over the objective of the model without features; NaN where there is no useful dual.
    n_iterations_ : (n_lambdas,)
        Looks at the data each λ took.
    converged_ : (n_lambdas,)
        Whether ``violations_ <= tol`` and there is a minimum near by; a `ConvergenceWarning` says what is
        amiss otherwise. Classes that a plane separates have none without a penalty, at any tolerance.
    lambda_ : float
        The λ that `predict` uses.
    loss_ : Loss
        As it was fitted, with the link of the predictions.

    Raises
    ------
    InputError
        If the input has NaN, infinity, one class only, negative weights, or λ not positive and sorted.

    Examples
    --------
    >>> import numpy as np
    >>> from fivesigma.risk.penalties import L1
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> path = RegularisationPath(Squared(), L1(), [10.0, 1.0]).fit(X, [0.0, 1.0, 2.0, 3.0])
    >>> path.coefs_.round(6) + 0.0
    array([[0. , 0. ],
           [0.8, 0. ]])
    >>> bool(path.violations_.max() <= 1e-8)
    True
    """

    def __init__(
        self,
        loss: Any = Squared,
        penalty: Any = L2,
        lambdas: ArrayLike | None = None,
        tol: float = 1e-8,
        select: str | float = "smallest",
        fit_intercept: bool = True,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.lambdas = lambdas
        self.tol = tol
        self.select = select
        self.fit_intercept = fit_intercept

    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the whole path to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``."""
        asked = None if self.lambdas is None else checked_lambdas(self.lambdas)
        table = self._checked(X, y, sample_weight)
        if separates_two_of_many(table[1], as_loss(self.loss)):
            self._fit_one_against_rest(*table, asked)
        else:
            self._fit_problem(*self._posed(*table, asked=asked is not None), asked)
        self.lambda_ = select_lambda(self, X, y, sample_weight)
        return self

    def _fit_problem(self, problem: Problem, factor: float, asked: Array | None) -> None:
        lambdas = _default_lambdas(problem.lambda_max) / factor if asked is None else asked
        falling = np.argsort(-lambdas, kind="stable")
        solution = solve_path(problem, lambdas[falling] * factor, tol=self.tol)
        back = np.argsort(falling, kind="stable")
        duals = None if solution.duals is None else solution.duals[back]
        self._store(problem, lambdas, Solution(solution.z[back], solution.n_iterations[back], duals), factor)

    def _fit_one_against_rest(
        self, X: NDArray[np.floating], y: NDArray[Any], w: Array, asked: Array | None
    ) -> None:
        """One path for each class, all at the same λ."""
        labels = np.unique(y)
        apart = [(y == label).astype(int) for label in labels]
        if asked is None:
            asked = _default_lambdas(max(self._posed(X, codes, w)[0].lambda_max for codes in apart))
        parts = []
        for codes in apart:
            self._fit_problem(*self._posed(X, codes, w), asked)
            certificate = self.violations_, self.gaps_, self.converged_
            parts.append((self.coefs_, self.intercepts_, self.n_iterations_, *certificate))
        coefs, intercepts, steps, violations, gaps, converged = (
            np.stack(part, 1) for part in zip(*parts, strict=True)
        )
        self.classes_, self.coefs_, self.intercepts_ = labels, coefs, intercepts
        self.violations_, self.gaps_ = violations.max(axis=1), gaps.max(axis=1)
        self.n_iterations_ = steps.sum(axis=1)
        self.converged_ = np.asarray(converged.all(axis=1))

    def score_path(self, X: ArrayLike) -> Array:
        """Return the linear scores ``Xθ + b`` at every λ: ``(n_lambdas, n)`` or ``(…, n, n_classes)``."""
        check_is_fitted(self)
        X = checked_rows(self, X)
        if self.coefs_.ndim == 2:
            return np.asarray(self.coefs_ @ X.T + self.intercepts_[:, None], dtype=float)
        return np.asarray(X @ self.coefs_.transpose(0, 2, 1) + self.intercepts_[:, None, :], dtype=float)

    def predict_path(self, X: ArrayLike) -> Any:
        """Return the prediction at every λ ``(n_lambdas, n)``: what `predict` gives there."""
        scores = self.score_path(X)
        if is_classification(as_loss(self.loss)):
            return labels_of(scores, self.classes_)
        return self.loss_.link(scores)

    @property
    def index_(self) -> int:
        """Position of `lambda_` on the path."""
        return int(np.argmin(np.abs(np.log(self.lambdas_) - np.log(self.lambda_))))

    def predict(self, X: ArrayLike) -> Any:
        """Return the prediction ``(n,)`` at `lambda_`."""
        return self.predict_path(X)[self.index_]

    @available_if(lambda self: is_classification(as_loss(self.loss)))  # type: ignore[untyped-decorator]
    def decision_function(self, X: ArrayLike) -> Array:
        """Return the linear score ``(n,)`` (``(n, n_classes)`` above two classes) at `lambda_`."""
        result: Array = self.score_path(X)[self.index_]
        return result

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the class probabilities ``(n, n_classes)`` at `lambda_`."""
        scores = self.score_path(X)[self.index_]
        p = self.loss_.link(scores)
        return np.stack([1.0 - p, p], axis=1) if p.ndim == 1 else p

    def score(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy (classification) or R² (regression) at `lambda_`."""
        from sklearn.metrics import accuracy_score, r2_score

        metric = accuracy_score if is_classification(as_loss(self.loss)) else r2_score
        return float(metric(y, self.predict(X), sample_weight=sample_weight))
