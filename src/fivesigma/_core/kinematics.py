"""Four-vectors of events, and what is read off them; definitions and sources: ``docs/kinematics.md``.

Momenta and energies are in one unit, angles in radians, c = 1, the metric is (+, −, −, −). A missing component (NaN)
makes missing whatever is computed from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.errors import InputError

Floats = NDArray[np.float64]

FULL_CIRCLE, MOST_OF_A_CIRCLE = 360.0, 300.0
"""Degrees of a circle, and of what goes around it but for a gap."""


@dataclass(frozen=True, eq=False)
class FourVector:
    """One four-vector an event.

    Parameters
    ----------
    px, py, pz, energy : (n,) components
    mass_squared : (n,) E² − p², as exactly as it is known: of (pt, eta, phi, mass) that of the given mass
    parts : the vectors that it is a sum of, each with its sign; () of one that is no sum
    transverse : whether it has no component along the beam, as missing transverse momentum; where a number is
        needed it is its magnitude

    >>> a = FourVector.polar([45.0], [0.0], [0.0], mass=[0.0])
    >>> b = FourVector.polar([45.0], [0.0], [np.pi], mass=[0.0])
    >>> (a + b).mass, a.deltaphi(b)
    (array([90.]), array([3.14159265]))
    """

    px: Floats
    py: Floats
    pz: Floats
    energy: Floats
    mass_squared: Floats
    parts: tuple[tuple[int, FourVector], ...] = field(default=(), repr=False)
    transverse: bool = False

    @classmethod
    def cartesian(cls, px: ArrayLike, py: ArrayLike, pz: ArrayLike, energy: ArrayLike) -> FourVector:
        """Make vectors of ``px, py, pz, E``, each (n,)."""
        x, y, z, e = (np.asarray(each, dtype=np.float64) for each in (px, py, pz, energy))
        p = _length(x, y, z)
        return cls(x, y, z, e, (e - p) * (e + p))

    @classmethod
    def polar(
        cls,
        pt: ArrayLike,
        eta: ArrayLike,
        phi: ArrayLike,
        *,
        mass: ArrayLike | None = None,
        energy: ArrayLike | None = None,
    ) -> FourVector:
        """Make vectors of ``pt, eta, phi`` and the mass or the energy, each (n,); massless where neither is given."""
        t, h, f = (np.asarray(each, dtype=np.float64) for each in (pt, eta, phi))
        with np.errstate(all="ignore"):
            p, z = t * np.cosh(h), t * np.sinh(h)
            if energy is not None:
                e = np.asarray(energy, dtype=np.float64)
                return cls(t * np.cos(f), t * np.sin(f), z, e, (e - p) * (e + p))
            m = np.zeros_like(t) if mass is None else np.asarray(mass, dtype=np.float64)
            e = np.sqrt(np.maximum(p * p + m * np.abs(m), 0.0))
            return cls(t * np.cos(f), t * np.sin(f), z, e, m * np.abs(m))

    @classmethod
    def in_plane(cls, px: ArrayLike, py: ArrayLike) -> FourVector:
        """Make massless vectors across the beam, such as missing transverse momentum, of ``px, py``, each (n,)."""
        x, y = (np.asarray(each, dtype=np.float64) for each in (px, py))
        zero = np.zeros_like(x)
        return cls(x, y, zero, np.hypot(x, y), zero, transverse=True)

    def __len__(self) -> int:
        return len(self.px)

    def __add__(self, other: FourVector) -> FourVector:
        return self._joined(other, 1)

    def __sub__(self, other: FourVector) -> FourVector:
        return self._joined(other, -1)

    def _joined(self, other: FourVector, sign: int) -> FourVector:
        parts = (*self._signed(1), *other._signed(sign))
        pairs = zip(self._components, other._components, strict=True)
        px, py, pz, energy = (one + sign * two for one, two in pairs)
        return FourVector(px, py, pz, energy, _mass_squared(parts), parts)

    def _signed(self, sign: int) -> tuple[tuple[int, FourVector], ...]:
        return tuple((sign * s, part) for s, part in self.parts) or ((sign, self),)

    @property
    def _components(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.px, self.py, self.pz, self.energy

    def each(self, change: Callable[[Floats], Floats]) -> FourVector:
        """Return the vectors whose arrays are what ``change`` makes of them: a choice, or copies of events."""
        px, py, pz, energy, square = map(change, (*self._components, self.mass_squared))
        parts = tuple((sign, part.each(change)) for sign, part in self.parts)
        return FourVector(px, py, pz, energy, square, parts, self.transverse)

    @cached_property
    def p(self) -> Floats:
        """Length of the momentum, ``√(px² + py² + pz²)``."""
        return _length(self.px, self.py, self.pz)

    @property
    def mass(self) -> Floats:
        """``√(E² − p²)``; of a negative square ``−√(p² − E²)``, as ROOT and scikit-hep's vector have it."""
        return np.copysign(np.sqrt(np.abs(self.mass_squared)), self.mass_squared)

    @property
    def pt(self) -> Floats:
        """Transverse momentum, ``√(px² + py²)``."""
        return np.hypot(self.px, self.py)

    @property
    def phi(self) -> Floats:
        """Azimuth in (−π, π], ``atan2(py, px)``."""
        return wrapped(np.arctan2(self.py, self.px))

    @property
    def eta(self) -> Floats:
        """Pseudorapidity, ``asinh(pz / pt)``: ±∞ along the beam, missing of no momentum."""
        with np.errstate(all="ignore"):
            return np.arcsinh(self.pz / self.pt)

    @property
    def rapidity(self) -> Floats:
        """``½ ln((E + pz) / (E − pz))``, computed as ``sign(pz) ln((E + |pz|) / √(m² + pt²))``."""
        with np.errstate(all="ignore"):
            across = np.sqrt(self.mass_squared + self.pt**2)
            return np.copysign(np.log((self.energy + np.abs(self.pz)) / across), self.pz)

    @property
    def transverse_mass(self) -> Floats:
        """``√(E² − pz²) = √(m² + pt²)``, negative of a negative square."""
        square = self.mass_squared + self.pt**2
        return np.copysign(np.sqrt(np.abs(square)), square)

    @property
    def costheta(self) -> Floats:
        """Cosine of the polar angle, ``pz / p``; missing of no momentum."""
        with np.errstate(all="ignore"):
            return self.pz / self.p

    def deltaphi(self, other: FourVector) -> Floats:
        """Azimuth of this vector less that of the ``other``, in (−π, π]."""
        return wrapped(self.phi - other.phi)

    def deltaR(self, other: FourVector) -> Floats:
        """``√(Δη² + Δφ²)``, in pseudorapidity."""
        with np.errstate(all="ignore"):
            return np.hypot(self.eta - other.eta, self.deltaphi(other))

    def angle_to(self, other: FourVector) -> Floats:
        """Cosine of the angle between the momenta."""
        with np.errstate(all="ignore"):
            return np.clip(_dot(self, other) / (self.p * other.p), -1.0, 1.0)

    def transverse_mass_with(self, other: FourVector) -> Floats:
        """``√((E_T1 + E_T2)² − |p_T1 + p_T2|²)`` with ``E_T² = m² + pt²``.

        Of massless ones ``√(2 pt1 pt2 (1 − cos Δφ))``. Review of Particle Physics, Kinematics.
        """
        flat = [replace(_flat(each), parts=()) for each in (self, other)]
        return (flat[0] + flat[1]).mass

    def seen_from(self, frame: FourVector) -> FourVector:
        """Return this vector in the rest frame of ``frame``; missing where that is not slower than light.

        ``E' = (E E_f − p·p_f) / m_f``, ``p' = p − p_f (E + E') / (E_f + m_f)``. Jackson, Classical
        Electrodynamics, 11.3.
        """
        with np.errstate(all="ignore"):
            m = np.sqrt(np.where(frame.mass_squared > 0, frame.mass_squared, np.nan))
            energy = _product(self, frame) / m
            along = (self.energy + energy) / (frame.energy + m)
            px, py, pz = (
                own - along * its
                for own, its in zip(self._components[:3], frame._components[:3], strict=True)
            )
        return FourVector(px, py, pz, energy, self.mass_squared + 0.0 * energy)


