"""Laws over every section of the record, on the records of real runs."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fivesigma.record.document import is_optional, keys
from fivesigma.record.results import from_document, to_document
from fivesigma.record.schema import json_schema
from fivesigma.record.sections import SECTIONS

jsonschema = pytest.importorskip("jsonschema")

KEPT = sorted((Path(__file__).parents[2] / "golden" / "kept").glob("*.json.gz"))
FREE = ("params", "timing", "values", "chosen")
"""Keys under which a user's own names stand."""
SCORED = {"level": 0.95, "method": "", "error": {"stat": None, "train": None, "seed": None}}
COMPARED = ("difference", "low", "high", "p", "sigma_local", "sigma_global")
BY_HAND = {
    "answer": "models.forest.scores.test.rmse",
    "cut_flow": [
        {"name": "events read", "n": 9, "sum_w": 8.5, **dict.fromkeys(("efficiency", "low", "high"), 1.0)},
        {"name": "two muons", "n": 3, "sum_w": 3.0, "efficiency": 0.35, "low": None, "high": None},
    ],
    "cut_steps": {
        "weighted": True,
        "signed": False,
        "steps": [{"efficiency": 0.35, "low": None, "high": None, "method": "no interval"}],
    },
    "by_key": {"column": "eventNumber", "keys": 12},
    "discriminant": {
        "signal": "hh",
        "shares": [{"class": "tt", "share": 0.75}, {"class": "z", "share": 0.25}],
        "part": "test",
        "edges": [-1.0, 0.0, 1.0],
        "histograms": [{"class": "tt", "density": [0.25, 0.75], "error": [0.125, None]}],
        "rejections": [
            {
                "background": None,
                "efficiency": 0.5,
                "cut": 0.25,
                "rejection": {
                    "value": 12.5,
                    "low": 10.0,
                    "high": None,
                    "level": 0.95,
                    "method": "Clopper-Pearson",
                    "error": {"stat": 1.5, "train": 0.5, "seed": None},
                },
            }
        ],
    },
    "curves_failed": ["learning over events: singular"],
    "observed": {
        "model": "forest",
        "classes": ["b", "s"],
        "n_seen": 12,
        "expected": 11.5,
        "error": 0.5,
        "scaled": None,
        "cut": 0.75,
        "blind": True,
        "columns": [
            {
                "name": "pt",
                "unit": "GeV",
                "edges": [0.0, 50.0, 100.0],
                "labels": None,
                "counts": [11.0, 1.0],
                "yields": [[9.0, 1.0], [1.0, 0.5]],
                "errors": [0.5, 0.25],
                "chi2": 0.125,
                "dof": 1,
                "p": 0.75,
                "p_global": 0.75,
            }
        ],
        "score": {
            "name": "score",
            "unit": None,
            "edges": [0.0, 0.5, 1.0],
            "labels": None,
            "counts": [12.0, None],
            "yields": [[10.0, 1.0], [1.5, 2.0]],
            "errors": [0.5, 0.25],
            "chi2": 0.25,
            "dof": 1,
            "p": 0.5,
            "p_global": 0.5,
        },
    },
    "not_saved": "Mine cannot be kept without pickle",
    "outputs": {
        "mass": {
            "unit": "g",
            "scores": {"test": {"r2": {**dict.fromkeys(("value", "low", "high")), **SCORED}}},
            "versus_baseline": {},
            "versus_best": {"r2": dict.fromkeys(COMPARED)},
        }
    },
    "plane": {"names": ["a", "b"], "values": [[0.5, 1.0]], "target": [1]},
    "regions": {"x": [0.0], "y": [1.0], "probability": [[[0.25, 0.75]]]},
    "tests": {"near": {"n": 3, "sha256": "ab" * 32}, "far": 4},
    "train": {"sha256": "cd" * 32},
    "significance": {
        "part": "test",
        "systematic": 0.1,
        "cut": {
            "threshold": 0.5,
            "s": 10.0,
            "b": 100.0,
            "error": 4.5,
            "n_effective": 493.5,
            "significance": {"exact": 1.5, "statistical": 1.25, "both": 0.75},
        },
        "bins": {
            "edges": [0.5],
            "s": [5.0, 10.0],
            "b": [900.0, 100.0],
            "error": [30.5, 4.5],
            "significance": {"exact": 1.5, "statistical": None, "both": None},
        },
        "curve": {
            "b_reg": 10.0,
            "chosen": 0.5,
            "threshold": [0.25, 0.5],
            "ams": [1.0, None],
            "low": [0.5, None],
            "high": [1.5, None],
        },
    },
    "weights": {
        "policy": "resample",
        "samples": [
            {
                "name": "b",
                "n": 5,
                "n_negative": 1,
                **dict.fromkeys(("sum_w", "error", "n_effective"), 2.5),
                "n_trained": 3,
                **dict.fromkeys(("sum_trained", "error_trained", "pull"), 0.5),
                "shift": None,
                "feature": None,
                "n_lost": 1,
                "sum_lost": -0.25,
            }
        ],
        "failed": "",
        "unscored": [{"metric": "scatter", "why": "it has no quantiles"}],
        "alternatives": [{"name": "up", "sum_w": 2.0, "ratio": 1.5}],
    },
    "weight_sums": {"test": {"n": [900, 100], "sums": [4500.25, 12.5], "scale": 5.0}},
    "prevalence": {
        "estimand": "random",
        "why": "the study says so",
        "stratified": True,
        "spread": [{"test": "near", "by_class": [0.2, 0.2]}],
    },
    "reduction": [
        {"kind": "pca", "n_in": 4, "left": ["pca0"], "n_left": [1, 1], "explained": [0.9, 0.1]},
        {"kind": "nmf", "n_in": 4, "left": ["nmf0"], "n_left": [1], "unexplained": 0.2},
        {"kind": "network", "n_in": 4, "left": ["NET1"], "n_left": [1, 1]},
        {
            "kind": "l1",
            "n_in": 2,
            "left": ["a"],
            "n_left": [1],
            "columns": ["a"],
            "frequency": [1.0],
            "n_fits": 1,
        },
    ],
    "image_features": {
        "families": ["moments", "{'kind': 'power', 'n': 4}"],
        "n_columns": 3,
        "names": ["flux", "size", "power_1"],
    },
    "pictures": {
        "model": "forest",
        "part": "test",
        "kind": "image",
        "shape": [2, 2],
        "averaged": 1,
        "channel": "pressure",
        "n_channels": 2,
        "unit": "keV",
        "strips": [
            {
                "of": of,
                "class": class_,
                "pictures": [
                    {
                        "row": 7,
                        "class": "b",
                        "said_class": said,
                        "probability": 0.75,
                        "value": None,
                        "said": None,
                        "pixels": "AACAPwAAgL8AAIA/AACAPw==",
                    }
                ],
            }
            for of, class_, said in (("examples", "b", "b"), ("wrong", None, "s"))
        ],
        "saliency": {
            "model": "cnn",
            "scale": "log odds",
            "residual": 2.5e-8,
            "maps": [{"picture": 1, "class": "s", "score": 1.5, "pixels": "AACAPwAAgL8AAIA/AACAPw=="}],
        },
        "modelled": {
            "model": "joint fit",
            "family": "sersic (profiles = 2)",
            "maps": [
                {
                    "picture": 1,
                    "chi2": 1.25,
                    **dict.fromkeys(("whole", "first", "truth"), "AACAPwAAgL8AAIA/AACAPw=="),
                }
            ],
        },
    },
    "symmetries": {
        "part": "test",
        "what": "probability",
        "n_elements": 8,
        "error": {"value": 0.25, "low": 0.2, "high": 0.3},
        "each": [
            {
                "name": "rotate90",
                "n_elements": 3,
                "apart": {"value": 0.125, "low": 0.1, "high": 0.15},
            },
            {"name": "flip", "n_elements": 1, "apart": {"value": 1e-9, "low": 0.0, "high": 2e-9}},
        ],
        "change": {
            "difference": 0.02,
            "low": 0.01,
            "high": 0.03,
            "p": 1e-3,
            "sigma_local": 3.25,
            "sigma_global": 2.5,
        },
    },
    "history": {
        "loss": "mse",
        "most": 200,
        "epochs": [1, 2, 3],
        "members": [
            {
                "n_epochs": 3,
                "epoch": 2,
                "failed": False,
                "train": [1.5, 0.5, 0.25],
                "validation": [1.25, 0.75, 1.0],
                "kept": 0.75,
                "params": {"learning_rate": 0.003},
            },
            {
                "n_epochs": 2,
                "epoch": None,
                "failed": True,
                "train": [2.5, None, None],
                "validation": None,
                "kept": None,
                "params": {"learning_rate": 3.0},
            },
        ],
        "n_fits": 25,
        "others": [2, 3, 9],
        "diverged": [{"fit": "fold 3", "members": [2]}],
    },
    "selected": {
        "model": "forest",
        "metric": "roc_auc",
        "part": "validation",
        "score": {**dict.fromkeys(("value", "low", "high")), **SCORED},
        "optimism": 0.02,
        "chosen": {"forest": 0.75, "dummy": 0.25},
        "resamples": 1000,
    },
    "further_tests": [
        {
            "test": "far",
            "against": "test",
            "n": 200,
            "claims": [
                {
                    "text": "On far, forest is above dummy",
                    **dict.fromkeys(("effect", "low", "high", "sigma_local", "sigma_global")),
                    "verdict": "evidence",
                    "needs": "",
                }
            ],
            "drops": [{"model": "forest", "drop": dict.fromkeys(COMPARED)}],
            "columns": [{"name": "pt", "unit": "GeV", "statistic": 0.2, "p": 0.001, "sigma_global": 3.1}],
            "told_apart": {**dict.fromkeys(("value", "low", "high")), **SCORED},
        }
    ],
    "temperature": {
        "temperature": 1.5,
        "part": "test",
        "error": {**dict.fromkeys(("value", "low", "high")), **SCORED},
        "error_without": {**dict.fromkeys(("value", "low", "high")), **SCORED},
        "log_loss": 0.25,
        "log_loss_without": 0.5,
    },
    "tension": {
        "model": "forest",
        "metric": "roc_auc",
        "test": "test",
        "folds": 0.934,
        "on_test": 0.919,
        "difference": 0.015,
        "error": 0.006,
        "p": 0.01,
        "sigma": 2.6,
        "n_folds": 800,
        "n_final": 1000,
        "told": True,
    },
    "spread": {
        "part": "test",
        "n_members": 5,
        "what": "value",
        "bins": [
            {"n": 50, "spread": 0.5, "error": {"value": 1.0, "low": 0.75, "high": 1.5}, "stated": 0.5},
            {"n": 50, "spread": 1.5, "error": {"value": 2.0, "low": 1.75, "high": 2.5}, "stated": 1.5},
        ],
        "pulls": [
            {
                "sigma": sigma,
                "mean": {"value": 0.125, "low": -0.25, "high": 0.5},
                "width": {"value": 1.5, "low": 1.25, "high": 1.75},
                "expected": 1.0,
                "edges": [-5.0, 0.0, 5.0],
                "density": [0.125, 0.0625],
                "beyond": 0.0625,
            }
            for sigma in ("members", "law")
        ],
    },
    "stability": {
        "n_clusters": 2,
        "found": [{"n_clusters": 2, "refits": 9, "seeds": 5}, {"n_clusters": 3, "refits": 1, "seeds": 0}],
        "refits": [0.9, 1.0],
        "seeds": [],
        "clusters": [0.95, 0.8],
    },
    "components": {
        "n_columns": 3,
        "n_missing": 1,
        "explained": [0.75, 0.2],
        "columns": [{"name": "pt", "centre": 40.0, "scale": 12.5, "loadings": [0.7, -0.1]}],
        "values": [[-1.5, 0.25], [2.0, -0.5]],
        "target": [0, 1],
    },
    "time": {"column": "mjd", "gap": 30.0, "left_out": 4, "left_out_of_folds": [2, 0, 1]},
    "given_folds": {"column": "fold", "rows": [40, 41], "crossing": 1},
    "slices": [
        {
            "column": "pt",
            "unit": "GeV",
            "part": "test",
            "slices": [
                {
                    "name": "pt < 25 GeV",
                    "low": None,
                    "high": 25.0,
                    "missing": False,
                    "n": 60,
                    "n_effective": 60.0,
                    "models": {
                        "forest": {
                            "scores": {"roc_auc": {**dict.fromkeys(("value", "low", "high")), **SCORED}},
                            "versus_baseline": dict.fromkeys(COMPARED),
                            "versus_whole": None,
                        }
                    },
                }
            ],
        }
    ],
    "confusion": {
        "over": "T",
        "unit": "J",
        "part": "test",
        "repeats": 2,
        "fresh": True,
        "expected": 2.25,
        "models": [
            {
                "model": "net",
                "value": 2.3,
                "error": 0.02,
                "points": [{"at": at, "accuracy": 0.75, "error": 0.01} for at in (2.0, 2.25, 2.5)],
                "message": "",
            },
            {
                "model": "flat",
                "value": None,
                "error": None,
                "points": [{"at": 2.0, "accuracy": None, "error": None}],
                "message": "no peak stands between two dips",
            },
        ],
    },
    "crossing": {
        "setting": "source.size",
        "over": "T",
        "unit": "J",
        "repeats": 2,
        "at": None,
        "test": "square",
        "expected": 2.25,
        "models": [
            {
                "model": "net",
                "value": 2.25,
                "error": 0.05,
                "stat": 0.04,
                "span": 0.03,
                "slope": 1.5,
                "chi2": 0.25,
                "dof": 0,
                "points": [
                    {"size": 8.0, "at": 2.4375, "error": 0.02},
                    {"size": 16.0, "at": 2.34375, "error": None},
                ],
                "message": "",
            }
        ],
        "others": [
            {
                "at": 0.5,
                "test": "square",
                "expected": None,
                "models": [
                    {
                        "model": "net",
                        **dict.fromkeys(("value", "error", "stat", "span", "slope", "chi2", "dof")),
                        "points": [{"size": 8.0, "at": None, "error": None}],
                        "message": "it crosses 0.5 nowhere",
                    }
                ],
            }
        ],
        "curves": [
            {
                "test": "square",
                "model": "net",
                "size": 8.0,
                "x": [2.0, 2.5],
                "mean": [0.75, 0.25],
                "mean_error": [0.01, 0.02],
                "variance": [1.0, 2.0],
                "variance_error": [0.1, 0.2],
            }
        ],
    },
    "scan_settings": {"keys": ["source.rho"], "repeats": 2, "fresh": True, "part": "test", "theory": None},
}
"""Sections that the kept runs need not have."""


