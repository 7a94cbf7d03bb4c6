"""A path by scipy.optimize, one λ after the other: for a loss of one's own, and to see what others' solvers do."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma.models.linear.checks import as_loss, checked_lambdas, checked_rows
from fivesigma.models.linear.custom import METHODS, minimise_by_scipy
from fivesigma.models.linear.estimators import plain_bfgs
from fivesigma.models.linear.path import LinearPathBase
from fivesigma.models.linear.problem import Problem, Solution
from fivesigma.models.linear.solvers import MARGIN
from fivesigma.models.linear.targets import is_classification, labels_of, separates_two_of_many
from fivesigma.risk.losses import KinkedLoss, Loss, SmoothLoss, Squared
from fivesigma.risk.own_loss import check_slope, own_loss
from fivesigma.risk.penalties import L1

Array = NDArray[np.float64]

PLAIN = "BFGS"
N_POINTS, DEPTH = 5, 1e-2


def scores_along(coefs: Array, intercepts: Array, X: NDArray[np.floating]) -> Array:
    """Return the linear scores at every λ: ``(n_lambdas, n)``, or ``(n_lambdas, n, n_classes)`` above two.

    >>> scores_along(np.array([[1.0], [2.0]]), np.array([0.0, 1.0]), np.array([[3.0]]))
    array([[3.],
           [7.]])
    """
    if coefs.ndim == 2:
        return np.asarray(coefs @ X.T + intercepts[:, None], dtype=np.float64)
    return np.asarray(X @ coefs.transpose(0, 2, 1) + intercepts[:, None, :], dtype=np.float64)


def _classifies(path: Any) -> bool:
    return is_classification(as_loss(path.loss))


def _default_lambdas(problem: Problem) -> Array:
    return np.asarray(np.geomspace(1.0, DEPTH, N_POINTS) * problem.lambda_max)


@final
class MinimisedPath(LinearPathBase):
    """Minimise ``Σ w ℓ(Xθ + b, y) + λ Ω(θ)`` at every λ of a path by `scipy.optimize.minimize`.

    With an L1 penalty the L-BFGS-B and trust-constr methods work on θ = θ⁺ − θ⁻ with bounds, so that zeros
    are exact; ``BFGS`` works on |θ| as it stands, the way that leaves none. Every point is certified like those
    of `RegularisationPath`, whatever scipy says of itself.

    Parameters
    ----------
    loss : Loss, or a function of (prediction, target), or an object with ``value`` and ``slope``
        The slope of a loss of one's own is checked against its value before the fit. Where its ``task`` is
        "classification" the target has two classes, 0 and 1, one against the rest above two.
    penalty : Penalty or None
    lambdas : (n_lambdas,), optional
        Positive, rising or falling; 5 from λ_max down to λ_max / 100 by default.
    method : {"L-BFGS-B", "trust-constr", "BFGS"}
    tol : float
        Largest violation of the optimality conditions, in units of λ_max.
    fit_intercept : bool

    Attributes
    ----------
    lambdas_, coefs_, intercepts_, violations_, gaps_, n_iterations_, converged_ : as in `RegularisationPath`
    lambda_ : float
        The smallest λ: what `predict` uses.
    classes_ : (n_classes,), of a loss of classes

    Raises
    ------
    InputError
        If the input is wrong, or a loss's slope is not the derivative of its value.

    Examples
    --------
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> path = MinimisedPath(lambdas=[10.0, 1.0]).fit(X, [0.0, 1.0, 2.0, 3.0])
    >>> path.coefs_.round(6) + 0.0
    array([[0. , 0. ],
           [0.8, 0. ]])
    """

    def __init__(
        self,
        loss: Any = Squared,
        penalty: Any = L1,
        lambdas: ArrayLike | None = None,
        method: str = "L-BFGS-B",
        tol: float = 1e-8,
        fit_intercept: bool = True,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.lambdas = lambdas
        self.method = method
        self.tol = tol
        self.fit_intercept = fit_intercept

    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` and event weights ``(n,)``."""
        if self.method not in (*METHODS, PLAIN):
            raise InputError(f"method is {self.method!r}; expected one of {', '.join((*METHODS, PLAIN))}")
        loss = own_loss(as_loss(self.loss))
        if is_classification(loss) and isinstance(loss, SmoothLoss | KinkedLoss):
            raise InputError(f"{type(loss).__name__} is a loss of classes; fit it with RegularisationPath")
        asked = None if self.lambdas is None else checked_lambdas(self.lambdas)
        table = self._checked(X, y, sample_weight)
        if separates_two_of_many(table[1], loss):
            self._fit_one_against_rest(loss, *table, asked)
        else:
            self._fit_problem(loss, *self._posed(*table, asked=asked is not None), asked)
        self.lambda_ = float(self.lambdas_.min())
        return self

    def _fit_problem(self, loss: Loss, problem: Problem, factor: float, asked: Array | None) -> None:
        if not isinstance(loss, SmoothLoss | KinkedLoss):
            check_slope(loss, problem.y)
        lambdas = _default_lambdas(problem) / factor if asked is None else asked
        points = [self._point(problem, float(lam)) for lam in lambdas * factor]
        z = np.concatenate([point.z for point in points])
        steps = np.concatenate([point.n_iterations for point in points])
        self._store(problem, lambdas, Solution(z, steps), factor)

    def _fit_one_against_rest(
        self, loss: Loss, X: NDArray[np.floating], y: NDArray[Any], w: Array, asked: Array | None
    ) -> None:
        """One path for each class, all at the same λ."""
        labels = np.unique(y)
        apart = [self._posed(X, (y == label).astype(int), w)[0] for label in labels]
        if asked is None:
            asked = _default_lambdas(max(apart, key=lambda problem: problem.lambda_max))
        parts = []
        for problem in apart:
            self._fit_problem(loss, problem, 1.0, asked)
            certificate = self.violations_, self.gaps_, self.converged_
            parts.append((self.coefs_, self.intercepts_, self.n_iterations_, *certificate))
        coefs, intercepts, steps, violations, gaps, converged = (
            np.stack(part, 1) for part in zip(*parts, strict=True)
        )
        self.classes_, self.coefs_, self.intercepts_ = labels, coefs, intercepts
        self.violations_, self.gaps_ = violations.max(axis=1), gaps.max(axis=1)
        self.n_iterations_, self.converged_ = steps.sum(axis=1), np.asarray(converged.all(axis=1))

    def _point(self, problem: Problem, lam: float) -> Solution:
        if self.method == PLAIN:
            return plain_bfgs(problem, lam)
        target = MARGIN * self.tol * problem.lambda_max
        return minimise_by_scipy(problem, lam, method=self.method, target=target)

    def score_path(self, X: ArrayLike) -> Array:
        """Return the linear scores ``Xθ + b`` at every λ: ``(n_lambdas, n)``, or ``(…, n, n_classes)`` above two."""
        check_is_fitted(self)
        return scores_along(self.coefs_, self.intercepts_, checked_rows(self, X))

    def _scores(self, X: ArrayLike) -> Array:
        found: Array = self.score_path(X)[int(np.argmin(self.lambdas_))]
        return found

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the prediction ``(n,)`` at `lambda_`: a value, or a label."""
        scores = self._scores(X)
        if _classifies(self):
            labels: NDArray[Any] = labels_of(scores[None], self.classes_)[0]
            return labels
        return np.asarray(self.loss_.link(scores), dtype=np.float64)

    @available_if(_classifies)  # type: ignore[untyped-decorator]
    def decision_function(self, X: ArrayLike) -> Array:
        """Return the linear scores ``(n,)``, or ``(n, n_classes)`` above two classes, at `lambda_`."""
        return self._scores(X)

    def score(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return R², or the accuracy, at `lambda_`."""
        from sklearn.metrics import accuracy_score, r2_score

        scorer = accuracy_score if _classifies(self) else r2_score
        return float(scorer(y, self.predict(X), sample_weight=sample_weight))
