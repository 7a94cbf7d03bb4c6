"""Paths in a study: nested, recorded, saved without pickle, shown, and refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import FitError, InputError, StudyError
from fivesigma.features.plan import FeaturePlan
from fivesigma.models.linear.folded import FoldedPath
from fivesigma.models.states import check_state
from fivesigma.models.trees import BoostingRegressor
from fivesigma.record import models
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.record.sections.path import PathRecord
from fivesigma.risk.losses import Absolute, Huber, Poisson, Quantile
from fivesigma.study.analyses import path as paths
from fivesigma.study.fit import recipe
from fivesigma.study.fit.inside import chosen, path_of
from fivesigma.study.registry import registry
from fivesigma.study.registry.path import settle
from fivesigma.study.spec.document import Spec

MODELS = """
[[models]]
kind = "dummy"
[[models]]
name = "path"
kind = "logistic"
penalty = "l1"
lambdas = { from = 0.1, to = 1000, n = 9 }
[[models]]
name = "pairs"
kind = "logistic"
penalty = "l1"
lambdas = [1000, 10, 0.1]
interactions = 2
select = "one-standard-error"
"""
TUKEY = """
import numpy as np

class Tukey:
    c = 4.685
    factor = 1.0
    def value(self, prediction, target):
        u = np.clip(1 - ((prediction - target) / self.c) ** 2, 0, 1)
        return self.c**2 / 6 * (1 - u**3)
    def slope(self, prediction, target):
        r = prediction - target
        return self.factor * r * np.clip(1 - (r / self.c) ** 2, 0, 1) ** 2

class Wrong(Tukey):
    factor = 1.01
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(240, 4)) * [1.0, 10.0, 1.0, 1.0]
    f = x[:, 0] + 0.05 * x[:, 1] + x[:, 2] * x[:, 3]
    noisy = f + rng.normal(size=240)
    frame = {name: x[:, j] for j, name in enumerate("abcd")}
    path = tmp_path_factory.mktemp("data") / "events.csv"
    pl.DataFrame({**frame, "mass": noisy, "y": np.where(noisy > 0, "s", "b")}).write_csv(path)
    return path


def text(table: Path, target: str, more: str) -> str:
    features = 'features = ["a", "b", "c", "d"]'
    return (
        f'[data]\npath = "{table}"\ntarget = "{target}"\n{features}\n'
        f"[split]\nfolds = 2\n[evaluate]\nbootstrap = 100\nrefits = 2\n{more}"
    )


