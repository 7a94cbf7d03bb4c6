"""The coefficients of a linear recipe, in the units of the columns as they were read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.later import special
from fivesigma._core.random import generator
from fivesigma._core.units import quotient
from fivesigma.features.reduction import COMPONENTS, LEARNED, SELECTIONS
from fivesigma.record.document import tuples
from fivesigma.record.sections.coefficients import CoefficientErrors, CoefficientsRecord
from fivesigma.study.analyses.analysis import Analysis, Fitted, Found, Run
from fivesigma.study.fit.inside import columns_of, pipeline_of
from fivesigma.study.plan import SHARES, Entry, Fit

if TYPE_CHECKING:
    from fivesigma.models.linear.errors import StandardErrors

Floats = NDArray[np.float64]

LINKS: dict[str, Callable[[Any], Any]] = {
    "squared": lambda z: z,
    "logistic": lambda z: special.expit(z),
    "poisson": np.exp,
}
"""What a law of each loss predicts at its linear score."""


def describe(
    estimator: Any,
    names: Sequence[str],
    *,
    X: Floats | None = None,
    y: NDArray[Any] | None = None,
    w: Floats | None = None,
) -> CoefficientsRecord | None:
    """Return the coefficients of a fitted recipe; None where its model is not linear.

    The model sees ``z = (x - m) / s``, so ``b + z·θ`` has the slope ``θ / s`` per unit of x and the intercept
    ``b - Σ θ m / s``. Gaps filled by a median count as that median.

    Parameters
    ----------
    estimator : fitted recipe
    names : of the columns of the Dataset
    X, y, w : rows (n, p), targets and weights (n,) for which a regression's R² is added; the rows of the fit
        give the textbook's R²
    """
    from sklearn.metrics import r2_score

    pipeline = pipeline_of(estimator)
    model = pipeline.steps[-1][1]
    if not _linear(model):
        return None
    theta, b = (
        np.atleast_2d(model.coef_).astype(np.float64),
        np.atleast_1d(model.intercept_).astype(np.float64),
    )
    slope, intercept = _unscaled(pipeline, theta, b)
    one = len(theta) == 1
    fits = X is not None and y is not None and not hasattr(model, "classes_")
    return CoefficientsRecord(
        names=tuple(columns_of(estimator, names)),
        values=tuples(slope[0] if one else slope),
        intercept=float(intercept[0]) if one else tuples(intercept),
        standardised=tuples(theta[0] if one else theta),
        r2_train=float(r2_score(y, estimator.predict(X), sample_weight=w)) if fits else None,
    )


def _linear(model: Any) -> bool:
    return hasattr(model, "coef_") and hasattr(model, "intercept_")


def _unscaled(pipeline: Any, theta: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return slopes and intercept of the columns, and of their products and powers, as they are read."""
    from fivesigma.features.products import Products
    from fivesigma.features.standard import StandardScores

    steps = [step for _, step in pipeline.steps[:-1]]
    if steps and isinstance(steps[-1], StandardScores):
        scaler = steps.pop()
        theta = theta / scaler.scale_
        b = b - theta @ scaler.mean_
    return steps[-1].in_columns(theta, b) if steps and isinstance(steps[-1], Products) else (theta, b)


def in_units(estimator: Any) -> Floats:
    """Return the matrix (p + 1, p + 1) that takes what the model says, the intercept last, to the columns as read."""
    pipeline = pipeline_of(estimator)
    p = np.atleast_2d(pipeline.steps[-1][1].coef_).shape[1]
    slopes, intercepts = _unscaled(pipeline, np.eye(p + 1, p), np.eye(p + 1)[:, p])
    return np.column_stack([slopes, intercepts]).T


def has_step(estimator: Any, kinds: Collection[str]) -> bool:
    """Whether a fitted recipe has a step of one of some kinds.

    Selections choose columns by the very rows: the errors of a law behind them would not know of it. Components make
    columns by the very rows: each fit has its own, and those of two fits are not the same.
    """
    return any(name in kinds for name, _ in pipeline_of(estimator).steps)


def law_of(entry: Entry, estimator: Any) -> str | None:
    """Return the name of the loss of a law whose coefficients have errors; None of a penalised or selected one."""
    from fivesigma.models.linear.errors import VARIANCES

    pipeline, path = pipeline_of(estimator), entry.path or {}
    free = entry.kind == "linear" or path.get("penalty") == "none"
    loss = path["loss"]["name"] if path else "squared"
    chosen = has_step(estimator, (*SELECTIONS, *COMPONENTS, *LEARNED))
    one = len(np.atleast_2d(pipeline.steps[-1][1].coef_)) == 1
    return loss if free and one and not chosen and loss in VARIANCES else None