def wrapped(angle: Floats, half: float = np.pi) -> Floats:
    """Return angles in (−half, half]; one that is there already keeps every digit.

    >>> wrapped(np.array([3.0, -np.pi, 7.0])).round(4).tolist()
    [3.0, 3.1416, 0.7168]
    """
    outside = (angle > half) | (angle <= -half)
    if not outside.any():
        return angle
    turned = half - np.mod(half - angle, 2 * half)
    return np.where(outside, np.where(turned <= -half, half, turned), angle)


def like_degrees(angle: Floats) -> bool:
    """Whether numbers go around a circle about once in degrees: from -180 to 180 or from 0 to 360, or nearly so.

    >>> like_degrees(np.linspace(-179.0, 179.5, 50)), like_degrees(np.linspace(-3.1, 3.1, 50))
    (True, False)
    """
    known = angle[np.isfinite(angle)]
    if not known.size:
        return False
    low, high = float(known.min()), float(known.max())
    return high - low > MOST_OF_A_CIRCLE and any(
        low >= first and high <= first + FULL_CIRCLE for first in (-FULL_CIRCLE / 2, 0.0)
    )


def missing_momentum(vectors: Sequence[FourVector]) -> FourVector:
    """Return ``−Σ p_T`` of what was seen: the missing transverse momentum."""
    return FourVector.in_plane(-sum(each.px for each in vectors), -sum(each.py for each in vectors))


def _length(x: Floats, y: Floats, z: Floats) -> Floats:
    return np.hypot(np.hypot(x, y), z)


def _flat(vector: FourVector) -> FourVector:
    """Return a vector without its part along the beam, of the same mass."""
    square = vector.mass_squared + vector.pt**2
    zero = np.zeros_like(vector.px)
    return FourVector(
        vector.px, vector.py, zero, np.sqrt(np.maximum(square, 0.0)), vector.mass_squared + zero
    )


