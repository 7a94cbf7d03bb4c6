"""From a name in a study to a fitted pipeline and predictions; no step is fitted outside the rows given."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from fivesigma._core.checks import refuse_extreme
from fivesigma._core.errors import FitError, FivesigmaError, InputError
from fivesigma._core.gathered import ReadsColumns
from fivesigma._core.threads import single_threaded
from fivesigma.features.columns import present
from fivesigma.features.plan import FeaturePlan
from fivesigma.models.calibrated import Calibrated
from fivesigma.models.convergence import converged
from fivesigma.models.fitting import fit_on, probabilities
from fivesigma.models.linear.folded import FoldedPath
from fivesigma.models.per_target import PerTarget
from fivesigma.models.scaled_target import ScaledTarget
from fivesigma.models.spaces import Range, Space
from fivesigma.models.stopped import EarlyStopped
from fivesigma.models.tempered import Tempered
from fivesigma.models.tuned import Journal, Tuned
from fivesigma.study.registry import monotone
from fivesigma.study.registry.kind import ModelKind, Request
from fivesigma.study.registry.losses import is_general
from fivesigma.study.registry.path import estimator, settle
from fivesigma.study.registry.registry import kind as kind_called

Floats = NDArray[np.float64]


_EXTENSIVE = ("lambda",)  # parameters that grow with the sum of weights


_SCORES = ("predict_proba", "decision_function")  # what a probability can be made of


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted estimator and what its library had to say: the warnings, each once, in order.

    ``converged`` is what the estimator says of itself; of one that says nothing (a user's own, say) False where
    it gave a `ConvergenceWarning`, None where it did not.
    """

    estimator: Any
    messages: tuple[str, ...] = ()
    converged: bool | None = None


def build(
    kind: str,
    *,
    features: FeaturePlan,
    task: str,
    params: Mapping[str, Any] | None = None,
    seed: int = 0,
    deal: int | None = None,
    tune: Mapping[str, Any] | bool | None = None,
    trials: int | None = None,
    metric: str | None = None,
    path: Mapping[str, Any] | None = None,
    search: str = "tpe",
    n_targets: int = 1,
) -> Any:
    """Return the unfitted recipe of the model called ``kind``: features, calibration and tuning inside.

    Parameters
    ----------
    kind : name in the registry
    features : the columns and what is made of them
    task : "classification" or "regression"
    params : fixed settings by name; the registry's defaults fill in the rest
    seed : of the model's own randomness
    deal : of what deals its rows into inner folds and proposes settings; default: ``seed``
    tune : True for the registry's space, or ``{name: [low, high] | [choice, ...]}``
    trials : fits-and-scores of the search (20)
    metric : name of what the search improves; default: that of the task
    path : settings of a regularisation path, as `fivesigma.study.registry.path.settle` returns them
    search : how settings are proposed: "tpe", "random" or "grid"
    n_targets : of more than one, a model that does not take several is fitted to each

    Raises
    ------
    InputError
        For an unknown kind, parameter or value, or one that is both fixed and tuned.
    """
    found, given = kind_called(kind, task), dict(params or {})
    stopped = given.get("early_stopping") and not found.stops
    together = found.several and not tune and not features.reductions and not stopped
    if n_targets > 1 and not together:
        one = build(
            kind, features=features, task=task, params=params, seed=seed, deal=deal, tune=tune, trials=trials,
            metric=metric, path=path, search=search,
        )  # fmt: skip
        return PerTarget(one)
    settings = found.checked(given)
    path = path or settle(found, {}, given)
    if path is not None:
        ask = Request(task, settings, seed, features.width, deal, features.symmetries, features.members)
        return _folded(found, ask, features, path, metric=metric, tuned=bool(tune))
    space = _space(found, tune, given)
    settings = monotone.by_column(settings, features, kind)
    ask = Request(task, settings, seed, features.width, deal, features.symmetries, features.members)
    model = found.build(ask)
    recipe, inside = _wrapped(found, features, model, settings, ask)
    names = {name: inside + _attribute(name) for name in (*space, *_EXTENSIVE)}
    space = {names[name]: each for name, each in space.items()}
    steps = inside[: inside.index("model__")]
    space |= {f"{steps}{name}__n": _columns(*span) for name, span in features.tuned.items()}
    if not space:
        return recipe
    return Tuned(
        recipe,
        space,
        trials=trials or 20,
        metric=metric,
        extensive=tuple(names[name] for name in _EXTENSIVE),
        search=search,
        random_state=ask.dealt,
    )


