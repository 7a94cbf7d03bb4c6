"""Lines of numbers apart by blanks, read some at a time into blocks: every number the nearest float64 to its text."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.executor import available_cores
from fivesigma.data.readers.block_table import given_back
from fivesigma.data.readers.text_bytes import pieces

_BLOCK = 1 << 22  # bytes of text that are read together
_FIRST = 1 << 16  # bytes of the first block, which tells what is no whole number before much was read
_LEFT = 4096  # words that are left to Python at once
_PRINTED = range(0x21, 0x7F)

_Block = tuple[NDArray[np.float64], NDArray[np.uint8]]


@dataclass
class Lines:
    """Blocks (p, rows) of numbers; ``whole`` columns are 64 bits, and of each is ``noted`` what its words are."""

    whole: NDArray[np.bool_]
    noted: NDArray[np.uint8]
    blocks: list[NDArray[np.float64] | None] = field(default_factory=list)

    def add(self, begun: Sequence[Future[_Block | None]]) -> bool:
        """Take what was begun, when it is done; False if a part of it is broken."""
        for each in begun:
            done = each.result()
            if done is None:
                return False
            self.blocks.append(done[0])
            self.noted |= done[1]
        return True

    def kind(self, j: int) -> np.dtype[np.float64 | np.int64 | np.uint64]:
        """Return the type of column ``j``."""
        from fivesigma.data.readers.number_kernels import ABOVE

        if not self.whole[j]:
            return np.dtype(np.float64)
        return np.dtype(np.uint64) if self.noted[j] & ABOVE else np.dtype(np.int64)


def read_lines(stream: IO[bytes], n_columns: int, whole: Sequence[bool]) -> Lines | None:
    """Read the lines from where ``stream`` stands to its end; empty ones, and comments from ``#``, are none.

    Parameters
    ----------
    stream : a file that can be read again from the same place
    whole : columns that are whole numbers if each word of theirs is one; others are if one of them is too long

    Returns
    -------
    None where a line has not as many words as there are columns, a word is no number, or a whole one has not its place
    in 64 bits.
    """
    from fivesigma.data.readers.number_kernels import ABOVE, BEYOND, NEGATIVE, OVERFLOW, REAL

    begin, wanted = stream.tell(), np.array(whole, dtype=bool)
    while True:
        stream.seek(begin)
        found = _read(stream, n_columns, wanted)
        if found is None:
            return None
        real = (found.noted & REAL) != 0
        long = ~real & ((found.noted & BEYOND) != 0)
        if not (wanted & real).any() and not (long & ~wanted).any():
            odd = ((found.noted & OVERFLOW) != 0) | ((found.noted & (ABOVE | NEGATIVE)) == (ABOVE | NEGATIVE))
            return None if (wanted & odd).any() else found
        wanted = (wanted | long) & ~real


def _read(stream: IO[bytes], n_columns: int, whole: NDArray[np.bool_]) -> Lines | None:
    """Read all lines, two threads to a piece while the next is read; fewer where a column proves not to be whole."""
    from fivesigma.data.readers.number_kernels import REAL

    found = Lines(whole, np.zeros(n_columns, dtype=np.uint8))
    with ThreadPoolExecutor(min(2, available_cores())) as threads:
        begun: list[Future[_Block | None]] = []
        for text, size in pieces(stream, _FIRST, _BLOCK):
            ahead = [threads.submit(_block, text, begin, end, whole) for begin, end in _halves(text, size)]
            if not found.blocks:  # the first piece is short, and tells what is no whole number
                begun, ahead = ahead, []
            if not found.add(begun):
                return None
            if (found.whole & ((found.noted & REAL) != 0)).any():
                return found
            begun = ahead
        return found if found.add(begun) else None


def _halves(text: bytearray, size: int) -> list[tuple[int, int]]:
    """Return where the lines of the two halves of a text begin and end; of a short one the whole.

    >>> _halves(bytearray(b"1\\n2\\n"), 4)
    [(0, 4)]
    """
    middle = text.rfind(b"\n", 0, size // 2) + 1
    return [(0, middle), (middle, size)] if size > _FIRST and middle else [(0, size)]


def _block(text: bytearray, begin: int, end: int, whole: NDArray[np.bool_]) -> _Block | None:
    """Return the numbers (p, rows) of the lines of a text, and what is noted of columns; None where it is broken."""
    from fivesigma.data.readers.number_kernels import BROKEN, lines

    p = len(whole)
    raw, left = np.frombuffer(text, dtype=np.uint8), np.empty((max(_LEFT, p), 4), dtype=np.int64)
    values = given_back(p, text.count(b"\n", begin, end))
    noted, at, row = np.zeros(p, dtype=np.uint8), begin, 0
    while at < end:
        at, row, n_left = lines(raw, at, end, values, row, whole, noted, left)
        if at == BROKEN or not _left_to_python(text, left[:n_left], values):
            return None
    return values[:, :row], noted


def _left_to_python(text: bytearray, left: NDArray[np.int64], values: NDArray[np.float64]) -> bool:
    """Put words in their places as Python's ``float`` reads them; False if one of them is no number."""
    for row, j, start, stop in left.tolist():
        word = text[start:stop]
        try:
            values[j, row] = float(word)
        except ValueError:
            return False
        if not all(byte in _PRINTED for byte in word):
            return False
    return True