def _dot(a: FourVector, b: FourVector) -> Floats:
    return a.px * b.px + a.py * b.py + a.pz * b.pz


def _product(a: FourVector, b: FourVector) -> Floats:
    """Return ``E_a E_b − p_a·p_b`` without the cancellation of two light vectors that are nearly parallel.

    ``(m_a² E_b² + m_b² p_a²) / (E_a E_b + p_a p_b) + ½ p_a p_b |n_a − n_b|²`` with unit vectors n.
    """
    with np.errstate(all="ignore"):
        below, lengths = a.energy * b.energy + a.p * b.p, a.p * b.p
        light = (a.mass_squared * b.energy**2 + b.mass_squared * a.p**2) / below
        apart = [own / a.p - its / b.p for own, its in zip(a._components[:3], b._components[:3], strict=True)]
        stable = light + 0.5 * lengths * sum(each**2 for each in apart)
    plain = a.energy * b.energy - _dot(a, b)
    usable = (a.energy > 0) & (b.energy > 0) & (lengths > 0) & np.isfinite(stable)
    return np.where(usable, stable, plain)


def _mass_squared(parts: Sequence[tuple[int, FourVector]]) -> Floats:
    """Return the square of the mass of a sum: ``Σ m_i² + 2 Σ_{i<j} s_i s_j p_i·p_j``."""
    found = reduce(np.add, (part.mass_squared for _, part in parts))
    for i, (sign, part) in enumerate(parts):
        for other, its in parts[i + 1 :]:
            found = found + 2.0 * sign * other * _product(part, its)
    return found


POLAR, CARTESIAN, PLANE = "polar", "cartesian", "in the plane"
"""What components may be."""


def components_of(names: Sequence[str]) -> tuple[str, str]:
    """Return what the names of components say: (polar, mass | energy | massless), (cartesian, energy) or (plane, ...).

    Names are told by their ends, whatever their case and the numbers after them; ``fP.fX`` and ``fE`` are ROOT's.

    Raises
    ------
    InputError
        If they are neither (pt, eta, phi, mass or energy), (px, py, pz, energy), (pt, phi) nor (px, py).

    >>> components_of(["lep0_pt", "lep0_eta", "lep0_phi", "lep0_E"]), components_of(["Px", "Py", "Pz", "E"])
    (('polar', 'energy'), ('cartesian', 'energy'))
    """
    words = [str(name).lower().rstrip("0123456789_ []") for name in names]
    said = tuple(next((kind for kind, fits in _ENDS.items() if fits(word)), "?") for word in words)
    if len(said) > 1 and said[0] == "?" and said[1] in ("eta", "phi"):
        said = ("pt", *said[1:])  # "met" with "met_phi": what the others say, the first is
    if said in _KNOWN:
        return _KNOWN[said]
    raise InputError(
        f"{list(names)} are no components of a four-vector; expected names that end in pt, eta, phi and mass (or "
        "energy), or in px, py, pz and energy, in this order."
    )


def _ending(*ends: str) -> Callable[[str], bool]:
    return lambda word: word.endswith(ends)


_ENDS: Mapping[str, Callable[[str], bool]] = {
    "eta": _ending("eta"),
    "phi": _ending("phi"),
    "energy": _ending("energy", "e", "en"),
    "mass": _ending("mass", "m"),
    "px": _ending("px", "p_x", "p x", ".fx"),
    "py": _ending("py", "p_y", "p y", ".fy"),
    "pz": _ending("pz", "p_z", "p z", ".fz"),
    "pt": _ending("pt", "p_t", "p t", "_et"),
}
_KNOWN: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("pt", "eta", "phi", "mass"): (POLAR, "mass"),
    ("pt", "eta", "phi", "energy"): (POLAR, "energy"),
    ("pt", "eta", "phi"): (POLAR, "massless"),
    ("px", "py", "pz", "energy"): (CARTESIAN, "energy"),
    ("pt", "phi"): (PLANE, "polar"),
    ("px", "py"): (PLANE, "cartesian"),
}


def vector_of(names: Sequence[str], values: Sequence[ArrayLike], mass: float = 0.0) -> FourVector:
    """Return the four-vectors of components by their ``names``; ``mass`` is of those that have none of their own."""
    kind, last = components_of(names)
    if kind == CARTESIAN:
        return FourVector.cartesian(*values)
    if kind == PLANE:
        if last == "cartesian":
            return FourVector.in_plane(*values)
        size, azimuth = (np.asarray(each, dtype=np.float64) for each in values)
        return FourVector.in_plane(size * np.cos(azimuth), size * np.sin(azimuth))
    pt, eta, phi = values[:3]
    if last == "energy":
        return FourVector.polar(pt, eta, phi, energy=values[3])
    own = values[3] if last == "mass" else np.full(np.shape(pt), float(mass))
    return FourVector.polar(pt, eta, phi, mass=own)
