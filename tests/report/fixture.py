"""Results made by hand (seeded toy data, no model fitted) in every shape the page meets."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

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

KINDS = (
    ("boosting", 1.55), ("random forest", 1.50), ("extra trees", 1.44), ("logistic", 1.40), ("k-nearest neighbours", 1.2),
    ("naive Bayes", 1.1), ("decision tree", 0.9), ("nearest neighbour", 0.6), ("dummy", 0.0),
)  # fmt: skip
MANIFEST: dict[str, Any] = {
    "question": "Which penguins are chinstraps?",
    "fivesigma": "0.1.0",
    "python": "3.11.2",
    "versions": {"numpy": "2.4.6", "scikit-learn": "1.9.1", "scipy": "1.17.1"},
    "data": {"path": "/data/penguins.csv", "sha256": "ab" * 32},
    "hardware": {"cores": 2, "memory": "7.8 GiB"},
    "ledger": {"openings": 1},
}


def score(value: float, spread: float = 0.0064) -> Score:
    error = ErrorBudget(stat=spread, train=0.4 * spread, seed=0.15 * spread)
    return Score(value, value - 2.1 * spread, min(1.0, value + 2.1 * spread), 0.95, "bootstrap-t", error)


def compare(difference: float, spread: float) -> Comparison:
    z = difference / spread
    return Comparison(difference, difference - 2 * spread, difference + 2 * spread, 0.01, z, z * 0.9)


def _roc(separation: float, rng: np.random.Generator) -> dict[str, Any]:
    signal, background = np.sort(rng.normal(separation, 1, 400))[::-1], rng.normal(0, 1, 1600)
    efficiency = np.linspace(0.0, 1.0, 101)
    cuts = np.quantile(signal, 1 - efficiency)
    passed = np.array([(background >= cut).mean() for cut in cuts])
    rejection = [None if p == 0 else 1 / p for p in passed]
    return {
        "signal_efficiency": efficiency.tolist(),
        "background_rejection": rejection,
        "low": [None if r is None else 1 + (r - 1) * 0.8 for r in rejection],
        "high": [None if r is None else 1 + (r - 1) * 1.3 for r in rejection],
    }


def _scores(separation: float, rng: np.random.Generator) -> dict[str, Any]:
    edges = np.linspace(0, 1, 26)
    squash = lambda x: 1 / (1 + np.exp(-(x - separation / 2)))  # noqa: E731
    block: dict[str, Any] = {"edges": edges.tolist()}
    for part, n in (("train", 4000), ("test", 1000)):
        block[part] = {}
        for side, centre in (("background", 0.0), ("signal", separation)):
            counts = np.histogram(squash(rng.normal(centre, 1.3, n)), edges)[0]
            block[part][side] = (counts * 25 / n).tolist()
            block[part][f"{side}_error"] = (np.sqrt(counts) * 25 / n).tolist()
    return block


def _calibration(rng: np.random.Generator) -> dict[str, Any]:
    predicted = np.linspace(0.05, 0.95, 10)
    observed = np.clip(predicted + rng.normal(0, 0.03, 10), 0, 1)
    return {
        "predicted": predicted.tolist(),
        "observed": observed.tolist(),
        "low": (observed - 0.04).tolist(),
        "high": (observed + 0.04).tolist(),
    }


def _feature(index: int) -> Feature:
    return Feature(f"jet {index} pT", "GeV" if index % 3 else None, 0.3, 812.25, 91.2, 33.1, index % 2)


def _data(
    n_features: int, classes: tuple[str, ...] | None, target: str, rng: np.random.Generator
) -> DataRecord:
    features = tuple(_feature(i) for i in range(n_features))
    histograms = []
    for i, feature in enumerate(features):
        edges = np.linspace(0, 300, 31)
        counts: dict[str, Any] = {
            name: np.histogram(rng.gamma(2 + k, 20 + 20 * k / (1 + i), 2000), edges)[0].tolist()
            for k, name in enumerate(classes or ("",))
        }
        histograms.append(
            {"name": feature.name, "unit": feature.unit, "edges": edges.tolist(), "counts": counts}
        )
    return DataRecord(
        "cd" * 32, 5000, n_features, 4321.7, features, classes, target, {"histograms": histograms}
    )  # fmt: skip


def binary(n_models: int = 9, n_features: int = 26) -> Results:
    """Return a classification of two classes: nine models fitted, one skipped, one failed."""
    rng = np.random.default_rng(5)
    models, best = [], KINDS[0][1]
    for name, separation in KINDS[: n_models - 1] + KINDS[-1:]:
        auc = 0.5 + 0.42 * np.tanh(separation)
        models.append(
            ModelRecord(
                name,
                name.replace(" ", "-"),
                "ok",
                "fitted without event weights" if name.startswith("k-") else "",
                {"max_depth": 7, "learning_rate": 0.1},
                31,
                Generalisation(-0.01 - 0.02 * separation, "overfit" if "tree" in name else "neither", 3.3),
                {
                    "train": {
                        "roc_auc": dataclasses.replace(
                            score(min(auc + 0.06, 1.0), 0.002), low=None, high=None
                        )
                    },
                    "validation": {"roc_auc": score(auc + 0.003, 0.004)},
                    "test": {"roc_auc": score(auc), "ece": score(0.02), "accuracy": score(0.8)},
                },
                {} if name == "dummy" else {"roc_auc": compare(auc - 0.5, 0.012)},
                {}
                if name == KINDS[0][0]
                else {"roc_auc": compare(auc - (0.5 + 0.42 * np.tanh(best)), 0.004)},
                {
                    "curve": {
                        "roc": _roc(separation, rng),
                        "scores": _scores(separation, rng),
                        "calibration": _calibration(rng),
                    }
                },
            )
        )
    models += [
        ModelRecord(
            "kernel SVM", "svm", "skipped", "would take 3 h 20 min on 100,000 rows, its share is 4 min"
        ),
        ModelRecord(
            "network", "network", "failed", "the loss became infinite at step 14; lower the learning rate"
        ),
    ]
    top = models[0].versus_baseline["roc_auc"]
    second = models[1].versus_best["roc_auc"]
    claims = (
        Claim("boosting stands above the baseline dummy in ROC AUC", top.difference, top.low, top.high,
              top.sigma_local, top.sigma_global, "observation", "reached with 41 test events"),
        Claim("random forest and boosting differ in ROC AUC", second.difference, second.low, second.high,
              second.sigma_local, second.sigma_global, "not distinguished", "3σ needs about 24,000 test events"),
        Claim("extra trees and boosting differ in ROC AUC", -0.031, -0.045, -0.017, -4.4, -3.9, "evidence", ""),
        Claim("logistic and boosting differ in ROC AUC", -0.001, -0.0013, -0.0007, -4.4, -3.9,
              "distinguished, not relevant", ""),
    )  # fmt: skip
    return Results(
        "adelie-chinstrap", "classification", 0, "roc_auc", "dummy", "boosting",
        _data(n_features, ("Adelie", "Chinstrap"), "species", rng),
        SplitRecord("ef" * 32, 4000, 1000, 5), tuple(models), claims,
        (Audit("duplicates", "warning", "12 rows are exact copies; they were kept on one side of the split"),
         Audit("missing", "ok", "no value is missing")),
        timing={"models": {m.name: 0.01 * 3**i for i, m in enumerate(models)}},
    )  # fmt: skip


def multiclass() -> Results:
    """Return three classes: ROC and calibration by class, a confusion matrix."""
    rng = np.random.default_rng(6)
    classes = ("Adelie", "Chinstrap", "Gentoo")
    base = binary(4, 6)
    models = []
    for model in base.models:
        if model.status != "ok":
            continue
        curves = {
            "roc": {name: _roc(1.2 + 0.5 * k, rng) for k, name in enumerate(classes)},
            "calibration": {name: _calibration(rng) for name in classes},
            "confusion": [[48.0, 3.0, 1.0], [4.0, 20.0, 0.0], [0.0, 1.0, 43.0]],
        }
        models.append(dataclasses.replace(model, sections={"curve": curves}))
    data = _data(6, classes, "species", rng)
    return dataclasses.replace(
        base, study="penguins-species", data=data, models=tuple(models), claims=base.claims[:2]
    )


def regression() -> Results:
    """Return a regression with linear coefficients, residuals and a sample of points."""
    rng = np.random.default_rng(7)
    names = ["flipper length", "bill depth", "bill length"]
    values = np.column_stack([rng.normal(200, 14, 344), rng.normal(17, 2, 344), rng.normal(44, 5, 344)])
    target = 50 * values[:, 0] + 20 * values[:, 1] + 4 * values[:, 2] - 6400 + rng.normal(0, 350, 344)
    features = tuple(
        Feature(n, "mm", *(float(f(v)) for f in (np.min, np.max, np.mean, np.std)), 2)
        for n, v in zip(names, values.T, strict=True)
    )
    histograms = []
    for name, column in zip(names, values.T, strict=True):
        counts, edges = np.histogram(column, 30)
        histograms.append(
            {"name": name, "unit": "mm", "edges": edges.tolist(), "counts": {"": counts.tolist()}}
        )
    points = {"names": names, "values": values.tolist(), "target": target.tolist()}
    data = DataRecord("12" * 32, 344, 3, 344.0, features, None, "body mass",
                      {"histograms": histograms, "points": points, "target_unit": "g"})  # fmt: skip
    models = []
    for i, name in enumerate(("linear, three features", "linear, flipper", "dummy")):
        used = names[: (3, 1, 0)[i]]
        coefficients = {"names": used, "values": [50.0, 20.0, 4.0][: len(used)], "units": ["g/mm"] * len(used),
                        "intercept": -6400.0, "r2_train": 0.77}  # fmt: skip
        r2 = (0.77, 0.75, -0.01)[i]
        models.append(
            ModelRecord(
                name, "linear" if used else "dummy", "ok", "", {}, 16, Generalisation(0.01, "not tested", None),
                {"train": {"r2": score(r2 + 0.01)}, "validation": {"r2": score(r2)}, "test": {"r2": score(r2, 0.034)}},
                {"r2": compare(r2 + 0.01, 0.04)} if used else {}, {"r2": compare(r2 - 0.77, 0.02)} if i else {},
                ({"coefficients": coefficients} if used else {}) | {"curve": {"residuals": _residuals(target, rng)}},
            )
        )  # fmt: skip
    claims = (
        Claim(
            "linear, three features stands above the baseline dummy in R²",
            0.78,
            0.70,
            0.86,
            19.5,
            17.5,
            "observation",
        ),
    )
    return Results("penguins-mass", "regression", 0, "r2", "dummy", models[0].name, data,
                   SplitRecord("34" * 32, 275, 69, 5), tuple(models), claims)  # fmt: skip


def _residuals(target: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    predicted = target + rng.normal(0, 300, target.size)
    edges = np.linspace(2500, 6500, 33)
    counts = np.histogram2d(target, predicted, (edges, edges))[0]
    bins = np.linspace(2500, 6500, 9)
    which = np.digitize(target, bins) - 1
    profile: dict[str, Any] = {"edges": bins.tolist(), "n": [], "median": [], "low": [], "high": []}
    for k in range(8):
        left = (predicted - target)[which == k]
        profile["n"].append(int(left.size))
        for key, q in (("median", 50), ("low", 16), ("high", 84)):
            profile[key].append(float(np.percentile(left, q)) if left.size > 3 else None)
    return {
        "true_edges": edges.tolist(),
        "predicted_edges": edges.tolist(),
        "counts": counts.tolist(),
        "profile": profile,
    }


def blind() -> Results:
    """Return the binary study before its test set was opened."""
    base = binary(4, 5)
    models = [
        dataclasses.replace(
            m, scores={k: v for k, v in m.scores.items() if k != "test"}, versus_baseline={}, versus_best={}
        )
        for m in base.models
    ]
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
    claim = Claim("nothing", None, None, None, None, None, "not distinguished")
    return Results(
        "hollow", "regression", 0, "r2", None, None, data, SplitRecord("0", 0, 0, 0), models, (claim,)
    )


def poisoned(payload: str) -> tuple[Results, dict[str, Any]]:
    """Return results and a manifest in which ``payload`` stands in every place a user's or a library's text can."""
    base = binary(4, 5)
    rename = {m.name: f"{payload} {i}" for i, m in enumerate(base.models)}
    classes = (f"{payload} b", f"{payload} s")
    models = tuple(
        dataclasses.replace(
            m, name=rename[m.name], kind=payload, message=payload, params={payload: payload},
            generalisation=dataclasses.replace(m.generalisation, verdict=payload),
            sections={**m.sections, "coefficients": {"names": [payload, f"{payload} 2"], "values": [1.0, 2.0],
                                                     "units": [payload, None], "intercept": 0.0, "r2_train": 0.5}},
        )
        for m in base.models
    )  # fmt: skip
    histograms = [
        {
            **h,
            "name": payload,
            "unit": payload,
            "counts": dict(zip(classes, h["counts"].values(), strict=True)),
        }
        for h in base.data.sections["histograms"]
    ]
    points = {"names": [payload, f"{payload} 2"], "values": [[1.0, 2.0], [2.0, 1.0]], "target": [0.0, 1.0]}
    data = dataclasses.replace(
        base.data, classes=classes, target=payload, sha256=payload,
        features=tuple(dataclasses.replace(f, name=payload, unit=payload) for f in base.data.features),
        sections={"histograms": histograms, "points": points, "weight": payload, "target_unit": payload},
    )  # fmt: skip
    claims = tuple(dataclasses.replace(c, text=payload, verdict=payload, needs=payload) for c in base.claims)
    results = dataclasses.replace(
        base, study=payload, data=data, models=models, claims=claims, best=rename["boosting"],
        baseline=rename["dummy"], audit=(Audit(payload, payload, payload),),
        split=dataclasses.replace(base.split, group=payload, sha256=payload, sections={payload: payload}),
    )  # fmt: skip
    return results, {
        "question": payload,
        payload: payload,
        "versions": {payload: payload},
        "ledger": {"openings": 7},
    }
