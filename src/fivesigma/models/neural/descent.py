"""One step of an optimiser on all members of a stack, in PyTorch: the formulas and the memory of `steps`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fivesigma.models.neural.member import Optimiser
from fivesigma.models.neural.steps import LONGEST, SHORTEST

_SECOND, _EPSILON, _ADAGRAD_EPSILON = 0.999, 1e-8, 1e-10


@dataclass(frozen=True, eq=False)
class Descent:
    """An optimiser of M members: what they share, and columns (M, 1) of what each has for itself.

    Attributes
    ----------
    name, momentum, nesterov : see `fivesigma.models.neural.member.Optimiser`
    decay, clip : (M, 1), or None where no member has any
    """

    name: str
    momentum: float
    nesterov: bool
    decay: Any
    clip: Any

    @classmethod
    def of(cls, optimisers: Sequence[Optimiser], like: Any) -> Descent:
        """Return the optimiser of a stack whose tensors are ``like`` this one."""
        decays, clips = [each.weight_decay for each in optimisers], [each.clip for each in optimisers]
        most = [clip if clip > 0 else float("inf") for clip in clips]
        first = optimisers[0]
        return cls(
            first.name,
            first.momentum,
            first.nesterov,
            like.new_tensor(decays)[:, None] if any(decays) else None,
            like.new_tensor(most)[:, None] if any(clips) else None,
        )

    def step(self, rate: Any, t: int, theta: Any, slope: Any, memory: tuple[Any, Any]) -> None:
        """Move ``theta`` (M, P) by step number ``t`` (from 1) down the ``slope`` (M, P), which is changed.

        ``rate`` is (M, 1); ``memory`` are two arrays (M, P), zeros before the first step.
        """
        if self.clip is not None:
            slope.mul_((self.clip / (slope.norm(dim=1, keepdim=True) + 1e-6)).clamp_(max=1.0))
        if self.decay is not None and self.name == "adamw":
            theta.mul_(1.0 - rate * self.decay)
        elif self.decay is not None:
            slope.addcmul_(theta, self.decay)
        _STEPS[self.name](self, rate, t, theta, slope, *memory)

    def _sgd(self, rate: Any, t: int, theta: Any, slope: Any, velocity: Any, _: Any) -> None:
        if t > 1 and self.momentum > 0:
            velocity.mul_(self.momentum).add_(slope)
        else:
            velocity.copy_(slope)
        if self.nesterov:
            slope.add_(velocity, alpha=self.momentum)
        theta.addcmul_(slope if self.nesterov else velocity, rate, value=-1.0)

    def _rprop(self, rate: Any, t: int, theta: Any, slope: Any, last: Any, length: Any) -> None:
        import torch

        if t == 1:
            length.copy_(rate.expand_as(length))
        along = slope * last
        turned = along < 0
        shorter = torch.where(turned, length * 0.5, length)
        torch.where(along > 0, length * 1.2, shorter, out=length).clamp_(SHORTEST, LONGEST)
        last.copy_(slope.masked_fill_(turned, 0.0))
        theta.addcmul_(slope.sign_(), length, value=-1.0)

    def _adagrad(self, rate: Any, t: int, theta: Any, slope: Any, _: Any, squares: Any) -> None:
        squares.addcmul_(slope, slope)
        theta.addcdiv_(slope.mul_(rate), squares.sqrt().add_(_ADAGRAD_EPSILON), value=-1.0)

    def _adam(self, rate: Any, t: int, theta: Any, slope: Any, first: Any, second: Any) -> None:
        first.mul_(self.momentum).add_(slope, alpha=1.0 - self.momentum)
        second.mul_(_SECOND).addcmul_(slope, slope, value=1.0 - _SECOND)
        below = second.sqrt().div_((1.0 - _SECOND**t) ** 0.5).add_(_EPSILON)
        theta.addcdiv_(first * (rate / (1.0 - self.momentum**t)), below, value=-1.0)


_STEPS: dict[str, Any] = {
    "sgd": Descent._sgd,
    "rprop": Descent._rprop,
    "adagrad": Descent._adagrad,
    "adam": Descent._adam,
    "adamw": Descent._adam,
}
