"""The plane in which clusters are drawn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.record.sections.columns import PointsRecord
from fivesigma.record.sections.components import ComponentsRecord
from fivesigma.record.sections.mixture import Column, Covariances, Means, MixtureRecord, Shares
from fivesigma.report.clusters.plane import ellipse, plane
from fivesigma.report.section import View
from fivesigma.study.analyses.components import Directions
from tests.report import fixture as made

NAMES = ("a", "b", "c")
RNG = np.random.default_rng(2)
X = RNG.normal(size=(400, 3)) @ np.array([[3.0, 1.0, 0.0], [0.0, 20.0, 5.0], [0.0, 0.0, 0.1]]) + 7.0
MEAN, COVARIANCE = X.mean(axis=0), np.cov(X.T, bias=True)


def mixture(names=NAMES, **more) -> MixtureRecord:
    at = [NAMES.index(name) for name in names]
    none = dict.fromkeys(("separation", "warning", "bic", "log_evidence", "together", "loss", "confusion"))
    return MixtureRecord(
        **none
        | {
            "n_clusters": 1,
            "counts": (400,),
            "noise": 0,
            "density": True,
            "posterior": False,
            "weights": Shares(value=(1.0,), low=None, high=None),
            "means": Means(value=(tuple(MEAN[at]),), low=None, high=None),
            "covariances": Covariances(
                value=(tuple(map(tuple, COVARIANCE[np.ix_(at, at)])),), low=None, high=None
            ),
            "order": (),
            "columns": tuple(Column(name=name, unit=None) for name in names),
            "shown": (0,) * 400,
        }
        | more
    )


def view(recorded: int | None = 3) -> tuple[View, PointsRecord]:
    """Return a page with components of which so many columns are recorded; None: without components."""
    found = Directions.of(X)
    points = PointsRecord(names=NAMES[:2], units=("m", None), values=tuple(map(tuple, X[:, :2])))
    components = ComponentsRecord(
        n_columns=3,
        n_missing=0,
        explained=tuple(found.explained),
        columns=found.loadings(NAMES)[:recorded],
        values=tuple(map(tuple, found.components(X))),
    )
    sections = {} if recorded is None else {"components": components}
    base = made.binary(3, 2, 100)
    data = dataclasses.replace(base.data, n_features=3)
    return View(dataclasses.replace(base, data=data, sections={**base.sections, **sections}), {}), points


@pytest.mark.parametrize("recorded", [3, None])
@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "a", "b")])
def test_a_gaussian_lies_where_its_events_lie(recorded, names) -> None:
    seen = plane(*view(recorded))
    [(mean, covariance)] = seen.gaussians(mixture(names))
    np.testing.assert_allclose(mean, seen.values.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(covariance, np.cov(seen.values.T, bias=True), atol=1e-9)


def test_without_components_the_first_two_columns_are_shown_with_their_units() -> None:
    seen = plane(*view(None))
    assert (seen.heads, seen.labels) == (("a", "b"), ("a [m]", "b"))
    assert seen.about == " Only the first two of 3 columns are shown."


def test_components_are_named_with_their_share_of_the_variance() -> None:
    seen = plane(*view())
    assert seen.labels[0].startswith("component 1 (")
    assert "3 standardised columns" in seen.about


@pytest.mark.parametrize(
    ("recorded", "names", "more"),
    [(2, NAMES, {}), (3, ("a", "c"), {}), (None, ("c", "a"), {}), (3, NAMES, {"covariances": None})],
)
def test_a_gaussian_is_left_out_where_it_is_not_known_on_the_axes(recorded, names, more) -> None:
    assert plane(*view(recorded)).gaussians(mixture(names, **more)) == []


def test_an_ellipse_is_the_contour_of_its_gaussian() -> None:
    mean, covariance = np.array([1.0, 2.0]), np.array([[4.0, 1.0], [1.0, 0.5]])
    away = ellipse((mean, covariance), 2.0) - mean[:, None]
    np.testing.assert_allclose(np.einsum("in,ij,jn->n", away, np.linalg.inv(covariance), away), 4.0)
