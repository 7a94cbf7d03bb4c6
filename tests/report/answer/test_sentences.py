"""The first sentence of the page is one, whatever was asked, found, opened or refused."""

from __future__ import annotations

import dataclasses
import itertools
import re

import pytest

from fivesigma.record.results import (
    Claim,
    Comparison,
    DataRecord,
    ErrorBudget,
    ModelRecord,
    Results,
    ScanPoint,
    ScanScore,
    Score,
    SplitRecord,
)
from fivesigma.record.sections.answer import ANSWERS as NAMES
from fivesigma.record.sections.answer import AnswerRecord
from fivesigma.record.sections.coefficients import CoefficientErrors, CoefficientsRecord
from fivesigma.record.sections.columns import TargetUnitRecord
from fivesigma.record.sections.curves import Band, ValidationCurve, ValidationCurvesRecord
from fivesigma.record.sections.explained import Ablation, AblationStep, Explained, Importance, Ranking
from fivesigma.record.sections.mixture import Column, Means, MixtureRecord, Order, Shares
from fivesigma.record.sections.scan import Mark, ScanSettingsRecord, Theory, TheoryCurve
from fivesigma.record.sections.section import named
from fivesigma.report.answer.answers import ANSWERS, chosen, evidence, sentence
from fivesigma.report.page import page
from fivesigma.report.section import View
from fivesigma.report.sections import SECTIONS
from fivesigma.study.analyses.answer.needs import NEEDS

METRICS = {
    "classification": "roc_auc",
    "regression": "r2",
    "clustering": "log_likelihood",
    "labels": "overlap",
}
PARTS = ("opened", "sealed", "none", "crossfit")
STANDINGS = {
    "itself": None,
    "above": Comparison(0.4, 0.3, 0.5, 1e-9, 7.0, 6.5),
    "evidence": Comparison(0.4, 0.3, 0.5, 1e-4, 4.0, 3.5),
    "neither": Comparison(0.01, -0.1, 0.2, 0.4, 0.3, 0.2),
    "below": Comparison(-0.4, -0.5, -0.3, 1.0, -7.0, -6.5),
    "no sigma": Comparison(0.4, 0.3, 0.5),
    "no interval": Comparison(0.4),
    "nothing": Comparison(None),
}
WORLDS = list(itertools.product(METRICS, PARTS, STANDINGS))
BAD = ("None", "nan", "inf ", "  ", " ,", " ;", " .", ",,", ";;", "..", ",.", ";.", ":.", ": ;", ":;", ";,", ",;", "()",
       "( ", " )", "““", "””", "“”", "[]", "{", "}", "and .", "and ;", " of .", "(—)", "((")  # fmt: skip


def score(value: float, error: float | None = 0.02) -> Score:
    return Score(value, value - 0.04, value + 0.04, error=ErrorBudget(stat=error))


def scored(metric: str, where: tuple[str, ...], value: float) -> dict[str, dict[str, Score]]:
    more = {"rmse": score(361.5, 22.0)} if metric == "r2" else {}
    return {part: {metric: score(value), **more} for part in where}


def law(errors: bool = True) -> CoefficientsRecord:
    size = CoefficientErrors(classical=(1.5, 300.0), robust=(1.6, 310.0), bootstrap=(1.6, 312.0))
    return CoefficientsRecord(
        names=("flipper",),
        values=(-49.7,) if errors else (0.0,),
        intercept=-5780.0,
        standardised=(700.0 if errors else 0.0,),
        units=("g/mm",),
        errors=size if errors else None,
        spread=None if errors else (1.0, 2.0),
        low=(46.0, -6000.0),
        high=(53.0, -5000.0),
    )


def mixture(
    n: int = 2, *, posterior: bool = True, order: tuple[Order, ...] = (), columns: int = 1
) -> MixtureRecord:
    low = (0.3,) * n if posterior else None
    means = tuple((float(k),) * columns for k in range(n))
    limits = [tuple((m + d,) * columns for (m, *_) in means) if posterior else None for d in (-0.1, 0.1)]
    return MixtureRecord(
        n_clusters=n,
        counts=(40,) * n,
        noise=0,
        density=True,
        posterior=posterior,
        weights=Shares(value=(1.0 / n,) * n, low=low, high=(0.6,) * n if posterior else None),
        means=Means(value=means, low=limits[0], high=limits[1]),
        covariances=None,
        separation=2.0,
        warning="they overlap" if n == 3 else None,
        bic=1.0,
        log_evidence=None,
        order=order,
        together=None,
        loss=None,
        columns=tuple(Column(name=f"log T{j}", unit="dex") for j in range(columns)),
        shown=(),
        confusion=None,
    )


