"""Lines and planes, by closed form, by paths and by scipy: the table of their kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fivesigma.models.spaces import Range
from fivesigma.study.registry.kind import Builder, ModelKind, Parameter, Request
from fivesigma.study.registry.kinds.parameters import (
    CLASSIFICATION,
    INF,
    NO_MINIMUM,
    REGRESSION,
    real,
)


def _linear(ask: Request) -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


def _ridge(ask: Request) -> Any:
    from fivesigma.models.penalised import PenalisedLeastSquares

    return PenalisedLeastSquares(lam=ask.params["lambda"], l1_ratio=0.0)


def _sparse(ask: Request) -> Any:
    from fivesigma.models.penalised import PenalisedLeastSquares

    return PenalisedLeastSquares(
        lam=ask.params["lambda"], relative=ask.params["relative"], l1_ratio=ask.params.get("l1_ratio", 1.0)
    )


def _logistic(ask: Request) -> Any:
    from fivesigma.models.penalised import PenalisedLogistic

    return PenalisedLogistic(lam=ask.params["lambda"])


def path_of(name: str, table: Callable[[], tuple[ModelKind, ...]]) -> Builder:
    """Return the builder of a kind of ``table`` that is always a path: at its default settings."""

    def build(ask: Request) -> Any:
        from fivesigma.study.registry.path import estimator, settle

        kind = next(each for each in table() if each.name == name)
        settings = settle(kind, {}, ask.params)
        assert settings is not None
        return estimator(kind, settings)

    return build


def _more_columns_than_events(params: Mapping[str, Any], n: int, p: int) -> bool:
    return p >= n


_LAMBDA = real(1.0, 1e-12, INF, (1e-4, 1e4))
_RELATIVE = {"lambda": real(None, 1e-300, INF), "relative": real(1e-3, 1e-12, 1.0, (1e-5, 0.5))}

ANY = ("l2", "l1", "elastic-net", "none")
OF_NUMBERS = ("squared", "huber", "absolute", "quantile", "poisson")

LINEAR: tuple[ModelKind, ...] = (
    ModelKind(
        "linear",
        "a straight line in each feature, coefficients with a meaning; more rows than features",
        REGRESSION,
        _linear,
        lambda n, p, K: 8e-3 + n * p * (1.9e-7 + 1e-9 * p),
        standardise=True,
        linear=True,
        interpolates=_more_columns_than_events,
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "ridge",
        "as linear, with many or correlated features",
        REGRESSION,
        _ridge,
        lambda n, p, K: 8e-3 + n * p * (1.9e-7 + 1e-9 * p),
        {"lambda": _LAMBDA},
        standardise=True,
        linear=True,
        flexibility=("lambda", 100.0),
        penalties=("l2", "none"),
        losses=OF_NUMBERS,
        interpolates=_more_columns_than_events,
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "lasso",
        "as linear, when few of the features should matter: the others get a coefficient of zero",
        REGRESSION,
        _sparse,
        lambda n, p, K: 9e-3 + n * p * (2e-7 + 1e-9 * p),
        _RELATIVE,
        standardise=True,
        linear=True,
        flexibility=("relative", 10.0),
        lineup=False,
        penalties=("l1",),
        losses=OF_NUMBERS,
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "elastic-net",
        "as lasso, when the features that matter come in correlated sets",
        REGRESSION,
        _sparse,
        lambda n, p, K: 9e-3 + n * p * (2e-7 + 1e-9 * p),
        {**_RELATIVE, "l1_ratio": Parameter(0.5, Range(0.01, 1.0), Range(0.05, 1.0))},
        standardise=True,
        linear=True,
        flexibility=("relative", 10.0),
        lineup=False,
        penalties=("elastic-net",),
        losses=OF_NUMBERS,
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "huber",
        "as ridge, when some targets are far off: beyond delta a residual counts linearly",
        REGRESSION,
        path_of("huber", lambda: LINEAR),
        lambda n, p, K: 0.3 + n * p * (6e-6 + 6e-8 * p),
        {"delta": real(None, 1e-300, INF)},
        standardise=True,
        linear=True,
        lineup=False,
        penalties=ANY,
        losses=("huber",),
        folded=True,
        interpolates=_more_columns_than_events,
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "quantile",
        "as ridge, for a quantile of the target: tau = 0.5 is the median, which outliers hardly move",
        REGRESSION,
        path_of("quantile", lambda: LINEAR),
        lambda n, p, K: 0.5 + n * (1e-3 + p * 2e-5),
        {"tau": real(0.5, 1e-6, 1 - 1e-6)},
        standardise=True,
        linear=True,
        lineup=False,
        penalties=ANY,
        losses=("quantile",),
        folded=True,
        interpolates=_more_columns_than_events,
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "poisson",
        "counts: the logarithm of the expected number is a straight line in each feature",
        REGRESSION,
        path_of("poisson", lambda: LINEAR),
        lambda n, p, K: 0.3 + n * p * (6e-6 + 6e-8 * p),
        standardise=True,
        linear=True,
        lineup=False,
        penalties=ANY,
        losses=("poisson",),
        folded=True,
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "lasso-by-minimize",
        "to see the lasso done by scipy's L-BFGS-B over θ⁺ − θ⁻ with bounds: zeros are exact",
        REGRESSION,
        path_of("lasso-by-minimize", lambda: LINEAR),
        lambda n, p, K: 0.5 + n * p * 2e-5,
        standardise=True,
        linear=True,
        lineup=False,
        penalties=("l1",),
        losses=("squared",),
        folded=True,
        minimiser="L-BFGS-B",
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "lasso-by-bfgs",
        "to see what not to do: scipy's BFGS on |θ| as it stands leaves no coefficient at zero",
        REGRESSION,
        path_of("lasso-by-bfgs", lambda: LINEAR),
        lambda n, p, K: 0.5 + n * p * (2e-5 + 1e-5 * p),
        standardise=True,
        linear=True,
        lineup=False,
        penalties=("l1",),
        losses=("squared",),
        folded=True,
        minimiser="BFGS",
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "logistic",
        "classes divided by a plane; well-calibrated probabilities, coefficients with a meaning",
        CLASSIFICATION,
        _logistic,
        lambda n, p, K: 8e-3 + n * p * (1.7e-7 + 1e-9 * p * (1 if K <= 2 else K * K)),
        {"lambda": _LAMBDA},
        standardise=True,
        linear=True,
        flexibility=("lambda", 100.0),
        penalties=ANY,
        losses=("logistic",),
        scale_free=True,
        negative=NO_MINIMUM,
    ),
)
