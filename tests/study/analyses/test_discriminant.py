"""A mixture of backgrounds in a study: what is refused, and rejections against those counted by hand."""

from __future__ import annotations

import json

import numpy as np
import polars
import pytest

from fivesigma._core.errors import StudyError
from fivesigma._core.outputs import Output
from fivesigma.record.sections.discriminant import DiscriminantRecord
from fivesigma.risk.cuts import Rejection
from fivesigma.risk.discriminant import Discriminant
from fivesigma.study.analyses.discriminant import EFFICIENCIES
from fivesigma.study.evidence.against import against
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.plan import Entry
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.spec.document import Spec
from fivesigma.study.study import Study

N = 900
TEXT = """[data]
path = "t.csv"
target = "process"
classes = ["tt", "z", "hh"]
[split]
folds = 3
{split}
[[models]]
kind = "dummy"
[[models]]
kind = "naive-bayes"
[evaluate]
bootstrap = 200
refits = 4
{evaluate}
"""
BACKGROUND = "background = { tt = 0.9, z = 0.1 }"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    centres = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
    X = centres[y] + rng.normal(size=(N, 2))
    path = tmp_path_factory.mktemp("mixture")
    table = {"a": X[:, 0], "b": X[:, 1], "process": np.array(["tt", "z", "hh"])[y]}
    polars.DataFrame(table).write_csv(path / "t.csv")
    return path


def spec(folder, evaluate=BACKGROUND, split="test = 0.4"):
    (folder / "s.toml").write_text(TEXT.format(evaluate=evaluate, split=split))
    return Spec.read(folder / "s.toml")


@pytest.mark.parametrize(
    ("evaluate", "message"),
    [
        ("background = { tt = 0.9, z = 0.2 }", "the shares sum to 1.1; expected 1"),
        ("background = { tt = 0.9, zz = 0.1 }", "'zz' is no class; expected one of tt, z. Did you mean 'z'?"),
        ("background = { tt = 0.9, hh = 0.1 }", "'hh' is the signal; expected tt, z."),
        ("background = { tt = 1.0 }", "'z' has no share; give it one, 0 if it is none of it"),
        ("background = { tt = 1.5, z = -0.5 }", "evaluate.background"),
        (f'{BACKGROUND}\nsignal = "h"', "'h' is no class; expected one of tt, z, hh. Did you mean 'hh'?"),
        ('signal = "hh"', "'hh' is given but no evaluate.background"),
        (f"{BACKGROUND}\ncrossfit = true", "crossfit = true is neither"),
    ],
)
def test_what_is_no_mixture_of_the_other_classes_is_refused_in_a_sentence(folder, evaluate, message):
    with pytest.raises(StudyError) as caught:
        prepare(spec(folder, evaluate, split="test = 0"))
    assert message in str(caught.value)
    assert "evaluate." in str(caught.value)


def test_a_regression_has_no_mixture(folder):
    spec(folder)
    text = (
        (folder / "s.toml").read_text().replace('"process"', '"a"').replace('classes = ["tt", "z", "hh"]', "")
    )
    (folder / "r.toml").write_text(text.replace("naive-bayes", "linear"))
    with pytest.raises(StudyError, match=r"evaluate\.background: shares are of the classes"):
        prepare(Spec.read(folder / "r.toml"))


@pytest.fixture(scope="module")
def result(folder, tmp_path_factory):
    spec(folder)
    return Study.read(folder / "s.toml").run(
        out=tmp_path_factory.mktemp("run") / "r", progress=False, workers=1
    )


def told(result, name="naive-bayes"):
    return next(each for each in result.results.models if each.name == name).section(DiscriminantRecord)


def by_hand(result, part):
    """D and class of the events of a part, out of what the run wrote."""
    table = polars.read_parquet(result.path / "predictions.parquet").filter(polars.col("part") == part)
    p = {name: table[f"naive-bayes:{name}"].to_numpy() for name in ("tt", "z", "hh")}
    return np.log(p["hh"] / (0.9 * p["tt"] + 0.1 * p["z"])), table["target"].to_numpy().astype(str)


