"""Curves are small, finite JSON, equal to references, and weights mean copies."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sklearn.metrics as reference
from scipy.stats import binomtest

from fivesigma._core.gathered import Gathered
from fivesigma.risk.curves import (
    GRID,
    MOST_CLASSES,
    MOST_CONFUSED,
    Scored,
    calibration,
    confusion,
    curves,
    feature_histograms,
    heaviest,
    residuals,
    roc,
    scores,
    wilson,
)


def classified(seed: int = 0, n: int = 600, n_classes: int = 2, *, coarse: bool = False) -> Scored:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % n_classes)
    logits = rng.normal(size=(n, n_classes)) + 1.2 * (y[:, None] == np.arange(n_classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if coarse:
        p[:, 1] = np.round(p[:, 1] * 5) / 5
        p[:, 0] = 1 - p[:, 1]
    return Scored(y, p, rng.integers(1, 5, n).astype(float))


def regressed(seed: int = 0, n: int = 600) -> Scored:
    rng = np.random.default_rng(seed)
    y = rng.normal(10, 2, n)
    return Scored(y, y + rng.normal(0.1, 0.5, n), rng.integers(1, 5, n).astype(float))


def copied(rows: Scored) -> Scored:
    k = rows.w.astype(int)
    return Scored(np.repeat(rows.y, k), np.repeat(rows.prediction, k, axis=0))


def assert_equal(a, b, path: str = "") -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key in a:
            if key not in ("low", "high", "n_effective", "error"):  # an event of weight k is one event
                assert_equal(a[key], b[key], f"{path}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), path
        for i, pair in enumerate(zip(a, b, strict=True)):
            assert_equal(*pair, f"{path}[{i}]")
    elif isinstance(a, float):
        assert b == pytest.approx(a, rel=1e-9, abs=1e-12), path
    else:
        assert a == b, path


@pytest.mark.parametrize(("n_classes", "coarse"), [(2, False), (2, True), (3, False)])
def test_weight_is_number_of_copies_in_every_curve(n_classes, coarse):
    rows = classified(1, n_classes=n_classes, coarse=coarse)
    assert_equal(curves("classification", rows), curves("classification", copied(rows)))


def test_weight_is_number_of_copies_in_residuals():
    rows = regressed(1)
    weighted, repeated = residuals(rows), residuals(copied(rows))
    assert_equal(weighted["profile"], repeated["profile"])
    assert_equal(weighted["histogram"], repeated["histogram"])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_curves_are_small_json_without_nan(n_classes):
    counts = np.random.default_rng(0).poisson(1, (100, 600)).astype(np.uint8)
    rows = classified(2, n_classes=n_classes)
    document = curves("classification", rows, train=classified(3, n_classes=n_classes), counts=counts)
    assert set(document) == {"roc", "calibration", "scores", "confusion"}
    assert len(document["roc"]) == (1 if n_classes == 2 else 3)
    assert len(json.dumps(document, allow_nan=False)) < 20_000 * n_classes
    large = regressed(2, 5000)
    assert len(json.dumps(curves("regression", large), allow_nan=False)) < 60_000


@pytest.mark.parametrize("coarse", [False, True])
def test_roc_is_scikit_learn_s(coarse):
    rows = classified(4, coarse=coarse)
    curve = roc(rows)[0]
    fpr, tpr, _ = reference.roc_curve(
        rows.y, rows.prediction[:, 1], sample_weight=rows.w, drop_intermediate=False
    )
    inner = slice(1, -1)  # at the ends the curve may stand upright
    tpr_unique, first = np.unique(tpr, return_index=True)
    expected = [
        np.interp(e, [tpr[max(i - 1, 0)], tpr[i]], [fpr[max(i - 1, 0)], fpr[i]])
        for e in GRID[inner]
        for i in [first[np.searchsorted(tpr_unique, e * (1 - 1e-12))]]
    ]
    np.testing.assert_allclose(curve["background_efficiency"][inner], expected, atol=1e-12)
    assert np.all(np.diff(curve["background_efficiency"]) >= 0)
    assert curve["rejection"][0] is None
    assert curve["rejection"][-1] == pytest.approx(1 / curve["background_efficiency"][-1])


def test_roc_band_holds_the_curve_and_covers_the_truth():
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(60):
        n = 400
        y = np.arange(n) % 2
        score = rng.normal(1.0 * y, 1)
        p = 1 / (1 + np.exp(-score))
        counts = rng.poisson(1, (100, n)).astype(np.uint8)
        curve = roc(Scored(y, np.column_stack([1 - p, p])), counts)[0]
        assert all(a <= b for a, b in zip(curve["low"], curve["high"], strict=True))
        inside.append(curve["low"][50] <= 0.15866 <= curve["high"][50])  # at ε_S = 0.5 the truth is Φ(-1)
    assert 0.50 < np.mean(inside) < 0.84


def test_roc_without_a_class_is_none():
    p = np.array([0.2, 0.6])
    curve = roc(Scored(np.array([0, 0]), np.column_stack([1 - p, p])), np.ones((3, 2)))[0]
    assert set(curve["background_efficiency"]) == {None}
    assert set(curve["low"]) == {None}


def test_calibration_by_hand():
    p = np.repeat([0.2, 0.8], 50)
    y = np.r_[np.arange(50) < 10, np.arange(50) < 45].astype(int)
    found = calibration(Scored(y, np.column_stack([1 - p, p])), ["b", "s"])[0]
    assert found["class"] == "s"
    np.testing.assert_allclose(found["mean"], [0.2, 0.8], rtol=1e-12)
    np.testing.assert_allclose(found["observed"], [0.2, 0.9], rtol=1e-12)
    low, high = wilson(np.array([0.2, 0.9]), np.array([50.0, 50.0]))
    np.testing.assert_allclose(found["low"], low)
    np.testing.assert_allclose(found["high"], high)
    weighted = calibration(Scored(y, np.column_stack([1 - p, p]), np.full(100, 3.0)))[0]
    np.testing.assert_allclose(weighted["n_effective"], [50, 50])


def test_calibration_of_a_true_probability_is_within_its_errors():
    rng = np.random.default_rng(6)
    p = rng.random(20_000)
    y = (rng.random(p.size) < p).astype(int)
    found = calibration(Scored(y, np.column_stack([1 - p, p])))[0]
    inside = np.mean(
        [a <= m <= b for a, m, b in zip(found["low"], found["mean"], found["high"], strict=True)]
    )
    assert len(found["mean"]) == 12
    assert inside >= 0.4


def test_score_histograms_are_normalised_and_named():
    found = scores({"train": classified(7), "test": classified(8)}, ["b", "s"])
    assert len(found["edges"]) == 41
    assert [(h["class"], h["part"]) for h in found["histograms"]] == [
        ("b", "train"),
        ("s", "train"),
        ("b", "test"),
        ("s", "test"),
    ]
    for each in found["histograms"]:
        assert np.sum(each["density"]) / 40 == pytest.approx(1.0)
    three = scores({"test": classified(8, n_classes=3)})
    assert [(h["score"], h["class"]) for h in three["histograms"][:2]] == [("0", "rest"), ("0", "0")]


def test_score_errors_are_root_of_sum_of_squared_weights():
    p = np.full(3, 0.51)
    found = scores(
        {"test": Scored(np.array([1, 1, 0]), np.column_stack([1 - p, p]), np.array([3.0, 4.0, 1.0]))}
    )
    signal = found["histograms"][1]
    assert max(signal["error"]) == pytest.approx(5 / 7 * 40)


def test_confusion_is_scikit_learn_s():
    rows = classified(9, n_classes=3)
    found = confusion(rows, ["a", "b", "c"])
    predicted = rows.prediction.argmax(axis=1)
    expected = reference.confusion_matrix(rows.y, predicted, sample_weight=rows.w)
    np.testing.assert_allclose(found["weight"], expected)
    np.testing.assert_allclose(np.sum(found["fraction"], axis=1), 1.0)


def test_the_shares_of_a_confusion_have_their_exact_limits():
    rows = classified(9, n_classes=3)
    plain = Scored(rows.y, rows.prediction)
    found = confusion(plain)
    said = rows.prediction.argmax(axis=1)
    for i in range(3):
        n = int((rows.y == i).sum())
        for j in range(3):
            k = int(((rows.y == i) & (said == j)).sum())
            test = binomtest(k, n).proportion_ci(0.95, "exact")
            assert found["fraction"][i][j] == pytest.approx(k / n)
            if 0 < k < n:
                assert (found["low"][i][j], found["high"][i][j]) == pytest.approx((test.low, test.high))
    twice = confusion(Scored(rows.y, rows.prediction, np.full(len(rows.y), 2.0)))
    assert twice["low"] == found["low"]
    grouped = confusion(Scored(rows.y, rows.prediction, None, np.arange(len(rows.y)) // 4))
    assert np.isfinite(np.array(grouped["low"], float)).all()
    assert "low" not in confusion(classified(9))


def test_a_confusion_of_negative_weights_or_few_groups_has_no_limits():
    rows = classified(9, n_classes=3)
    w = np.ones(len(rows.y))
    w[0] = -1.0
    for none in (
        Scored(rows.y, rows.prediction, w),
        Scored(rows.y, rows.prediction, None, np.arange(len(rows.y)) % 4),
    ):
        assert np.all(np.equal(confusion(none)["low"], None))


def test_residuals_show_points_or_a_plane():
    few, many = residuals(regressed(10, 2000)), residuals(regressed(10, 2001))
    assert len(few["points"]["true"]) == 2000
    assert "points" not in many
    assert np.sum(many["plane"]["weight"]) == pytest.approx(regressed(10, 2001).w.sum())
    assert len(many["profile"]["median"]) == 20
    np.testing.assert_allclose(many["profile"]["median"], 0.1, atol=0.35)
    middle = np.array(many["profile"]["high"]) - many["profile"]["low"]
    assert np.mean(middle) / 2 == pytest.approx(0.5, rel=0.15)


def test_a_calibrated_prediction_shrinks_by_true_value_and_not_by_predicted():
    rng = np.random.default_rng(3)
    x, noise = rng.normal(size=(2, 20_000))
    found = residuals(Scored(x + noise, x, None))
    calibration, shrinkage = (np.array(found[key]["median"]) for key in ("profile", "shrinkage"))
    np.testing.assert_allclose(calibration, 0.0, atol=0.12)
    expected = -np.array(found["shrinkage"]["true"]) / 2  # E[x - y | y] = -y/2 for equal variances
    np.testing.assert_allclose(shrinkage, expected, atol=0.2)
    assert shrinkage[0] > 0.5 > -0.5 > shrinkage[-1]


@pytest.mark.parametrize("rows", [Scored(np.full(9, 2.0), np.full(9, 3.0)), Scored(np.ones(1), np.ones(1))])
def test_constant_regression_has_a_picture(rows):
    drawn = json.dumps(residuals(rows), allow_nan=False)
    assert '"profile"' in drawn
    json.dumps(residuals(Scored(np.full(3000, 2.0), np.full(3000, 2.0))), allow_nan=False)


def test_feature_histograms_of_rows_that_lie_in_a_table_are_those_of_an_array():
    rng = np.random.default_rng(3)
    table, rows = rng.normal(size=(900, 4)).astype(np.float32), rng.permutation(900)[:500]
    table[rng.random(table.shape) < 0.1] = np.nan
    table[:, 2] = rng.integers(0, 5, 900)
    y, w, names = rng.integers(0, 2, 500), rng.uniform(0.5, 2.0, 500), list("abcd")
    told = {"names": names, "classes": ["b", "s"]}
    gathered = feature_histograms(Gathered(table, rows, np.arange(4)), y, w, **told)
    assert gathered == feature_histograms(table[rows], y, w, **told)


def test_feature_histograms_rank_what_separates():
    rng = np.random.default_rng(11)
    y = rng.integers(0, 2, 4000)
    X = np.column_stack(
        [
            rng.normal(size=4000),
            rng.normal(2.0 * y, 1),
            y.astype(float),
            np.full(4000, np.nan),
            np.full(4000, 7.0),
        ]
    )
    X[:10, 0] = np.nan
    X[20, 0] = 1e9
    found = feature_histograms(
        X, y, names=["noise", "mass", "leak", "empty", "constant"], units=[None, "GeV", None, None, None],
        classes=["b", "s"],
    )  # fmt: skip
    separation = {each["name"]: each["separation"] for each in found}
    assert separation["leak"] == pytest.approx(1.0)
    assert separation["noise"] < 0.05 < separation["mass"] < 0.8
    assert separation["empty"] is None
    assert separation["constant"] == pytest.approx(0.0)
    assert found[1]["unit"] == "GeV"
    assert found[0]["edges"][-1] < 10
    assert len(found[2]["edges"]) == 3
    for each in found:
        json.dumps(each, allow_nan=False)
        for histogram in each["histograms"]:
            assert np.sum(np.array(histogram["density"]) * np.diff(each["edges"])) == pytest.approx(1.0)


def test_separation_of_three_classes_and_of_a_weighted_one():
    y = np.repeat([0, 1, 2], 100)
    x = (y == 2).astype(float)[:, None]
    three = feature_histograms(x, y, names=["x"], classes=["a", "b", "c"])[0]
    assert three["separation"] == pytest.approx(1.0)
    w = np.where(y == 2, 0.0, 1.0)
    assert feature_histograms(x, y, w, names=["x"], classes=["a", "b", "c"])[0][
        "separation"
    ] == pytest.approx(0)


def test_features_of_a_regression_carry_the_target():
    rng = np.random.default_rng(12)
    x = rng.uniform(0, 1, (5000, 2))
    y = 3 * x[:, 0] + rng.normal(0, 0.1, 5000)
    first, second = feature_histograms(x, y, names=["x", "noise"])
    np.testing.assert_allclose(first["target"]["median"], 3 * (np.arange(40) + 0.5) / 40, atol=0.1)
    assert first["separation"] > 0.95 > 0.05 > second["separation"]
    nothing = feature_histograms(x, None, names=["x", "noise"])[0]
    assert nothing["separation"] is None
    json.dumps([first, second, nothing], allow_nan=False)


def many(n_classes=30, n=900):
    rng = np.random.default_rng(4)
    y = np.minimum(rng.geometric(0.08, n) - 1, n_classes - 1)
    p = rng.dirichlet(np.ones(n_classes), n)
    p[np.arange(n), y] += 0.2
    return Scored(y, p / p.sum(axis=1, keepdims=True), rng.exponential(size=n))


def test_of_many_classes_the_heaviest_have_curves_and_they_are_those_of_a_whole_record():
    rows = many()
    weights = np.bincount(rows.y, rows.w, 30)
    heavy = [str(k) for k in sorted(np.argsort(-weights)[:MOST_CLASSES])]
    found = curves("classification", rows, train=many(n=400))
    for name in ("roc", "calibration"):
        assert [each["class"] for each in found[name]] == heavy
    assert list(dict.fromkeys(each["score"] for each in found["scores"]["histograms"])) == heavy
    one = int(heavy[2])
    alone = Scored(
        rows.y == one, np.column_stack([1 - rows.prediction[:, one], rows.prediction[:, one]]), rows.w
    )
    assert found["roc"][2]["background_efficiency"] == roc(alone)[0]["background_efficiency"]


def test_a_large_confusion_matrix_keeps_the_weight_of_all_classes():
    rows = many()
    table = confusion(rows)
    assert len(table["classes"]) == MOST_CONFUSED + 1
    assert table["classes"][-1] == "10 others"
    matrix = np.array(table["weight"])
    assert matrix.sum() == pytest.approx(rows.w.sum(), rel=1e-12)
    kept = heaviest(rows.y, rows.w, 30, MOST_CONFUSED)
    said = rows.prediction.argmax(axis=1)
    for i, true in enumerate(kept):
        for j, other in enumerate(kept):
            expected = rows.w[(rows.y == true) & (said == other)].sum()
            assert matrix[i, j] == pytest.approx(expected, rel=1e-12, abs=1e-12)
    outside = ~np.isin(rows.y, kept)
    assert matrix[-1].sum() == pytest.approx(rows.w[outside].sum(), rel=1e-12)


def test_histograms_of_features_are_of_the_heaviest_classes_and_separation_of_all():
    rows = many()
    x = rows.y + np.random.default_rng(0).normal(size=len(rows.y))
    names = [f"c{k}" for k in range(30)]
    found = feature_histograms(x[:, None], rows.y, rows.w, names=["x"], classes=names)[0]
    shown = heaviest(rows.y, rows.w, 30, MOST_CLASSES)
    assert [each["class"] for each in found["histograms"]] == [names[k] for k in shown]
    assert found["separation"] > 0.5


# --- groups: events of one are not independent, a weight of k is k of them


def grouped(task: str) -> tuple[Scored, np.ndarray]:
    """Rows of 40 groups, and how often each is there."""
    rng = np.random.default_rng(1)
    groups, k = np.repeat(np.arange(40), 5), rng.integers(0, 4, 200)
    p = rng.uniform(0.05, 0.95, 200)
    if task == "regression":
        return Scored(p + rng.normal(size=40)[groups], p, None, groups), k
    y = (rng.random(40)[groups] < p).astype(int)
    return Scored(y, np.column_stack([1 - p, p]), None, groups), k


def drawn(task: str, rows: Scored) -> list[tuple]:
    """Every number on the page that says how sure a curve is."""
    if task == "regression":
        histogram = residuals(rows)["histogram"]
        return [(histogram["density"], histogram["error"])]
    (curve,) = calibration(rows)
    found = scores({"test": rows})["histograms"]
    bands = [(curve["low"], curve["high"], curve["n_effective"])]
    return bands + [(each["density"], each["error"]) for each in found]


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_the_errors_of_curves_know_groups_and_count_a_weight_as_copies(task) -> None:
    rows, k = grouped(task)
    at = np.repeat(np.arange(200), k)
    weighted = Scored(rows.y, rows.prediction, k.astype(float), rows.groups)
    copies = Scored(rows.y[at], rows.prediction[at], None, rows.groups[at])
    for one, two in zip(drawn(task, weighted), drawn(task, copies), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9)
    alone = Scored(rows.y, rows.prediction)
    single = Scored(rows.y, rows.prediction, None, np.arange(200))
    for one, two in zip(drawn(task, alone)[1:], drawn(task, single)[1:], strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9)
    together = drawn(task, rows)[0]
    assert not np.allclose(together[-1], drawn(task, alone)[0][-1], rtol=0.05)


def test_the_band_of_a_calibration_holds_the_truth_by_groups() -> None:
    rng, held = np.random.default_rng(2), {"by groups": [], "as events": []}
    groups = np.repeat(np.arange(60), 10)
    for _ in range(100):
        p = np.full(600, 0.3)
        y = (rng.random(60)[groups] < p).astype(int)
        for way, given in (("by groups", groups), ("as events", None)):
            (found,) = calibration(Scored(y, np.column_stack([1 - p, p]), None, given))
            held[way].append(found["low"][0] <= 0.3 <= found["high"][0])
    assert np.mean(held["by groups"]) == pytest.approx(0.68, abs=0.15)
    assert np.mean(held["as events"]) < 0.45