@cache
def kept(path: Path) -> dict[str, Any]:
    """Return the record of a kept run, which nobody may change."""
    document: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))["results"]
    return {**document, "timing": document.get("timing") or {}}


def in_order(document: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose mixtures have the keys of their orders as they stand now; once these stood in two ways."""
    for model in document["models"]:
        for each in model.get("mixture", {}).get("order", ()):
            each |= {key: each.pop(key) for key in ("n_components", "bic", "held_out", "log_evidence")}
    return {key: document[key] for key in to_document(from_document(document)) if key in document}


def documents(of: str, document: dict[str, Any]) -> list[dict[str, Any]]:
    holders = {"results": [document], "data": [document["data"]], "split": [document["split"]]}
    return holders.get(of) or document["models"]


def examples(section: Any) -> list[Any]:
    """Return the documents of a section in the kept runs, and one made by hand."""
    found = [
        holder[section.key]
        for path in KEPT
        for holder in documents(section.of, kept(path))
        if section.key in holder
    ]
    return [*found, *(BY_HAND[key] for key in (section.key,) if key in BY_HAND)]


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside ``value`` whose keys are not a user's names."""
    if isinstance(value, dict):
        yield value
        for key, item in value.items():
            if key not in FREE:
                yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def within(older: Any, newer: Any) -> bool:
    """Whether ``newer`` says all that ``older`` does, and beside it only that something is not known."""
    if isinstance(older, dict):
        common = [key for key in newer if key in older]
        more = [value for key, value in newer.items() if key not in older]
        same = len(common) == len(older) and all(within(older[key], newer[key]) for key in older)
        return same and all(value is None for value in more)
    if isinstance(older, list):
        return len(older) == len(newer) and all(map(within, older, newer))
    return type(older) is type(newer) and older == newer


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_the_record_of_a_run_is_read_and_written_back_the_same(path) -> None:
    document = in_order(copy.deepcopy(kept(path)))
    found = from_document(document)
    assert within(document, to_document(found))
    assert not within({**document, "seed": -1}, to_document(found))
    assert from_document(to_document(found)) == found
    for holder in (found, found.data, found.split, *found.models):
        assert all(isinstance(each, SECTIONS) for each in holder.sections.values())


@pytest.mark.parametrize("section", SECTIONS, ids=lambda each: each.__name__)
def test_a_section_is_read_and_written_back_byte_for_byte(section) -> None:
    every = examples(section)
    assert every, f"no run has the section '{section.key}'; add an example"
    for document in every:
        again = section.from_document(document).to_document()
        assert again == document
        assert json.dumps(again) == json.dumps(document) or section.key == "mixture"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda each: each.__name__)
