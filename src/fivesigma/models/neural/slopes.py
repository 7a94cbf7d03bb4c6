"""The derivative of a network's score by its standardised inputs, in plain NumPy and float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf, expit, softmax

from fivesigma._core.errors import InputError
from fivesigma.features.columns import matrix
from fivesigma.models.neural.answers import EnsembleClassifier, EnsembleRegressor
from fivesigma.models.neural.law import MixtureLaw
from fivesigma.models.neural.member import Layers
from fivesigma.models.neural.perceptron import MLPClassifier, MLPRegressor, Network

Array = NDArray[Any]
Answering = EnsembleClassifier | EnsembleRegressor
_ROOT_2PI = np.sqrt(2.0 * np.pi)

_VALUES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0.0),
    "tanh": np.tanh,
    "sigmoid": expit,
    "silu": lambda z: z * expit(z),
    "gelu": lambda z: 0.5 * z * (1.0 + erf(z / np.sqrt(2.0))),
    "softplus": lambda z: np.logaddexp(0.0, z),
}
_SLOPES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: (z > 0).astype(np.float64),
    "tanh": lambda z: 1.0 - np.tanh(z) ** 2,
    "sigmoid": lambda z: expit(z) * expit(-z),
    "silu": lambda z: expit(z) * (1.0 + z * expit(-z)),
    "gelu": lambda z: 0.5 * (1.0 + erf(z / np.sqrt(2.0))) + z * np.exp(-0.5 * z**2) / _ROOT_2PI,
    "softplus": expit,
}


class ScoreSlopes:
    """The score that integrated gradients explain of a fitted perceptron, and its derivative.

    Of a regression of one target the mean of the members in its unit; of classes the mean over members of the log odds
    of the last class, the signal.

    Parameters
    ----------
    model : fitted `MLPRegressor` or `MLPClassifier`

    Raises
    ------
    InputError
        For another model, or several targets.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)[:, None]
    >>> model = MLPRegressor((), optimiser="rprop", batch_size="full", early_stopping=False).fit(x, 3 * x[:, 0])
    >>> score = ScoreSlopes(model)
    >>> value, slope = score(score.inputs([[0.5]]))
    >>> value.round(3), (slope / x.std()).round(3)
    (array([1.5]), array([[3.]]))
    """

    def __init__(self, model: Any) -> None:
        if not isinstance(model, MLPClassifier | MLPRegressor):
            raise InputError(
                f"{type(model).__name__} is no network of ours; use permutation importance for it."
            )
        if isinstance(model, MLPRegressor) and len(model._targets.each) > 1:
            raise InputError("integrated gradients are of one target, and there are several; fit each alone.")
        self.model = model

    @property
    def scale(self) -> str:
        """What the score is in."""
        return scale_of(self.model)

    def inputs(self, X: ArrayLike) -> Array:
        """Return the standardised rows (n, p) of a table: the mean of the rows fitted to is 0."""
        return np.asarray(self.model._scale.rows(matrix(self.model, X)), dtype=np.float64)

    def __call__(self, Z: Array) -> tuple[Array, Array]:
        """Return the scores (n,) of standardised rows ``Z`` (n, p), and their derivatives by them (n, p)."""
        every = [self._of_member(network, Z) for network in self.model._networks]
        scores, slopes = (np.mean([each[k] for each in every], axis=0) for k in (0, 1))
        return scores, slopes

    def _of_member(self, network: Network, Z: Array) -> tuple[Array, Array]:
        layers = Layers(tuple(int(each) for each in network.sizes)).views(network.theta.astype(np.float64))
        inside, at = Z, []
        for W, b in layers:
            at.append(inside @ W.T + b)
            inside = _VALUES[network.activation](at[-1])
        score, slope = score_of(self.model, at[-1])
        for k in range(len(layers) - 1, -1, -1):
            slope = slope @ layers[k][0]
            if k > 0:
                slope = slope * _SLOPES[network.activation](at[k - 1])
        return score, slope


def scale_of(model: Answering) -> str:
    """Return what the score of a network is in."""
    return "log odds" if isinstance(model, EnsembleClassifier) else "prediction"


def score_of(model: Answering, outputs: Array, k: int = -1) -> tuple[Array, Array]:
    """Return the score (n,) of the outputs (n, m) of a member and its derivative by them; of classes that of ``k``."""
    if isinstance(model, EnsembleClassifier):
        return _log_odds(outputs, k)
    if model._law.name == "mixture":
        score, slope = _mean_of_mixture(model._components(outputs[None]), outputs)
    else:
        score, slope = outputs[:, 0], np.zeros_like(outputs)
        slope[:, 0] = 1.0
    targets = model._targets
    return targets.values(score[:, None])[:, 0], slope * targets.deviations[0]


def _log_odds(outputs: Array, k: int) -> tuple[Array, Array]:
    """Return ``o_k - ln Σ_{j≠k} exp o_j``, the logit itself where there is one, and its derivative."""
    if outputs.shape[1] == 1:
        return outputs[:, 0], np.ones_like(outputs)
    others = np.delete(outputs, k, axis=1)
    most = others.max(axis=1)
    score = outputs[:, k] - most - np.log(np.exp(others - most[:, None]).sum(axis=1))
    slope = np.ones_like(outputs)
    slope[:, np.arange(outputs.shape[1]) != k % outputs.shape[1]] = -softmax(others, axis=1)
    return score, slope


def _mean_of_mixture(law: MixtureLaw, outputs: Array) -> tuple[Array, Array]:
    """Return ``Σ_c w_c m_c`` (n,) of one target, and its derivative by logits, means and ln σ: (n, 3 C)."""
    w, m = law.weight[0, :, 0], law.centre[0, :, 0]
    mean = (w * m).sum(axis=1)
    return mean, np.column_stack([w * (m - mean[:, None]), w, np.zeros((len(outputs), w.shape[1]))])
