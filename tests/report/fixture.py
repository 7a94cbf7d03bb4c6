"""Results made by hand (seeded toy data, no model fitted) in every shape the page meets."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from fivesigma.record.document import plain, read_sections
from fivesigma.record.results import (
    Audit,
    Claim,
    Comparison,
    DataRecord,
    ErrorBudget,
    Feature,
    Generalisation,
    ModelRecord,
    Results,
    Score,
    SplitRecord,
)
from fivesigma.record.sections import SECTIONS
from fivesigma.risk.curves import Scored, curves, feature_histograms

SEPARATIONS = {
    "boosting": 1.55,
    "random forest": 1.50,
    "extra trees": 1.44,
    "logistic": 1.40,
    "k-nearest neighbours": 1.2,
    "naive Bayes": 1.1,
    "decision tree": 0.9,
    "nearest neighbour": 0.6,
    "dummy": 0.0,
}
MANIFEST: dict[str, Any] = {
    "run": "0f" * 16,
    "study": "adelie-chinstrap",
    "question": "Which penguins are chinstraps?",
    "started": "2026-11-21T04:00:00+00:00",
    "blind": False,
    "data": [{"path": "/home/someone/data/penguins.csv", "sha256": "ab" * 32}],
    "ledger": "/home/someone/.fivesigma/ledger.jsonl",
    "openings": {"test": 1},
    "versions": {"fivesigma": "0.1.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "scipy": "1.17.1"},
    "machine": {"system": "Linux", "cores": 2, "threads per worker": 1},
    "command": ["fivesigma", "run", "adelie-chinstrap"],
}


def typed(holder: str, documents: dict[str, Any]) -> dict[str, Any]:
    """Return sections as a reader of ``results.json`` finds them."""
    return read_sections(holder, plain(documents), SECTIONS)


def score(value: float, spread: float = 0.0064) -> Score:
    error = ErrorBudget(stat=spread, train=0.4 * spread, seed=0.15 * spread)
    return Score(value, value - 2.1 * spread, min(1.0, value + 2.1 * spread), 0.95, "bootstrap-t", error)


def compare(difference: float, spread: float) -> Comparison:
    z = difference / spread
    return Comparison(difference, difference - 2 * spread, difference + 2 * spread, 0.01, z, z * 0.9)


def claim(text: str, c: Comparison, verdict: str, needs: str = "") -> Claim:
    return Claim(text, c.difference, c.low, c.high, c.sigma_local, c.sigma_global, verdict, needs)


def curves_of(
    separation: float, rng: np.random.Generator, classes: tuple[str, ...], n: int
) -> dict[str, Any]:
    """Return the curves of a toy model that pulls the right class forward by ``separation``."""
    parts = []
    for size in (n, 4 * n):
        y = rng.integers(0, len(classes), size)
        margin = rng.normal(0, 1, (size, len(classes))) + separation * np.eye(len(classes))[y]
        p = np.exp(separation * margin)
        parts.append(Scored(y, p / p.sum(axis=1, keepdims=True)))
    counts = rng.poisson(1.0, (100, n)).astype(float)
    return curves("classification", parts[0], train=parts[1], counts=counts, classes=classes)


@functools.cache
def _histograms(n_features: int, classes: tuple[str, ...]) -> Any:
    return plain(data_of(n_features, classes, np.random.default_rng(0)).sections["histograms"])


def data_of(n_features: int, classes: tuple[str, ...], rng: np.random.Generator) -> DataRecord:
    y = rng.integers(0, len(classes), 3000)
    X = rng.gamma(2 + y[:, None], 20 + 60 / (1 + np.arange(n_features)), (3000, n_features))
    names = [f"jet {i} pT" for i in range(n_features)]
    units = ["GeV" if i % 3 else None for i in range(n_features)]
    sections = {"histograms": feature_histograms(X, y, names=names, units=units, classes=classes)}
    features = tuple(Feature(n, u, 0.3, 812.25, 91.2, 33.1, 1) for n, u in zip(names, units, strict=True))
    return DataRecord(
        "cd" * 32, 5000, n_features, 4321.7, features, classes, "species", typed("data", sections)
    )


def classifier(name: str, classes: tuple[str, ...], rng: np.random.Generator, n: int) -> ModelRecord:
    separation = SEPARATIONS[name]
    auc = float(0.5 + 0.42 * np.tanh(separation))
    best = float(0.5 + 0.42 * np.tanh(SEPARATIONS["boosting"]))
    in_train = dataclasses.replace(score(min(auc + 0.06, 1.0), 0.002), low=None, high=None)
    return ModelRecord(
        name,
        name.replace(" ", "-"),
        "ok",
        "fitted without event weights" if name.startswith("k-") else "",
        {"max_depth": 7, "learning_rate": 0.1},
        31,
        generalisation=Generalisation(
            -0.01 - 0.02 * separation, "overfit" if "tree" in name else "neither shown", 3.3
        ),
        scores={
            "train": {"roc_auc": in_train},
            "validation": {"roc_auc": score(auc + 0.003, 0.004)},
            "test": {"roc_auc": score(auc, 0.005 + 0.003 / (0.5 + separation)), "ece": score(0.02)},
        },
        versus_baseline={} if name == "dummy" else {"roc_auc": compare(auc - 0.5, 0.012)},
        versus_best={} if name == "boosting" else {"roc_auc": compare(auc - best, 0.004)},
        sections=typed("model", {"curve": curves_of(separation, rng, classes, n)}),
    )


@functools.cache
def binary(n_models: int = 9, n_features: int = 26, n: int = 1000) -> Results:
    """Return a classification of two classes: nine models fitted, one skipped, one failed."""
    rng, classes = np.random.default_rng(5), ("Adelie", "Chinstrap")
    names = [*list(SEPARATIONS)[: n_models - 1], "dummy"]
    fitted = [classifier(name, classes, rng, n) for name in names]
    skipped = "would take 3 h 20 min on 100,000 rows, its share is 4 min"
    failed = "the loss became infinite at step 14; lower the learning rate"
    top, second = fitted[0].versus_baseline["roc_auc"], fitted[1].versus_best["roc_auc"]
    third, fourth = compare(-0.031, 0.0072), compare(-0.001, 0.0002)
    return Results(
        study="adelie-chinstrap",
        task="classification",
        seed=0,
        metric="roc_auc",
        baseline="dummy",
        best="boosting",
        data=data_of(n_features, classes, rng),
        split=SplitRecord("ef" * 32, 4000, 1000, 5),
        models=(
            *fitted,
            ModelRecord("kernel SVM", "svm", "skipped", skipped),
            ModelRecord("network", "network", "failed", failed),
        ),
        claims=(
            claim("boosting is above dummy in ROC AUC", top, "observation", "reached with 41 test events"),
            claim(
                "random forest and boosting", second, "not distinguished", "3σ needs about 24,000 test events"
            ),
            claim("extra trees and boosting", third, "evidence"),
            claim("logistic and boosting", fourth, "distinguished, not relevant"),
        ),
        audit=(
            Audit(
                "duplicates",
                "warning",
                "12 rows are exact copies; they were kept on one side of the split",
                rows=(3, 17),
                advice="drop those that were counted twice",
            ),
            Audit("missing", "ok", "no value is missing"),
        ),
        timing={"models": {name: 0.01 * 3**i for i, name in enumerate(names)}},
    )


def multiclass() -> Results:
    """Return three classes: ROC and calibration by class, a confusion matrix."""
    rng, classes = np.random.default_rng(6), ("Adelie", "Chinstrap", "Gentoo")
    base = binary(4, 2, 100)
    models = tuple(classifier(m.name, classes, rng, 300) for m in base.models if m.status == "ok")
    return dataclasses.replace(base, study="penguins-species", data=data_of(6, classes, rng), models=models)


def regression(n: int = 344) -> Results:
    """Return a regression with linear coefficients, residuals and a sample of points."""
    rng, names = np.random.default_rng(7), ["flipper length", "bill depth", "bill length"]
    X = np.column_stack([rng.normal(200, 14, n), rng.normal(17, 2, n), rng.normal(44, 5, n)])
    y = X @ [50, 20, 4] - 6400 + rng.normal(0, 350, n)
    sections = {
        "histograms": feature_histograms(X, y, names=names, units=["mm"] * 3),
        "points": {"names": names, "values": X[:2000].tolist(), "target": y[:2000].tolist()},
        "target_unit": "g",
    }
    models = tuple(linear(names[:k], r2, y, rng) for k, r2 in ((3, 0.77), (1, 0.75), (0, -0.01)))
    best = models[0].versus_baseline["r2"]
    features = tuple(Feature(name, "mm", 172.0, 231.0, 200.9, 14.1, 2) for name in names)
    return Results(
        study="penguins-mass",
        task="regression",
        seed=0,
        metric="r2",
        baseline="dummy",
        best=models[0].name,
        data=DataRecord("12" * 32, n, 3, float(n), features, None, "body mass", typed("data", sections)),
        split=SplitRecord("34" * 32, 275, 69, 5),
        models=models,
        claims=(claim("linear, 3 features is above dummy in R²", best, "observation"),),
    )


def linear(used: list[str], r2: float, y: np.ndarray, rng: np.random.Generator) -> ModelRecord:
    coefficients = {
        "names": used,
        "values": [50.0, 20.0, 4.0][: len(used)],
        "units": ["mm"] * len(used),
        "intercept": -6400.0,
        "r2_train": 0.77,
    }
    drawn = {"curve": curves("regression", Scored(y, y + rng.normal(0, 300, y.size)))}
    return ModelRecord(
        name=f"linear, {len(used)} features" if used else "dummy",
        kind="linear" if used else "dummy",
        status="ok",
        n_fits=16,
        generalisation=Generalisation(0.01),
        scores={
            "train": {"r2": score(r2 + 0.01)},
            "validation": {"r2": score(r2)},
            "test": {"r2": score(r2, 0.034)},
        },
        versus_baseline={"r2": compare(r2 + 0.01, 0.04)} if used else {},
        versus_best={} if len(used) == 3 else {"r2": compare(r2 - 0.77, 0.02)},
        sections=typed("model", {**drawn, "coefficients": coefficients} if used else drawn),
    )


def blind() -> Results:
    """Return the binary study before its test set was opened."""
    base = binary(4, 5, 200)
    models = []
    for m in base.models:
        scores = {part: found for part, found in m.scores.items() if part != "test"}
        models.append(dataclasses.replace(m, scores=scores, versus_baseline={}, versus_best={}))
    return dataclasses.replace(base, models=tuple(models), claims=())


def hollow() -> Results:
    """Return a study in which everything that can be absent is."""
    data = DataRecord("0", 0, 0, 0.0, (Feature("x", None, None, None, None, None, 3),), None, None)
    models = (
        ModelRecord("a", "ridge", "failed", "singular"),
        ModelRecord(
            "b", "dummy", "ok", scores={"test": {"r2": Score(None)}}, versus_best={"r2": Comparison(None)}
        ),
    )
    empty = Claim("nothing", None, None, None, None, None, "not distinguished")
    return Results(
        "hollow", "regression", 0, "r2", None, None, data, SplitRecord("0", 0, 0, 0), models, (empty,)
    )


def _named(histogram: dict[str, Any], name: str, classes: tuple[str, ...]) -> dict[str, Any]:
    pairs = zip(histogram["histograms"], classes, strict=True)
    return {**histogram, "name": name, "unit": name, "histograms": [{**h, "class": c} for h, c in pairs]}


def poisoned(payload: str) -> tuple[Results, dict[str, Any]]:
    """Return results and a manifest with ``payload`` wherever text of a user or a library can stand."""
    base, classes = binary(4, 5, 60), (f"{payload} b", f"{payload} s")
    rename = {m.name: f"{payload} {i}" for i, m in enumerate(base.models)}
    terms = [payload, f"{payload} 2"]
    coefficients = {
        "names": terms,
        "values": [1.0, 2.0],
        "units": [payload, None],
        "intercept": 0.0,
        "r2_train": 0.5,
    }
    rng = np.random.default_rng(0)
    sections = typed("model", {"curve": curves_of(1.0, rng, classes, 60), "coefficients": coefficients})
    models = tuple(
        dataclasses.replace(
            m,
            name=rename[m.name],
            kind=payload,
            message=payload,
            params={payload: payload},
            generalisation=dataclasses.replace(m.generalisation, verdict=payload),
            sections=sections,
        )
        for m in base.models
    )
    histograms = _histograms(5, ("b", "s"))
    data = dataclasses.replace(
        base.data,
        classes=classes,
        target=payload,
        sha256=payload,
        features=tuple(dataclasses.replace(f, name=payload, unit=payload) for f in base.data.features),
        sections=typed(
            "data",
            {
                "histograms": [_named(h, payload, classes) for h in histograms],
                "points": {"names": terms, "values": [[1.0, 2.0], [2.0, 1.0]], "target": [0.0, 1.0]},
                "target_unit": payload,
            },
        ),
    )
    results = dataclasses.replace(
        base,
        study=payload,
        data=data,
        models=models,
        claims=tuple(
            dataclasses.replace(c, text=payload, verdict=payload, needs=payload) for c in base.claims
        ),
        best=rename["boosting"],
        baseline=rename["dummy"],
        audit=(Audit(payload, payload, payload, (payload,), (7,), payload),),
        split=dataclasses.replace(base.split, group=payload, sha256=payload),
    )
    manifest = {
        "question": payload,
        payload: payload,
        "versions": {payload: payload},
        "openings": {payload: 7},
    }
    return results, manifest
