"""A clustering as a study: fits, scores, record, predictions, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars
import pytest

from fivesigma._core.errors import FivesigmaError
from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.chains import DiagnosticsRecord
from fivesigma.record.sections.mixture import MixtureRecord
from fivesigma.study.finished.result import load
from fivesigma.study.study import Study

N = (120, 120, 60)
MODELS = [
    {"kind": "dummy"},
    {"kind": "k-means", "params": {"n_components": 3}},
    {"kind": "gaussian-mixture"},
    {"kind": "gibbs-mixture", "params": {"n_components": 3, "n_sweeps": 300, "n_warmup": 100}},
    {"kind": "agglomerative", "params": {"n_components": 3}},
]


def events(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.normal(m, 1.0, n) for m, n in zip((0.0, 6.0, 12.0), N, strict=True)])
    return x[:, None], np.repeat(["a", "b", "c"], N)


def data(truth: bool = True) -> Dataset:
    X, y = events()
    return Dataset.from_arrays(X, y if truth else None, task="clustering", names=["x"], target="kind")


@pytest.fixture(scope="module")
def with_truth(tmp_path_factory):
    study = Study(data(), MODELS, name="three", evaluate={"bootstrap": 200})
    return study.run(tmp_path_factory.mktemp("with") / "run", workers=1, progress=False)


@pytest.fixture(scope="module")
def without_truth(tmp_path_factory):
    study = Study(data(truth=False), MODELS, name="three", evaluate={"bootstrap": 200})
    return study.run(tmp_path_factory.mktemp("without") / "run", workers=1, progress=False)


def test_truth_scores_and_is_not_fitted(with_truth, without_truth):
    assert with_truth.results.metric == "overlap"
    assert without_truth.results.metric == "log_likelihood"
    for name in ("gaussian-mixture", "gibbs-mixture", "k-means"):
        one, two = (
            polars.read_parquet(run.path / "predictions.parquet") for run in (with_truth, without_truth)
        )
        assert one[name].to_list() == two[name].to_list()
        score = with_truth.results.model(name).scores["validation"]["overlap"]
        assert score.value > 0.98
        assert score.low <= score.value <= score.high
    assert "target" in one.columns
    assert "target" not in two.columns


def test_clusters_are_numbered_by_place(with_truth):
    table = polars.read_parquet(with_truth.path / "predictions.parquet").sort("row")
    for name in ("k-means", "gaussian-mixture", "gibbs-mixture", "agglomerative"):
        assert table[name][0] == 0
        assert table[name][-1] == 2
    proba = table.select(f"gibbs-mixture:{k}" for k in range(3)).to_numpy()
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert (proba.argmax(axis=1) == table["gibbs-mixture"].to_numpy()).all()


def test_held_out_density_judges_without_a_truth(without_truth):
    results = without_truth.results
    gibbs, one = results.model("gibbs-mixture"), results.model("dummy")
    assert (
        gibbs.scores["validation"]["log_likelihood"].value > one.scores["validation"]["log_likelihood"].value
    )
    assert "log_likelihood" not in results.model("k-means").scores["validation"]
    assert results.best in ("gibbs-mixture", "gaussian-mixture")
    claim = results.claims[0]
    assert "for the procedure" in claim.text
    assert claim.effect > 0.1


def test_components_have_intervals_and_chains_their_health(with_truth):
    record = with_truth.results.model("gibbs-mixture")
    mixture, health = record.section(MixtureRecord), record.section(DiagnosticsRecord)
    np.testing.assert_allclose(mixture.weights.value, np.array(N) / sum(N), atol=0.03)
    for k, mean in enumerate((0.0, 6.0, 12.0)):
        assert mixture.means.low[k][0] < mean + 0.3
        assert mixture.means.high[k][0] > mean - 0.3
    assert health.quantities["log_likelihood"].r_hat < 1.05
    assert (
        min(health.quantities["log_likelihood"].ess_bulk, health.quantities["log_likelihood"].ess_tail) > 100
    )
    assert health.quantities["log_likelihood"].mcse > 0
    assert mixture.log_evidence.error < 0.5
    assert [row.n_components for row in mixture.order] == [3]
    order = with_truth.results.model("gaussian-mixture").section(MixtureRecord).order
    assert min(order, key=lambda row: row.bic).n_components == 3
    assert all(row.held_out is not None for row in order)


def test_same_bytes_on_any_number_of_workers(with_truth, tmp_path):
    X, y = events()
    lines = [f"{x!r},{kind}" for x, kind in zip(X[:, 0].tolist(), y, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["x,kind", *lines]) + "\n")
    (tmp_path / "s.toml").write_text(
        '[study]\nname = "three"\n[data]\npath = "t.csv"\ntarget = "kind"\ntask = "clustering"\n'
        "[evaluate]\nbootstrap = 200\n"
        '[[models]]\nkind = "gaussian-mixture"\n[[models]]\nkind = "gibbs-mixture"\n'
        "params = { n_components = 3, n_sweeps = 300, n_warmup = 100 }\n"
    )
    documents = []
    for workers in (1, 2):
        run = Study.read(tmp_path / "s.toml").run(tmp_path / f"r{workers}", workers=workers, progress=False)
        document = json.loads((run.path / "results.json").read_text())
        assert "sweeps_per_second" in document.pop("timing")
        documents.append(document)
    assert documents[0] == documents[1]
    assert "sweeps_per_second" not in json.dumps(documents[0])


def test_saved_models_predict_what_the_run_has(with_truth):
    run = load(with_truth.path)
    X, _ = events()
    table = polars.read_parquet(run.path / "predictions.parquet").sort("row")
    for name in ("k-means", "gaussian-mixture", "gibbs-mixture"):
        assert run.model(name).predict(X).tolist() == table[name].to_list()
    proba = run.model("gibbs-mixture").predict_proba(X)
    np.testing.assert_allclose(proba[:, 0], table["gibbs-mixture:0"].to_numpy(), rtol=1e-12)
    with pytest.raises(FivesigmaError, match="cannot predict others"):
        run.model("agglomerative").predict(X)


def test_python_task_makes_classes_a_truth(tmp_path):
    X, y = events()
    classified = Dataset.from_arrays(X, y, names=["x"])
    study = Study(classified, ["gaussian-mixture"], task="clustering", evaluate={"bootstrap": 200})
    assert study.prepared().data.task == "clustering"
    assert study.prepared().metric.name == "overlap"


HEAD = '[data]\npath = "t.csv"\ntask = "clustering"\n'
REFUSED = {
    "more clusters than events": (
        '[[models]]\nkind = "k-means"\nparams = { n_components = 200 }',
        "give fewer",
    ),
    "weights": ('weight = "w"', "take no event weights"),
    "a constant column": ('features = ["x", "one"]', "'one' is constant"),
    "missing values": ('features = ["x", "gaps"]', "'gaps' is missing in 1"),
    "text": ('features = ["x", "word"]\n[features]\ncategorical = "onehot"', "clusters are described"),
    "classes without a target": ('classes = ["a", "b"]', "no target; name the column"),
    "a regressor": ('[[models]]\nkind = "linear"', "does regression, not clustering"),
    "an agreement without a truth": ('[evaluate]\nmetric = "overlap"', "does not score a clustering without"),
    "an informed start without a truth": (
        '[[models]]\nkind = "spiked-gibbs"\nparams = { start = "informed" }',
        "is the truth of every event",
    ),
    "tuning": ('[[models]]\nkind = "k-means"\ntune = { n_components = [2, 9] }', "no loss to tune by"),
    "permutation": ("[explain]\npermutation = 5", "no target whose loss"),
    "numbers as truth": ('target = "x"', "holds many numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_sentence(case, tmp_path):
    rng = np.random.default_rng(0)
    n = 300 if case == "numbers as truth" else 60
    lines = ["x,w,one,gaps,word"]
    lines += [f"{rng.normal()},1.0,1,{'' if i == 3 else rng.normal()},{'ab'[i % 2]}" for i in range(n)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    extra, words = REFUSED[case]
    start = HEAD if "features =" in extra else HEAD + 'features = ["x"]\n'
    (tmp_path / "s.toml").write_text(
        start.replace('features = ["x"]\n', "", "target" in extra) + extra + "\n"
    )
    with pytest.raises(FivesigmaError, match=words) as caught:
        Study.read(tmp_path / "s.toml").check()
    assert "\n" not in str(caught.value)


def test_clusterings_are_refused_in_other_tasks(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    (tmp_path / "s.toml").write_text('[data]\npath = "t.csv"\ntarget = "y"\n[[models]]\nkind = "k-means"\n')
    with pytest.raises(FivesigmaError, match="'k-means' does clustering, not classification"):
        Study.read(tmp_path / "s.toml").check()
    assert Path(tmp_path / "s.toml").exists()


def test_one_event_is_refused():
    with pytest.raises(FivesigmaError, match="at least two"):
        Study(Dataset.from_arrays([[1.0]]), ["gaussian-mixture"]).check()


def test_sealed_test_is_scored_where_new_events_can_be_labelled(tmp_path):
    study = Study(data(), MODELS[1:3] + MODELS[4:], split={"test": 0.25}, evaluate={"bootstrap": 200})
    blind = study.run(tmp_path / "r", workers=1, progress=False, blind=True)
    assert all("test" not in model.scores for model in blind.results.models)
    assert "test" not in polars.read_parquet(blind.path / "predictions.parquet")["part"].to_list()
    opened = study.unblind(tmp_path / "r", progress=False)
    assert opened.results.model("gaussian-mixture").scores["test"]["overlap"].value > 0.9
    assert opened.results.model("agglomerative").scores["test"] == {}
    table = polars.read_parquet(opened.path / "predictions.parquet").filter(polars.col("part") == "test")
    assert set(table["agglomerative"]) == {-1}


def test_runs_of_clusterings_are_paired_by_their_events(with_truth, without_truth):
    from fivesigma.study.finished.compare import compare

    _, row = compare([with_truth.path, with_truth.path])["runs"]
    assert (row["paired"], row["claim"], row["difference"], row["sigma_local"]) == (
        True,
        "procedure",
        0.0,
        0.0,
    )
    with pytest.raises(FivesigmaError, match="judged by log_likelihood"):
        compare([with_truth.path, without_truth.path])


def test_own_clusterers_and_mixtures(tmp_path):
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LinearRegression
    from sklearn.mixture import GaussianMixture

    own = [("mine", KMeans(3, n_init=3)), ("dense", GaussianMixture(3))]
    result = Study(data(), own, evaluate={"bootstrap": 200}).run(tmp_path / "r", workers=1, progress=False)
    assert result.results.model("mine").scores["validation"]["overlap"].value > 0.98
    assert result.results.model("dense").scores["validation"]["log_likelihood"].value < 0
    with pytest.raises(FivesigmaError, match="does not do clustering"):
        Study(data(), [("line", LinearRegression())]).check()


def test_informed_start_is_said_and_never_best(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    X = 0.8 * rng.standard_normal((2, 30))[y] + rng.standard_normal((80, 30))
    settings = {"n_components": 2, "rho": 19.0, "n_sweeps": 200, "n_warmup": 50}
    models = [
        {"name": "told", "kind": "spiked-gibbs", "params": settings | {"start": "informed"}},
        {"kind": "leading-component"},
    ]
    events = Dataset.from_arrays(X, y, task="clustering")
    study = Study(events, models, split={"validation": 0.2}, evaluate={"bootstrap": 200})
    results = study.run(tmp_path / "r", workers=1, progress=False).results
    assert results.best == "leading-component"
    assert any(each.check == "start" and "told" in each.message for each in results.audit)
    assert results.model("told").scores["validation"]["overlap"].value > 0.9
