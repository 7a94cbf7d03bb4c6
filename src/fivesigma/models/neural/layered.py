"""Perceptrons of one shape as one tensor of parameters, in PyTorch: their losses, and the slopes of these."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from fivesigma.models.neural.member import Layers, Member
from fivesigma.models.neural.tensorlosses import Function, function_of, slope_of


class Body(Protocol):
    """M members of one shape, whose parameters are the tensor ``theta`` (M, P) that it was made with.

    ``widest`` is the most numbers that stand for a row of a member on its way.
    """

    widest: int

    def losses(self, X: Any, T: Any, w: Any) -> Any:
        """Return Σ w loss (M,) of events X (M, B, p), T (M, B, t), w (M, B); nothing is remembered."""

    def slopes(self, X: Any, T: Any, w: Any, slope: Any) -> Any:
        """Return the same, and set ``slope`` (M, P) to the derivatives of Σ w loss / B by the parameters."""

    def epoch(self, number: int) -> AbstractContextManager[None]:
        """Return what surrounds the steps of an epoch."""


class Perceptrons:
    """The `Body` of perceptrons.

    A layer is a product of batches of matrices, and its slope two; autograd is left with the losses that are laws,
    since on small tensors it costs more than what it differentiates.
    """

    def __init__(self, members: Sequence[Member], theta: Any) -> None:
        assert isinstance(members[0].layers, Layers)
        self.layers = members[0].layers
        self.widest = max(self.layers.sizes)
        both: list[Any] = list(self.layers.views(theta))
        self.weights = [(W, W.mT, b.unsqueeze(1)) for W, b in both]
        self.activate, self.slope_of_activation = _table()[members[0].activation]
        self.loss, self._slope = function_of(members[0].loss), slope_of(members[0].loss)
        self.slope_of_weights: tuple[Any, list[Any]] = (None, [])

    def losses(self, X: Any, T: Any, w: Any) -> Any:
        """Return Σ w loss (M,); see `Body`."""
        return (self.loss(self._outputs(X, []), T) * w).sum(-1)

    def slopes(self, X: Any, T: Any, w: Any, slope: Any) -> Any:
        """Return Σ w loss (M,) and set ``slope``; see `Body`."""
        passed: list[tuple[Any, Any, Any]] = []
        outputs = self._outputs(X, passed)
        per_event = self._slope(outputs, T) if self._slope else _by_autograd(self.loss, outputs, T)
        self._back(per_event * (w / X.shape[1]).unsqueeze(-1), passed, slope)
        return (self.loss(outputs, T) * w).sum(-1)

    def epoch(self, number: int) -> AbstractContextManager[None]:
        """Nothing is left to chance; see `Body`."""
        return nullcontext()

    def _outputs(self, X: Any, passed: list[tuple[Any, Any, Any]]) -> Any:
        """Return the outputs (M, B, k), and append of each layer what came in, its sums, and their activations."""
        last = len(self.weights) - 1
        for i, (_, W, b) in enumerate(self.weights):
            at = b.baddbmm(X, W)
            out = self.activate(at) if i < last else at
            passed.append((X, at, out))
            X = out
        return X

    def _back(self, by: Any, passed: list[tuple[Any, Any, Any]], slope: Any) -> None:
        """Fill ``slope`` from the slope ``by`` (M, B, k) of the outputs."""
        if self.slope_of_weights[0] is not slope:
            self.slope_of_weights = slope, self.layers.views(slope)
        for i in reversed(range(len(passed))):
            X, at, out = passed[i]
            if i < len(passed) - 1:
                by = self.slope_of_activation(by, at, out)
            dW, db = self.slope_of_weights[1][i]
            dW.copy_(by.mT.bmm(X))
            db.copy_(by.sum(1))
            if i:
                by = by.bmm(self.weights[i][0])


def _by_autograd(loss: Function, outputs: Any, T: Any) -> Any:
    import torch

    with torch.enable_grad():
        leaf = outputs.detach().requires_grad_()
        return torch.autograd.grad(loss(leaf, T).sum(), leaf)[0]


def _table() -> dict[str, Any]:
    """Return of each activation its function, and its slope from (slope behind it, sums, their activations)."""
    import torch

    aten = torch.ops.aten
    return {
        "relu": (torch.relu, lambda by, at, out: aten.threshold_backward(by, at, 0)),
        "tanh": (torch.tanh, lambda by, at, out: aten.tanh_backward(by, out)),
        "sigmoid": (torch.sigmoid, lambda by, at, out: aten.sigmoid_backward(by, out)),
        "silu": (torch.nn.functional.silu, lambda by, at, out: aten.silu_backward(by, at)),
        "gelu": (torch.nn.functional.gelu, lambda by, at, out: aten.gelu_backward(by, at)),
        "softplus": (
            lambda at: torch.relu(at) + torch.log1p(torch.exp(-at.abs())),
            lambda by, at, out: by * torch.sigmoid(at),
        ),
    }
