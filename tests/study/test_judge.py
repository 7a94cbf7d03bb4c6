"""The judge alone says of scores in memory what a study of the same scores says, to the bit; else a sentence."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma.study.study import Study

N, N_TRAIN = 240, 60
STUDY = """
[study]
name = "given"
seed = 3
[data]
path = "events.parquet"
target = "y"
{data}
[split]
test = {{ column = "part", value = "test" }}
folds = 3
[evaluate]
metric = "{metric}"
baseline = "a"
bootstrap = 300
refits = 10
"""
MODEL = """
[[models]]
name = "{name}"
kind = "predictions"
file = "scores.parquet"
columns = {columns}
refits = {refits}
"""
CASES = {
    "two": (2, "roc_auc", "", "", 0),
    "three": (3, "log_loss", "", "", 0),
    "weighted": (2, "brier", 'weight = "w"', "w", 0),
    "grouped": (2, "roc_auc", 'group = "g"', "g", 0),
    "refitted": (2, "roc_auc", 'weight = "w"', "w", 10),
    "numbers": (None, "r2", "", "", 0),
    "numbers, refitted": (None, "rmse", 'group = "g"', "g", 10),
}


def drawn(n_classes: int | None, R: int) -> tuple[dict, dict, dict]:
    """Return events, and of each model its scores and those of its refits."""
    rng = np.random.default_rng(5)
    n, K = N + N_TRAIN, n_classes or 1
    y = rng.normal(size=n) if n_classes is None else rng.integers(0, n_classes, n)
    events = {
        "x": rng.normal(size=n),
        "y": y,
        "part": np.where(np.arange(n) < N_TRAIN, "train", "test"),
        "w": rng.integers(1, 4, n).astype(float),
        "g": np.arange(n) // 4,
    }

    def scores(noise: float) -> np.ndarray:
        if n_classes is None:
            return y + noise * rng.normal(size=n)
        logits = 2 * np.eye(K)[y] + noise * rng.normal(size=(n, K))
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return p[:, 1] if K == 2 else p

    said = {"a": scores(2.0), "b": scores(1.0), "c": scores(0.9)}
    least, most = (-np.inf, np.inf) if n_classes is None else (0.0, 1.0)

    def again(each: np.ndarray) -> np.ndarray:
        return np.clip(
            each + 0.02 * rng.normal() * (each - 0.5) + 0.01 * rng.normal(size=each.shape), least, most
        )

    refits = {name: [again(each) for _ in range(R)] for name, each in said.items()}
    return events, said, {name: every for name, every in refits.items() if R}


def study_of(folder, case: str):
    n_classes, metric, data, _, R = CASES[case]
    events, said, refits = drawn(n_classes, R)
    pl.DataFrame(events).write_parquet(folder / "events.parquet")
    columns, text = {}, STUDY.format(data=data, metric=metric)
    for name, each in said.items():
        named = []
        for word, scores in [(name, each), *((f"{name}{r}", s) for r, s in enumerate(refits.get(name, ())))]:
            many = (
                {f"{word}:{k}": column for k, column in enumerate(scores.T)}
                if scores.ndim == 2
                else {word: scores}
            )
            columns |= many
            named.append(list(many))
        text += MODEL.format(name=name, columns=named[0], refits=named[1:])
    pl.DataFrame(columns).write_parquet(folder / "scores.parquet")
    (folder / "s.toml").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fivesigma.report.render", lambda *given: None)
        return Study.read(folder / "s.toml").run(folder / "run", workers=1, progress=False).results


def judged(case: str, **more):
    n_classes, metric, _, beside, R = CASES[case]
    events, said, refits = drawn(n_classes, R)
    test = events["part"] == "test"
    kept = {name: [each[test] for each in every] for name, every in refits.items()}
    asked = {"w": {"weight": events["w"][test]}, "g": {"groups": events["g"][test]}}.get(beside, {})
    scores = {name: each[test] for name, each in said.items()}
    asked |= {
        "metric": metric,
        "refits": kept,
        "baseline": "a",
        "seed": 3,
        "bootstrap": 300,
        "n_train": N_TRAIN,
    }
    return fs.evidence(events["y"][test], scores, **(asked | more))


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_those_of_a_study_of_the_same_scores(case, tmp_path) -> None:
    results, found = study_of(tmp_path, case), judged(case)
    for model in results.models:
        theirs = model.scores["test"]
        assert set(found.scores[model.name]) == set(theirs)
        for name, each in theirs.items():
            ours = found.scores[model.name][name]
            assert (ours["value"], ours["low"], ours["high"]) == (each.value, each.low, each.high), name
            assert (ours.stat, ours.train, ours.method) == (each.error.stat, each.error.train, each.method)
    said = {claim.text: claim for claim in found.claims}
    assert results.claims
    for claim in results.claims:
        assert said[claim.text] == claim


def test_the_sentence_says_what_it_is_about() -> None:
    for case, words in (("two", "for these fitted models."), ("refitted", "for the procedure.")):
        assert all(claim.text.endswith(words) for claim in judged(case).claims)
    assert all("fitted models" in claim.text for claim in judged("refitted", claim="fitted").claims)
    few = judged("refitted", refits={"b": [np.full(N, 0.5)] * 9})
    assert all("fitted models" in claim.text for claim in few.claims)
    assert few.scores["b"]["roc_auc"].train is not None


def test_every_pair_has_its_sentence_and_scores_are_mappings_and_html() -> None:
    found = judged("two", baseline=None)
    assert [claim.text.split(" ")[0] for claim in found.claims] == ["a", "a", "b"]
    assert {"value", "low", "high"} <= set(found.scores["a"]["roc_auc"])
    assert next(iter(found.scores["a"])) == "roc_auc"
    page = fs.evidence([0, 1] * 40, {"<b>": np.linspace(0, 1, 80)})._repr_html_()
    assert "<table" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "roc_auc 0." in repr(found)
    assert "for these fitted models" in found.claims._repr_html_()
    with pytest.raises(KeyError, match="a score has value, low"):
        found.scores["a"]["roc_auc"]["valu"]
    with pytest.raises(AttributeError):
        _ = found.scores["a"]["roc_auc"].valu


def test_labels_of_any_sort_and_columns_of_frames_are_taken() -> None:
    import pandas as pd

    y, p = np.tile([0, 1, 1, 0], 30), np.random.default_rng(0).uniform(size=120)
    words = np.where(y == 1, "sig", "bkg")
    one = fs.evidence(y, {"m": p}).scores["m"]["roc_auc"].value
    assert fs.evidence(words, {"m": p}, classes=["bkg", "sig"]).scores["m"]["roc_auc"].value == one
    frame = pd.DataFrame({"y": words, "p": p}, index=np.arange(120)[::-1])
    assert (
        fs.evidence(frame["y"], {"m": frame["p"]}, classes=["bkg", "sig"]).scores["m"]["roc_auc"].value == one
    )
    assert fs.evidence(y == 1, {"m": pl.Series(p)}).scores["m"]["roc_auc"].value == one
    both = np.column_stack([1 - p, p])
    assert fs.evidence(y.tolist(), {"m": both.tolist()}).scores["m"]["roc_auc"].value == pytest.approx(one)


def test_several_targets_and_signed_weights_have_the_metrics_that_they_can() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(100, 2))
    found = fs.evidence(y, {"m": y + 0.1 * rng.normal(size=(100, 2)), "n": 0 * y})
    assert found.scores["m"]["r2"].value > 0.9
    assert found.claims[0].verdict == "observation"
    w = np.where(np.arange(100) % 9 == 0, -1.0, 1.0)
    signed = fs.evidence(y[:, 0] > 0, {"m": rng.uniform(size=100)}, weight=w)
    assert signed.scores["m"]["roc_auc"].value is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scores": {}}, "must be a mapping of names"),
        ({"scores": {"m": np.zeros(3)}}, r"have shape \(3,\); expected \(80,\)"),
        ({"scores": {"m": np.full(80, 2.0)}}, "expected a probability, from 0 to 1"),
        ({"scores": {"m": np.full(80, np.nan)}}, "expected a finite number"),
        ({"scores": np.zeros(80)}, "mapping of names to arrays.*; got a ndarray"),
        ({"scores": {1: np.zeros(80)}}, "1 is no name of a model"),
        ({"scores": {" ": np.zeros(80)}}, "' ' is no name of a model"),
        (
            {"scores": {"m": np.ma.masked_less(np.linspace(0, 1, 80), 0.5)}},
            "'m' is nan in row 0, and so in 40",
        ),
        ({"refits": [np.zeros(80)]}, "refits must be a mapping of names to arrays.*; got a list"),
        ({"y": [], "scores": {"m": []}}, "y has no events"),
        ({"claim": "model"}, "'model' is not a claim; expected one of procedure, fitted"),
        ({"seed": -1}, "seed is -1; expected a whole number from 0"),
        ({"bootstrap": 0}, "bootstrap is 0; expected 100 resamples or more"),
        ({"relevant": -1.0}, "relevant is -1.0"),
        ({"scores": {"m": np.zeros((80, 3))}}, r"of 'm' have 3 columns; expected \(80, 2\) of 2 classes"),
        ({"metric": "roc_acu"}, "Did you mean 'roc_auc'"),
        ({"metric": "ams"}, "read at a cut or a width, which must be chosen on other events"),
        ({"metric": "r2"}, "'r2' does not score this classification"),
        ({"baseline": "k"}, "baseline: 'k' is not among the scores"),
        ({"refits": {"k": []}}, "refits: 'k' is not among the scores"),
        ({"refits": {"m": [np.zeros(3)]}}, r"have shape \(3,\)"),
        ({"y": [0, 1, None, 1] * 20}, "y has no label for 20 of 80 events"),
        ({"weight": np.full(80, np.nan)}, "80 of 80 weights are missing"),
        ({"groups": np.zeros(3)}, "expected"),
        ({"task": "clustering"}, "no scores of events to judge"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_a_sentence(change, words) -> None:
    asked = {"y": [0, 1] * 40, "scores": {"m": np.linspace(0, 1, 80)}} | change
    with pytest.raises(InputError, match=words):
        _ = fs.evidence(asked.pop("y"), asked.pop("scores"), **asked).claims


@pytest.mark.parametrize(
    "scores", [["x"] * 80, np.full(80, 0.5 + 1j), np.full(80, np.datetime64("2020-01-01"))]
)
def test_scores_that_are_no_real_numbers_are_refused(scores) -> None:
    with pytest.raises(WrongTypeError, match=r"the array of scores of 'm' holds .*; expected real numbers"):
        fs.evidence([0, 1] * 40, {"m": scores})


def test_a_model_alone_has_scores_and_no_claims_and_few_events_no_interval() -> None:
    found = fs.evidence([0, 1] * 4, {"m": np.linspace(0, 1, 8)})
    assert list(found.claims) == []
    assert found.scores["m"]["roc_auc"]["low"] is None
    assert found.scores["m"]["roc_auc"]["value"] is not None
    assert "no claims" in found._repr_html_()
