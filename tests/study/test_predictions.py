"""Laws of scores that were made elsewhere: they are judged as our own models are, and say how far they can be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivesigma._core.errors import DataError, InputError, StudyError
from fivesigma.study.finished.compare import compare
from fivesigma.study.runner.run import InterruptedRunError, resume
from tests.study.elsewhere import EVENTS, N, dataset, model, said, study


def results(made, out):
    made.run(out, workers=1, progress=False)
    record = json.loads((out / "results.json").read_text())
    return record, {each["name"]: each for each in record["models"]}


def numbers(score):
    return [score["value"], score["low"], score["high"], *score["error"].values()]


@pytest.mark.parametrize("classes", [2, 3, None])
def test_our_own_scores_read_back_give_the_record_of_the_model_itself(tmp_path, classes):
    data, own = dataset(classes), {"kind": "forest", "params": {"n_estimators": 10}}
    columns = said(study(data, [own]).prepared(), "forest")
    _, models = results(study(data, [own, model(tmp_path / "s.parquet", columns)]), tmp_path / "r")
    ours, theirs = models["forest"], models["elsewhere"]
    for part in ("validation", "test"):
        assert set(ours["scores"][part]) - {"crps", "nll"} == set(theirs["scores"][part]) - {"crps", "nll"}
        for name in set(ours["scores"][part]) & set(theirs["scores"][part]) - {"crps", "nll"}:
            a, b = ours["scores"][part][name], theirs["scores"][part][name]
            np.testing.assert_allclose(
                np.array(numbers(a), float), np.array(numbers(b), float), rtol=0, atol=1e-12, err_msg=name
            )
            assert a["method"] == b["method"]
    metric = next(iter(ours["versus_baseline"]))
    assert any((each["error"]["train"] or 0) > 0 for each in theirs["scores"]["test"].values())
    assert ours["versus_baseline"][metric]["sigma_local"] == pytest.approx(
        theirs["versus_baseline"][metric]["sigma_local"], abs=1e-9
    )
    assert theirs["scores"]["train"] == {}
    assert set(theirs["params"]) == {"sha256", "columns", "out_of_fold"}
    assert theirs["not_saved"]


@pytest.fixture(scope="module")
def forest():
    prepared = study(dataset(), [{"kind": "forest", "params": {"n_estimators": 10}}]).prepared()
    return prepared, said(prepared, "forest", R=12) | {
        f"refit_{r}": np.clip(np.random.default_rng(r).normal(0.5, 0.2, N), 0, 1) for r in (11, 12)
    }


def refits(columns, R):
    return [[f"refit_{r}"] for r in range(1, R + 1)]


def test_two_equal_columns_are_not_distinguished(tmp_path, forest):
    _, columns = forest
    path = tmp_path / "s.parquet"
    twins = [model(path, columns, name) for name in ("one", "other")]
    record, models = results(study(dataset(), twins), tmp_path / "r")
    second = next(name for name in ("one", "other") if name != record["best"])
    assert models[second]["versus_best"]["roc_auc"]["difference"] == 0
    assert models[second]["versus_best"]["roc_auc"]["sigma_global"] == 0


def test_with_too_few_refits_sigma_is_about_the_fitted_model_and_the_page_says_so(tmp_path, forest):
    _, columns = forest
    path = tmp_path / "s.parquet"
    given = [model(path, columns, f"R{R}", refits=refits(columns, R)) for R in (0, 9, 10)]
    record, models = results(study(dataset(), given), tmp_path / "r")
    begins = {
        name: each["scores"]["test"]["roc_auc"]["method"].split(":")[0] for name, each in models.items()
    }
    assert begins == {"dummy": "procedure", "R0": "fitted model", "R9": "fitted model", "R10": "procedure"}
    assert (
        models["R9"]["scores"]["test"]["roc_auc"]["error"]["train"] is not None
    )  # known, but not what σ is of
    assert models["R0"]["scores"]["test"]["roc_auc"]["error"]["train"] is None
    assert models["R0"]["message"].startswith("no refits: its intervals and σ on test events are about this")
    assert models["R9"]["message"].startswith("9 refits, fewer than 10")
    assert models["R10"]["message"] == ""
    about = {c["text"].split(" ")[0]: c["text"] for c in record["claims"] if " dummy " in c["text"]}
    assert about["R0"].endswith("for these fitted models.")
    assert about["R10"].endswith("for the procedure.")
    page = (tmp_path / "r" / "report.html").read_text()
    assert "no refits: its intervals" in page
    assert "9 refits, fewer than 10" in page


def test_unequal_numbers_of_refits_are_not_paired_and_nothing_is_dropped(tmp_path, forest):
    _, columns = forest
    given = [model(tmp_path / "s.parquet", columns, f"R{R}", refits=refits(columns, R)) for R in (10, 12)]
    record, models = results(study(dataset(), given), tmp_path / "r")
    second = next(name for name in ("R10", "R12") if name != record["best"])
    versus = models[second]["versus_best"]["roc_auc"]
    assert versus["difference"] == 0
    half = (versus["high"] - versus["low"]) / 2
    trains = [models[name]["scores"]["test"]["roc_auc"]["error"]["train"] for name in ("R10", "R12")]
    assert half > np.hypot(*trains) > 0


def test_scores_of_rows_that_were_seen_are_judged_on_the_test_alone(tmp_path, forest):
    _, columns = forest
    seen = model(tmp_path / "s.parquet", columns, "seen", out_of_fold=None, seeds=None)
    record, models = results(study(dataset(), [seen, "naive-bayes"]), tmp_path / "r")
    scores = models["seen"]["scores"]
    assert scores["validation"] == {}
    assert scores["train"]["roc_auc"]["value"] > 0.5
    assert (
        scores["test"]["roc_auc"]["low"]
        < scores["test"]["roc_auc"]["value"]
        < scores["test"]["roc_auc"]["high"]
    )
    assert record["best"] == "naive-bayes"
    assert "roc_auc" in models["seen"]["versus_best"]
    assert "roc_auc" in models["seen"]["versus_baseline"]
    assert "rejection_50" not in scores["test"]  # a cut is chosen on rows that the model has not seen
    assert models["seen"]["generalisation"]["gap"] is None
    import polars

    table = polars.read_parquet(tmp_path / "r" / "predictions.parquet")
    assert np.isnan(table.filter(polars.col("part") == "train")["seen:1"].to_numpy()).all()
    assert table.filter(polars.col("part") == "test")["seen:1"].is_finite().all()


def test_scores_alone_are_never_best_even_where_they_are_perfect(tmp_path):
    data = dataset()
    perfect = {"own": data.y.astype(float)}
    record, models = results(
        study(data, [model(tmp_path / "s.parquet", perfect, out_of_fold=None)]), tmp_path / "r"
    )
    assert models["elsewhere"]["scores"]["test"]["roc_auc"]["value"] == 1
    assert record["best"] == "dummy"


@pytest.mark.parametrize("classes", [2, None])
def test_a_blind_run_of_seen_scores_has_no_score_of_them_before_it_is_opened(tmp_path, classes):
    data = dataset(classes)
    made = study(data, [model(tmp_path / "s.parquet", {"own": np.linspace(0, 1, N)}, out_of_fold=None)])
    blind = made.run(tmp_path / "r", workers=1, progress=False, blind=True)
    assert not blind.results.models[1].scores["validation"]
    opened = made.unblind(tmp_path / "r", progress=False)
    assert opened.results.models[1].scores["test"]


def test_there_is_no_model_to_apply(tmp_path, forest):
    _, columns = forest
    run = study(dataset(), [model(tmp_path / "s.parquet", columns)]).run(
        tmp_path / "r", workers=1, progress=False
    )
    with pytest.raises(
        InputError, match="'elsewhere' is scores that were made elsewhere: this run has no model"
    ):
        run.model("elsewhere")


def test_a_run_goes_on_with_the_scores_that_it_began_with_alone(tmp_path, forest, monkeypatch):
    from fivesigma.study.runner import run as runner

    _, columns = forest
    path = tmp_path / "s.parquet"
    made = study(dataset(), [model(path, columns)])

    def interrupted(*given, **named):
        raise InterruptedRunError(tmp_path / "r")

    with monkeypatch.context() as patched:
        patched.setattr(runner, "_conclude", interrupted)
        with pytest.raises(InterruptedRunError):
            made.run(tmp_path / "r", workers=1, progress=False)
    kept = path.read_bytes()
    other = study(dataset(), [model(path, columns | {"own": columns["own"][::-1]})])
    with pytest.raises(
        DataError, match=r"the scores of 'elsewhere' in .*s.parquet are not those that this run began"
    ):
        other.resume(tmp_path / "r", progress=False)
    path.write_bytes(kept)
    assert made.resume(tmp_path / "r", progress=False).results.best is not None


def test_runs_with_scores_from_elsewhere_are_compared(tmp_path, forest):
    _, columns = forest
    few = [model(tmp_path / "s.parquet", columns, "few", refits=refits(columns, 3))]
    runs = [study(dataset(), models).run(tmp_path / name, workers=1, progress=False).path
            for name, models in (("ours", ["naive-bayes"]), ("theirs", few))]  # fmt: skip
    found = compare(runs)
    assert found["runs"][1]["claim"] == "fitted"
    assert found["notes"][-1].endswith("of these fitted models; same test events).")


@pytest.mark.parametrize(
    ("keys", "sections", "match"),
    [
        ({"file": None}, {}, r"needs file; say where"),
        ({"columns": None}, {}, r"needs columns; say where"),
        ({"params": {"depth": 3}}, {}, r"'params' is of models that are fitted here"),
        ({"tune": True}, {}, r"'(search|trials|tune)' is of models that are fitted here"),
        ({"refits": [["own", "own"]]}, {}, r"differ in how many columns a set has"),
        ({"kind": "forest"}, {}, r"'columns' is a key of kind = 'predictions', not of 'forest'"),
        ({"on": "evnt"}, {}, r"the key 'evnt' is not among .*Did you mean 'event'"),
        ({"columns": ["onw"]}, {}, r"no column 'onw'; .*Did you mean 'own'"),
        ({"on": None, "file": "short"}, {}, r"has 2 rows for 300 events"),
        ({"out_of_fold": None}, {"split": {"test": 0.0}}, r"there is no score to judge; give split.test"),
        ({"refits": [["own"]]}, {"split": {"test": 0.0}}, r"refits and seeds are scored on a test set"),
        ({"out_of_fold": None}, {"evaluate": {"metric": "rejection_50"}}, r"is at a cut or a width"),
        ({}, {"explain": {"permutation": 2, "models": ["elsewhere"]}}, r"there is no model to ask"),
        ({}, {"curves": {"learning": ["elsewhere"]}}, r"cannot be fitted anew"),
        ({}, {"curves": {"validation": {"elsewhere": {"depth": [1, 2]}}}}, r"cannot be fitted anew"),
        ({}, {"scan": {"grid": {"split.test": [0.2, 0.3]}}}, r"scan"),
        ({}, {"evaluate": {"baseline": "predictions"}}, r"'predictions' is a kind; name one of the models"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_anything_is_fitted(tmp_path, keys, sections, match):
    import polars

    polars.DataFrame({"own": [0.1, 0.2]}).write_parquet(tmp_path / "short.parquet")
    if keys.get("file") == "short":
        keys = keys | {"file": str(tmp_path / "short.parquet")}
    asked = model(tmp_path / "s.parquet", {"own": np.linspace(0, 1, N)}, **keys)
    with pytest.raises(StudyError, match=match) as error:
        study(dataset(), [{k: v for k, v in asked.items() if v != []}], **sections).check()
    assert "\n" not in str(error.value)


def test_what_is_asked_of_all_models_leaves_scores_out_with_a_message(tmp_path, forest):
    _, columns = forest
    made = study(
        dataset(),
        [model(tmp_path / "s.parquet", columns), "naive-bayes"],
        explain={"permutation": 2, "drop_best": 1},
        curves={"learning": True},
    )
    record, models = results(made, tmp_path / "r")
    assert record["best"] == "elsewhere"
    assert "no model to ask" in record["explain"]["messages"]["permutation"]["elsewhere"]
    assert set(record["explain"]["permutation"]) == {"naive-bayes"}
    assert set(record["explain"]["drop_best"]) == {"naive-bayes"}
    assert "learning" not in (models["elsewhere"].get("curves") or {})


def test_scores_of_several_targets_are_one_column_each(tmp_path):
    from fivesigma.data.dataset import Dataset

    one = dataset(None)
    y = np.column_stack([one.y, one.y**2])
    data = Dataset.from_arrays(one.X, y, spectators={"event": EVENTS}, target=["a", "b"])
    scores = {"own:a": y[:, 0], "own:b": y[:, 1] + 0.1 * one.X[:, 0]}
    _, models = results(
        study(data, [model(tmp_path / "s.parquet", scores, out_of_fold=None)]), tmp_path / "r"
    )
    outputs = models["elsewhere"]["outputs"]
    assert outputs["a"]["scores"]["test"]["r2"]["value"] == 1
    assert 0.9 < outputs["b"]["scores"]["test"]["r2"]["value"] < 1
    with pytest.raises(StudyError, match="names 1 column for 2 targets"):
        study(data, [model(tmp_path / "s.parquet", scores, columns=["own:a"])]).check()


def test_check_says_what_the_scores_are(tmp_path, forest):
    _, columns = forest
    lines = study(dataset(), [model(tmp_path / "s.parquet", columns)]).check()
    assert "elsewhere: scores made elsewhere, out of fold, 12 refits" in lines


def test_a_study_file_names_the_table_relative_to_itself_and_a_second_process_resumes_it(tmp_path, forest):
    import polars

    from fivesigma.study.study import Study

    prepared, columns = forest
    data = prepared.data
    polars.DataFrame(
        {"event": EVENTS, **dict(zip(data.names, data.X.T, strict=True)), "y": data.y}
    ).write_csv(tmp_path / "t.csv")
    model(tmp_path / "s.parquet", columns)
    (tmp_path / "s.toml").write_text(
        '[data]\npath = "t.csv"\ntarget = "y"\n[evaluate]\nbootstrap = 100\nrefits = 2\n[[models]]\nkind = "dummy"\n'
        '[[models]]\nkind = "predictions"\nfile = "s.parquet"\non = "event"\ncolumns = ["own"]\n'
    )
    found = Study.read(tmp_path / "s.toml").run(tmp_path / "r", workers=2, progress=False)
    assert "event" not in [each.name for each in found.results.data.features]  # a key is no feature
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["scores"][0]["sha256"] == found.results.models[1].params["sha256"]
    assert resume(tmp_path / "r").results.models[1].status == "ok"
