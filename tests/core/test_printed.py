"""What is printed is kept up to a bound; nothing of it reaches the terminal."""

from __future__ import annotations

import sys

import pytest

from fivesigma._core.printed import MOST_PRINTED, Printed, caught


@pytest.mark.parametrize("pieces", [["abc"], ["a", "bc"], ["", "abc", ""]])
def test_what_fits_is_kept_as_it_is(pieces):
    printed = Printed(limit=3)
    assert [printed.write(piece) for piece in pieces] == [len(piece) for piece in pieces]
    assert str(printed) == "abc"


def test_the_rest_is_counted():
    printed = Printed()
    for _ in range(1000):
        printed.write("x" * 1000)
    assert str(printed) == "x" * MOST_PRINTED + f"... ({10**6 - MOST_PRINTED:,} more characters)"


def test_both_streams_are_caught_and_given_back(capsys):
    assert Printed().writable()

    def fails():
        print("out")
        print("err", file=sys.stderr)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), caught() as printed:
        fails()
    assert str(printed) == "out\nerr\n"
    print("after")
    assert capsys.readouterr() == ("after\n", "")