def written(folder: Path, table: Path, target: str, more: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text(table, target, more), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    seen: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        fit = FoldedPath.fit
        patch.setattr(
            FoldedPath,
            "fit",
            lambda self, X, *rest, **more: (seen.append(len(X)), fit(self, X, *rest, **more))[1],
        )
        study = fs.Study.read(written(folder, table, "y", MODELS))
        return study.run(folder / "run", workers=1, progress=False), seen


def section(result, name: str) -> dict:
    document = json.loads((result.path / "results.json").read_text(encoding="utf-8"))
    return next(model for model in document["models"] if model["name"] == name)["path"]


def test_lambda_is_chosen_inside_the_rows_of_every_fit(finished) -> None:
    result, seen = finished
    n_train = result.results.split.n_train
    assert len(seen) == 2 * (1 + 2 + 2)  # two models: final, folds, refits, each with a choice of its own
    assert sorted(set(seen)) == sorted({n_train, n_train // 2, n_train - n_train // 2} | set(seen))
    assert max(seen) <= 1.3 * n_train
    assert min(seen) <= n_train // 2


def test_the_record_holds_the_path(finished) -> None:
    kept = section(finished[0], "path")
    assert kept["lambdas"] == pytest.approx(np.geomspace(0.1, 1000, 9))
    assert kept["names"] == ["a", "b", "c", "d"]
    assert np.shape(kept["coefficients"]) == (9, 4)
    assert kept["chosen"] == kept["best"] in kept["lambdas"]
    assert kept["one_standard_error"] >= kept["best"]
    assert kept["limit"] == 0.5
    assert kept["n_nonzero"][-1] == 0
    assert max(kept["violations"]) <= kept["tol"] == 1e-8
    assert max(kept["gaps"]) < 1e-6
    pairs = section(finished[0], "pairs")
    assert pairs["n_features"] == 10
    assert "c × d" in pairs["names"]
    assert pairs["chosen"] == pairs["one_standard_error"]


def test_what_was_chosen_stands_among_the_parameters_and_coefficients(finished) -> None:
    record = next(m for m in finished[0].results.models if m.name == "path")
    kept, law = record.section(PathRecord), record.section(CoefficientsRecord)
    assert record.params["lambda"] == kept.chosen
    assert (record.params["penalty"], record.params["loss"]) == ("l1", "logistic")
    at = kept.lambdas.index(kept.chosen)
    assert law.standardised == pytest.approx(kept.coefficients[at])


def test_the_effect_of_interactions_is_a_claim(finished) -> None:
    texts = [claim.text for claim in finished[0].results.claims]
    assert any("path" in each and "pairs" in each for each in texts)


def test_the_page_shows_the_path(finished) -> None:
    page = (finished[0].path / "report.html").read_text(encoding="utf-8")
    assert 'id="paths"' in page
    assert "near-ties" in page
    assert (finished[0].path / "figures" / "path-1.svg").is_file()


def test_saved_models_come_back_without_pickle(finished, table) -> None:
    x = pl.read_csv(table).select("a", "b", "c", "d").to_numpy()
    for number in (1, 2):
        model = fs.load_model(finished[0].path / "models" / f"model-{number:02d}.fivesigma")
        p = model.predict_proba(x)
        stored = pl.read_parquet(finished[0].path / "predictions.parquet").filter(pl.col("part") == "test")
        name = ("path", "pairs")[number - 1]
        np.testing.assert_allclose(p[stored["row"].to_numpy(), 1], stored[f"{name}:s"].to_numpy(), atol=1e-12)


SETTINGS = [
    ("logistic", "classification", {"penalty": "elastic-net", "l1_ratio": 0.3}, {}),
    ("logistic", "classification", {"penalty": "none"}, {}),
    ("linear-svm", "classification", {"lambdas": (10.0, 1.0)}, {}),
    ("ridge", "regression", {"loss": {"name": "huber", "delta": 0.5}, "lambdas": (10.0, 1.0)}, {}),
    ("ridge", "regression", {"loss": {"name": "quantile", "tau": 0.8}, "lambdas": (10.0, 1.0)}, {}),
    ("lasso", "regression", {"penalty": "l1"}, {}),
    ("elastic-net", "regression", {"lambdas": (10.0, 1.0)}, {"l1_ratio": 0.2}),
    ("huber", "regression", {"penalty": "l1", "lambdas": (10.0, 1.0)}, {"delta": 2.0}),
    ("quantile", "regression", {"lambdas": (10.0, 1.0)}, {"tau": 0.8}),
    ("poisson", "regression", {"penalty": "l1", "lambdas": (10.0, 1.0)}, {}),
    ("lasso-by-minimize", "regression", {"lambdas": (10.0, 1.0)}, {}),
]


@pytest.mark.parametrize(
    ("name", "task", "given", "params"), SETTINGS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_path_fits_and_comes_back_from_its_file(name, task, given, params, tmp_path) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, 3))
    y = X[:, 0] + 0.3 * rng.normal(size=120)
    y = (y > 0).astype(int) if task == "classification" else y
    y = rng.poisson(np.exp(y)).astype(float) if name == "poisson" else y
    settings = settle(registry.kind(name), given, params)
    made = recipe.build(name, features=FeaturePlan(("a", "b", "c")), task=task, params=params, path=settings)
    fitted = recipe.fit(made, X, y).estimator
    models.save(fitted, tmp_path / "m", {})
    again = models.load(tmp_path / "m", trusted=registry.TRUSTED, check=check_state).estimator
    n_classes = 2 if task == "classification" else None
    p = recipe.predict(fitted, X, n_classes)
    np.testing.assert_array_equal(recipe.predict(again, X, n_classes), p)
    assert chosen(fitted)["lambda"] > 0


def test_a_linear_svm_takes_more_than_two_classes(tmp_path) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(240, 3))
    y = np.digitize(X[:, 0] + 0.3 * rng.normal(size=240), [-0.6, 0.6])
    settings = settle(registry.kind("linear-svm"), {"lambdas": (10.0, 1.0)}, {})
    plan = FeaturePlan(("a", "b", "c"))
    made = recipe.build("linear-svm", features=plan, task="classification", path=settings)
    fitted = recipe.fit(made, X, y).estimator
    p = recipe.predict(fitted, X, 3)
    assert (p.argmax(axis=1) == y).mean() > 0.7
    models.save(fitted, tmp_path / "m", {})
    again = models.load(tmp_path / "m", trusted=registry.TRUSTED, check=check_state).estimator
    np.testing.assert_array_equal(recipe.predict(again, X, 3), p)


def test_a_quantile_path_covers_its_share_and_counts_are_refused_below_zero() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(400, 2))
    y = X[:, 0] + rng.normal(size=400)
    plan = FeaturePlan(("a", "b"))
    settings = settle(registry.kind("quantile"), {"lambdas": (0.1,)}, {"tau": 0.9})
    made = recipe.build("quantile", features=plan, task="regression", params={"tau": 0.9}, path=settings)
    below = (y <= recipe.predict(recipe.fit(made, X, y).estimator, X, None) + 1e-9).mean()
    assert below == pytest.approx(0.9, abs=0.02)
    counts = recipe.build("poisson", features=plan, task="regression")
    with pytest.raises(FitError, match="needs counts"):
        recipe.fit(counts, X, y)