def link_of(entry: Entry, estimator: Any) -> str:
    """Return what a law gives: the target itself, a logarithm of it, of its odds or of probabilities, or a margin."""
    loss = entry.path["loss"]["name"] if entry.path else entry.kind
    if hasattr(pipeline_of(estimator).steps[-1][1], "classes_"):
        return "logit" if loss == "logistic" else "margin"
    return "log" if loss == "poisson" else "identity"


def errors_of(fitted: Fitted) -> StandardErrors | None:
    """Return the errors of a fitted law in the units of the columns; None where it has none."""
    from fivesigma.models.linear.errors import Law, standard_errors

    loss = law_of(fitted.entry, fitted.estimator)
    if loss is None:
        return None
    pipeline, rows, data = pipeline_of(fitted.estimator), fitted.rows, fitted.data
    model, X = pipeline.steps[-1][1], fitted.table(rows)
    Z = np.asarray(pipeline[:-1].transform(X) if len(pipeline.steps) > 1 else X, dtype=np.float64)
    design = np.column_stack([Z, np.ones(len(Z))])
    scores = design @ np.append(np.ravel(model.coef_), np.ravel(model.intercept_))
    y = np.asarray(
        data.y[rows] == model.classes_[-1] if loss == "logistic" else data.y[rows], dtype=np.float64
    )
    law = Law(design, y, LINKS[loss](scores), loss, data.training_weights(rows), data.units[rows])
    found = standard_errors(law, generator(fitted.seed, "coefficients", fitted.entry.name))
    return found and found.through(in_units(fitted.estimator))


def with_errors(law: CoefficientsRecord, found: StandardErrors, grouped: str) -> CoefficientsRecord:
    """Return the record of a law with its errors, its limits and the correlation of its coefficients."""
    from fivesigma.models.linear.errors import correlation, errors

    reach, values = found.reach(), np.append(law.slopes, law.offset or 0.0)
    three = (tuples(errors(each)) for each in (found.classical, found.robust, found.bootstrap))
    kept = CoefficientErrors(**dict(zip(("classical", "robust", "bootstrap"), three, strict=True)))
    limits = {"low": tuples(values - reach), "high": tuples(values + reach)}
    method = f"95 %: Student's t at ν = {found.dof:.0f}, robust errors ({grouped})"
    return replace(
        law, errors=kept, **limits, method=method, correlation=tuples(correlation(found.bootstrap))
    )


