"""Ground states of spin-½ chains: amplitudes of bit strings, their symmetry orbits, and measurement records.

``tfim``: ``H = −Σ Z_i Z_{i+1} − h Σ X_i``, critical at h = 1, where the periodic chain has
``E₀ = −2 / sin(π/2n)`` (Pfeuty, Ann. Phys. 57 (1970) 79). ``heisenberg``: ``H = Σ S_i · S_{i+1}``
(antiferromagnetic). The bit string of index i is its binary digits, the most significant first; bit 0 is Z =
+1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import eigsh

from fivesigma._core.errors import InputError, one_of
from fivesigma.simulate.system import Array, System, Table, count

Vector = NDArray[np.float64]
MOST_SPINS = 20
IMPOSSIBLE = 1e-24
"""|ψ|² below which a string is one that the state does not hold: what is left of it is rounding."""


def bits(index: NDArray[np.int64], n_spins: int) -> NDArray[np.int8]:
    """Binary digits, the most significant first: (n,) -> (n, n_spins).

    >>> bits(np.array([6]), 4)
    array([[0, 1, 1, 0]], dtype=int8)
    """
    return ((np.asarray(index)[:, None] >> np.arange(n_spins - 1, -1, -1)) & 1).astype(np.int8)


@dataclass(frozen=True)
class SpinChain:
    """A chain of ``n_spins`` spins ½.

    Parameters
    ----------
    n_spins : 2 to 20 (3 or more if periodic)
    model : ``tfim`` or ``heisenberg``
    field : transverse field h > 0 of ``tfim``, in units of the coupling
    periodic : whether the ends are joined

    Raises
    ------
    InputError
        for values outside these, and for a Heisenberg chain of odd length, whose ground state is not unique

    Examples
    --------
    >>> float(np.round(SpinChain(8).ground_energy() * np.sin(np.pi / 16), 10))
    -2.0
    """

    n_spins: int = 12
    model: Literal["tfim", "heisenberg"] = "tfim"
    field: float = 1.0
    periodic: bool = True

    def __post_init__(self) -> None:
        one_of(self.model, ("tfim", "heisenberg"), "spin model")
        if not 2 + self.periodic <= self.n_spins <= MOST_SPINS or not self.field > 0:
            raise InputError(
                f"n_spins = {self.n_spins}, field = {self.field}: expected {2 + self.periodic} to "
                f"{MOST_SPINS} spins and a field above 0."
            )
        if self.model == "heisenberg" and self.n_spins % 2:
            raise InputError(
                f"a Heisenberg chain of {self.n_spins} spins has two ground states; take an even number."
            )

    def hamiltonian(self) -> csr_array:
        """Return H as a sparse matrix, (2ⁿ, 2ⁿ)."""
        index = np.arange(2**self.n_spins)
        z = 1 - 2 * bits(index, self.n_spins).astype(np.int64)
        pairs = [(i, (i + 1) % self.n_spins) for i in range(self.n_spins - (not self.periodic))]
        zz = sum(z[:, i] * z[:, j] for i, j in pairs)
        if self.model == "tfim":
            flips = [1 << k for k in range(self.n_spins)]
            off = [(index, index ^ flip, np.full(len(index), -self.field)) for flip in flips]
            return _assemble(-np.asarray(zz, float), off)
        # S·S = ¼ ZZ + ½ (exchange of unequal neighbours)
        off = []
        for i, j in pairs:
            unequal = index[z[:, i] != z[:, j]]
            mask = (1 << (self.n_spins - 1 - i)) | (1 << (self.n_spins - 1 - j))
            off.append((unequal, unequal ^ mask, np.full(len(unequal), 0.5)))
        return _assemble(np.asarray(zz, float) / 4, off)

    def ground_state(self) -> Vector:
        """Return the amplitudes of the ground state, (2ⁿ,), of unit norm, its first largest positive."""
        return _ground(self)[1].copy()

    def ground_energy(self) -> float:
        """Return E₀ in units of the coupling."""
        return _ground(self)[0]

    def orbits(self) -> NDArray[np.int64]:
        """Number of the symmetry orbit of each bit string, (2ⁿ,), in the order of their smallest members.

        Orbits of reflection, spin flip and, if periodic, translation: the strings of one have equal |ψ|², so
        they belong on one side of a split. 12 periodic spins have 122.
        """
        n, index = self.n_spins, np.arange(2**self.n_spins)
        mirrored = bits(index, n) @ (1 << np.arange(n, dtype=np.int64))
        least = index.copy()
        for image in (index, mirrored):
            for k in range(n if self.periodic else 1):
                turned = ((image << k) | (image >> (n - k))) & (2**n - 1)
                least = np.minimum(least, np.minimum(turned, turned ^ (2**n - 1)))
        return np.asarray(np.unique(least, return_inverse=True)[1], dtype=np.int64)

    def probabilities(self, basis: str = "Z") -> Vector:
        """Probability of each outcome, (2ⁿ,), when every spin is measured along its letter of X, Y, Z.

        ``basis`` is one letter for all spins or one each; outcome bit 0 is +1.
        """
        letters = basis * self.n_spins if len(basis) == 1 else basis
        if len(letters) != self.n_spins or set(letters) - set("XYZ"):
            raise InputError(
                f"basis {basis!r} is not possible; give one of X, Y, Z, or {self.n_spins} such letters."
            )
        psi = self.ground_state().astype(complex).reshape((2,) * self.n_spins)
        for site, letter in enumerate(letters):
            if letter != "Z":
                psi = np.moveaxis(np.tensordot(_ROTATION[letter], psi, axes=(1, site)), 0, site)
        p = np.abs(psi.reshape(-1)) ** 2
        return np.asarray(p / p.sum())

    def measure(self, basis: str, shots: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Counts of each outcome in ``shots`` measurements of the ground state: (2ⁿ,)."""
        return np.asarray(rng.multinomial(count(shots, "shots"), self.probabilities(basis)))

    def sample(self, n: int, rng: np.random.Generator) -> NDArray[np.int8]:
        """Return ``n`` bit strings measured along Z: (n, n_spins)."""
        return bits(rng.choice(2**self.n_spins, size=count(n), p=self.probabilities()), self.n_spins)


