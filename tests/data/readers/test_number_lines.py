"""Lines of numbers: each of them bit by bit what Python's ``float`` makes of its text, whole ones digit by digit."""

from __future__ import annotations

import io
import random
import struct
from decimal import Decimal, localcontext

import numpy as np
import pytest

from fivesigma.data.readers import number_lines
from fivesigma.data.readers.number_lines import read_lines

N = 20_000


def _any_bits(draw):
    return repr(struct.unpack("d", struct.pack("Q", draw.getrandbits(64)))[0])


def _digits_and_power(draw):
    return f"{draw.getrandbits(draw.randint(1, 64))}e{draw.randint(-345, 310)}"


def _near_halfway(draw):
    """A number halfway between two float64, cut off after some digits: what is hardest to round."""
    with localcontext() as context:
        context.prec = draw.randint(17, 40)
        return str(+(Decimal(2 * draw.getrandbits(53) + 1) * Decimal(2) ** draw.randint(-90, 90)))


def _next_to_exact(draw):
    return str(2 ** draw.randint(50, 63) + draw.randint(-2, 2))


def _as_written(draw):
    return f"%{draw.choice(['', '+'])}.{draw.randint(0, 20)}{draw.choice('efg')}" % draw.gauss(0, 1000)


def _odd(draw):
    words = "nan -nan inf -inf 1e400 -1e-400 5e-324 2.2250738585072011e-308 1.7976931348623159e308 -0 -0.0 +5. .5 1_0"
    return draw.choice([*words.split(), "0" * 30 + ".5", "0." + "0" * 25 + "12345678901234567", "9" * 40])


@pytest.mark.parametrize(
    "words_of", [_any_bits, _digits_and_power, _near_halfway, _next_to_exact, _as_written, _odd]
)
def test_every_number_is_what_python_reads(words_of):
    draw = random.Random(0)
    words = [words_of(draw) for _ in range(N)]
    found = read_lines(io.BytesIO(("\n".join(["0.5", *words])).encode()), 1, [False])
    values = np.concatenate(found.blocks, axis=1)[0, 1:]
    expected = np.array([float(word) for word in words])
    same = (values.view(np.uint64) == expected.view(np.uint64)) | (np.isnan(values) & np.isnan(expected))
    assert [word for word, fine in zip(words, same, strict=True) if not fine] == []


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["7", "-3", "+4"], np.int64),
        (["7", str(2**63 - 1)], np.int64),
        (["7", str(2**63)], np.uint64),
        (["18446744073709551615", "10000000000000000000"], np.uint64),
        (["9007199254740993", "00012"], np.int64),
        (["12", "0.5"], np.float64),
        (["12", "nan"], np.float64),
        (["12", "1e3"], np.float64),
    ],
)
@pytest.mark.parametrize("first", [1, 5000])
def test_whole_numbers_keep_their_digits(words, kind, first):
    lines = ["1"] * first + words
    found = read_lines(io.BytesIO("\n".join(lines).encode()), 1, [True])
    column = np.concatenate(found.blocks, axis=1)[0].view(found.kind(0))
    assert column.dtype == kind
    expected = [float(word) if kind == np.float64 else int(word) for word in lines]
    np.testing.assert_array_equal(column, np.array(expected, dtype=kind))


def test_a_column_that_no_float_holds_is_whole_without_being_asked():
    found = read_lines(io.BytesIO(b"1 0.5\n9007199254740993 9e20\n"), 2, [False, False])
    assert [found.kind(j) for j in range(2)] == [np.int64, np.float64]
    assert found.blocks[0][0].view(np.int64).tolist() == [1, 9007199254740993]


@pytest.mark.parametrize(
    "text",
    [
        b"1 2\n3\n",
        b"1 2\n3 4 5\n",
        b"1 2\n3 x\n",
        b"1 2\n3 4\x0c\n",
        b"1 2\r3 4\n",
        b"1 2\n3 \xff\n",
        b"1 2\n3 4e\n",
        b"1 2\n3 -\n",
        b"1 2\n3 99999999999999999999\n",
        b"1 -2\n3 18446744073709551615\n",
    ],
)
def test_what_is_no_line_of_numbers_is_none(text):
    assert read_lines(io.BytesIO(text), 2, [False, True]) is None


def test_blocks_are_of_whole_lines_whatever_their_size(monkeypatch):
    text = b"".join(b"%d\t%d.5  \r\n# a comment\n\n" % (i, i) for i in range(3000))
    whole = read_lines(io.BytesIO(text), 2, [True, False])
    for size in (1, 7, 1000, 2**20):
        monkeypatch.setattr(number_lines, "_FIRST", size)
        monkeypatch.setattr(number_lines, "_BLOCK", size)
        monkeypatch.setattr(number_lines, "_LEFT", 1)
        found = read_lines(io.BytesIO(text), 2, [True, False])
        assert np.array_equal(np.concatenate(found.blocks, axis=1), np.concatenate(whole.blocks, axis=1))
    assert np.concatenate(whole.blocks, axis=1)[1].tolist() == [i + 0.5 for i in range(3000)]
