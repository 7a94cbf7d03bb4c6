"""What the files of each sample hold before anything is selected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.generated import FileOf, Generated, generated
from fivesigma.data.readers.table import WholeTable
from fivesigma.data.stack import Stack, window


@dataclass(frozen=True)
class Said(WholeTable):
    """A table whose file says what was generated."""

    said: float | None = None

    def sum_w(self) -> float | None:
        return self.said


def table(words: str, said: float | None = None) -> Said:
    values = np.array([None if word == "-" else word for word in words], dtype=object)
    return Said({"of": values, "x": np.arange(len(words))}, said=said)


def stack(*parts: Said, **marks) -> Stack:
    return Stack(parts, [Path(f"{i}.root") for i in range(len(parts))], marks)


def test_the_share_of_each_sample_is_its_own():
    whole = stack(table("bbbbs"), table("sss-"))
    found = generated([whole], [window(whole, [0, 6])], "of")
    assert found.share == {"b": 1.0, "s": 0.5}
    assert [file.rows for file in found.files] == [{"b": 4, "s": 1}, {"s": 3}]


def test_numbers_are_samples_by_their_labels():
    whole = Stack([WholeTable({"dsid": np.array([410470.0, 410470.0, 363.0])})], [Path("a.csv")])
    assert generated([whole], [whole], "dsid").share == {"363": 1.0, "410470": 1.0}


def test_sums_are_over_all_files_of_a_sample_those_of_given_tests_too():
    first, test = stack(table("bb", 3.0), table("ss", 5.0), table("b", 4.0)), stack(table("s", 7.0))
    found = generated([first, test], [first, test], "of")
    assert (found.sum_w("b"), found.sum_w("s")) == (7.0, 12.0)


def test_a_file_of_which_nothing_is_left_counts_where_it_is_named_for_its_sample():
    whole = stack(table("--", 3.0), table("xx", 5.0), process=["tt", "tt"])
    assert generated([whole], [whole], "process").sum_w("tt") == 8.0
    empty = stack(
        Said({"x": np.empty(0)}, said=2.0), Said({"x": np.zeros(3)}, said=1.0), process=["tt", "tt"]
    )
    assert generated([empty], [empty], "process").sum_w("tt") == 3.0


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((table("bb", 3.0), table("b")), r"yields\.b: sum_w is missing, and 1\.root says none"),
        ((table("bs", 3.0),), r"0\.root says one for all of its samples \(b, s\); type sum_w"),
        ((table("bb", 3.0), table("--", 1.0)), r"no row of 1\.root says of which sample it is"),
        ((table("bb", -3.0),), r"the weights generated sum to -3; expected a positive sum"),
        ((table("bb", float("nan")),), "sum to nan; expected a positive sum"),
    ],
)
def test_what_the_files_cannot_say_is_one_sentence(parts, words):
    whole = stack(*parts)
    with pytest.raises(InputError, match=words):
        generated([whole], [whole], "of").sum_w("b")


def test_files_of_other_samples_need_say_nothing():
    found = Generated((FileOf(Path("a"), {"b": 2}, 3.0), FileOf(Path("b"), {"s": 2}, None)), {})
    assert found.sum_w("b") == 3.0
