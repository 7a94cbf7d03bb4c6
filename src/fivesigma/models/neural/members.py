"""Sets on their way to a network: features of members and of pairs, standardised over the members that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.saved_state import SavedState
from fivesigma.features.scale import Scale
from fivesigma.models.neural.attention import N_PAIR
from fivesigma.models.neural.pixels import Batches, Pixels
from fivesigma.models.neural.rows import InputScale

Array = NDArray[Any]

_LEAST = 1e-8
"""Of what a logarithm is taken of, in units of what it is compared with: two members in one place are not infinite."""
_FEWEST = 2**16
"""Sets whose pairs tell the scale of these, at most."""


@dataclass(frozen=True, eq=False)
class SetScale:
    """Standard scores of the features of members, and of those of pairs, in the precision of a training.

    Attributes
    ----------
    each, pairs : of the features (f,), and of the four numbers of a pair; None without a momentum
    momentum : which features are pt, η, φ, m, or p_x, p_y, p_z, E; () for none
    cartesian : whether they are the latter
    """

    each: InputScale
    pairs: InputScale | None
    momentum: tuple[int, ...]
    cartesian: bool

    @classmethod
    def of(
        cls, pixels: Pixels, w: Array, momentum: Sequence[int], *, cartesian: bool, dtype: str
    ) -> SetScale:
        """Return the scale of sets with weights ``w`` (n,), of which none is 0."""
        X = pixels.held[pixels.at].astype(np.float64)
        there = np.asarray(~np.isnan(X).all(axis=2))
        of_member = np.broadcast_to(w[:, None], there.shape)[there]
        each = InputScale(Scale.of(X[there], of_member), dtype)
        if not momentum:
            return cls(each, None, (), cartesian)
        some = slice(0, _FEWEST)
        table = pair_features(X[some][..., list(momentum)], cartesian=cartesian)
        both = there[some, :, None] & there[some, None, :] & ~np.eye(X.shape[1], dtype=bool)
        of_pair = np.broadcast_to(w[some, None, None], both.shape)[both]
        if not both.any():
            table, both, of_pair = np.zeros((1, 1, 1, N_PAIR)), np.ones((1, 1, 1), bool), np.ones(1)
        return cls(each, InputScale(Scale.of(table[both], of_pair), dtype), tuple(momentum), cartesian)

    @property
    def dtype(self) -> str:
        """The precision of the training."""
        return self.each.dtype

    def rows(self, X: Any) -> Any:
        """Return the inputs (n, k, f + 1 + 4 k) of a network; of `Pixels` as `Batches`.

        A gap in a member that is there counts as the mean of its feature; the pair of a member with itself as zeros.
        """
        if isinstance(X, Pixels):
            return Batches(X, self)
        n, k, f = X.shape
        there = ~np.isnan(X).all(axis=2)
        found = np.zeros((n, k, f + 1 + (N_PAIR * k if self.pairs else 0)), dtype=self.dtype)
        found[..., :f] = self.each.rows(
            np.where(np.isnan(X), self.each.scale.centre, X).reshape(-1, f)
        ).reshape(n, k, f)
        found[..., :f][~there] = 0.0
        found[..., f] = there
        if self.pairs is not None:
            table = pair_features(X[..., list(self.momentum)].astype(np.float64), cartesian=self.cartesian)
            both = (
                there[:, :, None]
                & there[:, None, :]
                & ~np.eye(k, dtype=bool)
                & np.isfinite(table).all(axis=3)
            )
            of_pair = np.zeros(table.shape, dtype=self.dtype)
            if both.any():
                of_pair[both] = self.pairs.rows(table[both])
            found[..., f + 1 :] = of_pair.reshape(n, k, -1)
        return found

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        f = len(state.part("each", InputScale).scale.unit)
        state.truth("cartesian")
        known = isinstance(self.momentum, tuple | list) and len(self.momentum) in (0, 4)
        sound = known and all(type(i) is int and 0 <= i < f for i in self.momentum)
        state.expect(sound, "momentum", "the places of four features")
        state.expect(
            (self.pairs is None) == (not self.momentum), "pairs", "a scale of pairs where there is a momentum"
        )
        if self.pairs is not None:
            pairs = state.part("pairs", InputScale)
            state.expect(np.shape(pairs.scale.unit) == (N_PAIR,), "pairs", f"the scale of {N_PAIR} numbers")


def pair_features(p: Array, *, cartesian: bool = False) -> Array:
    """Return ln Δ, ln k_T, ln z and ln m² (n, k, k, 4) of all pairs of members with momenta ``p`` (n, k, 4).

    Δ² = Δy² + Δφ², k_T = min(p_T) Δ, z = min(p_T) / Σ p_T, m² = (E₁ + E₂)² - |p₁ + p₂|² (arXiv:2202.03772, eq. 3).
    m² alone is Lorentz-invariant; the others are so under boosts along z and rotations in φ. A logarithm is of no less
    than 10⁻⁸ of the pair's own scale.

    >>> back_to_back = np.array([[[30.0, 0.0, 0.0, 0.0], [30.0, 0.0, np.pi, 0.0]]])
    >>> np.exp(pair_features(back_to_back)[0, 0, 1]).round(2).tolist()
    [3.14, 94.25, 0.5, 3600.0]
    """
    px, py, pz, E, pt, y, phi = _kinematics(p, cartesian=cartesian)
    apart = (phi[:, :, None] - phi[:, None, :] + np.pi) % (2 * np.pi) - np.pi
    delta = np.hypot(y[:, :, None] - y[:, None, :], apart)
    least = np.minimum(pt[:, :, None], pt[:, None, :])
    total = pt[:, :, None] + pt[:, None, :]
    energy = E[:, :, None] + E[:, None, :]
    momentum2 = sum((a[:, :, None] + a[:, None, :]) ** 2 for a in (px, py, pz))
    m2 = energy**2 - momentum2
    with np.errstate(invalid="ignore", divide="ignore"):
        delta = np.maximum(delta, _LEAST)
        z = np.maximum(least / total, _LEAST)
        of_pair = [delta, np.maximum(least, _LEAST * total) * delta, z, np.maximum(m2, _LEAST * energy**2)]
        return np.stack([np.log(each) for each in of_pair], axis=-1)


def _kinematics(p: Array, *, cartesian: bool) -> tuple[Array, ...]:
    """Return p_x, p_y, p_z, E, p_T, rapidity and φ (n, k) of momenta (n, k, 4)."""
    a, b, c, d = np.moveaxis(p, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if cartesian:
            px, py, pz, E, pt, phi = a, b, c, d, np.hypot(a, b), np.arctan2(b, a)
        else:
            px, py, pz, pt, phi = a * np.cos(c), a * np.sin(c), a * np.sinh(b), a, c
            E = np.sqrt(d**2 + px**2 + py**2 + pz**2)
        return px, py, pz, E, pt, np.arcsinh(pz / np.sqrt(np.maximum(E**2 - pz**2, _LEAST * E**2))), phi