def test_rejections_are_those_counted_in_the_predictions(result):
    kept = told(result)
    (out_of_fold, true), (D, y) = by_hand(result, "train"), by_hand(result, "test")
    for each in kept.rejections:
        own = np.sort(out_of_fold[true == "hh"])[::-1]
        cut = own[int(np.ceil(each.efficiency * len(own) - 1e-9)) - 1]
        assert each.cut == pytest.approx(cut)
        passing = {name: (D[y == name] >= cut).mean() for name in ("tt", "z")}
        rate = (
            0.9 * passing["tt"] + 0.1 * passing["z"] if each.background is None else passing[each.background]
        )
        if rate == 0:
            assert each.rejection.value is None
            assert each.rejection.low > 1
        else:
            assert each.rejection.value == pytest.approx(1 / rate)
    assert [each.efficiency for each in kept.rejections] == 3 * list(EFFICIENCIES)
    assert list(dict.fromkeys(each.background for each in kept.rejections)) == ["tt", "z", None]


def test_the_record_has_every_event_of_the_part_in_its_histograms(result):
    kept = told(result)
    assert (kept.signal, kept.part) == ("hh", "test")
    assert [(each.class_, each.share) for each in kept.shares] == [("tt", 0.9), ("z", 0.1)]
    assert [each.class_ for each in kept.histograms] == ["tt", "z", "hh"]
    widths = np.diff(kept.edges)
    assert all(np.array(each.density) @ widths == pytest.approx(1.0) for each in kept.histograms)


def test_the_signal_may_be_another_class(folder):
    prepared = prepare(spec(folder, 'background = { hh = 0.5, z = 0.5 }\nsignal = "tt"'))
    from fivesigma.study.analyses.discriminant import discriminant_of

    assert discriminant_of(prepared) == Discriminant(0, (0.0, 0.5, 0.5))


def test_on_folds_every_rejection_has_its_interval(folder, tmp_path):
    spec(folder, split="test = 0\nrepeats = 1")
    result = Study.read(folder / "s.toml").run(out=tmp_path / "r", progress=False, workers=1)
    kept = told(result)
    assert kept.part == "validation"
    known = [each.rejection for each in kept.rejections if each.rejection.value is not None]
    assert known
    assert all(each.low is None or each.low <= each.value for each in known)
    assert any(each.low is not None for each in known)


def said(y, noise, seed):
    rng = np.random.default_rng(seed)
    p = np.exp(np.eye(3)[y] * 2 + noise * rng.normal(size=(len(y), 3)))
    return {Output.PROBABILITY: p / p.sum(axis=1, keepdims=True)}


def test_against_one_background_the_others_have_no_say(folder):
    prepared = prepare(spec(folder))
    y, split = prepared.data.y, prepared.split
    test = {name: said(y[rows], 1.0, 1) for name, rows in split.tests.items()}
    parts = {"train": said(y[split.train], 1.0, 2), "validation": said(y[split.train], 1.0, 3), "tests": test}
    made = {"m": Outcome(Entry("m", "own"), "ok", **parts, refits=(test, test))}
    found = Evidence(prepared, list(made.values()), opened=True)
    D, rejection = Discriminant(2, (0.9, 0.1, 0.0)), Rejection("rejection_50", 0.5)
    scores = against(found.scores, rejection, D, "test", background=1)
    p, truth = test["test"][Output.PROBABILITY], y[split.tests["test"]]
    kept = truth != 0
    two = D.ordered(p[kept])
    cut = rejection.cut((y[split.train] == 2).astype(int), D.ordered(parts["validation"][Output.PROBABILITY]))
    by_hand = rejection.value((truth[kept] == 2).astype(int), two, cut=cut)
    assert scores.score(rejection, "test", "m").value == pytest.approx(by_hand)


def test_the_page_and_the_terminal_say_it(result):
    page = (result.path / "report.html").read_text()
    assert 'id="discriminant"' in page
    assert "all in these shares" in page
    assert (
        json.loads((result.path / "results.json").read_text())["models"][1]["discriminant"]["signal"] == "hh"
    )
    assert (result.path / "figures" / "discriminant.csv").is_file()
