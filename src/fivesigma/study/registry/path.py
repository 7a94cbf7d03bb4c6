"""Regularisation paths in a study: the keys of a model settled, and the path built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.printed import caught
from fivesigma.study.registry import losses
from fivesigma.study.registry.kind import ModelKind

KEYS = ("penalty", "lambdas", "select", "l1_ratio", "loss")
"""The keys of ``[[models]]`` that only kinds with a path take."""


PENALTIES = ("l1", "l2", "elastic-net", "none")


RULES = ("best", "one-standard-error")


EVEN = {"from": 1e-2, "to": 1e5, "n": 50}
"""λ where none are given, of the standard score of the target."""


def settle(kind: ModelKind, given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the complete settings of a model's path; None where it has none.

    Parameters
    ----------
    kind : of the model
    given : its keys among `KEYS`, as the study file has them
    params : its fixed settings

    Raises
    ------
    InputError
        For a key that the kind does not take, or keys that contradict each other.
    """
    if not given and not kind.folded:
        return None
    if not kind.penalties:
        raise InputError(
            f"{kind.name}: '{next(iter(given))}' is a key of kinds with a regularisation path, such as logistic "
            "or lasso; remove it."
        )
    penalty = _penalty(kind, given)
    return {
        "penalty": penalty,
        "lambdas": _lambdas(kind, penalty, given, params),
        "standard": given.get("lambdas") is None and params.get("lambda") is None,
        "select": one_of(str(given.get("select", "best")), RULES, "rule of selection"),
        "l1_ratio": _ratio(kind, penalty, given, params),
        "loss": _loss(kind, given, params),
    }


def apart(
    kind: ModelKind, given: Mapping[str, Any], params: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keys of a path, and the fixed settings: the loss of a kind without a path is one of these.

    Raises
    ------
    InputError
        Where the loss is given twice.
    """
    if "loss" not in given or kind.penalties or not kind.losses:
        return dict(given), dict(params)
    if "loss" in params:
        raise InputError(f"{kind.name}: loss is given twice; keep one.")
    rest = {key: value for key, value in given.items() if key != "loss"}
    return rest, {**params, "loss": losses.named(given["loss"])}


def _penalty(kind: ModelKind, given: Mapping[str, Any]) -> str:
    name = one_of(str(given.get("penalty", kind.penalties[0])), PENALTIES, "penalty")
    if name not in kind.penalties:
        raise InputError(
            f"{kind.name}: penalty = '{name}' is another kind's; expected {' or '.join(kind.penalties)}."
        )
    return name


def _lambdas(
    kind: ModelKind, penalty: str, given: Mapping[str, Any], params: Mapping[str, Any]
) -> list[float] | None:
    """Return the λ; None for those that follow from λ_max, where λ has the units of the target."""
    asked = given.get("lambdas")
    if params.get("relative") is not None:
        raise InputError(f"{kind.name}: 'relative' has no meaning on a path; give lambdas.")
    if penalty == "none":
        if asked is not None or "select" in given:
            raise InputError(f"{kind.name}: without a penalty there is no λ to choose; remove lambdas.")
        return [1.0]
    fixed = params.get("lambda")
    if fixed is not None and asked is not None:
        raise InputError(f"{kind.name}: lambda is fixed by params and chosen from lambdas; keep one.")
    if fixed is not None:
        return [float(fixed)]
    if isinstance(asked, list | tuple):
        return [float(value) for value in asked]
    if asked is None and not kind.scale_free and penalty != "l2":
        return None
    span = EVEN if asked is None else asked
    return [float(value) for value in np.geomspace(span["from"], span["to"], int(span.get("n", EVEN["n"])))]


def _ratio(
    kind: ModelKind, penalty: str, given: Mapping[str, Any], params: Mapping[str, Any]
) -> float | None:
    if penalty != "elastic-net":
        if "l1_ratio" in given:
            raise InputError(f"{kind.name}: l1_ratio belongs to penalty = 'elastic-net'; remove it.")
        return None
    if "l1_ratio" in given and "l1_ratio" in params:
        raise InputError(f"{kind.name}: l1_ratio is given twice; keep one.")
    return float(given.get("l1_ratio", params.get("l1_ratio", 0.5)))


def _loss(kind: ModelKind, given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    asked = given.get("loss", kind.losses[0])
    table = {"name": asked} if isinstance(asked, str) else dict(asked)
    known = losses.settings_of(str(table["name"]))
    settings = {name: params[name] for name in known if params.get(name) is not None}
    return losses.checked(settings | table, kind.losses)


def estimator(kind: ModelKind, settings: Mapping[str, Any]) -> Any:
    """Return the unfitted path that ``settings`` describe."""
    from fivesigma.models.linear import RegularisationPath
    from fivesigma.models.linear.minimised import MinimisedPath
    from fivesigma.risk.own_loss import of_classes

    penalty, lambdas = _built_penalty(settings), settings["lambdas"]
    loss = losses.build(settings["loss"])
    if kind.minimiser is not None:
        return MinimisedPath(loss, penalty, lambdas, method=kind.minimiser)
    if losses.is_general(settings["loss"]["name"]):
        return MinimisedPath(of_classes(loss) if "classification" in kind.tasks else loss, penalty, lambdas)
    return RegularisationPath(loss, penalty, lambdas)


def _built_penalty(settings: Mapping[str, Any]) -> Any:
    from fivesigma.risk.penalties import L1, L2, ElasticNet

    if settings["penalty"] == "elastic-net":
        return ElasticNet(settings["l1_ratio"])
    return {"l1": L1(), "l2": L2(), "none": None}[settings["penalty"]]


def check_own_loss(settings: Mapping[str, Any] | None, y: NDArray[Any], *, classes: bool = False) -> None:
    """Import a loss of the user's own and refuse it, by name, where its slope is not its derivative.

    Of ``classes`` its target is 0 and 1. What it prints is left out here: it prints the same in each fit, and that is
    logged.
    """
    loss = (settings or {}).get("loss")
    if not isinstance(loss, Mapping) or not losses.is_own(loss["name"]):
        return
    from fivesigma.risk.own_loss import check_slope, own_loss

    with caught():
        target = np.asarray(y > 0 if classes else y, dtype=np.float64)
        check_slope(own_loss(losses.build(loss)), target)
