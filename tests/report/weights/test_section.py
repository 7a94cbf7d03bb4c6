"""What the weights are worth stands in sentences and one table, whatever the classes are called."""

from __future__ import annotations

import dataclasses

from fivesigma.record.sections.weights import Alternative, Unscored, Weighed, WeightsRecord
from fivesigma.report.markup import cell
from fivesigma.report.section import View
from fivesigma.report.weights.section import HEAD, PLAIN, SECTION, others, rows, sentences
from tests.report import fixture as made


def weighed(name="b <i>", *, negative=100, lost=3):
    return Weighed(
        name=name,
        n=500,
        n_negative=negative,
        sum_w=300.0,
        error=22.36,
        n_effective=180.0,
        n_trained=190,
        sum_trained=300.0,
        error_trained=22.1,
        pull=0.0,
        shift=1.25,
        feature="p|t",
        n_lost=lost,
        sum_lost=-1.5,
    )


def record(**changes):
    kept = WeightsRecord(
        policy="resample",
        samples=(weighed(), weighed("s", lost=0)),
        failed="",
        unscored=(Unscored(metric="average_precision", why="it divides"),),
        alternatives=(),
    )
    return dataclasses.replace(kept, **changes)


def test_what_training_does_what_is_not_scored_and_what_is_lost_is_said():
    said = sentences(record())
    assert "Training resamples" in said[0]
    assert said[0].endswith("keep the sign of every weight.")
    assert said[1] == "Not scored with negative weights: average precision (it divides)."
    assert said[2].endswith("of which none is kept: 3 of b <i>, Σw = −1.5.")


def test_each_class_has_a_line_with_what_the_policy_costs():
    line = dict(zip(HEAD, rows(record())[0], strict=True))
    assert line["negative"] == "100 (20 %)"
    assert line["Σw"] == "300 ± 22"
    assert line["yield off by"] == "0.0 errors"
    assert line["largest shift"] == "1.2 errors, of p|t"


def test_without_negative_weights_nothing_is_said_of_training():
    kept = record(samples=(weighed(negative=0, lost=0),), unscored=())
    assert sentences(kept) == []
    assert len(rows(kept)[0]) == len(PLAIN)


def test_other_weights_have_their_sums():
    kept = record(alternatives=(Alternative(name="LHEScaleWeight[0]", sum_w=330.0, ratio=1.1),))
    assert others(kept) == [("LHEScaleWeight[0]", "330", "1.1")]


def test_names_are_no_markup_on_page_and_in_text():
    results = made.binary(3, 2, 100)
    view = View(dataclasses.replace(results, sections={**results.sections, "weights": record()}), {})
    assert SECTION.applies(view)
    assert cell("b <i>") in SECTION.markdown(view)
    assert "<i>" not in SECTION.markdown(view).replace("&lt;i>", "")
