"""Support vector machines: classes divided by the events near the boundary."""

from __future__ import annotations

from typing import Any

from fivesigma.models.spaces import Range
from fivesigma.study.registry.kind import ModelKind, Parameter, Request
from fivesigma.study.registry.kinds.linear import ANY, path_of
from fivesigma.study.registry.kinds.parameters import BOTH, CLASSIFICATION, NO_MINIMUM, real


def _svm(ask: Request) -> Any:
    from sklearn.svm import SVC, SVR

    if ask.classifies:
        return SVC(**ask.params, cache_size=500)
    from fivesigma.models.scaled_target import ScaledTarget

    return ScaledTarget(SVR(**ask.params, cache_size=500))


MARGINS: tuple[ModelKind, ...] = (
    ModelKind(
        "svm",
        "smooth boundaries between classes in a few thousand events; slow beyond",
        BOTH,
        _svm,
        lambda n, p, K: 0.02 + 2e-9 * n * n * (p + 30) * (0.8 + 0.15 * K),
        {
            "C": real(1.0, 1e-6, 1e9, (1e-2, 1e3)),
            "gamma": Parameter("scale", Range(1e-12, 1e6, also=("scale",)), Range(1e-4, 1.0, log=True)),
        },
        standardise=True,
        flexibility=("C", 0.1),
        calibrated=True,
        negative=dict.fromkeys(BOTH, "its solver drops their events without a word"),
    ),
    ModelKind(
        "linear-svm",
        "classes divided by planes, by the squared hinge or the hinge: each against the rest, near the plane only",
        CLASSIFICATION,
        path_of("linear-svm", lambda: MARGINS),
        lambda n, p, K: (1.0 + n * p * (2e-5 + 2e-7 * p)) * (K if K > 2 else 1),
        standardise=True,
        calibrated=True,
        lineup=False,
        penalties=ANY,
        losses=("squared-hinge", "hinge"),
        folded=True,
        scale_free=True,
        negative=NO_MINIMUM,
    ),
)
