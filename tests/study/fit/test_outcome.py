"""What became of a model: its fits put together by what they are of, and the first that failed, in words."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.study.fit.outcome import folded, outcome_of
from fivesigma.study.fit.prediction import Output, packed
from fivesigma.study.plan import Entry, Fit, Sample
from tests.study.made import prepared

ENTRY = Entry("m", "tree")
LESS = {"max_depth": 1}
FITS = [
    Fit("m"),
    *(Fit("m", Sample("fold", k)) for k in range(3)),
    *(Fit("m", Sample("fold", k), LESS) for k in range(3)),
    *(Fit("m", Sample("resample", r)) for r in range(2)),
    Fit("m", seed=1),
]


def said(fit, study):
    """A number that tells which fit it is from, on the rows that the fit is asked about."""
    value = 100.0 * bool(fit.params) + 10.0 * fit.seed + fit.sample.number
    split = study.split
    if fit.sample.kind == "fold":
        n = {"validation": int((split.folds == fit.sample.number).sum())}
    else:
        n = {"test": len(split.tests["test"])} | ({"train": len(split.train)} if fit.is_final else {})
    return packed({part: {Output.VALUE: np.full(rows, value)} for part, rows in n.items()})


def gathered(study, failing=None, message="it left no result", **remarks):
    def read(fit):
        if fit == failing:
            return {}, {"error": message}
        return said(fit, study), {"messages": ["slow", "slow"], "fit_seconds": 2.0, **remarks}

    return outcome_of(ENTRY, FITS, {"less": LESS}, read, study.fit_data)


def test_the_fits_of_a_model_are_told_apart_by_their_samples():
    study = prepared()
    found = gathered(study, described={"chosen": {"max_depth": 3}})
    assert (found.status, found.message, found.n_fits, found.seconds) == ("ok", "slow", len(FITS), 2.0)
    assert found.ok
    assert found.described == {"chosen": {"max_depth": 3}}
    assert set(found.said("train")[Output.VALUE]) == {0.0}
    np.testing.assert_array_equal(found.said("validation")[Output.VALUE], study.split.folds)
    np.testing.assert_array_equal(found.probes["less"][Output.VALUE], 100.0 + study.split.folds)
    assert [set(each["test"][Output.VALUE]) for each in found.refits] == [{0.0}, {1.0}]
    assert [set(each["test"][Output.VALUE]) for each in found.seeds] == [{10.0}]
    assert found.said("another test") == {}


def test_a_fit_that_had_to_compile_is_not_what_a_fit_takes():
    study = prepared()

    def read(fit):
        return said(fit, study), {"messages": [], "fit_seconds": 20.0 if fit == FITS[0] else 1.0}

    assert outcome_of(ENTRY, FITS, {"less": LESS}, read, study.fit_data).seconds == 1.0


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (0, "the final fit"),
        (2, "the fit of fold 1"),
        (5, "the less flexible neighbour on fold 1"),
        (8, "refit 1"),
        (9, "the fit with seed 0"),
    ],
)
def test_a_model_of_which_one_fit_failed_has_failed_and_says_which(at, words):
    found = gathered(prepared(), failing=FITS[at])
    assert (found.status, found.message) == ("failed", f"{words}: it left no result")
    assert not found.ok
    assert found.n_fits == len(FITS)


def test_a_skipped_model_says_why_and_nothing_is_read():
    entry = Entry("m", "tree", skipped="its fits take too long")
    found = outcome_of(entry, FITS, {}, lambda fit: pytest.fail("read"), prepared().fit_data)
    assert (found.status, found.message) == ("skipped", "its fits take too long")


def test_what_not_every_fold_says_is_said_of_no_row():
    fit_data = prepared().fit_data
    sizes = [int((fit_data.folds == k).sum()) for k in range(3)]
    parts = [{Output.VALUE: np.zeros(n), Output.LAW: np.zeros((n, 13))} for n in sizes]
    assert folded(parts, fit_data)[Output.LAW].shape == (len(fit_data.train), 13)
    del parts[1][Output.LAW]
    assert list(folded(parts, fit_data)) == [Output.VALUE]
    assert folded([], fit_data) == {}