def test_the_seed_deals_the_inner_folds() -> None:
    settings = settle(registry.kind("lasso"), {"penalty": "l1"}, {})
    plan = FeaturePlan(("a", "b"))
    one, two = (
        recipe.build("lasso", features=plan, task="regression", seed=seed, path=settings) for seed in (1, 2)
    )
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = X[:, 0] + rng.normal(size=60)
    again = recipe.fit(one, X, y).estimator.scores_
    assert not np.array_equal(recipe.fit(two, X, y).estimator.scores_, again)
    np.testing.assert_array_equal(recipe.fit(one, X, y).estimator.scores_, again)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ('kind = "forest"\npenalty = "l1"', "'penalty' is a key of kinds with a regularisation path"),
        ('kind = "ridge"\npenalty = "l1"', "expected l2 or none"),
        ('kind = "logistic"\npenalty = "l3"', "Did you mean 'l1'"),
        ('kind = "logistic"\nlambdas = [1, 3, 2]', "not sorted"),
        ('kind = "logistic"\nlambdas = [1, -3]', "-3 is not a λ; write positive numbers"),
        ('kind = "logistic"\nlambdas = { from = 1, to = 10, n = 1 }', "n = 1 is not a number of λ"),
        ('kind = "logistic"\nlambdas = { from = 1, until = 10 }', "'until' is unknown"),
        ('kind = "logistic"\nlambdas = 3', "3 are no λ"),
        ('kind = "logistic"\npenalty = "none"\nlambdas = [1.0]', "no λ to choose"),
        ('kind = "logistic"\npenalty = "l1"\nl1_ratio = 0.5', "l1_ratio belongs to penalty = 'elastic-net'"),
        ('kind = "logistic"\nlambdas = [1.0, 2.0]\nparams = { lambda = 1.0 }', "keep one"),
        ('kind = "logistic"\npenalty = "l1"\ntune = true', "remove tune"),
        ('kind = "lasso"\nloss = "hubert"', "Did you mean 'huber'"),
        ('kind = "lasso"\nloss = { name = "squared", delta = 2.0 }', "has no setting 'delta'"),
        ('kind = "lasso"\nloss = "mine:Tukey"', "add --trust"),
        ('kind = "lasso"\nloss = "huber"\ntune = true', "loss makes a path"),
        ('kind = "boosting"\nloss = "hubert"', "Did you mean 'huber'"),
        ('kind = "boosting"\nloss = { name = "quantile", delta = 2.0 }', "has no setting 'delta'"),
        ('kind = "boosting"\nloss = "mine:Tukey"', "add --trust"),
        ('kind = "boosting"\nparams = { loss = "mine:Tukey" }', "add --trust"),
        ('kind = "boosting"\nloss = "huber"\nparams = { loss = "huber" }', "loss is given twice"),
        ('kind = "boosting"\nloss = "huber"\nparams = { engine = "exact" }', "knows no loss 'huber'"),
        ('kind = "boosting"\npenalty = "l1"', "'penalty' is a key of kinds with a regularisation path"),
    ],
)
def test_what_cannot_be_is_one_sentence(model, said, table) -> None:
    with pytest.raises(StudyError) as caught:
        Spec.from_toml(text(table, "y", f"[[models]]\n{model}\n"))
    assert said in str(caught.value)
    assert "models[0]" in str(caught.value)
    assert "\n" not in str(caught.value)


BOOSTED = {
    "squared": None,
    "absolute": Absolute(),
    "poisson": Poisson(),
    "huber": Huber(),
    '{ name = "quantile", tau = 0.8 }': Quantile(0.8),
}


