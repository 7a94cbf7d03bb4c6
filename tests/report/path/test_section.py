"""The section of regularisation paths: from a record alone, deaf to markup, its labels apart."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from fivesigma.record.results import Results
from fivesigma.report.page import page
from fivesigma.report.path.figure import largest, path_plot, spread
from fivesigma.report.path.section import SECTION, near_ties
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from tests.report import fixture as made

LAMBDAS = np.geomspace(100.0, 0.1, 7)


def section(names: list[str], **changed: Any) -> dict[str, Any]:
    theta = np.maximum(0.0, 1.0 - LAMBDAS[:, None] / np.linspace(100, 5, len(names)))
    mean = [0.5, 0.7, 0.84, 0.86, 0.861, 0.8605, 0.85]
    return {
        "metric": "roc_auc",
        "penalty": "l1",
        "loss": "logistic",
        "select": "best",
        "lambdas": LAMBDAS.tolist(),
        "mean": mean,
        "standard_error": [0.004] * 7,
        "n_folds": 5,
        "chosen": float(LAMBDAS[4]),
        "best": float(LAMBDAS[4]),
        "one_standard_error": float(LAMBDAS[3]),
        "limit": 0.5,
        "n_features": len(names),
        "n_nonzero": (theta != 0).sum(axis=1).tolist(),
        "names": names,
        "coefficient_lambdas": LAMBDAS.tolist(),
        "coefficients": theta.tolist(),
        "multiclass": False,
        "violations": [3e-9] * 7,
        "gaps": [1e-10] * 6 + [None],
        "tol": 1e-8,
    } | changed


def results(kept: dict[str, Any]) -> Results:
    base = made.binary(3, 2, 100)
    models = tuple(
        dataclasses.replace(m, sections={**m.sections, "path": kept}) if m.name == base.best else m
        for m in base.models
    )
    return dataclasses.replace(base, models=models)


def context(kept: dict[str, Any]) -> dict[str, Any]:
    return dict(SECTION.content(View(results(kept), made.MANIFEST)).context)


def test_without_a_path_there_is_no_section() -> None:
    assert not SECTION.applies(View(made.binary(3, 2, 100), made.MANIFEST))


def test_the_page_says_certificate_near_ties_limit_and_one_event() -> None:
    html = page(results(section(["a", "b", "c"])), made.MANIFEST, (SECTION,)).html
    assert "over 7 points the largest violation of the optimality conditions is 3e−09 of λ_max" in html
    assert "the largest duality gap 1e−10" in html
    assert "One of the 1\u202f000 test events is 0.001 of an accuracy" in html
    assert "3 of 7" in html
    assert near_ties(section(["a"])) == 3


def test_a_point_that_misses_its_tolerance_is_a_warning() -> None:
    shown = context(section(["a"], violations=[1e-9] * 6 + [0.3]))
    assert "1 point misses" in shown["certificate"]
    assert shown["lines"][0]["mark"] == "warning"


def test_the_figure_names_ten_and_keeps_every_number() -> None:
    names = [f"feature {j}" for j in range(30)]
    plot = path_plot(results(section(names)).models[0], 1)
    svg = drawing(plot).svg
    assert sum(f">{name}<" in svg for name in names) == 10
    kinds = [row[0] for row in plot.rows]
    assert kinds.count("coefficient") == 7 * 30
    assert kinds.count("validation") == kinds.count("violation") == kinds.count("nonzero") == 7


def test_labels_keep_their_order_and_distance() -> None:
    places = spread([0.1, 0.1, 0.12, 0.9], 0.1)
    assert np.diff(places).min() >= 0.1 - 1e-12
    assert places[3] == 0.9
    assert largest(np.zeros((2, 3)), np.array([1.0, 2.0]), 1.0) == []


@pytest.mark.parametrize(
    "name", ["<script>window.__x=1</script>", "$x$_{\\frac{", "日本語 \x00\u202e\ud800", "{{ 7*7 }}"]
)
def test_names_are_text(name: str) -> None:
    class Tags(HTMLParser):
        scripts = 0

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            Tags.scripts += tag == "script"

    Tags.scripts = 0
    html = page(results(section([name, "b"], loss=name, penalty=name)), made.MANIFEST, (SECTION,)).html
    Tags().feed(html)
    assert Tags.scripts == 1
    assert "\x00" not in html