def world(task: str, parts: str, standing: str, best: str = "forest 0.5") -> Results:
    """Return the results of a study in small: its best model, a runner-up and a baseline."""
    metric, comparison = METRICS[task], STANDINGS[standing]
    where = {
        "opened": ("train", "validation", "test"),
        "crossfit": ("train", "validation", "crossfit"),
    }.get(parts, ("train", "validation"))
    baseline = best if comparison is None else "dummy"
    first = ModelRecord(
        best, "linear", "ok", scores=scored(metric, where, 0.81),
        versus_baseline={} if comparison is None else {metric: comparison}, sections=named(law()),
    )  # fmt: skip
    second = ModelRecord(
        "second", "forest", "ok", scores=scored(metric, where, 0.80),
        versus_best={} if comparison is None else {metric: comparison},
    )  # fmt: skip
    last = ModelRecord("dummy", "dummy", "ok", scores=scored(metric, where, 0.0))
    known = comparison is not None and comparison.difference is not None and comparison.sigma_global is None
    claims = (
        (Claim("x", comparison.difference, None, None, None, None, "not distinguished"),) if known else ()
    )
    classes = ("b", "s") if task == "classification" else None
    data = DataRecord("0", 300, 1, 300.0, (), classes, "mass", named(TargetUnitRecord(unit="g")))
    split = SplitRecord("0", 200, {"opened": 60, "sealed": 60}.get(parts, 0), 5)
    name = "clustering" if task == "labels" else task
    return Results(
        "s", name, 0, metric, baseline, best, data, split, (first, second, last), claims, claim="procedure"
    )


def assert_is_a_sentence(text: str) -> None:
    assert not [each for each in BAD if each in text], text
    assert text.endswith(".")
    assert text[0].isupper() or text[0] in "“", text
    outside = re.sub("“[^”]*”", "“x”", text)
    assert ". " not in outside, text
    for opened, closed in ("“”", "()", "[]"):
        assert text.count(opened) == text.count(closed), text
    assert not re.search(r"\ba [aeiou]|\ban [bcdfgjklpqtvwxyz]", outside), text
    assert not re.search(
        r"\bone (populations|clusters)|\b(two|three|four) (population|cluster)\b", outside
    ), text
    assert not re.search(r"\b(\w+) \1\b", outside.replace("“x”", "")), text
    assert not re.search(r"; (not|without a|an observation|evidence|which)\b", outside), text


def assert_knows_its_test(text: str, parts: str) -> None:
    said = text.replace("there is no test set", "").replace("the test set is still sealed", "")
    if parts != "opened":
        assert "test" not in said.replace("tested", "").replace("this test", ""), text
    assert ("no test set" in text) <= (parts in ("none", "crossfit")), text
    assert ("still sealed" in text) <= (parts == "sealed"), text


def test_every_answer_has_its_module_and_what_a_study_must_have_for_it() -> None:
    assert tuple(NAMES) == tuple(ANSWERS) == tuple(NEEDS)
    assert all(name == each.name for name, each in ANSWERS.items())


@pytest.mark.parametrize(("task", "parts", "standing"), WORLDS)
def test_what_the_task_answers_is_one_sentence(task: str, parts: str, standing: str) -> None:
    view = View(world(task, parts, standing), {})
    for text in filter(None, (sentence(view), evidence(view))):
        assert_is_a_sentence(text)
        assert_knows_its_test(text, parts)


@pytest.mark.parametrize(("task", "parts", "standing"), WORLDS)
def test_whatever_can_be_asked_is_one_sentence(task: str, parts: str, standing: str) -> None:
    results = rich(world(task, parts, standing))
    view = View(results, {})
    filled = [each for each in ANSWERS.values() if each.filled(view)]
    assert {"best", "coefficients", "law", "trend", "importance", "ablation"} <= {
        each.name for each in filled
    }
    for each in filled:
        assert_is_a_sentence(each.sentence(view))
        assert_knows_its_test(each.sentence(view), parts)