@pytest.mark.parametrize("loss", BOOSTED)
def test_boosting_of_a_study_descends_the_loss_that_it_is_given(loss, table, tmp_path) -> None:
    told = loss if loss.startswith("{") else f'"{loss}"'
    models = f'[[models]]\nkind = "boosting"\nloss = {told}\nparams = {{ max_iter = 20 }}\n'
    prepared = fs.Study.read(written(tmp_path, table, "mass", models)).prepared()
    entry, X, y = prepared.plan.entry("boosting"), prepared.data.X, np.abs(prepared.data.y)
    plan = FeaturePlan(("a", "b", "c", "d"), missing="native")
    made = recipe.build("boosting", features=plan, task="regression", params=entry.params, seed=3)
    found = recipe.predict(recipe.fit(made, X, y).estimator, X)
    alone = BoostingRegressor(
        BOOSTED[loss],
        max_iter=20,
        learning_rate=0.07,
        max_leaf_nodes=15,
        l2_regularization=1.0,
        max_features=0.5,
        random_state=3,
    ).fit(X, y)
    np.testing.assert_array_equal(found, alone.predict(X))


@pytest.mark.parametrize("engine", ["binned", "exact"])
@pytest.mark.parametrize("loss", ["absolute", "poisson", "quantile"])
def test_both_engines_of_boosting_descend_a_loss_and_stop_early_by_it(engine, loss) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = rng.poisson(np.exp(X[:, 0])).astype(float)
    params = {"loss": loss, "engine": engine, "max_iter": 60, "early_stopping": engine == "binned"}
    made = recipe.build(
        "boosting",
        features=FeaturePlan(("a", "b"), missing="native"),
        task="regression",
        params=params | {"learning_rate": 0.3},
    )
    fitted = recipe.fit(made, X, y).estimator
    assert float(np.corrcoef(recipe.predict(fitted, X), np.exp(X[:, 0]))[0, 1]) > 0.7
    if engine == "binned":
        assert 1 < fitted.n_iter_ < 60


def test_boosting_knows_the_losses_of_its_task() -> None:
    boosting = registry.kind("boosting")
    assert boosting.checked({"loss": "logistic"}, "classification")["loss"] == "logistic"
    assert "loss" not in boosting.checked({})
    for task, loss, said in (
        ("regression", "logistic", "expected one of squared, huber, absolute, quantile, poisson"),
        ("classification", "huber", "'huber' is not a loss; expected one of logistic"),
        ("classification", "mine:Tukey", "is a loss of values; expected logistic"),
        ("regression", 3, "loss is 3; expected a name"),
    ):
        with pytest.raises(InputError, match=said):
            boosting.checked({"loss": loss}, task)


