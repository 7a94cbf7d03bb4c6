"""The losses of `lossfunctions` in PyTorch, and the derivatives of those that are differentiated by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from fivesigma.models.neural import lossfunctions as codes
from fivesigma.models.neural.losses import Loss

Function = Callable[[Any, Any], Any]
"""Of outputs (..., B, k) and truth (..., B, t): the losses (..., B) of the events, or their slopes (..., B, k)."""

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


def function_of(loss: Loss) -> Function:
    """Return the function of ``loss``."""
    found = _FUNCTIONS[loss.code]
    return partial(found, loss.setting) if loss.code in _WITH_SETTING else found


def slope_of(loss: Loss) -> Function | None:
    """Return the derivative (..., B, k) of ``loss`` by the outputs; None where it is left to autograd.

    Autograd costs a small network more than all its products of matrices.
    """
    found = _SLOPES.get(loss.code)
    return partial(found, loss.setting) if found is not None and loss.code in _WITH_SETTING else found


def _squared(o: Any, t: Any) -> Any:
    return (o - t).square().mean(-1)


def _absolute(o: Any, t: Any) -> Any:
    return (o - t).abs().mean(-1)


def _huber(threshold: float, o: Any, t: Any) -> Any:
    import torch

    r = o - t
    far = threshold * r.abs() - 0.5 * threshold * threshold
    return torch.where(r.abs() <= threshold, 0.5 * r * r, far).mean(-1)


def _quantile(level: float, o: Any, t: Any) -> Any:
    r = o - t
    return ((1.0 - level) * r.relu() + level * (-r).relu()).mean(-1)


def _binary(o: Any, t: Any) -> Any:
    from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

    return cross_entropy(o[..., 0], t[..., 0], reduction="none")


def _softmax(o: Any, t: Any) -> Any:
    return o.logsumexp(-1) - o.gather(-1, t.long())[..., 0]


def _hinge(o: Any, t: Any) -> Any:
    import torch

    inside = t > 0 if o.shape[-1] == 1 else t == torch.arange(o.shape[-1], device=o.device)
    return (1.0 - torch.where(inside, 1.0, -1.0) * o).relu().mean(-1)


def _gaussian(o: Any, t: Any) -> Any:
    mean, s = o.split(t.shape[-1], dim=-1)
    s = s.clamp(min=codes.LEAST_LOG)
    z = (mean - t) * (-s).exp()
    return (s + 0.5 * z * z + _HALF_LOG_2PI).mean(-1)


def _mixture(setting: float, o: Any, t: Any) -> Any:
    parts = o.unflatten(-1, (t.shape[-1], 3, int(setting)))
    logit, mean, s = parts.unbind(-2)
    s = s.clamp(min=codes.LEAST_LOG)
    z = (mean - t.unsqueeze(-1)) * (-s).exp()
    log = logit - s - 0.5 * z * z
    return (logit.logsumexp(-1) - log.logsumexp(-1) + _HALF_LOG_2PI).mean(-1)


def _slope_of_squared(o: Any, t: Any) -> Any:
    return (o - t).mul_(2.0 / o.shape[-1])


def _slope_of_absolute(o: Any, t: Any) -> Any:
    return (o - t).sign_().div_(o.shape[-1])


def _slope_of_huber(threshold: float, o: Any, t: Any) -> Any:
    return (o - t).clamp_(-threshold, threshold).div_(o.shape[-1])


def _slope_of_quantile(level: float, o: Any, t: Any) -> Any:
    r = o - t
    return ((r > 0) * (1.0 - level) - (r < 0) * level).to(o.dtype).div_(o.shape[-1])


def _slope_of_binary(o: Any, t: Any) -> Any:
    return o.sigmoid().sub_(t)


def _slope_of_softmax(o: Any, t: Any) -> Any:
    share = o.softmax(-1)
    return share.scatter_add_(-1, t.long(), -share.new_ones(t.shape))


def _slope_of_hinge(o: Any, t: Any) -> Any:
    import torch

    inside = t > 0 if o.shape[-1] == 1 else t == torch.arange(o.shape[-1], device=o.device)
    sign = inside.to(o.dtype).mul_(2.0).sub_(1.0)
    return (sign * o < 1.0).to(o.dtype).mul_(sign).div_(-o.shape[-1])


_FUNCTIONS: dict[int, Any] = {
    codes.SQUARED: _squared,
    codes.ABSOLUTE: _absolute,
    codes.HUBER: _huber,
    codes.QUANTILE: _quantile,
    codes.BINARY: _binary,
    codes.SOFTMAX: _softmax,
    codes.HINGE: _hinge,
    codes.GAUSSIAN: _gaussian,
    codes.MIXTURE: _mixture,
}
_WITH_SETTING = (codes.HUBER, codes.QUANTILE, codes.MIXTURE)
_SLOPES: dict[int, Any] = {
    codes.SQUARED: _slope_of_squared,
    codes.ABSOLUTE: _slope_of_absolute,
    codes.HUBER: _slope_of_huber,
    codes.QUANTILE: _slope_of_quantile,
    codes.BINARY: _slope_of_binary,
    codes.SOFTMAX: _slope_of_softmax,
    codes.HINGE: _slope_of_hinge,
}
