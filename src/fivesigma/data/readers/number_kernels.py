"""Compiled loops from digits to float64, correctly rounded; they compile once, at import, and are cached.

A number is ``±w 10^q``, w its digits as a whole number of 64 bits. Where w and 10^|q| are exact as float64, one
product or quotient is rounded right (Clinger 1990, doi:10.1145/93548.93557); else 128 bits of 5^q tell the nearest
float64 (Lemire 2021, arXiv:2101.11408, algorithm 1). What neither knows is left to Python's own ``float``.
"""

# mypy: disable-error-code="untyped-decorator, assignment, return-value, no-any-return"

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import types
from numpy.typing import NDArray

from fivesigma._core.compiled import njit

Text = Sequence[int]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAST, MOST = -342, 308
"""Powers of ten that can make a float64 of 19 digits."""
REAL, NEGATIVE, BEYOND, ABOVE, OVERFLOW = 1, 2, 4, 8, 16
"""What is noted of the words of a column: one is no whole number; one of them is negative, 2^53 or more in size, 2^63
or more, 2^64 or more."""
_WHOLE, _NEGATIVE, _LED_BY_ONE = 1, 2, 4
"""Flags of a word: it is of digits alone, it has a minus, its first digit is a one."""
BROKEN = -1
"""In place of a position: a line has not as many words as there are columns."""


_U = np.uint64
_INT, _WORD, _TEXT = (
    types.int64,
    types.uint64,
    types.CPointer(types.uint8),
)  # of which a call counts no references
_ONE, _TEN, _HALF = _U(1), _U(10), _U(32)
_LOW = _U(0xFFFFFFFF)
_EXACT, _BIT52, _BIT53, _BIT63 = _U(1 << 53), _U(1 << 52), _U(1 << 53), _U(1 << 63)
_NINETEEN, _MOST_DIGITS = _U(10**19), 19
_LONGEST_EXPONENT, _MOST_TENS = 5, 22
_ZERO, _NINE = np.uint32(48), np.uint32(9)
_TAB, _NEW_LINE, _RETURN, _BLANK, _HASH = 9, 10, 13, 32, 35
_PLUS, _MINUS, _POINT, _NOUGHT, _DIGIT_ONE, _E, _SMALL_E = 43, 45, 46, 48, 49, 69, 101


def fives() -> NDArray[np.uint64]:
    """Return 5^q, q from ``LEAST`` to ``MOST``, (n, 2): the first 128 bits, rounded up of quotients (Lemire 2021).

    >>> hex(int(fives()[-LEAST + 1, 0]))  # 5 is 101 in binary
    '0xa000000000000000'
    """
    return np.array([divmod(_first_bits(q), 1 << 64) for q in range(LEAST, MOST + 1)], dtype=np.uint64)


