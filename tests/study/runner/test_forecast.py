"""A forecast counts what a run does: its fits with their settings, what follows from them, evidence and page."""

from __future__ import annotations

import pytest

from fivesigma.study.plan import Fit, Sample
from fivesigma.study.registry.pace import PACES, seconds_of
from fivesigma.study.registry.registry import kind, kinds
from fivesigma.study.runner.forecast import (
    Forecast,
    Pace,
    conclusion,
    forecast,
    foretold,
    further,
    n_workers,
    planned,
)
from fivesigma.study.spec.shipped import built_in
from fivesigma.study.study import Study
from tests.study.made import prepared


@pytest.mark.parametrize("name", [name for name in kinds() if name not in ("own", "predictions")])
def test_every_kind_has_a_time_that_grows_with_the_rows(name):
    each = kind(name)
    params = each.checked({})
    little, much = (seconds_of(each, n, 10.0, 2.0, params) for n in (100.0, 10_000.0))
    assert 0.0 < little <= much < 1e6


def test_paces_are_of_kinds_that_are_there():
    assert set(PACES) <= set(kinds())


@pytest.mark.parametrize(
    ("name", "one", "two", "ratio"),
    [
        ("forest", {"n_estimators": 100}, {"n_estimators": 300}, 3.0),
        ("natural-gradient", {"n_estimators": 100}, {"n_estimators": 200}, 2.0),
        ("mlp", {"early_stopping": False, "epochs": 300}, {"early_stopping": False, "epochs": 900}, 3.0),
        ("mlp", {"n_members": 5}, {"n_members": 10}, 2.0),
        ("gibbs-mixture", {"n_sweeps": 10_000}, {"n_sweeps": 31_000}, 32 / 11),
        ("gibbs-mixture", {"n_components": 2}, {"n_components": 6}, 3.0),
    ],
)
def test_settings_that_cost_are_counted(name, one, two, ratio):
    each = kind(name)
    first, second = (seconds_of(each, 5000.0, 8.0, 1.0, each.checked(params)) for params in (one, two))
    assert second / first == pytest.approx(ratio, rel=0.15)


def test_a_fit_costs_by_its_own_rows_columns_and_settings():
    study = prepared()
    pace = Pace.of(study)
    whole, fold, some, narrow = (
        pace.seconds(Fit("linear", sample, columns=columns))
        for sample, columns in (
            (Sample(), None), (Sample("fold"), None), (Sample(n_rows=20), None), (Sample(), ("x0",))
        )
    )  # fmt: skip
    assert whole > fold > some
    assert whole > narrow


def test_a_forecast_adds_up_and_more_workers_take_less():
    study = prepared()
    plan = planned(study)
    found, pace = forecast(study, plan), Pace.of(study)
    assert found.fits == pytest.approx(sum(map(pace.seconds, plan.tasks.values())))
    assert (found.further, found.tasks) == (0.0, len(plan.tasks))
    assert Forecast(100.0, 0.0, 1.0, 50).seconds(4) < Forecast(100.0, 0.0, 1.0, 50).seconds(1)


def test_what_is_soon_done_has_one_process_unless_more_are_asked_for(monkeypatch):
    monkeypatch.setattr("fivesigma.study.runner.forecast.available_cores", lambda: 4)
    soon, long, few = Forecast(1.0, 1.0, 9.0, 50), Forecast(1.0, 100.0, 9.0, 50), Forecast(100.0, 0.0, 9.0, 3)
    assert [each.at_once() for each in (soon, long, few)] == [1, 4, 3]
    assert [each.at_once(2) for each in (soon, long, few)] == [2, 2, 2]
    assert soon.seconds() == soon.seconds(1)


def test_code_of_the_users_own_has_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr("fivesigma.study.runner.forecast.available_cores", lambda: 2)
    study = prepared()
    plan = planned(study)
    assert n_workers(study, plan, None) == 1
    assert n_workers(study, plan, 2) == 2
    study.spec._trust = True
    assert n_workers(study, plan, None) == 2


def test_columns_that_are_deleted_one_after_the_other_are_foretold():
    study = prepared(explain={"drop_best": 1, "models": ["linear"], "permutation": 2})
    one = further(study, Pace.of(study))
    assert one == pytest.approx((1 + 3 + 4) * Pace.of(study).seconds(Fit("linear")))


def test_more_models_and_resamples_conclude_later():
    few, many = (conclusion(prepared(evaluate={"bootstrap": b, "refits": 4})) for b in (100, 100_000))
    assert few < many


def test_a_scan_is_told_by_its_points():
    study = Study.read("curse-of-dimensionality").prepared()
    said = foretold(study, planned(study))
    assert said[0].startswith("scan: 35 studies (7 points, 5 repeats)")
    assert said[1].startswith("time: about ")


@pytest.mark.parametrize("name", [study.name for study in built_in() if not study.needs_data][:4])
def test_check_says_how_long_a_run_takes(name):
    assert sum(line.startswith("time: about ") for line in Study.read(name).check()) == 1
