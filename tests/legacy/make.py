"""How the fixtures of this folder were made, by commit 146c5ef (fivesigma 0.1.0).

They stand for files on users' disks and are never made anew. What a later format adds comes beside them:
python tests/legacy/make.py FOLDER writes such a generation with the ``fivesigma`` that Python finds.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import fivesigma as fs
from fivesigma.cli import main

TABLES = Path(__file__).resolve().parents[1] / "golden" / "studies"
EVIDENCE = "\n[split]\nfolds = 2\n[evaluate]\nbootstrap = 100\nrefits = 2\n"

COLLISIONS = """
[study]
name = "collisions"
question = "Which collisions hold the signal?"
[data]
path = "collisions.csv"
target = "label"
classes = ["b", "s"]
features = ["pt", "mass", "angle", "met", "region"]
spectators = ["event", "run"]
weight = "w"
group = "run"
missing = -999
units = { pt = "GeV", mass = "GeV", met = "GeV" }
[split]
test = 0.3
folds = 3
[features]
categorical = "onehot"
[evaluate]
bootstrap = 100
refits = 3
"""
MODELS = """
[[models]]
kind = "dummy"
[[models]]
kind = "logistic"
[[models]]
name = "path"
kind = "logistic"
penalty = "l1"
lambdas = { from = 0.1, to = 100, n = 4 }
[[models]]
name = "tree, tuned"
kind = "tree"
tune = { max_depth = [1, 4] }
search = "grid"
trials = 4
[[models]]
kind = "boosting"
params = { max_iter = 8 }
[explain]
models = ["tree, tuned"]
permutation = 2
drop_column = true
drop_best = 1
effects = ["pt"]
[curves]
learning = ["logistic"]
validation = { "tree, tuned" = { min_samples_leaf = [2, 10, 40] } }
"""
AGAIN = """
[[models]]
kind = "dummy"
[[models]]
kind = "naive-bayes"
"""
RUNS = {"collisions": COLLISIONS + MODELS, "collisions-again": COLLISIONS + AGAIN}
GOLDEN = {"galaxies": "law", "populations": "gibbs", "scan": "scan"}
ASKED = {
    "collisions": ("collisions.csv", ["--keep", "event"]),
    "galaxies": ("galaxies.csv", []),
    "populations": ("populations.csv", []),
}

FEW = {"n_estimators": 2, "min_samples_leaf": 8}
SPARSE = {"lambdas": [1.0, 30.0]}
CHAINS = {"n_components": 2, "n_sweeps": 40, "n_warmup": 20, "n_chains": 2}
Models = list[dict[str, Any]]


def kind(name: str, called: str | None = None, **settings: Any) -> dict[str, Any]:
    params = {key: settings.pop(key) for key in list(settings) if key not in STUDY}
    made = {"kind": name, "name": called or name, **settings}
    return made | ({"params": params} if params else {})


STUDY = (
    "penalty",
    "lambdas",
    "loss",
    "select",
    "tune",
    "trials",
    "search",
    "reduce",
    "interactions",
    "l1_ratio",
)

SIMPLE: Models = [
    kind("dummy"),
    kind("nearest"),
    kind("knn", n_neighbors=3),
    kind("tree", max_depth=2),
    kind("forest", **FEW),
    kind("extra-trees", **FEW),
    kind("boosting", max_iter=3),
    kind("xgboost", max_iter=3),
    kind("svm"),
]
CLASSIFIERS: Models = [
    *SIMPLE,
    kind("logistic"),
    kind("naive-bayes"),
    kind("linear-svm", **SPARSE),
    kind("linear-svm", "hinge", loss="hinge", **SPARSE),
    kind("logistic", "l1 path", penalty="l1", **SPARSE),
    kind("logistic", "elastic path", penalty="elastic-net", **SPARSE),
    kind("logistic", "no penalty", penalty="none"),
    kind("logistic", "products", interactions=2),
    kind("logistic", "pca", reduce={"kind": "pca", "n": 2}),
    kind("logistic", "nmf", reduce={"kind": "nmf", "n": 2}),
    kind("logistic", "f-test", reduce={"kind": "f-test", "n": 2}),
    kind("logistic", "mutual information", reduce={"kind": "mutual-information", "n": 2}),
    kind("logistic", "rfe", reduce={"kind": "rfe", "n": 2}),
    kind("logistic", "l1", reduce={"kind": "l1", "n": 2}),
    kind("boosting", "stopped early", max_iter=6, early_stopping=True),
    kind("tree", "tuned", tune={"max_depth": [1, 3]}, search="grid", trials=3),
    kind("knn", "tuned by choice", tune={"weights": ["uniform", "distance"]}, search="grid", trials=2),
]
MULTICLASS: Models = [
    *SIMPLE,
    kind("logistic"),
    kind("naive-bayes"),
    kind("linear-svm", **SPARSE),
    kind("logistic", "l1 path", penalty="l1", **SPARSE),
]
REGRESSORS: Models = [
    *SIMPLE,
    kind("linear"),
    kind("ridge"),
    kind("lasso"),
    kind("elastic-net"),
    kind("huber", **SPARSE),
    kind("quantile", **SPARSE, tau=0.7),
    kind("poisson", **SPARSE),
    kind("lasso-by-minimize", **SPARSE),
    kind("lasso-by-bfgs", **SPARSE),
    kind("quantile-forest", **FEW),
    kind("natural-gradient", n_estimators=3),
    kind("natural-gradient", "log-normal", n_estimators=3, distribution="log-normal"),
    kind("natural-gradient", "student-t", n_estimators=3, distribution="student-t"),
    kind("ridge", "ridge path", penalty="l2", **SPARSE),
    kind("lasso", "lasso path", penalty="l1", **SPARSE),
    kind("elastic-net", "elastic path", penalty="elastic-net", **SPARSE),
    kind("lasso", "absolute", penalty="l1", loss="absolute", **SPARSE),
]
CLUSTERINGS: Models = [
    kind("dummy"),
    kind("k-means", n_components=2, starts=1),
    kind("gaussian-mixture", n_components=2, starts=1),
    kind("gaussian-mixture", "number by bic", max_components=3, starts=1),
    kind("variational-mixture", n_components=2, starts=1),
    kind("gibbs-mixture", **CHAINS),
    kind("spiked-gibbs", **CHAINS),
    kind("leading-component"),
    kind("agglomerative", n_components=2),
    kind("hdbscan"),
    kind("spectral", n_components=2, n_neighbors=8),
    kind("mean-shift"),
]


def datasets() -> dict[str, tuple[fs.Dataset, Any]]:
    """Return the events of each family of models and their line-up."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    rng = np.random.default_rng(5)
    X = rng.normal(size=(90, 4)).round(2)
    signal = X[:, 0] + X[:, 1] + 0.5 * rng.normal(size=90)
    gaps = X.copy()
    gaps[::11, 2] = np.nan
    names = ["a", "b", "c", "d"]
    y = {
        "classification": np.where(signal > 0, "s", "b"),
        "multiclass": np.select([signal < -0.7, signal > 0.7], ["low", "high"], "middle"),
        "regression": np.round(np.exp(0.5 * signal) + 0.1, 2),
    }
    groups = np.concatenate([X[:45, :3], X[45:, :3] + 5.0])
    own = ("own", LogisticRegression()), ("own", LinearRegression())
    return {
        "classification": (
            fs.Dataset.from_arrays(gaps, y["classification"], names=names),
            [*CLASSIFIERS, own[0]],
        ),
        "multiclass": (fs.Dataset.from_arrays(gaps, y["multiclass"], names=names), MULTICLASS),
        "regression": (
            fs.Dataset.from_arrays(gaps, y["regression"], names=names, task="regression"),
            [*REGRESSORS, own[1]],
        ),
        "clustering": (
            fs.Dataset.from_arrays(groups, None, names=names[:3], task="clustering"),
            CLUSTERINGS,
        ),
    }


