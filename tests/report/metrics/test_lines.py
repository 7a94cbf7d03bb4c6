"""Every metric of a model: which lines, in which unit, to how many digits."""

from __future__ import annotations

import dataclasses

from fivesigma.record.results import ErrorBudget, ModelRecord, Score
from fivesigma.record.sections.columns import TargetUnitRecord
from fivesigma.record.sections.outputs import OutputsRecord, TargetRecord
from fivesigma.report.metrics.lines import tables
from fivesigma.report.section import View
from tests.report import fixture as made

TEST = Score(368.61, 318.03, 438.88, error=ErrorBudget(stat=27.06, train=3.67))
FOLDS = Score(409.06, 348.29, 469.83, pooled=409.06)
TRAIN = Score(403.6549)


def view(scores, *, metric="r2", unit="g", sections=None) -> View:
    base = made.binary(3, 2, 100)
    data = dataclasses.replace(
        base.data, sections={"target_unit": TargetUnitRecord(unit=unit)} if unit else {}
    )
    model = ModelRecord("linear", "linear", "ok", scores=scores, sections=sections or {})
    return View(
        dataclasses.replace(
            base, task="regression", metric=metric, best="linear", baseline=None, data=data, models=(model,)
        ),
        {},
    )


def only(found: View):
    return tables(found, found.results.models[0])


def test_every_metric_has_its_unit_and_the_primary_one_is_first() -> None:
    scores = {"validation": {"rmse": FOLDS, "r2": Score(0.72, 0.6, 0.84)}, "test": {"rmse": TEST}}
    (table,) = only(view(scores))
    assert [(line.metric, line.label, line.unit) for line in table.lines] == [
        ("r2", "R²", ""),
        ("rmse", "RMSE", "g"),
    ]
    assert table.parts == ("validation", "test")


def test_a_score_without_an_error_is_worth_the_digits_of_the_surest_other() -> None:
    (table,) = only(view({"train": {"rmse": TRAIN}, "validation": {"rmse": FOLDS}, "test": {"rmse": TEST}}))
    cells = {part: table.lines[0].cell(part) for part in table.parts}
    assert (cells["train"].value, cells["train"].interval) == ("404", "")
    assert (cells["test"].value, cells["test"].interval) == ("369 ± 27", "318 to 439")
    (alone,) = only(view({"train": {"rmse": TRAIN}}))
    assert alone.lines[0].cell("train").value == "403.7"


def test_the_pooled_score_stands_beside_a_mean_over_folds_and_nowhere_else() -> None:
    averaged = Score(0.8712, 0.851, 0.891, pooled=0.8654)
    (table,) = only(view({"validation": {"rmse": FOLDS, "r2": averaged}}))
    assert [line.cell("validation").pooled for line in table.lines] == ["0.865", ""]


def test_each_of_several_targets_has_a_table_in_its_own_unit() -> None:
    outputs = OutputsRecord(
        targets={
            name: TargetRecord(unit=unit, scores={"test": {"rmse": TEST}}, versus_baseline={}, versus_best={})
            for name, unit in (("mass", "g"), ("length", None))
        }
    )
    found = only(view({"test": {"r2": Score(0.8)}}, unit=None, sections={"outputs": outputs}))
    assert [each.target for each in found] == ["", "mass", "length"]
    assert [each.lines[0].unit for each in found] == ["", "g", "that of the target"]


def test_a_metric_that_nobody_knows_any_more_is_shown_without_a_unit() -> None:
    (table,) = only(view({"test": {"their_own": TEST}}))
    assert (table.lines[0].label, table.lines[0].unit) == ("their own", "")


def test_several_tests_are_all_shown_by_their_names() -> None:
    (table,) = only(view({"validation": {"r2": FOLDS}, "north": {"r2": TEST}, "south": {"r2": TEST}}))
    assert table.parts == ("validation", "north", "south")
