"""A network for sets: members that attend to one another by what pairs of them are like, then their mean.

x_i ← σ(W x_i + b) takes each member in; in each layer x ← x + A v W_o, where A_ij is the softmax over the members j
that are there of q_i · k_j / √d + u(p_ij), and x ← x + W_2 σ(W_1 x). The p_ij are ln Δ, ln k_T, ln z and ln m² of the
pair where a four-momentum is known (Qu, Li & Qian 2022, arXiv:2202.03772, eq. 3), and u is a layer of them. The mean
over the members that are there, with the logarithm of their number, goes through one more layer. σ is SiLU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fivesigma._core.random import generator
from fivesigma._core.saved_state import SavedState
from fivesigma.models.neural.member import Array

WIDEST, DEEPEST, MOST_HEADS = 4096, 64, 64
N_PAIR = 4
"""Numbers that a pair of members is described by."""
_NUMBERS, _ROWS = 2**20, 64


@dataclass(frozen=True)
class Attentive:
    """The sizes of the network.

    Attributes
    ----------
    n_features : of a member
    n_pair : numbers of a pair, 0 or 4
    n_outputs : o
    width : d of what stands for a member
    n_layers : of attention
    n_heads : that share the width between them

    An event is k rows (k, n_features + 1 + k n_pair): standardised features, whether a member is there, and its pairs.

    >>> Attentive(4, 0, 1, width=8, n_layers=1, n_heads=2).n_parameters
    553
    """

    n_features: int
    n_pair: int
    n_outputs: int
    width: int = 32
    n_layers: int = 2
    n_heads: int = 4

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and the shape of each part of the parameters, in their order."""
        d, found = self.width, {"W": (self.n_features, self.width), "b": (self.width,)}
        if self.n_pair:
            found |= {"P": (self.n_pair, d), "p": (d,)}
        for layer in range(self.n_layers):
            found |= {f"Q{layer}": (d, 3 * d), f"q{layer}": (3 * d,), f"O{layer}": (d, d)}
            if self.n_pair:
                found[f"U{layer}"] = (d, self.n_heads)
            found |= {f"F{layer}": (d, d), f"f{layer}": (d,), f"G{layer}": (d, d), f"g{layer}": (d,)}
        found |= {"hidden": (d + 1, d), "offset": (d,)}
        return found | {"out": (d, self.n_outputs), "bias": (self.n_outputs,)}

    @property
    def n_parameters(self) -> int:
        """How many numbers there are to learn."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def widest(self) -> int:
        """The most numbers that stand for a member on its way."""
        return 4 * self.width

    @property
    def at_once(self) -> int:
        """How many events go through it at a time."""
        return max(1, _NUMBERS // (32 * self.widest))

    def parts(self, theta: Any) -> dict[str, Any]:
        """Return the parts as views of ``theta`` (P,), an array or a tensor."""
        found, place = {}, 0
        for name, shape in self.shapes.items():
            found[name] = theta[place : place + math.prod(shape)].reshape(shape)
            place += math.prod(shape)
        return found

    def drawn(self, seed: int) -> Array:
        """Return parameters (P,) to begin with: uniform within ±√(3/n_in); what a layer adds, and offsets, is 0."""
        rng, theta = generator(seed, "network"), np.zeros(self.n_parameters)
        for name, part in self.parts(theta).items():
            if part.ndim > 1 and name[0] not in "OG":
                part[:] = rng.uniform(-1.0, 1.0, part.shape) * math.sqrt(3.0 / part.shape[0])
        return theta

    def varied(self, X: Any, rng: np.random.Generator) -> Any:
        """Return ``X``: nothing is varied."""
        return X

    def outputs(self, parts: dict[str, Any], X: Any) -> Any:
        """Return the outputs (n, o) for events X (n, k, n_features + 1 + k n_pair), tensors all."""
        import torch

        silu = torch.nn.functional.silu
        there = X[..., self.n_features]
        x = silu(X[..., : self.n_features] @ parts["W"] + parts["b"])
        pairs = self._pairs(parts, X)
        absent = torch.where(there > 0, 0.0, -torch.inf)[:, None, None, :]
        for layer in range(self.n_layers):
            bias = absent
            if pairs is not None:
                bias = bias + (pairs @ parts[f"U{layer}"]).movedim(3, 1)
            x = x + self._attended(parts, layer, _normed(x), bias)
            h = silu(_normed(x) @ parts[f"F{layer}"] + parts[f"f{layer}"])
            x = x + h @ parts[f"G{layer}"] + parts[f"g{layer}"]
        n = there.sum(1, keepdim=True)
        mean = (x * there[..., None]).sum(1) / n
        h = silu(torch.cat([mean, n.log()], 1) @ parts["hidden"] + parts["offset"])
        return h @ parts["out"] + parts["bias"]

    def _pairs(self, parts: dict[str, Any], X: Any) -> Any:
        """Return what stands for the pairs (n, k, k, d); None without them."""
        import torch

        if not self.n_pair:
            return None
        k = X.shape[1]
        of_pair = X[..., self.n_features + 1 :].reshape(len(X), k, k, self.n_pair)
        return torch.nn.functional.silu(of_pair @ parts["P"] + parts["p"])

    def _attended(self, parts: dict[str, Any], layer: int, x: Any, bias: Any) -> Any:
        n, k, d = x.shape
        qkv = (x @ parts[f"Q{layer}"] + parts[f"q{layer}"]).reshape(n, k, 3, self.n_heads, d // self.n_heads)
        q, key, v = qkv.permute(2, 0, 3, 1, 4)
        share = (q @ key.mT / math.sqrt(d // self.n_heads) + bias).softmax(-1)
        return (share @ v).transpose(1, 2).reshape(n, k, d) @ parts[f"O{layer}"]

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.count("n_features", 1, 2**20)
        state.count("n_outputs", 1, 2**20)
        state.expect(state.count("n_pair", 0, N_PAIR) in (0, N_PAIR), "n_pair", f"0 or {N_PAIR}")
        state.count("n_layers", 0, DEEPEST)
        heads = state.count("n_heads", 1, MOST_HEADS)
        state.expect(state.count("width", 1, WIDEST) % heads == 0, "width", f"a multiple of {heads} heads")


def _normed(x: Any) -> Any:
    """Return members of mean 0 and variance 1 over their own numbers."""
    import torch

    return torch.nn.functional.layer_norm(x, x.shape[-1:])


@dataclass(frozen=True, eq=False)
class AttentiveNetwork:
    """A trained network: its shape and its parameters (P,); it answers in float64, a row alike in any company."""

    shape: Attentive
    theta: Array

    @property
    def n_out(self) -> int:
        """The number of outputs."""
        return self.shape.n_outputs

    def outputs(self, X: Array) -> Array:
        """Return the outputs (n, o) for events as `Attentive` has them."""
        import torch

        with torch.no_grad():
            parts = self.shape.parts(torch.from_numpy(self.theta).double())
            found = [
                self.shape.outputs(parts, torch.from_numpy(X[start : start + _ROWS]).double())
                for start in range(0, len(X), _ROWS)
            ]
        return np.asarray(torch.cat(found).numpy())

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        shape = state.part("shape", Attentive)
        state.floats("theta", (shape.n_parameters,), dtype=np.float32)