def asked(task: str) -> np.ndarray:
    """Return the events that the models are asked about."""
    X = np.random.default_rng(6).normal(size=(6, 4)).round(2)
    if task == "clustering":
        return X[:, :3] + np.array([0, 5, 0, 5, 0, 5])[:, None]
    X[1, 2], X[4, 2] = np.nan, np.nan
    return X


def models(task: str, data: fs.Dataset, lineup: list[Any], scratch: Path, out: Path) -> dict[str, Any]:
    """Fit a family, keep its model files, and return what they say of `asked`."""
    study = fs.Study(
        data, lineup, name=task, split={"folds": 2, "test": 0}, evaluate={"bootstrap": 100, "refits": 2}
    )
    result = study.run(scratch / task, workers=1, progress=False)
    X, said, folder = asked(task), {}, scratch / f"models-{task}"
    folder.mkdir()
    for number, each in enumerate(result.results.models):
        if each.status != "ok":
            raise RuntimeError(f"{task}, {each.name}: {each.message}")
        path = folder / f"{each.name}.fivesigma"
        shutil.copy(result.path / "models" / f"model-{number:02d}.fivesigma", path)
        said[each.name] = answers(path, X)
    archive(folder, out / f"models-{task}.tar.gz")
    return {"X": X.tolist(), "said": said}


