"""What stands inside a fitted recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fivesigma._core.errors import InputError
from fivesigma.features.reduction import KINDS as REDUCTIONS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from fivesigma.models.ensembles import Trained
    from fivesigma.models.linear.folded import FoldedPath


def weighted(estimator: Any) -> bool:
    """Whether the fit of this recipe uses event weights."""
    from fivesigma.models.calibrated import Calibrated
    from fivesigma.models.fitting import takes_weights
    from fivesigma.models.per_target import PerTarget
    from fivesigma.models.stopped import EarlyStopped
    from fivesigma.models.tuned import Tuned

    if isinstance(estimator, PerTarget):
        return weighted(estimator.estimator)
    inner = getattr(estimator, "estimator", None)
    return (
        weighted(inner)
        if isinstance(estimator, Tuned | Calibrated | EarlyStopped)
        else takes_weights(estimator)
    )


def chosen(estimator: Any) -> dict[str, Any]:
    """Return the parameters that tuning chose in a fitted recipe, by name in a study; {} without tuning."""
    from sklearn.pipeline import Pipeline

    from fivesigma.models.per_target import PerTarget
    from fivesigma.models.tuned import Tuned

    if isinstance(estimator, PerTarget):
        return {"targets": "one fit each"}
    if (path := path_of(estimator)) is not None:
        return {"lambda": path.lambda_}
    if isinstance(estimator, Pipeline) and hasattr(estimator.steps[-1][1], "n_clusters_"):
        return {"n_components": estimator.steps[-1][1].n_clusters_}
    if not isinstance(estimator, Tuned):
        return {}
    return {spoken(name): value for name, value in sorted(estimator.best_params_.items())}


def spoken(name: str) -> str:
    """Return the name that a study has for a parameter of a recipe.

    >>> spoken("estimator__model__lam"), spoken("pca__n")
    ('lambda', 'pca.n')
    """
    *_, step, last = ("", *name.split("__"))
    if step in REDUCTIONS and last == "n":
        return f"{step}.n"
    return "lambda" if last == "lam" else last


def path_of(estimator: Any) -> FoldedPath | None:
    """Return the path fitted to all rows inside a fitted recipe, or None."""
    from fivesigma.models.calibrated import Calibrated
    from fivesigma.models.linear.folded import FoldedPath
    from fivesigma.models.stopped import EarlyStopped
    from fivesigma.models.tuned import Tuned

    while isinstance(estimator, Tuned | Calibrated | EarlyStopped):
        estimator = estimator.estimator_
    return estimator if isinstance(estimator, FoldedPath) else None


def pipeline_of(estimator: Any) -> Pipeline:
    """Return the pipeline fitted to all rows inside a fitted recipe."""
    from sklearn.pipeline import Pipeline

    from fivesigma.models.per_target import PerTarget

    while not isinstance(estimator, Pipeline):
        if isinstance(estimator, PerTarget):
            raise InputError("each target has a fit of its own; ask one of them.")
        estimator = estimator.estimator_
    return estimator


def networks_of(estimator: Any) -> list[Trained]:
    """Return the networks at the end of a fitted recipe, one for each fit of a target; [] of other models."""
    from fivesigma.models.ensembles import Trained
    from fivesigma.models.per_target import PerTarget

    if isinstance(estimator, PerTarget):
        return [found for each in estimator.estimators_ for found in networks_of(each)]
    last = model_of(estimator)
    return [last] if isinstance(last, Trained) else []


def model_of(estimator: Any) -> Any:
    """Return the fitted model at the end of a recipe of one fit, without what is wrapped around it."""
    from fivesigma.models.tempered import Tempered

    last = last_of(estimator)
    return last.estimator_ if isinstance(last, Tempered) else last


def last_of(estimator: Any) -> Any:
    """Return the last step of a fitted recipe of one fit."""
    from sklearn.pipeline import Pipeline

    from fivesigma.models.calibrated import Calibrated
    from fivesigma.models.stopped import EarlyStopped
    from fivesigma.models.tuned import Tuned

    while isinstance(estimator, Tuned | Calibrated | EarlyStopped):
        estimator = estimator.estimator_
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


def columns_of(estimator: Any, names: Sequence[str]) -> list[str]:
    """Return the columns that the model at the end of a fitted recipe sees, made of those called ``names``."""
    pipeline = pipeline_of(estimator)
    made = pipeline[:-1].get_feature_names_out(list(names)) if len(pipeline.steps) > 1 else names
    return [str(name) for name in made]