def _wrapped(
    kind: ModelKind, features: FeaturePlan, model: Any, settings: Mapping[str, Any], ask: Request
) -> tuple[Any, str]:
    """Return the pipeline that ends in ``model``, calibrated or stopped early, and where its settings stand in it."""
    recipe: Any = _pipeline(
        features,
        model,
        native=kind.native_nan,
        standardise=kind.standardise,
        ranks=kind.ranks(settings),
        seed=ask.seed,
    )
    inner, outer = "model__estimator__" if isinstance(model, ScaledTarget | Tempered) else "model__", ""
    if kind.calibrated and ask.classifies:
        recipe, outer = Calibrated(recipe), "estimator__"
    if settings.get("early_stopping") and not kind.stops:
        recipe, outer = EarlyStopped(recipe, random_state=ask.dealt), f"estimator__{outer}"
    return recipe, outer + inner


def _space(
    kind: ModelKind, tune: Mapping[str, Any] | bool | None, given: Mapping[str, Any]
) -> dict[str, Space]:
    """Return where a search looks: what the user wrote, or the kind's own space less what is fixed."""
    if not tune and not isinstance(tune, Mapping):
        return {}
    space = kind.narrowed(tune)
    both = sorted(set(space) & set(given))
    if both and not isinstance(tune, bool):
        raise InputError(f"{kind.name}: {both[0]!r} is both fixed and tuned; keep one of the two.")
    return {name: each for name, each in space.items() if name not in given}


def _columns(low: int, high: int) -> Range:
    return Range(low, high, integer=True, log=high >= 100 * low)


def _folded(
    kind: ModelKind,
    ask: Request,
    features: FeaturePlan,
    path: Mapping[str, Any],
    *,
    metric: str | None,
    tuned: bool,
) -> Any:
    """Return the recipe of a path; the seed deals its rows into inner folds."""
    if tuned or any(each.tuned for each in features.reductions):
        raise InputError(
            f"{kind.name} is fitted as a path, whose λ is chosen by folds; leave out what is tuned."
        )
    model = estimator(kind, path)
    scaled = {"native": kind.native_nan, "standardise": kind.standardise}
    pipeline = _pipeline(features, model, **scaled, seed=ask.seed)
    recipe = FoldedPath(
        pipeline, metric, rule=path["select"], random_state=ask.dealt, standard=path["standard"]
    )
    uncalibrated = kind.calibrated or is_general(path["loss"]["name"])
    return Calibrated(recipe) if uncalibrated and ask.classifies else recipe


def build_user(estimator: Any, *, features: FeaturePlan, task: str, seed: int = 0, n_targets: int = 1) -> Any:
    """Return the recipe of a user's own ``estimator`` (cloned): the same features before it, probabilities
    behind it.

    It gets NaN where its tags say that it takes them; a ``random_state`` that is None is set to ``seed``.
    """
    _refuse_no_estimator(estimator)
    if (made := _OTHERS.get(task)) is not None:
        return made(estimator, features, seed)
    if is_classifier(estimator) != (task == "classification"):
        raise InputError(f"{type(estimator).__name__} does not do {task}; choose an estimator of that task.")
    if task == "classification" and not any(hasattr(estimator, way) for way in _SCORES):
        raise InputError(f"{type(estimator).__name__} gives labels only; expected {' or '.join(_SCORES)}.")
    model = clone(estimator)
    if model.get_params().get("random_state", 0) is None:
        model.set_params(random_state=seed)
    native = bool(model.__sklearn_tags__().input_tags.allow_nan)
    recipe = _pipeline(features, model, native=native, standardise=False, seed=seed)
    if n_targets > 1 and not model.__sklearn_tags__().target_tags.multi_output:
        return PerTarget(recipe)
    if task == "classification" and not hasattr(estimator, "predict_proba"):
        return Calibrated(recipe)
    return recipe


def _clustering(estimator: Any, features: FeaturePlan, seed: int) -> Any:
    """Return the recipe of a user's own clustering, which chooses its number of clusters itself."""
    from fivesigma.models.mixtures.clusterer import Clusterer

    if is_classifier(estimator) or is_regressor(estimator):
        raise InputError(
            f"{type(estimator).__name__} does not do clustering; choose a clusterer or a mixture."
        )
    clusterer = Clusterer(estimator, None, random_state=seed)
    return _pipeline(features, clusterer, native=False, standardise=False, seed=seed)


_OTHERS = {"clustering": _clustering}
"""How a user's own estimator is taken in a task that is not supervised."""


def _refuse_no_estimator(estimator: Any) -> None:
    """Raise `InputError` for what is not an instance with scikit-learn's contract."""
    if isinstance(estimator, type):
        raise InputError(f"{estimator.__name__} is a class; give an instance of it: {estimator.__name__}().")
    if not all(hasattr(estimator, name) for name in ("fit", "get_params", "__sklearn_tags__")):
        raise InputError(
            f"{type(estimator).__name__} is no estimator; expected scikit-learn's fit, predict, get_params and tags "
            "(inherit from sklearn.base.BaseEstimator)."
        )