def answers(path: Path, X: np.ndarray) -> dict[str, Any] | None:
    """Return all that a model says of ``X``; None where the code that wrote the file cannot read it."""
    try:
        model = fs.load_model(path)
    except fs.DataError as error:
        print(error)
        return None
    found: dict[str, Any] = {}
    for method in ("predict", "predict_proba", *([] if model.clusters else ["predict_law"])):
        with contextlib.suppress(
            fs.InputError
        ):  # a regression has no probabilities, some clusterings label only
            found[method] = getattr(model, method)(X).tolist()
    return found


def archive(folder: Path, path: Path) -> None:
    """Pack a folder; the same files give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                member = tarfile.TarInfo(str(each.relative_to(folder.parent)))
                member.size = each.stat().st_size
                tar.addfile(member, io.BytesIO(each.read_bytes()))
    path.write_bytes(gzip.compress(buffer.getvalue(), mtime=0))


def call(*words: str) -> Any:
    """Return the JSON answer of a verb."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = main([*words, "--json"])
    if status:
        raise RuntimeError(f"{words} ended with status {status}: {said.getvalue()}")
    return json.loads(said.getvalue())


def runs(scratch: Path, out: Path) -> dict[str, Any]:
    """Carry the studies out, keep their folders, and return what is said of them."""
    said: dict[str, Any] = {"leaderboard": {}, "claims": {}, "sections": {}, "predict": {}}
    for name in ("collisions", "collisions-again", *GOLDEN):
        study = scratch / name / f"{name}.toml"
        shutil.copytree(TABLES, study.parent)
        text = RUNS[name] if name in RUNS else (TABLES / f"{GOLDEN[name]}.toml").read_text(encoding="utf-8")
        study.write_text(text, encoding="utf-8")
        run = scratch / "runs" / name
        result = fs.Study.read(study).run(run, workers=1, progress=False)
        said["leaderboard"][name] = result.leaderboard().to_dict()
        said["claims"][name] = [claim.text for claim in result.claims]
        page = (run / "report.html").read_text(encoding="utf-8")
        said["sections"][name] = [part.partition('"')[0] for part in page.split('<section id="')[1:]]
        if name in ASKED:
            said["predict"][name] = predicted(run, scratch, *ASKED[name])
        shutil.rmtree(run / "figures")  # drawn again by `report`
        plain(run / "manifest.json")
        archive(run, out / f"run-{name}.tar.gz")
    said["compare"] = call("compare", *(str(scratch / "runs" / name) for name in RUNS))
    return said


def predicted(run: Path, scratch: Path, table: str, options: list[str]) -> dict[str, Any]:
    """Return what ``predict`` says of the first rows of a table, by model and column."""
    import polars

    rows = (TABLES / table).read_text(encoding="utf-8").splitlines()[:9]
    (scratch / "few.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    columns = {}
    for each in fs.load(run).results.models:
        call(
            "predict",
            str(run),
            str(scratch / "few.csv"),
            "-o",
            str(scratch / "out.parquet"),
            "--model",
            each.name,
            *options,
        )
        columns[each.name] = polars.read_parquet(scratch / "out.parquet").to_dict(as_series=False)
    return {"table": rows, "options": options, "columns": columns}


def plain(path: Path) -> None:
    """Take the machine out of a manifest."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["machine"] |= {"system": "Linux-6.1-x86_64-with-glibc2.36"}
    manifest["command"] = ["fivesigma", "run", f"{manifest['study']}.toml"]
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def make(out: Path) -> None:
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        said = runs(scratch, out)
        said["models"] = {
            task: models(task, data, lineup, scratch, out) for task, (data, lineup) in datasets().items()
        }
    text = json.dumps(said, ensure_ascii=False, indent=None, separators=(",", ":"))
    (out / "said.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
