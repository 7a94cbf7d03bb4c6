"""``[weights]``: what it says, and what it cannot."""

from __future__ import annotations

import pytest

from fivesigma._core.errors import StudyError
from fivesigma.study.spec.document import Spec

HEAD = '[data]\npath = "t.csv"\ntarget = "y"\nweight = "w"\n'
PHYSICAL = 'sigma = "831 pb"\nluminosity = "140 /fb"\n'


def test_a_study_without_the_section_has_none():
    assert Spec.from_toml(HEAD).weights is None
    assert "weights" not in Spec.from_toml(HEAD).to_document()


def test_all_that_it_says_is_written_back():
    text = HEAD + (
        '[weights]\nnegative = "resample"\nbackground = 0.1\nalternatives = ["up", "down"]\ncolumn = "process"\n'
        f"[weights.yields.ttbar]\n{PHYSICAL}sum_w = 1e9\nk = 1.2\nfilter = 0.5\n[weights.yields.HH]\ntotal = 692\n"
    )
    spec = Spec.from_toml(text)
    assert Spec.from_toml(spec.to_toml()) == spec
    samples = spec.weights.samples
    assert samples["ttbar"].expected == pytest.approx(831 * 0.5 * 1.2 * 140e3)
    assert (samples["ttbar"].sum_w, samples["HH"].total) == (1e9, 692)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('[weights]\nnegative = "dorp"', "weights.negative: got 'dorp', expected .*Did you mean 'drop'"),
        ("[weights]\nnegativ = 1", "negativ.*Did you mean 'negative'"),
        (
            "[weights]\nbackground = 0.1",
            "of expected significances, which need weights.yields, and none is given",
        ),
        (f"[weights.yields.s]\n{PHYSICAL}sum_w = 0", "expected more than 0"),
        (f"[weights.yields.s]\n{PHYSICAL}total = 3", "keep one way"),
        ("[weights.yields.s]\nsum_w = 3.0", "needs sigma, luminosity and sum_w, or total alone"),
        ('[weights.yields.s]\nsigma = "831 GeV"', "'831 GeV' is not a cross-section"),
        ('[weights.yields.s]\nluminosity = "140 fb"', "'140 fb' is not an integrated luminosity"),
        ('features = ["a", "up"]\n[weights]\nalternatives = ["up"]', "'up' is a feature too"),
        ("[weights]\nbackground = -0.1", r"background: got -0.1, expected 0(\.0)? or more"),
        (
            '[weights]\ncolumn = "process"',
            "weights.column names the samples of weights.yields, and none is given",
        ),
    ],
)
def test_what_it_cannot_say_is_one_sentence(said, words):
    with pytest.raises(StudyError, match=words):
        Spec.from_toml(HEAD + said)


def test_a_policy_needs_weights():
    with pytest.raises(StudyError, match=r"no data\.weight and no weights\.yields"):
        Spec.from_toml(HEAD.replace('weight = "w"\n', "") + '[weights]\nnegative = "drop"')