def _first_bits(q: int) -> int:
    five = 5 ** abs(q)
    if q >= 0:
        return (five << 128) >> five.bit_length()
    n = five.bit_length() + 127
    return ((1 << n) // five) + 1


_FIVES, _TENS = fives(), 10.0 ** np.arange(_MOST_TENS + 1)


@njit("UniTuple(u8, 2)(u8, u8)", cache=True)
def _product(a: int, b: int) -> tuple[int, int]:
    """Return the upper and the lower 64 bits of a product."""
    a1, a0, b1, b0 = a >> _HALF, a & _LOW, b >> _HALF, b & _LOW
    low, one, two, high = a0 * b0, a1 * b0, a0 * b1, a1 * b1
    carry = (low >> _HALF) + (one & _LOW) + (two & _LOW)
    return high + (one >> _HALF) + (two >> _HALF) + (carry >> _HALF), (carry << _HALF) | (low & _LOW)


@njit("f8(u8, i8, u8, u8)", cache=True, error_model="numpy")
def nearest(w: int, q: int, upper: int, lower: int) -> float:
    """Return the float64 nearest to ``w 10^q``, w > 0, by the 128 bits of 5^q; NaN where it is not a normal number."""
    shift = _U(0)
    while w < _BIT63:
        w, shift = w << _ONE, shift + _ONE
    high, low = _product(w, upper)
    if high & _U(0x1FF) == _U(0x1FF):
        more, _ = _product(w, lower)
        low += more
        high += _U(more > low)
    top = high >> _U(63)
    cut = top + _U(9)
    m = high >> cut
    exponent = ((217706 * q) >> 16) + 63 + 1023 + np.int64(top) - np.int64(shift)
    if low <= _ONE and -4 <= q <= 23 and m & _U(3) == _ONE and m << cut == high:
        m &= ~_ONE  # halfway between two: to the even one
    m = (m + (m & _ONE)) >> _ONE
    if m >= _BIT53:
        m, exponent = _BIT52, exponent + 1
    if exponent <= 0 or exponent >= 2047:
        return np.nan
    return np.uint64((m & ~_BIT52) | (_U(exponent) << _U(52))).view(np.float64)


@njit(inline="always")
def _digits(text: Text, at: int, w: int) -> tuple[int, int]:
    """Return where digits end, and ``w`` with them behind it, modulo 2^64."""
    digit = np.uint32(text[at]) - _ZERO
    while digit <= _NINE:
        w = w * _TEN + _U(digit)
        at += 1
        digit = np.uint32(text[at]) - _ZERO
    return at, w


@njit(types.Tuple((_INT, _WORD, _INT, _INT, _INT))(_TEXT, _INT), cache=True)
def _word(text: Text, begin: int) -> tuple[int, int, int, int, int]:
    """Return where a word ends, its w and q, its number of digits (0: it is no number), and its flags."""
    minus = text[begin] == _MINUS
    first = begin + (minus or text[begin] == _PLUS)
    at, w = _digits(text, first, _U(0))
    n, q = at - first, 0
    flags = (text[at] <= _BLANK) * _WHOLE + minus * _NEGATIVE + (text[first] == _DIGIT_ONE) * _LED_BY_ONE
    if text[at] == _POINT:
        point = at + 1
        at, w = _digits(text, point, w)
        q = point - at
        n -= q
    if text[at] == _E or text[at] == _SMALL_E:
        down = text[at + 1] == _MINUS
        power = at + 1 + (down or text[at + 1] == _PLUS)
        at, size = _digits(text, power, _U(0))
        q += -np.int64(size) if down else np.int64(size)
        n *= 0 < at - power <= _LONGEST_EXPONENT
    if n > _MOST_DIGITS:
        while text[first] == _NOUGHT or text[first] == _POINT:  # zeros in front are no digits of w
            n -= text[first] == _NOUGHT
            first += 1
        n = max(n, 1)
    n *= text[at] <= _BLANK
    while text[at] > _BLANK:
        at += 1
    return at, w, q, n, flags


@njit(_INT(_TEXT, _INT), cache=True)
def _beyond_line(text: Text, at: int) -> int:
    """Return where the next line begins, `BROKEN` if this one does not end at ``at``, or in a comment from there on."""
    if text[at] == _HASH:
        while text[at] != _NEW_LINE:
            at += 1
    at += text[at] == _RETURN
    return at + 1 if text[at] == _NEW_LINE else BROKEN


@njit(inline="always")
def _value(w: int, q: int) -> float:
    """Return ``w 10^q``, NaN where it is left to Python."""
    x = np.nan
    if w <= _EXACT and -_MOST_TENS <= q <= _MOST_TENS:
        x = np.float64(w)
        x = x / _TENS[-q] if q < 0 else x * _TENS[q]
    elif w == _U(0):
        x = 0.0
    elif LEAST <= q <= MOST:
        x = nearest(w, q, _FIVES[q - LEAST, 0], _FIVES[q - LEAST, 1])
    return x


@njit(inline="always")
def _noted(w: int, n: int, flags: int) -> int:
    """Return what is noted of a word."""
    if n == 0 or flags & _WHOLE == 0:
        return REAL
    found = NEGATIVE if flags & _NEGATIVE else 0
    if n > _MOST_DIGITS:
        fits = n == _MOST_DIGITS + 1 and flags & _LED_BY_ONE and w >= _NINETEEN
        return found | BEYOND | ABOVE | (0 if fits else OVERFLOW)
    return found | (BEYOND if w >= _EXACT else 0) | (ABOVE if w >= _BIT63 else 0)


@njit(inline="always")
def _bits(w: int, minus: bool) -> float:
    """Return the 64 bits of a whole number as if they were those of a float64."""
    if minus:
        w = _U(0) - w
    return np.uint64(w).view(np.float64)


@njit(cache=True, nogil=True, error_model="numpy")
def lines(
    text: Bytes, at: int, stop: int, out: Floats, row: int, whole: Flags, noted: Bytes, left: Index
) -> tuple[int, int, int]:
    """Read lines of numbers apart by blanks into ``out`` (p, rows) from ``row`` on; empty ones and comments are none.

    Returns where it stopped (`BROKEN`: a line has not p words), the row it came to, and how many words are ``left`` to
    Python, as row, column, begin and end. Columns that are ``whole`` are the 64 bits of their whole numbers.
    """
    p, n_left, raw = len(out), 0, text.ctypes
    while at < stop and n_left + p <= len(left):
        j = 0
        while True:
            while text[at] == _TAB or text[at] == _BLANK:
                at += 1
            if text[at] <= _RETURN or (j == 0 and text[at] == _HASH):
                break
            if j == p:
                return BROKEN, row, 0
            begin = at
            at, w, q, n, flags = _word(raw, at)
            noted[j] |= np.uint8(_noted(w, n, flags))
            minus = (flags & _NEGATIVE) != 0
            if whole[j]:
                out[j, row] = _bits(w, minus)
            else:
                x = _value(w, q) if 0 < n <= _MOST_DIGITS else np.nan
                if x != x:
                    left[n_left] = row, j, begin, at
                    n_left += 1
                out[j, row] = -x if minus else x
            j += 1
        at = _beyond_line(raw, at)
        if at == BROKEN or 0 < j < p:
            return BROKEN, row, 0
        row += j > 0
    return at, row, n_left
