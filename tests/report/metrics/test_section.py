"""The table of all metrics on the page and in its text."""

from __future__ import annotations

import dataclasses

from fivesigma.record.results import Score
from fivesigma.record.sections.weight_sums import PartSums, WeightSumsRecord
from fivesigma.report.page import page
from fivesigma.report.sections import SECTIONS
from tests.report import fixture as made

METRICS = tuple(each for each in SECTIONS if each.id == "metrics")
SUMS = WeightSumsRecord(parts={"test": PartSums(n=(900, 100), sums=(4500.25, 12.5), scale=5.0)})


def with_significances(*, sums: bool):
    base = made.binary(3, 2, 100)
    models = tuple(
        dataclasses.replace(
            each, scores={**each.scores, "test": {**each.scores["test"], "ams": Score(1.23, 0.9, 1.6)}}
        )
        if each.status == "ok"
        else each
        for each in base.models
    )
    return dataclasses.replace(base, models=models, sections={"weight_sums": SUMS} if sums else {})


def test_the_best_is_open_and_the_others_fold() -> None:
    results = made.binary(3, 2, 100)
    shown = page(results, made.MANIFEST, METRICS).html
    open_part, folded = shown.split("<details>")
    assert f"<bdi>{results.best}</bdi>" in open_part
    assert "<bdi>dummy</bdi>" in folded
    assert "<bdi>dummy</bdi>" not in open_part
    assert "Every metric of the other 2 models" in folded
    assert "expected calibration error" in open_part


def test_one_other_model_is_one_model() -> None:
    results = made.binary(3, 2, 100)
    two = [each for each in results.models if each.name in (results.best, results.baseline)]
    shown = page(dataclasses.replace(results, models=tuple(two)), made.MANIFEST, METRICS).html
    assert "Every metric of the other 1 model<" in shown


def test_significances_say_what_they_are_made_of_and_assume() -> None:
    found = page(with_significances(sums=True), made.MANIFEST, METRICS)
    for text in (found.html, found.markdown):
        assert "for" in text
        assert "b + 10 in place of b, and σ" in text
        assert "4500" in text
        assert "12.5" in text
    assert "× 5" in found.html


def test_of_an_older_run_significances_still_say_what_they_assume() -> None:
    found = page(with_significances(sums=False), made.MANIFEST, METRICS).html
    assert "b + 10 in place of b" in found
    assert "metrics-yields" not in found


def test_without_significances_nothing_is_said_of_yields() -> None:
    assert "yields" not in page(made.binary(3, 2, 100), made.MANIFEST, METRICS).markdown


def test_the_names_of_models_are_text() -> None:
    base = made.binary(3, 2, 100)
    evil = "<b>*x*|"
    models = tuple(dataclasses.replace(m, name=evil) if m.name == base.best else m for m in base.models)
    found = page(dataclasses.replace(base, models=models, best=evil), made.MANIFEST, METRICS)
    assert "<b>" not in found.html
    assert "&lt;b&gt;*x*|" in found.html
    assert "\\*x\\*\\|" in found.markdown
