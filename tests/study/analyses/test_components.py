"""The events in their first two principal components."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivesigma._core.errors import StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.study.analyses.components import MOST_POINTS, Components, Directions, recorded, wanted
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.spec.toml import write_toml
from fivesigma.study.study import Study

NAMES = ("pt", "mass", "eta", "phi")


def table(n: int = 60, p: int = 4, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) + rng.normal(size=p)


def prepared(task: str = "classification", p: int = 4, n: int = 60, **sections):
    X = table(n, p)
    y = X[:, 0] if task == "regression" else np.array(["near", "far"])[(X[:, 0] > X[0, 0]).astype(int)]
    data = Dataset.from_arrays(X, y, names=[f"x{j}" for j in range(p)], task=task)
    models = ["dummy", "k-means" if task == "clustering" else "linear"]
    if task == "classification":
        models = ["dummy", "naive-bayes"]
    return Study(data, models=models, task=task, **sections).prepared()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.lists(st.floats(-150, 150), min_size=4, max_size=4))
def test_units_do_not_matter(seed, exponents) -> None:
    X = table(seed=seed)
    here, there = Directions.of(X), Directions.of(X * 10.0 ** np.array(exponents))
    np.testing.assert_allclose(there.explained, here.explained, rtol=1e-9)
    np.testing.assert_allclose(there.directions, here.directions, atol=1e-6)
    both = (here.components(X), there.components(X * 10.0 ** np.array(exponents)))
    np.testing.assert_allclose(*both, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.booleans())
def test_weight_k_is_k_copies_and_weight_0_none(seed, missing) -> None:
    X, copies = table(seed=seed), np.random.default_rng(seed).integers(0, 4, 60)
    if missing:
        X[::5, 1] = np.nan
    weighted, copied = Directions.of(X, copies.astype(float)), Directions.of(np.repeat(X, copies, axis=0))
    np.testing.assert_allclose(weighted.explained, copied.explained, rtol=1e-9)
    np.testing.assert_allclose(weighted.components(X), copied.components(X), atol=1e-6)


def test_they_are_those_of_the_correlation_matrix() -> None:
    X = table()
    values, vectors = np.linalg.eigh(np.corrcoef(X.T))
    found = Directions.of(X)
    np.testing.assert_allclose(found.explained, values[::-1][:2] / 4)
    np.testing.assert_allclose(np.abs(found.directions), np.abs(vectors.T[::-1][:2]))
    np.testing.assert_allclose(found.components(X).var(axis=0), values[::-1][:2])


@pytest.mark.parametrize("unit", [1.0, 3.0, 0.1, 1e-7])
def test_the_sign_is_fixed_where_two_loadings_are_equal(unit) -> None:
    X = table()
    X[:, 3] = -unit * X[:, 0]
    found = Directions.of(X[:, [0, 3]])
    assert found.directions[0, 0] > 0 > found.directions[0, 1]
    again = Directions.of(X[:, [0, 3]])
    assert again.components(X[:, [0, 3]]).tobytes() == found.components(X[:, [0, 3]]).tobytes()


def test_a_constant_column_has_no_part() -> None:
    X = np.column_stack([table(), np.full(60, 7.0)])
    found, without = Directions.of(X), Directions.of(X[:, :4])
    np.testing.assert_allclose(found.components(X), without.components(X[:, :4]))
    np.testing.assert_allclose(found.explained, without.explained)
    assert {each.name for each in found.loadings([*NAMES, "flat"])} == set(NAMES)


@pytest.mark.parametrize("columns", [[0], [0, 0]])
def test_of_one_direction_the_second_component_is_zero(columns) -> None:
    X = table()[:, columns]
    found = Directions.of(X)
    assert found.explained.tolist() == [pytest.approx(1.0), 0.0]
    assert not found.components(X)[:, 1].any()
    assert found.components(X)[:, 0].var() == pytest.approx(len(columns))


def test_without_any_variance_there_is_nothing() -> None:
    found = Directions.of(np.full((5, 3), 2.0))
    assert found.explained.tolist() == [0.0, 0.0]
    assert not found.components(np.full((5, 3), 2.0)).any()
    assert found.loadings(NAMES[:3]) == ()


def test_a_missing_value_stands_at_the_mean_of_its_column() -> None:
    X = table()
    X[3, 1] = np.nan
    found, filled = Directions.of(X), X.copy()
    filled[3, 1] = np.nanmean(X[:, 1])
    np.testing.assert_allclose(found.components(X), found.components(filled), atol=1e-12)
    X[:, 1] = np.nan
    assert "mass" not in {each.name for each in Directions.of(X).loadings(NAMES)}
    assert np.isfinite(Directions.of(X).components(X)).all()


def test_the_columns_of_the_largest_part_stand_first() -> None:
    found = Directions.of(table())
    loadings = found.loadings(NAMES)
    part = [float(found.explained @ np.square(each.loadings)) for each in loadings]
    assert part == sorted(part, reverse=True)
    assert len(loadings) == 4


def test_they_are_learnt_from_training_rows_alone() -> None:
    study = prepared(components={"shown": True})
    X = np.array(study.data.X)
    train, found = study.split.train, recorded(study)
    alone = Directions.of(X[train])
    np.testing.assert_allclose(found.values, alone.components(X[train]), atol=1e-4)
    assert len(found.values) == len(train) < len(X)
    assert found.target == tuple(study.data.y[train])


def test_the_weights_of_the_events_count() -> None:
    X, w = table(), np.random.default_rng(5).uniform(0.1, 5.0, 60)
    data = Dataset.from_arrays(X, (X[:, 0] > X[0, 0]).astype(int), w=w)
    study = Study(data, models=["dummy", "naive-bayes"], components={"shown": True}).prepared()
    train, found = study.split.train, recorded(study)
    np.testing.assert_allclose(found.explained, Directions.of(X[train], w[train]).explained)
    assert abs(found.explained[0] - Directions.of(X[train]).explained[0]) > 1e-3


def test_text_has_no_part(tmp_path) -> None:
    lines = [
        f"{a},{b},{c},{'xy'[k % 2]},{'no' if a > 0 else 'yes'}" for k, (a, b, c) in enumerate(table(p=3))
    ]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,word,y", *lines]))
    document = {
        "data": {"path": str(tmp_path / "t.csv"), "target": "y", "features": ["a", "word", "b", "c"]},
        "features": {"categorical": "onehot"},
        "components": {},
    }
    study = Study.read(written(tmp_path, document)).prepared()
    found = recorded(study)
    assert {each.name for each in found.columns} == {"a", "b", "c"}
    assert found.n_columns == 3


def written(folder, document):
    (folder / "s.toml").write_text(write_toml(document))
    return folder / "s.toml"


def test_at_most_so_many_events_are_kept() -> None:
    found = recorded(prepared(n=3000, components={"shown": True}))
    assert len(found.values) == len(found.target) == MOST_POINTS


@pytest.mark.parametrize(
    ("task", "p", "sections", "expected"),
    [
        ("classification", 4, {}, False),
        ("classification", 4, {"components": {"shown": True}}, True),
        ("clustering", 4, {}, True),
        ("clustering", 2, {}, False),
        ("clustering", 4, {"components": {"shown": False}}, False),
        ("regression", 4, {}, False),
    ],
)
def test_they_are_shown_of_clusterings_of_many_columns_and_on_request(task, p, sections, expected) -> None:
    study = prepared(task, p, **sections)
    assert wanted(study) is expected
    assert ("components" in Components(None).record(Evidence(study, [], True, ()))) is expected


def test_of_a_clustering_they_are_the_events_of_its_figure_and_know_no_truth() -> None:
    study = prepared("clustering")
    assert recorded(study).target is None
    assert len(recorded(study).values) == 60


@pytest.mark.parametrize(
    ("task", "p", "why"),
    [
        ("regression", 4, "a regression has neither"),
        ("classification", 2, "this study has 2"),
        ("classification", 1, "this study has 1"),
        ("clustering", 2, "this study has 2"),
    ],
)
def test_what_has_none_to_show_is_refused_in_a_sentence(task, p, why) -> None:
    with pytest.raises(StudyError, match=rf"^Study: components: .*{why}.*remove the section\.$"):
        prepared(task, p, components={"shown": True})