#: rows are the eigenvectors (conjugated) of X and Y for +1 and −1
_ROTATION = {
    "X": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "Y": np.array([[1, -1j], [1, 1j]]) / np.sqrt(2),
}


def _assemble(diagonal: Vector, off: list[tuple[NDArray[np.int64], NDArray[np.int64], Vector]]) -> csr_array:
    rows, columns, values = (np.concatenate(part) for part in zip(*off, strict=True))
    size = len(diagonal)
    return csr_array(coo_array((values, (rows, columns)), shape=(size, size)) + diags_array(diagonal))


@cache
def _ground(chain: SpinChain) -> tuple[float, Vector]:
    H = chain.hamiltonian()
    size = H.shape[0]
    # ones lie in the sector of the tfim's ground state, which keeps its near-degenerate partner out; for
    # heisenberg they are orthogonal to it
    start = np.ones(size) if chain.model == "tfim" else np.random.default_rng(0).standard_normal(size)
    if size <= 16:
        energies, states = np.linalg.eigh(H.toarray())
    else:
        energies, states = eigsh(H, k=1, which="SA", v0=start, tol=0)
    psi = states[:, 0]
    psi = psi * np.sign(psi[np.argmax(np.abs(psi) > 0.999 * np.abs(psi).max())])
    psi.setflags(write=False)
    return float(energies[0]), psi


