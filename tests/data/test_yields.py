"""Expected yields: units are parsed strictly, and Σw is of all that was generated."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.yields import Sample, cross_section, factors, luminosity, to_whole


@pytest.mark.parametrize(
    ("text", "picobarn"),
    [("831 pb", 831.0), ("0.8nb", 800.0), ("48.6 fb", 0.0486), ("1.5e-2 µb", 15000.0), ("2 mb", 2e9)],
)
def test_cross_sections(text, picobarn):
    assert cross_section(text) == pytest.approx(picobarn, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "inverse_picobarn"),
    [("140 /fb", 140e3), ("36.1 1/fb", 36.1e3), ("5 pb^-1", 5.0), ("5 pb-1", 5.0), ("2 /ab", 2e6)],
)
def test_luminosities(text, inverse_picobarn):
    assert luminosity(text) == pytest.approx(inverse_picobarn, rel=1e-12)


@pytest.mark.parametrize("text", ["831", "831 Pb", "831 /pb", "-3 pb", "0 pb", "pb", "1 pb pb", "nan pb"])
def test_what_is_no_cross_section_is_refused(text):
    with pytest.raises(InputError, match="is not a cross-section; expected a"):
        cross_section(text)


@pytest.mark.parametrize("text", ["140", "140 fb", "140 /GeV", "140 //fb", "140 /fb2", "-1 /fb", "1e999 /fb"])
def test_what_is_no_luminosity_is_refused(text):
    with pytest.raises(InputError, match=r"is not an? (integrated )?luminosity; expected a"):
        luminosity(text)


def test_the_factor_is_by_the_sum_before_selection_and_not_by_the_rows():
    sample = Sample(expected=831.0 * 0.5 * 1.2 * 140e3, sum_w=2e8)
    few, many = np.ones(10), np.full(1000, 3.0)
    assert sample.factor(few) == sample.factor(many) == pytest.approx(831 * 0.5 * 1.2 * 140e3 / 2e8)
    assert sample.factor(few, fraction=0.1) == pytest.approx(10 * sample.factor(few))


def test_weights_become_the_yields_of_their_samples():
    sample = np.array(["b", "s", "b", "s"], dtype=object)
    w = np.array([2.0, 1.0, 2.0, -0.5])
    by = factors(w, sample, {"s": Sample(total=692.0), "b": Sample(expected=411_000.0, sum_w=8.0)})
    np.testing.assert_allclose((w * by)[sample == "s"].sum(), 692.0)
    np.testing.assert_allclose((w * by)[sample == "b"].sum(), 411_000.0 * 4 / 8)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"s": Sample(total=1.0)}, "the class 'b' has no yield; declare each"),
        (
            {"s": Sample(total=1.0), "b": Sample(total=1.0), "bb": Sample(total=1.0)},
            "no kept row has the class 'bb'",
        ),
    ],
)
def test_every_sample_is_declared_once_and_there(declared, words):
    with pytest.raises(InputError, match=words):
        factors(None, np.array(["b", "s"]), declared)


def test_a_sample_whose_weights_cancel_has_no_yield():
    with pytest.raises(InputError, match=r"weights\.yields\.b: the weights of the sample sum to -1"):
        factors(np.array([1.0, -2.0]), np.array(["b", "b"]), {"b": Sample(total=1.0)})


def by_sample(w, sample):
    return np.bincount(sample, w, minlength=3)


def test_a_part_stands_for_the_yield_of_each_sample_whatever_share_of_it_it_holds():
    rng = np.random.default_rng(0)
    sample = rng.integers(0, 3, 3000)
    w = np.where(rng.random(3000) < 0.2, -1.0, 1.0) * np.array([1.0, 7.0, 0.01])[sample]
    rows = np.flatnonzero(rng.random(3000) < np.array([0.5, 0.05, 0.9])[sample])
    found = w[rows] * to_whole(w, sample, rows)
    np.testing.assert_allclose(by_sample(found, sample[rows]), by_sample(w, sample), rtol=1e-12)


def test_weights_that_nearly_cancel_tell_no_share():
    w, sample = np.array([1.0, -1.0, 1.01, -1.0] + [1.0] * 96), np.zeros(100, dtype=int)
    np.testing.assert_allclose(to_whole(w, sample, np.arange(4)), np.abs(w).sum() / 4.01)


def test_copies_are_a_weight():
    rng = np.random.default_rng(1)
    w, sample, rows = rng.integers(1, 4, 30), rng.integers(0, 3, 30), np.arange(12)
    once = to_whole(w.astype(float), sample, rows)
    many, copied = np.repeat(sample, w), np.arange(int(w[rows].sum()))
    again = to_whole(np.ones(len(many)), many, copied)
    np.testing.assert_allclose(again, np.repeat(once, w[rows]))