def test_boosting_descends_a_loss_of_ones_own_where_it_is_trusted(table, tmp_path, monkeypatch) -> None:
    (tmp_path / "my_trees_losses.py").write_text(TUKEY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    model = '[[models]]\nkind = "boosting"\nloss = "my_trees_losses:{}"\nparams = {{ max_iter = 20 }}\n'
    good = written(tmp_path, table, "mass", model.format("Tukey"))
    with pytest.raises(StudyError, match="add --trust"):
        fs.Study.read(good)
    prepared = fs.Study.read(good, trust=True).prepared()
    made = recipe.build(
        "boosting",
        features=FeaturePlan(("a", "b", "c", "d"), missing="native"),
        task="regression",
        params=prepared.plan.entry("boosting").params,
    )
    fitted = recipe.fit(made, prepared.data.X, prepared.data.y)
    assert float(np.corrcoef(recipe.predict(fitted.estimator, prepared.data.X), prepared.data.y)[0, 1]) > 0.4
    with pytest.raises(StudyError, match="the slope of Wrong is"):
        fs.Study.read(written(tmp_path, table, "mass", model.format("Wrong")), trust=True).prepared()


def test_a_loss_of_ones_own_runs_only_where_it_is_trusted(table, tmp_path, monkeypatch) -> None:
    (tmp_path / "my_own_losses.py").write_text(TUKEY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    model = '[[models]]\nkind = "ridge"\nloss = "my_own_losses:{}"\nlambdas = [100.0, 1.0]\n'
    good = written(tmp_path, table, "mass", model.format("Tukey"))
    with pytest.raises(StudyError, match="add --trust"):
        fs.Study.read(good)
    prepared = fs.Study.read(good, trust=True).prepared()
    entry = prepared.plan.entry("ridge")
    made = recipe.build(
        "ridge", features=FeaturePlan(("a", "b", "c", "d")), task="regression", path=entry.path
    )
    fitted = recipe.fit(made, prepared.data.X, prepared.data.y)
    assert float(np.corrcoef(recipe.predict(fitted.estimator, prepared.data.X), prepared.data.y)[0, 1]) > 0.4
    for name, said in (("Wrong", "the slope of Wrong is"), ("Absent", "has no 'Absent'")):
        with pytest.raises(StudyError, match=said):
            fs.Study.read(written(tmp_path, table, "mass", model.format(name)), trust=True).prepared()


EXPONENTIAL = """
import numpy as np

class Exponential:  # of AdaBoost: no probabilities come with it
    def value(self, prediction, target):
        return np.exp(-(2 * target - 1) * prediction)

    def slope(self, prediction, target):
        return -(2 * target - 1) * np.exp(-(2 * target - 1) * prediction)

class Wrong(Exponential):
    def slope(self, prediction, target):
        return super().slope(prediction, target) / 2
"""


@pytest.mark.parametrize("target", ["signal", "kind"])
def test_a_loss_of_classes_of_ones_own_gets_calibrated_probabilities(target, tmp_path, monkeypatch) -> None:
    (tmp_path / "my_class_losses.py").write_text(EXPONENTIAL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(160, 2))
    noisy = X[:, 0] + 0.7 * rng.normal(size=160)
    lines = (
        f"{a!r},{b!r},{'sb'[v > 0]},{'udt'[(v > -0.5) + (v > 0.5)]}"
        for (a, b), v in zip(X.tolist(), noisy.tolist(), strict=True)
    )
    (tmp_path / "t.csv").write_text("\n".join(["a,b,signal,kind", *lines]))
    text = (
        f'[data]\npath = "t.csv"\ntarget = "{target}"\nfeatures = ["a", "b"]\n[split]\n'
        "folds = 2\n[evaluate]\nrefits = 0\n"
        'claim = "fitted"\nbootstrap = 100\n[[models]]\nkind = "dummy"\n[[models]]\nkind = "logistic"\n'
        '[[models]]\nname = "own"\nkind = "logistic"\nloss = "my_class_losses:{}"\nlambdas = [10.0, 1.0]\n'
    )
    (tmp_path / "s.toml").write_text(text.format("Exponential"))
    monkeypatch.setattr("fivesigma.report.render", lambda *given: None)
    results = fs.Study.read("s.toml", trust=True).run(tmp_path / "r", workers=1, progress=False).results
    own, ours = (results.model(name).scores["test"] for name in ("own", "logistic"))
    assert results.model("own").status == "ok"
    assert own["accuracy"].value == pytest.approx(ours["accuracy"].value, abs=0.1)
    assert own["log_loss"].value < results.model("dummy").scores["test"]["log_loss"].value
    (tmp_path / "s.toml").write_text(text.format("Wrong"))
    with pytest.raises(StudyError, match="the slope of Wrong is"):
        fs.Study.read("s.toml", trust=True).prepared()


def test_without_the_keys_nothing_changes() -> None:
    for name in ("logistic", "ridge", "lasso", "elastic-net"):
        assert settle(registry.kind(name), {}, {}) is None
    made = recipe.build("logistic", features=FeaturePlan(("a",)), task="classification")
    assert not isinstance(made, FoldedPath)


def test_a_path_that_misses_its_tolerance_says_so() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(100, 3))
    y = X[:, 0] + 0.3 * rng.normal(size=100)
    settings = settle(registry.kind("lasso-by-bfgs"), {"lambdas": (30.0, 10.0)}, {})
    made = recipe.build(
        "lasso-by-bfgs", features=FeaturePlan(("a", "b", "c")), task="regression", path=settings
    )
    assert any("did not reach tol" in message for message in recipe.fit(made, X, y).messages)


def test_the_record_caps_names_and_lambdas() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(150, 80))
    given = {"penalty": "l1", "lambdas": {"from": 1e-1, "to": 1e3, "n": 60}}
    settings = settle(registry.kind("lasso"), given, {})
    names = tuple(f"x{j}" for j in range(80))
    made = recipe.build("lasso", features=FeaturePlan(names), task="regression", path=settings)
    fitted = path_of(recipe.fit(made, X, X[:, 7] + rng.normal(size=150)).estimator)
    kept = paths.recorded(fitted, names, settings, "r2")
    assert np.shape(kept.coefficients) == (50, 60)
    assert "x7" in kept.names
    assert len(kept.lambdas) == len(kept.violations) == 60