def invariants(s: NDArray[Any], *, periodic: bool = True) -> dict[str, Vector]:
    """Correlations of configurations ``s`` (n, N) of ±1 that no symmetry of the chain changes: each (n,).

    ``C_r = Σ_i s_i s_{i+r}`` and ``D_r = Σ_i s_i s_{i+1} s_{i+r} s_{i+r+1}``, r up to half the chain: of pairs, and of
    pairs of neighbours. Translation (of a periodic chain), reflection and the flip of all spins leave them as they are.

    >>> {name: int(value[0]) for name, value in invariants(np.array([[1, 1, -1, -1]])).items()}
    {'C_1': 0, 'C_2': -4, 'D_2': 4}
    """
    spins = np.asarray(s, dtype=np.float64)
    found = {}
    for letter, values, first in (
        ("C", spins, 1),
        ("D", _product_of_neighbours(spins, periodic=periodic), 2),
    ):
        for r in range(first, spins.shape[1] // 2 + 1):
            turned = np.roll(values, -r, axis=1) if periodic else values[:, r:]
            found[f"{letter}_{r}"] = (values[:, : turned.shape[1]] * turned).sum(axis=1)
    return found


def _product_of_neighbours(s: Vector, *, periodic: bool) -> Vector:
    return np.asarray(s * np.roll(s, -1, axis=1) if periodic else s[:, :-1] * s[:, 1:])


@dataclass(frozen=True)
class SpinTable(System):
    """Bit strings of a chain's ground state: ``amplitudes`` with orbits, or ``measurements`` with counts.

    ``amplitudes``: n different strings (all, if n is 2ⁿ or not given), with amplitude, |ψ|² and orbit.
    ``measurements``: n shots shared evenly over ``bases``; a row for each outcome that was seen.

    Parameters
    ----------
    n_spins, model, field, periodic : of the `SpinChain`
    kind : which of the two
    columns : of amplitudes, ``bits`` of 0 and 1, or ``spins``: s_1 … of ±1 with their `invariants`, and
        ``log_probability``, ln |ψ|² (missing where the state does not hold a string)
    held_out : of amplitudes in ``spins``, the share of orbits in whose rows ``part`` says "orbits"; of the other rows
        about as many say "strings", and what is left "train"
    bases : of measurements
    """

    block: ClassVar[int] = 2**40  # strings are drawn without repetition, so they are one block

    n_spins: int = 12
    model: Literal["tfim", "heisenberg"] = "tfim"
    field: float = 1.0
    periodic: bool = True
    kind: Literal["amplitudes", "measurements"] = "amplitudes"
    columns: Literal["bits", "spins"] = "bits"
    held_out: float = 0.0
    bases: tuple[str, ...] = ("X", "Y", "Z")

    def __post_init__(self) -> None:
        if not 0 <= self.held_out <= 0.5:
            raise InputError(f"held_out = {self.held_out!r} is not possible; give a share from 0 to 0.5.")

    @property
    def default_n(self) -> int:  # type: ignore[override]
        """All strings; of measurements 4096 shots."""
        return 2**self.n_spins if self.kind == "amplitudes" else 4096

    @property
    def chain(self) -> SpinChain:
        """The chain behind the table."""
        return SpinChain(self.n_spins, self.model, self.field, self.periodic)

    def sample(self, n: int, rng: np.random.Generator) -> NDArray[np.int8]:
        """Return ``n`` bit strings measured along Z: (n, n_spins)."""
        return self.chain.sample(n, rng)

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return the table of ``kind``."""
        return (
            self._amplitudes(count(n), rng)
            if self.kind == "amplitudes"
            else self._measurements(count(n), rng)
        )

    def _amplitudes(self, n: int, rng: np.random.Generator) -> Table:
        size = 2**self.n_spins
        if n > size:
            raise InputError(
                f"n = {n} is more than the {size} bit strings of {self.n_spins} spins; ask for {size}."
            )
        index = np.sort(rng.permutation(size)[:n])
        psi = self.chain.ground_state()[index]
        orbit = self.chain.orbits()[index]
        known = {"amplitude": psi, "probability": psi**2, "orbit": orbit}
        if self.columns == "bits":
            names = _names(self.n_spins)
            return Table(
                _strings(index, self.n_spins) | known, target="probability", group="orbit", features=names
            )
        return self._spins(index, known, rng)

    def _spins(self, index: NDArray[np.int64], known: dict[str, Array], rng: np.random.Generator) -> Table:
        s = 1 - 2 * bits(index, self.n_spins)
        names = tuple(f"s_{i + 1}" for i in range(self.n_spins))
        columns: dict[str, Array] = {"string": _strings(index, self.n_spins)["string"]}
        columns |= dict(zip(names, s.T, strict=True))
        columns |= {
            name: values.astype(np.int8) for name, values in invariants(s, periodic=self.periodic).items()
        }
        p = known["probability"]
        held = p > IMPOSSIBLE
        columns |= known | {"log_probability": np.where(held, np.log(np.where(held, p, 1.0)), np.nan)}
        if self.held_out:
            columns["part"] = _parts(known["orbit"], self.held_out, rng)
        group = (
            None if self.held_out else "orbit"
        )  # the strings held out are parted from their copies on purpose
        return Table(columns, target="log_probability", group=group, features=names)

    def _measurements(self, n: int, rng: np.random.Generator) -> Table:
        share, more = divmod(n, len(self.bases))
        parts = []
        for i, basis in enumerate(self.bases):
            if shots := share + (i < more):
                counts = self.chain.measure(basis, shots, rng)
                seen = np.flatnonzero(counts)
                label = np.full(len(seen), basis, dtype=object)
                parts.append({"basis": label, **_strings(seen, self.n_spins), "count": counts[seen]})
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return Table(columns, target="basis", features=_names(self.n_spins))


def _parts(orbit: NDArray[np.int64], share: float, rng: np.random.Generator) -> Array:
    """Return which rows (n,) are of held-out orbits, which are held out string by string, and which train."""
    labels = np.full(len(orbit), "train", dtype=object)
    every = rng.permutation(np.unique(orbit))
    whole = np.isin(orbit, every[: round(share * len(every))])
    rest = rng.permutation(np.flatnonzero(~whole))
    labels[rest[: round(share * len(orbit))]] = "strings"
    labels[whole] = "orbits"
    return labels


def _names(n_spins: int) -> tuple[str, ...]:
    return tuple(f"bit_{i}" for i in range(n_spins))


def _strings(index: NDArray[np.int64], n_spins: int) -> dict[str, Array]:
    digits = bits(index, n_spins)
    text = np.array([f"{i:0{n_spins}b}" for i in index], dtype=object)
    return {"string": text} | dict(zip(_names(n_spins), digits.T, strict=True))