def rich(results: Results) -> Results:
    """Return the results with a scan, importances and an ablation."""
    name, metric = results.best or "", results.metric
    points = tuple(
        ScanPoint(
            {"source.d": d}, {name: {"test": {metric: ScanScore(1 - d / 10, 0.1, 0.9, error=0.01, n=5)}}}
        )
        for d in (0.0, 2.0, 8.0)
    )
    curve = TheoryCurve(name="t", y=(1.0, 0.2), models=(name,))
    theory = Theory(x=(0.0, 8.0), curves=(curve,), marks=(Mark(x=1.4, text="threshold"),))
    scan = ScanSettingsRecord(keys=("source.d",), repeats=5, fresh=True, part="test", theory=theory)
    seen = Importance(names=("a", "b"), mean=(0.3, 0.1), std=(0.01, 0.01), draws=())
    steps = tuple(
        AblationStep(
            columns=("b",), changed=gone, scores={"validation": score(0.7)}, change=change,
            ranking=Ranking(names=("b",), mean=(0.1,), std=(0.1,)),
        )
        for gone, change in (((), None), (("a",), STANDINGS["neither"]), (("b",), STANDINGS["below"]))
    )  # fmt: skip
    ablation = Ablation(part="validation", caveat="", steps=steps)
    explain = Explained(permutation={name: seen}, drop_best={name: ablation})
    return dataclasses.replace(results, scan=points, explain=explain, sections=named(scan))


def with_curve(best: int, *, bare: bool = False) -> View:
    """Return results whose best model has a validation curve over max_depth, best at ``best``."""
    results = world("classification", "opened", "neither")
    mean = tuple(0.9 - abs(value - best) / 100 for value in (1, 5, 100))
    ends = [(None,) * 3] * 2 if bare else [tuple(m + side for m in mean) for side in (-0.004, 0.004)]
    band = Band(mean=mean, low=ends[0], high=ends[1])
    curve = ValidationCurve(
        parameter="max_depth", metric="roc_auc", values=(1, 5, 100), n_folds=5, level=0.68, train=band,
        validation=band, folds=(), best=best, one_standard_error=best, most_flexible=100, fits_per_fold=1,
    )  # fmt: skip
    first = next(m for m in results.models if m.name == results.best)
    models = tuple(
        dataclasses.replace(m, sections=named(ValidationCurvesRecord(curves=(curve,)))) if m is first else m
        for m in results.models
    )
    return View(dataclasses.replace(results, models=models), {})


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("best", [1, 5, 100])
def test_the_course_of_a_setting_is_told_in_one_sentence(best: int, bare: bool) -> None:
    view = with_curve(best, bare=bare)
    said = ANSWERS["trend"].sentence(view)
    assert_is_a_sentence(said)
    assert f"best at max_depth = {best}, 0.900" in said
    assert ("interval 0.896 to 0.904" in said) is not bare
    assert all(bool(re.search(rf" at {end}\b", said)) is (end != best) for end in (1, 100))


def test_a_course_is_told_where_it_is_asked_for_alone() -> None:
    view = with_curve(5)
    assert chosen(view).name == "best"
    kept = view.results.sections | named(AnswerRecord(asked="trend"))
    asked = View(dataclasses.replace(view.results, sections=kept), {})
    assert chosen(asked).name == "trend"
    assert "stands above" in evidence(asked) or "reaches" in evidence(asked)


ORDERS = {
    "alike": [(1, 9.0, -3.0), (2, 5.0, -2.0), (3, 6.0, -2.1)],
    "apart": [(1, 9.0, -3.0), (2, 5.0, -2.0), (3, 6.0, -1.9)],
    "one": [(1, 2.0, None), (2, 5.0, None)],
    "none": [(2, 5.0, -2.0)],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("n", "columns"), [(1, 1), (2, 1), (2, 2), (3, 1), (3, 5), (9, 1)])
@pytest.mark.parametrize("posterior", [True, False])
def test_populations_are_told_in_one_sentence(order: str, n: int, columns: int, posterior: bool) -> None:
    rows = tuple(Order(n_components=K, bic=bic, held_out=held) for K, bic, held in ORDERS[order])
    kept = mixture(n, posterior=posterior, order=rows, columns=columns)
    results = world("clustering", "none", "neither")
    first, *rest = results.models
    models = (dataclasses.replace(first, sections=named(kept)), *rest)
    view = View(dataclasses.replace(results, models=models), {})
    assert chosen(view).name == "populations"
    assert_is_a_sentence(sentence(view))


