"""What a row is known by: a 64-bit hash of its content, whatever the file, the platform and the seed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.columns import beyond_double, is_whole
from fivesigma._core.columns import numbers as floats
from fivesigma._core.exact import lost_digits

Positions = NDArray[np.int64]
Hashes = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
CANONICAL_NAN = np.uint64(0x7FF8000000000000)
HASHED_AT_ONCE = 2**14  # rows of a block that stays in cache
_NUMBERS_AT_ONCE = 2**21  # of wide rows: 16 MB


def mixed(z: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014), in place: a bijection that scatters."""
    for shift, factor in MIX:
        z ^= z >> shift
        z *= factor
    z ^= z >> np.uint64(31)
    return z


def row_hash(X: NDArray[Any]) -> Hashes:
    """Return a 64-bit hash of the content of each row, the same on every platform and for every seed.

    Equal rows have equal hashes: -0.0 equals 0.0, and every NaN equals every other.

    Parameters
    ----------
    X : (n, ...) numbers, read as float64

    Returns
    -------
    (n,) uint64

    >>> row_hash(np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]])).tolist()[:2]
    [1871345652357458906, 1871345652357458906]
    """
    table = np.asarray(X).reshape(len(X), -1)
    hashes = np.full(len(table), table.shape[1], dtype=np.uint64)
    length = max(1, min(HASHED_AT_ONCE, _NUMBERS_AT_ONCE // max(table.shape[1], 1)))
    for start in range(0, len(table), length):
        bits = _bits(table[start : start + length].T)
        for j, column in enumerate(bits, start=1):
            _absorb(hashes[start : start + length], column, j)
    return hashes


def table_hash(columns: Mapping[str, NDArray[Any]]) -> Hashes:
    """Return a 64-bit hash of each row of named columns, whatever their order.

    Numbers count as in `row_hash`; text counts by its letters, and None as NaN does.

    Parameters
    ----------
    columns : name -> (n,) numbers or text

    Returns
    -------
    (n,) uint64

    >>> x, kind = np.array([1.0, 2.0]), np.array(["s", None], dtype=object)
    >>> bool((table_hash({"x": x, "kind": kind}) == table_hash({"kind": kind, "x": x})).all())
    True
    """
    return table_hashes(columns)[0]


def table_hashes(
    columns: Mapping[str, NDArray[Any]], *, apart: Collection[str] = ()
) -> tuple[Hashes, Hashes]:
    """Return `table_hash` of the columns that are not ``apart``, and a hash of all of them, in one pass.

    The second does not depend on what a study makes of the columns: by it the same events are known again.

    Parameters
    ----------
    columns : name -> (n,) numbers or text
    apart : names of columns that the first hash leaves out

    Returns
    -------
    (n,) uint64, (n,) uint64

    >>> x, y = np.array([1.0, 2.0]), np.array([0.0, 0.0])
    >>> one, other = (table_hashes({"x": x, "y": y}, apart=[name]) for name in ("x", "y"))
    >>> bool((one[0] == other[0]).any()), bool((one[1] == other[1]).all())
    (False, True)
    """
    n = len(next(iter(columns.values()), ()))
    hashes = TableHashes(n, tuple(columns), apart=apart)
    for name in hashes.names:
        hashes.take(name, columns[name])
    return hashes.found()


class TableHashes:
    """The hashes of `table_hashes`, of columns that are shown one after the other and need not be held.

    Parameters
    ----------
    n : number of rows
    names : the columns; attribute ``names`` has them in the order in which they are taken in
    apart : those that the first hash leaves out

    >>> hashes = TableHashes(3, ["y", "x"])
    >>> for start, stop in ((0, 2), (2, 3)):
    ...     for name in hashes.names:
    ...         hashes.take(name, np.arange(3.0)[start:stop], start)
    >>> whole = table_hashes({"x": np.arange(3.0), "y": np.arange(3.0)})
    >>> all((one == other).all() for one, other in zip(hashes.found(), whole))
    True
    """

    def __init__(self, n: int, names: Collection[str], *, apart: Collection[str] = ()) -> None:
        self.names = tuple(sorted(names))
        kept = [name for name in self.names if name not in apart]
        self._number = {name: j for j, name in enumerate(kept, start=1)}
        self._some, self._every = (np.full(n, len(each), dtype=np.uint64) for each in (kept, self.names))

    def take(self, name: str, column: NDArray[Any], start: int = 0) -> None:
        """Take in a column (m,), or its rows from ``start`` on; of each row all columns in the order of ``names``."""
        for block, bits in _blocks(column):
            rows = slice(block.start + start, block.stop + start)
            if name in self._number:
                _absorb(self._some[rows], bits, self._number[name])
            _take_in(self._every[rows], bits)

    def found(self) -> tuple[Hashes, Hashes]:
        """Return both hashes, (n,) each, of the columns that were taken in: once, when all of them were."""
        return self._some, mixed(self._every)


def _blocks(column: NDArray[Any]) -> Iterator[tuple[slice, Hashes]]:
    """Yield what stands for the values of a column, block by block."""
    text = column.dtype.kind not in "iufb" and not is_whole(column)
    whole = text_hash(column) if text else column
    if whole.ndim > 1:
        whole, text = row_hash(whole), True
    for start in range(0, len(whole), HASHED_AT_ONCE):
        rows = slice(start, min(start + HASHED_AT_ONCE, len(whole)))
        yield rows, whole[rows] if text else _bits(whole[rows])


def _take_in(hashes: Hashes, bits: Hashes) -> None:
    """Take the next column of a row into its hash, in place: half the work of `_absorb`, and mixed once in the end."""
    hashes ^= bits
    hashes *= MIX[0][1]
    hashes ^= hashes >> np.uint64(32)


def _bits(block: NDArray[Any]) -> Hashes:
    """Return the bits of numbers as float64, with one zero and one NaN, and what these lose of a whole number."""
    plain = np.asarray(block)
    numbers = (floats(plain) if plain.dtype.kind == "O" else plain).astype(np.float64, order="C") + 0.0
    bits = numbers.view(np.uint64)
    bits[np.isnan(numbers)] = CANONICAL_NAN
    if plain.ndim == 1 and beyond_double(plain):
        bits ^= mixed(lost_digits(plain))
    return bits


def _absorb(hashes: Hashes, bits: Hashes, j: int) -> None:
    """Take column ``j`` (from 1) of a row into its hash, in place."""
    hashes ^= bits
    hashes += np.uint64(int(GOLDEN) * j % 2**64)
    mixed(hashes)


def text_hash(values: NDArray[Any]) -> Hashes:
    """Return a hash of each text of ``values`` (n,), that of NaN for what is missing.

    >>> len(set(text_hash(np.array(["run 1", "run 2", "run 1"], dtype=object)).tolist()))
    2
    """
    words = values.tolist()
    known = {word: _word_hash(word) for word in dict.fromkeys(words)}
    return np.fromiter((known[word] for word in words), np.uint64, len(words))


def _word_hash(word: object) -> int:
    if word is None or word != word:
        return int(CANONICAL_NAN)
    return int.from_bytes(hashlib.blake2b(str(word).encode(), digest_size=8).digest(), "little")


def rows_key(hashes: Hashes) -> str:
    """Return one sha256 for a set of rows, whatever their order: what the ledger of openings counts.

    >>> rows_key(np.array([1, 2], dtype=np.uint64)) == rows_key(np.array([2, 1], dtype=np.uint64))
    True
    """
    return hashlib.sha256(np.sort(hashes).astype("<u8").tobytes()).hexdigest()


def place_hash(files: Sequence[str], rows: Positions) -> Hashes:
    """Return a 64-bit hash of each row of some files by where it stands: the files' hashes and its number.

    >>> place_hash(["ab"], np.array([0, 1]))[1] == place_hash(["ab"], np.array([1]))[0]
    np.True_
    """
    word = int.from_bytes(hashlib.sha256(" ".join(files).encode()).digest()[:8], "little")
    return mixed(rows.astype(np.uint64) * GOLDEN + np.uint64(word))


def told_apart(hashes: Hashes) -> Hashes:
    """Return one hash a row, with the copies of a row numbered in their order.

    >>> len(set(told_apart(np.array([7, 7, 8], dtype=np.uint64)).tolist()))
    3
    """
    order = np.argsort(hashes, kind="stable")
    first = np.flatnonzero(np.diff(hashes[order], prepend=~hashes[order[:1]]))
    copy = np.empty(hashes.size, dtype=np.uint64)
    copy[order] = np.arange(hashes.size) - np.repeat(first, np.diff(first, append=hashes.size))
    return mixed(hashes + GOLDEN * copy)
