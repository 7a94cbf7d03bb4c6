"""Ground states of spin-½ chains: amplitudes of bit strings, their symmetry orbits, and measurement records.

``tfim``: ``H = −Σ Z_i Z_{i+1} − h Σ X_i``, critical at h = 1, where the periodic chain has
``E₀ = −2 / sin(π/2n)`` (Pfeuty, Ann. Phys. 57 (1970) 79). ``heisenberg``: ``H = Σ S_i · S_{i+1}``
(antiferromagnetic). The bit string of index i is its binary digits, the most significant first; bit 0 is Z =
+1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import eigsh

from fivesigma._core.errors import InputError, one_of
from fivesigma.simulate.system import Array, System, Table, count

Vector = NDArray[np.float64]
MOST_SPINS = 20


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


@dataclass(frozen=True)
class SpinTable(System):
    """Bit strings of a chain's ground state: ``amplitudes`` with orbits, or ``measurements`` with counts.

    ``amplitudes``: n different strings (all, if n is 2ⁿ or not given), with amplitude, |ψ|² and orbit.
    ``measurements``: n shots shared evenly over ``bases``; a row for each outcome that was seen.
    """

    block: ClassVar[int] = 2**40  # strings are drawn without repetition, so they are one block
    default_n: ClassVar[int] = 4096

    n_spins: int = 12
    model: Literal["tfim", "heisenberg"] = "tfim"
    field: float = 1.0
    periodic: bool = True
    kind: Literal["amplitudes", "measurements"] = "amplitudes"
    bases: tuple[str, ...] = ("X", "Y", "Z")

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
        columns = _strings(index, self.n_spins)
        columns |= {"amplitude": psi, "probability": psi**2, "orbit": self.chain.orbits()[index]}
        return Table(columns, target="probability", group="orbit", features=_names(self.n_spins))

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


def _names(n_spins: int) -> tuple[str, ...]:
    return tuple(f"bit_{i}" for i in range(n_spins))


def _strings(index: NDArray[np.int64], n_spins: int) -> dict[str, Array]:
    digits = bits(index, n_spins)
    text = np.array([f"{i:0{n_spins}b}" for i in index], dtype=object)
    return {"string": text} | dict(zip(_names(n_spins), digits.T, strict=True))