def _attribute(name: str) -> str:
    return "lam" if name == "lambda" else name


def _pipeline(
    features: FeaturePlan, model: Any, *, native: bool, standardise: bool, ranks: bool = False, seed: int = 0
) -> Pipeline:
    steps = features.steps(native=native, standardise=standardise, ranks=ranks, seed=seed)
    return Pipeline([*steps, ("model", model)])


def fit(
    estimator: Any,
    X: Floats,
    y: NDArray[Any] | None = None,
    w: Floats | None = None,
    *,
    groups: NDArray[Any] | None = None,
    evaluation_weight: Floats | None = None,
    journal: Journal | None = None,
) -> Fitted:
    """Return ``estimator`` cloned and fitted to ``X`` (n, p), ``y`` (n,) if any, weights ``w``, ``groups`` (n,).

    X may be `Gathered` rows where the recipe `reads_columns`.

    ``evaluation_weight`` (n,), scaled to the whole sample, is what a choice inside the fit is scored with; the
    ``journal`` keeps the trials of a search.
    Rows of weight 0 are removed, the other weights are scaled to mean 1 (the λ of a penalty refers to these); negative
    ones are for models that can use them.
    One thread; warnings are collected, never printed; the global generators are not touched.

    Raises
    ------
    FitError
        Whatever went wrong in the fit, in one sentence.
    """
    _refuse_extremes(y, w)
    if w is not None:
        if not w.sum() > 0:
            raise FitError(_weightless(w))
        w, X, y, groups, evaluation_weight = present(w, X, y, groups, evaluation_weight)
        w = w / w.mean()
    with warnings.catch_warnings(record=True) as caught, single_threaded():
        warnings.simplefilter("always")
        try:
            fitted = fit_on(
                clone(estimator),
                X,
                y,
                w=w,
                groups=groups,
                evaluation_weight=evaluation_weight,
                journal=journal,
            )
        except FivesigmaError as error:
            raise FitError(str(error)) from error
        except (ValueError, TypeError, ArithmeticError, RuntimeError, MemoryError, LookupError) as error:
            raise FitError(f"the fit failed: {_first_line(error)}") from error
    messages = tuple(dict.fromkeys(_first_line(each.message) for each in caught))
    return Fitted(fitted, messages, _converged(fitted, caught))


def reads_columns(estimator: Any) -> bool:
    """Whether a recipe is one model that takes the rows of a table as they are, column by column."""
    alone = isinstance(estimator, Pipeline) and len(estimator.steps) == 1
    return alone and isinstance(estimator.steps[0][1], ReadsColumns)


def _weightless(w: Floats) -> str:
    """Return why no fit can have weights that do not sum to more than zero."""
    if not w.any():
        return "all weights of the training rows are zero; give at least one a positive weight."
    return f"the weights of the training rows sum to {w.sum():.3g}; expected a positive sum: use more events."


def _refuse_extremes(y: NDArray[Any] | None, w: Floats | None) -> None:
    try:
        if y is not None and y.dtype.kind == "f":
            refuse_extreme(y, what="the target")
        if w is not None:
            refuse_extreme(w, what="the weights")
    except InputError as error:
        raise FitError(str(error)) from error


def _converged(fitted: Any, caught: Sequence[warnings.WarningMessage]) -> bool | None:
    said = converged(fitted)
    warned = any(issubclass(each.category, ConvergenceWarning) for each in caught)
    return False if said is None and warned else said


def predict(estimator: Any, X: Floats, n_classes: int | None = None) -> Floats:
    """Return the probabilities (n, n_classes) in the order of the codes, or the values (n,), or (n, m)
    of m targets, where that is None.

    A class that the fit has not seen has probability 0.

    Raises
    ------
    FitError
        Where a prediction is not finite, or the model refuses the rows.
    """
    with warnings.catch_warnings(), single_threaded():
        warnings.simplefilter("ignore")
        try:
            if n_classes is not None:
                return probabilities(estimator, X, np.arange(n_classes))
            values = np.asarray(estimator.predict(X), dtype=np.float64)
            values = values.reshape(len(X)) if values.size == len(X) else values
        except (ValueError, ArithmeticError, RuntimeError) as error:
            raise (
                error if isinstance(error, FitError) else FitError(f"no prediction: {_first_line(error)}")
            ) from error
    if not np.isfinite(values).all():
        raise FitError("the model predicts values that are not finite; scale the columns or regularise more.")
    return values


def _first_line(message: object) -> str:
    lines = str(message).strip().splitlines()
    return lines[0][:300] if lines else type(message).__name__