def test_an_unknown_key_anywhere_in_a_section_is_refused_by_reader_and_schema(section) -> None:
    schema = json_schema()
    own = {"$ref": f"#/$defs/{section.__name__}", "$defs": schema["$defs"]}
    by_schema, document = jsonschema.Draft202012Validator(own), copy.deepcopy(examples(section)[-1])
    assert by_schema.is_valid(document)
    if section.inline and not any(True for _ in objects(document)):
        assert not by_schema.is_valid({"unexpected": document})
        return
    for each in list(objects(document))[:40]:
        each["unexpected"] = [{"never": {}}]
        assert not by_schema.is_valid(document)
        if section.key != "tests":  # names of test sets: only their values can be of another shape
            with pytest.raises(ValueError, match=r"unexpected|is no object"):
                section.from_document(document)
        del each["unexpected"]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda each: each.__name__)
def test_an_older_record_without_the_optional_keys_is_read(section) -> None:
    may_lack = [key for key, field in keys(section).items() if is_optional(field)]
    for document in examples(section)[-3:]:
        if not isinstance(document, dict) or not may_lack:
            continue
        older = {key: value for key, value in document.items() if key not in may_lack}
        assert section.from_document(older).to_document() == older


def test_no_two_sections_of_a_holder_share_a_key() -> None:
    places = [(each.of, each.key) for each in SECTIONS]
    assert len(set(places)) == len(places)
    assert {each.of for each in SECTIONS} <= {"results", "model", "data", "split"}
