"""Errors a user can meet: sentences with a suggestion, each of a type that callers know."""

from __future__ import annotations

import pytest

from fivesigma._core import errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.InputError, ValueError),
        (errors.WrongTypeError, TypeError),
        (errors.StudyError, ValueError),
        (errors.DataError, OSError),
        (errors.FitError, RuntimeError),
        (errors.MissingExtraError, ImportError),
    ],
)
def test_each_is_ours_and_pythons_and_says_its_sentence(error, builtin):
    assert issubclass(error, errors.FivesigmaError)
    assert issubclass(error, builtin)
    assert str(error("what was got,", "what to do")) == "what was got, what to do"


def test_a_near_word_is_suggested_and_a_far_one_is_not():
    assert errors.did_you_mean("LOGISTIC", ["linear", "logistic"]) == " Did you mean 'logistic'?"
    assert errors.did_you_mean("a", []) == ""
    assert errors.one_of("l1", iter(["l1", "l2"]), "penalty") == "l1"
    with pytest.raises(errors.InputError, match=r"'zzzz' is not a penalty; expected one of l1, l2\.$"):
        errors.one_of("zzzz", ["l1", "l2"], "penalty")


def test_an_absent_package_is_answered_with_the_command_that_installs_it():
    assert errors.require("json", "all").loads("1") == 1
    assert errors.absent("json.decoder", "all") == ""
    said = errors.absent("no_such_package.part", "boost")
    assert said.endswith("pip install 'fivesigma[boost]'")
    with pytest.raises(errors.MissingExtraError) as caught:
        errors.require("no_such_package.part", "boost")
    assert str(caught.value) == said