def of_orders(order: str, n: int = 2) -> str:
    rows = tuple(Order(n_components=K, bic=bic, held_out=held) for K, bic, held in ORDERS[order])
    results = world("clustering", "none", "neither")
    first, *rest = results.models
    models = (dataclasses.replace(first, sections=named(mixture(n, order=rows))), *rest)
    return sentence(View(dataclasses.replace(results, models=models), {}))


def test_where_criteria_agree_the_number_is_theirs() -> None:
    assert of_orders("alike").startswith(
        "Two populations by BIC and held-out likelihood alike: shares 0.50(8)"
    )
    assert "centred at log T0 = 0.00(5) and 1.00(5) dex in “forest 0.5”" in of_orders("alike")


def test_where_criteria_differ_the_sentence_says_so() -> None:
    said = of_orders("apart")
    assert said.startswith(
        "Two populations by BIC, but three (the most that were tried) by held-out likelihood"
    )


def test_what_no_criterion_says_is_not_said() -> None:
    assert "nothing here says how many there are" in of_orders("none")


def test_a_regression_says_its_law_and_by_how_much_it_is_off() -> None:
    said = sentence(View(world("regression", "opened", "above"), {}))
    law_text = "mass = −5780(310) g − 49.7(16) g/mm × flipper"
    assert said.startswith(
        f"“forest 0.5” finds {law_text}, with R² 0.810 ± 0.020 and an RMSE of (362 ± 22) g on 60"
    )


def test_a_scan_heads_with_its_trend_and_its_theory() -> None:
    said = sentence(View(rich(world("classification", "opened", "above")), {}))
    assert said.startswith(
        "As d goes from 0 to 8, ROC AUC of “forest 0.5” falls from 1.000 ± 0.010 to 0.200 ± 0.010"
    )
    assert "theory marks the threshold" in said


def test_coefficients_that_a_penalty_holds_are_counted_where_they_are_zero() -> None:
    results = world("regression", "opened", "above")
    models = (dataclasses.replace(results.models[0], sections=named(law(errors=False))), *results.models[1:])
    view = View(dataclasses.replace(results, models=models), {})
    assert ANSWERS["coefficients"].sentence(view) == (
        "Exactly zero is one of the 1 coefficients of “forest 0.5”."
    )


PLACES = {
    "models.forest 0.5.scores.test.r2": "R² of “forest 0.5” on 60 sealed test events is 0.810 ± 0.020.",
    "models.forest 0.5.scores.test.rmse": "RMSE of “forest 0.5” on 60 sealed test events is (362 ± 22) g.",
    "models.second.scores.validation.r2.low": (
        "The lower limit of R² of “second” on the validation folds is 0.76."
    ),
    "data.n_samples": "“data.n_samples” of the results is 300.",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_of_the_results_is_said(place: str) -> None:
    results = dataclasses.replace(
        world("regression", "opened", "above"), sections=named(AnswerRecord(asked=place))
    )
    assert sentence(View(results, {})) == PLACES[place]


@pytest.mark.parametrize("asked", [*NAMES, "models.nobody.scores.test.r2", "models.second.scores.gizmo.r2"])
def test_what_results_cannot_fill_is_answered_by_the_task(asked: str) -> None:
    results = dataclasses.replace(
        world("classification", "sealed", "neither"), sections=named(AnswerRecord(asked=asked)), models=()
    )
    view = View(dataclasses.replace(results, best=None), {})
    assert chosen(view).name == "best"
    assert_is_a_sentence(sentence(view))


@pytest.mark.parametrize(
    "asked", ["best", "difference", "law", "coefficients", "trend", "importance", "ablation"]
)
def test_names_in_the_answer_are_text(asked: str) -> None:
    results = rich(world("regression", "opened", "neither", best="<i>forest</i>"))
    kept = {**results.sections, **named(AnswerRecord(asked=asked))}
    view = View(dataclasses.replace(results, sections=kept), {})
    assert chosen(view).name == asked
    built = page(view.results, {}, SECTIONS[:1])
    assert "<i>forest" not in built.html + built.markdown
    assert "&lt;i&gt;forest" in built.html


def test_a_comparison_that_was_not_made_has_no_verdict() -> None:
    for standing in ("no sigma", "no interval", "nothing"):
        said = sentence(View(world("classification", "opened", standing), {}))
        assert "not distinguished" not in said
