"""Every planted leak is caught, clean studies are not flagged: a share of ``benchmarks/audit.py``."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.audit import PLANTED, caught, clean, flagged, warned


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_caught(name):
    assert all(caught(name, seed) for seed in (1, 2))


def test_clean_studies_are_not_flagged():
    assert {seed: found for seed in range(40) if (found := flagged(seed))} == {}


@pytest.mark.parametrize("name", PLANTED)
def test_units_of_the_columns_do_not_matter(name):
    make, check = PLANTED[name]
    study = make(np.random.default_rng([5, *name.encode()]))
    factor = 2.0 ** np.arange(len(study.columns))  # powers of two keep every digit
    exact = ("identifier", "row number", "codes")  # of whole numbers and codes as they are written
    scaled = {
        word: column if check in exact else column * f
        for (word, column), f in zip(study.columns.items(), factor, strict=True)
    }
    assert check in warned(dataclasses.replace(study, columns=scaled))


def test_equal_studies_have_equal_audits():
    first, second = (clean(np.random.default_rng(3)).audit() for _ in range(2))
    assert first == second


def test_an_entry_names_columns_rows_and_what_to_do():
    for name, (make, check) in PLANTED.items():
        found = [
            each for each in make(np.random.default_rng([1, *name.encode()])).audit() if each.check == check
        ]
        assert all(each.advice for each in found if each.status != "ok"), name
        if check not in ("near duplicates", "weights"):
            assert any(each.columns for each in found), name
        if check in ("near duplicates", "codes"):
            assert any(each.rows for each in found), name
