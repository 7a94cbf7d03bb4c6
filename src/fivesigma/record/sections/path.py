"""A regularisation path."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section

Floats = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PathRecord(Section):
    """A regularisation path: scores on inner folds, coefficients and proofs of optimality along λ.

    Attributes
    ----------
    lambdas, mean, standard_error : (m,) λ, the score over ``n_folds`` inner folds and its standard error.
    chosen, best, one_standard_error : the λ used, and what both rules choose.
    limit : the score of large λ, a model without features.
    n_features, n_nonzero : columns, and how many coefficients are not zero at each λ (m,).
    names, coefficient_lambdas, coefficients : the largest coefficients (λ, columns), for columns as the model sees
        them; of several classes (``multiclass``) their length over the classes.
    violations, gaps : (m,) of the optimality conditions, in λ_max, and of duality; None where none is known.
    tol : that was asked of the solver.
    """

    key, of = "path", "model"

    metric: str
    penalty: str
    loss: str
    select: str
    lambdas: Floats
    mean: Floats
    standard_error: tuple[float | None, ...]
    n_folds: int
    chosen: float
    best: float
    one_standard_error: float
    limit: float | None
    n_features: int
    n_nonzero: tuple[int, ...]
    names: tuple[str, ...]
    coefficient_lambdas: Floats
    coefficients: tuple[Floats, ...]
    multiclass: bool
    violations: tuple[float | None, ...]
    gaps: tuple[float | None, ...]
    tol: float