class Coefficients:
    """The coefficients of the kept model, where it is linear: with errors, or with their spread over the refits."""

    name = CoefficientsRecord.key

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off the fit whose model is kept, its refits and its folds."""
        again = fit.sample.again or (fit.sample.kind == "fold" and not fit.sample.repeat)
        whole = fit.sample.n_rows is None and fit.sample.without is None and fit.columns is None
        own = fit.is_final or (again and whole and not fit.params and not fit.seed)
        return {} if own else None

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return the record of the kept model; of a refit its values alone; {} for a model that is not linear."""
        if fitted.data.n_targets > 1:
            return {}
        if not fitted.fit.is_final:
            return _again(fitted)
        if not _linear(pipeline_of(fitted.estimator).steps[-1][1]):
            return {}  # and no copy of the table is made to find that out
        rows = fitted.rows
        law = describe(fitted.estimator, fitted.names, X=fitted.table(rows), y=fitted.data.y[rows])
        if law is None:
            return {}
        link = link_of(fitted.entry, fitted.estimator)
        law = replace(law, link=link, units=slope_units(fitted, law.names, link))
        if law.offset is not None and (found := errors_of(fitted)) is not None:
            grouped = "HC3" if len(np.unique(fitted.data.units[rows])) == len(rows) else "of groups"
            law = with_errors(law, found, grouped)
        document: Mapping[str, Any] = law.to_document()
        return document

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return the section of the kept model, with its spread where it has no errors."""
        whole = [read for fit, read in found if fit.is_final]
        if not whole:
            return {}
        law = CoefficientsRecord.from_document(whole[0])
        return {self.name: law if law.errors is not None else with_spread(law, found)}


def table_of(law: CoefficientsRecord) -> Floats:
    """Return the coefficients (K, p + 1) of a law of K outputs, the intercepts last."""
    values = np.array(law.values, dtype=np.float64).reshape(-1, len(law.names))
    return np.column_stack([values, np.atleast_1d(law.intercept)])


def _again(fitted: Fitted) -> Mapping[str, Any]:
    """Return the law of a refit by the names of its columns; {} where it is none, or has columns of its own making.

    ``labels`` are the codes of the classes that have a law each; () of a law of one output.
    """
    law = describe(fitted.estimator, fitted.names)
    if law is None or has_step(fitted.estimator, (*COMPONENTS, *LEARNED)):
        return {}
    chosen = has_step(fitted.estimator, SELECTIONS)
    *slopes, offset = table_of(law).T.tolist()
    several = law.offset is None
    labels = pipeline_of(fitted.estimator).steps[-1][1].classes_ if several else ()
    named = dict(zip(law.names, slopes, strict=True))
    return {"slopes": named, "offset": offset, "chosen": chosen, "labels": [int(label) for label in labels]}


def _aligned(law: CoefficientsRecord, again: Mapping[str, Any]) -> Floats:
    """Return the values (K, p + 1) of a refit for the columns of a law, the intercepts last.

    A column that a refit has left out by choice has the coefficient 0; one that it never saw (a label that its rows
    do not have), or a class, has none.
    """
    n = len(again["offset"])
    absent = [0.0 if again["chosen"] else np.nan] * n
    columns = [*(again["slopes"].get(name, absent) for name in law.names), again["offset"]]
    found = np.full(table_of(law).shape, np.nan)
    found[again["labels"] or range(n)] = np.array(columns, dtype=np.float64).T
    return found


def with_spread(law: CoefficientsRecord, found: Found) -> CoefficientsRecord:
    """Return a law with the spread of its values over refits; without refits, by the folds' jackknife."""
    why = "no 95 % limits: a penalty or a selection moves the values; the spread is that of"
    for again in (True, False):
        fits = [(fit, read) for fit, read in found if fit.sample.again == again and "slopes" in read]
        if len(fits) > 1:
            values = np.array([_aligned(law, read) for _, read in fits])
            k, seen = len(fits), SHARES.get(fits[0][0].sample.kind)
            size = (k - 1) / k**0.5 if not again else 1.0 if seen is None else (seen / (1 - seen)) ** 0.5
            words = f"{k} refits" if again else f"{k} folds, each left out (jackknife)"
            spread = [[_spread(each, size) for each in one] for one in np.moveaxis(values, 0, 2)]
            share = [[_share(each) for each in one[:-1]] for one in np.moveaxis(values, 0, 2)]
            kept = (tuples(each if law.offset is None else each[0]) for each in (spread, share))
            return replace(
                law, method=f"{why} {words}", **dict(zip(("spread", "non_zero"), kept, strict=True))
            )
    return replace(
        law, method="no 95 % limits: the coefficients depend on each other, or a penalty moves them"
    )


def _spread(values: Floats, size: float) -> float | None:
    """Return ``size`` standard deviations of those values that there are; None of fewer than two."""
    known = values[np.isfinite(values)]
    return size * float(np.std(known, ddof=1)) if len(known) > 1 else None


def _share(values: Floats) -> float | None:
    """Return the share of those values that there are which are not zero; None where there are none."""
    known = values[np.isfinite(values)]
    return float(np.mean(known != 0)) if len(known) else None


def slope_units(fitted: Fitted, names: Sequence[str], link: str) -> tuple[str | None, ...]:
    """Return the unit of each slope: that of what the law gives over those of the columns multiplied in its column.

    A logarithm and a margin have no unit. A column that has none, and one made by the rows (a component, a label), is
    a pure number.
    """
    meta, made = fitted.data.seen(fitted.entry), factors_of(fitted.estimator, fitted.names)
    known = {name: unit for name, unit in zip(meta["names"], meta["units"], strict=True) if unit}
    goal = meta.get("target_unit") if link == "identity" else None
    columns = [made.get(name, (name,)) for name in names]
    return tuple(quotient(goal, [known[each] for each in column if each in known]) for column in columns)


def factors_of(estimator: Any, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns multiplied in each product and power of a law; () for those of standard scores."""
    from fivesigma.features.products import Products
    from fivesigma.features.standard import StandardScores

    pipeline = pipeline_of(estimator)
    steps = [step for _, step in pipeline.steps]
    at = next((i for i, step in enumerate(steps) if isinstance(step, Products)), None)
    if at is None:
        return {}
    before = pipeline[:at].get_feature_names_out(list(names)) if at else names
    made = steps[at].get_feature_names_out(before)
    behind = [step for step in steps[at + 1 : -1] if not isinstance(step, StandardScores)]
    factors = [tuple(str(before[j]) for j in each) for each in steps[at].factors()]
    return {str(n): () if behind and len(each) > 1 else each for n, each in zip(made, factors, strict=True)}


ANALYSIS = Analysis("coefficients", diagnostics=(Coefficients(),))
