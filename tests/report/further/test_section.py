"""Further tests stand on the page, in the text, in the leaderboard and in the terminal; one test alone leaves none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivesigma.cli.outcome import answer
from fivesigma.record.sections.further import FurtherTestsRecord
from fivesigma.study.study import Study

TEXT = """
[study]
name = "two"
[data]
path = "d.csv"
target = "y"
features = ["a", "b"]
units = { a = "GeV" }
[split]
folds = 2
test = TEST
[evaluate]
bootstrap = 100
refits = 3
METRIC
[[models]]
kind = "dummy"
[[models]]
kind = "KIND"
"""
SEVERAL = '{ "near <i>" = { column = "run", value = "near" }, far = { column = "run", value = "far" } }'


def run(folder, kind, test=SEVERAL, metric="", out="run"):
    rng = np.random.default_rng(0)
    run_of = np.repeat(["main", "near", "far"], [150, 100, 100])
    a, b, noise = rng.normal(size=(3, 350))
    a += run_of == "far"
    y = a + 0.5 * b + noise if kind == "linear" else np.where(a + 0.5 * b + noise > 0.3, "s", "b")
    rows = [f"{p:.4f},{q:.4f},{r},{z}" for p, q, r, z in zip(a, b, run_of, y, strict=True)]
    (folder / "d.csv").write_text("\n".join(["a,b,run,y", *rows]))
    text = TEXT.replace("KIND", kind).replace("TEST", test).replace("METRIC", metric)
    (folder / "s.toml").write_text(text)
    return Study.read(folder / "s.toml").run(folder / out, workers=1, progress=False)


@pytest.fixture(scope="module", params=["linear", "logistic"])
def two(request, tmp_path_factory):
    return run(tmp_path_factory.mktemp(request.param), request.param)


def test_the_page_and_its_text_say_what_is_lost_and_what_differs(two):
    page, text = ((two.path / name).read_text() for name in ("report.html", "report.md"))
    assert 'id="further"' in page
    assert "<i>" not in page.split('id="further"')[1].split("</section>")[0]
    (kept,) = two.results.section(FurtherTestsRecord).tests
    assert (kept.test, kept.against, kept.n) == ("far", "near <i>", 100)
    assert [each.name for each in kept.columns] == ["a", "b"]
    assert (kept.columns[0].unit, kept.columns[0].sigma_global > 3) == ("GeV", True)
    assert kept.told_apart.low > 0.5
    for said in ("a \\[GeV\\]", "1 of its 2 features differs by 3σ or more among all of them: a."):
        assert said in text
    assert (kept.calibrated is None) == (two.results.task == "regression")


def test_the_leaderboard_and_the_terminal_have_a_column_and_claims_of_it(two):
    board = two.leaderboard()
    assert "far" in board.header()
    assert all(len(row) == len(board.header()) for row in board.cells())
    assert board.rows[0]["further"]["far"]["value"] == two.results.models[1].scores["far"][board.metric].value
    said = answer(two)
    assert any(
        isinstance(each, str) and each.startswith(f"On far, {two.results.best} is") for each in said.parts
    )
    json.dumps(said.document, allow_nan=False)


def test_claims_of_rows_that_were_open_before_say_so(two):
    again = run(two.path.parent, two.results.models[1].kind, out="again")
    said = answer(again).parts
    assert any(isinstance(each, str) and each.startswith("On far") and "(not blind)" in each for each in said)


def test_one_test_alone_leaves_no_section(tmp_path):
    one = run(tmp_path, "linear", '{ column = "run", value = "far" }')
    assert one.results.section(FurtherTestsRecord) is None
    assert 'id="further"' not in (one.path / "report.html").read_text()


def test_a_metric_with_a_cut_and_few_events_do_no_harm(tmp_path):
    cut = run(tmp_path, "logistic", SEVERAL.replace("near <i>", "near"), 'metric = "rejection_50"')
    (kept,) = cut.results.section(FurtherTestsRecord).tests
    assert {each.model for each in kept.drops} == {"dummy", "logistic"}
