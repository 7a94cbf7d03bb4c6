"""The quadratic model under a group penalty: exact block descent, then Newton's method on the live groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.linear.quadratic import factorise, solve
from fivesigma.risk.penalties import GroupL1

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def solve_group_model(
    H: Array, g: Array, z: Array, *, penalty: GroupL1, lam: float, tolerance: float
) -> Array:
    """Minimise ``gᵀ(x − z) + ½ (x − z)ᵀH(x − z) + λ Σ c_g ‖x_g‖`` over x, to a violation of ``tolerance``."""
    model = _GroupModel(H, g, z, penalty, lam)
    tolerance = max(tolerance, 1e-15 * float(np.abs(H).max(initial=0.0) * np.abs(z).max(initial=0.0) + lam))
    for turn in range(15):
        model.sweep(4 if turn < 5 else 20)
        for _ in range(3):
            if not model.newton():
                break
        if model.violation() <= tolerance:
            break
    return model.x


class _GroupModel:
    def __init__(self, H: Array, g: Array, z: Array, penalty: GroupL1, lam: float) -> None:
        self.H, self.q, self.x, self.penalty, self.lam = H, g.copy(), z.copy(), penalty, lam
        self.p = len(penalty.groups)
        self.members = penalty.members()
        self.cuts = [lam * weight for weight in penalty.weights]
        self.spectra = [np.linalg.eigh(H[np.ix_(m, m)]) for m in self.members]
        self.free: Index = np.arange(self.p, len(z))
        self.free_factor = factorise(H[np.ix_(self.free, self.free)]) if len(self.free) else None

    def violation(self) -> float:
        """Distance from optimality of the model at x."""
        p = self.p
        distance = self.penalty.distance(self.q[:p], self.x[:p], self.lam)
        return max(float(distance.max(initial=0.0)), float(np.abs(self.q[p:]).max(initial=0.0)))

    def _move(self, places: Index, change: Array) -> None:
        if np.any(change):
            self.x[places] += change
            self.q += self.H[:, places] @ change

    def sweep(self, times: int) -> None:
        """Minimise over each block in turn."""
        for _ in range(times):
            for members, cut, spectrum in zip(self.members, self.cuts, self.spectra, strict=True):
                old = self.x[members]
                pull = (spectrum[1] * spectrum[0]) @ (spectrum[1].T @ old) - self.q[members]
                self._move(members, _block_minimum(spectrum, pull, cut) - old)
            if self.free_factor is not None:
                self._move(self.free, -solve(self.free_factor, self.q[self.free]))

    def newton(self) -> bool:
        """One Newton step on the live groups and the free coordinates; kept if it improves."""
        live = [(m, cut) for m, cut in zip(self.members, self.cuts, strict=True) if np.any(self.x[m])]
        places = np.concatenate([*(m for m, _ in live), self.free]).astype(np.int64)
        if not len(places):
            return False
        slope, J, at = self.q[places].copy(), self.H[np.ix_(places, places)], 0
        for members, cut in live:
            norm = float(np.linalg.norm(self.x[members]))
            unit = self.x[members] / norm
            block = slice(at, at + len(members))
            slope[block] += cut * unit
            J[block, block] += cut / norm * (np.eye(len(members)) - np.outer(unit, unit))
            at += len(members)
        before, x, q = self.violation(), self.x.copy(), self.q.copy()
        self._move(places, -solve(factorise(J), slope))
        if self.violation() < before:
            return True
        self.x, self.q = x, q
        return False


def _block_minimum(spectrum: tuple[Array, Array], pull: Array, cut: float) -> Array:
    """Minimise ``½ xᵀSx − pullᵀx + cut ‖x‖``: with r = ‖x‖, ``x = (S + cut/r)⁻¹ pull``; r by Newton's method.

    r solves ``Σ (v_i / (s_i r + cut))² = 1``, v in the eigenbasis of S.
    """
    values, vectors = spectrum
    values = np.maximum(values, 1e-12 * max(float(values.max(initial=0.0)), 1e-300))
    v = vectors.T @ pull
    if float(np.linalg.norm(v)) <= cut:
        return np.zeros(len(pull))
    r = 0.0
    for _ in range(100):
        terms = v / (values * r + cut)
        norm = float(np.linalg.norm(terms))
        # the root of 1/‖·‖ − 1, which is nearly linear in r
        slope = float((terms**2 * values / (values * r + cut)).sum()) / norm**3
        new = r + (1.0 - 1.0 / norm) / slope
        if abs(new - r) <= 1e-15 * new:
            break
        r = new
    if r <= 0:
        return np.zeros(len(pull))
    result: Array = vectors @ (v / (values + cut / r))
    return result
