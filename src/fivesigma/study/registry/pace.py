"""Seconds of one fit with its settings, where the cost law of its kind is not enough: what foretells the time of a run.

The cost laws of the kinds say what a kind costs as it comes, and decide which models fit into a default line-up, which
must not change with a better clock. Here are the settings: how many trees, members, sweeps, epochs. Measured as the
time of a core, whatever else ran beside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import log2
from typing import Any

from fivesigma.study.registry.kind import ModelKind

Params = Mapping[str, Any]
Pace = Callable[[float, float, float, Params], float]
"""(n rows, p columns, K classes or 1, all parameters) -> seconds of one fit and its predictions."""

OVERHEAD = 0.005
"""Seconds that every fit takes beside: pipeline, scores, what is kept of it."""

_UPDATE = 5e-9  # seconds of one event, component and column in a sweep of a mixture
_STOPPED = 60  # epochs after which early stopping usually ends
_EPOCH, _WEIGHT = 3e-6, 1.2e-10  # seconds of an epoch, and of one weight and row in it, of one member
_TORCH = 20.0  # times as long as our own kernel


def seconds_of(kind: ModelKind, n: float, p: float, K: float, params: Params) -> float:
    """Return the seconds of one fit on a core.

    Parameters
    ----------
    kind : the kind of model
    n, p, K : rows, columns, and classes (1 where there are none)
    params : all of its parameters

    >>> from fivesigma.study.registry.registry import kind
    >>> forest = kind("forest")
    >>> one, two = (seconds_of(forest, 1000, 5, 2, forest.checked({"n_estimators": n})) for n in (100, 400))
    >>> 3 < two / one < 4
    True
    """
    own = PACES.get(kind.name)
    if own is not None:
        return OVERHEAD + own(n, p, K, params)
    return OVERHEAD + kind.cost(n, p, K) * _effort(kind, params)


def _effort(kind: ModelKind, params: Params) -> float:
    """Return how many times as much a fit is as with the defaults, by the settings that a fit is proportional to."""
    found = 1.0
    for name in ("n_estimators", "n_members", "starts"):
        default = kind.parameters[name].default if name in kind.parameters else None
        if isinstance(default, int) and isinstance(params.get(name), int):
            found *= params[name] / default
    return found


def _perceptrons(n: float, p: float, K: float, params: Params) -> float:
    hidden = params["hidden"]
    each = hidden if hidden and isinstance(hidden[0], list | tuple) else [hidden] * params["n_members"]
    epochs = float(min(params["epochs"], _STOPPED) if params["early_stopping"] else params["epochs"])
    weights = sum(a * b for widths in each for a, b in pairwise((p, *widths, K)))
    slower = _TORCH if params["engine"] == "torch" else 1.0
    return float(0.01 + slower * epochs * (len(each) * _EPOCH + n * weights * _WEIGHT))


def _tree(n: float, p: float, K: float, params: Params) -> float:
    rows = n * p * log2(n + 2)
    ours = 2e-8 if K < 2 else 6e-9 * _indicators(K)
    return float(6e-3 + (5e-8 if params["engine"] == "exact" else ours) * rows)


def _forest(n: float, p: float, K: float, params: Params) -> float:
    share = 1.0 if params["max_samples"] is None else params["max_samples"]
    drawn = 2 * n * share  # a half was drawn when it was measured
    rows, trees = drawn * p**0.5 * log2(drawn + 2), params["n_estimators"] / 100
    if params["engine"] == "exact":
        return float((0.09 + 1.3e-6 * rows) * trees)
    return float((0.02 + 3.6e-7 * rows) * trees * _indicators(K))


def _extra_trees(n: float, p: float, K: float, params: Params) -> float:
    rows, trees = n * p**0.5 * log2(n + 2), params["n_estimators"] / 100
    if params["engine"] == "exact":
        return float((0.075 + 0.8e-6 * rows) * trees)
    return float((0.03 + 5.5e-7 * rows) * trees * _indicators(K))


def _indicators(K: float) -> float:
    """How many times as long the trees take that hold an indicator of each of K classes."""
    return 1.0 if K <= 2 else 1.0 + 0.15 * K


def _boosting(n: float, p: float, K: float, params: Params) -> float:
    rounds = params["max_iter"] / 150
    if params["engine"] == "exact":
        return float(0.5 * (0.1 + 6e-3 * p + 8e-7 * n * p) * rounds * (1.0 if K <= 2 else 1.0 + 0.3 * K))
    drawn = 0.25 + 0.75 * params.get("max_samples", 1.0)  # trees speak of events that they did not draw too
    return float((0.01 + (1e-3 * p + 6.5e-7 * n * p * drawn) * (1.0 if K <= 2 else 0.7 * K)) * rounds)


def _logistic(n: float, p: float, K: float, params: Params) -> float:
    return 8e-3 + n * p * (1.7e-7 + 1e-9 * p * K)


def _sweeps(n: float, p: float, K: float, params: Params) -> float:
    """A chain a refit; else several, and the density at their mode."""
    sweeps, chains = params["n_sweeps"] + params["n_warmup"], params["n_chains"]
    each = _UPDATE * sweeps * n * (1 + p) * (1.0 if chains == 1 else 1.4 * chains)
    return 0.05 + float(each * _components(params))


def _components(params: Params) -> float:
    """Return how many components there are in all the mixtures that are tried."""
    number, most = params["n_components"], params["max_components"]
    return float(number if isinstance(number, int) else most * (most + 1) / 2)


def _spiked(n: float, p: float, K: float, params: Params) -> float:
    sweeps = (params["n_sweeps"] + params["n_warmup"]) * params["n_chains"]
    return 0.05 + float(2e-10 * sweeps * n * n)


def _of_number(one: Callable[[float, float], float]) -> Pace:
    """A clustering of ``one`` number of components, or of each that is tried."""

    def pace(n: float, p: float, K: float, params: Params) -> float:
        number = params["n_components"]
        return one(n, p) * (1.0 if isinstance(number, int) else float(params["max_components"]))

    return pace


def _em(n: float, p: float) -> float:
    return float(0.03 + 4e-6 * n * (1 + p / 4) ** 1.5)


PACES: Mapping[str, Pace] = {
    "mlp": _perceptrons,
    "forest": _forest,
    "extra-trees": _extra_trees,
    "tree": _tree,
    "xgboost": lambda n, p, K, _: (0.05 + 6e-4 * p + 3e-7 * n * p) * (K if K > 2 else 1),
    "boosting": _boosting,
    "logistic": _logistic,
    "gibbs-mixture": _sweeps,
    "spiked-gibbs": _spiked,
    "k-means": _of_number(lambda n, p: 0.012 + 1.3e-6 * n * (1 + p / 4)),
    "gaussian-mixture": _of_number(_em),
    "variational-mixture": _of_number(_em),
    "linear-svm": lambda n, p, K, _: (0.06 + n * p * (2e-6 + 2e-8 * p)) * (K if K > 2 else 1),
    "lasso-by-minimize": lambda n, p, K, _: 0.01 + n * p * 3e-6,
    "lasso-by-bfgs": lambda n, p, K, _: 0.09 + n * p * (3e-6 + 1e-6 * p),
}
"""The kinds whose time their settings decide, or of which the cost law is careful."""
